"""Chores: work that one engine at a time does now and then, without a leader and without a lock.

A chore is a row with the time at which it is next due. Whoever moves that time on does the work;
an engine that dies while doing it holds nothing, and the next one does it when it is due again.
"""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from mobilize.extensions import db
from mobilize.models import Chore

from .runtime import now


def take(name: str, every: timedelta) -> bool:
    """Whether this process is to do the chore now. One transaction."""
    at = now()
    due_at = db.session.scalar(select(Chore.due_at).where(Chore.name == name))
    if due_at is None:
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        # A count of rows is not to be had from an insert that may do nothing; what it returns is.
        made = db.session.scalar(
            dialect.insert(Chore)
            .values(name=name, due_at=at + every)
            .on_conflict_do_nothing()
            .returning(Chore.name)
        )
        db.session.commit()
        return made is not None
    moved = 0
    if due_at <= at:
        moved = db.session.execute(
            update(Chore)
            .where(Chore.name == name, Chore.due_at == due_at)
            .values(due_at=at + every)
            .execution_options(synchronize_session=False)
        ).rowcount  # type: ignore[attr-defined]
    db.session.commit()
    return bool(moved)


def last_done(name: str) -> datetime | None:
    """When the chore last ended well."""
    return db.session.scalar(select(Chore.done_at).where(Chore.name == name))


def done(name: str, at: datetime) -> None:
    """The chore ended well; ``at`` is when it began. One transaction."""
    db.session.execute(update(Chore).where(Chore.name == name).values(done_at=at))
    db.session.commit()
