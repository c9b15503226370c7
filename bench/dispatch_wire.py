"""Bare loops without a database: what a client can do at best. Each runs in a process of its own.

``python -m bench.dispatch_wire WAY URL COUNT SECONDS`` sends texts to the double at a URL until it has
sent COUNT or SECONDS have passed, and prints ``{"texts", "failed", "seconds", "cpu_seconds"}`` on one line.
"""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator

import aiohttp
from twilio.base.exceptions import TwilioException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from tests.twilio_double.process import ACCOUNT, NUMBER, TOKEN

TIMEOUT_S = 30.0
#: Tasks that send at the same time; the twilio client's own pool ends at 100 connections.
TASKS = 400
BODY = (
    "Red Cross: EARTHQUAKE, Tirana. Needed: medic, interpreter. Arrive by 14:30. Answer 1 yes, 2 no, 3 limited."
)

Send = Callable[[str], Awaitable[None]]


class Spell:
    """Hands out phones until the texts or the time are used up."""

    def __init__(self, count: int, seconds: float) -> None:
        self._numbers: Iterator[int] = itertools.count(1)
        self._count, self._seconds = count, seconds
        self._started, self._worked = time.perf_counter(), time.process_time()
        self.texts = self.failed = 0

    def phones(self) -> Iterator[str]:
        while time.perf_counter() - self._started < self._seconds and (n := next(self._numbers)) <= self._count:
            yield f"+39{3_000_000_000 + n}"

    def as_json(self) -> str:
        seconds = time.perf_counter() - self._started
        worked = time.process_time() - self._worked
        return json.dumps(
            {"texts": self.texts, "failed": self.failed, "seconds": seconds, "cpu_seconds": worked}
        )


def _fields(phone: str) -> dict[str, object]:
    """What a call-out's create request carries, as the product sends it."""
    return {
        "to": phone,
        "from_": NUMBER,
        "body": BODY,
        "validity_period": 21_600,
        "status_callback": "http://127.0.0.1:9/hooks/twilio/status?message=1&attempt=1#rc=5&rp=5xx,ct,rt",
    }


def twilio_sync(url: str, count: int, seconds: float) -> Spell:
    """The twilio client as its manual shows it, with a timeout: one after the other."""
    client = Client(ACCOUNT, TOKEN, http_client=TwilioHttpClient(timeout=TIMEOUT_S))
    client.api.base_url = url
    spell = Spell(count, seconds)
    for phone in spell.phones():
        client.messages.create(**_fields(phone))
        spell.texts += 1
    return spell


async def twilio_async(url: str, count: int, seconds: float) -> Spell:
    """The twilio client with its asynchronous transport as it comes."""
    http = AsyncTwilioHttpClient()
    client = Client(ACCOUNT, TOKEN, http_client=http)
    client.api.base_url = url

    async def send(phone: str) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            await client.messages.create_async(**_fields(phone))

    spell = await _all(send, count, seconds)
    await http.close()
    return spell


async def aiohttp_alone(url: str, count: int, seconds: float) -> Spell:
    """aiohttp with a connection for each task, and nothing of twilio."""
    names = {"from_": "From", "validity_period": "ValidityPeriod", "status_callback": "StatusCallback"}
    address = f"{url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=TASKS),
        headers={"Authorization": aiohttp.encode_basic_auth(ACCOUNT, TOKEN)},
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
    ) as session:

        async def send(phone: str) -> None:
            form = {names.get(key, key.title()): str(value) for key, value in _fields(phone).items()}
            async with session.post(address, data=form) as answer:
                answer.raise_for_status()
                assert (await answer.json())["sid"]

        return await _all(send, count, seconds)


async def _all(send: Send, count: int, seconds: float) -> Spell:
    spell = Spell(count, seconds)
    phones = spell.phones()

    async def work() -> None:
        for phone in phones:
            try:
                await send(phone)
                spell.texts += 1
            except (aiohttp.ClientError, TwilioException, TimeoutError):
                spell.failed += 1

    await asyncio.gather(*(work() for _ in range(TASKS)))
    return spell


def main(way: str, url: str, count: int, seconds: float) -> None:
    match way:
        case "twilio-sync":
            spell = twilio_sync(url, count, seconds)
        case "twilio-async":
            spell = asyncio.run(twilio_async(url, count, seconds))
        case "aiohttp":
            spell = asyncio.run(aiohttp_alone(url, count, seconds))
        case _:
            raise SystemExit(f"no such way: {way}")
    sys.stdout.write(spell.as_json() + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
