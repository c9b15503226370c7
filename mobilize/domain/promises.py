"""Promises and what came of them: is "93 % sure" true in 93 of 100 call-outs?"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

#: Edges of the bands of what was promised. Most promises are high, so that is where the bands are narrow.
EDGES = (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
#: The standard normal's quantile for an interval of 90 %.
_Z90 = 1.6449


@dataclass(frozen=True, slots=True)
class Band:
    """Call-outs with about the same promise. ``low`` and ``high``: 90 % interval of the share that was kept."""

    count: int
    promised: float
    kept: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Audit:
    """All promises beside what came. Figures are ``None`` without any call-out.

    ``left_out``: stood down by a person before the time was up and before it was filled; nobody knows.
    """

    count: int
    left_out: int
    promised: float | None
    kept: float | None
    brier: float | None
    calibration_error: float | None
    bands: Sequence[Band]


def audit(promises: Sequence[tuple[float, bool]], left_out: int = 0) -> Audit:
    """Compare promises (probabilities) with whether they were kept."""
    if not promises:
        return Audit(0, left_out, None, None, None, None, [])
    stated = np.array([promise for promise, _ in promises])
    kept = np.array([float(came) for _, came in promises])
    where = np.clip(np.searchsorted(EDGES, stated, side="right") - 1, 0, len(EDGES) - 2)
    bands = [_band(stated[where == n], kept[where == n]) for n in np.unique(where).tolist()]
    error = sum(band.count * abs(band.promised - band.kept) for band in bands) / len(promises)
    return Audit(
        len(promises),
        left_out,
        float(stated.mean()),
        float(kept.mean()),
        float(np.mean((stated - kept) ** 2)),
        float(error),
        bands,
    )


def _band(stated: np.ndarray, kept: np.ndarray) -> Band:
    count, share = int(stated.size), float(kept.mean())
    low, high = interval(share, count)
    return Band(count, float(stated.mean()), share, low, high)


def interval(share: float, count: int) -> tuple[float, float]:
    """The 90 % interval of a share that was seen in so many cases.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.
    """
    z = _Z90
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return max(centre - half, 0.0), min(centre + half, 1.0)
