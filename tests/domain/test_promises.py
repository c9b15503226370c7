"""Promises and what came of them."""

import pytest

from mobilize.domain.diagram import reliability
from mobilize.domain.promises import audit, interval


def test_promises_that_hold_have_no_error() -> None:
    found = audit([(0.9, True)] * 90 + [(0.9, False)] * 10)
    assert found.calibration_error == pytest.approx(0.0)
    [band] = found.bands
    assert band.count == 100
    assert band.kept == pytest.approx(0.9)
    assert band.low < 0.9 < band.high


def test_boasting_is_seen() -> None:
    found = audit([(0.98, True)] * 5 + [(0.98, False)] * 5, left_out=2)
    assert found.calibration_error == pytest.approx(0.48)
    assert found.bands[0].high < 0.98
    assert found.left_out == 2


def test_without_call_outs_nothing_is_claimed() -> None:
    found = audit([])
    assert (found.count, found.kept, found.brier) == (0, None, None)
    assert "0 call-outs" in reliability(found)


def test_the_interval_is_the_published_one() -> None:
    """Wilson's interval for 9 of 10 at 90 %."""
    assert list(interval(0.9, 10)) == pytest.approx([0.654, 0.977], abs=0.01)


def test_the_picture_has_a_dot_for_each_band() -> None:
    picture = reliability(audit([(0.5, True), (0.97, True), (0.96, False)]))
    assert picture.count("<circle") == 2
    assert picture.startswith("<svg")
