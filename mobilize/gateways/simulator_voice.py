"""The simulator's calls: phones on this machine ring, and people or mailboxes take them.

As with texts, the simulator keeps its own ledger (`SimulatedCall`) and writes down what will happen next
(`SimulatedEvent`); the engine plays it when it is due, through the services that Twilio's webhooks use.
"""

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config import Settings
from mobilize.domain.calling import CallOutcome, CallRecord, OutboundCall, Placed
from mobilize.domain.delivery import Deferred, ErrorClass, Unclear
from mobilize.extensions import db
from mobilize.models import SimulatedCall, SimulatedEvent
from mobilize.services.ports import Clock

from .simulated_calls import Reaction, reaction
from .simulator import OWN_NUMBER

#: Kinds of simulated events that belong to calls.
STATUS, KEYS = "call_status", "call_keys"
KINDS = frozenset({STATUS, KEYS})
#: Twilio's words for a call that can still be taken back.
_UNANSWERED = ("queued", "ringing")


class SimulatorVoiceGateway:
    """Implements `VoiceGateway`. Must not be called with a transaction open on SQLite."""

    name = "simulator"
    sender = OWN_NUMBER

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._speed = settings.simulator_speed
        self._seed = settings.simulator_seed
        self._acceptance = settings.simulator_acceptance
        self._clock = clock

    def place(self, call: OutboundCall) -> CallOutcome:
        """Let a phone ring. A call that is placed twice rings twice, as in life."""
        now, sid = self._clock.now(), f"CA{secrets.token_hex(16)}"
        if now >= call.leave_by:
            return Deferred(ErrorClass.NOT_PROCESSED, None, "Its lease would not outlast the request.")
        fate = reaction(self._seed, call.to, call.call_id, now, acceptance=self._acceptance, ring_s=call.ring_s)
        entry = {
            "sid": sid,
            "phone": call.to,
            "call_id": call.call_id,
            "speech": call.speech.text,
            "at": now,
            "status": "ringing",
            "keys": "",
        }
        try:
            with Session(db.engine) as session, session.begin():
                session.execute(insert(SimulatedCall), [entry])
                session.execute(insert(SimulatedEvent), list(self._events(sid, call, fate, now)))
        except SQLAlchemyError as error:
            return Unclear(f"The simulator's tables gave no answer: {type(error).__name__}")
        return Placed(sid)

    def take_back(self, sid: str) -> bool:
        with Session(db.engine) as session, session.begin():
            stopped = session.execute(
                update(SimulatedCall)
                .where(SimulatedCall.sid == sid, SimulatedCall.status.in_(_UNANSWERED))
                .values(status="canceled")
                .execution_options(synchronize_session=False)
            )
        return bool(stopped.rowcount)  # type: ignore[attr-defined]

    def find(self, phone: str, since: datetime) -> list[CallRecord]:
        calls = select(SimulatedCall).where(SimulatedCall.phone == phone, SimulatedCall.at >= since)
        with Session(db.engine) as session:
            return [_record(call) for call in session.scalars(calls.order_by(SimulatedCall.id))]

    def fetch(self, sid: str) -> CallRecord | None:
        with Session(db.engine) as session:
            call = session.scalars(select(SimulatedCall).where(SimulatedCall.sid == sid)).one_or_none()
            return _record(call) if call else None

    def _events(self, sid: str, call: OutboundCall, fate: Reaction, now: datetime) -> Iterator[dict[str, Any]]:
        """What follows: picked up or not; the keys, or that there are none; the end."""
        about = {"call_id": call.call_id, "sid": sid, "to_phone": call.to}

        def later(seconds_of_life: float) -> datetime:
            return now + timedelta(seconds=seconds_of_life / self._speed)

        ends_at = later(fate.rings_s + fate.talks_s)
        if fate.picked_up:
            yield {
                "due_at": later(fate.rings_s),
                "kind": STATUS,
                "fields": about | {"status": "in-progress", "duration_s": None},
            }
            yield {
                "due_at": later(fate.rings_s + fate.talks_s / 2),
                "kind": KEYS,
                "fields": about | {"keys": fate.keys},
            }
        yield {
            "due_at": ends_at,
            "kind": STATUS,
            "fields": about | {"status": fate.status, "duration_s": fate.talks_s},
        }


def _record(call: SimulatedCall) -> CallRecord:
    return CallRecord(call.sid, call.phone, call.status, call.duration_s, call.at)
