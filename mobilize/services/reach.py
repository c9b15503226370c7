"""Reach: how far one must look around the rendezvous until enough people may be called."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mobilize.domain.area import FARTHEST_M, Circle, distances_m
from mobilize.domain.eligibility import reasons_against
from mobilize.domain.errors import InvalidInput
from mobilize.domain.facts import FACTS
from mobilize.domain.intervals import Range, united, without
from mobilize.models import Callout

from .access import Viewer, find
from .people import asked_in, people_of, question_of
from .runtime import now
from .selection import records_in

FIRST_M = 2_000.0
USUAL_LIMIT_M = 200_000.0
MOST = 100_000


@dataclass(frozen=True, slots=True)
class Ring:
    """A circle that was looked into: how many are in it, and how many of those may be called."""

    radius_m: float
    examined: int
    eligible: int


@dataclass(frozen=True, slots=True)
class Reach:
    """The radius around the rendezvous that holds ``wanted`` who may be called, or the limit if none does.

    ``by_need`` says how many of them can serve each skill; ``rings`` are the circles looked into, the last
    one of this radius.
    """

    wanted: int
    radius_m: float
    enough: bool
    eligible: int
    examined: int
    by_need: dict[str, int]
    rings: list[Ring]


def reach(viewer: Viewer, callout_id: int, wanted: int, limit_m: float = USUAL_LIMIT_M) -> Reach:
    """Grow a circle around the rendezvous until so many people with a needed skill may be called.

    The emergency's area does not matter here; everything else that speaks against a person does. People count
    where they are now; who was asked in this callout is left out. Raises `InvalidInput` on ``eligible`` and
    ``limit_m``.
    """
    if not 1 <= wanted <= MOST:
        raise InvalidInput("eligible", f"must be between 1 and {MOST}")
    if not 0 < limit_m <= FARTHEST_M:
        raise InvalidInput("limit_m", f"must be more than 0 and at most {FARTHEST_M} metres")
    return _grow(find(viewer, Callout, callout_id), wanted, limit_m)


@dataclass(frozen=True, slots=True)
class _Found:
    """Distances, nearest first, of everyone, and of those who may be called with the needs they serve."""

    everyone: npt.NDArray[np.float64]
    eligible: npt.NDArray[np.float64]
    skills: npt.NDArray[np.uint64]

    def ring(self, radius_m: float) -> Ring:
        counts = (int(np.searchsorted(some, radius_m, "right")) for some in (self.everyone, self.eligible))
        return Ring(radius_m, *counts)


def _grow(callout: Callout, wanted: int, limit_m: float) -> Reach:
    read: list[Range] = []
    records, radius_m = np.empty(0, FACTS), min(FIRST_M, limit_m)
    rings: list[Ring] = []
    asked = asked_in(callout)
    while True:
        circle = Circle(callout.rendezvous_lat, callout.rendezvous_lon, radius_m)
        cells = circle.cell_ranges()
        # Of a larger circle only the cells are read that the smaller ones left out.
        fresh = without(cells, read)
        if fresh:
            new = records_in(callout, fresh)
            records = np.concatenate((records, new[~np.isin(new["volunteer_id"], asked)]))
            read = united(read, cells)
        found = _found(callout, circle, records)
        rings.append(found.ring(radius_m))
        if rings[-1].eligible >= wanted or radius_m >= limit_m:
            return _told(callout, wanted, found, rings)
        radius_m = min(_next(rings[-1], wanted), limit_m)


def _next(ring: Ring, wanted: int) -> float:
    """As far as people this dense would be enough, and a bit; 1.5 to 4 times as far as before."""
    share = wanted / ring.eligible if ring.eligible else math.inf
    return ring.radius_m * min(4.0, max(1.5, 1.2 * math.sqrt(share)))


def _found(callout: Callout, circle: Circle, records: npt.NDArray[np.void]) -> _Found:
    question = question_of(callout)
    people, here, _ = people_of(callout, circle, records, question)
    against = reasons_against(people, question, now())
    distances = distances_m(circle.lat, circle.lon, here.lats, here.lons)
    inside = np.flatnonzero(people.in_area)
    inside = inside[np.argsort(distances[inside], kind="stable")]
    free = inside[against[inside] == 0]
    return _Found(distances[inside], distances[free], people.valid[free])


def _told(callout: Callout, wanted: int, found: _Found, rings: Sequence[Ring]) -> Reach:
    """The circle is drawn in to the last one who is wanted."""
    enough = rings[-1].eligible >= wanted
    radius_m = float(found.eligible[wanted - 1]) if enough else rings[-1].radius_m
    last = found.ring(radius_m)
    within = found.skills[: last.eligible]
    return Reach(
        wanted=wanted,
        radius_m=radius_m,
        enough=enough,
        eligible=last.eligible,
        examined=last.examined,
        by_need={
            need.skill.code: int(np.count_nonzero(within & np.uint64(1 << place)))
            for place, need in enumerate(callout.needs)
        },
        rings=[*rings, last] if enough else list(rings),
    )
