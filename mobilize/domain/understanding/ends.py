"""Ends of an absence: "until Friday", "bis 24.12.", "fino alle 18", "cumaya kadar"."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from .lengths import DAY, Lengths
from .lexicon import Role
from .moments import Moments
from .row import Found

_DATE = re.compile(r"(\d\d?)[./](\d\d?)[./]?(\d{4}|\d\d)?")
# Beside these "until 6" is the end of an absence; the same word may mean "by 6".
_ABSENT = (Role.AWAY, Role.REASON, Role.OFF, Role.CANNOT, Role.NOT, Role.NO, Role.TEXTS)
_DAYS = (
    Role.TOMORROW,
    Role.TODAY,
    Role.WEEKDAY,
    Role.MONTH,
    Role.WEEK_END,
    Role.MONTH_END,
    Role.NUMBER,
    Role.SPAN,
)
_ISO = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)")


class Times(Lengths, Moments):
    """All times of a row."""

    def end(self, at: int) -> Found | None:
        if not self.does(at, Role.UNTIL):
            return self._end_before(at)
        start = self.skip(at, Role.UNTIL, Role.AT)
        while self.does(start, Role.NEUTRAL, Role.IN) and not self.does(start, *_DAYS):
            start += 1  # "until the next Monday"
        for read in (self._named_day, self._date, self._month_day):
            found = read(start)
            if found is not None:
                day, stop = found
                return Role.END, self._to_midnight(day), stop - at
        arrives = self.does(at, Role.IN, Role.AT) and not any(piece.does(*_ABSENT) for piece in self.pieces)
        moment = self.moment(start) or self.moment(start - 1 if self.does(start - 1, Role.AT) else start)
        if moment is not None:
            return Role.MOMENT if arrives else Role.END, moment[1], start + moment[2] - at
        length = self.length(start)
        if length is not None and arrives:
            return Role.LENGTH, length[1], start + length[2] - at
        number = self.number(start)
        if number is not None and number[0] <= 24 and not self.does(start + number[1], Role.UNIT):
            ahead = self._ahead(int(number[0]) * 60 % DAY, number[0] > 12, self._half(start + number[1]), 0)
            stop = start + number[1] + (1 if self._half(start + number[1]) else 0)
            return Role.END, ahead, stop - at
        return None if length is None else (Role.END, length[1], start + length[2] - at)

    def _end_before(self, at: int) -> Found | None:
        """The word for "until" behind the day, as in Turkish."""
        for read in (self._named_day, self._date, self._month_day):
            found = read(at)
            if found is None or not self.does(found[1], Role.UNTIL):
                continue
            behind = found[1] + 1
            if self._named_day(behind) or self.number(behind):
                return None
            return Role.END, self._to_midnight(found[0]), behind - at
        return None

    def _named_day(self, at: int) -> tuple[date, int] | None:
        today = self.now.date()
        days: Sequence[tuple[Role, Callable[[], date]]] = (
            (Role.AFTER_TOMORROW, lambda: today + timedelta(days=2)),
            (Role.TOMORROW, lambda: today + timedelta(days=1)),
            (Role.WEEK_END, lambda: today + timedelta(days=7 - today.isoweekday())),
            (
                Role.MONTH_END,
                lambda: (today.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1),
            ),
            (Role.WEEKDAY, lambda: today + timedelta(days=self._to_weekday(at))),
            (Role.TODAY, lambda: today),
        )
        for role, day in days:
            if self.does(at, role) and not (role is Role.WEEKDAY and self.does(at, Role.MONTH)):
                return day(), at + 1
        return None

    def _to_weekday(self, at: int) -> int:
        """Days to the next such day; today's name means a week from now."""
        return (self.value(at, Role.WEEKDAY) - self.now.isoweekday() - 1) % 7 + 1

    def _date(self, at: int) -> tuple[date, int] | None:
        if self.does(at, Role.DIGITS) and self.does(at + 1, Role.DASH) and self.does(at + 2, Role.DIGITS):
            return self._coming(self.value(at, Role.NUMBER), self.value(at + 2, Role.NUMBER), 0, at + 3)
        if not self.does(at, Role.DATE, Role.CLOCK):
            dotted = at < len(self.pieces) and re.fullmatch(r"\d\d?[./]\d\d?", self.pieces[at].text)
            if not dotted:
                return None
        text = self.pieces[at].text
        if iso := _ISO.fullmatch(text):
            return _day(int(iso[1]), int(iso[2]), int(iso[3]), at + 1)
        short = _DATE.fullmatch(text)
        if short is None or (self.does(at, Role.CLOCK) and int(short[2]) > 12):
            return None
        day, month = int(short[1]), int(short[2])
        if month > 12:
            day, month = month, day
        year = int(short[3]) if short[3] else 0
        return self._coming(day, month, year + 2000 if 0 < year < 100 else year, at + 1)

    def _month_day(self, at: int) -> tuple[date, int] | None:
        """ "24 December", "24th of December", "December 24"."""
        if self.does(at, Role.MONTH) and self.does(at + 1, Role.DIGITS):
            return self._coming(self.value(at + 1, Role.NUMBER), self.value(at, Role.MONTH), 0, at + 2)
        number = self.number(at)
        if number is None:
            return None
        for ahead in range(at + number[1], min(at + number[1] + 3, len(self.pieces))):
            if self.does(ahead, Role.MONTH):
                return self._coming(int(number[0]), self.value(ahead, Role.MONTH), 0, ahead + 1)
        return None

    def _coming(self, day: int, month: int, year: int, stop: int) -> tuple[date, int] | None:
        today = self.now.date()
        for one in [year] if year else [today.year, today.year + 1]:
            found = _day(one, month, day, stop)
            if found is not None and found[0] >= today:
                return found
        return None

    def _to_midnight(self, day: date) -> int:
        """Minutes to the end of a day, over a change of the clocks too."""
        after = day + timedelta(days=1)
        midnight = datetime(after.year, after.month, after.day, tzinfo=self.now.tzinfo)
        return int((midnight.astimezone(UTC) - self.now.astimezone(UTC)).total_seconds() // 60)


def _day(year: int, month: int, day: int, stop: int) -> tuple[date, int] | None:
    try:
        return date(year, month, day), stop
    except ValueError:
        return None
