"""The double's calls: phones that ring, people and mailboxes that take them, and what they hear."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

from .carrier import Carrier, rfc2822
from .chance import hits
from .rules import MAGIC, Refusal
from .webhooks import Webhooks

_LONGEST_TWIML = 4000
#: Questions that a person is asked at most; a service that never says goodbye fails its test.
_MOST_QUESTIONS = 20
_ENDED = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})


@dataclass(slots=True)
class Call:
    """One Call resource."""

    sid: str
    to: str
    sender: str
    twiml: str
    callback: str | None
    events: frozenset[str]
    created_at: datetime
    status: str = "queued"
    duration_s: int | None = None
    #: Everything that was said, and the keys that were pressed.
    heard: list[str] = field(default_factory=list)
    pressed: list[str] = field(default_factory=list)
    #: Set when it is taken back, or ends.
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def as_resource(self, account: str) -> dict[str, Any]:
        created = rfc2822(self.created_at.replace(microsecond=0))
        return {
            "sid": self.sid,
            "account_sid": account,
            "to": self.to,
            "from": self.sender,
            "status": self.status,
            "direction": "outbound-api",
            "duration": None if self.duration_s is None else str(self.duration_s),
            "answered_by": None,
            "date_created": created,
            "date_updated": created,
            "start_time": None if self.status == "queued" else created,
            "price": None,
            "uri": f"/2010-04-01/Accounts/{account}/Calls/{self.sid}.json",
        }

    def as_heard(self) -> dict[str, Any]:
        return {
            "sid": self.sid,
            "to": self.to,
            "status": self.status,
            "heard": self.heard,
            "pressed": self.pressed,
        }


class Calls:
    """Calls that the double took, and the phones that they ring at."""

    def __init__(self, carrier: Carrier, webhooks: Webhooks, account: str) -> None:
        self._carrier, self._webhooks, self._account = carrier, webhooks, account
        self.calls: dict[str, Call] = {}
        #: The form of every request for a call, whatever became of it.
        self.requests: list[Mapping[str, str]] = []
        self._times: Counter[str] = Counter()
        self._by_phone: defaultdict[str, list[Call]] = defaultdict(list)

    def take(self, form: Mapping[str, str], events: frozenset[str]) -> Call:
        """Accept a call and let it ring, or raise `Refusal`."""
        knobs, to, sender = self._carrier.knobs, form.get("To", ""), form.get("From", "")
        if not (to.startswith("+") and to[1:].isdigit() and 8 <= len(to) <= 16):
            raise Refusal(21211, f"Invalid 'To' Phone Number: {to}")
        if not sender or (knobs.numbers is not None and sender not in knobs.numbers):
            raise Refusal(21210, f"The source phone number {sender} is not verified.")
        if to.startswith(tuple(knobs.voice_regions_denied)):
            raise Refusal(21215, f"Account not authorized to call {to}.")
        code = knobs.voice_refusals.get(to) or MAGIC.get(to)
        if code:
            raise Refusal(code, f"refused by the double for {to}")
        _check(form)
        call = Call(
            sid=f"CA{secrets.token_hex(16)}",
            to=to,
            sender=sender,
            twiml=form["Twiml"],
            callback=form.get("StatusCallback"),
            events=events,
            created_at=self._carrier.now(),
        )
        self.calls[call.sid] = call
        self._by_phone[to].append(call)
        self._times[to] += 1
        self._webhooks.begin(self._play(call, self._fate(call)))
        return call

    def change(self, sid: str, form: Mapping[str, str]) -> Call:
        """Twilio's ``canceled`` ends a call that waits or rings and leaves any other as it is."""
        call = self.find(sid)
        if form.get("Status") != "canceled":
            raise Refusal(20001, "The double knows no other change than Status=canceled.")
        if call.status in _ENDED:
            raise Refusal(21220, "Call is not in-progress. Cannot redirect.")
        if call.status in {"queued", "initiated", "ringing"}:
            call.status = "canceled"
            call.over.set()
        return call

    def find(self, sid: str) -> Call:
        if sid not in self.calls:
            raise Refusal(20404, f"The requested resource /Calls/{sid}.json was not found")
        return self.calls[sid]

    def page(self, query: Mapping[str, str]) -> dict[str, Any]:
        """The newest calls; the double has one page only."""
        to, size = query.get("To"), int(query.get("PageSize", "50"))
        calls = self._by_phone.get(to, []) if to else list(self.calls.values())
        return {
            "calls": [call.as_resource(self._account) for call in reversed(calls[-size:])],
            "next_page_uri": None,
            "page": 0,
            "page_size": size,
        }

    def _fate(self, call: Call) -> str:
        """What becomes of this call: the phone's fates are taken in turn, the last one stays."""
        fates = self._carrier.knobs.voice_fates.get(call.to) or [self._carrier.knobs.voice_fate]
        return fates[min(self._times[call.to], len(fates)) - 1]

    async def _play(self, call: Call, fate: str) -> None:
        knobs = self._carrier.knobs
        await asyncio.sleep(knobs.callback_delay_s)
        await self._becomes(call, "initiated")
        await self._becomes(call, "ringing")
        if fate == "rings" or knobs.voice_ring_s:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(call.over.wait(), None if fate == "rings" else knobs.voice_ring_s)
        if call.status == "canceled":
            await self._report(call)
            return
        word, _, keys = fate.partition(":")
        if word in {"busy", "no-answer", "failed"}:
            await self._becomes(call, word)
            return
        await self._becomes(call, "in-progress")
        if word == "answer":
            await self._talk(call, [key for key in keys.split(",") if key])
        else:  # a mailbox: it hears everything and presses nothing
            await self._talk(call, [])
        call.duration_s = knobs.voice_talk_seconds
        await self._becomes(call, "completed")

    async def _talk(self, call: Call, keys: list[str]) -> None:
        """Hear what is said, and press a key each time something is asked, as long as there are keys."""
        document = call.twiml
        for _ in range(_MOST_QUESTIONS):
            response = _parsed(document)
            call.heard.append(" ".join(say.text or "" for say in response.iter("Say")))
            gather = response.find("Gather")
            if gather is None:
                return
            key = keys.pop(0) if keys else ""
            call.pressed.append(key)
            form = self._form(call) | {"Digits": key, "FinishedOnKey": "", "msg": "Gather End"}
            answer = await self._webhooks.ask(gather.attrib["action"], form)
            if answer is None:
                return
            document = answer

    async def _becomes(self, call: Call, status: str) -> None:
        if call.status == "canceled":
            return
        call.status = status
        await self._report(call)

    async def _report(self, call: Call) -> None:
        event = {"in-progress": "answered"}.get(call.status, call.status)
        event = "completed" if call.status in _ENDED else event
        knobs = self._carrier.knobs
        if not call.callback or not knobs.callbacks or event not in call.events:
            return
        if hits(knobs.callbacks_lost, knobs.seed, "lost", call.to, call.status):
            return
        await self._webhooks.ask(call.callback, self._form(call))

    def _form(self, call: Call) -> dict[str, str]:
        form = {
            "AccountSid": self._account,
            "ApiVersion": "2010-04-01",
            "CallSid": call.sid,
            "CallStatus": call.status,
            "Direction": "outbound-api",
            "From": call.sender,
            "To": call.to,
            "Called": call.to,
            "Caller": call.sender,
        }
        return form | ({"CallDuration": str(call.duration_s or 0)} if call.status in _ENDED else {})


def _check(form: Mapping[str, str]) -> None:
    twiml = form.get("Twiml", "")
    if not twiml:
        raise Refusal(21205, "Url parameter is required.")
    if len(twiml) > _LONGEST_TWIML:
        raise Refusal(21623, "Twiml exceeds 4000 characters.")
    try:
        _parsed(twiml)
    except ElementTree.ParseError as error:
        raise Refusal(12100, f"Document parse failure: {error}") from None
    if not (form.get("Timeout", "60").isdecimal() and int(form.get("Timeout", "60")) <= 600):
        raise Refusal(20001, "'Timeout' must be between 1 and 600.")


def _parsed(document: str) -> ElementTree.Element:
    return ElementTree.fromstring(document)  # noqa: S314 - it is our own
