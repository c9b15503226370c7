"""Figures about the service itself, for monitoring. Counts only; nothing about people."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import BindParameter, Select, bindparam, distinct, func, select
from sqlalchemy.orm import InstrumentedAttribute

from mobilize.domain.calling import CallState
from mobilize.domain.delivery import DoubtEnding, MessageState
from mobilize.domain.vocabulary import AlarmKind, CalloutStatus, EmergencyStatus
from mobilize.extensions import db
from mobilize.models import Alarm, Callout, Emergency, InboundMessage, Message, StatusCallback, VoiceCall

from . import heartbeats
from .receipts import SECOND_COPY
from .runtime import now

Word = TypeVar("Word", bound=StrEnum)

#: Written into the statement, so that an index over just these rows can be used.
SECOND_COPY_SQL: BindParameter[str] = bindparam(None, SECOND_COPY, literal_execute=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The state of the service at one instant. ``heartbeat_age_s`` is ``None`` if no engine was ever seen.

    ``oldest_due_s`` is how long, in seconds, the text that waits longest could have gone; 0 if none waits.
    ``doubts_ended`` counts texts whose fate no evidence settled, ``second_copies`` texts of the provider's
    that reached a phone besides the one that was wanted.
    """

    messages: Mapping[MessageState, int]
    open_alarms: Mapping[AlarmKind, int]
    callouts: Mapping[CalloutStatus, int]
    calls: Mapping[CallState, int]
    open_emergencies: int
    waiting_inbound: int
    waiting_callbacks: int
    heartbeat_age_s: float | None
    paused_senders: int
    doubts_ended: Mapping[DoubtEnding, int]
    second_copies: int
    oldest_due_s: float
    engines_alive: int
    engines_missing: int


def measure() -> Figures:
    """Count now. Reads whole indexes, so poll it in seconds, not milliseconds."""
    messages = _by(Message.state, select(Message.id))
    alarms = _by(Alarm.kind, select(Alarm.id).where(Alarm.cleared_at.is_(None)))
    callouts = _by(Callout.status, select(Callout.id))
    calls = _by(VoiceCall.state, select(VoiceCall.id))
    doubts = {ending: _count(_ended(ending)) for ending in DoubtEnding}
    engines = heartbeats.engines()
    alive = sum(engine.alive for engine in engines)
    return Figures(
        messages={state: messages.get(state, 0) for state in MessageState},
        open_alarms={kind: alarms.get(kind, 0) for kind in AlarmKind},
        callouts={status: callouts.get(status, 0) for status in CalloutStatus},
        calls={state: calls.get(state, 0) for state in CallState},
        open_emergencies=_count(
            select(func.count(Emergency.id)).where(Emergency.status == EmergencyStatus.OPEN)
        ),
        waiting_inbound=_count(
            select(func.count(InboundMessage.id)).where(InboundMessage.understood_at.is_(None))
        ),
        waiting_callbacks=_count(
            select(func.count(StatusCallback.id)).where(StatusCallback.applied_at.is_(None))
        ),
        heartbeat_age_s=heartbeats.seconds_since_last(),
        paused_senders=alarms.get(AlarmKind.SENDER_PAUSED, 0),
        doubts_ended=doubts,
        second_copies=_count(
            select(func.count(distinct(StatusCallback.sid))).where(StatusCallback.outcome == SECOND_COPY_SQL)
        ),
        oldest_due_s=_oldest_due(),
        engines_alive=alive,
        engines_missing=len(engines) - alive,
    )


def _ended(ending: DoubtEnding) -> Select[int]:
    return select(func.count(Message.id)).where(Message.doubt_ending == ending)


def _oldest_due() -> float:
    """Seconds since the first of the waiting texts could have gone."""
    due = db.session.scalar(
        select(func.min(Message.next_attempt_at)).where(
            Message.state == MessageState.QUEUED, Message.next_attempt_at <= now()
        )
    )
    return (now() - due).total_seconds() if due else 0.0


def _by(word: InstrumentedAttribute[Word], query: Select[int]) -> dict[Word, int]:
    """How many rows of the query there are for each word of a list."""
    rows = db.session.execute(query.with_only_columns(word, func.count()).group_by(word))
    return {row[0]: row[1] for row in rows}


def _count(query: Select[int]) -> int:
    return db.session.scalar(query) or 0
