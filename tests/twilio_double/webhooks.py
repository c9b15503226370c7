"""The double as a caller of webhooks: signed, and repeated as the URL's fragment asks."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Mapping
from typing import Any
from urllib.parse import parse_qs, urldefrag, urlencode

import aiohttp

from .carrier import Carrier, Text
from .chance import chance, hits
from .signature import sign

#: Twilio gives up on a webhook after this long; seconds.
_TIMEOUT_S = 15.0
#: Webhooks under way at once; more than this wait for their turn.
_AT_ONCE = 100
#: A create request waits for its early callbacks at most this long; seconds.
_EARLY_S = 2.0


class Webhooks:
    """Calls back in the background; `pending` counts what is not done yet."""

    def __init__(self, carrier: Carrier, account: str, token: str) -> None:
        self._carrier = carrier
        self._account = account
        self._token = token
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._turn = asyncio.Semaphore(_AT_ONCE)
        #: Every call: URL, form and the HTTP status of the answer (0 for none).
        self.calls: list[dict[str, Any]] = []
        #: What happened to callbacks and to texts from phones, by name.
        self.counts: Counter[str] = Counter()

    @property
    def pending(self) -> int:
        return len(self._tasks)

    async def follow(self, text: Text) -> None:
        """Let a text go through its fates. Returns at once, or after the callbacks if they are early."""
        knobs = self._carrier.knobs
        if not knobs.callback_delay_s and not (text.callback and knobs.callbacks):
            for status, code in self._carrier.fates(text):
                text.becomes(status, code, self._carrier.now())
            return
        task = asyncio.create_task(self._report(text))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self._hits(knobs.callbacks_early, "early", text):
            self.counts["early"] += 1
            await asyncio.wait({task}, timeout=_EARLY_S)

    async def deliver(self, text: Text) -> int:
        """Post a text from a phone to the sender's webhook; returns the answer's HTTP status, or 0."""
        url = self._carrier.knobs.inbound_url
        if not url:
            return 0
        if self._hits(self._carrier.knobs.inbound_lost, "inbound", text):
            self.counts["inbound_lost"] += 1
            return 0
        self.counts["inbound"] += 1
        return await self._post(url, self._inbound_form(text))

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in the background that calls webhooks."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def ask(self, url: str, form: Mapping[str, str]) -> str | None:
        """Post a form and read the answer's body; ``None`` when it could not be had."""
        status, body = await self._post_and_read(url, form)
        return body if 200 <= status < 300 else None

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    def _hits(self, share: float, what: str, text: Text, *more: str) -> bool:
        return hits(share, self._carrier.knobs.seed, what, text.to, text.body, text.nth, *more)

    async def _report(self, text: Text) -> None:
        knobs = self._carrier.knobs
        fates = self._carrier.fates(text)
        reordered = len(fates) > 1 and self._hits(knobs.callbacks_reordered, "reordered", text)
        self.counts["reordered"] += reordered
        for position, (status, code) in enumerate(reversed(fates) if reordered else fates):
            share = chance(knobs.seed, "spread", text.to, text.body, text.nth, status)
            await asyncio.sleep(knobs.callback_delay_s + share * knobs.callback_spread_s)
            if not (reordered and position):  # a text never goes back, whatever the reports say
                text.becomes(status, code, self._carrier.now())
            if text.callback and knobs.callbacks:
                await self._call_back(text, text.callback, self._status_form(text, status, code))

    async def _call_back(self, text: Text, url: str, form: Mapping[str, str]) -> None:
        knobs, status = self._carrier.knobs, form["MessageStatus"]
        self.counts["due"] += 1
        if self._hits(knobs.callbacks_lost, "lost", text, status):
            self.counts["lost"] += 1
            return
        if self._hits(knobs.callbacks_duplicated, "duplicated", text, status):
            self.counts["duplicated"] += 1
            await asyncio.gather(self._post(url, form), self._post(url, form))
        else:
            await self._post(url, form)

    async def _post(self, url: str, form: Mapping[str, str]) -> int:
        return (await self._post_and_read(url, form))[0]

    async def _post_and_read(self, url: str, form: Mapping[str, str]) -> tuple[int, str]:
        """Call, and repeat after what ``rp`` lists, ``rc`` times at most (Twilio's connection overrides).

        Returns the status and the body of the last answer.
        """
        address, fragment = urldefrag(url)
        overrides = parse_qs(fragment)
        policy = set(overrides.get("rp", ["ct"])[0].split(","))
        tries = 1 + int(overrides.get("rc", ["1"])[0])
        while True:
            tries -= 1
            async with self._turn:
                status, body, ending = await self._try(address, form)
            self.counts["calls"] += 1
            if self._carrier.knobs.record_calls:
                self.calls.append({"url": address, "form": dict(form), "status": status})
            if ending is None:
                return status, body
            if not tries or (ending not in policy and "all" not in policy):
                self.counts["given_up"] += 1
                return status, body
            self.counts["repeated"] += 1
            await asyncio.sleep(self._carrier.knobs.callback_retry_pause_s)

    async def _try(self, url: str, form: Mapping[str, str]) -> tuple[int, str, str | None]:
        """One call: the answer's status and body, and what went wrong in ``rp``'s words."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S),
                connector=aiohttp.TCPConnector(limit=_AT_ONCE),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            "X-Twilio-Signature": sign(self._token, url, form),
        }
        try:
            async with self._session.post(url, data=urlencode(form), headers=headers) as answer:
                body = await answer.text()
        except aiohttp.ClientConnectorError:
            return 0, "", "ct"
        except (TimeoutError, aiohttp.ClientError):
            return 0, "", "rt"
        return answer.status, body, f"{answer.status // 100}xx" if answer.status >= 400 else None

    def _status_form(self, text: Text, status: str, code: int | None) -> dict[str, str]:
        form = {
            "AccountSid": self._account,
            "ApiVersion": "2010-04-01",
            "ChannelPrefix": "",
            "From": text.sender,
            "MessageSid": text.sid,
            "MessageStatus": status,
            "SmsSid": text.sid,
            "SmsStatus": status,
            "To": text.to,
        }
        if text.service:
            form["MessagingServiceSid"] = text.service
        if code:
            form["ErrorCode"] = str(code)
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
