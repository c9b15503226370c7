"""The readiness page: counts, and who would arrive by when."""

from flask import Flask

from tests.world import LAT, LON, World

from .conftest import as_account


def address(**changes: object) -> str:
    asked = {
        "skill": "medic",
        "wanted": 3,
        "within_min": 60,
        "in_hours": 0,
        "lat": LAT,
        "lon": LON,
        "radius_km": 25,
    }
    return "/readiness?" + "&".join(f"{name}={value}" for name, value in (asked | changes).items())


def test_a_forecast_reads_as_a_sentence(app: Flask, world: World) -> None:
    browser = as_account(app, world.account())
    world.people_answer(chance=0.8)
    for n in range(12):
        world.volunteer(f"Medicus{n}")
    page = browser.get(address()).text
    assert "3 medic within 60 min:" in page
    assert "At least 10 people could be called" in page
    assert "Medicus" not in page


def test_bad_input_is_told_beside_the_field(app: Flask, world: World) -> None:
    browser = as_account(app, world.account())
    world.skill("medic")
    answer = browser.get(address(lat=123))
    assert answer.status_code == 422
    assert browser.get(address(wanted=0)).status_code == 422
    assert browser.get(address(skill="juggler")).status_code == 422


def test_without_a_question_there_is_a_form(app: Flask, world: World) -> None:
    browser = as_account(app, world.account())
    world.volunteer("Ana")
    assert "Who would arrive by when?" in browser.get("/readiness").text
