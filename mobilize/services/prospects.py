"""Candidates weighed: how likely each says yes, when each could be there, and in which order to call them."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from mobilize.domain.prospects import calling_order
from mobilize.domain.ranking import Candidate
from mobilize.domain.vocabulary import CalloutMode
from mobilize.domain.waves import LEAST_LOOK, LOOK_AHEAD
from mobilize.models import Callout

from . import acceptance, travel
from .runtime import now

#: Travel times are kept to so many seconds: they are estimates, and people are counted in groups of equals.
STEP_S = 300


def weigh(callout: Callout, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The same people with ``chance`` and ``travel_s``, in the order in which to call them.

    Reads the history of all of them, so give it the nearest few hundred, not everyone.
    """
    if not candidates:
        return []
    chance = acceptance.chances(callout, candidates)
    points = [(candidate.lat, candidate.lon) for candidate in candidates]
    rendezvous = (callout.rendezvous_lat, callout.rendezvous_lon)
    arrival_s = np.ceil(travel.estimated_seconds(points, rendezvous).until_arrival_s / STEP_S) * STEP_S
    last_asked = np.array([_number(candidate.last_asked_at) for candidate in candidates])
    left_s = (callout.arrive_by - now()).total_seconds()
    return [
        replace(candidates[n], chance=float(chance[n]), travel_s=int(arrival_s[n]))
        for n in calling_order(arrival_s, chance, last_asked, left_s).tolist()
    ]


def enough(callout: Callout) -> int:
    """How many candidates a plan can need."""
    if callout.mode is CalloutMode.EVERYONE:
        return sys.maxsize
    return max(LEAST_LOOK, LOOK_AHEAD * sum(need.headcount for need in callout.needs))


def _number(instant: datetime | None) -> float:
    return instant.timestamp() if instant else 0.0
