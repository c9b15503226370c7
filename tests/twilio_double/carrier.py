"""What the double remembers: texts it took, texts that reached phones, phones that said STOP."""

from __future__ import annotations

import secrets
import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

from .chance import chance, hits
from .knobs import Fault, Knobs, Shares
from .rules import Refusal, check, permit

#: Twilio's keywords, as whole texts.
STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START_WORDS = frozenset({"START", "YES", "UNSTOP"})

_QUEUE_OVERFLOW = 30001
#: A text that ends with one of these never left Twilio; with any other the carrier did not deliver it.
_NEVER_LEFT = frozenset({_QUEUE_OVERFLOW, 30002, 30036, 30410})


@dataclass(slots=True)
class Text:
    """One Message resource."""

    sid: str
    #: Texts are numbered in the order in which they came.
    serial: int
    to: str
    #: The number it goes out from; of a service whose numbers are not known, the service.
    sender: str
    service: str | None
    body: str
    status: str
    created_at: datetime
    callback: str | None
    outbound: bool
    #: How often this body had been asked for to this phone, this time included.
    nth: int
    #: The error that it will end with.
    doom: int | None = None
    error_code: int | None = None
    sent_at: datetime | None = None

    def becomes(self, status: str, error_code: int | None, at: datetime) -> None:
        self.status, self.error_code = status, error_code
        if status in {"sent", "delivered", "undelivered"} and self.sent_at is None:
            self.sent_at = at

    def as_resource(self, account: str) -> dict[str, Any]:
        created = rfc2822(self.created_at.replace(microsecond=0))
        undecided = self.sender.startswith("MG") or self.status == "accepted"
        return {
            "sid": self.sid,
            "account_sid": account,
            "to": self.to,
            "from": None if undecided else self.sender,
            "messaging_service_sid": self.service,
            "body": self.body,
            "status": self.status,
            "direction": "outbound-api" if self.outbound else "inbound",
            "error_code": self.error_code,
            "error_message": None,
            "num_segments": "0" if self.service else "1",
            "num_media": "0",
            "price": None,
            "price_unit": "USD",
            "date_created": created,
            "date_updated": created,
            "date_sent": rfc2822(self.sent_at.replace(microsecond=0)) if self.sent_at else None,
            "api_version": "2010-04-01",
            "uri": f"/2010-04-01/Accounts/{account}/Messages/{self.sid}.json",
        }

    def as_arrival(self) -> dict[str, str]:
        return {"sid": self.sid, "to": self.to, "from": self.sender, "body": self.body}


@lru_cache(maxsize=4096)
def rfc2822(when: datetime) -> str:
    return format_datetime(when)


@dataclass
class Carrier:
    """The state behind the HTTP double; knows nothing of HTTP."""

    knobs: Knobs = field(default_factory=Knobs)
    #: By SID, in the order in which they came.
    texts: dict[str, Text] = field(default_factory=dict)
    #: Every text that reached a phone, in order. A text sent twice is here twice.
    ledger: list[Text] = field(default_factory=list)
    #: The form of every create request, whatever became of it.
    requests: list[Mapping[str, str]] = field(default_factory=list)
    #: Phone -> the numbers that it said STOP to.
    stopped: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _by_phone: defaultdict[str, list[Text]] = field(default_factory=lambda: defaultdict(list))
    _asked: Counter[tuple[str, ...]] = field(default_factory=Counter)
    _run: str = field(default_factory=lambda: secrets.token_hex(12))

    def now(self) -> datetime:
        return datetime.fromisoformat(self.knobs.now) if self.knobs.now else datetime.now(UTC)

    def asked(self, *what: str) -> int:
        """Count a request for the same thing; returns how many there were with this one."""
        self._asked[what] += 1
        return self._asked[what]

    def fault_of_create(self, form: Mapping[str, str], nth: int) -> Fault | None:
        """The fault that hits this create request, if one does."""
        knobs = self.knobs
        if not knobs.faults or knobs.fault_times == 0:
            return None
        fault = _draw(knobs.faults, chance(knobs.seed, "create", form.get("To"), form.get("Body"), nth))
        if fault and knobs.fault_times is not None:
            knobs.fault_times -= 1
        return fault

    def fault_of_reading(self, url: str) -> Fault | None:
        """The fault that hits this reading request, if one does."""
        if not self.knobs.list_faults:
            return None
        return _draw(self.knobs.list_faults, chance(self.knobs.seed, "read", url, self.asked(url)))

    def take(self, form: Mapping[str, str], nth: int = 1) -> Text:
        """Accept a text, or raise `Refusal`. Taken is as good as arrived, unless the knobs say otherwise."""
        check(form)
        to, service = form["To"], form.get("MessagingServiceSid") or None
        sender = service or form["From"]
        permit(self.knobs, sender, to)
        if self._has_stopped(to, sender):
            raise Refusal(21610, f"Attempt to send to unsubscribed recipient {to}")
        pool = self.knobs.services.get(sender)
        text = Text(
            sid=self._next_sid(),
            serial=len(self.texts),
            to=to,
            sender=pool[zlib.crc32(to.encode()) % len(pool)] if pool else sender,
            service=service,
            body=form["Body"],
            status="accepted" if service else "queued",
            created_at=self.now(),
            callback=form.get("StatusCallback"),
            outbound=True,
            nth=nth,
            doom=self._doom(form, nth),
        )
        self._keep(text)
        if text.doom is None:
            self.ledger.append(text)
        return text

    def receive(self, phone: str, to: str, body: str) -> Text:
        """A text typed on a phone. Keywords work as at Twilio, and are passed on all the same."""
        word = body.strip().upper()
        if word in STOP_WORDS:
            self.stopped[phone] |= self._pool_of(to)
        elif word in START_WORDS:
            self.stopped[phone] -= self._pool_of(to)
        now = self.now()
        text = Text(
            sid=self._next_sid(),
            serial=len(self.texts),
            to=to,
            sender=phone,
            service=None,
            body=body,
            status="received",
            created_at=now,
            callback=None,
            outbound=False,
            nth=self.asked("typed", phone, body),
            sent_at=now,
        )
        self._keep(text)
        return text

    def fates(self, text: Text) -> list[tuple[str, int | None]]:
        """The statuses that a text will take after it was accepted, with their error codes."""
        if text.doom is None:
            return [(status, None) for status in self.knobs.statuses]
        if text.doom in _NEVER_LEFT:
            return [("failed", text.doom)]
        return [("sent", None), ("undelivered", text.doom)]

    def texts_to(self, to: str | None) -> list[Text]:
        """In the order in which they came; all of them without a phone."""
        return self._by_phone.get(to, []) if to else list(self.texts.values())

    def _doom(self, form: Mapping[str, str], nth: int) -> int | None:
        knobs = self.knobs
        if hits(knobs.overflow_share, knobs.seed, "overflow", form["To"], form["Body"], nth):
            return _QUEUE_OVERFLOW
        return knobs.undeliverable.get(form["To"])

    def _has_stopped(self, phone: str, sender: str) -> bool:
        """An opt-out is for one number; within a service, for all numbers of the service."""
        numbers = self.stopped.get(phone)
        if not numbers:
            return False
        if sender.startswith("MG"):
            pool = self.knobs.services.get(sender)
            return pool is None or not numbers.isdisjoint(pool)
        return sender in numbers

    def _pool_of(self, number: str) -> set[str]:
        for pool in self.knobs.services.values():
            if number in pool:
                return set(pool)
        return {number}

    def _keep(self, text: Text) -> None:
        self.texts[text.sid] = text
        self._by_phone[text.to].append(text)

    def _next_sid(self) -> str:
        return f"SM{self._run}{len(self.texts):08x}"


def _draw(shares: Shares, drawn: float) -> Fault | None:
    for fault, share in shares.items():
        if drawn < share:
            return fault
        drawn -= share
    return None
