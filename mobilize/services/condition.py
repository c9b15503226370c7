"""Whether this process can do its work: database, schema, engine; and whether texts go out."""

from dataclasses import dataclass

import structlog
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from mobilize.domain.vocabulary import AlarmKind
from mobilize.extensions import db

from . import alarms, heartbeats

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that should be so, whether it is, and what to do if not.

    Without an ``essential`` one this process is of no use. A paused sender is not one: the pages are
    needed most when texts do not go out.
    """

    name: str
    ok: bool
    detail: str
    essential: bool = True


def check() -> list[Check]:
    """All checks; those that need the database fail with it."""
    try:
        db.session.execute(text("SELECT 1"))
        return [Check("database", True, "reachable"), _schema(), _engine(), _senders()]
    except SQLAlchemyError as error:
        db.session.rollback()
        log.error("readiness check failed", error=str(error))
        unknown = "unknown while the database does not answer"
        return [
            Check("database", False, "does not answer; see DATABASE_URL and the log"),
            Check("schema", False, unknown),
            Check("engine", False, unknown),
            Check("senders", False, unknown, essential=False),
        ]


def _schema() -> Check:
    context = MigrationContext.configure(db.session.connection())
    found = set(context.get_current_heads())
    wanted = set(
        ScriptDirectory.from_config(current_app.extensions["migrate"].migrate.get_config()).get_heads()
    )
    if found == wanted:
        return Check("schema", True, "current")
    return Check("schema", False, f"is at {sorted(found) or 'nothing'}; run: flask db upgrade")


def _engine() -> Check:
    silence = heartbeats.seconds_since_last()
    if silence is None:
        return Check("engine", False, "none was ever seen; start one with: flask engine")
    if not heartbeats.engine_seen():
        return Check("engine", False, f"last seen {silence:.0f} s ago; start one with: flask engine")
    return Check("engine", True, f"seen {silence:.0f} s ago")


def _senders() -> Check:
    """What is paused and since when. Anyone may read this, so the provider's own words stay out of it."""
    paused = [
        f"{alarm.subject} is paused since {alarm.raised_at:%Y-%m-%d %H:%M:%S} UTC"
        for alarm in alarms.open_alarms()
        if alarm.kind is AlarmKind.SENDER_PAUSED
    ]
    if not paused:
        return Check("senders", True, "none is paused", essential=False)
    return Check("senders", False, "; ".join(paused) + "; see the page Senders", essential=False)
