"""The double as a caller of webhooks: signed, and repeated as the URL's fragment asks."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any
from urllib.parse import parse_qs, urldefrag

import aiohttp

from .carrier import Carrier, Text
from .signature import sign

#: Twilio gives up on a webhook after this long; seconds.
_TIMEOUT_S = 15.0
_PAUSE_BETWEEN_TRIES_S = 0.05


class Webhooks:
    """Calls back in the background; `pending` counts what is not done yet."""

    def __init__(self, carrier: Carrier, account: str, token: str) -> None:
        self._carrier = carrier
        self._account = account
        self._token = token
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        #: Every call: URL, form and the HTTP status of the answer (0 for none).
        self.calls: list[dict[str, Any]] = []

    @property
    def pending(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def report(self, text: Text) -> None:
        """Let a text go through its fates, and report each."""
        knobs = self._carrier.knobs
        for status, code in self._carrier.fates(text):
            await asyncio.sleep(knobs.callback_delay_s)
            text.status, text.error_code = status, code
            if text.callback and knobs.callbacks:
                for _ in range(knobs.callback_copies):
                    await self._post(text.callback, self._status_form(text))

    async def deliver(self, text: Text) -> int:
        """Post a text from a phone to the sender's webhook; returns the answer's HTTP status, or 0."""
        url = self._carrier.knobs.inbound_url
        return await self._post(url, self._inbound_form(text)) if url else 0

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        if self._session:
            await self._session.close()

    async def _post(self, url: str, form: Mapping[str, str]) -> int:
        """Call, and repeat after what ``rp`` lists, ``rc`` times at most (Twilio's connection overrides)."""
        address, fragment = urldefrag(url)
        overrides = parse_qs(fragment)
        policy = set(overrides.get("rp", ["ct"])[0].split(","))
        status = 0
        for _ in range(1 + int(overrides.get("rc", ["1"])[0])):
            status, ending = await self._try(address, form)
            self.calls.append({"url": address, "form": dict(form), "status": status})
            if ending not in policy and not (ending and "all" in policy):
                break
            await asyncio.sleep(_PAUSE_BETWEEN_TRIES_S)
        return status

    async def _try(self, url: str, form: Mapping[str, str]) -> tuple[int, str | None]:
        """One call: the answer's status, and what went wrong in ``rp``'s words."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S))
        headers = {"X-Twilio-Signature": sign(self._token, url, form)}
        try:
            async with self._session.post(url, data=form, headers=headers) as answer:
                await answer.read()
        except aiohttp.ClientConnectorError:
            return 0, "ct"
        except (TimeoutError, aiohttp.ClientError):
            return 0, "rt"
        return answer.status, f"{answer.status // 100}xx" if answer.status >= 400 else None

    def _status_form(self, text: Text) -> dict[str, str]:
        form = {
            "AccountSid": self._account,
            "ApiVersion": "2010-04-01",
            "ChannelPrefix": "",
            "From": text.sender,
            "MessageSid": text.sid,
            "MessageStatus": text.status,
            "SmsSid": text.sid,
            "SmsStatus": text.status,
            "To": text.to,
        }
        if text.error_code:
            form["ErrorCode"] = str(text.error_code)
        return form

    def _inbound_form(self, text: Text) -> dict[str, str]:
        return {
            "AccountSid": self._account,
            "ApiVersion": "2010-04-01",
            "Body": text.body,
            "From": text.sender,
            "FromCity": "",
            "FromCountry": "AL",
            "MessageSid": text.sid,
            "NumMedia": "0",
            "NumSegments": "1",
            "SmsMessageSid": text.sid,
            "SmsSid": text.sid,
            "SmsStatus": "received",
            "To": text.to,
            "ToState": "",
        }
