"""Alarms as people see them: the open ones, what to do about each, and the silence of all engines."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from mobilize.domain.vocabulary import AccountRole, AlarmKind
from mobilize.extensions import db
from mobilize.models import Alarm, Callout, EngineHeartbeat

from . import access
from .access import Viewer
from .alarms import ACKNOWLEDGED_BY_HAND
from .heartbeats import SILENCE
from .runtime import now


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """One fault that has not gone, and what a person does about it.

    The silence of all engines has neither id nor instant: nobody is left to write it down.
    """

    id: int | None
    kind: AlarmKind
    subject: str
    detail: str
    remedy: str
    raised_at: datetime | None

    @property
    def acknowledgeable(self) -> bool:
        return self.id is not None and self.kind in ACKNOWLEDGED_BY_HAND


def standing_alarms(viewer: Viewer) -> list[AlarmRow]:
    """Open alarms, and the silence of all engines. One query; nothing for those who run no call-outs."""
    if viewer.role not in (AccountRole.ADMIN, AccountRole.COORDINATOR):
        return []
    latest = select(func.max(EngineHeartbeat.seen_at).label("seen_at")).subquery()
    found = db.session.execute(
        select(latest.c.seen_at, Alarm)
        .select_from(latest)
        .outerjoin(Alarm, Alarm.cleared_at.is_(None))
        .order_by(Alarm.raised_at, Alarm.id)
    ).all()
    rows = [
        AlarmRow(a.id, a.kind, a.subject, _sentence(a.detail), _remedy(a), a.raised_at)
        for _, a in found
        if a is not None and _concerns(viewer, a)
    ]
    seen = found[0].seen_at
    return rows if seen and seen >= now() - SILENCE else [_NO_ENGINE, *rows]


def _concerns(viewer: Viewer, alarm: Alarm) -> bool:
    """Faults of the service concern everyone; a callout's replies and calls those who may see it."""
    about_a_callout = alarm.kind in (AlarmKind.REPLIES_COLLAPSED, AlarmKind.CALLS_STOPPED)
    if not about_a_callout or not alarm.subject.isdecimal():
        return True
    seen = access.visible(viewer, Callout).where(Callout.id == int(alarm.subject))
    return db.session.scalars(seen).one_or_none() is not None


_NO_ENGINE = AlarmRow(
    None,
    AlarmKind.ENGINE_MISSING,
    "",
    "No engine is running: texts are not going out and answers are not being read.",
    "Start one with: flask engine.",
    None,
)


def _sentence(detail: str) -> str:
    """The provider's own words often end without a stop."""
    return detail if detail.endswith((".", "!", "?")) else f"{detail}."


def _remedy(alarm: Alarm) -> str:
    """What to do about an alarm."""
    match alarm.kind:
        case AlarmKind.ENGINE_MISSING:
            return "If it was taken away for good, acknowledge this."
        case AlarmKind.UNKNOWN_ERROR_CODE:
            return "Such texts count as failed. Look the code up at the provider, then acknowledge this."
        case AlarmKind.REPLIES_COLLAPSED:
            return "This ends by itself when answers come."
        case AlarmKind.CALLS_STOPPED if alarm.subject.isdecimal():
            return "Acknowledge this to let calls go on for as much again; or call people yourself."
        case AlarmKind.CALLS_STOPPED:
            return (
                "Look at the account at the provider: credit, voice permissions, the number. One call is tried "
                "now and then; acknowledge this to try at once."
            )
    if alarm.retry_at is None:
        return "Resume it when texts may go out again."
    if ":" in alarm.subject:
        return "Look at this sender at the provider. One text is tried by itself now and then."
    if " to " in alarm.subject:
        return "Allow texts to this country at the provider. One is tried by itself now and then."
    return "Look at the account at the provider: token, credit, suspension. One text is tried by itself."
