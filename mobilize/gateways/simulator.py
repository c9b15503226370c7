"""The simulator: a carrier and its phones on this machine.

It takes texts like a provider, keeps every one in a ledger (`SimulatedText`), and writes down what
carrier and people will do next (`SimulatedEvent`): delivery receipts and answers. The engine plays
these when they are due, through the same services that Twilio's webhooks use. It keeps its own
transactions, as a provider would; the caller must not hold one open on SQLite.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from config import Settings
from mobilize.domain.delivery import Accepted, ErrorClass, OutboundText, ProviderRecord, Refused, SendOutcome
from mobilize.extensions import db
from mobilize.models import SimulatedEvent, SimulatedText
from mobilize.services.ports import Clock

from . import simulated_people as people

#: The number that simulated phones see as the sender.
OWN_NUMBER = "+15005550006"
#: The words that a carrier acts on by itself (Twilio's default keywords), matched as a whole text.
STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START_WORDS = frozenset({"START", "YES", "UNSTOP"})
_LONGEST_KEYWORD = max(map(len, STOP_WORDS | START_WORDS))
_PHONES_PER_QUERY = 500


class SimulatorGateway:
    """Implements `SmsGateway`. ``SIMULATOR_SPEED``, ``_SEED`` and ``_ACCEPTANCE`` set its people's manner."""

    name = "simulator"

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._speed = settings.simulator_speed
        self._seed = settings.simulator_seed
        self._acceptance = settings.simulator_acceptance
        self._clock = clock

    def send(self, texts: Sequence[OutboundText]) -> Iterator[tuple[OutboundText, SendOutcome]]:
        """Take every text but those to phones that said STOP. A text sent twice arrives twice, as in life."""
        now = self._clock.now()
        ledger: list[dict[str, Any]] = []
        events: list[dict[str, Any]] = []
        outcomes: list[tuple[OutboundText, SendOutcome]] = []
        with Session(db.engine) as session, session.begin():
            stopped = _stopped_phones(session, {text.to for text in texts})
            for text in texts:
                if text.to in stopped:
                    outcomes.append((text, _REFUSED_BY_STOP))
                    continue
                sid = _new_sid()
                ledger.append(_entry(sid, text.to, text.body, now, message_id=text.message_id))
                events.extend(self._events(sid, text, now))
                outcomes.append((text, Accepted(sid)))
            if ledger:
                session.execute(insert(SimulatedText), ledger)
                session.execute(insert(SimulatedEvent), events)
        yield from outcomes

    def find(self, to: str, since: datetime) -> list[ProviderRecord]:
        """The ledger of texts to one phone, oldest first."""
        with Session(db.engine) as session:
            found = session.scalars(
                select(SimulatedText)
                .where(SimulatedText.phone == to, SimulatedText.to_phone, SimulatedText.at >= since)
                .order_by(SimulatedText.id)
            ).all()
        return [self._record(text) for text in found]

    def type_on_phone(self, phone: str, body: str) -> str:
        """Send a text from a simulated phone; it arrives with the engine's next tick. Returns its SID."""
        sid, now = _new_sid(), self._clock.now()
        with Session(db.engine) as session, session.begin():
            session.execute(insert(SimulatedText), [_entry(sid, phone, body, now)])
            session.execute(insert(SimulatedEvent), [_inbound(sid, phone, body, now)])
        return sid

    def next_event_at(self) -> datetime | None:
        """When a simulated phone or carrier next does something."""
        with Session(db.engine) as session:
            return session.scalar(select(func.min(SimulatedEvent.due_at)))

    def _events(self, sid: str, text: OutboundText, now: datetime) -> Iterator[dict[str, Any]]:
        """What follows from one text: sent, then delivered or not, then perhaps an answer."""
        fate = people.delivery(self._seed, text.to, text.message_id)
        yield _status(sid, text.message_id, "sent", None, self._later(now, fate.after_s / 4))
        yield _status(sid, text.message_id, fate.status, fate.code, self._later(now, fate.after_s))
        if fate.code is not None:
            return
        for answer in people.answers(self._seed, text.to, text.message_id, text.body, self._acceptance):
            due = self._later(now, fate.after_s + answer.after_s)
            yield _inbound(_new_sid(), text.to, answer.body, due)

    def _later(self, now: datetime, seconds_of_life: float) -> datetime:
        return now + timedelta(seconds=seconds_of_life / self._speed)

    def _record(self, text: SimulatedText) -> ProviderRecord:
        fate = people.delivery(self._seed, text.phone, text.message_id or 0)
        known = self._later(text.at, fate.after_s) <= self._clock.now()
        return ProviderRecord(
            sid=text.sid,
            to=text.phone,
            body=text.body,
            status=fate.status if known else "sent",
            error_code=fate.code if known else None,
            created_at=text.at,
        )


_REFUSED_BY_STOP = Refused(ErrorClass.CONSENT, 21610, "The phone's owner has sent STOP.")


def _new_sid() -> str:
    return "SM" + secrets.token_hex(16)


def _entry(sid: str, phone: str, body: str, at: datetime, *, message_id: int | None = None) -> dict[str, Any]:
    """A row of the ledger; with a message id it is a text to the phone, without one from it."""
    return {
        "sid": sid,
        "phone": phone,
        "to_phone": message_id is not None,
        "message_id": message_id,
        "body": body,
        "at": at,
    }


def _status(sid: str, message_id: int, status: str, code: int | None, due: datetime) -> dict[str, Any]:
    fields = {"sid": sid, "message_id": message_id, "status": status, "error_code": code}
    return {"due_at": due, "kind": "status", "fields": fields}


def _inbound(sid: str, phone: str, body: str, due: datetime) -> dict[str, Any]:
    fields = {"sid": sid, "from_phone": phone, "to_phone": OWN_NUMBER, "body": body}
    return {"due_at": due, "kind": "inbound", "fields": fields}


def _stopped_phones(session: Session, phones: Iterable[str]) -> set[str]:
    """Those of the phones whose last keyword was STOP or one of its like."""
    stopped: set[str] = set()
    listed = sorted(phones)
    for start in range(0, len(listed), _PHONES_PER_QUERY):
        typed = session.execute(
            select(SimulatedText.phone, SimulatedText.body)
            .where(
                SimulatedText.phone.in_(listed[start : start + _PHONES_PER_QUERY]),
                SimulatedText.to_phone.is_(False),
                func.length(func.trim(SimulatedText.body)) <= _LONGEST_KEYWORD,
            )
            .order_by(SimulatedText.id)
        )
        for phone, body in typed:
            word = body.strip().upper()
            if word in STOP_WORDS:
                stopped.add(phone)
            elif word in START_WORDS:
                stopped.discard(phone)
    return stopped
