"""Engines say that they are alive; silence becomes an alarm."""

from dataclasses import dataclass
from datetime import datetime, timedelta

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
    """Touch the row of one engine. One transaction."""
    row = db.session.get(EngineHeartbeat, name)
    if row is None:
        db.session.add(EngineHeartbeat(name=name, started_at=now(), seen_at=now()))
    else:
        row.seen_at = now()
    db.session.commit()


def watch() -> int:
    """Raise an alarm for each engine that fell silent, and end it when the engine is back or replaced.

    An engine is replaced when one began on the same machine after it fell silent. One transaction;
    returns how many are newly missing.
    """
    rows = db.session.scalars(select(EngineHeartbeat)).all()
    missing = 0
    for row in rows:
        replaced = any(
            other.started_at > row.seen_at and machine_of(other.name) == machine_of(row.name) for other in rows
        )
        if row.seen_at >= now() - SILENCE:
            alarms.clear(AlarmKind.ENGINE_MISSING, row.name)
        elif replaced or row.seen_at < now() - FORGET:
            alarms.clear(AlarmKind.ENGINE_MISSING, row.name)
            db.session.delete(row)
        elif alarms.find_open(AlarmKind.ENGINE_MISSING, row.name) is None:
            missing += 1
            seen = f"The engine {row.name} was last seen at {row.seen_at:%H:%M:%S} UTC."
            alarms.raise_alarm(AlarmKind.ENGINE_MISSING, row.name, f"{seen} Others go on; start it again.")
    db.session.commit()
    return missing


def machine_of(name: str) -> str:
    """The host in an engine's name, ``host:pid:random``."""
    return name.rsplit(":", 2)[0]


def leave(name: str) -> None:
    """An engine ends in good order. One transaction."""
    db.session.execute(delete(EngineHeartbeat).where(EngineHeartbeat.name == name))
    db.session.commit()


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """One engine as a coordinator sees it; ``alive`` if it was seen within `SILENCE`."""

    name: str
    started_at: datetime
    seen_at: datetime
    alive: bool


def engines() -> list[EngineStatus]:
    """All engines that are known, by name. Those that ended in good order are not."""
    rows = db.session.scalars(select(EngineHeartbeat).order_by(EngineHeartbeat.name))
    return [EngineStatus(e.name, e.started_at, e.seen_at, e.seen_at >= now() - SILENCE) for e in rows]


def seconds_since_last() -> float | None:
    """How long ago any engine was seen, in seconds; ``None`` if none ever was."""
    seen = db.session.scalar(select(func.max(EngineHeartbeat.seen_at)))
    return (now() - seen).total_seconds() if seen else None


def engine_seen(within_s: float = SILENCE.total_seconds()) -> bool:
    silence = seconds_since_last()
    return silence is not None and silence <= within_s
