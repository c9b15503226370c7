"""A row of pieces that is read for times, and the numbers in it."""

import re
from collections.abc import Sequence
from datetime import datetime

from .lexicon import Role
from .words import Piece

_DECIMAL = re.compile(r"(\d{1,2})[.,](\d)")

#: A time found: what it is, its minutes, and how many pieces it takes.
Found = tuple[Role, int | None, int]


class Row:
    """The pieces of a text, and the moment at which it was written, on the volunteer's clock."""

    def __init__(self, pieces: Sequence[Piece], now: datetime) -> None:
        self.pieces = pieces
        self.now = now

    def does(self, at: int, *roles: Role) -> bool:
        return 0 <= at < len(self.pieces) and self.pieces[at].does(*roles)

    def value(self, at: int, role: Role) -> int:
        return self.pieces[at].values[role]

    def skip(self, at: int, *roles: Role) -> int:
        while self.does(at, *roles):
            at += 1
        return at

    def number(self, at: int) -> tuple[float, int] | None:
        """A number in figures or words ("20", "1,5", "twenty five", "fünf und zwanzig") and its length."""
        if self.does(at, Role.DIGITS):
            return self.value(at, Role.NUMBER), 1
        if at < len(self.pieces) and (decimal := _DECIMAL.fullmatch(self.pieces[at].text)):
            return int(decimal[1]) + int(decimal[2]) / 10, 1
        if not self.does(at, Role.NUMBER):
            return None
        first = self.value(at, Role.NUMBER)
        after = at + 1 + self.does(at + 1, Role.AND)
        if self.does(after, Role.NUMBER) and not self.does(after, Role.DIGITS):
            second = self.value(after, Role.NUMBER)
            if (first >= 20 and first % 10 == 0 and second < 10) or (
                first < 10 and second in range(20, 100, 10)
            ):
                return first + second, after + 1 - at
        return first, 1

    def range(self, at: int) -> tuple[float, int] | None:
        """A number, or the later of two: "20-30"."""
        first = self.number(at)
        if first is None:
            return None
        between = at + first[1]
        if self.does(between, Role.DASH, Role.TO):
            second = self.number(between + 1)
            if second is not None and second[0] > first[0] and self.does(between + 1 + second[1], Role.UNIT):
                return second[0], first[1] + 1 + second[1]
        if self.does(between, Role.AND) and self.does(at, Role.DIGITS) and self.does(between + 2, Role.UNIT):
            second = self.number(between + 1)  # "between 20 and 30 min"
            if second is not None and second[0] > first[0]:
                return second[0], 3
        return first
