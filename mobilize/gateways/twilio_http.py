"""HTTP beneath the twilio client: one request, tried once, with one of four endings.

The client's own asynchronous transport has no timeout, a pool of 100 connections, and drops the
response's headers from errors, with them ``Retry-After``. Here every ending is told apart, because
what follows differs: an answer, an error answer, nothing sent, or nobody knows. A request counts as
sent from the moment at which it is given a connection; before that not a byte of it is written.
"""

import asyncio
import json
import select
import weakref
from contextvars import ContextVar
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from aiohttp.base_protocol import BaseProtocol
from aiohttp.client import ClientRequest, ClientTimeout
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

from mobilize.services.ports import Clock

#: Opening a connection takes milliseconds, or does not happen; seconds.
_CONNECT_TIMEOUT_S = 5.0
#: Providers and what lies before them close idle connections after a minute or so; we do it first, so
#: that no request meets a connection that is being closed. Seconds.
_KEEP_ALIVE_S = 15.0
_DNS_CACHE_S = 30
#: Connections for reading lists, apart from those for sending: evidence must not wait behind sends.
READING_CONNECTIONS = 32


class NotSent(Exception):
    """The request never left us, so the provider cannot have seen it."""


class TooLate(Exception):
    """The request found its connection only after the instant until which it was allowed to leave."""


class NoAnswer(Exception):
    """The request may have reached the provider, and no whole answer came back."""


class ErrorAnswer(Exception):
    """The provider answered, with a status other than 2xx.

    ``code`` is the provider's own error code, ``retry_after_s`` its wish to be left alone.
    """

    def __init__(self, status: int, code: int | None, detail: str, retry_after_s: float | None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s


class Departure:
    """Whether one request may still leave us, and whether it has left."""

    __slots__ = ("_clock", "_leave_by", "left")

    def __init__(self, clock: Clock, leave_by: datetime) -> None:
        self._clock = clock
        self._leave_by = leave_by
        self.left = False

    def check(self) -> None:
        """Raises `TooLate` when the request must not leave any more."""
        if self._clock.now() >= self._leave_by:
            raise TooLate("Its lease would not outlast the request, so it was not sent.")


#: The departure of the request that the current task makes; unset for requests that change nothing.
departure_of_task: ContextVar[Departure | None] = ContextVar("departure", default=None)


class _Gate(aiohttp.TCPConnector):
    """Connections, with a gate before them: here a request leaves, or is held back."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._used: weakref.WeakSet[BaseProtocol] = weakref.WeakSet()

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout) -> Connection:
        connection = await super().connect(req, traces, timeout)
        while self._was_closed_while_idle(connection):
            connection.close()
            connection = await super().connect(req, traces, timeout)
        departure = departure_of_task.get()
        if departure is not None:
            try:
                departure.check()
            except TooLate:
                connection.close()
                raise
            departure.left = True
        return connection

    def _was_closed_while_idle(self, connection: Connection) -> bool:
        """Whether a kept connection has something to read: between answers that can only be its end.

        The end may have come without the loop having noticed yet. Nothing was written, so another
        connection may be taken. A new connection is not looked at: TLS may speak first.
        """
        protocol, transport = connection.protocol, connection.transport
        if protocol is None or protocol not in self._used:
            if protocol is not None:
                self._used.add(protocol)
            return False
        if transport is None or transport.is_closing():
            return True
        readable = select.poll()
        readable.register(transport.get_extra_info("socket"), select.POLLIN)
        return bool(readable.poll(0))


class PooledHttpClient(AsyncHttpClient):  # type: ignore[misc]
    """A transport for the twilio client in one event loop. It tries each request once.

    At most ``concurrency`` requests that send, and `READING_CONNECTIONS` that read, run at a time; the
    others wait, and their waiting counts towards ``timeout_s``.
    """

    def __init__(self, *, concurrency: int, timeout_s: float) -> None:
        super().__init__(logger=None, is_async=True, timeout=timeout_s)
        self._timeout_s = timeout_s
        self._limits = {"POST": concurrency, "GET": READING_CONNECTIONS}
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    async def request(  # noqa: PLR0917 (the order is the library's)
        self,
        method: str,
        uri: str,
        params: dict[str, str] | None = None,
        data: bytes | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Send it, and return a 2xx answer; raises `TooLate`, `NotSent`, `NoAnswer` or `ErrorAnswer`.

        Redirects are never followed, since they would repeat the request; aiohttp repeats a request on a
        connection that dropped only for methods that change nothing, which POST is not.
        """
        session = self._sessions.get(method) or self._open(method, auth)
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                session.request(
                    method, uri, params=params, data=data, headers=headers, allow_redirects=False
                ) as answer,
            ):
                text = (await answer.read()).decode("utf-8", "replace")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _ending(error) from error
        if not 200 <= answer.status < 300:
            raise _error_answer(answer, text)
        return Response(answer.status, text, answer.headers)

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()

    def _open(self, method: str, auth: tuple[str, str] | None) -> aiohttp.ClientSession:
        limit = self._limits[method]
        session = aiohttp.ClientSession(
            connector=_Gate(limit=limit, ttl_dns_cache=_DNS_CACHE_S, keepalive_timeout=_KEEP_ALIVE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Authorization": aiohttp.encode_basic_auth(*auth)} if auth else None,
            # The time of the whole request is kept by `request`.
            timeout=ClientTimeout(total=None, sock_connect=min(_CONNECT_TIMEOUT_S, self._timeout_s)),
        )
        self._sessions[method] = session
        return session


def _ending(error: Exception) -> NotSent | NoAnswer:
    """Whether a failed request can have reached the provider. In doubt, it can."""
    detail = f"{type(error).__name__}: {error}"[:200]
    departure = departure_of_task.get()
    return NotSent(detail) if departure is not None and not departure.left else NoAnswer(detail)


def _error_answer(answer: aiohttp.ClientResponse, text: str) -> ErrorAnswer:
    """The error in both forms that Twilio uses: its own, and RFC 9457 (``title``, ``detail``)."""
    body = json_object(text)
    message = body.get("message") or body.get("detail") or body.get("title") or answer.reason
    code = str(body.get("code"))
    return ErrorAnswer(
        answer.status,
        int(code) if code.isascii() and code.isdigit() else None,
        f"HTTP {answer.status}: {message}"[:200],
        _seconds(answer.headers.get("Retry-After")),
    )


def json_object(text: str) -> dict[str, Any]:
    """The object that a text holds; an empty one when it holds anything else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(retry_after: str | None) -> float | None:
    """``Retry-After`` in seconds from now: a number, or a date (RFC 9110, 10.2.3); ``None`` if unreadable."""
    if not retry_after:
        return None
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        at = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    # The date is the provider's wall clock, so it is compared with the machine's, not with a test's.
    return max(0.0, (at.astimezone(UTC) - datetime.now(UTC)).total_seconds())
