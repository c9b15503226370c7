"""Facts about people as fixed-size binary records, so that thousands are decided at once.

A record holds all that changes slowly about one person and one of their skills. The selection index
stores it beside its row; selection joins the bytes of thousands of rows and reads them as one array.
Instants are microseconds since 1970 UTC, days are proleptic ordinals as `date.toordinal` counts them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt

from .vocabulary import MembershipStatus, PhoneStatus, PlaceKind

Records = npt.NDArray[np.void]

#: Raise it with any change of `FACTS`, or of the order of a word list that it numbers: records of another
#: layout are not read, but computed afresh.
LAYOUT = 1

STATUSES = list(MembershipStatus)
PHONE_STATUSES = list(PhoneStatus)
#: The order of ``lats`` and ``lons``.
KINDS = (PlaceKind.LIVE, PlaceKind.WORK, PlaceKind.HOME)

CONSENTED, OPTED_OUT, HAS_HOURS, WORK_HAS_HOURS, VERIFIED = 1, 2, 4, 8, 16

#: In place of an instant that is not set: it is over, and it is before all others.
NEVER = int(np.iinfo(np.int64).min)
#: In place of the last valid day of what does not expire.
NO_END = int(np.iinfo(np.int32).max)
#: In place of a skill, for a person without any that counts.
NO_SKILL = 0

FACTS = np.dtype(
    [
        ("layout", "u1"),
        ("status", "u1"),
        ("phone_status", "u1"),
        ("flags", "u1"),
        ("section_id", "<i4"),
        ("volunteer_id", "<i8"),
        ("skill_id", "<i4"),
        ("expires_on", "<i4"),
        ("born_on", "<i4"),
        ("hours", "S42"),
        ("work_hours", "S42"),
        # The longest name of the time zone database has 32 characters.
        ("zone", "S32"),
        ("snoozed_until", "<i8"),
        ("resting_until", "<i8"),
        ("last_asked_at", "<i8"),
        # The absence that ends last, and the end of the one before it: only who has two that are not
        # over need a look at the table.
        ("absent_from", "<i8"),
        ("absent_until", "<i8"),
        ("absent_before_until", "<i8"),
        # NaN where there is no such place.
        ("lats", "<f8", (3,)),
        ("lons", "<f8", (3,)),
        ("live_until", "<i8"),
    ]
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime | None) -> int:
    """An instant as a record has it."""
    return NEVER if at is None else (at - _EPOCH) // _MICROSECOND


def instant(at: int) -> datetime | None:
    """The inverse of `micros`."""
    return None if at == NEVER else _EPOCH + timedelta(microseconds=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place as a record has it. Degrees WGS 84; hours as in ``domain/availability.py``."""

    lat: float
    lon: float
    weekly_hours: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known about one person and one of their skills; ``skill_id`` is `NO_SKILL` for none."""

    volunteer_id: int
    section_id: int
    status: MembershipStatus
    phone_status: PhoneStatus
    consented: bool
    opted_out: bool
    born_on: date
    time_zone: str
    weekly_hours: str | None
    snoozed_until: datetime | None
    resting_until: datetime | None
    last_asked_at: datetime | None
    skill_id: int
    verified: bool
    expires_on: date | None
    live: Spot | None
    work: Spot | None
    home: Spot | None
    #: (start, end), the one that ends last first.
    absences: Sequence[tuple[datetime, datetime]] = ()


def packed(people: Iterable[Known]) -> Records:
    """One record for each."""
    return np.array([_values(one) for one in people], FACTS)


_NOWHERE = (float("nan"), float("nan"))


def _values(one: Known) -> tuple[object, ...]:
    spots = [(spot.lat, spot.lon) if spot else _NOWHERE for spot in (one.live, one.work, one.home)]
    last = one.absences[0] if one.absences else (None, None)
    return (
        LAYOUT,
        _STATUS[one.status],
        _PHONE_STATUS[one.phone_status],
        _flags(one),
        one.section_id,
        one.volunteer_id,
        one.skill_id,
        NO_END if one.expires_on is None else one.expires_on.toordinal(),
        one.born_on.toordinal(),
        _bits(one.weekly_hours),
        _bits(one.work.weekly_hours if one.work else None),
        one.time_zone.encode(),
        micros(one.snoozed_until),
        micros(one.resting_until),
        micros(one.last_asked_at),
        micros(last[0]),
        micros(last[1]),
        micros(one.absences[1][1] if len(one.absences) > 1 else None),
        [lat for lat, _ in spots],
        [lon for _, lon in spots],
        micros(one.live.expires_at if one.live else None),
    )


_STATUS = {status: number for number, status in enumerate(STATUSES)}
_PHONE_STATUS = {status: number for number, status in enumerate(PHONE_STATUSES)}


def _flags(one: Known) -> int:
    return (
        CONSENTED * one.consented
        | OPTED_OUT * one.opted_out
        | HAS_HOURS * (one.weekly_hours is not None)
        | WORK_HAS_HOURS * bool(one.work and one.work.weekly_hours is not None)
        | VERIFIED * one.verified
    )


def _bits(hours: str | None) -> bytes:
    return bytes.fromhex(hours) if hours is not None else b""


def read(together: bytes, count: int) -> Records | None:
    """This many records, one after the other, or ``None`` if any is of another layout."""
    if len(together) != count * FACTS.itemsize:
        return None
    records = np.frombuffer(together, FACTS)
    return records if (records["layout"] == LAYOUT).all() else None


def has(records: Records, flag: int) -> npt.NDArray[np.bool_]:
    """Whose flag is set."""
    return np.asarray(records["flags"] & flag != 0, np.bool_)


def one_each(records: Records) -> tuple[Records, npt.NDArray[np.intp]]:
    """One record of each person, by their ids; and for every record given, which person it is of."""
    _, first, person = np.unique(records["volunteer_id"], return_index=True, return_inverse=True)
    return records[first], person
