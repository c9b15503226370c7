"""Alarms: faults that people must see until they are gone.

Everything here adds to the current transaction, `acknowledge` excepted.
"""

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from mobilize.domain.errors import Conflict, NotFound
from mobilize.domain.vocabulary import AccountRole, AlarmKind
from mobilize.extensions import db
from mobilize.models import Alarm, EngineHeartbeat

from . import access, audit, call_caps
from .access import Viewer
from .runtime import now

log = structlog.get_logger(__name__)

#: Alarms that a person may put away: nothing but a person's attention ends them. A pause ends by resuming.
ACKNOWLEDGED_BY_HAND = frozenset(
    {AlarmKind.ENGINE_MISSING, AlarmKind.UNKNOWN_ERROR_CODE, AlarmKind.CALLS_STOPPED}
)


def open_alarms() -> Sequence[Alarm]:
    return db.session.scalars(select(Alarm).where(Alarm.cleared_at.is_(None)).order_by(Alarm.raised_at)).all()


def find_open(kind: AlarmKind, subject: str) -> Alarm | None:
    return db.session.scalars(
        select(Alarm).where(Alarm.kind == kind, Alarm.subject == subject, Alarm.cleared_at.is_(None))
    ).one_or_none()


def raise_alarm(kind: AlarmKind, subject: str, detail: str, retry_at: datetime | None = None) -> Alarm:
    """Open an alarm, or renew the one that is open for the same subject.

    Two engines may raise the same one at once: the second finds the first's.
    """
    alarm = find_open(kind, subject)
    if alarm is None:
        log.error("alarm", kind=kind, subject=subject, detail=detail)
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        db.session.execute(
            dialect.insert(Alarm)
            .values(kind=kind, subject=subject, detail=detail[:255], raised_at=now(), retry_at=retry_at)
            .on_conflict_do_nothing()
        )
        alarm = find_open(kind, subject)
    if alarm is None:
        raise Conflict(f"The alarm about {subject} was cleared at this very moment; try again.")
    alarm.detail = detail[:255]
    alarm.retry_at = retry_at
    return alarm


def clear(kind: AlarmKind, subject: str) -> None:
    """Close an alarm, if it is open."""
    alarm = find_open(kind, subject)
    if alarm is not None:
        log.warning("alarm cleared", kind=kind, subject=subject)
        alarm.cleared_at = now()


def acknowledge(viewer: Viewer, alarm_id: int) -> None:
    """Put an alarm away by hand. One transaction.

    A missing engine is forgotten with it; should it come back, it is known again. Stopped calls go on; those
    of a callout for as much money again, if the viewer may see it. Raises `NotFound`, and
    `Conflict` if the alarm has ended already or cannot be ended this way.
    """
    access.require(viewer, AccountRole.COORDINATOR)
    alarm = db.session.get(Alarm, alarm_id)
    if alarm is None:
        raise NotFound("alarm", alarm_id)
    if alarm.kind is AlarmKind.REPLIES_COLLAPSED:
        raise Conflict("This alarm ends by itself when answers come, or when the callout ends.")
    if alarm.kind is AlarmKind.CHECK_OUT_OVERDUE:
        raise Conflict(
            "This alarm ends when the person checks out. Phone them, then check them out on the board."
        )
    if alarm.kind not in ACKNOWLEDGED_BY_HAND:
        raise Conflict(f"{alarm.subject} is paused; resume it on the page Senders.")
    if alarm.cleared_at is not None:
        raise Conflict(f"The alarm about {alarm.subject} has ended already.")
    if alarm.kind is AlarmKind.CALLS_STOPPED:
        call_caps.let_go_on(viewer, alarm.subject)
    alarm.cleared_at = now()
    if alarm.kind is AlarmKind.ENGINE_MISSING:
        db.session.execute(delete(EngineHeartbeat).where(EngineHeartbeat.name == alarm.subject))
    audit.record(
        viewer, "alarm.acknowledge", "alarm", alarm.id, after={"kind": alarm.kind, "subject": alarm.subject}
    )
    db.session.commit()
