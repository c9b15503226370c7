"""How many to ask now: for each need as few people as keep its promise, re-planned at each answer and tick.

The promise of a need is that P(enough accept in time) is at least its confidence. It is weighed in two ways,
and both are shown:

- *with those asked so far*: what happens if nobody more is asked;
- *if asking goes on*: what happens if everyone who may still be called is asked. The promise to an authority
  is this one, since asking does go on.

Where lives are at stake, a wave is sized so that those asked reach the confidence at once. Elsewhere there is
a choice between soon and few, and it falls on few: as long as answers can be heard and acted upon, an even
chance is enough (`EVEN`), since the next plan knows more; as time runs out, so does that patience. The measure
of it is the share of answers that come within half of the time left: the first half to hear them, the second
for those who are asked then. By the same share the spread of the shared shift (``chance.py``) is narrowed:
doubt that will be resolved in time needs no people now. These are rules of thumb; ``bench waves`` holds them
against others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
import numpy.typing as npt

from .chance import Asked, Manner, Numbers, Shift, Tally, learn_shift, yes_if_asked, yes_of_silent
from .vocabulary import CalloutMode

Positions = npt.NDArray[np.int64]

#: How many candidates are looked at for each missing person, when judging what asking on can reach.
LOOK_AHEAD, LEAST_LOOK = 60, 400
#: How sure a patient callout is while there is time to hear answers first.
EVEN = 0.5
#: People added at a time where they are too many to add one by one.
_STRIDE = 512


@dataclass(frozen=True, slots=True)
class NeedProgress:
    """How far one need has come: the people it asks for, those who fill it, and how sure it wants to be."""

    need_id: int
    headcount: int
    filled: int
    confidence: float

    @property
    def missing(self) -> int:
        return max(self.headcount - self.filled, 0)


@dataclass(frozen=True, slots=True)
class Pool:
    """People who may be asked next, first to ask first: one array element a person.

    ``chance``: of a yes. ``window_s``: within how many seconds of the text a yes still brings them there in
    time. ``able``: the needs they can fill; bit j stands for the j-th need.
    """

    chance: Numbers
    window_s: Numbers
    able: Positions

    @property
    def size(self) -> int:
        return int(self.able.size)


@dataclass(frozen=True, slots=True)
class Situation:
    """What a plan is made from. ``able``: the needs that each group of ``asked`` can fill, as in `Pool`.

    ``shift`` is what was thought of the shared shift before the callout. ``patience``: how sure a need has to
    be at least while there is time, a probability; 1 is no patience, `EVEN` is much.
    """

    needs: Sequence[NeedProgress]
    asked: Asked
    able: Positions
    pool: Pool
    shift: Shift
    manner: Manner
    patience: float = 1.0


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of one need. Probabilities; ``expected``: how many yes may still come of those asked."""

    with_asked: float
    asking_on: float
    expected: float


@dataclass(frozen=True, slots=True)
class WaveDecision:
    """Whom to ask now: positions in the pool, in its order; none when nobody needs to be asked.

    ``before`` and ``after``: each need as it stands, and its probability with these people asked, too.
    ``together``: the probability that all needs are filled, if asking goes on. ``shift``: what was learned.
    """

    chosen: Sequence[int]
    reason: str
    before: Mapping[int, Outlook]
    after: Mapping[int, float]
    together: float
    shift: Shift


def plan(mode: CalloutMode, situation: Situation) -> WaveDecision:
    """Decide on the next wave. Pure; a few milliseconds.

    ``one_by_one`` chooses the next in rank whenever a place is open; the caller waits for the one before.
    """
    shift = learn_shift(situation.shift, situation.asked, situation.manner)
    before, together = _outlook(situation, shift)
    chosen, after = _CHOOSERS[mode](situation, shift, before)
    reason = _reason(mode, situation.needs, before, after, len(chosen))
    return WaveDecision(chosen, reason, before, after, together, shift)


# --- whom to choose ---------------------------------------------------------------------------------

_Before = Mapping[int, Outlook]
_Choice = tuple[list[int], Mapping[int, float]]


def _everyone(situation: Situation, _shift: Shift, before: _Before) -> _Choice:
    short = sum(1 << n for n, need in enumerate(situation.needs) if need.missing)
    chosen = np.flatnonzero(situation.pool.able & short).tolist()
    return chosen, {need_id: outlook.asking_on for need_id, outlook in before.items()}


def _the_next(situation: Situation, shift: Shift, before: _Before) -> _Choice:
    chosen, _ = _everyone(situation, shift, before)
    return chosen[:1], {need_id: outlook.with_asked for need_id, outlook in before.items()}


def _phased(situation: Situation, shift: Shift, _before: _Before) -> _Choice:
    return fewest(situation, shift)


def fewest(situation: Situation, shift: Shift) -> _Choice:
    """As few people as keep every need's confidence, the next in rank; scarce skills choose first.

    Positions in the pool, and each need's probability with them. ``shift``: what is believed by now.
    """
    pool = situation.pool
    heard = _heard_in_time(situation)
    sizing = shift.narrowed(sqrt(1 - heard))
    silent, shares = _silent(situation, sizing)
    taken = np.zeros(pool.size, np.bool_)
    after: dict[int, float] = {}
    for n in scarcest_first(situation.needs, pool):
        need = situation.needs[n]
        tally = Tally(need.missing, sizing)
        tally.add(silent, shares[n])
        own = _next_for(n, situation, taken)
        sure = need.confidence - max(need.confidence - situation.patience, 0.0) * heard
        taken[own[: _grow(tally, sure, own, situation)]] = True
        after[need.need_id] = tally.at_least()
    return np.flatnonzero(taken).tolist(), after


_CHOOSERS = {
    CalloutMode.PHASED: _phased,
    CalloutMode.EVERYONE: _everyone,
    CalloutMode.ONE_BY_ONE: _the_next,
}


def _heard_in_time(situation: Situation) -> float:
    """The share of answers that come early enough to ask others after them."""
    if not situation.pool.size:
        return 0.0
    return float(situation.manner.delay.cdf(float(np.median(situation.pool.window_s)) / 2))


def _grow(tally: Tally, confidence: float, own: Positions, situation: Situation) -> int:
    """Add people in order until the tally is sure enough; returns how many."""
    pool, used = situation.pool, 0
    while used < own.size and tally.at_least() < confidence:
        some = own[used : used + _STRIDE]
        rates = yes_if_asked(pool.chance[some], pool.window_s[some], tally.shift, situation.manner)
        used += _one_by_one(tally, confidence, rates) if tally.room else _in_bulk(tally, confidence, rates)
    return used


def _one_by_one(tally: Tally, confidence: float, rates: Numbers) -> int:
    most: int = min(rates.shape[1], tally.room)
    for used in range(most):
        tally.add(rates[:, used, None])
        if tally.at_least() >= confidence:
            return used + 1
    return most


def _in_bulk(tally: Tally, confidence: float, rates: Numbers) -> int:
    sure = np.flatnonzero(tally.grown(rates) >= confidence)
    used: int = int(sure[0]) + 1 if sure.size else rates.shape[1]
    tally.add(rates[:, :used])
    return used


def _next_for(n: int, situation: Situation, taken: npt.NDArray[np.bool_]) -> Positions:
    """Who may be asked for a need, in rank; those with a skill that is scarcer and still short come last."""
    needs, pool = situation.needs, situation.pool
    able = np.flatnonzero((pool.able >> n & 1).astype(np.bool_) & ~taken)
    order = scarcest_first(needs, pool)
    scarcer = sum(1 << other for other in order[: order.index(n)] if needs[other].missing)
    precious = (pool.able[able] & scarcer) != 0
    return np.concatenate([able[~precious], able[precious]])


def scarcest_first(needs: Sequence[NeedProgress], pool: Pool) -> list[int]:
    """The needs' positions, by how many candidates there are for each missing person, fewest first."""
    able = [int(np.count_nonzero(pool.able >> n & 1)) for n in range(len(needs))]
    return sorted(range(len(needs)), key=lambda n: able[n] / needs[n].missing if needs[n].missing else np.inf)


# --- how it stands ----------------------------------------------------------------------------------


def _outlook(situation: Situation, shift: Shift) -> tuple[dict[int, Outlook], float]:
    """Each need as it stands; and the probability that all are filled if asking goes on."""
    pool, manner = situation.pool, situation.manner
    silent, shares = _silent(situation, shift)
    taken = np.zeros(pool.size, np.bool_)
    found: dict[int, Outlook] = {}
    together = np.ones(shift.weights.size)
    for n in scarcest_first(situation.needs, pool):
        need = situation.needs[n]
        tally = Tally(need.missing, shift)
        tally.add(silent, shares[n])
        with_asked, expected = tally.at_least(), tally.expected
        if need.missing:
            own = _next_for(n, situation, taken)[: max(LEAST_LOOK, LOOK_AHEAD * need.missing)]
            tally.add(yes_if_asked(pool.chance[own], pool.window_s[own], shift, manner))
            taken[own[: _likely_used(need.missing - expected, pool.chance[own])]] = True
        found[need.need_id] = Outlook(with_asked, max(tally.at_least(), with_asked), expected)
        # Given the shift, needs are independent; the shift they share.
        together = together * tally.by_shift()
    return found, float(shift.weights @ together)


def _likely_used(short: float, chance: Numbers) -> int:
    """How many of its people a need may use up before others have them: for twice what it is short of."""
    found: int = np.searchsorted(np.cumsum(chance), 2 * max(short, 0.0)).item()
    return found + 1


def _silent(situation: Situation, shift: Shift) -> tuple[Numbers, list[Positions]]:
    """The silent's chances (a row a shift, a column a group); and for each need how many of each group count.

    Nobody counts twice. Those who can fill one need only count there; the others go where most is missing.
    """
    needs, able, silent = situation.needs, situation.able, situation.asked.silent.astype(np.int64)
    rates = yes_of_silent(situation.asked, shift, situation.manner)
    mean = shift.weights @ rates
    shares = [np.where(able == 1 << n, silent, 0) for n in range(len(needs))]
    short = [need.missing - float(share @ mean) for need, share in zip(needs, shares, strict=True)]
    several = np.flatnonzero(~np.isin(able, [1 << n for n in range(len(needs))]) & (able != 0))
    for group in several.tolist():
        left = int(silent[group])
        choices = sorted((n for n in range(len(needs)) if able[group] >> n & 1), key=lambda n: -short[n])
        for n in choices:
            sufficient = max(ceil(short[n] / max(mean[group], 1e-3)), 0)
            count = left if n == choices[-1] else min(left, sufficient)
            shares[n][group] += count
            short[n] -= count * float(mean[group])
            left -= count
    return rates, shares


def _reason(
    mode: CalloutMode,
    needs: Sequence[NeedProgress],
    before: Mapping[int, Outlook],
    after: Mapping[int, float],
    count: int,
) -> str:
    short = [need for need in needs if need.missing]
    if not short:
        return "every place is filled"
    places = (
        f"{(open_now := sum(need.missing for need in short))} open {'place' if open_now == 1 else 'places'}"
    )
    if mode is CalloutMode.EVERYONE:
        return f"everyone who may be called, for {places}"
    if mode is CalloutMode.ONE_BY_ONE:
        return f"the next one, for {places}"
    lowest = min(short, key=lambda need: before[need.need_id].with_asked).need_id
    was, now = before[lowest].with_asked, after[lowest]
    return f"{count} more for {places}: {was:.0%} sure before, {now:.0%} with them"
