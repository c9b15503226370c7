"""Times in a row of pieces: lengths ("half an hour"), moments ("at 6"), ends ("until Friday").

Each becomes one piece with the role `LENGTH`, `MOMENT` or `END` and the minutes as its value. A number that
stands alone stays a number: only the rest of the text says whether it is an answer, or minutes.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from .lexicon import Role
from .words import Piece

DAY = 24 * 60
# A clock time that has just passed is a text that came late, not a plan for tomorrow.
_JUST_PASSED = 60
_FAR = 50
_LEAST_BARE = 5
_DECIMAL = re.compile(r"(\d{1,2})[.,](\d)")
_DATE = re.compile(r"(\d\d?)[./](\d\d?)[./]?(\d{4}|\d\d)?")
_ISO = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)")

#: A time found, and how many pieces it takes.
_Found = tuple[Role, int | None, int]


def with_times(pieces: Sequence[Piece], now: datetime) -> list[Piece]:
    """The pieces, with each time as one. ``now`` is aware, on the volunteer's clock."""
    found: list[Piece] = []
    at = 0
    reader = _Reader(pieces, now)
    while at < len(pieces):
        far = reader.distance(at)
        if far is not None:
            found.append(far)
            at += 2
            continue
        time = reader.past(at) or reader.end(at) or reader.moment(at) or reader.length(at)
        if time is None:
            found.append(pieces[at])
            at += 1
            continue
        role, minutes, length = time
        text = " ".join(piece.text for piece in pieces[at : at + length])
        values = {} if minutes is None else {role: minutes}
        found.append(
            Piece(text, frozenset({role}), values, words=sum(p.words for p in pieces[at : at + length]))
        )
        at += length
    return found


class _Reader:
    """Tries to read a time at a place in the row; each method answers with what it took, or ``None``."""

    def __init__(self, pieces: Sequence[Piece], now: datetime) -> None:
        self._pieces = pieces
        self._now = now

    def _does(self, at: int, *roles: Role) -> bool:
        return 0 <= at < len(self._pieces) and self._pieces[at].does(*roles)

    def _value(self, at: int, role: Role) -> int:
        return self._pieces[at].values[role]

    def _skip(self, at: int, *roles: Role) -> int:
        while self._does(at, *roles):
            at += 1
        return at

    # ---- Numbers ----

    def _number(self, at: int) -> tuple[float, int] | None:
        """A number in figures or words ("20", "1,5", "twenty five", "fünf und zwanzig") and its length."""
        if self._does(at, Role.DIGITS):
            return self._value(at, Role.NUMBER), 1
        if at < len(self._pieces) and (decimal := _DECIMAL.fullmatch(self._pieces[at].text)):
            return int(decimal[1]) + int(decimal[2]) / 10, 1
        if not self._does(at, Role.NUMBER):
            return None
        first = self._value(at, Role.NUMBER)
        after = at + 1 + self._does(at + 1, Role.AND)
        if self._does(after, Role.NUMBER) and not self._does(after, Role.DIGITS):
            second = self._value(after, Role.NUMBER)
            if (first >= 20 and first % 10 == 0 and second < 10) or (
                first < 10 and second in range(20, 100, 10)
            ):
                return first + second, after + 1 - at
        return first, 1

    def _range(self, at: int) -> tuple[float, int] | None:
        """A number, or the later of two: "20-30"."""
        first = self._number(at)
        if first is None:
            return None
        between = at + first[1]
        if self._does(between, Role.DASH, Role.TO):
            second = self._number(between + 1)
            if second is not None and second[0] > first[0] and self._does(between + 1 + second[1], Role.UNIT):
                return second[0], first[1] + 1 + second[1]
        if self._does(between, Role.AND) and self._does(at, Role.DIGITS) and self._does(between + 2, Role.UNIT):
            second = self._number(between + 1)  # "between 20 and 30 min"
            if second is not None and second[0] > first[0]:
                return second[0], 3
        return first

    def distance(self, at: int) -> Piece | None:
        """ "300 km": a reason not to come, if it is far."""
        if not (self._does(at, Role.DIGITS) and self._does(at + 1, Role.DISTANCE)):
            return None
        far = self._value(at, Role.NUMBER) >= _FAR
        return Piece(f"{self._pieces[at].text} km", frozenset({Role.REASON if far else Role.NEUTRAL}), words=2)

    # ---- Lengths ----

    def length(self, at: int) -> _Found | None:
        start = self._skip(at, Role.IN)
        read = self._span(start) or self._units(start) or self._hours_and_minutes(start)
        if read is None and start > at:
            read = self._bare(start)
        if read is None:
            return None
        minutes, stop = read
        return Role.LENGTH, round(minutes), stop - at

    def _bare(self, at: int) -> tuple[float, int] | None:
        """ "in 20": minutes, if nothing that it might count follows."""
        number = self._number(at)
        if number is None or not _LEAST_BARE <= number[0] <= DAY:
            return None
        stop = at + number[1]
        ends = stop == len(self._pieces) or self._does(stop, Role.BREAK, Role.ARRIVED, Role.POLITE)
        return (number[0], stop) if ends else None

    def _span(self, at: int) -> tuple[float, int] | None:
        if not self._does(at, Role.SPAN):
            return None
        minutes: float = self._value(at, Role.SPAN)
        minutes, stop = self._more(minutes, 60 if minutes % 60 == 0 else 0, at + 1)
        if self._does(stop, Role.AND) and self._does(stop + 1, Role.SPAN):
            return minutes + self._value(stop + 1, Role.SPAN), stop + 2
        return minutes, stop

    def _units(self, at: int) -> tuple[float, int] | None:
        number = self._range(at)
        if number is None:
            return None
        count, after = number[0], self._skip(at + number[1], Role.IN)  # "les cinq prochains jours"
        if self._does(after, Role.HALF_AFTER) and self._does(after + 1, Role.UNIT):
            count, after = count + 0.5, after + 1
        if not self._does(after, Role.UNIT):
            return None
        unit = self._value(after, Role.UNIT)
        answers = at == 0 and self._does(at, Role.DIGITS)
        if unit == 60 and self._does(after + 1, Role.CLOCK) and (answers or self._does(after, Role.AT)):
            return None  # "1 ore 6.30": a yes, and a clock time
        return self._more(count * unit, unit, after + 1)

    def _more(self, minutes: float, unit: int, at: int) -> tuple[float, int]:
        """What may follow a length in hours: a half, a quarter, minutes."""
        if self._does(at, Role.HALF_AFTER):
            return minutes + unit / 2, at + 1
        if unit != 60:
            return minutes, at
        if self._does(at, Role.QUARTER_AFTER):
            return minutes + 15, at + 1
        linked = self._does(at, Role.AND)
        number = self._number(at + linked)
        if number is None or not 0 < number[0] < 60:
            return minutes, at
        stop = at + linked + number[1]
        if self._does(stop, Role.UNIT):
            if self._value(stop, Role.UNIT) == 1:
                return minutes + number[0], stop + 1
            return minutes, at
        return (minutes + number[0], stop) if number[0] >= 5 and stop - at - linked == 1 else (minutes, at)

    def _hours_and_minutes(self, at: int) -> tuple[float, int] | None:
        """ "1h30" is a length; "13h45" is a clock time, and so is "8h30" behind "at"."""
        if self._does(at, Role.CLOCK) and "h" in self._pieces[at].text:
            minutes = self._value(at, Role.CLOCK)
            if minutes < 5 * 60 or self._does(at - 1, Role.IN):
                return minutes, at + 1
        return None

    def past(self, at: int) -> _Found | None:
        """ "10 minutes ago", "seit 10 Minuten": no time to come."""
        before = self._does(at, Role.AGO)
        found = self.length(at + before)
        if found is None or not (before or self._does(at + found[2], Role.AGO)):
            return None
        return Role.AGO, None, found[2] + 1

    # ---- Moments ----

    def moment(self, at: int) -> _Found | None:
        day, start = self._day_before(at)
        read = self._clock(start)
        if read is None:
            return None
        minute, exact, stop = read
        half = self._half(stop)
        if half is None and self._does(start - 1, Role.PM) and start > at:
            half = Role.PM
        if self._half(stop):
            stop += 1
        if not day and self._does(stop, Role.TOMORROW):
            day, stop = 1, stop + 1
        elif self._does(stop, Role.TODAY):
            stop += 1
        return Role.MOMENT, self._ahead(minute, exact, half, day), stop - at

    def _day_before(self, at: int) -> tuple[int, int]:
        if self._does(at, Role.TOMORROW):
            return 1, at + 1
        return 0, at + 1 if self._does(at, Role.TODAY, Role.PM, Role.AM) else at

    def _half(self, at: int) -> Role | None:
        return next((half for half in (Role.AM, Role.PM) if self._does(at, half)), None)

    def _clock(self, at: int) -> tuple[int, bool, int] | None:
        """The minute of the day, whether it can be no other, and where it stops."""
        start = self._skip(at, Role.AT, Role.IN)
        if self._does(start, Role.CLOCK):
            return self._figures(at, start)
        for role, shift in ((Role.HALF_PAST, 30), (Role.HALF_BEFORE, -30), (Role.QUARTER_PAST, 15),
                            (Role.QUARTER_TO, -15)):  # fmt: skip
            if self._does(start, role):
                hour = self._number(start + 1)
                after = start + 1 + hour[1] if hour else 0
                if hour and 0 < hour[0] <= 12 and not self._does(after, Role.UNIT):
                    return round(hour[0] * 60 + shift) % DAY, False, self._skip(after, Role.OCLOCK)
        return self._minutes_and_hour(start) or self._hour(at, start)

    def _minutes_and_hour(self, at: int) -> tuple[int, bool, int] | None:
        """ "ten to six", "zehn nach sechs"."""
        minutes = self._number(at)
        if minutes is None or not 0 < minutes[0] < 30:
            return None
        between = at + minutes[1]
        sign = (
            1 if self._does(between, Role.MINUTES_PAST) else -1 if self._does(between, Role.MINUTES_TO) else 0
        )
        hour = self._number(between + 1) if sign else None
        if hour is None or not 0 < hour[0] <= 12 or self._does(between + 1 + hour[1], Role.UNIT):
            return None
        return round(hour[0] * 60 + sign * minutes[0]) % DAY, False, between + 1 + hour[1]

    def _figures(self, at: int, start: int) -> tuple[int, bool, int] | None:
        text, minute = self._pieces[start].text, self._value(start, Role.CLOCK)
        led = any(self._does(before, Role.AT) for before in range(at, start)) or self._does(
            start + 1, Role.OCLOCK
        )
        if "h" in text and not led and minute < 5 * 60:
            return None
        if "." in text and not led and text[0] in "12345" and text[1] == "." and start == 0:
            return None  # "2.30" may be an answer and minutes
        exact = text[0] == "0" or minute >= 10 * 60
        return minute % DAY, exact, self._skip(start + 1, Role.OCLOCK)

    def _hour(self, at: int, start: int) -> tuple[int, bool, int] | None:
        number = self._number(start)
        if number is None or number[0] != int(number[0]):
            return None
        after = start + number[1]
        figure = self._pieces[start].text if self._does(start, Role.DIGITS) else ""
        if len(figure) == 4 and (figure[0] == "0" or start > at) and _is_clock(figure):
            return int(figure[:2]) * 60 + int(figure[2:]), True, self._skip(after, Role.OCLOCK)
        leads = [piece for piece in self._pieces[at:start] if piece.does(Role.AT)]
        only_at = any(not piece.does(Role.IN) for piece in leads)
        marked = self._does(after, Role.OCLOCK, Role.AM, Role.PM)
        big_hour = self._does(after, Role.UNIT) and self._value(after, Role.UNIT) == 60 and (
            only_at or (number[0] in range(13, 24) and not self._does(at - 1, Role.OFF, Role.AWAY, Role.IN))
        )  # fmt: skip
        if number[0] > 24 or not (marked or big_hour or (leads and (only_at or number[0] <= 12))):
            return None
        if self._does(after, Role.UNIT) and not (big_hour or self._does(after, Role.OCLOCK)):
            return None
        hour, stop = int(number[0]), after + (1 if big_hour else 0)
        stop = self._skip(stop, Role.OCLOCK)
        minutes, stop = self._past(stop)
        exact = hour > 12 or (len(figure) == 2 and figure[0] == "0")
        return (hour * 60 + minutes) % DAY, exact, stop

    def _past(self, at: int) -> tuple[int, int]:
        """Minutes behind an hour: "e mezza", "e 20", "meno un quarto"."""
        for role, minutes in ((Role.HALF_AFTER, 30), (Role.QUARTER_AFTER, 15), (Role.LESS_QUARTER_AFTER, -15)):
            if self._does(at, role):
                return minutes, at + 1
        if self._does(at, Role.LESS) and (number := self._number(at + 1)) and 0 < number[0] < 30:
            return -int(number[0]), at + 1 + number[1]
        linked = self._does(at, Role.AND)
        number = self._number(at + linked)
        stop = at + linked + number[1] if number else at
        if number and 5 <= number[0] < 60 and not self._does(stop, Role.UNIT):
            return int(number[0]), stop
        return 0, at

    def _ahead(self, minute: int, exact: bool, half: Role | None, day: int) -> int | None:
        """Minutes from now to a minute of the day; of two in a day the nearer."""
        if half is not None:
            hours = minute // 60 % 12 + (12 if half is Role.PM else 0)
            minute, exact = hours * 60 + minute % 60, True
        clock = self._now.hour * 60 + self._now.minute
        if day:
            return minute + DAY - clock
        choices = [minute] if exact else [minute, (minute + 12 * 60) % DAY]
        ahead = min((choice - clock) % DAY for choice in choices)
        return ahead if ahead < DAY - _JUST_PASSED else None

    # ---- Ends ----

    def end(self, at: int) -> _Found | None:
        if not self._does(at, Role.UNTIL):
            return self._end_before(at)
        start = self._skip(at, Role.UNTIL, Role.AT)
        for read in (self._named_day, self._date, self._month_day):
            found = read(start)
            if found is not None:
                day, stop = found
                return Role.END, self._to_midnight(day), stop - at
        moment = self.moment(start) or self.moment(start - 1 if self._does(start - 1, Role.AT) else start)
        if moment is not None:
            return Role.END, moment[1], start + moment[2] - at
        number = self._number(start)
        if number is not None and number[0] <= 24 and not self._does(start + number[1], Role.UNIT):
            ahead = self._ahead(int(number[0]) * 60 % DAY, number[0] > 12, self._half(start + number[1]), 0)
            stop = start + number[1] + (1 if self._half(start + number[1]) else 0)
            return Role.END, ahead, stop - at
        length = self.length(start)
        return None if length is None else (Role.END, length[1], start + length[2] - at)

    def _end_before(self, at: int) -> _Found | None:
        """The word for "until" behind the day, as in Turkish."""
        for read in (self._named_day, self._date, self._month_day):
            found = read(at)
            if found is None or not self._does(found[1], Role.UNTIL):
                continue
            behind = found[1] + 1
            if self._named_day(behind) or self._number(behind):
                return None
            return Role.END, self._to_midnight(found[0]), behind - at
        return None

    def _named_day(self, at: int) -> tuple[date, int] | None:
        today = self._now.date()
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
            if self._does(at, role) and not (role is Role.WEEKDAY and self._does(at, Role.MONTH)):
                return day(), at + 1
        return None

    def _to_weekday(self, at: int) -> int:
        """Days to the next such day; today's name means a week from now."""
        return (self._value(at, Role.WEEKDAY) - self._now.isoweekday() - 1) % 7 + 1

    def _date(self, at: int) -> tuple[date, int] | None:
        if self._does(at, Role.DIGITS) and self._does(at + 1, Role.DASH) and self._does(at + 2, Role.DIGITS):
            return self._coming(self._value(at, Role.NUMBER), self._value(at + 2, Role.NUMBER), 0, at + 3)
        if not self._does(at, Role.DATE, Role.CLOCK):
            dotted = at < len(self._pieces) and re.fullmatch(r"\d\d?[./]\d\d?", self._pieces[at].text)
            if not dotted:
                return None
        text = self._pieces[at].text
        if iso := _ISO.fullmatch(text):
            return _day(int(iso[1]), int(iso[2]), int(iso[3]), at + 1)
        short = _DATE.fullmatch(text)
        if short is None or (self._does(at, Role.CLOCK) and int(short[2]) > 12):
            return None
        day, month = int(short[1]), int(short[2])
        if month > 12:
            day, month = month, day
        year = int(short[3]) if short[3] else 0
        return self._coming(day, month, year + 2000 if 0 < year < 100 else year, at + 1)

    def _month_day(self, at: int) -> tuple[date, int] | None:
        """ "24 December", "24th of December", "December 24"."""
        if self._does(at, Role.MONTH) and self._does(at + 1, Role.DIGITS):
            return self._coming(self._value(at + 1, Role.NUMBER), self._value(at, Role.MONTH), 0, at + 2)
        number = self._number(at)
        if number is None:
            return None
        for ahead in range(at + number[1], min(at + number[1] + 3, len(self._pieces))):
            if self._does(ahead, Role.MONTH):
                return self._coming(int(number[0]), self._value(ahead, Role.MONTH), 0, ahead + 1)
        return None

    def _coming(self, day: int, month: int, year: int, stop: int) -> tuple[date, int] | None:
        today = self._now.date()
        for one in [year] if year else [today.year, today.year + 1]:
            found = _day(one, month, day, stop)
            if found is not None and found[0] >= today:
                return found
        return None

    def _to_midnight(self, day: date) -> int:
        """Minutes to the end of a day, over a change of the clocks too."""
        after = day + timedelta(days=1)
        midnight = datetime(after.year, after.month, after.day, tzinfo=self._now.tzinfo)
        return int((midnight.astimezone(UTC) - self._now.astimezone(UTC)).total_seconds() // 60)


def _is_clock(figure: str) -> bool:
    return int(figure[:2]) < 24 and int(figure[2:]) < 60


def _day(year: int, month: int, day: int, stop: int) -> tuple[date, int] | None:
    try:
        return date(year, month, day), stop
    except ValueError:
        return None
