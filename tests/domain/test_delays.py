"""How long people take to answer, learned from answers and from silence."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilize.domain.delays import PRIOR, Delay, fit


def test_half_have_answered_at_the_median() -> None:
    assert PRIOR.cdf(PRIOR.median_s) == pytest.approx(0.5)
    assert PRIOR.cdf([0.0, -5.0]).tolist() == [0.0, 0.0]


@given(st.floats(0.01, 0.99))
def test_quantile_and_share_are_inverse(share: float) -> None:
    assert PRIOR.cdf(PRIOR.quantile_s(share)) == pytest.approx(share, abs=1e-9)


def test_without_answers_the_prior_stands() -> None:
    assert fit([], [600.0, 1200.0]) is PRIOR


def test_it_finds_the_truth_behind_interrupted_silence() -> None:
    """Half of the people answer; all are watched for a while only, some for too short a while."""
    rng = np.random.default_rng(1)
    truth = Delay(math.log(500.0), 1.0)
    delays = np.where(rng.random(4000) < 0.5, rng.lognormal(truth.log_median, truth.log_sd, 4000), np.inf)
    watched = rng.uniform(60, 3000, 4000)
    heard = delays <= watched
    found = fit(delays[heard], watched[~heard])
    naive = float(np.median(delays[heard]))
    assert found.median_s == pytest.approx(500, rel=0.15)
    assert naive < 0.8 * found.median_s


def test_few_answers_move_it_little() -> None:
    assert fit([5.0, 5.0], []).median_s == pytest.approx(PRIOR.median_s, rel=0.3)


@given(st.lists(st.floats(0, 1e6), max_size=20), st.lists(st.floats(0, 1e7), max_size=20))
def test_whatever_comes_in_a_delay_comes_out(answered: list[float], silent: list[float]) -> None:
    found = fit(answered, silent)
    assert math.isfinite(found.log_median)
    assert 0.2 <= found.log_sd < 20
