"""the inbox

Revision: 0008
After: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TO_READ = sa.text("settled_at IS NULL AND (intent IS NULL OR intent = 'unclear' OR confidence < 0.8)")


def upgrade() -> None:
    op.create_index(
        "ix_inbound_message_to_read",
        "inbound_message",
        ["id"],
        sqlite_where=TO_READ,
        postgresql_where=TO_READ,
    )


def downgrade() -> None:
    op.drop_index("ix_inbound_message_to_read", table_name="inbound_message")
