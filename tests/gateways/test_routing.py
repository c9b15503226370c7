"""Routers: what both must do, against a server on loopback that behaves, and against ones that do not."""

import asyncio
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from structlog.testing import CapturingLogger

from mobilize.domain.errors import ProviderUnreachable
from mobilize.domain.travel import TravelMode
from mobilize.gateways import make_router, routing
from mobilize.services.ports import FastForwardClock, Point, Router
from tests.conftest import START, make_settings

from .hostile_server import Behaviour, HostileServer, close, hang, reset, say
from .routing_double import RoutingDouble, truth

CAR = TravelMode.CAR
PORT: Point = (41.3125, 19.4453)
DIFFERENT: Sequence[Point] = [(41.1, 20.6), (41.2, 20.06), (41.3, 21.0)]

Make = Callable[..., Router]


@pytest.fixture(params=["osrm", "valhalla"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def clock() -> FastForwardClock:
    return FastForwardClock(START)


@pytest.fixture
def make(kind: str, clock: FastForwardClock) -> Make:
    """A router of one kind at an address."""

    def made(url: str, timeout_s: float = 5.0) -> Router:
        router = make_router(
            make_settings(router=kind, router_url=url, router_timeout_seconds=timeout_s), clock
        )
        assert router is not None
        return router

    return made


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    """What the module logs. Its own logger may hold on to the formatters of an earlier test's app."""
    log = CapturingLogger()
    monkeypatch.setattr(routing, "log", log)
    return log


@pytest.fixture
def double() -> Iterator[RoutingDouble]:
    with RoutingDouble() as double:
        yield double


def test_every_point_gets_its_own_time_in_its_place(make: Make, double: RoutingDouble) -> None:
    found = make(double.url).travel_s(DIFFERENT, PORT, CAR)
    assert found == pytest.approx([600, 60, 1000])
    [(_, sources, destination)] = double.questions
    assert (sources, destination) == (list(DIFFERENT), PORT)


def test_a_server_may_lie_behind_a_path(make: Make, double: RoutingDouble) -> None:
    make(double.url + "/routes/").travel_s(DIFFERENT, PORT, CAR)
    assert double.questions[0][0].startswith(("/routes/table/v1/", "/routes/sources_to_targets"))


@pytest.mark.parametrize("mode", [TravelMode.FOOT, TravelMode.BICYCLE, TravelMode.CAR])
def test_the_mode_is_told_in_the_servers_words(
    make: Make, double: RoutingDouble, mode: TravelMode, kind: str
) -> None:
    make(double.url).travel_s(DIFFERENT, PORT, mode)
    words = {"osrm": routing.OsrmTable.words, "valhalla": routing.ValhallaMatrix.words}[kind]
    assert double.questions[0][0].endswith(words[mode])
    assert double.agents == {routing.USER_AGENT}


def test_routers_know_nothing_of_buses(make: Make, double: RoutingDouble) -> None:
    assert make(double.url).travel_s(DIFFERENT, PORT, TravelMode.PUBLIC_TRANSPORT) == [None] * 3
    assert double.questions == []


def test_nobody_is_asked_about_nobody(make: Make, double: RoutingDouble) -> None:
    assert make(double.url).travel_s([], PORT, CAR) == []
    assert double.questions == []


def test_a_point_without_a_road_has_no_time(make: Make, double: RoutingDouble) -> None:
    assert make(double.url).travel_s([(41.1, 20.6), (61.0, 20.1)], PORT, CAR) == [pytest.approx(600), None]


def test_many_points_are_asked_about_in_chunks(make: Make, double: RoutingDouble) -> None:
    points = [(41.0, 20 + number / 1000) for number in range(2 * routing.CHUNK + 1)]
    found = make(double.url).travel_s(points, PORT, CAR)
    assert found == pytest.approx([truth(point) for point in points])
    assert [len(sources) for _, sources, _ in double.questions] == [routing.CHUNK, routing.CHUNK, 1]


def test_a_point_that_cannot_be_placed_costs_only_its_chunk(
    make: Make, double: RoutingDouble, log: CapturingLogger
) -> None:
    points = [(85.0, 20.1), *[(41.0, 20.5)] * (2 * routing.CHUNK - 1)]
    found = make(double.url).travel_s(points, PORT, CAR)
    assert found[: routing.CHUNK] == [None] * routing.CHUNK
    assert found[routing.CHUNK :] == pytest.approx([500.0] * routing.CHUNK)
    assert [call.args for call in log.calls] == [("router answered in part",)]


def test_a_refusal_of_everything_is_told_with_the_servers_code_and_tried_again(
    make: Make, double: RoutingDouble
) -> None:
    router = make(double.url)
    for _ in range(2):
        with pytest.raises(ProviderUnreachable, match=r"HTTP 400 (NoSegment|171)"):
            router.travel_s([(85.0, 20.1)], PORT, CAR)
    assert len(double.questions) == 2


def http(status: str, body: str | bytes) -> Behaviour:
    body = body if isinstance(body, bytes) else body.encode()
    return say(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status.encode(), len(body), body))


async def drip(_number: int, writer: asyncio.StreamWriter) -> None:
    """A byte now and then: no single read ever runs into its timeout."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X: y\r\n")
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "behave",
    [
        http("500 Oh no", "{}"),
        http("429 Slow down", "{}"),
        http("302 Found", "{}"),
        http("200 OK", "<html>Welcome to the hotel's network</html>"),
        http("200 OK", "[]"),
        http("200 OK", "null"),
        http("200 OK", "{}"),
        http("200 OK", '{"code": "Ok", "durations": 7, "sources_to_targets": {"a": 1}}'),
        http("200 OK", '{"code": "Ok", "durations": [[1]], "sources_to_targets": [[7], [null], null]}'),
        http("200 OK", "[" * 100_000),
        http("200 OK", b"\xff\xfe\x00\x01"),
        say(b"SSH-2.0-OpenSSH_9.2\r\n"),
        say(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"),
        say(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"),
        close,
        reset,
    ],
)
def test_what_is_not_an_answer_is_an_unreachable_provider(make: Make, behave: Behaviour) -> None:
    with HostileServer(behave) as server, pytest.raises(ProviderUnreachable) as error:
        make(server.url).travel_s(DIFFERENT, PORT, CAR)
    assert "41.1" not in str(error.value)


def test_a_refused_connection_is_an_unreachable_provider_and_does_not_tell_where_people_live(
    make: Make,
) -> None:
    with pytest.raises(ProviderUnreachable, match="ConnectionError") as error:
        make("http://127.0.0.1:9").travel_s(DIFFERENT, PORT, CAR)
    assert "41.1" not in str(error.value)


@pytest.mark.parametrize("behave", [hang, drip])
def test_nobody_waits_longer_than_the_timeout(make: Make, behave: Behaviour) -> None:
    with HostileServer(behave) as server:
        router, started = make(server.url, timeout_s=0.3), time.monotonic()
        with pytest.raises(ProviderUnreachable, match=r"no answer within|ReadTimeout"):
            router.travel_s(DIFFERENT, PORT, CAR)
        assert time.monotonic() - started < 2


def test_after_a_silence_the_router_is_left_alone_for_a_while(make: Make, clock: FastForwardClock) -> None:
    with HostileServer(http("503 Away", "{}")) as server:
        router = make(server.url)
        for _ in range(3):
            with pytest.raises(ProviderUnreachable):
                router.travel_s(DIFFERENT, PORT, CAR)
        assert server.requests == 1
        clock.advance(seconds=routing.REST.total_seconds())
        with pytest.raises(ProviderUnreachable):
            router.travel_s(DIFFERENT, PORT, CAR)
        assert server.requests == 2


def test_questions_that_nobody_waits_for_are_bounded(make: Make, clock: FastForwardClock) -> None:
    with HostileServer(drip) as server:
        router = make(server.url, timeout_s=0.1)
        for _ in range(routing.AT_ONCE):
            with pytest.raises(ProviderUnreachable, match="no answer within"):
                router.travel_s(DIFFERENT, PORT, CAR)
            clock.advance(minutes=1)
        with pytest.raises(ProviderUnreachable, match="busy"):
            router.travel_s(DIFFERENT, PORT, CAR)


def test_what_came_in_before_the_silence_is_kept(make: Make, kind: str, log: CapturingLogger) -> None:
    good = _whole_chunk(kind, 60.0)

    async def answer_once(number: int, writer: asyncio.StreamWriter) -> None:
        await (http("200 OK", good) if number == 1 else hang)(number, writer)

    points = [(41.0, 20.5)] * (2 * routing.CHUNK)
    with HostileServer(answer_once) as server:
        found = make(server.url, timeout_s=0.5).travel_s(points, PORT, CAR)
    assert found == [60.0] * routing.CHUNK + [None] * routing.CHUNK
    assert [call.kwargs["answered"] for call in log.calls] == [routing.CHUNK]


@pytest.mark.parametrize(
    "nonsense", [None, "12", True, -1, math.nan, math.inf, 10**400, 1e12, [], {}, [[]], "\u0000"]
)
def test_a_time_that_is_none_is_not_taken_for_one(make: Make, kind: str, nonsense: Any) -> None:
    with HostileServer(http("200 OK", _whole_chunk(kind, nonsense))) as server:
        found = make(server.url).travel_s([(41.0, 20.5)] * routing.CHUNK, PORT, CAR)
    assert found == [None] * routing.CHUNK


def _whole_chunk(kind: str, seconds: Any) -> str:
    """An answer that gives every point of a chunk the same time."""
    if kind == "osrm":
        return json.dumps({"code": "Ok", "durations": [[seconds]] * routing.CHUNK})
    cells = [[{"from_index": number, "time": seconds}] for number in range(routing.CHUNK)]
    return json.dumps({"sources_to_targets": cells})


def test_without_the_setting_there_is_no_router(clock: FastForwardClock) -> None:
    assert make_router(make_settings(), clock) is None
