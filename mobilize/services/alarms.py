"""Alarms: faults that people must see until they are gone. Everything here adds to the current transaction."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import select

from mobilize.domain.vocabulary import AlarmKind
from mobilize.extensions import db
from mobilize.models import Alarm

from .runtime import now

log = structlog.get_logger(__name__)


def open_alarms() -> Sequence[Alarm]:
    return db.session.scalars(select(Alarm).where(Alarm.cleared_at.is_(None)).order_by(Alarm.raised_at)).all()


def find_open(kind: AlarmKind, subject: str) -> Alarm | None:
    return db.session.scalars(
        select(Alarm).where(Alarm.kind == kind, Alarm.subject == subject, Alarm.cleared_at.is_(None))
    ).one_or_none()


def raise_alarm(kind: AlarmKind, subject: str, detail: str, retry_at: datetime | None = None) -> Alarm:
    """Open an alarm, or renew the one that is open for the same subject."""
    alarm = find_open(kind, subject)
    if alarm is None:
        log.error("alarm", kind=kind, subject=subject, detail=detail)
        alarm = Alarm(kind=kind, subject=subject, raised_at=now())
        db.session.add(alarm)
    alarm.detail = detail[:255]
    alarm.retry_at = retry_at
    return alarm


def clear(kind: AlarmKind, subject: str) -> None:
    """Close an alarm, if it is open."""
    alarm = find_open(kind, subject)
    if alarm is not None:
        log.warning("alarm cleared", kind=kind, subject=subject)
        alarm.cleared_at = now()
