"""selection reads records

Revision: 0003
After: 0002
"""

import sqlalchemy as sa
from alembic import op

from mobilize.services.skill_index import rebuild_with

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
COMING = sa.text("closed_at IS NULL AND state IN ('accepted', 'arrived')")


def make_index(*more: sa.Column) -> None:
    """The selection index, empty. It is derived: it is made anew, since SQLite would copy it anyway."""
    op.drop_table("skill_place")
    op.create_table(
        "skill_place",
        sa.Column("skill_id", sa.Integer(), nullable=False),
        sa.Column("cell", BIG, nullable=False),
        sa.Column("volunteer_id", BIG, nullable=False),
        sa.Column(
            "kind",
            sa.Enum("live", "work", "home", name="placekind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("lat", sa.Float(53), nullable=False),
        sa.Column("lon", sa.Float(53), nullable=False),
        *more,
        sa.ForeignKeyConstraint(["skill_id"], ["skill.id"], name=op.f("fk_skill_place_skill_id_skill")),
        sa.ForeignKeyConstraint(
            ["volunteer_id"], ["volunteer.id"], name=op.f("fk_skill_place_volunteer_id_volunteer"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("skill_id", "cell", "volunteer_id", "kind", name=op.f("pk_skill_place")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_skill_place_volunteer_id", "skill_place", ["volunteer_id"])


def upgrade() -> None:
    make_index(sa.Column("facts", sa.LargeBinary(), nullable=False))
    rebuild_with(op.get_bind())
    op.create_index(
        "ix_recipient_coming", "recipient", ["volunteer_id", "callout_id"], sqlite_where=COMING, postgresql_where=COMING
    )
    op.create_index("ix_recipient_volunteer_id_asked_at", "recipient", ["volunteer_id", "asked_at", "callout_id"])
    op.create_table(
        "look",
        sa.Column("id", BIG, nullable=False),
        sa.Column("callout_id", sa.Integer(), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("examined", sa.Integer(), nullable=False),
        sa.Column("eligible", sa.Integer(), nullable=False),
        sa.Column("decisions", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["callout_id"], ["callout.id"], name=op.f("fk_look_callout_id_callout"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_look")),
    )
    op.create_index("ix_look_callout_id", "look", ["callout_id"])


def downgrade() -> None:
    op.drop_table("look")
    op.drop_index("ix_recipient_volunteer_id_asked_at", table_name="recipient")
    op.drop_index("ix_recipient_coming", table_name="recipient")
    make_index()
    op.execute(
        "INSERT INTO skill_place (skill_id, cell, volunteer_id, kind, lat, lon)"
        " SELECT skill_id, cell, place.volunteer_id, kind, lat, lon FROM certification"
        " JOIN place ON place.volunteer_id = certification.volunteer_id ORDER BY skill_id, cell"
    )
