"""In which order to call people who are about equally near."""

import numpy as np

from mobilize.domain.prospects import calling_order

MINUTE = 60.0


def order(travel_min: list[float], chance: list[float], asked: list[float], *, left_min: float) -> list[int]:
    found = calling_order(np.array(travel_min) * MINUTE, np.array(chance), np.array(asked), left_min * MINUTE)
    return [int(n) for n in found]


def test_with_hours_to_go_the_likelier_comes_first() -> None:
    assert order([5, 15], [0.2, 0.6], [0, 0], left_min=240) == [1, 0]


def test_with_little_time_the_nearer_comes_first() -> None:
    assert order([5, 15], [0.2, 0.6], [0, 0], left_min=30) == [0, 1]


def test_among_equals_the_one_left_alone_longest_comes_first() -> None:
    assert order([5, 5, 5], [0.31, 0.33, 0.34], [9, 1, 5], left_min=240) == [1, 2, 0]


def test_among_those_equal_in_everything_the_given_order_stays() -> None:
    assert order([5, 5], [0.3, 0.3], [1, 1], left_min=240) == [0, 1]
