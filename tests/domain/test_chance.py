"""The chance that enough people come: exact where it can be, and honest about what all people share."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilize.domain.chance import (
    Asked,
    Manner,
    Numbers,
    Shift,
    Tally,
    learn_shift,
    quantiles,
    unknown_shift,
    yes_if_asked,
    yes_of_silent,
)
from mobilize.domain.delays import PRIOR

INDEPENDENT = unknown_shift(0.0)
MANNER = Manner(PRIOR, 0.5)

chances = st.lists(st.floats(0.02, 0.97), min_size=1, max_size=9)


def tally(wanted: int, rates: Numbers, shift: Shift = INDEPENDENT) -> Tally:
    made = Tally(wanted, shift)
    made.add(rates)
    return made


def for_all_shifts(rates: list[float]) -> Numbers:
    return np.tile(np.array(rates), (INDEPENDENT.weights.size, 1))


def asked(chance: float, *, yes: int = 0, no: int = 0, silent: int = 0, elapsed_s: float = 600) -> Asked:
    numbers = (chance, yes, no, silent, elapsed_s, 7200.0)
    return Asked(*(np.array([float(number)]) for number in numbers))


@given(chances, st.integers(0, 10))
def test_the_recursion_equals_counting_every_case(rates: list[float], wanted: int) -> None:
    counted = sum(
        np.prod([r if came else 1 - r for r, came in zip(rates, case, strict=True)])
        for case in product([True, False], repeat=len(rates))
        if sum(case) >= wanted
    )
    assert tally(wanted, for_all_shifts(rates)).at_least() == pytest.approx(counted, abs=1e-12)


@given(chances, st.floats(0.02, 0.97), st.integers(1, 8))
def test_more_people_never_make_it_less_likely(rates: list[float], one_more: float, wanted: int) -> None:
    before = tally(wanted, for_all_shifts(rates)).at_least()
    assert tally(wanted, for_all_shifts([*rates, one_more])).at_least() >= before - 1e-12


@given(st.floats(0.05, 0.9), st.integers(1, 30), st.floats(0, 7000), st.floats(1, 3000))
def test_silence_makes_a_yes_ever_less_likely(p: float, people: int, elapsed: float, later: float) -> None:
    shift = unknown_shift(0.6)
    now = yes_of_silent(asked(p, silent=people, elapsed_s=elapsed), shift, MANNER)
    then = yes_of_silent(asked(p, silent=people, elapsed_s=elapsed + later), shift, MANNER)
    assert (then <= now + 1e-12).all()


def test_who_was_asked_this_instant_is_as_likely_as_who_is_asked_now() -> None:
    shift = unknown_shift(0.6)
    silent = yes_of_silent(asked(0.3, silent=1, elapsed_s=0), shift, MANNER)
    fresh = yes_if_asked([0.3], [7200.0], shift, MANNER)
    assert silent == pytest.approx(fresh)


def test_large_crowds_agree_with_the_recursion() -> None:
    rng = np.random.default_rng(3)
    rates = np.tile(rng.uniform(0.02, 0.6, 1500), (INDEPENDENT.weights.size, 1))
    mean = int(rates[0].sum())
    for wanted in range(mean - 60, mean + 61, 10):
        exact = np.zeros(wanted)
        exact[0] = 1.0
        for r in rates[0]:
            came = exact * r
            exact -= came
            exact[1:] += came[:-1]
        found = tally(wanted, rates)
        assert not found.exact
        assert found.at_least() == pytest.approx(1 - exact.sum(), abs=2e-4)


def test_adding_one_by_one_and_adding_in_bulk_agree() -> None:
    rates = np.tile(np.linspace(0.1, 0.4, 400), (INDEPENDENT.weights.size, 1))
    steps = Tally(700, INDEPENDENT)
    grown = steps.grown(rates)
    steps.add(rates[:, :250])
    assert grown[249] == pytest.approx(steps.at_least(), abs=1e-9)


def test_groups_count_like_their_people() -> None:
    grouped = Tally(2, INDEPENDENT)
    grouped.add(for_all_shifts([0.2, 0.5]), [3, 1])
    assert grouped.at_least() == pytest.approx(tally(2, for_all_shifts([0.2, 0.2, 0.2, 0.5])).at_least())


def test_wanting_nobody_is_certain() -> None:
    assert Tally(0, INDEPENDENT).at_least() == 1.0


def test_a_shared_shift_makes_a_promise_less_sure() -> None:
    """The mean number of yes stays about the same; what may happen spreads."""
    rates = [yes_if_asked(np.full(70, 0.22), np.full(70, 1e6), unknown_shift(sd), MANNER) for sd in (0.0, 0.6)]
    independent = tally(10, rates[0], unknown_shift(0.0)).at_least()
    shared = tally(10, rates[1], unknown_shift(0.6)).at_least()
    assert independent > 0.95
    assert shared < 0.9


def test_answers_teach_the_shift() -> None:
    before = unknown_shift(0.6)
    good = learn_shift(before, asked(0.2, yes=12, no=8, silent=20), MANNER)
    bad = learn_shift(before, asked(0.2, no=12, silent=28), MANNER)
    assert good.mean > 0.3
    assert bad.mean < -0.3
    assert good.sd < before.sd


def test_silence_teaches_little_at_first_and_more_later() -> None:
    before = unknown_shift(0.6)
    soon = learn_shift(before, asked(0.5, silent=40, elapsed_s=10), MANNER)
    late = learn_shift(before, asked(0.5, silent=40, elapsed_s=3600), MANNER)
    assert late.mean < soon.mean < 0.01


def test_without_answers_nothing_is_learned() -> None:
    nobody = Asked(*(np.zeros(0) for _ in range(6)))
    before = unknown_shift(0.6)
    assert learn_shift(before, nobody, MANNER) is before


def test_a_narrowed_shift_keeps_its_mean() -> None:
    shift = learn_shift(unknown_shift(0.6), asked(0.2, yes=5), MANNER)
    assert shift.narrowed(0.3).mean == pytest.approx(shift.mean)
    assert shift.narrowed(0.3).sd == pytest.approx(0.3 * shift.sd)


@pytest.mark.parametrize("people", [40, 2000])
def test_quantiles_hold_in_a_simulation(people: int) -> None:
    rng = np.random.default_rng(people)
    p = rng.uniform(0.1, 0.5, people)
    low, middle, high = quantiles(np.tile(p, (INDEPENDENT.weights.size, 1)), INDEPENDENT, (0.1, 0.5, 0.9))
    drawn = (rng.random((4000, people)) < p).sum(axis=1)
    assert (drawn <= low).mean() >= 0.1 - 0.02
    assert (drawn < low).mean() < 0.1 + 0.02
    assert abs(np.median(drawn) - middle) <= 1
    assert (drawn <= high).mean() >= 0.9 - 0.02
