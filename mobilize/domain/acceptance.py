"""How likely a volunteer is to say yes: what people like that did, and more and more what they did themselves.

Two steps, both inspectable (``flask acceptance report``):

1. *What to expect of anybody there and then*: log-odds of a few named factors. They begin at the documented
   guesses of `FIRST` and are moved by data as far as the data carry (ridge-penalised logistic regression, S. le
   Cessie and J. C. van Houwelingen, "Ridge estimators in logistic regression", Applied Statistics 41, 1992).
2. *What is known of this person*: own history, shrunk towards step 1:
   ``p = (k p0 + accepted) / (k + asked)``, the mean of a Beta distribution after so much evidence. Old
   asks fade with a half-life. An ask counts by the share of answers that should have come in the time it was
   open, so that who was let go after a minute is not taken for one who does not answer.

Drills are learned apart from real call-outs: people come to them for other reasons.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from .chance import LEAST, MOST, Manner, Numbers
from .delays import PRIOR, Delay

#: Hours of the volunteer's own clock that count as night.
NIGHT = frozenset({22, 23, 0, 1, 2, 3, 4, 5})
#: Distance in metres at which its factor is one unit: it grows with the logarithm beyond that.
_NEAR_M = 5_000.0


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What step 1 looks at; one array element a person.

    ``distance_m`` to the rendezvous, ``night`` on their own clock. Severity and skills are the callout's.
    """

    distance_m: Numbers
    night: npt.NDArray[np.bool_]
    life_threatening: bool
    minor: bool


#: The factors of step 1 in the order of a model's ``odds``.
FACTORS = ("anybody", "distance", "night", "life_threatening", "minor")

#: Before anything was learned. ``anybody``: 22 % of all who were texted said they would come in exercises of
#: the US Medical Reserve Corps; other volunteer studies have 17 to 47 %. The other factors are guesses.
FIRST = (log(0.22 / 0.78), -0.35, -0.5, 0.4, -0.3)
#: How firmly the guesses are held: their standard deviations.
_FIRMNESS = (0.7, 0.3, 0.4, 0.3, 0.3)


@dataclass(frozen=True, slots=True)
class Model:
    """What is believed of how people answer. The defaults are what is believed before any data.

    ``odds``: log-odds by `FACTORS`. ``history_weight``: k, how many own asks weigh as much as step 1.
    ``half_life_days``: after which an own ask counts half. ``shift_sd``: how far callouts as a whole differ,
    in log-odds. ``learned_from``: asks that went into it.
    """

    odds: tuple[float, ...] = FIRST
    history_weight: float = 4.0
    half_life_days: float = 365.0
    shift_sd: float = 0.6
    delay: Delay = PRIOR
    says_no: float = 0.5
    learned_from: int = 0
    learned_at: datetime | None = None

    @property
    def anybody(self) -> float:
        """The chance of a yes from somebody nearby, by day, of whom nothing is known."""
        return float(expit(self.odds[0]))

    @property
    def manner(self) -> Manner:
        return Manner(self.delay, self.says_no)


def expected_of_anybody(model: Model, where: Circumstances) -> Numbers:
    """p0: the chance of a yes by circumstances alone."""
    people = where.distance_m.size
    severity = (np.full(people, where.life_threatening), np.full(people, where.minor))
    return expected_by_factors(model.odds, design(where.distance_m, where.night, *severity))


def expected_by_factors(odds: tuple[float, ...], factors: Numbers) -> Numbers:
    """p0 from the factors as `design` makes them."""
    return np.asarray(np.clip(expit(factors @ np.array(odds)), LEAST, MOST), np.float64)


def with_own_history(model: Model, p0: Numbers, asked: Numbers, accepted: Numbers) -> Numbers:
    """p: shrunk towards p0. ``asked`` and ``accepted`` are faded sums, as `faded` makes them."""
    k = model.history_weight
    return np.asarray(np.clip((k * p0 + accepted) / (k + asked), LEAST, MOST), np.float64)


def faded(
    model: Model, age_days: npt.ArrayLike, open_s: npt.ArrayLike, said_yes: npt.ArrayLike = False
) -> Numbers:
    """How much each earlier ask counts: by its age, and by how long it was open for an answer (seconds).

    A yes that came sooner than most would have come counts as a whole one, not as more.
    """
    age, seconds = np.asarray(age_days, np.float64), np.asarray(open_s, np.float64)
    heard = np.where(np.asarray(said_yes, np.bool_), 1.0, model.delay.cdf(seconds))
    return np.asarray(np.exp2(-age / model.half_life_days) * heard, np.float64)


Truths = npt.NDArray[np.bool_]


def design(distance_m: Numbers, night: Truths, life_threatening: Truths, minor: Truths) -> Numbers:
    """The factors of step 1 as numbers: a row a person, a column for each of `FACTORS`."""
    columns = (np.ones(distance_m.size), np.log1p(distance_m / _NEAR_M), night, life_threatening, minor)
    return np.column_stack([np.asarray(column, np.float64) for column in columns])


def learn_odds(model: Model, factors: Numbers, accepted: Numbers, weight: Numbers) -> tuple[float, ...]:
    """Step 1 from data: the penalised likelihood's maximum, by Newton's method.

    ``factors`` as `design` makes them, a row an ask. What the data say nothing of stays as it was in `FIRST`.
    """
    prior, firmness = np.array(FIRST), 1 / np.square(_FIRMNESS)
    odds = np.array(model.odds)
    for _ in range(25):
        p = expit(factors @ odds)
        slope = factors.T @ (weight * (accepted - p)) - firmness * (odds - prior)
        bend = (factors * (weight * p * (1 - p))[:, None]).T @ factors + np.diag(firmness)
        step = np.linalg.solve(bend, slope)
        odds += np.clip(step, -1.0, 1.0)
        if float(np.abs(step).max()) < 1e-8:
            break
    return tuple(odds.tolist())


#: How firmly the first belief about the weight of own history is held: a sum of variances times further asks.
_HISTORY = 40.0


def learn_history_weight(asked: Numbers, accepted: Numbers, expected: Numbers, variance: Numbers) -> float:
    """k: how many own asks weigh as much as what is expected of anybody.

    One array element a person: faded sums of asks, of yes, of p0 and of p0 (1 - p0). People who differ much
    from each other scatter more than coins would; how much more tells how soon to believe their own history.
    The method of moments for the beta-binomial (J. C. Kleinman, "Proportions with extraneous variance: single
    and independent samples", JASA 68, 1973), shrunk towards the first belief.
    """
    first = 1 / (Model().history_weight + 1)
    further = variance * np.maximum(asked - 1, 0.0)
    excess = np.where(asked > 1, (accepted - expected) ** 2 - variance, 0.0)
    likeness = (first * _HISTORY + float(excess.sum())) / (_HISTORY + float(further.sum()))
    return float(1 / np.clip(likeness, 1 / 51, 1 / 2) - 1)


#: How many decliners and how many callouts the first beliefs about them are worth.
_DECLINERS, _CALLOUTS = 20.0, 8.0


def learn_says_no(declined: float, said_nothing: float) -> float:
    """rho: the share of those who do not come that says so; ``said_nothing`` counts full silences."""
    first = Model().says_no
    return (first * _DECLINERS + declined) / (_DECLINERS + declined + said_nothing)


def learn_shift_sd(means: Sequence[float], spreads: Sequence[float]) -> float:
    """How far whole callouts differ, from what each taught of its own shift (mean and standard deviation)."""
    first = Model().shift_sd
    squares = sum(mean**2 + spread**2 for mean, spread in zip(means, spreads, strict=True))
    return float(np.sqrt((_CALLOUTS * first**2 + squares) / (_CALLOUTS + len(means))))


# --- was it right? ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Decile:
    """People whose stated chance lay in one tenth of all: the mean of what was stated, and what happened."""

    people: int
    stated: float
    happened: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """How good stated chances were. ``brier``: mean squared error, 0 is perfect (G. W. Brier, 1950).

    ``calibration_error``: the mean distance of stated and happened over the deciles, weighed by people.
    """

    people: int
    brier: float
    calibration_error: float
    deciles: Sequence[Decile]


def judge(stated: npt.ArrayLike, happened: npt.ArrayLike) -> Verdict:
    """Compare stated probabilities with what came (0 or 1). With no data every figure is NaN."""
    p, y = np.asarray(stated, np.float64), np.asarray(happened, np.float64)
    if not p.size:
        return Verdict(0, float("nan"), float("nan"), [])
    order = np.argsort(p, kind="stable")
    deciles = [
        Decile(part.size, float(p[part].mean()), float(y[part].mean()))
        for part in np.array_split(order, min(10, p.size))
    ]
    error = sum(d.people * abs(d.stated - d.happened) for d in deciles) / p.size
    return Verdict(int(p.size), float(np.mean((p - y) ** 2)), float(error), deciles)


def describe(model: Model) -> Mapping[str, float]:
    """The model in words and numbers that a person can check; odds ratios, not log-odds."""
    ratios = {
        f"odds_ratio_{name}": float(np.exp(b)) for name, b in list(zip(FACTORS, model.odds, strict=True))[1:]
    }
    return {
        "nearby_by_day": model.anybody,
        **ratios,
        "history_weight": model.history_weight,
        "half_life_days": model.half_life_days,
        "shift_sd": model.shift_sd,
        "median_delay_s": model.delay.median_s,
        "says_no": model.says_no,
    }
