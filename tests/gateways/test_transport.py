"""The transport under attack: whatever a server does, no text is asked for twice and each has one outcome."""

import gc
import json
import os
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mobilize.domain.delivery import Accepted, Deferred, ErrorClass, OutboundText, Refused, Unclear
from mobilize.domain.errors import ProviderUnreachable
from mobilize.gateways.twilio import TwilioGateway
from mobilize.gateways.twilio_account import accounts_of
from mobilize.services.ports import Clock, SystemClock
from tests.conftest import make_settings
from tests.twilio_double.process import ACCOUNT, NUMBER, TOKEN, Double

from . import hostile_server as hostile
from .hostile_server import HostileServer
from .sending import NEVER_TOO_LATE, Endings, send_all

Make = Callable[..., TwilioGateway]


@pytest.fixture
def make() -> Iterator[Make]:
    """A gateway to a server."""
    made: list[TwilioGateway] = []

    def make_gateway(url: str, clock: Clock | None = None, **changes: Any) -> TwilioGateway:
        settings = make_settings(
            sms_gateway="twilio",
            twilio_account_sid=ACCOUNT,
            twilio_auth_token=TOKEN,
            twilio_from=NUMBER,
            twilio_api_url=url,
            **({"twilio_timeout_seconds": 5} | changes),
        )
        made.append(TwilioGateway(settings, accounts_of(settings)["twilio"], clock or SystemClock()))
        return made[-1]

    yield make_gateway
    for gateway in made:
        gateway.close()


def make_texts(count: int) -> list[OutboundText]:
    return [
        OutboundText(number, "+355692000001", "Come", NUMBER, 600, 1, NEVER_TOO_LATE)
        for number in range(1, count + 1)
    ]


# Connections that end


def test_connections_closed_at_random_neither_lose_nor_repeat_a_text(make: Make) -> None:
    dice = random.Random(7)
    moods = [
        hostile.answer,
        hostile.answer_and_close,
        hostile.answer_and_close_soon,
        hostile.close,
        hostile.reset,
    ]

    async def behave(number: int, writer: Any) -> None:
        await dice.choices(moods, weights=[60, 15, 15, 5, 5])[0](number, writer)

    with HostileServer(behave) as server:
        told = send_all(make(server.url, send_concurrency=50), make_texts(3000))
        asked = server.reached
    outcomes = {text.message_id: outcome for text, outcome in told}
    assert len(told) == len(outcomes) == 3000
    assert max(asked.values()) == 1
    assert {number for number, outcome in outcomes.items() if isinstance(outcome, Accepted)} <= set(asked)
    assert not {n for n, outcome in outcomes.items() if isinstance(outcome, Deferred)} & set(asked)
    assert sum(isinstance(outcome, Unclear) for outcome in outcomes.values()) > 200


def test_a_kept_connection_that_was_closed_meanwhile_is_not_used(make: Make) -> None:
    with HostileServer(hostile.answer_and_close_soon) as server:
        gateway = make(server.url)
        for text in make_texts(10):
            ((_, outcome),) = send_all(gateway, [text])
            assert isinstance(outcome, Accepted)
            time.sleep(0.02)


def test_connections_are_kept_and_used_again(make: Make) -> None:
    with HostileServer(hostile.answer) as server:
        send_all(make(server.url, send_concurrency=5), make_texts(200))
        assert server.most_open <= 5


# Servers that do not answer


def test_four_hundred_requests_to_a_server_that_hangs(make: Make) -> None:
    with HostileServer(hostile.hang) as server:
        gateway = make(server.url, twilio_timeout_seconds=2, send_concurrency=400)
        started = time.monotonic()
        told = send_all(gateway, make_texts(400))
        assert time.monotonic() - started < 10
        assert all(isinstance(outcome, Unclear) for _, outcome in told)
        assert set(server.reached.values()) == {1}
        assert (len(server.reached), server.most_open) == (400, 400)


def test_a_server_that_lets_nobody_in_has_seen_nothing(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        address = deaf.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        gateway = make(f"http://127.0.0.1:{address[1]}", twilio_timeout_seconds=0.5)
        told = send_all(gateway, make_texts(20))
        for one in waiting:
            one.close()
    assert {type(outcome) for _, outcome in told} == {Deferred}
    assert {outcome.error_class for _, outcome in told} == {ErrorClass.UNREACHABLE}  # type: ignore[union-attr]


# Servers that talk nonsense

_OK = b"HTTP/1.1 201 Created\r\n"


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"\x00\xff\xfe" * 100,
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 abc Created\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        _OK + b"Content-Length: -5\r\n\r\n{}",
        _OK + b"Content-Length: nine\r\n\r\n{}",
        _OK + b"Content-Length: 500\r\n\r\n{}",
        _OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        _OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        _OK + b"X-Long: " + b"x" * 100_000 + b"\r\n\r\n",
        _OK + b"Content-Length: 0\r\n\r\n",
        _OK + b"Content-Length: 4\r\n\r\nnull",
        _OK + b'Content-Length: 11\r\n\r\n{"sid": 5}\n',
        _OK + b'Content-Length: 11\r\n\r\n{"sid": ""}',
        _OK + b"Content-Length: 4\r\n\r\n\xff\xfe\xfd\xfc",
        _OK + b"Content-Length: 90000\r\n\r\n" + b"[" * 90_000,
        b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 503 Oh\r\nContent-Length: 9\r\n\r\n{\"code\":1",
    ],
)  # fmt: skip
def test_nonsense_is_no_answer(make: Make, words: bytes) -> None:
    with HostileServer(hostile.say(words)) as server:
        ((_, outcome),) = send_all(make(server.url), make_texts(1))
        assert isinstance(outcome, Unclear)
        assert server.reached == {1: 1}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(make: Make, status: int) -> None:
    with HostileServer(hostile.say(b"")) as elsewhere:
        words = f"HTTP/1.1 {status} Moved\r\nLocation: {elsewhere.url}/\r\nContent-Length: 0\r\n\r\n"
        with HostileServer(hostile.say(words.encode())) as server:
            ((_, outcome),) = send_all(make(server.url), make_texts(1))
        assert isinstance(outcome, Refused)
        assert outcome.error_class is ErrorClass.CONFIGURATION
        assert server.reached == {1: 1}
        assert not elsewhere.reached


def _json(text: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()


@pytest.mark.parametrize(
    "page",
    [
        "",
        "null",
        "{}",
        '{"messages": null}',
        '{"messages": {"sid": "SM1"}}',
        '{"messages": ["SM1"]}',
        '{"messages": [{"to": "+355692000001", "direction": "inbound"}]}',
        '{"messages": [{"sid": 7, "to": 7, "status": 7, "direction": "inbound"}]}',
        '{"messages": [], "next_page_uri": "http://["}',
        '{"messages": [], "next_page_uri": "/the/same/again"}',
    ],
)
def test_a_nonsensical_list_is_no_evidence(make: Make, page: str) -> None:
    async def behave(_number: int, writer: Any) -> None:
        writer.write(_json(page))

    with HostileServer(behave) as server:
        gateway = make(server.url)
        assert gateway.find({"+355692000001": datetime.now(UTC)}) == {}
        assert gateway.fetch(["SM1"]) == {}
        with pytest.raises(ProviderUnreachable):
            gateway.received(datetime.now(UTC))


def test_a_list_that_goes_on_at_another_server_is_not_followed(make: Make) -> None:
    with HostileServer(hostile.hang) as elsewhere:
        page = _json(json.dumps({"messages": [], "next_page_uri": f"{elsewhere.url}/more"}))
        with HostileServer(hostile.say(page)) as server:
            assert make(server.url).find({"+355692000001": datetime.now(UTC)}) == {}
        assert elsewhere.most_open == 0


# The clock


class ClockThatJumps:
    """Shows one time when it is first looked at, and a minute later from then on."""

    def __init__(self) -> None:
        self._times = [datetime(2026, 11, 24, 9, 0, tzinfo=UTC)]

    def now(self) -> datetime:
        self._times.append(self._times[0] + timedelta(minutes=1))
        return self._times[-2]


def test_a_text_whose_time_ran_out_while_it_was_being_connected_does_not_leave(make: Make) -> None:
    with HostileServer(hostile.answer) as server:
        gateway = make(server.url, ClockThatJumps())
        late = OutboundText(
            1, "+355692000001", "Come", NUMBER, 600, 1, datetime(2026, 11, 24, 9, 0, 30, tzinfo=UTC)
        )
        ((_, outcome),) = send_all(gateway, [late])
        assert isinstance(outcome, Deferred)
        assert (outcome.error_class, outcome.code) == (ErrorClass.NOT_PROCESSED, None)
        assert "lease" in outcome.detail
        give_up = time.monotonic() + 5
        while not server.most_open and time.monotonic() < give_up:
            time.sleep(0.01)  # the server counts a connection in a thread of its own
        assert server.most_open == 1
        assert not server.reached


# Endings


def test_closing_tells_texts_that_left_from_texts_that_did_not(make: Make) -> None:
    with HostileServer(hostile.hang) as server:
        gateway = make(server.url, send_concurrency=10)
        endings = Endings(100)
        gateway.send(make_texts(100), endings.tell)
        while len(server.reached) < 10:
            time.sleep(0.01)
        gateway.close()
        told = endings.wait(timeout_s=5)
    unclear = {text.message_id for text, outcome in told if isinstance(outcome, Unclear)}
    deferred = [outcome for _, outcome in told if isinstance(outcome, Deferred)]
    assert unclear == set(server.reached)
    assert {outcome.error_class for outcome in deferred} == {ErrorClass.NOT_PROCESSED}
    assert (len(unclear), len(deferred)) == (10, 90)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_when_the_loop_dies_every_text_has_an_outcome_and_the_next_text_goes(make: Make) -> None:
    async def kill_once(number: int, writer: Any) -> None:
        await (hostile.hang if number == 1 else hostile.answer)(number, writer)

    with HostileServer(kill_once) as server:
        gateway = make(server.url, send_concurrency=1)
        endings = Endings(20)
        gateway.send(make_texts(20), endings.tell)
        while not server.reached:
            time.sleep(0.01)
        assert gateway._wire is not None
        loop = gateway._wire.courier._loop
        loop.call_soon_threadsafe(_die)
        told = Counter(type(outcome) for _, outcome in endings.wait(timeout_s=5))
        ((_, after),) = send_all(gateway, make_texts(1))
    assert told == {Unclear: 1, Deferred: 19}
    assert isinstance(after, Accepted)


def _die() -> None:
    raise SystemExit


def test_a_gateway_that_nobody_uses_has_no_thread(make: Make) -> None:
    before = threading.active_count()
    gateway = make("http://127.0.0.1:9")
    assert threading.active_count() == before
    gateway.send([], Endings(0).tell)
    gateway.find({})
    gateway.close()
    assert threading.active_count() == before


def test_a_forked_process_sends_by_a_thread_of_its_own(make: Make) -> None:
    with HostileServer(hostile.answer) as server:
        gateway = make(server.url)
        send_all(gateway, make_texts(1))
        child = os.fork()
        if child == 0:
            sent = send_all(gateway, make_texts(2), timeout_s=10)
            os._exit(0 if all(isinstance(outcome, Accepted) for _, outcome in sent) else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert server.reached == {1: 2, 2: 1}


# Memory


def _resident_mb() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read where Linux shows it")
def test_ten_thousand_texts_leave_nothing_in_memory(make: Make, double: Double) -> None:
    double.turn(callbacks=False, record_requests=False)
    gateway = make(double.url, twilio_timeout_seconds=25)
    send_all(gateway, make_texts(2000))
    before = _resident_mb()
    told = send_all(gateway, make_texts(10_000), timeout_s=120)
    assert all(isinstance(outcome, Accepted) for _, outcome in told)
    del told
    assert _resident_mb() - before < 10
