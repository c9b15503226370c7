"""How likely a volunteer is to say yes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilize.domain.acceptance import (
    FIRST,
    Circumstances,
    Model,
    design,
    expected_of_anybody,
    faded,
    judge,
    learn_history_weight,
    learn_odds,
    learn_says_no,
    learn_shift_sd,
    with_own_history,
)

MODEL = Model()


def expected(
    *distances_m: float, night: bool = False, life_threatening: bool = False, minor: bool = False
) -> list[float]:
    where = Circumstances(
        np.array(distances_m), np.full(len(distances_m), night), life_threatening=life_threatening, minor=minor
    )
    return [float(p) for p in expected_of_anybody(MODEL, where)]


def own(p0: float, asked: float, accepted: float) -> float:
    return with_own_history(MODEL, np.array([p0]), np.array([asked]), np.array([accepted])).item()


def test_a_neighbour_by_day_says_yes_as_often_as_in_exercises_elsewhere() -> None:
    assert expected(0) == [pytest.approx(0.22)]


def test_far_away_at_night_for_little_is_less_likely() -> None:
    near, far = expected(1_000, 40_000)
    assert far < near
    assert expected(1_000, night=True)[0] < near < expected(1_000, life_threatening=True)[0]
    assert expected(1_000, minor=True)[0] < near


def test_nothing_known_of_a_person_leaves_what_is_expected_of_anybody() -> None:
    assert own(0.3, 0, 0) == pytest.approx(0.3)


def test_the_more_is_known_of_a_person_the_more_it_counts() -> None:
    assert 0.22 < own(0.22, 1, 1) < own(0.22, 5, 5) < own(0.22, 50, 50)
    assert own(0.22, 5, 0) < own(0.22, 1, 0) < 0.22


@given(st.floats(0.01, 0.9), st.floats(0, 50), st.floats(0, 1))
def test_a_chance_stays_a_chance(p0: float, asked: float, share: float) -> None:
    assert 0 < own(p0, asked, asked * share) < 1


def test_old_asks_fade_and_short_ones_count_little() -> None:
    new, old, short = faded(MODEL, [0, 365, 0], [7200, 7200, 30]).tolist()
    assert old == pytest.approx(new / 2)
    assert short < 0.1


def test_data_move_the_guesses_as_far_as_they_carry() -> None:
    rng = np.random.default_rng(2)
    people = 20_000
    distance, night = rng.uniform(0, 40_000, people), rng.random(people) < 0.4
    factors = design(distance, night, np.zeros(people, np.bool_), np.zeros(people, np.bool_))
    truth = np.array([-0.4, -0.6, -1.0, 0.0, 0.0])
    accepted = (rng.random(people) < 1 / (1 + np.exp(-factors @ truth))).astype(np.float64)
    found = learn_odds(MODEL, factors, accepted, np.ones(people))
    assert found[:3] == pytest.approx(truth[:3], abs=0.12)
    # Of severity these data say nothing.
    assert found[3:] == pytest.approx(FIRST[3:], abs=0.01)
    few = learn_odds(MODEL, factors[:5], accepted[:5], np.ones(5))
    assert few == pytest.approx(FIRST, abs=0.5)


@pytest.mark.parametrize(("spread", "low", "high"), [(0.3, 20, 51), (1.0, 2, 9)])
def test_the_more_people_differ_the_sooner_their_own_history_counts(
    spread: float, low: float, high: float
) -> None:
    rng = np.random.default_rng(6)
    chance = 1 / (1 + np.exp(1.0 - rng.normal(0, spread, 5000)))
    asked, p0 = np.full(5000, 6.0), chance.mean()
    accepted = rng.binomial(6, chance).astype(np.float64)
    found = learn_history_weight(asked, accepted, asked * p0, asked * p0 * (1 - p0))
    assert low <= found <= high


def test_without_repeated_asks_the_weight_stays_as_believed() -> None:
    once = np.ones(50)
    assert learn_history_weight(once, once * 0, once * 0.2, once * 0.16) == pytest.approx(4.0)


def test_how_many_decliners_say_so_is_learned() -> None:
    assert learn_says_no(0, 0) == 0.5
    assert learn_says_no(900, 100) == pytest.approx(0.9, abs=0.02)


def test_how_far_callouts_differ_is_learned() -> None:
    assert learn_shift_sd([], []) == pytest.approx(0.6)
    assert learn_shift_sd([1.2, -1.2] * 50, [0.1] * 100) == pytest.approx(1.16, abs=0.05)
    assert learn_shift_sd([0.0] * 200, [0.1] * 200) < 0.2


def test_a_verdict_on_honest_words() -> None:
    rng = np.random.default_rng(4)
    stated = rng.uniform(0, 1, 20_000)
    honest = judge(stated, rng.random(20_000) < stated)
    boasting = judge(np.minimum(stated + 0.2, 1), rng.random(20_000) < stated)
    assert honest.calibration_error < 0.02
    assert boasting.calibration_error > 0.1
    assert honest.brier < boasting.brier
    assert len(honest.deciles) == 10


def test_a_verdict_on_nothing_is_none() -> None:
    assert judge([], []).people == 0
