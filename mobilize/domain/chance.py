"""The chance that enough people come: sums of unequal coins, and the shift that all of them share.

Each person asked says yes with a probability of their own, so the number of those who do follows the
Poisson-binomial distribution. Its upper tail is exact for what a callout usually asks (the recursion of
R. E. Barlow and K. D. Heidtmann, "Computing k-out-of-n system reliability", IEEE Trans. Reliability R-33,
1984); for large numbers the refined normal approximation serves (A. Yu. Volkova, "A refinement of the central
limit theorem for sums of independent random indicators", Theory Probab. Appl. 40, 1996), whose error falls with
the variance.

People are not independent: a storm, a night, a football final moves all of them together. So all log-odds
share one unknown `Shift`. Before the first answer it is spread around zero; every yes, every no and every
minute of silence narrows it. What is computed here is computed for each possible shift, then averaged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from .delays import Delay

Numbers = npt.NDArray[np.float64]

#: Possible shifts: an even grid over so many standard deviations to either side.
_GRID, _REACH = 15, 3.0
#: A shift with less weight than this changes no figure that anybody sees.
_OUT_OF_THE_QUESTION = 1e-6
#: The recursion costs people times headcount; beyond this many such steps the approximation takes over.
EXACT_STEPS = 60_000
#: Nobody is certain, and nobody is hopeless.
LEAST, MOST = 0.005, 0.98


@dataclass(frozen=True, slots=True)
class Shift:
    """What all log-odds are moved by together: possible values, and how likely each is (sums to 1)."""

    values: Numbers
    weights: Numbers

    @property
    def mean(self) -> float:
        return float(self.weights @ self.values)

    @property
    def sd(self) -> float:
        return sqrt(max(float(self.weights @ (self.values - self.mean) ** 2), 0.0))

    def narrowed(self, share: float) -> "Shift":
        """The same shift with its spread around the mean cut down to ``share`` (0 to 1) of it."""
        return Shift(self.mean + (self.values - self.mean) * share, self.weights)


def unknown_shift(sd: float) -> Shift:
    """Before anything was heard: normal around zero. ``sd`` 0 means that people are independent."""
    values = np.linspace(-_REACH, _REACH, _GRID)
    weights = np.exp(-0.5 * values**2)
    return Shift(values * sd, weights / weights.sum())


@dataclass(frozen=True, slots=True)
class Asked:
    """People asked, in groups of equals: one array element a group.

    ``chance``: of a yes, as it was thought before the callout. ``accepted`` and ``declined``: how many said
    so. ``silent``: how many have not answered, after ``elapsed_s`` seconds; their yes counts if it
    comes within ``window_s`` seconds of the text.
    """

    chance: Numbers
    accepted: Numbers
    declined: Numbers
    silent: Numbers
    elapsed_s: Numbers
    window_s: Numbers


@dataclass(frozen=True, slots=True)
class Manner:
    """How people answer: after what delay, and which share of those who do not come says so."""

    delay: Delay
    says_no: float


def learn_shift(before: Shift, asked: Asked, manner: Manner) -> Shift:
    """What the answers and the silence so far say about the shift: Bayes' rule on the grid.

    Where much was heard the grid is too coarse; it is then laid once more, finer, where the shift must lie.
    Shifts that are out of the question are left out.
    """
    if not asked.chance.size:
        return before
    after = _weighed(before, asked, manner)
    step = float(before.values[1] - before.values[0]) if before.values.size > 1 else 0.0
    if 0 < after.sd < step:
        finer = after.mean + np.linspace(-1.5, 1.5, _GRID) * step
        log_prior = np.interp(finer, before.values, np.log(before.weights))
        after = _weighed(Shift(finer, np.exp(log_prior)), asked, manner)
    likely = after.weights > _OUT_OF_THE_QUESTION
    return Shift(after.values[likely], after.weights[likely] / after.weights[likely].sum())


def _weighed(before: Shift, asked: Asked, manner: Manner) -> Shift:
    p = shifted(asked.chance, before)
    heard = manner.delay.cdf(asked.elapsed_s)
    silence = _silence(p, heard, manner)
    log_likelihood = np.log(p) @ asked.accepted + np.log1p(-p) @ asked.declined + np.log(silence) @ asked.silent
    weights = before.weights * np.exp(log_likelihood - log_likelihood.max())
    return Shift(before.values, weights / weights.sum())


def shifted(chance: npt.ArrayLike, shift: Shift) -> Numbers:
    """Everyone's chance under each shift: one row a shift, one column a person."""
    p = np.clip(np.asarray(chance, np.float64), LEAST, MOST)
    odds = np.exp(shift.values)[:, None] * (p / (1 - p))[None, :]
    return odds / (1 + odds)


def yes_of_silent(asked: Asked, shift: Shift, manner: Manner) -> Numbers:
    """The chance that a silent person's yes still comes in time: a row for each shift, a column a group.

    ``p (F(w) - F(e)) / (1 - p F(e) - (1 - p) rho F(e))``: with F the delay's distribution, e the time
    since the text, w the window, rho the share of decliners who say so. Bayes' rule.
    """
    p = shifted(asked.chance, shift)
    now, end = manner.delay.cdf(asked.elapsed_s), manner.delay.cdf(asked.window_s)
    return np.clip(p * np.maximum(end - now, 0.0) / _silence(p, now, manner), 0.0, 1.0)


def _silence(p: Numbers, heard: Numbers, manner: Manner) -> Numbers:
    """The chance that nothing was heard yet, of people of whom this share would have been; never quite zero."""
    return np.maximum(1 - (p + (1 - p) * manner.says_no) * heard, 1e-12)


def yes_if_asked(chance: npt.ArrayLike, window_s: npt.ArrayLike, shift: Shift, manner: Manner) -> Numbers:
    """The chance of a yes in time from people who are asked now: a row for each shift, a column a person."""
    return shifted(chance, shift) * manner.delay.cdf(window_s)[None, :]


class Tally:
    """How many of a growing crowd say yes, for each shift. Adding people never lowers `at_least`.

    Exact while people times headcount stays below `EXACT_STEPS`, approximate from then on.
    """

    def __init__(self, wanted: int, shift: Shift) -> None:
        self.shift = shift
        self._wanted = wanted
        self._weights = shift.weights
        grid = shift.weights.size
        #: P(exactly j) for j below what is wanted; what reaches it is not tracked.
        self._below: Numbers | None = np.zeros((grid, max(wanted, 0)))
        if wanted > 0:
            self._below[:, 0] = 1.0
        self._people = 0
        # Sums of r, r(1-r) and r(1-r)(1-2r): mean, variance and third moment of the number.
        self._moments = np.zeros((grid, 3))

    def add(self, rates: Numbers, counts: npt.ArrayLike | None = None) -> None:
        """People with these chances (a row for each shift); ``counts``: how many of each column."""
        if not rates.shape[1]:
            return
        many = np.ones(rates.shape[1]) if counts is None else np.asarray(counts, np.float64)
        self._moments += np.stack([part @ many for part in _parts(rates)], axis=1)
        self._people += int(many.sum())
        if self._below is not None and self._people * self._wanted > EXACT_STEPS:
            self._below = None
        if self._below is not None and self._wanted > 0:
            for column, count in enumerate(many.astype(int).tolist()):
                for _ in range(count):
                    self._one_more(rates[:, column, None])

    def _one_more(self, r: Numbers) -> None:
        assert self._below is not None  # noqa: S101 - for the type checker
        came = self._below * r
        self._below -= came
        self._below[:, 1:] += came[:, :-1]

    def at_least(self) -> float:
        """P(as many as wanted, or more), averaged over the shifts."""
        return float(np.clip(self._weights @ self.by_shift(), 0.0, 1.0))

    def by_shift(self) -> Numbers:
        """The same for each shift."""
        if self._wanted <= 0:
            return np.ones(self._weights.size)
        if self._below is not None:
            return np.asarray(np.clip(1 - self._below.sum(axis=1), 0.0, 1.0), np.float64)
        return _tail(self._moments, self._wanted)

    def grown(self, rates: Numbers) -> Numbers:
        """P(enough) after each further person, one value a column; for crowds too large to add one by one."""
        sums = np.stack([np.cumsum(part, axis=1) for part in _parts(rates)], axis=2)
        found = _tail(self._moments[:, None, :] + sums, self._wanted)
        return np.asarray(self._weights @ found, np.float64)

    @property
    def exact(self) -> bool:
        return self._below is not None

    @property
    def room(self) -> int:
        """How many more people it stays exact for."""
        return max(EXACT_STEPS // max(self._wanted, 1) - self._people, 0) if self.exact else 0

    @property
    def expected(self) -> float:
        """How many say yes, on average."""
        return float(self._weights @ self._moments[:, 0])


def _parts(rates: Numbers) -> Sequence[Numbers]:
    spread = rates * (1 - rates)
    return rates, spread, spread * (1 - 2 * rates)


def _tail(moments: Numbers, wanted: int) -> Numbers:
    """P(number >= wanted) by the refined normal approximation; moments are (…, 3)."""
    mean, variance, third = moments[..., 0], np.maximum(moments[..., 1], 1e-12), moments[..., 2]
    sd = np.sqrt(variance)
    x = (wanted - 0.5 - mean) / sd
    skew = third / sd**3
    density = np.exp(-0.5 * x**2) / sqrt(2 * pi)
    below = ndtr(x) + skew * (1 - x**2) * density / 6
    return np.asarray(np.clip(1 - below, 0.0, 1.0), np.float64)


def quantiles(rates: Numbers, shift: Shift, shares: Sequence[float]) -> list[int]:
    """How many say yes: the smallest number that is not exceeded with each of these probabilities.

    ``rates`` has a row for each shift. Exact (all numbers are tracked) up to `EXACT_STEPS` steps.
    """
    people = rates.shape[1]
    if people * people <= EXACT_STEPS:
        pmf = np.zeros((shift.weights.size, people + 1))
        pmf[:, 0] = 1.0
        for column in range(people):
            came = pmf[:, :-1] * rates[:, column, None]
            pmf[:, :-1] -= came
            pmf[:, 1:] += came
        cumulated = np.cumsum(shift.weights @ pmf)
    else:
        moments = np.stack([part.sum(axis=1) for part in _parts(rates)], axis=1)
        numbers = np.arange(1, people + 2)
        cumulated = 1 - np.array([shift.weights @ _tail(moments, n) for n in _thinned(numbers)])
        cumulated = np.interp(numbers, _thinned(numbers), cumulated)
    return [min(int(np.searchsorted(cumulated, share - 1e-12)), people) for share in shares]


def _thinned(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return numbers if numbers.size <= 400 else np.unique(np.linspace(1, numbers[-1], 400).astype(np.int64))
