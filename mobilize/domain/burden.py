"""Who carries the load: how unevenly call-outs fall on people."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np


@dataclass(frozen=True, slots=True)
class Load:
    """Asks over a group of people. ``busiest_tenth``: the share of all asks that fell on the busiest tenth.

    ``gini``: 0 when everyone is asked as often, near 1 when one person is asked always.
    """

    people: int
    asks: int
    mean: float
    busiest_tenth: float
    gini: float


def load(asks: Sequence[int]) -> Load:
    """Measure a group, given how often each of its people was asked; those never asked are zeros.

    The Gini coefficient as the mean difference of all pairs, relative to twice the mean (C. Gini, 1912), in its
    form for sorted values.
    """
    n, total = len(asks), sum(asks)
    if not total:
        return Load(n, 0, 0.0, 0.0, 0.0)
    ordered = np.sort(np.asarray(asks, np.float64))
    gini = float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * total))
    busiest = float(ordered[-ceil(n / 10) :].sum() / total)
    return Load(n, total, total / n, busiest, gini)
