"""Alarms as people see them: the open ones, what to do about each, and the silence of all engines."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from mobilize.domain.vocabulary import AccountRole, AlarmKind
from mobilize.extensions import db
from mobilize.models import Alarm, Callout, EngineHeartbeat, Recipient, Volunteer

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
    #: The callout and the person that it is about, if it is about one.
    callout_id: int | None = None
    person: str | None = None

    @property
    def acknowledgeable(self) -> bool:
        return self.id is not None and self.kind in ACKNOWLEDGED_BY_HAND


@dataclass(frozen=True, slots=True)
class _About:
    """What an alarm is about: a callout, and perhaps a person in it."""

    callout_id: int
    person: str | None = None


def standing_alarms(viewer: Viewer) -> list[AlarmRow]:
    """Open alarms, and the silence of all engines. One query, and one for each kind of alarm about callouts
    that stands; nothing for those who run no call-outs.

    Faults of the service concern everyone; those of a callout, and of people in it, those who may see it.
    """
    if viewer.role not in (AccountRole.ADMIN, AccountRole.COORDINATOR):
        return []
    latest = select(func.max(EngineHeartbeat.seen_at).label("seen_at")).subquery()
    found = db.session.execute(
        select(latest.c.seen_at, Alarm)
        .select_from(latest)
        .outerjoin(Alarm, Alarm.cleared_at.is_(None))
        .order_by(Alarm.raised_at, Alarm.id)
    ).all()
    open_now = [alarm for _, alarm in found if alarm is not None]
    about = _about(viewer, open_now)
    rows = [
        _row(alarm, about.get(alarm.id))
        for alarm in open_now
        if not _is_about_a_callout(alarm) or alarm.id in about
    ]
    seen = found[0].seen_at
    return rows if seen and seen >= now() - SILENCE else [_NO_ENGINE, *rows]


def _is_about_a_callout(alarm: Alarm) -> bool:
    """Whether its subject is the id of a callout or of a recipient. Calls also stop for the whole service."""
    match alarm.kind:
        case AlarmKind.REPLIES_COLLAPSED | AlarmKind.CHECK_OUT_OVERDUE:
            return True
        case AlarmKind.CALLS_STOPPED:
            return alarm.subject.isdecimal()
        case _:
            return False


def _about(viewer: Viewer, found: Sequence[Alarm]) -> dict[int, _About]:
    """By alarm, for those about a callout or a person that this viewer may see."""
    about_callouts = [alarm for alarm in found if _is_about_a_callout(alarm)]
    people = {a.id: int(a.subject) for a in about_callouts if a.kind is AlarmKind.CHECK_OUT_OVERDUE}
    callouts = {a.id: int(a.subject) for a in about_callouts if a.id not in people}
    seen, known = _seen(viewer, callouts.values()), _known(viewer, people.values())
    about = {alarm: _About(callout) for alarm, callout in callouts.items() if callout in seen}
    return about | {alarm: known[recipient] for alarm, recipient in people.items() if recipient in known}


def _seen(viewer: Viewer, callout_ids: Collection[int]) -> set[int]:
    if not callout_ids:
        return set()
    theirs = access.visible(viewer, Callout).where(Callout.id.in_(callout_ids))
    return set(db.session.scalars(theirs.with_only_columns(Callout.id)))


def _known(viewer: Viewer, recipient_ids: Collection[int]) -> Mapping[int, _About]:
    if not recipient_ids:
        return {}
    theirs = access.visible(viewer, Recipient).where(Recipient.id.in_(recipient_ids))
    rows = db.session.execute(
        theirs.join(Volunteer, Volunteer.id == Recipient.volunteer_id).with_only_columns(
            Recipient.id, Recipient.callout_id, Volunteer.given_name, Volunteer.family_name
        )
    )
    return {row[0]: _About(row[1], f"{row[2]} {row[3]}") for row in rows}


def _row(alarm: Alarm, about: _About | None) -> AlarmRow:
    return AlarmRow(
        id=alarm.id,
        kind=alarm.kind,
        subject=alarm.subject,
        detail=_sentence(alarm.detail),
        remedy=_remedy(alarm),
        raised_at=alarm.raised_at,
        callout_id=about.callout_id if about else None,
        person=about.person if about else None,
    )


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
        case AlarmKind.CHECK_OUT_OVERDUE:
            return "Phone them. This ends when they check out, or when you check them out on the board."
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
