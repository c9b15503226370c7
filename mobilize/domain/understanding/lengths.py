"""Lengths of time ("half an hour", "1 h 30", "20-30 min") and distances."""

from .lexicon import Role
from .row import Found, Row
from .words import Piece

DAY, _HOUR = 24 * 60, 60
#: Kilometres or miles; who is farther away says no.
_FAR = 50
# "in 20" are minutes; "in 2" may be hours.
_LEAST_BARE = 5
_QUARTER = 15
_ENDS_BARE = (Role.BREAK, Role.POLITE, Role.ARRIVED, Role.COME, Role.SET_OUT)


class Lengths(Row):
    """Each method tries to read something at a place of the row; ``None`` if it is not there."""

    def distance(self, at: int) -> Piece | None:
        """ "300 km": a reason not to come, if it is far."""
        if not (self.does(at, Role.DIGITS) and self.does(at + 1, Role.DISTANCE)):
            return None
        far = self.value(at, Role.NUMBER) >= _FAR
        return Piece(f"{self.pieces[at].text} km", frozenset({Role.REASON if far else Role.NEUTRAL}), words=2)

    def length(self, at: int) -> Found | None:
        start = self.skip(at, Role.IN)
        read = (
            self._span(start) or self._units(start) or self._hours_and_minutes(start) or self._unit_first(start)
        )
        if (
            read is None
            and start > at
            and self.does(start, Role.UNIT)
            and self.value(start, Role.UNIT) == _HOUR
        ):
            read = self._more(_HOUR, _HOUR, start + 1)  # "через час"
        if read is None and start > at:
            read = self._bare(start)
        if read is None:
            return None
        minutes, stop = read
        return Role.LENGTH, round(minutes), stop - at

    def _bare(self, at: int) -> tuple[float, int] | None:
        """ "in 20": minutes, if nothing that it might count follows."""
        number = self.number(at)
        if number is None or not _LEAST_BARE <= number[0] <= DAY:
            return None
        stop = at + number[1]
        last = stop + 1 == len(self.pieces) and self.does(stop, Role.NEUTRAL)
        ends = last or stop == len(self.pieces) or self.does(stop, *_ENDS_BARE)
        return (number[0], stop) if ends else None

    def _span(self, at: int) -> tuple[float, int] | None:
        times = self.number(at) if self.does(at + 1, Role.SPAN) and not self.does(at, Role.SPAN) else None
        if times is not None and self.value(at + 1, Role.SPAN) == _QUARTER:
            return times[0] * _QUARTER, at + 2  # "3 kwartier"
        if not self.does(at, Role.SPAN):
            return None
        minutes: float = self.value(at, Role.SPAN)
        minutes, stop = self._more(minutes, 60 if minutes % 60 == 0 else 0, at + 1)
        if self.does(stop, Role.AND) and self.does(stop + 1, Role.SPAN):
            return minutes + self.value(stop + 1, Role.SPAN), stop + 2
        return minutes, stop

    def _unit_first(self, at: int) -> tuple[float, int] | None:
        """ "минут 20", "минут через 20": about so many minutes."""
        if not self.does(at, Role.UNIT) or self.value(at, Role.UNIT) != 1 or self.does(at, Role.NEUTRAL):
            return None
        number = self.number(self.skip(at + 1, Role.IN))
        stop = self.skip(at + 1, Role.IN) + number[1] if number else at
        return (number[0], stop) if number and not self.does(stop, Role.UNIT) else None

    def _units(self, at: int) -> tuple[float, int] | None:
        number = self.range(at)
        if number is None:
            return None
        count, after = number[0], at + number[1]
        while self.does(after, Role.IN) and not self.does(after, Role.UNIT):
            after += 1  # "les cinq prochains jours"
        if self.does(after, Role.HALF_AFTER) and self.does(after + 1, Role.UNIT):
            count, after = count + 0.5, after + 1
        if not self.does(after, Role.UNIT):
            return None
        unit = self.value(after, Role.UNIT)
        answers = at == 0 and self.does(at, Role.DIGITS)
        if unit == 60 and self.does(after + 1, Role.CLOCK) and (answers or self.does(after, Role.AT)):
            return None  # "1 ore 6.30": a yes, and a clock time
        return self._more(count * unit, unit, after + 1)

    def _more(self, minutes: float, unit: int, at: int) -> tuple[float, int]:
        """What may follow a length in hours: a half, a quarter, minutes."""
        if self.does(at, Role.HALF_AFTER):
            return minutes + unit / 2, at + 1
        if unit != 60:
            return minutes, at
        if self.does(at, Role.QUARTER_AFTER):
            return minutes + 15, at + 1
        linked = self.does(at, Role.AND)
        number = self.number(at + linked)
        if number is None or not 0 < number[0] < 60:
            return minutes, at
        stop = at + linked + number[1]
        if self.does(stop, Role.UNIT):
            if self.value(stop, Role.UNIT) == 1:
                return minutes + number[0], stop + 1
            return minutes, at
        return (minutes + number[0], stop) if number[0] >= 5 and stop - at - linked == 1 else (minutes, at)

    def _hours_and_minutes(self, at: int) -> tuple[float, int] | None:
        """ "1h30" is a length; "13h45" is a clock time, and so is "8h30" behind "at"."""
        if self.does(at, Role.CLOCK) and "h" in self.pieces[at].text:
            minutes = self.value(at, Role.CLOCK)
            if minutes < 5 * 60 or self.does(at - 1, Role.IN):
                return minutes, at + 1
        return None

    def past(self, at: int) -> Found | None:
        """ "10 minutes ago", "seit 10 Minuten": no time to come."""
        before = self.does(at, Role.AGO)
        found = self.length(at + before)
        if found is None or not (before or self.does(at + found[2], Role.AGO)):
            return None
        return Role.AGO, None, found[2] + 1
