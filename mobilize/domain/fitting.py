"""Fitting a text into as few segments as it can take: long values give way, never instructions."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence

from .segments import measure

_CUT = ".."

Render = Callable[[Mapping[str, str]], str]


def fitted(
    values: Mapping[str, str], give_way: Sequence[tuple[str, int]], render: Render, allowed: int = 1
) -> str:
    """Render with values as long as they can be without costing a segment that shorter ones would save.

    ``give_way`` names the values that may be shortened, in that order, and to no fewer characters than
    stands beside them; zero lets a value go altogether. A name may come twice. Nothing is shortened to
    take fewer segments than are ``allowed``.
    """
    whole = render(values)
    segments = measure(whole).segments
    if segments <= allowed:
        return whole
    shortest = values
    for name, least in give_way:
        shortest = _with_at_most(shortest, name, least)
    target = max(measure(render(shortest)).segments, allowed)
    if segments <= target:
        return whole
    for name, least in give_way:
        if measure(render(values)).segments <= target:
            break
        values = _with_at_most(values, name, _longest(values, name, least, target, render))
    return render(values)


def _longest(values: Mapping[str, str], name: str, least: int, target: int, render: Render) -> int:
    """The most characters of a value with which the text keeps to ``target`` segments, or ``least``."""
    lengths = range(least, max(len(values[name]), least) + 1) if least else range(1)

    def segments(length: int) -> int:
        return measure(render(_with_at_most(values, name, length))).segments

    return lengths[max(bisect_right(lengths, target, key=segments) - 1, 0)]


def _with_at_most(values: Mapping[str, str], name: str, length: int) -> Mapping[str, str]:
    text = values[name]
    if len(text) <= length:
        return values
    return {**values, name: shortened(text, length) if length else ""}


def shortened(text: str, length: int) -> str:
    """The beginning of a text, cut between words unless that would lose too much."""
    kept = text[: length - len(_CUT)]
    words = text[: len(kept) + 1].rpartition(" ")[0]
    return (words if len(words) >= 0.6 * len(kept) else kept).rstrip(" ,;:.-") + _CUT


def one_line(text: str) -> str:
    return " ".join(text.split())
