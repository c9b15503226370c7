"""The board: everything a coordinator watches while a callout runs, read in a handful of queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from mobilize.domain.delivery import MessageState
from mobilize.domain.vocabulary import AccountRole, AlarmKind, Intent, MessageKind, RecipientState
from mobilize.extensions import db
from mobilize.models import (
    Callout,
    Certification,
    Emergency,
    InboundMessage,
    Message,
    Recipient,
    Skill,
    Volunteer,
)

from . import access, alarms, heartbeats
from .access import Viewer

#: The newest texts shown.
LATEST = 30


@dataclass(frozen=True, slots=True)
class NeedRow:
    """How far one need has come, in people. ``arrived`` is part of ``assigned``."""

    skill: str
    name: str
    headcount: int
    assigned: int
    arrived: int


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
    message_state: MessageState | None
    reply_code: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class InboundRow:
    """One text received, and what became of it."""

    at: datetime
    name: str
    body: str
    intent: Intent | None
    effect: str | None


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """One fault that has not gone."""

    kind: AlarmKind
    detail: str
    raised_at: datetime | None


@dataclass(frozen=True, slots=True)
class Board:
    """A callout as it stands. ``revision`` changes whenever anything on it does."""

    callout: Callout
    emergency: Emergency
    revision: str
    asked: int
    delivered: int
    counts: Mapping[RecipientState, int]
    needs: list[NeedRow]
    reserve: int
    recipients: list[RecipientRow]
    messages_by_state: Mapping[MessageState, int]
    unclear: int
    latest_inbound: list[InboundRow]
    alarms: list[AlarmRow]


def board(viewer: Viewer, callout_id: int) -> Board:
    """Read the board. An authority sees counts, and the names of those who come to its own request."""
    callout = access.find(viewer, Callout, callout_id)
    people = _recipients(viewer, callout)
    counts = _counts(callout)
    needs = _needs(callout)
    states = _messages(callout)
    coming = sum(counts.get(state, 0) for state in access.COMMITTED)
    alarm_rows = standing_alarms()
    return Board(
        callout=callout,
        emergency=callout.emergency,
        revision=f"{callout.revision}-{callout.status}-{len(alarm_rows)}-{viewer.role}",
        asked=sum(counts.values()),
        delivered=states.get(MessageState.DELIVERED, 0),
        counts=counts,
        needs=needs,
        reserve=coming - sum(need.assigned for need in needs),
        recipients=people,
        messages_by_state=states,
        unclear=_unclear(callout),
        latest_inbound=_latest(callout) if viewer.role is not AccountRole.AUTHORITY else [],
        alarms=alarm_rows,
    )


def revision(viewer: Viewer, callout_id: int) -> str:
    """The board's revision alone, so that a watcher who has it is spared the rest."""
    callout = access.find(viewer, Callout, callout_id)
    return f"{callout.revision}-{callout.status}-{len(standing_alarms())}-{viewer.role}"


def standing_alarms() -> list[AlarmRow]:
    """Open alarms, and the silence of the engine, which nobody is left to write down."""
    rows = [AlarmRow(a.kind, a.detail, a.raised_at) for a in alarms.open_alarms()]
    if not heartbeats.engine_seen():
        rows.insert(
            0,
            AlarmRow(
                AlarmKind.ENGINE_MISSING,
                "No engine is running: texts are not going out and answers are not being read. Start one.",
                None,
            ),
        )
    return rows


def _counts(callout: Callout) -> dict[RecipientState, int]:
    rows = db.session.execute(
        select(Recipient.state, func.count())
        .where(Recipient.callout_id == callout.id)
        .group_by(Recipient.state)
    )
    return {row[0]: row[1] for row in rows}


def _needs(callout: Callout) -> list[NeedRow]:
    rows = db.session.execute(
        select(Recipient.need_id, Recipient.state, func.count())
        .where(Recipient.callout_id == callout.id, Recipient.need_id.is_not(None))
        .group_by(Recipient.need_id, Recipient.state)
    ).all()
    found = {(need_id, state): count for need_id, state, count in rows}
    return [
        NeedRow(
            skill=need.skill.code,
            name=need.skill.name,
            headcount=need.headcount,
            assigned=sum(found.get((need.id, state), 0) for state in access.COMMITTED),
            arrived=found.get((need.id, RecipientState.ARRIVED), 0),
        )
        for need in callout.needs
    ]


def _messages(callout: Callout) -> dict[MessageState, int]:
    """Call-out texts by state; answers and stand-downs are not counted here."""
    rows = db.session.execute(
        select(Message.state, func.count())
        .where(Message.callout_id == callout.id, Message.kind == MessageKind.CALLOUT)
        .group_by(Message.state)
    )
    return {row[0]: row[1] for row in rows}


def _recipients(viewer: Viewer, callout: Callout) -> list[RecipientRow]:
    """Everyone asked: first those who come, by their arrival; then the others, the latest answer first."""
    seen = access.visible(viewer, Recipient).where(Recipient.callout_id == callout.id).subquery()
    rows = db.session.execute(
        select(Recipient, Volunteer, Message.state)
        .join(Volunteer, Volunteer.id == Recipient.volunteer_id)
        .outerjoin(Message, (Message.recipient_id == Recipient.id) & (Message.kind == MessageKind.CALLOUT))
        .where(Recipient.id.in_(select(seen.c.id)))
    ).all()
    skills = _skills(callout)
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
            message_state=state,
            reply_code=r.reply_code,
            lat=r.lat,
            lon=r.lon,
        )
        for r, v, state in rows
    ]
    return sorted(people, key=_reading_order)


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


def _reading_order(row: RecipientRow) -> tuple[int, bool, float, float, int]:
    moment = row.eta_at or row.answered_at
    return (_ORDER[row.state], row.need is None, moment.timestamp() if moment else 0, row.distance_m, row.id)


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


def _unclear(callout: Callout) -> int:
    """Texts about this callout that a person should read."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(InboundMessage)
            .join(Recipient, Recipient.id == InboundMessage.recipient_id)
            .where(Recipient.callout_id == callout.id, InboundMessage.intent == Intent.UNCLEAR)
        )
        or 0
    )


def _latest(callout: Callout) -> list[InboundRow]:
    rows = db.session.execute(
        select(InboundMessage, Volunteer)
        .join(Recipient, Recipient.id == InboundMessage.recipient_id)
        .join(Volunteer, Volunteer.id == Recipient.volunteer_id)
        .where(Recipient.callout_id == callout.id)
        .order_by(InboundMessage.id.desc())
        .limit(LATEST)
    )
    return [InboundRow(i.received_at, v.name, i.body, i.intent, i.effect) for i, v in rows]
