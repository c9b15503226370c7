"""Who fills which need: a maximum matching of the people who come with the places that are open.

A volunteer with several skills fills one need at a time. Placing people greedily can leave a need
empty although somebody already placed elsewhere could have moved; augmenting paths move them.
Source: C. Berge, "Two theorems in graph theory", PNAS 43 (1957): a matching is maximum exactly
when no augmenting path exists. Growing it from one person at a time never unplaces anybody.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OpenNeed:
    """A need: ``headcount`` people with one skill."""

    need_id: int
    skill_id: int
    headcount: int


@dataclass(frozen=True, slots=True)
class Comer:
    """Somebody who comes, in order of answering; ``need_id`` is the need already promised, if any."""

    recipient_id: int
    skill_ids: frozenset[int]
    need_id: int | None = None


def assign(needs: Sequence[OpenNeed], comers: Sequence[Comer]) -> dict[int, int]:
    """Map recipients to needs: as many people placed as possible; whoever is missing is the reserve.

    Whoever is already placed stays placed, perhaps in another need; after them, earlier comers
    come first. Of several free needs a comer takes the one that fewest others could fill.
    A former need that is gone, or that the comer has no skill for, counts as no need.
    Every search either places somebody or closes the needs that it went through, so there are at most
    as many searches as places and needs; each costs O(placed x skills).
    """
    matching = _Matching(needs, comers)
    # Former places first, unchanged, so that nobody is moved without cause.
    for comer in comers:
        matching.keep(comer)
    for comer in sorted(comers, key=lambda comer: comer.need_id is None):
        matching.place(comer)
    return matching.placed


class _Matching:
    """A matching that grows; ``placed`` maps recipients to needs."""

    def __init__(self, needs: Sequence[OpenNeed], comers: Sequence[Comer]) -> None:
        self.placed: dict[int, int] = {}
        self._needs = {need.need_id: need for need in needs}
        self._by_id = {comer.recipient_id: comer for comer in comers}
        self._members: defaultdict[int, dict[int, None]] = defaultdict(dict)
        # Needs from which no free place can be reached. No later move changes that: it would have to pass here.
        self._closed: set[int] = set()
        self._scarcest_first = _scarcest_first(needs, comers)

    def keep(self, comer: Comer) -> None:
        """Leave a comer in the former need if it still exists, suits and has room."""
        need = self._needs.get(comer.need_id) if comer.need_id is not None else None
        if need is not None and need.skill_id in comer.skill_ids and self._has_room(need.need_id):
            self._move(comer.recipient_id, need.need_id)

    def place(self, comer: Comer) -> None:
        """Place a comer, moving others along the shortest augmenting path where that is necessary."""
        if comer.recipient_id in self.placed:
            return
        came_from: dict[int, int] = {}  # need -> the recipient who would move into it
        frontier = [comer.recipient_id]
        while frontier:
            reached = [found for recipient in frontier for found in self._reach(recipient, came_from)]
            free = next((need_id for need_id in reached if self._has_room(need_id)), None)
            if free is not None:
                self._shift(free, came_from)
                return
            frontier = [member for need_id in reached for member in self._members[need_id]]
        self._closed.update(came_from)

    def _reach(self, recipient_id: int, came_from: dict[int, int]) -> list[int]:
        skills = self._by_id[recipient_id].skill_ids
        new = [
            need.need_id
            for need in self._scarcest_first
            if need.skill_id in skills and need.need_id not in came_from and need.need_id not in self._closed
        ]
        came_from.update(dict.fromkeys(new, recipient_id))
        return new

    def _shift(self, need_id: int, came_from: Mapping[int, int]) -> None:
        vacated: int | None = need_id
        while vacated is not None:
            mover = came_from[vacated]
            left = self.placed.get(mover)
            self._move(mover, vacated)
            vacated = left

    def _move(self, recipient_id: int, need_id: int) -> None:
        former = self.placed.get(recipient_id)
        if former is not None:
            del self._members[former][recipient_id]
        self.placed[recipient_id] = need_id
        self._members[need_id][recipient_id] = None

    def _has_room(self, need_id: int) -> bool:
        return len(self._members[need_id]) < self._needs[need_id].headcount


def _scarcest_first(needs: Sequence[OpenNeed], comers: Iterable[Comer]) -> list[OpenNeed]:
    """Needs by how many comers could fill each place of them, fewest first."""
    able: defaultdict[int, int] = defaultdict(int)
    for comer in comers:
        for skill_id in comer.skill_ids:
            able[skill_id] += 1
    return sorted(needs, key=lambda need: able[need.skill_id] / max(need.headcount, 1))


def useful_skills(
    needs: Sequence[OpenNeed], comers: Sequence[Comer], placed: Mapping[int, int]
) -> frozenset[int]:
    """The skills with which one more person could still help.

    Those of needs with free places; and, if somebody placed elsewhere has such a skill and could
    move over, also the skill of the need that would thereby have a place again.
    """
    skill_of = {need.need_id: need.skill_id for need in needs}
    filled = Counter(placed.values())
    useful = {need.skill_id for need in needs if filled[need.need_id] < need.headcount}
    movable = [(skill_of[placed[c.recipient_id]], c.skill_ids) for c in comers if c.recipient_id in placed]
    while True:
        freed = {skill for skill, has in movable if skill not in useful and has & useful}
        if not freed:
            return frozenset(useful)
        useful |= freed
