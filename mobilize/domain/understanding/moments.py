"""Moments: clock times in figures and words ("13:45", "at 6", "halb sieben", "alle sei meno dieci")."""

from .lengths import DAY
from .lexicon import Role
from .row import Found, Row

# A clock time that has just passed is a text that came late, not a plan for tomorrow.
_JUST_PASSED = 60
# What follows the "at" behind an hour; before an hour or a day it leads on.
_NO_HOUR = (Role.COME, Role.ARRIVED, Role.SET_OUT, Role.BREAK, Role.NEUTRAL)


class Moments(Row):
    """Each method tries to read something at a place of the row; ``None`` if it is not there."""

    def moment(self, at: int) -> Found | None:
        day, start = self._day_before(at)
        read = self._clock(start)
        if read is None:
            return None
        minute, exact, stop = read
        half = self._half(stop)
        if half is None and self.does(start - 1, Role.PM) and start > at:
            half = Role.PM
        if self._half(stop):
            stop += 1
        if not day and self.does(stop, Role.TOMORROW):
            day, stop = 1, stop + 1
        elif self.does(stop, Role.TODAY):
            stop += 1
        return Role.MOMENT, self._ahead(minute, exact, half, day), stop - at

    def _day_before(self, at: int) -> tuple[int, int]:
        if self.does(at, Role.TOMORROW):
            return 1, at + 1
        return 0, at + 1 if self.does(at, Role.TODAY, Role.PM, Role.AM) else at

    def _half(self, at: int) -> Role | None:
        return next((half for half in (Role.AM, Role.PM) if self.does(at, half)), None)

    def _clock(self, at: int) -> tuple[int, bool, int] | None:
        """The minute of the day, whether it can be no other, and where it stops."""
        start = self.skip(at, Role.AT, Role.IN)
        if self.does(start, Role.CLOCK):
            return self._figures(at, start)
        for role, shift in ((Role.HALF_PAST, 30), (Role.HALF_BEFORE, -30), (Role.QUARTER_PAST, 15),
                            (Role.QUARTER_TO, -15)):  # fmt: skip
            if self.does(start, role):
                hour = self.number(start + 1)
                after = start + 1 + hour[1] if hour else 0
                if hour and 0 < hour[0] <= 12 and not self.does(after, Role.UNIT):
                    return round(hour[0] * 60 + shift) % DAY, False, self.skip(after, Role.OCLOCK)
        return self._minutes_and_hour(start) or self._hour(at, start)

    def _minutes_and_hour(self, at: int) -> tuple[int, bool, int] | None:
        """ "ten to six", "zehn nach sechs"."""
        minutes = self.number(at)
        if minutes is None or not 0 < minutes[0] < 30:
            return None
        between = at + minutes[1]
        sign = 1 if self.does(between, Role.MINUTES_PAST) else -1 if self.does(between, Role.MINUTES_TO) else 0
        hour = self.number(between + 1) if sign else None
        if hour is None or not 0 < hour[0] <= 12 or self.does(between + 1 + hour[1], Role.UNIT):
            return None
        return round(hour[0] * 60 + sign * minutes[0]) % DAY, False, between + 1 + hour[1]

    def _figures(self, at: int, start: int) -> tuple[int, bool, int] | None:
        text, minute = self.pieces[start].text, self.value(start, Role.CLOCK)
        led = any(self.does(before, Role.AT) for before in range(at, start)) or self.does(
            start + 1, Role.OCLOCK
        )
        if "h" in text and not led and minute < 5 * 60:
            return None
        if "." in text and not led and text[0] in "12345" and text[1] == "." and start == 0:
            return None  # "2.30" may be an answer and minutes
        exact = text[0] == "0" or minute >= 10 * 60
        return minute % DAY, exact, self.skip(start + 1, Role.OCLOCK)

    def _hour(self, at: int, start: int) -> tuple[int, bool, int] | None:
        number = self.number(start)
        if number is None or number[0] != int(number[0]):
            return None
        after = start + number[1]
        figure = self.pieces[start].text if self.does(start, Role.DIGITS) else ""
        led = any(not piece.does(Role.IN) for piece in self.pieces[at:start])
        plain = (figure[0] == "0" or led) and not self.does(after, Role.UNIT) if len(figure) == 4 else False
        if plain and _is_clock(figure):
            return int(figure[:2]) * 60 + int(figure[2:]), True, self.skip(after, Role.OCLOCK)
        leads = [piece for piece in self.pieces[at:start] if piece.does(Role.AT)]
        only_at = any(not piece.does(Role.IN) for piece in leads)
        half = self.does(after, Role.HALF_AFTER) and not self.does(after + 1, Role.UNIT)
        # An hour is marked by what follows it: "6 Uhr", "6 pm", Turkish "6'da"; but "in 2 hrs" is a length.
        behind = (
            bool(figure)
            and self.does(after, Role.AT)
            and after + 1 < len(self.pieces)
            and self.does(after + 1, *_NO_HOUR)
        )
        unit = self.does(after, Role.UNIT) and number[0] < 13 and not only_at
        marked = half or behind or (self.does(after, Role.OCLOCK, Role.AM, Role.PM) and not unit)
        big_hour = self.does(after, Role.UNIT) and self.value(after, Role.UNIT) == 60 and (
            only_at or (number[0] in range(13, 24) and not self.does(at - 1, Role.OFF, Role.AWAY, Role.IN))
        )  # fmt: skip
        less = self.does(after, Role.UNIT) and self.does(after + 1, Role.LESS, Role.LESS_QUARTER_AFTER)
        big_hour = big_hour or (less and self.value(after, Role.UNIT) == 60)  # "six heures moins le quart"
        if number[0] > 24 or not (marked or big_hour or (leads and (only_at or number[0] <= 12))):
            return None
        if self.does(after, Role.UNIT) and not (big_hour or self.does(after, Role.OCLOCK)):
            return None
        hour, stop = int(number[0]), after + (1 if big_hour else 0)
        stop = self.skip(stop, *((Role.OCLOCK, Role.AT) if behind else (Role.OCLOCK,)))
        minutes, stop = self._past(stop)
        exact = hour > 12 or (len(figure) == 2 and figure[0] == "0")
        return (hour * 60 + minutes) % DAY, exact, stop

    def _past(self, at: int) -> tuple[int, int]:
        """Minutes behind an hour: "e mezza", "e 20", "meno un quarto"."""
        for role, minutes in ((Role.HALF_AFTER, 30), (Role.QUARTER_AFTER, 15), (Role.LESS_QUARTER_AFTER, -15)):
            if self.does(at, role):
                return minutes, at + 1
        if self.does(at, Role.LESS) and (number := self.number(at + 1)) and 0 < number[0] < 30:
            return -int(number[0]), at + 1 + number[1]
        linked = self.does(at, Role.AND)
        number = self.number(at + linked)
        stop = at + linked + number[1] if number else at
        if number and 5 <= number[0] < 60 and not self.does(stop, Role.UNIT):
            return int(number[0]), stop
        return 0, at

    def _ahead(self, minute: int, exact: bool, half: Role | None, day: int) -> int | None:
        """Minutes from now to a minute of the day; of two in a day the nearer."""
        if half is not None:
            hours = minute // 60 % 12 + (12 if half is Role.PM else 0)
            minute, exact = hours * 60 + minute % 60, True
        clock = self.now.hour * 60 + self.now.minute
        if day:
            return minute + DAY - clock
        choices = [minute] if exact else [minute, (minute + 12 * 60) % DAY]
        ahead = min((choice - clock) % DAY for choice in choices)
        return ahead if ahead < DAY - _JUST_PASSED else None


def _is_clock(figure: str) -> bool:
    return int(figure[:2]) < 24 and int(figure[2:]) < 60
