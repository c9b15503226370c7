"""What was decided about many people, in a few bytes each: kept so that nobody has to guess later.

Ids ascend, so their differences are small; the bytes of all numbers are sorted by their place in the
number, so that the many zeros stand together, and then compressed. About 1.5 bytes a person.
"""

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .eligibility import Masks

#: In place of reasons, in changes: the person is no longer among those looked at.
GONE = 1 << 31


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """Volunteers, by ascending id, and for each the set of reasons against (none: may be called)."""

    volunteer_ids: npt.NDArray[np.int64]
    against: Masks

    def of(self, volunteer_id: int) -> int | None:
        """The set of one person, or ``None`` who is not among them."""
        place = int(np.searchsorted(self.volunteer_ids, volunteer_id))
        if place == len(self.volunteer_ids) or self.volunteer_ids[place] != volunteer_id:
            return None
        return int(self.against[place])


def changes(before: Decisions, after: Decisions) -> Decisions:
    """What `applied` needs to make the later out of the earlier."""
    ids = np.union1d(before.volunteer_ids, after.volunteer_ids)
    old, new = _spread(before, ids), _spread(after, ids)
    differ = old != new
    return Decisions(ids[differ], new[differ])


def applied(before: Decisions, changed: Decisions) -> Decisions:
    """The inverse of `changes`."""
    ids = np.union1d(before.volunteer_ids, changed.volunteer_ids)
    found = _spread(before, ids)
    found[np.searchsorted(ids, changed.volunteer_ids)] = changed.against
    there = found != GONE
    return Decisions(ids[there], found[there])


def _spread(some: Decisions, ids: npt.NDArray[np.int64]) -> Masks:
    found = np.full(len(ids), GONE, np.uint32)
    found[np.searchsorted(ids, some.volunteer_ids)] = some.against
    return found


def packed(decisions: Decisions) -> bytes:
    """As few bytes as they take."""
    steps = np.diff(decisions.volunteer_ids, prepend=0).astype("<u8")
    return zlib.compress(_by_place(steps) + _by_place(decisions.against.astype("<u4")), 6)


def unpacked(raw: bytes) -> Decisions:
    """The inverse of `packed`."""
    plain = zlib.decompress(raw)
    count = len(plain) // 12
    steps = _from_places(plain[: count * 8], "<u8")
    against = _from_places(plain[count * 8 :], "<u4")
    return Decisions(np.cumsum(steps.astype(np.int64)), against.astype(np.uint32))


def _by_place(numbers: npt.NDArray[np.unsignedinteger]) -> bytes:
    return numbers.view(np.uint8).reshape(len(numbers), numbers.itemsize).T.tobytes()


def _from_places(raw: bytes, kind: str) -> npt.NDArray[np.unsignedinteger]:
    size = np.dtype(kind).itemsize
    columns = np.frombuffer(raw, np.uint8).reshape(size, len(raw) // size)
    return np.ascontiguousarray(columns.T).view(kind).reshape(-1)
