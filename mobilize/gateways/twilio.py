"""Twilio as a carrier of texts, through its own Python client, asynchronously.

Sending at Twilio is not idempotent, so every request is tried once and its ending is told exactly:
see `twilio_http` for how a failure before the request is told from one after it.
"""

import asyncio
import threading
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus, urlsplit

import structlog

from config import Settings, SettingsError
from mobilize.domain.delivery import (
    Accepted,
    Deferred,
    ErrorClass,
    MessageState,
    OutboundText,
    ProviderRecord,
    ReceivedRecord,
    Refused,
    SendOutcome,
    Unclear,
    state_for,
)
from mobilize.domain.errors import ProviderUnreachable
from mobilize.domain.retry import classify
from mobilize.services.ports import Clock, Done

from .courier import Courier
from .twilio_account import API, Account, error_outcome
from .twilio_http import ErrorAnswer, NoAnswer, NotSent, PooledHttpClient, json_object
from .twilio_lists import Incomplete, Reader, for_each

log = structlog.get_logger(__name__)

_MESSAGING = "https://messaging.twilio.com"

#: Seconds; Twilio's limits for ``ValidityPeriod``.
_VALIDITY_S = range(1, 36_001)
#: By default Twilio repeats a callback only when it could not connect. This asks for up to five
#: repetitions after a 5xx, a failed connection or a read timeout ("connection overrides"). The
#: fragment stays at Twilio: it is neither sent nor part of the signature.
_RETRY_CALLBACK = "#rc=5&rp=5xx,ct,rt"
#: Our id and the attempt in the callback's URL, as a form has it.
_CALLBACK_QUERY = quote_plus("?message={}&attempt={}" + _RETRY_CALLBACK, safe="{}")
#: A messaging service instead of a number.
_SERVICE = "MG"

#: A text that the provider says it has sent is more than accepted; every other word waits for a report.
_ALREADY = frozenset({MessageState.SENT, MessageState.DELIVERED})

#: How long one look at the provider's lists may take; what is not known by then counts as not known.
_LOOK_S = 60.0
#: The loop itself keeps `_LOOK_S`; this is for a loop that does not answer. Seconds.
_GRACE_S = 5.0
#: How long the numbers of a messaging service are remembered.
_REMEMBER = timedelta(hours=1)

#: What reading a list may end with.
_UNREADABLE = (NotSent, NoAnswer, ErrorAnswer, Incomplete)


class TwilioGateway:
    """Implements `SmsGateway`. It starts one thread when it is first used, and connects then.

    After `close` it may be used again. ``done`` is called in that thread and must not wait for anything.
    """

    def __init__(self, settings: Settings, account: Account, clock: Clock) -> None:
        """Raises `config.SettingsError` when Twilio could not call back to ``PUBLIC_URL``."""
        self.name = account.name
        self.senders: Sequence[str] = account.senders
        self._account = account
        self._clock = clock
        self._concurrency = settings.send_concurrency
        self._timeout_s = settings.twilio_timeout_seconds
        self._callback_url = _callback_url(settings.public_url)
        self._lock = threading.Lock()
        self._wire: _Wire | None = None
        self._numbers: tuple[datetime, tuple[str, ...]] | None = None

    def send(self, texts: Sequence[OutboundText], done: Done) -> None:
        """Hand the texts to the thread: ``SEND_CONCURRENCY`` requests run at a time, the others wait."""
        while texts and not self._open_wire().courier.take(texts, done):
            pass

    def find(self, phones: Mapping[str, datetime]) -> Mapping[str, Sequence[ProviderRecord]]:
        found: dict[str, Sequence[ProviderRecord]] = {}

        async def look(reader: Reader, phone: str) -> None:
            found[phone] = await reader.texts_to(phone, phones[phone])

        self._look(phones, look, "texts to phones")
        return dict(found)

    def fetch(self, sids: Collection[str]) -> Mapping[str, ProviderRecord]:
        found: dict[str, ProviderRecord] = {}

        async def look(reader: Reader, sid: str) -> None:
            record = await reader.text(sid)
            if record is not None:
                found[sid] = record

        self._look(sids, look, "texts by identifier")
        return dict(found)

    def received(self, since: datetime) -> Sequence[ReceivedRecord]:
        """The texts to our own numbers, oldest first. A name as sender receives nothing."""
        found: list[ReceivedRecord] = []

        async def look(reader: Reader) -> None:
            async with asyncio.timeout(_LOOK_S):
                for number in await self._own_numbers(reader):
                    # A list comes newest first. Of two texts in one second its order is all that is known.
                    found.extend(reversed(await reader.texts_from_phones(number, since)))

        try:
            ended = self._in_loop(look)
        except (*_UNREADABLE, TimeoutError) as error:
            raise ProviderUnreachable(f"{self.name} did not list the texts from phones: {error}") from error
        if not ended:
            raise ProviderUnreachable(f"{self.name} did not list the texts from phones in time")
        return sorted(found, key=lambda record: record.received_at)

    def close(self) -> None:
        with self._lock:
            wire, self._wire = self._wire, None
        if wire is not None:
            wire.courier.close()

    # Within

    def _open_wire(self) -> "_Wire":
        with self._lock:
            if self._wire is None or self._wire.courier.is_over:
                self._wire = _Wire(self._account, self._clock, self._concurrency, self._timeout_s, self._form)
            return self._wire

    def _look(
        self,
        keys: Collection[str],
        look: Callable[[Reader, str], Coroutine[Any, Any, None]],
        what: str,
    ) -> None:
        """Look for each key. Those that cannot be read are left out, and logged as one."""
        if not keys:
            return
        failures: list[Exception] = []

        async def look_at(reader: Reader) -> None:
            async def attempt(key: str) -> None:
                try:
                    await look(reader, key)
                except _UNREADABLE as error:
                    failures.append(error)

            try:
                async with asyncio.timeout(_LOOK_S):
                    await for_each(keys, attempt)
            except TimeoutError as error:
                failures.append(error)

        if not self._in_loop(look_at) or failures:
            first = str(failures[0]) if failures else "the gateway was closed"
            log.warning("no evidence to be had", provider=self.name, of=what, failed=len(failures), error=first)

    def _in_loop(self, work: Callable[[Reader], Coroutine[Any, Any, None]]) -> bool:
        wire = self._open_wire()
        return wire.courier.run(work(wire.reader), _LOOK_S + _GRACE_S)

    async def _own_numbers(self, reader: Reader) -> tuple[str, ...]:
        """The senders that can receive; those of a messaging service are asked for once an hour."""
        services = [sender for sender in self.senders if sender.startswith(_SERVICE)]
        numbers = tuple(sender for sender in self.senders if sender.lstrip("+").isdigit())
        if not services:
            return numbers
        now = self._clock.now()
        if self._numbers is None or now - self._numbers[0] >= _REMEMBER:
            asked = [number for service in services for number in await reader.numbers_of(service)]
            self._numbers = (now, tuple(asked))
        return numbers + self._numbers[1]

    def _form(self, text: OutboundText) -> bytes:
        """The form of one create request; raises `UnicodeEncodeError` for half a character."""
        sender = "MessagingServiceSid" if text.sender.startswith(_SERVICE) else "From"
        validity_s = min(max(text.validity_s, _VALIDITY_S.start), _VALIDITY_S.stop - 1)
        callback = _CALLBACK_QUERY.format(text.message_id, text.attempt)
        return (
            f"To={quote_plus(text.to)}&{sender}={_quoted(text.sender)}&Body={_quoted(text.body)}"
            f"&ValidityPeriod={validity_s}&StatusCallback={_quoted(self._callback_url)}{callback}"
        ).encode()


#: Many texts have the same body, and all have one of few senders; writing them for a form is slow.
_quoted = lru_cache(maxsize=256)(quote_plus)


class _Wire:
    """What lives as long as one courier: the client with its connections, and a reader that uses it."""

    def __init__(
        self,
        account: Account,
        clock: Clock,
        concurrency: int,
        timeout_s: float,
        form: Callable[[OutboundText], bytes],
    ) -> None:
        api = account.api_url or API
        transport = PooledHttpClient(concurrency=concurrency, timeout_s=timeout_s)
        self._client = account.client(transport)
        self._messages = f"{api}/2010-04-01/Accounts/{account.sid}/Messages.json"
        self._form = form
        self.reader = Reader(self._client, account.sid, api=api, messaging=account.api_url or _MESSAGING)
        self.courier = Courier(account.name, concurrency, clock, self._send, transport.close)

    async def _send(self, text: OutboundText) -> SendOutcome:
        """Try one text once.

        The client's lower half is used: its upper half would make an object of every answer, with all
        its dates, and the identifier and a word are all that we need (``docs/decisions/0008``).
        """
        try:
            form = self._form(text)
            answer = await self._client.request_async("POST", self._messages, data=form)
        except NotSent as error:
            return Deferred(ErrorClass.UNREACHABLE, None, str(error))
        except NoAnswer as error:
            return Unclear(str(error))
        except ErrorAnswer as error:
            return error_outcome(error, classify(error.status, error.code))
        except UnicodeEncodeError as error:
            return Refused(ErrorClass.BODY, None, f"The text cannot be written as UTF-8: {error.reason}")
        return _accepted(json_object(answer.text))


def _accepted(message: Mapping[str, Any]) -> SendOutcome:
    sid = message.get("sid")
    if not sid or not isinstance(sid, str):
        return Unclear("The provider's answer names no message.")
    state = state_for(str(message.get("status")), None)
    return Accepted(sid, state) if state in _ALREADY else Accepted(sid)


def _callback_url(public_url: str) -> str:
    if "_" in (urlsplit(public_url).hostname or ""):
        raise SettingsError(
            f"These settings are not right:\n  PUBLIC_URL has an underscore in its host name ({public_url}); "
            "Twilio does not call such a host back, so give the service a name without one"
        )
    return f"{public_url}/hooks/twilio/status"
