"""Travel times by the formula: it never falls, never jumps, starts at nothing, and can be turned round."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilize.domain.area import FARTHEST_M
from mobilize.domain.travel import Pace, TravelMode, TravelModel, reach_m, travel_s

CAR = TravelMode.CAR

distances = st.floats(min_value=0, max_value=FARTHEST_M)
paces = st.builds(Pace, st.floats(1, 200), st.one_of(st.just(0.0), st.floats(0.001, 100)))


def model(pace: Pace, detour: float = 1.0) -> TravelModel:
    return TravelModel(detour, dict.fromkeys(TravelMode, pace), preparation_s=0)


models = st.builds(model, paces, st.floats(1, 5))


def minutes(km: float, pace: Pace, detour: float = 1.0) -> float:
    return float(travel_s(km * 1000, CAR, model(pace, detour)) / 60)


@given(models, st.sampled_from(TravelMode))
def test_who_is_there_need_not_travel(model: TravelModel, mode: TravelMode) -> None:
    assert travel_s(0, mode, model) == 0
    assert reach_m(0, mode, model) == 0


@given(models, distances, distances)
def test_farther_away_never_takes_less(model: TravelModel, one: float, other: float) -> None:
    near, far = travel_s([min(one, other), max(one, other)], CAR, model)
    assert near <= far


@given(models, distances, st.floats(0, 1000))
def test_a_step_more_adds_no_more_than_the_step_alone_so_there_is_no_jump(
    model: TravelModel, distance: float, step: float
) -> None:
    together, apart, alone = travel_s([distance + step, distance, step], CAR, model)
    assert together <= (apart + alone) * (1 + 1e-9) + 1e-6


@given(models, distances)
def test_reach_turns_travel_round(model: TravelModel, distance: float) -> None:
    assert reach_m(travel_s(distance, CAR, model), CAR, model) == pytest.approx(distance, rel=1e-9, abs=1e-6)


@given(models, st.floats(0, 1e6), st.floats(0, 1e6))
def test_more_time_never_reaches_less_far(model: TravelModel, one: float, other: float) -> None:
    near, far = reach_m([min(one, other), max(one, other)], CAR, model)
    assert near <= far


def test_short_trips_are_slow_and_long_ones_get_to_full_speed() -> None:
    pace = Pace(full_kmh=60, slow_km=10)
    assert minutes(10, pace) == pytest.approx(20)  # on average half the full speed
    assert minutes(2.5, pace) == pytest.approx(10)  # a quarter of the way takes half the time
    assert minutes(70, pace) - minutes(10, pace) == pytest.approx(60)


def test_on_foot_the_speed_is_even() -> None:
    assert minutes(1, Pace(full_kmh=5, slow_km=0)) == pytest.approx(12)
    assert minutes(3, Pace(full_kmh=5, slow_km=0)) == pytest.approx(36)


def test_it_is_the_time_of_a_vehicle_that_speeds_up_and_slows_down_evenly() -> None:
    speed, acceleration = 20.0, 0.05  # metres a second, and a second again: L = v squared / a = 8 km
    pace = Pace(full_kmh=72, slow_km=8)
    for distance in (100.0, 5_000.0, 8_000.0, 30_000.0):
        peak = min(speed, np.sqrt(distance * acceleration))
        ends = peak / acceleration  # of the time at each end, and half of it at full speed in road
        expected = 2 * ends + (distance - peak * ends) / peak
        assert travel_s(distance, CAR, model(pace)) == pytest.approx(expected)


def test_the_detour_stretches_the_road() -> None:
    pace = Pace(full_kmh=60, slow_km=10)
    assert minutes(20, pace, detour=1.5) == minutes(30, pace)


def test_many_distances_are_answered_at_once_in_their_order() -> None:
    pace = Pace(full_kmh=60, slow_km=10)
    found = travel_s(np.array([70_000, 0, 10_000]), CAR, model(pace))
    assert found.tolist() == pytest.approx([80 * 60, 0, 20 * 60])
