"""Engines say that they are alive; silence becomes an alarm."""

from datetime import timedelta

from sqlalchemy import delete, func, select

from mobilize.domain.vocabulary import AlarmKind
from mobilize.extensions import db
from mobilize.models import EngineHeartbeat

from . import alarms
from .runtime import now

#: An engine that has not been seen for this long counts as gone.
SILENCE = timedelta(seconds=30)
FORGET = timedelta(days=1)


def beat(name: str) -> None:
    """Touch the row of one engine, and forget those that ended long ago. One transaction."""
    row = db.session.get(EngineHeartbeat, name)
    if row is None:
        db.session.add(EngineHeartbeat(name=name, started_at=now(), seen_at=now()))
    else:
        row.seen_at = now()
    db.session.execute(delete(EngineHeartbeat).where(EngineHeartbeat.seen_at < now() - FORGET))
    alarms.clear(AlarmKind.ENGINE_MISSING, "engine")
    db.session.commit()


def leave(name: str) -> None:
    """An engine ends in good order. One transaction."""
    db.session.execute(delete(EngineHeartbeat).where(EngineHeartbeat.name == name))
    db.session.commit()


def seconds_since_last() -> float | None:
    """How long ago any engine was seen, in seconds; ``None`` if none ever was."""
    seen = db.session.scalar(select(func.max(EngineHeartbeat.seen_at)))
    return (now() - seen).total_seconds() if seen else None


def engine_seen(within_s: float = SILENCE.total_seconds()) -> bool:
    silence = seconds_since_last()
    return silence is not None and silence <= within_s
