"""How long somebody is on the way: an estimate from the distance and the mode, when no router is asked.

The road is longer than the geodesic by a factor, the detour ``c``; of a trip the parts at both ends are
slow (side streets, turns, the walk to the car, the wait for a bus), the middle is not. With road length
``d = c * distance``, full speed ``v`` and ``L``, the road length from which full speed is reached::

    t(d) = 2 sqrt(d L) / v      d <= L      too short a trip ever to get to full speed
    t(d) = (d + L) / v          d >= L      full speed in the middle

This is the time of a vehicle that speeds up evenly to ``v`` and slows down evenly again, with
``L = v**2 / a``. It was found to fit over 2,000 timed runs of fire companies, and the square root
where it meets the line has the same slope: P. Kolesar and W. Walker, "Measuring the Travel
Characteristics of New York City's Fire Companies", RAND R-1449, 1974; P. Kolesar, W. Walker and
J. Hausner, Operations Research 23(4), 1975. R. Larson and A. Odoni derive it in "Urban Operations
Research", 1981, section 3.7.2. ``L = 0`` is an even speed from door to door, as on foot.

The detour: F. Boscoe, K. Henry and M. Zdeb, "A Nationwide Comparison of Driving Distance Versus
Straight-Line Distance to Hospitals", The Professional Geographer 64(2), 2012: about 1.4 on average over
66,000 trips. R. Ballou, H. Rahardja and N. Sakai, "Selected country circuity factors for road travel
distance estimation", Transportation Research A 36, 2002: country by country, mostly 1.2 to 1.5.

Speeds and ``L`` of private people are our assumptions, to be set to the country. Water, mountains,
traffic, the hour and the disaster itself are not in the formula. ``docs/travel.md`` says more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

_M_PER_S = 1 / 3.6


class TravelMode(StrEnum):
    """How people come."""

    FOOT = "foot"
    BICYCLE = "bicycle"
    CAR = "car"
    PUBLIC_TRANSPORT = "public_transport"


@dataclass(frozen=True, slots=True)
class Pace:
    """How one mode gets on: its full speed, more than 0, and the road length from which it is reached."""

    full_kmh: float
    slow_km: float


@dataclass(frozen=True, slots=True)
class TravelModel:
    """What the estimate assumes: road per geodesic metre (at least 1), paces, and the time to set off."""

    detour: float
    paces: Mapping[TravelMode, Pace]
    #: From the call to the door: reading it, finding somebody for the children, fetching the kit.
    preparation_s: float


def travel_s(distance_m: npt.ArrayLike, mode: TravelMode, model: TravelModel) -> Numbers:
    """Seconds on the way for geodesic distances in metres (0 or more), without the preparation.

    Zero at zero, continuous, and never falling with the distance.
    """
    speed, slow_m = _pace(mode, model)
    road_m = np.asarray(distance_m, np.float64) * model.detour
    return np.where(road_m <= slow_m, 2 * np.sqrt(road_m * slow_m), road_m + slow_m) / speed


def reach_m(seconds: npt.ArrayLike, mode: TravelMode, model: TravelModel) -> Numbers:
    """The inverse of `travel_s`: the geodesic distance in metres that so many seconds on the way cover."""
    speed, slow_m = _pace(mode, model)
    at_full_m = np.asarray(seconds, np.float64) * speed
    if slow_m == 0:
        return at_full_m / model.detour
    # Cut off where the line takes over, the square cannot overflow for those who do not need it.
    slowly_m = np.minimum(at_full_m, 2 * slow_m) ** 2 / (4 * slow_m)
    return np.where(at_full_m <= 2 * slow_m, slowly_m, at_full_m - slow_m) / model.detour


def _pace(mode: TravelMode, model: TravelModel) -> tuple[float, float]:
    """Full speed in metres a second, and `L` in metres."""
    pace = model.paces[mode]
    return pace.full_kmh * _M_PER_S, pace.slow_km * 1000
