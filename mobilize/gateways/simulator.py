"""The simulator: a carrier and its phones on this machine.

It takes texts like a provider, keeps every one in a ledger (`SimulatedText`), and writes down what
carrier and people will do next (`SimulatedEvent`): delivery receipts and answers. The engine plays
these when they are due, through the same services that Twilio's webhooks use. It keeps its own
transactions, as a provider would; the caller must not hold one open on SQLite.
"""

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from config import Settings
from mobilize.domain.delivery import (
    Accepted,
    Deferred,
    ErrorClass,
    OutboundText,
    ProviderRecord,
    ReceivedRecord,
    Refused,
    SendOutcome,
    Unclear,
)
from mobilize.extensions import db
from mobilize.models import SimulatedEvent, SimulatedText
from mobilize.services.ports import Clock, Done

from . import simulated_people as people

log = structlog.get_logger(__name__)

#: The number that simulated phones see as the sender.
OWN_NUMBER = "+15005550006"
#: The words that a carrier acts on by itself (Twilio's default keywords), matched as a whole text.
STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START_WORDS = frozenset({"START", "YES", "UNSTOP"})
#: A text that a person is going to send unless they are told not to come; otherwise as ``inbound``.
ERRAND = "errand"
_LONGEST_KEYWORD = max(map(len, STOP_WORDS | START_WORDS))
_KEYS_PER_QUERY = 500
_TEXTS_PER_TRANSACTION = 1000

_Item = TypeVar("_Item")


class SimulatorGateway:
    """Implements `SmsGateway`. ``SIMULATOR_SPEED``, ``_SEED`` and ``_ACCEPTANCE`` set its people's manner."""

    name = "simulator"
    senders: Sequence[str] = (OWN_NUMBER,)

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._speed = settings.simulator_speed
        self._seed = settings.simulator_seed
        self._acceptance = settings.simulator_acceptance
        self._clock = clock

    def send(self, texts: Sequence[OutboundText], done: Done) -> None:
        """Take every text but those to phones that said STOP. A text sent twice arrives twice, as in life.

        All outcomes are known when it returns. Texts are taken some at a time, each time in a transaction.
        """
        for some in _slices(texts, _TEXTS_PER_TRANSACTION):
            try:
                outcomes = self._take(some)
            except SQLAlchemyError as error:
                log.error("the simulator cannot keep texts", error=str(error), count=len(some))
                outcomes = [Unclear(f"The simulator's tables gave no answer: {type(error).__name__}")] * len(
                    some
                )
            for text, outcome in zip(some, outcomes, strict=True):
                done(text, outcome)

    def find(self, phones: Mapping[str, datetime]) -> Mapping[str, Sequence[ProviderRecord]]:
        """The ledger of texts to each phone, oldest first."""
        found: dict[str, list[ProviderRecord]] = {phone: [] for phone in phones}
        with Session(db.engine) as session:
            for some in _slices(list(phones), _KEYS_PER_QUERY):
                sent = select(SimulatedText).where(
                    SimulatedText.phone.in_(some),
                    SimulatedText.to_phone,
                    SimulatedText.at >= min(phones[phone] for phone in some),
                )
                for text in session.scalars(sent.order_by(SimulatedText.id)):
                    if text.at >= phones[text.phone]:
                        found[text.phone].append(self._record(text))
        return found

    def fetch(self, sids: Collection[str]) -> Mapping[str, ProviderRecord]:
        found: dict[str, ProviderRecord] = {}
        with Session(db.engine) as session:
            for some in _slices(list(sids), _KEYS_PER_QUERY):
                sent = select(SimulatedText).where(SimulatedText.sid.in_(some), SimulatedText.to_phone)
                found |= {text.sid: self._record(text) for text in session.scalars(sent)}
        return found

    def received(self, since: datetime) -> Sequence[ReceivedRecord]:
        """The ledger of texts typed on phones, oldest first."""
        typed = (
            select(SimulatedText)
            .where(SimulatedText.to_phone.is_(False), SimulatedText.at >= since)
            .order_by(SimulatedText.id)
        )
        with Session(db.engine) as session:
            return [
                ReceivedRecord(text.sid, text.phone, OWN_NUMBER, text.body, text.at)
                for text in session.scalars(typed)
            ]

    def close(self) -> None:
        """Nothing to let go of: the database is the application's."""

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

    def _take(self, texts: Sequence[OutboundText]) -> list[SendOutcome]:
        """Enter texts and what will follow from them; the outcomes in the same order. One transaction."""
        now = self._clock.now()
        ledger: list[dict[str, Any]] = []
        events: list[dict[str, Any]] = []
        outcomes: list[SendOutcome] = []
        with Session(db.engine) as session, session.begin():
            stopped = _stopped_phones(session, {text.to for text in texts})
            busy = _about_to_text(session, {text.to for text in texts if people.reminds(text.body)})
            for text in texts:
                if now >= text.leave_by:
                    outcomes.append(_TOO_LATE)
                    continue
                if text.to in stopped:
                    outcomes.append(_REFUSED_BY_STOP)
                    continue
                sid = _new_sid()
                ledger.append(_entry(sid, text.to, text.body, now, message_id=text.message_id))
                events.extend(self._events(sid, text, now, busy))
                outcomes.append(Accepted(sid))
            if ledger:
                _drop_errands(session, {text.to for text in texts if people.changes_plans(text.body)})
                session.execute(insert(SimulatedText), ledger)
                session.execute(insert(SimulatedEvent), events)
        return outcomes

    def _events(
        self, sid: str, text: OutboundText, now: datetime, busy: Collection[str]
    ) -> Iterator[dict[str, Any]]:
        """What follows from one text: sent, then delivered or not, then perhaps an answer."""
        fate = people.delivery(self._seed, text.to, text.message_id)
        yield _status(sid, text, "sent", None, self._later(now, fate.after_s / 4))
        yield _status(sid, text, fate.status, fate.code, self._later(now, fate.after_s))
        if fate.code is not None or text.to in busy:
            return
        for answer in people.answers(self._seed, text.to, text.message_id, text.body, self._acceptance):
            due = self._later(now, fate.after_s + answer.after_s)
            yield _inbound(
                _new_sid(), text.to, answer.body, due, kind=ERRAND if answer.on_errand else "inbound"
            )

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
_TOO_LATE = Deferred(
    ErrorClass.NOT_PROCESSED, None, "Its lease would not outlast the request, so it was not sent."
)


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


def _status(sid: str, text: OutboundText, status: str, code: int | None, due: datetime) -> dict[str, Any]:
    fields = {
        "sid": sid,
        "status": status,
        "error_code": code,
        "message_id": text.message_id,
        "attempt": text.attempt,
        "to_phone": text.to,
    }
    return {"due_at": due, "kind": "status", "fields": fields}


def _inbound(sid: str, phone: str, body: str, due: datetime, *, kind: str = "inbound") -> dict[str, Any]:
    fields = {"sid": sid, "from_phone": phone, "to_phone": OWN_NUMBER, "body": body}
    return {"due_at": due, "kind": kind, "fields": fields}


def _about_to_text(session: Session, phones: Collection[str]) -> set[str]:
    """Those of the phones whose owners are writing already, and need no reminder to."""
    return {event.fields["from_phone"] for event in _to_come(session, phones, ("inbound", ERRAND))}


def _drop_errands(session: Session, phones: Collection[str]) -> None:
    """Forget what people were going to say about their coming: they have other plans now."""
    ids = [event.id for event in _to_come(session, phones, (ERRAND,))]
    for some in _slices(ids, _KEYS_PER_QUERY):
        session.execute(delete(SimulatedEvent).where(SimulatedEvent.id.in_(some)))


def _to_come(session: Session, phones: Collection[str], kinds: Sequence[str]) -> list[SimulatedEvent]:
    phone = SimulatedEvent.fields["from_phone"].as_string()
    return [
        event
        for some in _slices(sorted(phones), _KEYS_PER_QUERY)
        for event in session.scalars(
            select(SimulatedEvent).where(SimulatedEvent.kind.in_(kinds), phone.in_(some))
        )
    ]


def _slices(items: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _stopped_phones(session: Session, phones: Collection[str]) -> set[str]:
    """Those of the phones whose last keyword was STOP or one of its like."""
    stopped: set[str] = set()
    for some in _slices(sorted(phones), _KEYS_PER_QUERY):
        typed = session.execute(
            select(SimulatedText.phone, SimulatedText.body)
            .where(
                SimulatedText.phone.in_(some),
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
