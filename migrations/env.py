"""How Alembic meets the application: its engine, its tables, and UTC columns as plain SQL types."""

from typing import Any

import sqlalchemy as sa
from alembic import context
from flask import current_app

from mobilize.models.base import UtcDateTime

migrate = current_app.extensions["migrate"]


def render_item(type_: str, obj: Any, _autogen_context: Any) -> str | bool:
    """Migrations must not depend on code that changes: write the column type, not our decorator."""
    if type_ == "type" and isinstance(obj, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def compare_type(
    _context: Any, _inspected: Any, _metadata: Any, _inspected_type: Any, metadata_type: Any
) -> bool | None:
    """Our decorator is a timestamp; anything else is compared as usual."""
    return False if isinstance(metadata_type, UtcDateTime) else None


def process_revision_directives(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """Do not write an empty migration."""
    script = directives[0]
    if getattr(context.config.cmd_opts, "autogenerate", False) and script.upgrade_ops.is_empty():
        directives[:] = []


def configure(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=migrate.db.metadata,
        render_item=render_item,
        process_revision_directives=process_revision_directives,
        **{**migrate.configure_args, "compare_type": compare_type, "render_as_batch": True},
    )


if context.is_offline_mode():
    raise SystemExit("Migrations run against a database; offline SQL is not supported.")

with migrate.db.engine.connect() as connection:
    if connection.dialect.name == "sqlite":
        # SQLite changes a table by copying it; dropping the old one must not delete what refers to it.
        connection.connection.execute("PRAGMA foreign_keys=OFF")
    configure(connection)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
    if connection.dialect.name == "sqlite":
        connection.connection.execute("PRAGMA foreign_keys=ON")
