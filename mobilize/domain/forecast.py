"""What a call-out will bring: how many yes by when, and what more confidence costs in people disturbed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .chance import Numbers, Shift, Tally, quantiles, shifted
from .delays import Delay
from .vocabulary import CalloutMode
from .waves import EVEN, NeedProgress, Situation, WaveDecision, fewest, plan

#: What a band shows: its lower end, its middle, its upper end.
BAND = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class Moment:
    """How many by a moment, ``after_s`` seconds from now: 10th, 50th and 90th percentile."""

    after_s: float
    low: int
    middle: int
    high: int


def yes_over_time(chance: Numbers, moments_s: Sequence[float], shift: Shift, delay: Delay) -> list[Moment]:
    """How many of these people will have said yes by each moment, if all are asked now."""
    return arrivals_over_time(Arrivals(chance, np.zeros_like(chance)), moments_s, shift, delay)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """People who may come, one array element each: chance of a yes, seconds from the call to the arrival."""

    chance: Numbers
    travel_s: Numbers


def arrivals_over_time(
    people: Arrivals, moments_s: Sequence[float], shift: Shift, delay: Delay
) -> list[Moment]:
    """How many will have arrived by each moment, if all are asked now.

    Travel times count the preparation, which begins at the answer at the latest: so the answer's delay comes
    before the whole of it.
    """
    p = shifted(people.chance, shift)
    return [
        Moment(after_s, *quantiles(p * delay.cdf(after_s - people.travel_s), shift, BAND))
        for after_s in moments_s
    ]


def chance_of_arrivals(people: Arrivals, wanted: int, within_s: float, shift: Shift, delay: Delay) -> float:
    """P(at least so many arrive within these seconds), if all of them are asked now."""
    tally = Tally(wanted, shift)
    tally.add(shifted(people.chance, shift) * delay.cdf(within_s - people.travel_s))
    return tally.at_least()


@dataclass(frozen=True, slots=True)
class Choice:
    """What one confidence costs. ``confidence`` ``None``: everyone is asked.

    ``at_once``: people asked by the first wave. ``low``, ``middle``, ``high``: people disturbed in the end, in
    a good, a usual and a bad night (10th, 50th, 90th percentile of the shared shift). ``sure``: P(filled in
    time).
    """

    confidence: float | None
    at_once: int
    low: int
    middle: int
    high: int
    sure: float


def choices(situation: Situation, confidences: Sequence[float], most_asked: int | None) -> list[Choice]:
    """Confidence against burden: one row for each confidence, and one for asking everyone."""
    everyone = plan(CalloutMode.EVERYONE, situation)
    count = _capped(len(everyone.chosen), most_asked)
    rows = [_choice(situation, everyone, confidence, most_asked) for confidence in confidences]
    return [*rows, Choice(None, count, count, count, count, everyone.together)]


def _choice(situation: Situation, everyone: WaveDecision, confidence: float, most_asked: int | None) -> Choice:
    """How sure it is, if asking goes on, is what asking everyone reaches, whatever the confidence."""
    needs = [replace(need, confidence=confidence) for need in situation.needs]
    at_once = _count(replace(situation, needs=needs), everyone.shift)
    low, middle, high = (
        _capped(max(_if_shift_were(situation, needs, value), at_once), most_asked)
        for value in _nights(situation.shift)
    )
    return Choice(confidence, _capped(at_once, most_asked), low, middle, high, everyone.together)


def _count(situation: Situation, shift: Shift) -> int:
    return len(fewest(situation, shift)[0])


def _nights(shift: Shift) -> list[float]:
    """The shift in a good, a usual and a bad night."""
    cumulated = np.cumsum(shift.weights)
    return [float(np.interp(1 - share, cumulated, shift.values)) for share in BAND]


def _if_shift_were(situation: Situation, needs: Sequence[NeedProgress], value: float) -> int:
    """How many are asked in all, if the shift is known to be this from the start."""
    known = Shift(np.array([value]), np.array([1.0]))
    even = [replace(need, confidence=EVEN) for need in needs] if situation.patience < 1 else needs
    return _count(replace(situation, needs=even), known)


def _capped(count: int, most: int | None) -> int:
    return count if most is None else min(count, most)
