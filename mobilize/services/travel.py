"""When people could be there: by the router where it answers, by the formula everywhere else.

`travel_seconds` may wait for the router, up to ``ROUTER_TIMEOUT_SECONDS``: call it while no
transaction is open, since on SQLite an open one keeps everybody else from writing. `estimated_seconds`
asks nobody and may be called anywhere, for any number of people.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import structlog

from config import Settings
from mobilize.domain.area import distances_m
from mobilize.domain.errors import ProviderUnreachable
from mobilize.domain.travel import Pace, TravelMode, TravelModel, travel_s

from .ports import Point, Router
from .runtime import runtime, settings

log = structlog.get_logger(__name__)

Numbers = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]

#: Points that the router is asked about at most: the first ones, so give the likeliest first.
ROUTED_POINTS = 200
#: Farther points are left to the formula. Routers refuse far ones (Valhalla from 200 km on, with all
#: that are in the same request), and over long distances the estimate is at its best.
ROUTED_WITHIN_M = 150_000.0
#: A routed time that would take more than this along the straight line is not believed. A router with
#: the map of another country puts everybody on the same road, and says that they are there already.
_FASTEST_M_PER_S = 60.0
#: Routers move points to the nearest road; this much of the distance may be lost by that.
_OFF_ROAD_M = 2_000.0


@dataclass(frozen=True, slots=True)
class TravelTimes:
    """For each point, in the order of the points: seconds on the way, and whether a router told them."""

    on_the_way_s: Numbers
    routed: Truths
    preparation_s: float

    @property
    def until_arrival_s(self) -> Numbers:
        """Seconds from the call to the arrival: the preparation, then the way."""
        return self.on_the_way_s + self.preparation_s


def travel_seconds(points: npt.ArrayLike, rendezvous: Point) -> TravelTimes:
    """The best that is known for each of ``n`` points, given as (lat, lon) in an array of n by 2.

    The router, if there is one, is asked about the first `ROUTED_POINTS` of those within
    `ROUTED_WITHIN_M`; whatever it does not answer is estimated. Never raises for the router's sake.
    """
    lats_lons, distances = _distances(points, rendezvous)
    estimate = _estimate(distances)
    router = runtime().router
    if router is None:
        return estimate
    asked = np.flatnonzero(distances <= ROUTED_WITHIN_M)[:ROUTED_POINTS]
    found = _believed(_ask(router, lats_lons[asked], rendezvous), distances[asked])
    known = asked[~np.isnan(found)]
    estimate.on_the_way_s[known] = found[~np.isnan(found)]
    estimate.routed[known] = True
    return estimate


def estimated_seconds(points: npt.ArrayLike, rendezvous: Point) -> TravelTimes:
    """`travel_seconds` by the formula alone."""
    return _estimate(_distances(points, rendezvous)[1])


def model_of(values: Settings) -> TravelModel:
    """The assumptions that the settings state."""
    paces = {
        mode: Pace(full_kmh=values.travel_speeds[mode], slow_km=values.travel_slow_km[mode])
        for mode in TravelMode
    }
    return TravelModel(values.travel_detour, paces, values.travel_preparation_minutes * 60)


def _distances(points: npt.ArrayLike, rendezvous: Point) -> tuple[Numbers, Numbers]:
    lats_lons = np.asarray(points, np.float64).reshape(-1, 2)
    return lats_lons, distances_m(*rendezvous, lats_lons[:, 0], lats_lons[:, 1])


def _estimate(distances: Numbers) -> TravelTimes:
    model = model_of(settings())
    on_the_way = travel_s(distances, TravelMode(settings().travel_mode), model)
    return TravelTimes(on_the_way, np.zeros(len(distances), np.bool_), model.preparation_s)


def _ask(router: Router, lats_lons: Numbers, rendezvous: Point) -> Numbers:
    """The router's seconds, not-a-number where it has none."""
    points = [(float(lat), float(lon)) for lat, lon in lats_lons]
    if not points:
        return np.empty(0)
    try:
        told = router.travel_s(points, rendezvous, TravelMode(settings().travel_mode))
    except ProviderUnreachable as error:
        log.warning("travel times are estimated", points=len(points), reason=str(error))
        return np.full(len(points), np.nan)
    return np.array([np.nan if seconds is None else seconds for seconds in told], np.float64)


def _believed(seconds: Numbers, distances: Numbers) -> Numbers:
    """Without the times that nobody could keep."""
    possible = distances <= _OFF_ROAD_M + _FASTEST_M_PER_S * seconds
    doubted = int(np.count_nonzero(~possible & ~np.isnan(seconds)))
    if doubted:
        log.warning("travel times of the router are impossible", points=doubted)
    return np.where(possible, seconds, np.nan)
