"""What the double remembers: texts it took, texts that reached phones, phones that said STOP."""

from __future__ import annotations

import itertools
import random
import secrets
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from .knobs import Fault, Knobs

#: Twilio's keywords, as whole texts.
STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START_WORDS = frozenset({"START", "YES", "UNSTOP"})

#: Twilio's magic numbers: a text to one is refused with this code.
MAGIC = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
#: HTTP statuses of refusals, where they are not 400.
HTTP_STATUS = {20003: 401, 20403: 403, 20404: 404, 20429: 429, 21408: 403}


class Refusal(Exception):
    """Twilio's no, with its error code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = HTTP_STATUS.get(code, 400)


@dataclass
class Text:
    """One Message resource."""

    sid: str
    to: str
    sender: str
    body: str
    status: str
    created_at: datetime
    callback: str | None
    outbound: bool = True
    error_code: int | None = None

    def as_resource(self, account: str) -> dict[str, Any]:
        return {
            "sid": self.sid,
            "account_sid": account,
            "to": self.to,
            "from": None if self.sender.startswith("MG") else self.sender,
            "messaging_service_sid": self.sender if self.sender.startswith("MG") else None,
            "body": self.body,
            "status": self.status,
            "direction": "outbound-api" if self.outbound else "inbound",
            "error_code": self.error_code,
            "error_message": None,
            "num_segments": "0" if self.sender.startswith("MG") else "1",
            "date_created": format_datetime(self.created_at),
            "date_updated": format_datetime(self.created_at),
            "date_sent": None,
            "api_version": "2010-04-01",
            "uri": f"/2010-04-01/Accounts/{account}/Messages/{self.sid}.json",
        }


@dataclass
class Carrier:
    """The state behind the HTTP double; knows nothing of HTTP."""

    knobs: Knobs = field(default_factory=Knobs)
    texts: dict[str, Text] = field(default_factory=dict)
    #: Every text that reached a phone, in order. A text sent twice is here twice.
    ledger: list[dict[str, Any]] = field(default_factory=list)
    #: The form of every create request, whatever became of it.
    requests: list[dict[str, str]] = field(default_factory=list)
    stopped: set[str] = field(default_factory=set)
    _by_phone: defaultdict[str, list[Text]] = field(default_factory=lambda: defaultdict(list))
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _random: random.Random = field(default_factory=lambda: random.Random(1))

    def now(self) -> datetime:
        return datetime.fromisoformat(self.knobs.now) if self.knobs.now else datetime.now(UTC)

    def next_fault(self) -> Fault | None:
        """The fault that hits this request, if one does."""
        knobs = self.knobs
        if knobs.fault is None or knobs.fault_times == 0 or self._random.random() >= knobs.fault_share:
            return None
        if knobs.fault_times is not None:
            knobs.fault_times -= 1
        return knobs.fault

    def take(self, form: Mapping[str, str]) -> Text:
        """Accept a text, or raise `Refusal`. Taken is as good as arrived, unless the knobs say otherwise."""
        check(form)
        to = form["To"]
        code = self.knobs.refusals.get(to) or MAGIC.get(to) or (21610 if to in self.stopped else None)
        if code:
            raise Refusal(code, f"refused by the double for {to}")
        sender = form.get("MessagingServiceSid") or form["From"]
        text = Text(
            sid=self._new_sid(),
            to=to,
            sender=sender,
            body=form["Body"],
            status="accepted" if sender.startswith("MG") else "queued",
            created_at=self.now(),
            callback=form.get("StatusCallback"),
        )
        self._keep(text)
        if to not in self.knobs.undeliverable:
            self.ledger.append({"sid": text.sid, "to": to, "from": sender, "body": text.body})
        return text

    def receive(self, sender: str, to: str, body: str) -> Text:
        """A text typed on a phone. Keywords work as at Twilio, and are passed on all the same."""
        word = body.strip().upper()
        if word in STOP_WORDS:
            self.stopped.add(sender)
        elif word in START_WORDS:
            self.stopped.discard(sender)
        text = Text(self._new_sid(), to, sender, body, "received", self.now(), None, outbound=False)
        self._keep(text)
        return text

    def fates(self, text: Text) -> list[tuple[str, int | None]]:
        """The statuses that a text will take after it was accepted, with their error codes."""
        code = self.knobs.undeliverable.get(text.to)
        if code:
            return [("sent", None), ("undelivered", code)]
        return [(status, None) for status in self.knobs.statuses]

    def texts_to(self, to: str | None) -> list[Text]:
        """Newest first; all of them without a phone."""
        found = self._by_phone[to] if to else list(self.texts.values())
        return found[::-1]

    def _keep(self, text: Text) -> None:
        self.texts[text.sid] = text
        self._by_phone[text.to].append(text)

    def _new_sid(self) -> str:
        return f"SM{next(self._numbers):08x}{secrets.token_hex(12)}"


def check(form: Mapping[str, str]) -> None:
    """Refuse a request that does not follow Twilio's reference, or that is not what we mean to send."""
    to, body = form.get("To", ""), form.get("Body", "")
    if not to:
        raise Refusal(21604, "A 'To' phone number is required.")
    if not (to.startswith("+") and to[1:].isdigit() and 8 <= len(to) <= 16):
        raise Refusal(21211, f"Invalid 'To' phone number: {to}")
    if not body:
        raise Refusal(21602, "Message body is required.")
    if len(body) > 1600:
        raise Refusal(21617, "The message body exceeds 1600 characters.")
    if bool(form.get("From")) == bool(form.get("MessagingServiceSid")):
        raise Refusal(21603, "Exactly one of 'From' and 'MessagingServiceSid' is expected.")
    if not 1 <= int(form.get("ValidityPeriod", "36000")) <= 36_000:
        raise Refusal(20001, "'ValidityPeriod' must be between 1 and 36000.")
    callback = urlsplit(form.get("StatusCallback", "http://none"))
    if callback.scheme not in ("http", "https") or not callback.hostname or "_" in callback.hostname:
        raise Refusal(21609, "The 'StatusCallback' URL is not valid.")
