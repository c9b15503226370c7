"""How long the roads take: OSRM's table service or Valhalla's matrix behind the `Router` Protocol.

A router is a luxury: when it is slow, wrong or away, the formula of ``domain/travel.py`` serves. So it
is asked in a thread of its own, which nobody waits for longer than ``ROUTER_TIMEOUT_SECONDS``, and after
a silence it is left alone for a while. What a failure says is kept free of URLs: they hold where people live.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import requests
import structlog

from config import Settings
from mobilize.domain.errors import ProviderUnreachable
from mobilize.domain.travel import TravelMode
from mobilize.services.ports import Clock, Point, Router

log = structlog.get_logger(__name__)

USER_AGENT = "mobilize/0.1 (volunteer call-out)"
#: Points in one request. Servers take 100 and more; a server that cannot place a single point refuses
#: the whole request, so fewer points lose less.
CHUNK = 50
#: After a silence the router is not asked for this long, so that not every launch waits for it.
REST = timedelta(seconds=30)
#: Questions under way at the same time, those included that nobody waits for any more.
AT_ONCE = 4
#: No trip takes longer; larger numbers are not times.
LONGEST_S = 7 * 86_400


class _Silence(Exception):
    """No usable answer: the server is away, overloaded, or not a router."""


class _Refusal(Exception):
    """The server is there and does not want this question; another one may do."""


class Table(Protocol):
    """A server that tells the times from several points to one, in a single request."""

    #: The modes that it knows, and its own words for them.
    words: Mapping[TravelMode, str]

    def times(self, points: Sequence[Point], to_point: Point, mode: TravelMode) -> Sequence[Any]:
        """What it says for each point, unchecked. Raises `_Silence` or `_Refusal`."""
        ...


class OsrmTable:
    """OSRM's table service, version 1: ``GET /table/v1/{profile}/{lon},{lat};…`` answers ``durations``.

    A server was prepared for one mode and ignores the profile; proxies tell servers apart by it.
    """

    words: Mapping[TravelMode, str] = {
        TravelMode.FOOT: "foot",
        TravelMode.BICYCLE: "bike",
        TravelMode.CAR: "driving",
    }

    def __init__(self, url: str, timeout_s: float) -> None:
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s

    def times(self, points: Sequence[Point], to_point: Point, mode: TravelMode) -> Sequence[Any]:
        places = ";".join(f"{lon:.5f},{lat:.5f}" for lat, lon in (*points, to_point))
        sources = ";".join(str(number) for number in range(len(points)))
        url = f"{self._url}/table/v1/{self.words[mode]}/{places}?sources={sources}&destinations={len(points)}"
        answer = _ask("GET", url, self._timeout_s)
        rows = answer.get("durations")
        if answer.get("code") != "Ok" or not isinstance(rows, list) or len(rows) != len(points):
            raise _Silence("an answer without durations")
        return [row[0] if isinstance(row, list) and len(row) == 1 else None for row in rows]


class ValhallaMatrix:
    """Valhalla's matrix: ``POST /sources_to_targets`` answers objects with ``from_index`` and ``time``."""

    words: Mapping[TravelMode, str] = {
        TravelMode.FOOT: "pedestrian",
        TravelMode.BICYCLE: "bicycle",
        TravelMode.CAR: "auto",
    }

    def __init__(self, url: str, timeout_s: float) -> None:
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s

    def times(self, points: Sequence[Point], to_point: Point, mode: TravelMode) -> Sequence[Any]:
        question = {
            "sources": [{"lat": round(lat, 5), "lon": round(lon, 5)} for lat, lon in points],
            "targets": [{"lat": round(to_point[0], 5), "lon": round(to_point[1], 5)}],
            "costing": self.words[mode],
            # Newer servers have a terser form too; this one is common to all.
            "verbose": True,
        }
        answer = _ask("POST", f"{self._url}/sources_to_targets", self._timeout_s, question)
        times = dict(_cells(answer.get("sources_to_targets")))
        if not times:
            raise _Silence("an answer without a matrix")
        return [times.get(number) for number in range(len(points))]


def _cells(matrix: Any) -> Iterator[tuple[int, Any]]:
    """The source's number and the time of each cell; what is no cell is passed over."""
    for row in matrix if isinstance(matrix, list) else ():
        for cell in row if isinstance(row, list) else ():
            if isinstance(cell, dict) and isinstance(cell.get("from_index"), int):
                yield cell["from_index"], cell.get("time")


def _ask(method: str, url: str, timeout_s: float, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The JSON object of a good answer. Raises `_Silence` or `_Refusal`."""
    headers = {"User-Agent": USER_AGENT}
    try:
        answer = requests.request(
            method, url, json=body, headers=headers, timeout=timeout_s, allow_redirects=False
        )
    except (requests.RequestException, OSError, ValueError) as error:
        # Neither its text nor its chain: both hold the URL.
        raise _Silence(type(error).__name__) from None
    found = _json_object(answer)
    if 400 <= answer.status_code < 500 and answer.status_code != 429:
        code = found.get("code", found.get("error_code", ""))
        raise _Refusal(f"HTTP {answer.status_code} {code!s:.40}".rstrip())
    if answer.status_code != 200:
        raise _Silence(f"HTTP {answer.status_code}")
    return found


def _json_object(answer: requests.Response) -> dict[str, Any]:
    """The object in an answer's body; an empty one when there is anything else."""
    try:
        found = answer.json()
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(told: Any) -> float | None:
    """A time as told, if it is one. Comparing also sorts out NaN, infinity and numbers beyond floats."""
    usable = isinstance(told, int | float) and not isinstance(told, bool) and 0 <= told <= LONGEST_S
    return float(told) if usable else None


class _Errand:
    """One question to a server, chunk by chunk; what is known at any moment can be read at any moment."""

    def __init__(self, points: Sequence[Point], to_point: Point, mode: TravelMode) -> None:
        self._points, self._to_point, self._mode = points, to_point, mode
        self.seconds: list[float | None] = [None] * len(points)
        self.answered = 0
        self.silence: str | None = None
        self.refusal: str | None = None
        self.abandoned = False
        self.ended = threading.Event()

    def run(self, table: Table) -> None:
        try:
            for start in range(0, len(self._points), CHUNK):
                if self.abandoned:
                    return
                self._ask(table, start)
        except _Silence as silence:
            self.silence = str(silence)
        finally:
            self.ended.set()

    def _ask(self, table: Table, start: int) -> None:
        points = self._points[start : start + CHUNK]
        try:
            times = [_seconds(told) for told in table.times(points, self._to_point, self._mode)]
        except _Refusal as refusal:
            self.refusal = str(refusal)
            return
        self.seconds[start : start + len(points)] = times
        self.answered += len(points)


class HurriedRouter:
    """A `Router` over one server that never keeps its caller longer than it may."""

    def __init__(self, table: Table, *, timeout_s: float, clock: Clock) -> None:
        self._table, self._timeout_s, self._clock = table, timeout_s, clock
        self._rests_until = datetime.min.replace(tzinfo=UTC)
        self._free = threading.BoundedSemaphore(AT_ONCE)

    def travel_s(
        self, from_points: Sequence[Point], to_point: Point, mode: TravelMode
    ) -> Sequence[float | None]:
        """Seconds from each point. Raises `ProviderUnreachable` when the server said nothing at all."""
        if not from_points or mode not in self._table.words:
            return [None] * len(from_points)
        if self._clock.now() < self._rests_until:
            raise ProviderUnreachable("The router gave no answer a moment ago and is left alone for a while.")
        errand = self._send(_Errand(from_points, to_point, mode))
        if not errand.ended.wait(self._timeout_s):
            errand.abandoned = True
        return self._result(errand)

    def _send(self, errand: _Errand) -> _Errand:
        if not self._free.acquire(blocking=False):
            raise ProviderUnreachable("The router is still busy with earlier questions.")
        # Looking up a name has no timeout, and a server may send a byte a second: only a thread that
        # can be left behind keeps the time. It does not hold up the end of the process.
        threading.Thread(target=self._run, args=(errand,), name="router", daemon=True).start()
        return errand

    def _run(self, errand: _Errand) -> None:
        try:
            errand.run(self._table)
        finally:
            self._free.release()

    def _result(self, errand: _Errand) -> Sequence[float | None]:
        silence = f"no answer within {self._timeout_s:g} s" if errand.abandoned else errand.silence
        if silence:
            self._rests_until = self._clock.now() + REST
        seconds, answered = list(errand.seconds), errand.answered
        trouble = silence or errand.refusal
        if not answered:
            raise ProviderUnreachable(f"The router told no travel times: {trouble or 'it broke off'}.")
        if trouble:
            log.warning("router answered in part", points=len(seconds), answered=answered, reason=trouble)
        return seconds


def osrm_router(url: str, *, timeout_s: float, clock: Clock) -> Router:
    return HurriedRouter(OsrmTable(url, timeout_s), timeout_s=timeout_s, clock=clock)


def valhalla_router(url: str, *, timeout_s: float, clock: Clock) -> Router:
    return HurriedRouter(ValhallaMatrix(url, timeout_s), timeout_s=timeout_s, clock=clock)


_ROUTERS = {"osrm": osrm_router, "valhalla": valhalla_router}


def make_router(settings: Settings, clock: Clock) -> Router | None:
    """The router that the settings name, or ``None``. Connects to nothing."""
    if settings.router == "none" or settings.router_url is None:
        return None
    return _ROUTERS[settings.router](
        settings.router_url, timeout_s=settings.router_timeout_seconds, clock=clock
    )
