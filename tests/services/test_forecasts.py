"""Readiness as a forecast."""

from datetime import timedelta

import pytest

from mobilize.domain.availability import Window, encode
from mobilize.domain.errors import InvalidInput
from mobilize.extensions import db
from mobilize.models import Callout, Emergency
from mobilize.services import forecasts
from mobilize.services.access import SYSTEM
from mobilize.services.forecasts import Forecast, Question
from mobilize.services.runtime import as_of, now
from tests.world import LAT, LON, World


def ask(**changes: object) -> Forecast:
    usual = {"lat": LAT, "lon": LON, "radius_m": 25_000.0, "skill": "medic", "wanted": 5, "within_min": 60}
    return forecasts.forecast(SYSTEM, Question(**(usual | changes)))  # type: ignore[arg-type]


@pytest.fixture
def medics(world: World) -> None:
    world.people_answer(chance=0.5)
    for n in range(30):
        world.volunteer(f"M{n}", lat=LAT + n / 1000)


@pytest.mark.usefixtures("medics")
def test_arrivals_grow_and_the_wanted_are_likely(world: World) -> None:
    found = ask()
    assert found.people == 30
    assert [m.middle for m in found.arrivals] == sorted(m.middle for m in found.arrivals)
    assert found.arrivals[-1].middle > 10
    assert found.chance is not None
    assert found.chance > 0.9


@pytest.mark.usefixtures("medics")
def test_more_people_in_less_time_are_less_likely(world: World) -> None:
    chances = [ask(wanted=wanted, within_min=within).chance for wanted, within in ((5, 60), (20, 60), (20, 25))]
    assert chances == sorted(chances, reverse=True)  # type: ignore[type-var]


@pytest.mark.usefixtures("medics")
def test_nothing_is_stored(world: World) -> None:
    ask()
    db.session.commit()
    assert db.session.query(Callout).count() == db.session.query(Emergency).count() == 0


def test_of_fewer_than_five_nothing_is_told(world: World) -> None:
    for n in range(4):
        world.volunteer(f"M{n}")
    assert ask() == Forecast(None, None, [])


def test_in_some_hours_other_people_are_free(world: World) -> None:
    """At 09:00 UTC it is Tuesday morning in Tirana; they are free in the evening."""
    evenings = encode([Window(1, "18:00", "24:00")])
    for n in range(8):
        world.volunteer(f"M{n}", weekly_hours=evenings)
    assert ask().people is None
    assert ask(in_hours=10).people == 5  # in steps of five


def test_looking_ahead_holds_within_its_block_only(world: World) -> None:
    before = now()
    with as_of(before + timedelta(hours=3)):
        assert now() == before + timedelta(hours=3)
    assert now() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [("radius_m", 0), ("wanted", 0), ("within_min", 0), ("in_hours", -1), ("skill", "juggler"), ("lat", 91)],
)
def test_bad_input_names_the_field(world: World, field: str, value: object) -> None:
    world.skill("medic")
    world.section()
    with pytest.raises(InvalidInput) as caught:
        ask(**{field: value})
    assert field in caught.value.errors or "area" in caught.value.errors
