"""Many people's own clocks at once: what counts is local time, and time zones are few."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from .availability import slot_of

Names = npt.NDArray[np.bytes_]
Days = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Clocks:
    """The time zones of many people: the distinct ones, and for each person which."""

    zones: list[ZoneInfo]
    of: npt.NDArray[np.intp]

    def slots(self, at: datetime) -> npt.NDArray[np.intp]:
        """The half-hour of the week that it is for each at this instant."""
        return np.array([slot_of(at.astimezone(zone)) for zone in self.zones], np.intp)[self.of]

    def days(self, at: datetime) -> Days:
        """The day (ordinal) that it is for each at this instant."""
        return np.array([at.astimezone(zone).toordinal() for zone in self.zones], np.int32)[self.of]

    def born_by(self, at: datetime, age: int) -> Days:
        """The latest day (ordinal) of birth of who has this age in full years on their day at this instant."""
        found = [_years_before(at.astimezone(zone).date(), age).toordinal() for zone in self.zones]
        return np.array(found, np.int32)[self.of]


def clocks(names: Names) -> Clocks:
    """The clocks of people by the names of their zones.

    People of one area mostly share a zone, so only the first of each run is looked at.
    """
    starts = np.concatenate(([0], np.flatnonzero(names[1:] != names[:-1]) + 1))[: len(names)]
    distinct, run_zone = np.unique(names[starts], return_inverse=True)
    lengths = np.diff(np.append(starts, len(names)))
    return Clocks([ZoneInfo(name.decode()) for name in distinct], np.repeat(run_zone, lengths))


def _years_before(day: date, years: int) -> date:
    """29 February falls back to the 28th: who was born on the 29th turns a year older on 1 March."""
    year = max(1, day.year - years)
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


def covered(hours: Names, slots: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Whether each person's week, as 42 bytes, contains the half-hour of theirs."""
    weeks = np.ascontiguousarray(hours).view(np.uint8).reshape(len(hours), hours.dtype.itemsize)
    found = weeks[np.arange(len(hours)), slots // 8] >> (7 - slots % 8) & 1
    return np.asarray(found, np.bool_)
