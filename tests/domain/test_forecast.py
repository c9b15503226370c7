"""What a call-out will bring."""

import numpy as np
import pytest

from mobilize.domain.chance import Asked, Manner, unknown_shift
from mobilize.domain.delays import PRIOR
from mobilize.domain.forecast import (
    Arrivals,
    arrivals_over_time,
    chance_of_arrivals,
    choices,
    yes_over_time,
)
from mobilize.domain.waves import EVEN, NeedProgress, Pool, Situation

SHIFT = unknown_shift(0.6)


def situation(patience: float = 1.0) -> Situation:
    return Situation(
        [NeedProgress(1, 10, 0, 0.95)],
        Asked(*(np.zeros(0) for _ in range(6))),
        np.zeros(0, np.int64),
        Pool(np.full(300, 0.25), np.full(300, 7200.0), np.ones(300, np.int64)),
        SHIFT,
        Manner(PRIOR, 0.5),
        patience,
    )


def test_the_number_of_yes_grows_and_the_band_holds_the_middle() -> None:
    moments = yes_over_time(np.full(60, 0.3), [60, 300, 900, 3600], SHIFT, PRIOR)
    assert [m.middle for m in moments] == sorted(m.middle for m in moments)
    assert all(m.low <= m.middle <= m.high for m in moments)
    assert moments[-1].low < 0.3 * 60 < moments[-1].high


def test_nobody_arrives_before_the_way_is_made() -> None:
    people = Arrivals(np.full(40, 0.5), np.full(40, 1800.0))
    assert [m.high for m in arrivals_over_time(people, [900, 1700], SHIFT, PRIOR)] == [0, 0]
    assert arrivals_over_time(people, [7200], SHIFT, PRIOR)[0].middle > 10


def test_the_chance_of_arrivals_falls_with_what_is_wanted_and_rises_with_time() -> None:
    people = Arrivals(np.full(40, 0.5), np.linspace(600, 3600, 40))
    chances = [chance_of_arrivals(people, n, 3600, SHIFT, PRIOR) for n in (1, 5, 10, 20)]
    assert chances == sorted(chances, reverse=True)
    assert chance_of_arrivals(people, 10, 7200, SHIFT, PRIOR) > chances[2]


@pytest.mark.parametrize("patience", [1.0, EVEN])
def test_more_confidence_costs_more_people_and_everyone_the_most(patience: float) -> None:
    rows = choices(situation(patience), (0.8, 0.9, 0.95, 0.99), None)
    assert [row.confidence for row in rows] == [0.8, 0.9, 0.95, 0.99, None]
    assert [row.at_once for row in rows] == sorted(row.at_once for row in rows)
    assert all(row.low <= row.middle <= row.high for row in rows)
    assert rows[-1].at_once == 300


def test_a_cap_caps() -> None:
    assert all(row.high <= 25 for row in choices(situation(), (0.8, 0.99), 25))
