"""Travel times for many: from the router where it has them, from the formula everywhere else."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from flask import Flask
from structlog.testing import CapturingLogger

from config import SettingsSchema
from mobilize import create_app
from mobilize.domain.errors import ProviderUnreachable
from mobilize.domain.travel import TravelMode
from mobilize.services import travel
from mobilize.services.ports import Point
from mobilize.services.runtime import runtime
from mobilize.services.travel import estimated_seconds, travel_seconds
from tests.conftest import make_settings

PORT: Point = (41.3125, 19.4453)
TIRANA: Point = (41.33, 19.82)  # 31 km from the port
SHKODER: Point = (42.07, 19.51)  # 84 km
ROME: Point = (41.9, 12.5)  # 580 km, and the sea between


class Scripted:
    """A router that says what it was told to say, again and again, and remembers what it was asked."""

    def __init__(self, *answers: float | None) -> None:
        self.answers = answers
        self.asked: list[Point] = []
        self.modes: set[TravelMode] = set()

    def travel_s(
        self, from_points: Sequence[Point], to_point: Point, mode: TravelMode
    ) -> Sequence[float | None]:
        self.asked += from_points
        self.modes.add(mode)
        return [self.answers[number % len(self.answers)] for number in range(len(from_points))]


class Away:
    def travel_s(
        self, from_points: Sequence[Point], to_point: Point, mode: TravelMode
    ) -> Sequence[float | None]:
        raise ProviderUnreachable("The router told no travel times: ConnectTimeout.")


@pytest.fixture
def app() -> Iterator[Flask]:
    """An application without a database: travel times need none."""
    app = create_app(make_settings(travel_preparation_minutes=10))
    with app.app_context():
        yield app


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    """What the module logs. Its own logger may hold on to the formatters of an earlier test's app."""
    log = CapturingLogger()
    monkeypatch.setattr(travel, "log", log)
    return log


@pytest.mark.usefixtures("app")
class TestWithoutARouter:
    def test_every_time_is_an_estimate(self) -> None:
        times = travel_seconds([PORT, TIRANA, ROME], PORT)
        assert not times.routed.any()
        assert times.on_the_way_s[0] == 0
        # 31.5 km of straight line are 44 of road: 8.6 minutes lost at the ends, the rest at 70 km/h.
        assert times.on_the_way_s[1] / 60 == pytest.approx(46, abs=1)

    def test_the_preparation_comes_before_the_way(self) -> None:
        times = travel_seconds([PORT, TIRANA], PORT)
        assert (times.until_arrival_s - times.on_the_way_s).tolist() == [600, 600]

    def test_nobody_takes_no_time(self) -> None:
        assert len(travel_seconds([], PORT).on_the_way_s) == 0


@pytest.mark.usefixtures("app")
class TestWithARouter:
    def test_its_times_stand_where_it_has_some(self) -> None:
        runtime().router = Scripted(1800.0, None)
        times = travel_seconds([TIRANA, TIRANA, TIRANA], PORT)
        assert times.routed.tolist() == [True, False, True]
        estimate = estimated_seconds([TIRANA], PORT).on_the_way_s[0]
        assert times.on_the_way_s.tolist() == [1800.0, estimate, 1800.0]

    def test_an_estimate_does_not_ask_it(self) -> None:
        runtime().router = router = Scripted(1800.0)
        assert not estimated_seconds([TIRANA], PORT).routed.any()
        assert router.asked == []

    def test_it_is_asked_about_the_first_only(self) -> None:
        runtime().router = router = Scripted(1800.0)
        times = travel_seconds([TIRANA] * (travel.ROUTED_POINTS + 5), PORT)
        assert len(router.asked) == travel.ROUTED_POINTS
        assert times.routed.tolist() == [True] * travel.ROUTED_POINTS + [False] * 5

    def test_it_is_not_asked_about_places_too_far_for_it(self) -> None:
        runtime().router = router = Scripted(4000.0)
        times = travel_seconds([ROME, SHKODER], PORT)
        assert router.asked == [SHKODER]
        assert times.routed.tolist() == [False, True]

    def test_it_is_not_asked_when_all_are_too_far(self) -> None:
        runtime().router = router = Scripted(4000.0)
        travel_seconds([ROME], PORT)
        assert router.modes == set()

    def test_it_is_told_the_mode_of_the_settings(self) -> None:
        runtime().router = router = Scripted(4000.0)
        travel_seconds([TIRANA], PORT)
        assert router.modes == {TravelMode.CAR}

    def test_a_router_with_another_countrys_map_is_not_believed(self, log: CapturingLogger) -> None:
        runtime().router = Scripted(0.0)
        times = travel_seconds([PORT, TIRANA, SHKODER], PORT)
        assert times.routed.tolist() == [True, False, False]
        assert log.calls[0].kwargs["points"] == 2

    def test_when_it_is_away_the_formula_serves_and_the_log_says_so(self, log: CapturingLogger) -> None:
        runtime().router = Away()
        times = travel_seconds([PORT, TIRANA], PORT)
        assert np.array_equal(times.on_the_way_s, estimated_seconds([PORT, TIRANA], PORT).on_the_way_s)
        assert [call.args for call in log.calls] == [("travel times are estimated",)]


def test_the_settings_know_every_mode_and_no_other() -> None:
    fields = SettingsSchema().fields
    for name in ("TRAVEL_SPEEDS", "TRAVEL_SLOW_KM"):
        assert set(fields[name].load_default) == set(TravelMode)
    for mode in TravelMode:
        assert make_settings(travel_mode=mode).travel_mode == mode


def test_the_settings_become_the_model() -> None:
    model = travel.model_of(make_settings(travel_speeds="foot=4", travel_slow_km="foot=1", travel_detour=1.2))
    foot = model.paces[TravelMode.FOOT]
    assert (foot.full_kmh, foot.slow_km, model.detour) == (4, 1, 1.2)
    assert model.preparation_s == 15 * 60


def test_an_application_gets_the_router_of_its_settings_or_the_one_it_is_given() -> None:
    def router_of(app: Flask) -> object:
        return app.extensions["mobilize"].router

    given = Scripted(1.0)
    assert router_of(create_app(make_settings())) is None
    assert router_of(create_app(make_settings(), router=given)) is given
    settings = make_settings(router="osrm", router_url="http://127.0.0.1:9")
    assert router_of(create_app(settings)) is not None
