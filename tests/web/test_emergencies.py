"""Declaring and ending emergencies from pages."""

from typing import Any

import pytest
from flask import Flask

from mobilize.domain.vocabulary import AccountRole, EmergencyStatus
from mobilize.extensions import db
from mobilize.models import Emergency
from tests.world import World

from .conftest import Browser, as_account


@pytest.fixture
def browser(app: Flask, world: World) -> Browser:
    return as_account(app, world.account())


def form(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "title": "Flood in Shkodra",
        "section_id": world.section().id,
        "country": "al",
        "hazard": "flood",
        "severity": "Severe",
        "urgency": "Immediate",
        "certainty": "Observed",
        "authority_id": "",
        "area_form": "circle",
        "lat": "42.07",
        "lon": "19.51",
        "radius_km": "12.5",
    } | changes


def test_an_emergency_is_declared_over_a_circle(browser: Browser, world: World) -> None:
    answer = browser.send("/emergencies/new", form(world))
    emergency = db.session.query(Emergency).one()
    assert answer.headers["Location"] == f"/emergencies/{emergency.id}"
    assert emergency.area == {"type": "circle", "lat": 42.07, "lon": 19.51, "radius_m": 12_500}
    assert "Flood in Shkodra" in browser.get(f"/emergencies/{emergency.id}").text


def test_a_feature_is_taken_for_its_geometry(browser: Browser, world: World) -> None:
    feature = (
        '{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[19,42],[20,42],[20,43],[19,42]]]}}'
    )
    browser.send("/emergencies/new", form(world, area_form="geojson", geojson=feature))
    assert db.session.query(Emergency).one().area["type"] == "Polygon"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": ""}, "Give it a title."),
        ({"lat": "95"}, "Number must be between -90 and 90."),
        ({"lat": ""}, "a click on the map sets the centre"),
        ({"area_form": "geojson", "geojson": "{"}, "is not JSON"),
        ({"area_form": "geojson", "geojson": "[1]"}, "must be a GeoJSON object"),
        ({"hazard": "dragons"}, "Not a valid choice."),
        ({"country": "IT"}, "None of your sections is in IT"),
    ],
)
def test_what_is_wrong_stands_on_the_form(
    browser: Browser, world: World, changes: dict[str, Any], said: str
) -> None:
    answer = browser.send("/emergencies/new", form(world, **changes))
    assert answer.status_code == 422
    assert said in answer.text
    assert db.session.query(Emergency).count() == 0


def test_ending_an_emergency_closes_it(browser: Browser, world: World) -> None:
    emergency = world.emergency()
    browser.send(f"/emergencies/{emergency.id}/end", page=f"/emergencies/{emergency.id}")
    db.session.expire_all()
    assert db.session.get_one(Emergency, emergency.id).status is EmergencyStatus.ENDED
    assert browser.send(f"/emergencies/{emergency.id}/end", page="/emergencies").status_code == 409


def test_an_authority_sees_its_own_emergencies_only(app: Flask, world: World) -> None:
    world.emergency(title="Ours", authority_id=world.authority().id)
    world.emergency(title="Another's")
    listed = as_account(app, world.account(AccountRole.AUTHORITY)).get("/emergencies").text
    assert "Ours" in listed
    assert "Another" not in listed
    assert "Declare an emergency" not in listed
