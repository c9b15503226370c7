"""Who first: the nearest, and among those about as near, whoever was asked least recently."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import overload

import numpy as np
import numpy.typing as npt

from .facts import KINDS, instant
from .vocabulary import PlaceKind

#: Distances within one step count as equal, so that the same nearest people are not asked every time.
STEP_M = 500

#: Candidates made at a time: most callers want the first few.
_PORTION = 256


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Free:
    """Those who may be called, as arrays: place i of each is the same person.

    ``kinds`` are places in `facts.KINDS`; ``last_asked_at`` is as in `facts`; bit j of ``skills`` says that
    they serve ``skill_ids[j]``.
    """

    volunteer_ids: npt.NDArray[np.int64]
    skills: npt.NDArray[np.uint64]
    kinds: npt.NDArray[np.int8]
    lats: npt.NDArray[np.float64]
    lons: npt.NDArray[np.float64]
    distances_m: npt.NDArray[np.float64]
    last_asked_at: npt.NDArray[np.int64]
    skill_ids: tuple[int, ...]

    def at(self, chosen: npt.NDArray[np.intp] | slice) -> "Free":
        """Some of them, in that order."""
        return Free(
            volunteer_ids=self.volunteer_ids[chosen],
            skills=self.skills[chosen],
            kinds=self.kinds[chosen],
            lats=self.lats[chosen],
            lons=self.lons[chosen],
            distances_m=self.distances_m[chosen],
            last_asked_at=self.last_asked_at[chosen],
            skill_ids=self.skill_ids,
        )


class Ranked(Sequence[Candidate]):
    """Candidates in the order in which to ask; each is made when somebody looks at it.

    There may be a hundred thousand, of whom a wave asks fifty. ``free`` has them as arrays.
    """

    def __init__(self, free: Free) -> None:
        self.free = free

    def __len__(self) -> int:
        return len(self.free.volunteer_ids)

    @overload
    def __getitem__(self, place: int) -> Candidate: ...
    @overload
    def __getitem__(self, place: slice) -> list[Candidate]: ...
    def __getitem__(self, place: int | slice) -> Candidate | list[Candidate]:
        if isinstance(place, slice):
            return _candidates(self.free.at(place))
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        return _candidates(self.free.at(np.array([place])))[0]

    def __iter__(self) -> Iterator[Candidate]:
        for start in range(0, len(self), _PORTION):
            yield from self[start : start + _PORTION]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Ranked({list(self)!r})"

    def count_with(self, skill_id: int) -> int:
        """How many have a skill that is valid."""
        bit = 1 << self.free.skill_ids.index(skill_id)
        return int(np.count_nonzero(self.free.skills & np.uint64(bit)))


def rank(free: Free) -> Ranked:
    """In the order in which to ask; the same people always come in the same order."""
    steps = free.distances_m // STEP_M
    # The last key is the first to sort by.
    order = np.lexsort((free.volunteer_ids, free.distances_m, free.last_asked_at, steps))
    return Ranked(free.at(order))


def _candidates(free: Free) -> list[Candidate]:
    sets = {bits: named(bits, free.skill_ids) for bits in np.unique(free.skills).tolist()}
    columns = (free.skills, free.kinds, free.lats, free.lons, free.distances_m, free.last_asked_at)
    return [
        Candidate(volunteer_id, sets[skills], KINDS[kind], lat, lon, distance_m, instant(asked))
        for volunteer_id, skills, kind, lat, lon, distance_m, asked in zip(
            free.volunteer_ids.tolist(), *(column.tolist() for column in columns), strict=True
        )
    ]


def named(bits: int, skill_ids: tuple[int, ...]) -> frozenset[int]:
    """The skills of a set of bits."""
    return frozenset(skill_id for place, skill_id in enumerate(skill_ids) if bits >> place & 1)
