"""Who first: the nearest, and among those about as near, whoever was asked least recently."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from .vocabulary import PlaceKind

#: Distances within one step count as equal, so that the same nearest people are not asked every time.
STEP_M = 500

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A volunteer who may be called: the needed skills that count, and the place that counts.

    ``distance_m`` is geodesic, from that place to the rendezvous, in metres.
    """

    volunteer_id: int
    skill_ids: frozenset[int]
    place_kind: PlaceKind
    lat: float
    lon: float
    distance_m: float
    last_asked_at: datetime | None = None
    #: Once weighed (``services/prospects.py``): the chance of a yes, and seconds from the call to the arrival.
    chance: float | None = None
    travel_s: int | None = None


def rank(candidates: Iterable[Candidate]) -> list[Candidate]:
    """In the order in which to ask; the same candidates always come in the same order."""
    return sorted(candidates, key=_order)


def _order(candidate: Candidate) -> tuple[int, datetime, float, int]:
    return (
        int(candidate.distance_m // STEP_M),
        candidate.last_asked_at or _NEVER,
        candidate.distance_m,
        candidate.volunteer_id,
    )
