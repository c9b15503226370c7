"""Ranges of integers, cut out and put together."""

import itertools
import random

from mobilize.domain.intervals import Range, united, without


def some_ranges(rng: random.Random) -> list[Range]:
    edges = sorted(rng.sample(range(60), 2 * rng.randrange(6)))
    return list(zip(edges[::2], edges[1::2], strict=True))


def members(ranges: list[Range]) -> set[int]:
    return {n for low, high in ranges for n in range(low, high + 1)}


def test_cutting_and_joining_equal_sets_of_numbers() -> None:
    rng = random.Random(1)
    for _ in range(500):
        one, other = some_ranges(rng), some_ranges(rng)
        assert members(without(one, other)) == members(one) - members(other)
        joined = united(one, other)
        assert members(joined) == members(one) | members(other)
        assert all(high + 1 < low for (_, high), (low, _) in itertools.pairwise(joined))
