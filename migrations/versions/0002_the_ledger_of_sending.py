"""the ledger of sending

Revision: 0002
After: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
STATES = (
    "queued", "sending", "unknown", "accepted", "sent", "delivered", "undelivered", "failed", "expired", "suppressed",
)
KINDS = ("callout", "acknowledgement", "question", "stand_down", "notice")
CLASSES = (
    "not_processed", "ambiguous", "consent", "bad_number", "configuration", "pair", "body", "capacity", "carrier",
    "filtered", "unrecognised",
)
CAUSES = ("decision", "claim", "answer", "callback", "reconciliation", "deadline", "stand_down", "operator")
QUEUED = sa.text("state = 'queued'")
IN_DOUBT = sa.text("state IN ('sending', 'unknown')")
SENDING = sa.text("state = 'sending'")
ENDED = sa.text("doubt_ending IS NOT NULL")
COPIES = sa.text("outcome = 'second copy'")
LOOKED_AT = sa.text("look_at IS NOT NULL")


def one_of(column: str, words: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words)})"


def added() -> list[sa.Column]:
    return [
        sa.Column("rank", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("claimed_at", AT, nullable=True),
        sa.Column("sender", sa.String(64), nullable=True),
        sa.Column("avoid", sa.String(255), nullable=True),
        sa.Column("look_at", AT, nullable=True),
        sa.Column("doubt_since", AT, nullable=True),
        sa.Column("empty_looks", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("doubt_ending", sa.String(32), nullable=True),
    ]


def message(*more: sa.Column) -> sa.Table:
    """The table as revision 0001 made it. SQLite can change a CHECK only by copying the table."""
    return sa.Table(
        "message",
        sa.MetaData(),
        sa.Column("id", BIG, nullable=False),
        sa.Column("idempotency_key", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("volunteer_id", BIG, nullable=False),
        sa.Column("callout_id", sa.Integer(), nullable=True),
        sa.Column("recipient_id", BIG, nullable=True),
        sa.Column("to_phone", sa.String(16), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", AT, nullable=False),
        sa.Column("lease_until", AT, nullable=True),
        sa.Column("claimed_by", sa.String(64), nullable=True),
        sa.Column("expires_at", AT, nullable=False),
        sa.Column("provider", sa.String(32), nullable=True),
        sa.Column("sid", sa.String(64), nullable=True),
        sa.Column("error_class", sa.String(32), nullable=True),
        sa.Column("error_code", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(255), nullable=True),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("accepted_at", AT, nullable=True),
        sa.Column("delivered_at", AT, nullable=True),
        sa.CheckConstraint(
            "state <> 'sending' OR lease_until IS NOT NULL", name=op.f("ck_message_sending_has_lease")
        ),
        sa.CheckConstraint("segments BETWEEN 1 AND 10", name=op.f("ck_message_segments")),
        sa.CheckConstraint(one_of("kind", KINDS), name=op.f("ck_message_messagekind")),
        sa.CheckConstraint(one_of("state", STATES), name=op.f("ck_message_messagestate")),
        sa.CheckConstraint(one_of("error_class", CLASSES), name=op.f("ck_message_errorclass")),
        sa.ForeignKeyConstraint(["callout_id"], ["callout.id"], name=op.f("fk_message_callout_id_callout")),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipient.id"], name=op.f("fk_message_recipient_id_recipient")
        ),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteer.id"], name=op.f("fk_message_volunteer_id_volunteer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_message_idempotency_key")),
        sa.UniqueConstraint("sid", name=op.f("uq_message_sid")),
        sa.Index("ix_message_callout_id_state", "callout_id", "state"),
        sa.Index("ix_message_recipient_id", "recipient_id"),
        sa.Index("ix_message_volunteer_id", "volunteer_id"),
        *more,
    )


def upgrade() -> None:
    op.create_table(
        "chore",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("due_at", AT, nullable=False),
        sa.Column("done_at", AT, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_chore")),
    )
    op.create_table(
        "sender_pace",
        sa.Column("sender", sa.String(96), nullable=False),
        sa.Column("busy_until", AT, nullable=False),
        sa.PrimaryKeyConstraint("sender", name=op.f("pk_sender_pace")),
    )
    # That a text was queued is told by its row: events tell what happened after that.
    op.execute("DELETE FROM message_event WHERE cause = 'decision'")
    op.drop_index("ix_message_due", table_name="message")
    op.drop_index("ix_message_in_doubt", table_name="message")
    with op.batch_alter_table("message", copy_from=message()) as batch:
        for column in added():
            batch.add_column(column)
        batch.drop_constraint(op.f("ck_message_errorclass"), type_="check")
        batch.create_check_constraint(
            op.f("ck_message_errorclass"), one_of("error_class", (*CLASSES, "unreachable"))
        )
        batch.create_check_constraint(
            op.f("ck_message_doubtending"), one_of("doubt_ending", ("resent", "given_up"))
        )
    # Texts that were in doubt when this revision came are looked up at once.
    op.execute("UPDATE message SET look_at = created_at, doubt_since = created_at WHERE state = 'unknown'")
    op.create_index(
        "ix_message_due", "message", ["priority", "rank", "id"], sqlite_where=QUEUED, postgresql_where=QUEUED
    )
    op.create_index(
        "ix_message_lease_until", "message", ["lease_until"], sqlite_where=SENDING, postgresql_where=SENDING
    )
    op.create_index(
        "ix_message_look_at", "message", ["look_at"], sqlite_where=LOOKED_AT, postgresql_where=LOOKED_AT
    )
    op.create_index(
        "ix_message_doubt_ending",
        "message",
        ["callout_id", "doubt_ending"],
        sqlite_where=ENDED,
        postgresql_where=ENDED,
    )
    op.create_index(
        "ix_status_callback_second_copy",
        "status_callback",
        ["message_id", "sid"],
        sqlite_where=COPIES,
        postgresql_where=COPIES,
    )
    with op.batch_alter_table("status_callback") as batch:
        batch.add_column(sa.Column("attempt", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("to_phone", sa.String(16), nullable=True))
        batch.add_column(sa.Column("looked_up", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.create_index("ix_status_callback_message_id", ["message_id"])
    with op.batch_alter_table("wave") as batch:
        batch.add_column(sa.Column("noted", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    with op.batch_alter_table("wave") as batch:
        batch.drop_column("noted")
    with op.batch_alter_table("status_callback") as batch:
        batch.drop_index("ix_status_callback_message_id")
        for column in ("looked_up", "to_phone", "attempt"):
            batch.drop_column(column)
    op.drop_index("ix_status_callback_second_copy", table_name="status_callback")
    for index in ("ix_message_doubt_ending", "ix_message_look_at", "ix_message_lease_until", "ix_message_due"):
        op.drop_index(index, table_name="message")
    op.execute("UPDATE message SET error_class = 'not_processed' WHERE error_class = 'unreachable'")
    endings = sa.CheckConstraint(
        one_of("doubt_ending", ("resent", "given_up")), name=op.f("ck_message_doubtending")
    )
    with op.batch_alter_table("message", copy_from=message(*added(), endings)) as batch:
        batch.drop_constraint(op.f("ck_message_doubtending"), type_="check")
        batch.drop_constraint(op.f("ck_message_errorclass"), type_="check")
        batch.create_check_constraint(op.f("ck_message_errorclass"), one_of("error_class", CLASSES))
        for column in added():
            batch.drop_column(column.name)
    op.create_index(
        "ix_message_due",
        "message",
        ["priority", "next_attempt_at", "id"],
        sqlite_where=QUEUED,
        postgresql_where=QUEUED,
    )
    op.create_index(
        "ix_message_in_doubt", "message", ["state", "lease_until"], sqlite_where=IN_DOUBT, postgresql_where=IN_DOUBT
    )
    op.drop_table("sender_pace")
    op.drop_table("chore")

