"""Weekly availability: the half-hours of a week in which a person can be called.

A week is 336 bits, written as 84 hexadecimal digits; Monday 00:00-00:30 is the most significant bit.
Times are local to the person: the caller brings the instant into the person's time zone first.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from .errors import InvalidInput

FIELD = "weekly_hours"
DAY = 48  # half-hours
WEEK = 7 * DAY
DIGITS = WEEK // 4

_CLOCK = re.compile(r"([01][0-9]|2[0-4]):(00|30)")
_HEX = re.compile(rf"[0-9a-fA-F]{{{DIGITS}}}")


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """From ``start`` to ``end`` ("HH:MM", on the half-hour), beginning on ``weekday`` (0 is Monday).

    An end at or before the start lies on the following day: ("22:00", "06:00") passes midnight.
    Midnight at the end of the day is "24:00" or "00:00".
    """

    weekday: int
    start: str
    end: str


def encode(windows: Iterable[Window]) -> str:
    """The week of these windows as 84 hexadecimal digits. Raises `InvalidInput` on ``weekly_hours``."""
    week = 0
    for window in windows:
        for slot in _slots(window):
            week |= 1 << (WEEK - 1 - slot)
    return f"{week:0{DIGITS}x}"


def decode(hours: str) -> list[Window]:
    """The windows of a week, in order; the inverse of `encode` up to joined and overlapping windows.

    A stretch shorter than a day is one window even when it passes midnight; a longer one is cut
    at every midnight. Raises `InvalidInput` on ``weekly_hours`` for anything but 84 hexadecimal digits.
    """
    if not _HEX.fullmatch(hours):
        raise InvalidInput(
            FIELD, f"must be {DIGITS} hexadecimal digits: one bit for each half-hour of the week."
        )
    bits = f"{int(hours, 16):0{WEEK}b}"
    pieces = [piece for start, length in _stretches(bits) for piece in _cut(start, length)]
    return sorted(_window(start, length) for start, length in pieces)


def covers(hours: str | None, local: datetime) -> bool:
    """Whether the week contains this local time. ``None`` means no limits: always."""
    if hours is None:
        return True
    slot = slot_of(local)
    return bool(int(hours[slot // 4], 16) >> (3 - slot % 4) & 1)


def slot_of(local: datetime) -> int:
    """The half-hour of the week that holds this local time."""
    return local.weekday() * DAY + local.hour * 2 + local.minute // 30


def _slots(window: Window) -> Iterator[int]:
    if not 0 <= window.weekday <= 6:
        raise InvalidInput(FIELD, "weekday must be 0 (Monday) to 6 (Sunday).")
    start, end = _half_hours(window.start), _half_hours(window.end)
    if start == DAY:
        raise InvalidInput(FIELD, 'a window cannot start at "24:00"; start at "00:00" of the following day.')
    end = end or DAY
    if start == end:
        raise InvalidInput(FIELD, "start and end are the same; for a whole day give 00:00 to 24:00.")
    length = end - start if end > start else end - start + DAY
    first = window.weekday * DAY + start
    return ((first + offset) % WEEK for offset in range(length))


def _half_hours(clock: str) -> int:
    match = _CLOCK.fullmatch(clock)
    if match is None or clock == "24:30":
        raise InvalidInput(FIELD, f'{clock!r} is not a time; write "HH:MM" on the hour or the half-hour.')
    return int(match[1]) * 2 + (match[2] == "30")


def _stretches(bits: str) -> Iterator[tuple[int, int]]:
    """(first slot, length) of every run of ones; a run over Sunday midnight is one run."""
    if "0" not in bits:
        yield 0, WEEK
        return
    # Begin just after a gap, so that no run is torn at the end of the string.
    origin = bits.index("0")
    turned = bits[origin:] + bits[:origin]
    for run in re.finditer("1+", turned):
        yield (origin + run.start()) % WEEK, run.end() - run.start()


def _cut(start: int, length: int) -> Sequence[tuple[int, int]]:
    if length < DAY:
        return [(start, length)]
    pieces = []
    while length > 0:
        piece = min(length, DAY - start % DAY)
        pieces.append((start, piece))
        start, length = (start + piece) % WEEK, length - piece
    return pieces


def _window(start: int, length: int) -> Window:
    weekday, opening = divmod(start, DAY)
    closing = opening + length
    return Window(weekday, _clock(opening), _clock(closing if closing <= DAY else closing - DAY))


def _clock(half_hours: int) -> str:
    return f"{half_hours // 2:02}:{'30' if half_hours % 2 else '00'}"
