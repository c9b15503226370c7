"""Figures about the service itself, for monitoring. Counts only; nothing about people."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute

from mobilize.domain.delivery import MessageState
from mobilize.domain.vocabulary import AlarmKind, CalloutStatus, EmergencyStatus
from mobilize.extensions import db
from mobilize.models import Alarm, Callout, Emergency, InboundMessage, Message, StatusCallback

from . import heartbeats

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The state of the service at one instant. ``heartbeat_age_s`` is ``None`` if no engine was ever seen."""

    messages: Mapping[MessageState, int]
    open_alarms: Mapping[AlarmKind, int]
    callouts: Mapping[CalloutStatus, int]
    open_emergencies: int
    waiting_inbound: int
    waiting_callbacks: int
    heartbeat_age_s: float | None


def measure() -> Figures:
    """Count now. Reads whole indexes, so poll it in seconds, not milliseconds."""
    messages = _by(Message.state, select(Message.id))
    alarms = _by(Alarm.kind, select(Alarm.id).where(Alarm.cleared_at.is_(None)))
    callouts = _by(Callout.status, select(Callout.id))
    return Figures(
        messages={state: messages.get(state, 0) for state in MessageState},
        open_alarms={kind: alarms.get(kind, 0) for kind in AlarmKind},
        callouts={status: callouts.get(status, 0) for status in CalloutStatus},
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
    )


def _by(word: InstrumentedAttribute[Word], query: Select[int]) -> dict[Word, int]:
    """How many rows of the query there are for each word of a list."""
    rows = db.session.execute(query.with_only_columns(word, func.count()).group_by(word))
    return {row[0]: row[1] for row in rows}


def _count(query: Select[int]) -> int:
    return db.session.scalar(query) or 0
