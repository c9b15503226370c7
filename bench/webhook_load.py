"""A provider that calls webhooks as fast as it gets answers, or at a steady rate. A process of its own.

``python -m bench.webhook_load`` reads one JSON object from standard input (see `Orders`) and prints one
(see `Tally.as_json`). It signs everything before the clock starts and speaks HTTP over plain sockets in one
thread, because it shares the machine's cores with the server that it measures.
"""

import contextlib
import json
import select
import socket
import statistics
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.twilio_double.signature import sign

#: The fields of a Twilio text and of a status callback that are the same in every one.
TEXT = {
    "ToCountry": "US", "ToState": "NY", "SmsMessageSid": "", "NumMedia": "0", "ToCity": "NEW YORK",
    "FromZip": "", "SmsSid": "", "FromState": "", "SmsStatus": "received", "FromCity": "", "Body": "1 20",
    "FromCountry": "AL", "To": "+12125550006", "ToZip": "10001", "NumSegments": "1",
    "MessageSid": "", "AccountSid": "AC0123456789abcdef0123456789abcdef", "From": "",
    "ApiVersion": "2010-04-01",
}  # fmt: skip
REPORT = {
    "SmsSid": "", "SmsStatus": "delivered", "MessageStatus": "delivered", "To": "", "MessageSid": "",
    "AccountSid": "AC0123456789abcdef0123456789abcdef", "From": "+12125550006", "ApiVersion": "2010-04-01",
    "RawDlrDoneDate": "2611240903",
}  # fmt: skip
#: A request that gets no answer for this long has failed.
TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class Orders:
    """What to do. ``rate`` is webhooks a second in an open loop; 0 means as fast as answers come."""

    port: int
    paths: tuple[str, str]
    public_url: str
    token: str
    #: Makes the identifiers of this run differ from those of any other.
    run: int
    seconds: float
    rate: float
    connections: int
    #: How many webhooks may be signed beforehand, at most.
    most: int


def sid_of(run: int, n: int) -> str:
    """The identifier of one webhook; even ones are texts, odd ones reports."""
    return f"SM{run:08x}{n:024x}"


def requests_of(orders: Orders) -> list[bytes]:
    """Every request, signed, ready for the wire."""
    return [_request(orders, n) for n in range(orders.most)]


def _request(orders: Orders, n: int) -> bytes:
    sid, phone = sid_of(orders.run, n), f"+3556{n % 100_000_000:08d}"
    if n % 2:
        path = f"{orders.paths[1]}?message={n}&attempt=1"
        form = REPORT | {"MessageSid": sid, "SmsSid": sid, "To": phone}
    else:
        path = orders.paths[0]
        form = TEXT | {"MessageSid": sid, "SmsSid": sid, "SmsMessageSid": sid, "From": phone}
    body = urlencode(form).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{orders.port}\r\n"
        "User-Agent: TwilioProxy/1.1\r\nAccept: */*\r\n"
        f"Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\nContent-Length: {len(body)}\r\n"
        f"X-Twilio-Signature: {sign(orders.token, orders.public_url + path, form)}\r\n"
        "I-Twilio-Idempotency-Token: 3f4c2b1a-5d6e-4f70-8a91-b2c3d4e5f607\r\n\r\n"
    )
    return head.encode() + body


@dataclass(slots=True)
class Tally:
    """How it went: the numbers of those acknowledged, and their latencies in seconds."""

    acknowledged: list[int] = field(default_factory=list)
    refused: int = 0
    unanswered: int = 0
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        cuts = statistics.quantiles(self.latencies, n=1000) if len(self.latencies) > 1 else [0.0] * 999
        return {
            "acknowledged": self.acknowledged,
            "refused": self.refused,
            "unanswered": self.unanswered,
            "seconds": self.seconds,
            **{name: cuts[at] * 1000 for name, at in (("p50_ms", 499), ("p99_ms", 989), ("p999_ms", 998))},
        }


@dataclass(slots=True, eq=False)
class _Line:
    """One connection, and the request that is under way on it."""

    socket: socket.socket
    n: int = -1
    #: When the request was due; latency counts from then, not from when a line was free for it.
    due: float = 0.0
    received: bytes = b""


class Provider:
    """Calls over a fixed number of connections that are kept open."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._requests = requests_of(orders)
        self._poll = select.epoll()
        self._idle: deque[_Line] = deque()
        self._lines: dict[int, _Line] = {}
        for _ in range(orders.connections):
            line = _Line(socket.create_connection(("127.0.0.1", orders.port), timeout=TIMEOUT_S))
            line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._lines[line.socket.fileno()] = line
            self._poll.register(line.socket, select.EPOLLIN)
            self._idle.append(line)
        self._tally = Tally()

    def run(self) -> Tally:
        """Call until the time is up; then wait for the answers that are still due."""
        due = self._due()
        waiting = next(due, None)
        started = time.perf_counter()
        last = started
        while waiting is not None or len(self._idle) < len(self._lines):
            now = time.perf_counter()
            if now - max(last, started + self._orders.seconds) > TIMEOUT_S:
                self._tally.unanswered += len(self._lines) - len(self._idle)
                break
            while waiting is not None and self._idle and started + waiting[1] <= now:
                self._send(self._idle.popleft(), waiting[0], started + waiting[1] if self._orders.rate else now)
                waiting = next(due, None)
                if waiting is not None and not self._orders.rate and now - started > self._orders.seconds:
                    waiting = None
            pause = 0.1
            if waiting is not None and self._idle:
                pause = min(max(started + waiting[1] - time.perf_counter(), 0.0), 0.1)
            for number, _ in self._poll.poll(pause):
                last = time.perf_counter()
                self._receive(self._lines[number], last)
        self._tally.seconds = last - started
        return self._tally

    def _due(self) -> Iterator[tuple[int, float]]:
        """The requests, each with the second at which it is due."""
        rate = self._orders.rate
        for n in range(len(self._requests)):
            at = n / rate if rate else 0.0
            if at > self._orders.seconds:
                return
            yield n, at

    def _send(self, line: _Line, n: int, due: float) -> None:
        line.n, line.due, line.received = n, due, b""
        with contextlib.suppress(OSError):  # a line that broke shows when it is read
            line.socket.sendall(self._requests[n])

    def _receive(self, line: _Line, now: float) -> None:
        try:
            data = line.socket.recv(65536)
        except OSError:
            data = b""
        line.received += data
        if not data:  # the server hung up
            if line.n < 0:
                self._idle.remove(line)
            else:
                self._tally.unanswered += 1
            self._poll.unregister(line.socket)
            del self._lines[line.socket.fileno()]
            line.socket.close()
            return
        if not _is_whole(line.received):
            return
        if line.received[9:11] == b"20":
            self._tally.acknowledged.append(line.n)
            self._tally.latencies.append(now - line.due)
        else:
            self._tally.refused += 1
        line.n = -1
        self._idle.append(line)


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    _, named, rest = head.lower().partition(b"\r\ncontent-length:")
    return not named or len(body) >= int(rest.partition(b"\r\n")[0])


if __name__ == "__main__":
    given = json.load(sys.stdin)
    given["paths"] = tuple(given["paths"])
    json.dump(Provider(Orders(**given)).run().as_json(), sys.stdout)
