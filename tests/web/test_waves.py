"""How sure a call-out is, on the plan and on the board, and steering it."""

from flask import Flask

from mobilize.engine import ticks
from mobilize.extensions import db
from mobilize.models import Callout
from mobilize.services import callouts
from mobilize.services.access import SYSTEM
from mobilize.services.ports import FastForwardClock
from tests.world import World

from .conftest import as_account


def test_the_plan_shows_what_confidence_costs_and_lets_choose(app: Flask, world: World) -> None:
    browser = as_account(app, world.account())
    world.people_answer(chance=0.4)
    for n in range(30):
        world.volunteer(f"M{n}")
    callout = world.callout({"medic": 3})
    path = f"/callouts/{callout.id}"
    page = browser.get(path).text
    assert "sure</strong> that every place is filled in time" in page
    assert "Confidence against people disturbed" in page
    assert browser.send(f"{path}/confidence", {"confidence": "0.99"}, page=path).status_code == 302
    assert db.session.get_one(Callout, callout.id).confidence == 0.99
    assert browser.send(f"{path}/confidence", {"confidence": "2"}, page=path).status_code == 422


def test_the_board_says_how_sure_and_asking_is_steered_from_it(app: Flask, world: World) -> None:
    browser = as_account(app, world.account())
    world.people_answer(chance=0.4)
    for n in range(30):
        world.volunteer(f"M{n}")
    callout_id = callouts.launch(SYSTEM, world.callout({"medic": 3}).id).id
    path = f"/callouts/{callout_id}"
    page = browser.get(path).text
    assert "sure</strong> in time" in page
    assert "more for 3 open places" in page
    browser.send(f"{path}/stop-asking", page=path)
    assert "Asking is stopped since" in browser.get(path).text
    browser.send(f"{path}/resume-asking", page=path)
    assert "Asking is stopped since" not in browser.get(path).text
    browser.send(f"{path}/limit", {"most_asked": "1"}, page=path)
    assert "the most that this callout may ask" in browser.get(path).text
    assert browser.send(f"{path}/limit", {"most_asked": "0"}, page=path).status_code == 422


def test_the_form_takes_confidences_and_a_cap(app: Flask, world: World) -> None:
    browser = as_account(app, world.account())
    world.skill("medic")
    emergency = world.emergency()
    path = f"/emergencies/{emergency.id}/callouts/new"
    fields = {
        "needs-0-skill": "medic",
        "needs-0-headcount": "3",
        "needs-0-confidence": "0.99",
        "rendezvous": "Gate",
        "rendezvous_lat": "41.3",
        "rendezvous_lon": "19.4",
        "arrive_by": "2026-11-24T18:00",
        "mode": "phased",
        "confidence": "0.8",
        "most_asked": "40",
    }
    assert browser.send(path, fields).status_code == 302
    callout = db.session.query(Callout).one()
    assert (callout.confidence, callout.most_asked, callout.needs[0].confidence) == (0.8, 40, 0.99)
    assert browser.send(path, fields | {"needs-0-confidence": "high"}).status_code == 422
    assert browser.send(path, fields | {"most_asked": "0"}).status_code == 422


def test_a_collapse_is_told_to_those_who_may_see_the_callout(
    app: Flask, world: World, clock: FastForwardClock
) -> None:
    ours, theirs = (
        as_account(app, world.account()),
        as_account(app, world.account(section=world.section("it", "IT"))),
    )
    world.people_answer(chance=0.4)
    for n in range(40):
        world.volunteer(f"M{n}")
    callouts.launch(SYSTEM, world.callout({"medic": 12}).id)
    clock.advance(minutes=40)
    ticks.run_once()
    page = ours.get("/emergencies").text
    assert "have collapsed" in page
    assert "The callout</a>" in page
    assert "have collapsed" not in theirs.get("/emergencies").text


def test_what_was_not_filled_says_what_was_promised(app: Flask, world: World) -> None:
    browser = as_account(app, world.account())
    world.volunteer("Ana")
    callout_id = callouts.launch(SYSTEM, world.callout({"medic": 3}).id).id
    callouts.stand_down(SYSTEM, callout_id)
    page = browser.get(f"/callouts/{callout_id}").text
    assert "not filled" in page
    assert "sure</strong> in time" not in page
