"""Where people are now: live while that is valid, else at work in its hours, else at home."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from .area import Area
from .clocks import Clocks, covered
from .facts import KINDS, WORK_HAS_HOURS, Records, has, micros
from .vocabulary import PlaceKind

Truths = npt.NDArray[np.bool_]

_LIVE, _WORK, _HOME = (KINDS.index(kind) for kind in (PlaceKind.LIVE, PlaceKind.WORK, PlaceKind.HOME))
NOWHERE = -1


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The place that counts of each person: its place in `KINDS` (or `NOWHERE`) and its degrees (or NaN)."""

    kinds: npt.NDArray[np.int8]
    lats: npt.NDArray[np.float64]
    lons: npt.NDArray[np.float64]


def whereabouts(records: Records, clocks: Clocks, now: datetime) -> Whereabouts:
    """Where each person is now, on their own clock.

    Work hours that nobody stated put nobody at work, unless there is no home to be at.
    """
    known = ~np.isnan(records["lats"])
    has_hours = has(records, WORK_HAS_HOURS)
    at_work = has_hours & covered(records["work_hours"], clocks.slots(now))
    kinds = np.full(len(records), NOWHERE, np.int8)
    # The later assignment wins.
    kinds[known[:, _WORK] & ~has_hours] = _WORK
    kinds[known[:, _HOME]] = _HOME
    kinds[known[:, _WORK] & at_work] = _WORK
    kinds[known[:, _LIVE] & (records["live_until"] > micros(now))] = _LIVE
    each, nowhere = np.arange(len(records)), kinds == NOWHERE
    lats, lons = records["lats"][each, kinds], records["lons"][each, kinds]
    lats[nowhere] = lons[nowhere] = np.nan
    return Whereabouts(kinds, lats, lons)


def places_within(records: Records, area: Area) -> Truths:
    """Whether each of `KINDS` of each person is known and lies in the area; one row a person."""
    lats, lons = records["lats"], records["lons"]
    found = ~np.isnan(lats)
    found[found] = area.contains(lats[found], lons[found])
    return np.asarray(found, np.bool_)


def within(places: Truths, here: Whereabouts) -> Truths:
    """Whether the place that counts lies in the area, by `places_within`."""
    found = places[np.arange(len(places)), here.kinds]
    return np.asarray(found & (here.kinds != NOWHERE), np.bool_)
