"""The people on the board: everyone asked, what they answered, and where they are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from mobilize.domain.delivery import ENDED_SHORT, DoubtEnding, ErrorClass, MessageState
from mobilize.domain.prompting import whereabouts
from mobilize.domain.vocabulary import AccountRole, MessageKind, RecipientState, Whereabouts
from mobilize.extensions import db
from mobilize.models import Callout, Certification, Message, Recipient, Skill, Volunteer

from . import access, live_places, watch
from .access import Viewer
from .runtime import now

#: States in which a text has not arrived, so that the reason is worth telling.
_NOT_WELL = ENDED_SHORT | {MessageState.UNKNOWN}


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """One person asked. Times UTC, distance in metres to the rendezvous, coordinates WGS 84."""

    id: int
    volunteer_id: int
    name: str
    phone: str
    language: str
    skills: tuple[str, ...]
    state: RecipientState
    need: str | None
    distance_m: float
    asked_at: datetime
    answered_at: datetime | None
    eta_at: datetime | None
    message_id: int | None
    message_state: MessageState | None
    #: Why the text has not arrived, as far as anyone knows; ``None`` for one that is well on its way.
    error_class: ErrorClass | None
    reason: str | None
    doubt_ending: DoubtEnding | None
    reply_code: str
    lat: float
    lon: float
    #: Where the person is, as far as they have said; ``None`` of who was not told to come, or has not set out.
    whereabouts: Whereabouts | None
    en_route_at: datetime | None
    arrived_at: datetime | None
    left_at: datetime | None
    check_out_by: datetime | None
    #: How often the person was reminded since they spoke.
    reminders: int


def people_of(viewer: Viewer, callout: Callout) -> list[RecipientRow]:
    """Everyone asked: first who is missing, then those who come, by their arrival; then the others."""
    seen = access.visible(viewer, Recipient).where(Recipient.callout_id == callout.id).subquery()
    rows = db.session.execute(
        select(
            Recipient,
            Volunteer,
            Message.id,
            Message.state,
            Message.error_class,
            Message.reason,
            Message.doubt_ending,
        )
        .join(Volunteer, Volunteer.id == Recipient.volunteer_id)
        .outerjoin(Message, (Message.recipient_id == Recipient.id) & (Message.kind == MessageKind.CALLOUT))
        .where(Recipient.id.in_(select(seen.c.id)))
    ).all()
    skills, at = _skills(callout), now()
    codes = {need.id: need.skill.code for need in callout.needs}
    people = [
        RecipientRow(
            id=r.id,
            volunteer_id=v.id,
            name=v.name,
            phone=v.phone,
            language=v.language,
            skills=tuple(sorted(skills.get(v.id, ()))),
            state=r.state,
            need=codes.get(r.need_id) if r.need_id else None,
            distance_m=r.distance_m,
            asked_at=r.asked_at,
            answered_at=r.answered_at,
            eta_at=r.eta_at,
            message_id=message_id,
            message_state=state,
            error_class=error_class if state in _NOT_WELL else None,
            reason=reason if state in _NOT_WELL else None,
            doubt_ending=ending,
            reply_code=r.reply_code,
            lat=r.lat,
            lon=r.lon,
            whereabouts=whereabouts(watch.person(r, callout), at),
            en_route_at=r.en_route_at,
            arrived_at=r.arrived_at,
            left_at=r.left_at,
            check_out_by=r.check_out_by,
            reminders=r.reminders,
        )
        for r, v, message_id, state, error_class, reason, ending in rows
    ]
    if viewer.role is not AccountRole.AUTHORITY:
        people = _where_they_said(callout, people)
    return sorted(people, key=_reading_order)


def _where_they_said(callout: Callout, people: Sequence[RecipientRow]) -> list[RecipientRow]:
    """The same people, those who come at the places that they shared; told to their section alone."""
    shared = live_places.of_comers(callout)
    return [
        replace(one, lat=shared[one.volunteer_id].lat, lon=shared[one.volunteer_id].lon)
        if one.volunteer_id in shared
        else one
        for one in people
    ]


_ORDER = {
    RecipientState.ARRIVED: 0,
    RecipientState.ACCEPTED: 1,
    RecipientState.LIMITED: 2,
    RecipientState.ASKED: 3,
    RecipientState.WITHDRAWN: 4,
    RecipientState.DECLINED: 5,
    RecipientState.UNREACHABLE: 6,
    RecipientState.STOOD_DOWN: 7,
}


def _reading_order(row: RecipientRow) -> tuple[bool, int, bool, float, float, int]:
    moment = row.eta_at or row.answered_at
    return (
        row.whereabouts is not Whereabouts.MISSING,
        _ORDER[row.state],
        row.need is None,
        moment.timestamp() if moment else 0,
        row.distance_m,
        row.id,
    )


def _skills(callout: Callout) -> dict[int, set[str]]:
    """The needed skills of everyone asked, by code."""
    rows = db.session.execute(
        select(Certification.volunteer_id, Skill.code)
        .join(Skill, Skill.id == Certification.skill_id)
        .join(Recipient, Recipient.volunteer_id == Certification.volunteer_id)
        .where(
            Recipient.callout_id == callout.id, Certification.skill_id.in_([n.skill_id for n in callout.needs])
        )
    )
    found: dict[int, set[str]] = {}
    for volunteer_id, code in rows:
        found.setdefault(volunteer_id, set()).add(code)
    return found
