"""voice calls

Revision: 0006
After: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = (
    "queued", "placing", "unknown", "ringing", "talking", "answered", "no_key", "no_answer", "busy", "failed",
    "cancelled",
)
ERRORS = (
    "not_processed", "unreachable", "ambiguous", "consent", "bad_number", "configuration", "pair", "body", "capacity",
    "carrier", "filtered", "unrecognised",
)
OPEN = sa.text("ended_at IS NULL")


def one_of(column: str, words: tuple[str, ...], name: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(
        f"{column} IN ({', '.join(repr(word) for word in words)})", name=op.f(f"ck_voice_call_{name}")
    )


def upgrade() -> None:
    op.create_table(
        "voice_call",
        sa.Column("id", KEY, nullable=False),
        sa.Column("callout_id", sa.Integer(), nullable=False),
        sa.Column("recipient_id", KEY, nullable=False),
        sa.Column("volunteer_id", KEY, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("to_phone", sa.String(16), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("next_attempt_at", AT, nullable=False),
        sa.Column("claimed_at", AT, nullable=True),
        sa.Column("lease_until", AT, nullable=True),
        sa.Column("claimed_by", sa.String(64), nullable=True),
        sa.Column("provider", sa.String(32), nullable=True),
        sa.Column("sid", sa.String(64), nullable=True),
        sa.Column("picked_up_at", AT, nullable=True),
        sa.Column("ended_at", AT, nullable=True),
        sa.Column("duration_s", sa.Integer(), nullable=True),
        sa.Column("key", sa.String(1), nullable=True),
        sa.Column("price", sa.Float(53), nullable=True),
        sa.Column("cost", sa.Float(53), nullable=False),
        sa.Column("error_class", sa.String(32), nullable=True),
        sa.Column("error_code", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(255), nullable=True),
        sa.Column("look_at", AT, nullable=True),
        sa.Column("doubt_since", AT, nullable=True),
        sa.Column("empty_looks", sa.Integer(), nullable=False),
        sa.Column("taken_back_at", AT, nullable=True),
        one_of("state", STATES, "callstate"),
        one_of("error_class", ERRORS, "errorclass"),
        sa.CheckConstraint(
            "state <> 'placing' OR lease_until IS NOT NULL", name=op.f("ck_voice_call_placing_has_lease")
        ),
        sa.CheckConstraint("state <> 'answered' OR key IS NOT NULL", name=op.f("ck_voice_call_answered_has_key")),
        sa.ForeignKeyConstraint(
            ["callout_id"], ["callout.id"], name=op.f("fk_voice_call_callout_id_callout"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipient.id"], name=op.f("fk_voice_call_recipient_id_recipient"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteer.id"], name=op.f("fk_voice_call_volunteer_id_volunteer")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voice_call")),
        sa.UniqueConstraint("recipient_id", "attempt", name=op.f("uq_voice_call_recipient_id_attempt")),
        sa.UniqueConstraint("sid", name=op.f("uq_voice_call_sid")),
    )
    op.create_index("ix_voice_call_callout_id_state", "voice_call", ["callout_id", "state"])
    op.create_index("ix_voice_call_volunteer_id", "voice_call", ["volunteer_id"])
    op.create_index("ix_voice_call_open", "voice_call", ["state", "id"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table(
        "simulated_call",
        sa.Column("id", KEY, nullable=False),
        sa.Column("sid", sa.String(64), nullable=False),
        sa.Column("phone", sa.String(16), nullable=False),
        sa.Column("call_id", KEY, nullable=False),
        sa.Column("speech", sa.Text(), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("keys", sa.String(8), nullable=False),
        sa.Column("duration_s", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_simulated_call")),
        sa.UniqueConstraint("sid", name=op.f("uq_simulated_call_sid")),
    )
    op.create_index("ix_simulated_call_phone", "simulated_call", ["phone", "id"])
    op.add_column("callout", sa.Column("voice_cap", sa.Float(53), nullable=True))


def downgrade() -> None:
    op.drop_column("callout", "voice_cap")
    op.drop_table("simulated_call")
    op.drop_table("voice_call")
