"""waves that learn

Revision: 0004
After: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
OPEN = sa.text("cleared_at IS NULL")
ALARMS = ("sender_paused", "engine_missing", "unknown_error_code")
PROGRESS = ["callout_id", "state", "wave_id", "chance", "travel_s", "able"]


def added() -> dict[str, list[sa.Column]]:
    """The new columns, by table. Rows from before have no figures."""
    return {
        "callout": [
            sa.Column("most_asked", sa.Integer(), nullable=True),
            sa.Column("asking_stopped_at", AT, nullable=True),
            sa.Column("promised", sa.Double(), nullable=True),
            sa.Column("fill_probability", sa.Double(), nullable=True),
            sa.Column("shift_mean", sa.Double(), nullable=True),
            sa.Column("shift_sd", sa.Double(), nullable=True),
            sa.Column("collapsed_at", AT, nullable=True),
        ],
        "need": [
            sa.Column("confidence", sa.Double(), nullable=True),
            sa.Column("promised", sa.Double(), nullable=True),
            sa.Column("fill_probability", sa.Double(), nullable=True),
            sa.Column("with_asked", sa.Double(), nullable=True),
            sa.Column("filled_at", AT, nullable=True),
        ],
        "recipient": [
            sa.Column("chance", sa.Double(), nullable=True),
            sa.Column("travel_s", sa.Integer(), nullable=True),
            sa.Column("able", BIG, nullable=True),
        ],
    }


def alarm(kinds: tuple[str, ...]) -> sa.Table:
    """The table with these kinds. SQLite can change a CHECK only by copying the table."""
    return sa.Table(
        "alarm",
        sa.MetaData(),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("detail", sa.String(255), nullable=False),
        sa.Column("raised_at", AT, nullable=False),
        sa.Column("cleared_at", AT, nullable=True),
        sa.Column("retry_at", AT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_alarm"),
        sa.CheckConstraint(one_of(kinds), name="ck_alarm_alarmkind"),
    )


def one_of(kinds: tuple[str, ...]) -> str:
    return f"kind IN ({', '.join(repr(kind) for kind in kinds)})"


def allow_alarms(kinds: tuple[str, ...], instead_of: tuple[str, ...]) -> None:
    op.drop_index("uq_alarm_open", table_name="alarm")
    with op.batch_alter_table("alarm", copy_from=alarm(instead_of)) as batch:
        batch.drop_constraint(op.f("ck_alarm_alarmkind"), type_="check")
        batch.create_check_constraint(op.f("ck_alarm_alarmkind"), one_of(kinds))
    op.create_index(
        "uq_alarm_open", "alarm", ["kind", "subject"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    )


def upgrade() -> None:
    for table, columns in added().items():
        for column in columns:
            op.add_column(table, column)
    op.drop_index("ix_recipient_callout_id_state", table_name="recipient")
    op.create_index("ix_recipient_progress", "recipient", PROGRESS)
    op.create_table(
        "learned_model",
        sa.Column("drill", sa.Boolean(), nullable=False),
        sa.Column("learned_at", AT, nullable=False),
        sa.Column("learned_from", sa.Integer(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("drill", name=op.f("pk_learned_model")),
    )
    allow_alarms((*ALARMS, "replies_collapsed"), instead_of=ALARMS)


def downgrade() -> None:
    op.execute("DELETE FROM alarm WHERE kind = 'replies_collapsed'")
    allow_alarms(ALARMS, instead_of=(*ALARMS, "replies_collapsed"))
    op.drop_table("learned_model")
    op.drop_index("ix_recipient_progress", table_name="recipient")
    op.create_index("ix_recipient_callout_id_state", "recipient", ["callout_id", "state"])
    for table, columns in added().items():
        for column in columns:
            op.drop_column(table, column.name)
