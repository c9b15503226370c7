"""How long people take to answer: a log-normal delay, learned from answers and from silence.

Reply times are skewed with a long tail, and log-normal in what was measured of e-mail (D. B. Stouffer,
R. D. Malmgren, L. A. N. Amaral, "Log-normal statistics in e-mail communication patterns", 2006); that it holds
for call-outs is an assumption. Silence counts: somebody whose call-out ended after four minutes tells only that
they need more than four. Leaving such people out would make everyone look quick.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_ndtr, ndtr

Numbers = npt.NDArray[np.float64]

_ROUNDS = 60
_STILL = 1e-6
_LEAST_S = 1.0


@dataclass(frozen=True, slots=True)
class Delay:
    """Seconds from a text to its answer, among those who answer: ``log(seconds)`` is normal."""

    log_median: float
    log_sd: float

    @property
    def median_s(self) -> float:
        return math.exp(self.log_median)

    def cdf(self, seconds: npt.ArrayLike) -> Numbers:
        """F: the share of answers that have come after these seconds; 0 at and before zero."""
        s = np.asarray(seconds, np.float64)
        z = (np.log(np.maximum(s, 1e-9)) - self.log_median) / self.log_sd
        return np.where(s > 0, ndtr(z), 0.0)

    def quantile_s(self, share: float) -> float:
        """Seconds after which this share (0 to 1, exclusive) of the answers has come."""
        return math.exp(self.log_median + self.log_sd * NormalDist().inv_cdf(share))


#: Before anything was learned: half of the answers within 4 minutes, 90 % within 19. A guess, to be replaced
#: by what is learned.
PRIOR = Delay(log_median=math.log(240.0), log_sd=1.2)
#: How many answers the prior is worth.
PRIOR_ANSWERS = 30.0


def fit(answered_s: npt.ArrayLike, silent_s: npt.ArrayLike, prior: Delay = PRIOR) -> Delay:
    """The delay that explains these answers (seconds) and silences (seconds watched) best.

    A mixture cure model: a share of the people answers, after a log-normal delay; the others never do, and
    the silent may be either. Fitted by expectation and maximisation (J. W. Boag, "Maximum likelihood
    estimates of the proportion of patients cured by cancer therapy", JRSS B 11, 1949), with the prior as
    `PRIOR_ANSWERS` answers.
    """
    logs = np.log(np.maximum(np.asarray(answered_s, np.float64), _LEAST_S))
    watched = np.log(np.maximum(np.asarray(silent_s, np.float64), _LEAST_S))
    if not logs.size:
        return prior
    found, share = prior, logs.size / (logs.size + watched.size)
    for _ in range(_ROUNDS):
        earlier = found
        found, share = _round(logs, watched, found, share, prior)
        if abs(found.log_median - earlier.log_median) + abs(found.log_sd - earlier.log_sd) < _STILL:
            break
    return found


def _round(logs: Numbers, watched: Numbers, now: Delay, share: float, prior: Delay) -> tuple[Delay, float]:
    """One step: how likely each silent person is to answer yet and when; then the best delay for that."""
    z = (watched - now.log_median) / now.log_sd
    # P(answers yet | silent so far); expit keeps it exact where almost everyone has answered.
    waiting = expit(np.log(share) - np.log1p(-min(share, 1 - 1e-9)) + log_ndtr(-z))
    # The mean and square of a normal above z; the hazard in logs, since both parts vanish far out.
    hazard = np.exp(-0.5 * z**2 - 0.5 * math.log(2 * math.pi) - log_ndtr(-z))
    later = now.log_median + now.log_sd * hazard
    spread = now.log_sd**2 * np.maximum(1 + z * hazard - hazard**2, 0.0)
    weight = PRIOR_ANSWERS + logs.size + waiting.sum()
    mean = (PRIOR_ANSWERS * prior.log_median + logs.sum() + waiting @ later) / weight
    squares = (
        PRIOR_ANSWERS * (prior.log_sd**2 + (prior.log_median - mean) ** 2)
        + ((logs - mean) ** 2).sum()
        + waiting @ (spread + (later - mean) ** 2)
    )
    answering = (logs.size + waiting.sum()) / (logs.size + watched.size)
    return Delay(float(mean), max(math.sqrt(squares / weight), 0.2)), float(min(answering, 1 - 1e-9))
