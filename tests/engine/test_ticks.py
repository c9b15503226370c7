"""The engine goes on, whatever one of its ticks does."""

import pytest
from flask import Flask

from mobilize.domain.errors import Conflict
from mobilize.engine import ticks


def _fails() -> int:
    raise Conflict("this tick always fails")


def test_a_failing_tick_does_not_stop_the_ones_behind_it(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticks, "URGENT", {"first": _fails, "second": lambda: 3})
    assert ticks.run_urgent() == 3
