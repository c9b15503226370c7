"""A gateway that does what a test tells it, and short words for what tests of sending do all the time."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from mobilize.domain.delivery import (
    Accepted,
    OutboundText,
    ProviderRecord,
    ReceivedRecord,
    SendOutcome,
)
from mobilize.domain.errors import ProviderUnreachable
from mobilize.domain.vocabulary import MessageKind
from mobilize.extensions import db
from mobilize.models import Message, MessageEvent, StatusCallback, Volunteer
from mobilize.services import outbox, receipts
from mobilize.services.ports import Done
from mobilize.services.runtime import now, runtime

#: A short code: 100 segments a second.
SENDER = "77777"


class Script:
    """Implements `SmsGateway`. Answers at once, with what ``answer`` says, unless it is told to hold."""

    def __init__(self, name: str = "script", senders: Sequence[str] = (SENDER,)) -> None:
        self.name = name
        self.senders = senders
        #: Every text that it was asked to send, in order.
        self.given: list[OutboundText] = []
        self.answer: Callable[[OutboundText], SendOutcome] = taken
        #: Keep texts under way until `release`.
        self.holding = False
        self.held: list[tuple[OutboundText, Done]] = []
        #: What its list shows; phones of which it can give no complete list; and whether it can be reached.
        self.records: list[ProviderRecord] = []
        self.unlisted: set[str] = set()
        self.unreachable = False
        self.typed: list[ReceivedRecord] = []
        #: The identifiers that it was asked about, and the instants from which it was asked for answers.
        self.fetched: list[str] = []
        self.swept: list[datetime] = []

    def send(self, texts: Sequence[OutboundText], done: Done) -> None:
        for text in texts:
            self.given.append(text)
            if self.holding:
                self.held.append((text, done))
            else:
                done(text, self.answer(text))

    def release(self) -> None:
        """Answer the texts that are held."""
        held, self.held = self.held, []
        for text, done in held:
            done(text, self.answer(text))

    def find(self, phones: Mapping[str, datetime]) -> dict[str, list[ProviderRecord]]:
        if self.unreachable:
            return {}
        return {
            to: [r for r in self.records if r.to == to and r.created_at >= since]
            for to, since in phones.items()
            if to not in self.unlisted
        }

    def fetch(self, sids: Collection[str]) -> dict[str, ProviderRecord]:
        self.fetched += sids
        return {} if self.unreachable else {r.sid: r for r in self.records if r.sid in sids}

    def received(self, since: datetime) -> list[ReceivedRecord]:
        self.swept.append(since)
        if self.unreachable:
            raise ProviderUnreachable("no answer")
        return [text for text in self.typed if text.received_at >= since]

    def close(self) -> None:
        """Nothing is open."""

    def phones(self) -> list[str]:
        """The phones that it was asked to send to, in order."""
        return [text.to for text in self.given]

    def lists(self, message: Message, sid: str, status: str = "sent", code: int | None = None) -> None:
        """Let its list show a text."""
        self.records.append(
            ProviderRecord(sid, message.to_phone, message.body, status, code, runtime().clock.now())
        )


def taken(text: OutboundText) -> Accepted:
    return Accepted(sid_of(text.message_id, text.attempt))


def sid_of(message_id: int, attempt: int = 1) -> str:
    """The identifier that a `Script` gives to an attempt."""
    return f"SM{message_id}.{attempt}"


def use(*gateways: Script) -> None:
    """Let the service send by these, in this order."""
    runtime().gateways = gateways


def the_text() -> Message:
    """The only call-out there is, as it is stored now."""
    db.session.expire_all()
    return db.session.scalars(select(Message).where(Message.kind == MessageKind.CALLOUT)).one()


def texts() -> list[Message]:
    """All texts, as they are stored now."""
    db.session.expire_all()
    return list(db.session.scalars(select(Message).order_by(Message.id)))


def steps(message_id: int) -> list[str]:
    """A text's states after each step, with the causes: ``sending by claim``."""
    events = db.session.scalars(
        select(MessageEvent).where(MessageEvent.message_id == message_id).order_by(MessageEvent.id)
    )
    return [f"{event.to_state} by {event.cause}" for event in events]


def report(
    message: Message, status: str, *, attempt: int = 1, sid: str | None = None, code: int | None = None
) -> None:
    """A callback about a text comes in, and is applied."""
    keep(message, status, attempt=attempt, sid=sid, code=code)
    receipts.apply_pending()


def keep(
    message: Message, status: str, *, attempt: int = 1, sid: str | None = None, code: int | None = None
) -> None:
    """A callback about a text comes in."""
    sid = sid or sid_of(message.id, attempt)
    receipts.keep([receipts.Report(sid, status, code, message.id, attempt, message.to_phone)])
    db.session.commit()


def notes() -> list[str | None]:
    """What was noted of each report, in the order in which they came."""
    return list(db.session.scalars(select(StatusCallback.outcome).order_by(StatusCallback.id)))


def queue(
    volunteer: Volunteer,
    count: int = 1,
    *,
    name: str = "text",
    phone: str | None = None,
    body: str = "Come.",
    priority: outbox.Priority = outbox.Priority.CALLOUT,
    minutes: float = 60,
) -> list[int]:
    """Queue texts that belong to no callout, to one phone or to as many phones as texts."""
    at = now()
    outbox.enqueue(
        [
            outbox.row(
                volunteer.id,
                phone or f"+35569300{number:04d}",
                body,
                kind=MessageKind.NOTICE,
                key=f"{name}:{number}",
                priority=priority,
                rank=number,
                expires_at=at + timedelta(minutes=minutes),
                at=at,
            )
            for number in range(1, count + 1)
        ]
    )
    db.session.commit()
    found = db.session.scalars(
        select(Message.id).where(Message.idempotency_key.startswith(f"{name}:")).order_by(Message.id)
    ).all()
    db.session.commit()
    return list(found)
