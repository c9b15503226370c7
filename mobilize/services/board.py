"""The board: everything a coordinator watches while a callout runs, read in a handful of queries."""

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, distinct, func, select

from mobilize.domain.delivery import DoubtEnding, MessageState
from mobilize.domain.vocabulary import AccountRole, Channel, Intent, MessageKind, RecipientState, Whereabouts
from mobilize.extensions import db
from mobilize.models import (
    Callout,
    Emergency,
    InboundMessage,
    Message,
    MessageEvent,
    Recipient,
    StatusCallback,
    Volunteer,
)

from . import access
from .access import Viewer
from .board_people import RecipientRow, people_of
from .call_tally import Calls, tally
from .measures import SECOND_COPY_SQL
from .standing import AlarmRow, standing_alarms

#: The newest texts shown.
LATEST = 30


@dataclass(frozen=True, slots=True)
class NeedRow:
    """How far one need has come, in people. ``arrived`` is part of ``assigned``.

    Probabilities that it is filled in time: ``promised`` at the launch, ``fill_probability`` if asking goes on,
    ``with_asked`` with those asked so far; ``None`` before the first plan.
    """

    skill: str
    name: str
    headcount: int
    assigned: int
    arrived: int
    promised: float | None
    fill_probability: float | None
    with_asked: float | None
    filled_at: datetime | None


@dataclass(frozen=True, slots=True)
class InboundRow:
    """One text received, and what became of it."""

    at: datetime
    name: str
    body: str
    intent: Intent | None
    effect: str | None
    channel: Channel = Channel.TEXT


@dataclass(frozen=True, slots=True)
class Doubts:
    """Texts of a callout, of every kind, of which it was not clear whether they were sent.

    ``open``: being looked up. ``sent_again`` and ``given_up``: no evidence could be had in time.
    ``second_copies``: texts that the provider reports beside the one that was wanted.
    """

    open: int
    sent_again: int
    given_up: int
    second_copies: int

    @property
    def any(self) -> bool:
        return bool(self.open or self.sent_again or self.given_up or self.second_copies)


@dataclass(frozen=True, slots=True)
class Story:
    """One text, and everything that happened to it, in order."""

    message: Message
    events: Sequence[MessageEvent]
    second_copies: int


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
    #: How many of the people listed are where.
    whereabouts: Mapping[Whereabouts, int]
    messages_by_state: Mapping[MessageState, int]
    doubts: Doubts
    unclear: int
    latest_inbound: list[InboundRow]
    alarms: list[AlarmRow]
    #: ``None`` where nobody is called by voice.
    calls: Calls | None


def board(viewer: Viewer, callout_id: int) -> Board:
    """Read the board. An authority sees counts, and the names of those who come to its own request."""
    callout = access.find(viewer, Callout, callout_id)
    people = people_of(viewer, callout)
    counts = _counts(callout)
    needs = _needs(callout)
    states = _messages(callout)
    coming = sum(counts.get(state, 0) for state in access.COMMITTED)
    alarm_rows = standing_alarms(viewer)
    return Board(
        callout=callout,
        emergency=callout.emergency,
        revision=_revision(viewer, callout, alarm_rows),
        asked=sum(counts.values()),
        delivered=states.get(MessageState.DELIVERED, 0),
        counts=counts,
        needs=needs,
        reserve=coming - sum(need.assigned for need in needs),
        recipients=people,
        whereabouts=Counter(row.whereabouts for row in people if row.whereabouts is not None),
        messages_by_state=states,
        doubts=_doubts(callout),
        unclear=_unclear(callout),
        latest_inbound=_latest(callout) if viewer.role is not AccountRole.AUTHORITY else [],
        alarms=alarm_rows,
        calls=tally(callout),
    )


def revision(viewer: Viewer, callout_id: int) -> str:
    """The board's revision alone, so that a watcher who has it is spared the rest."""
    callout = access.find(viewer, Callout, callout_id)
    return _revision(viewer, callout, standing_alarms(viewer))


def _revision(viewer: Viewer, callout: Callout, alarm_rows: Sequence[AlarmRow]) -> str:
    faults = zlib.crc32(repr([(row.id, row.detail) for row in alarm_rows]).encode())
    return f"{callout.revision}-{callout.status}-{faults:08x}-{viewer.role}"


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
            promised=need.promised,
            fill_probability=need.fill_probability,
            with_asked=need.with_asked,
            filled_at=need.filled_at,
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


def _doubts(callout: Callout) -> Doubts:
    theirs = Message.callout_id == callout.id
    in_doubt = db.session.scalar(
        select(func.count()).select_from(Message).where(theirs, Message.state == MessageState.UNKNOWN)
    )
    ended = db.session.execute(
        select(Message.state, Message.doubt_ending, func.count())
        .where(theirs, Message.doubt_ending.is_not(None))
        .group_by(Message.state, Message.doubt_ending)
    ).all()
    return Doubts(
        open=in_doubt or 0,
        sent_again=sum(count for _, ending, count in ended if ending is DoubtEnding.RESENT),
        given_up=sum(
            count
            for state, ending, count in ended
            # A receipt that came later has settled it after all.
            if ending is DoubtEnding.GIVEN_UP and state is not MessageState.DELIVERED
        ),
        second_copies=_second_copies(theirs),
    )


def _second_copies(which: ColumnElement[bool]) -> int:
    """Texts of the provider's that were one too many, of those texts of ours."""
    return (
        db.session.scalar(
            select(func.count(distinct(StatusCallback.sid)))
            .join(Message, Message.id == StatusCallback.message_id)
            .where(StatusCallback.outcome == SECOND_COPY_SQL, which)
        )
        or 0
    )


def story(viewer: Viewer, message_id: int) -> Story:
    """One text within the viewer's scope, with its events. Raises `errors.NotFound`."""
    message = access.find(viewer, Message, message_id)
    events = db.session.scalars(
        select(MessageEvent).where(MessageEvent.message_id == message.id).order_by(MessageEvent.id)
    ).all()
    return Story(message, events, _second_copies(Message.id == message.id))


def _unclear(callout: Callout) -> int:
    """Texts about this callout that a person should read."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(InboundMessage)
            .join(Recipient, Recipient.id == InboundMessage.recipient_id)
            .where(
                Recipient.callout_id == callout.id,
                InboundMessage.intent == Intent.UNCLEAR,
                InboundMessage.settled_at.is_(None),
            )
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
    return [InboundRow(i.received_at, v.name, i.body, i.intent, i.effect, i.channel) for i, v in rows]
