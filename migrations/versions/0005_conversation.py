"""conversation

Revision: 0005
After: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
BEFORE = {
    ("inbound_message", "intent", "intent"): (
        "accept", "limited", "decline", "arrived", "opt_out", "opt_in", "help", "unclear",
    ),
    ("message", "kind", "messagekind"): ("callout", "acknowledgement", "question", "stand_down", "notice"),
    ("alarm", "kind", "alarmkind"): (
        "sender_paused", "engine_missing", "unknown_error_code", "replies_collapsed",
    ),
}
AFTER = {
    ("inbound_message", "intent", "intent"): (
        "accept", "limited", "decline", "en_route", "on_scene", "left", "opt_out", "opt_in", "help", "available",
        "unavailable", "status", "unclear",
    ),
    ("message", "kind", "messagekind"): (
        "callout", "acknowledgement", "question", "stand_down", "reminder", "notice", "by_hand",
    ),
    ("alarm", "kind", "alarmkind"): (
        "sender_paused", "engine_missing", "unknown_error_code", "replies_collapsed", "check_out_overdue",
        "calls_stopped",
    ),
}
INTENTS = AFTER["inbound_message", "intent", "intent"]
CHANNELS = ("text", "link", "voice")
REMIND = sa.text("remind_at IS NOT NULL")
PATIENCE = "voice_after_minutes > 0"


def one_of(column: str, words: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words)})"


def added() -> dict[str, list[sa.Column]]:
    """The new columns, by table. Those with a check of their own are in `upgrade`."""
    return {
        "callout": [
            sa.Column("bring", sa.String(160), nullable=True),
            sa.Column("with_link", sa.Boolean(), nullable=False, server_default=sa.false()),
            sa.Column("voice_after_minutes", sa.Integer(), nullable=True),
        ],
        "recipient": [
            sa.Column("en_route_at", AT, nullable=True),
            sa.Column("left_at", AT, nullable=True),
            sa.Column("check_out_by", AT, nullable=True),
            sa.Column("remind_at", AT, nullable=True),
            sa.Column("reminders", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("link_code", sa.String(16), nullable=True),
        ],
        "inbound_message": [
            sa.Column("channel", sa.String(32), nullable=False, server_default="text"),
            sa.Column("media_count", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("confidence", sa.Double(), nullable=True),
            sa.Column("absent_minutes", sa.Integer(), nullable=True),
            sa.Column("machine_intent", sa.String(32), nullable=True),
            sa.Column("corrected_at", AT, nullable=True),
            sa.Column("corrected_by_id", sa.Integer(), nullable=True),
            sa.Column("settled_at", AT, nullable=True),
        ],
        "certification": [sa.Column("announced_expiry", sa.Date(), nullable=True)],
    }


def change_words(after: dict) -> None:
    """SQLite changes a CHECK by copying the table."""
    for (table, column, name), words in after.items():
        if table == "inbound_message":
            continue  # copied once, with its new columns
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")
            batch.create_check_constraint(op.f(f"ck_{table}_{name}"), one_of(column, words))


def upgrade() -> None:
    change_words(AFTER)
    for table in ("recipient", "certification"):
        for column in added()[table]:
            op.add_column(table, column)
    with op.batch_alter_table("callout") as batch:
        for column in added()["callout"]:
            batch.add_column(column)
        batch.create_check_constraint(op.f("ck_callout_voice_after_minutes"), PATIENCE)
    op.create_index("uq_recipient_link_code", "recipient", ["link_code"], unique=True)
    op.create_index("ix_recipient_remind_at", "recipient", ["remind_at"], sqlite_where=REMIND, postgresql_where=REMIND)
    with op.batch_alter_table("inbound_message") as batch:
        batch.drop_constraint(op.f("ck_inbound_message_intent"), type_="check")
    op.execute("UPDATE inbound_message SET intent = 'on_scene' WHERE intent = 'arrived'")
    with op.batch_alter_table("inbound_message") as batch:
        for column in added()["inbound_message"]:
            batch.add_column(column)
        batch.create_check_constraint(op.f("ck_inbound_message_intent"), one_of("intent", INTENTS))
        batch.create_check_constraint(
            op.f("ck_inbound_message_machine_intent"), one_of("machine_intent", INTENTS)
        )
        batch.create_check_constraint(op.f("ck_inbound_message_channel"), one_of("channel", CHANNELS))
        batch.create_foreign_key(
            op.f("fk_inbound_message_corrected_by_id_account"), "account", ["corrected_by_id"], ["id"]
        )


def downgrade() -> None:
    op.execute("DELETE FROM alarm WHERE kind IN ('check_out_overdue', 'calls_stopped')")
    op.execute("UPDATE message SET kind = 'notice' WHERE kind IN ('reminder', 'by_hand')")
    with op.batch_alter_table("inbound_message") as batch:
        batch.drop_constraint(op.f("fk_inbound_message_corrected_by_id_account"), type_="foreignkey")
        for name in ("channel", "machine_intent", "intent"):
            batch.drop_constraint(op.f(f"ck_inbound_message_{name}"), type_="check")
        for column in added()["inbound_message"]:
            batch.drop_column(column.name)
    op.execute("UPDATE inbound_message SET intent = 'arrived' WHERE intent = 'on_scene'")
    op.execute("UPDATE inbound_message SET intent = 'accept' WHERE intent = 'en_route'")
    op.execute(
        "UPDATE inbound_message SET intent = 'unclear' WHERE intent IN ('left', 'available', 'unavailable', 'status')"
    )
    old = BEFORE["inbound_message", "intent", "intent"]
    with op.batch_alter_table("inbound_message") as batch:
        batch.create_check_constraint(op.f("ck_inbound_message_intent"), one_of("intent", old))
    op.drop_index("ix_recipient_remind_at", table_name="recipient")
    op.drop_index("uq_recipient_link_code", table_name="recipient")
    with op.batch_alter_table("callout") as batch:
        batch.drop_constraint(op.f("ck_callout_voice_after_minutes"), type_="check")
        for column in added()["callout"]:
            batch.drop_column(column.name)
    for table in ("recipient", "certification"):
        for column in added()[table]:
            op.drop_column(table, column.name)
    change_words(BEFORE)
