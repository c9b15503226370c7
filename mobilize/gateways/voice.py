"""Twilio as a carrier of calls, through its own Python client.

Creating a call is not idempotent, so a request is tried once and its ending is told exactly, by the same
transport as for texts. Calls start one a second: a connection for each costs less than a thread that
keeps one open, so every request has a short loop of its own.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import structlog
from twilio.http.response import Response

from config import Settings
from mobilize.domain.calling import CallOutcome, CallRecord, OutboundCall, Placed, Turn, classify_call
from mobilize.domain.delivery import Deferred, ErrorClass, Unclear
from mobilize.services.ports import Clock

from . import twiml
from .twilio_account import API, Account, error_outcome
from .twilio_http import (
    Departure,
    ErrorAnswer,
    NoAnswer,
    NotSent,
    PooledHttpClient,
    TooLate,
    departure_of_task,
    json_object,
)
from .twilio_lists import time_of

log = structlog.get_logger(__name__)

#: The steps of a call that are reported to us; without the list, only its end is.
_EVENTS = ("initiated", "ringing", "answered", "completed")
#: As with texts: a report is brought again after a 5xx, a failed connection or a read timeout.
_REPEAT = "#rc=5&rp=5xx,ct,rt"
#: Calls to one phone that are read; more of them since an instant would not be known whole.
_PAGE = 50
#: What a request that changes nothing may end with.
_UNREADABLE = (NotSent, NoAnswer, ErrorAnswer)


class TwilioVoiceGateway:
    """Implements `VoiceGateway`. Connects when it is used."""

    def __init__(self, settings: Settings, account: Account, clock: Clock) -> None:
        self.name = account.name
        self.sender = settings.voice_from or ""
        self._account = account
        self._clock = clock
        self._public_url = settings.public_url
        self._timeout_s = settings.twilio_timeout_seconds
        self._calls = f"{account.api_url or API}/2010-04-01/Accounts/{account.sid}/Calls"

    def place(self, call: OutboundCall) -> CallOutcome:
        departure = Departure(self._clock, call.leave_by)
        try:
            departure.check()
            answer = self._request("POST", f"{self._calls}.json", form=self._form(call), departure=departure)
        except TooLate as error:
            return Deferred(ErrorClass.NOT_PROCESSED, None, str(error))
        except NotSent as error:
            return Deferred(ErrorClass.UNREACHABLE, None, str(error))
        except NoAnswer as error:
            return Unclear(str(error))
        except ErrorAnswer as error:
            return error_outcome(error, classify_call(error.status, error.code))
        sid = json_object(answer.text).get("sid")
        if not sid or not isinstance(sid, str):
            return Unclear("The provider's answer names no call.")
        return Placed(sid)

    def take_back(self, sid: str) -> bool:
        """At Twilio ``canceled`` ends calls that wait or ring, and leaves alone those that were picked up."""
        try:
            self._request("POST", f"{self._calls}/{sid}.json", form=[("Status", "canceled")])
        except _UNREADABLE as error:
            log.info("a call was not taken back", provider=self.name, sid=sid, error=str(error))
            return False
        return True

    def find(self, phone: str, since: datetime) -> list[CallRecord] | None:
        """A call that has not begun has no time by which Twilio could filter, so the newest are read."""
        earliest = since.replace(microsecond=0)  # Twilio tells whole seconds
        try:
            answer = self._request("GET", f"{self._calls}.json", params={"To": phone, "PageSize": str(_PAGE)})
        except _UNREADABLE as error:
            log.warning("no evidence to be had", provider=self.name, of="calls to a phone", error=str(error))
            return None
        lines = json_object(answer.text).get("calls")
        if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
            return None
        records = [_record(line, since) for line in lines]
        recent = [record for record in records if record is not None and record.created_at >= earliest]
        if None in records or len(recent) >= _PAGE:
            return None
        return recent

    def fetch(self, sid: str) -> CallRecord | None:
        try:
            answer = self._request("GET", f"{self._calls}/{sid}.json")
        except _UNREADABLE as error:
            log.warning("no evidence to be had", provider=self.name, of="a call", sid=sid, error=str(error))
            return None
        return _record(json_object(answer.text), datetime.now(UTC))

    def _form(self, call: OutboundCall) -> list[tuple[str, str]]:
        return [
            ("To", call.to),
            ("From", self.sender),
            ("Twiml", twiml.ask(call.speech, self._public_url, call.call_id, Turn())),
            ("Timeout", str(call.ring_s)),
            ("TimeLimit", str(call.longest_s)),
            ("StatusCallback", f"{self._public_url}/hooks/twilio/voice/status?call={call.call_id}{_REPEAT}"),
            ("StatusCallbackMethod", "POST"),
            *(("StatusCallbackEvent", event) for event in _EVENTS),
        ]

    def _request(
        self,
        method: str,
        url: str,
        *,
        form: list[tuple[str, str]] | None = None,
        params: Mapping[str, str] | None = None,
        departure: Departure | None = None,
    ) -> Response:
        """One request, tried once. Raises what `PooledHttpClient.request` raises."""

        async def work() -> Response:
            departure_of_task.set(departure)
            transport = PooledHttpClient(concurrency=1, timeout_s=self._timeout_s)
            client = self._account.client(transport)
            data = urlencode(form).encode() if form is not None else None
            try:
                return await client.request_async(method, url, params=params, data=data)
            finally:
                await transport.close()

        # In a thread of its own: whoever asks may have a running loop in theirs.
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="voice") as own:
            return own.submit(lambda: asyncio.run(work())).result()


def _record(line: Mapping[str, Any], otherwise: datetime) -> CallRecord | None:
    """A Call resource; ``None`` if it is not one."""
    sid, to, status, duration = (line.get(name) for name in ("sid", "to", "status", "duration"))
    if not (isinstance(sid, str) and isinstance(to, str) and isinstance(status, str)):
        return None
    seconds = int(duration) if isinstance(duration, str | int) and str(duration).isdecimal() else None
    return CallRecord(sid, to, status, seconds, time_of(line, "date_created") or otherwise)
