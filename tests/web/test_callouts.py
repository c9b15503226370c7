"""A callout from its form to its board."""

from typing import Any

import pytest
from flask import Flask

from mobilize.domain.vocabulary import AccountRole, CalloutStatus
from mobilize.extensions import db
from mobilize.models import Callout
from mobilize.services import heartbeats
from tests.world import World

from .conftest import Browser, as_account


@pytest.fixture
def browser(app: Flask, world: World) -> Browser:
    return as_account(app, world.account())


def form(**changes: Any) -> dict[str, Any]:
    return {
        "needs-0-skill": "",
        "needs-1-skill": "medic",
        "needs-1-headcount": "2",
        "rendezvous": "Port gate 3",
        "rendezvous_lat": "41.31",
        "rendezvous_lon": "19.45",
        "arrive_by": "2026-11-24T15:00",
        "mode": "phased",
        "wording": "",
    } | changes


def test_a_callout_is_drafted_planned_and_launched(browser: Browser, world: World) -> None:
    world.volunteer(skills=["medic"])
    emergency = world.emergency()
    page = f"/emergencies/{emergency.id}/callouts/new"
    plan = browser.send(page, form()).headers["Location"]
    assert "not launched" in browser.get(plan).text
    assert "1 may be called: not enough" in browser.get(plan).text
    browser.send(f"{plan}/launch", page=plan)
    board = browser.get(plan).text
    assert "<b>0</b> of 2 coming" in board
    assert "Ana Test" in board


def test_arrive_by_is_the_sections_wall_clock(browser: Browser, world: World) -> None:
    world.skill("medic")
    browser.send(f"/emergencies/{world.emergency().id}/callouts/new", form())
    assert db.session.query(Callout).one().arrive_by.isoformat() == "2026-11-24T14:00:00+00:00"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"needs-1-headcount": "0"}, "Between 1 and 10,000."),
        ({"needs-1-headcount": "10000000"}, "Between 1 and 10,000."),
        ({"needs-1-skill": ""}, "there is no skill"),
        ({"arrive_by": "2026-11-24T09:00"}, "is in the past"),
        ({"rendezvous": ""}, "Say where people are to report."),
        ({"wording": "{nonsense}"}, "unknown placeholder"),
        ({"wording": "x" * 5000}, "at most 1600"),
    ],
)
def test_what_is_wrong_stands_beside_the_field(
    browser: Browser, world: World, changes: dict[str, Any], said: str
) -> None:
    world.skill("medic")
    answer = browser.send(f"/emergencies/{world.emergency().id}/callouts/new", form(**changes))
    assert answer.status_code == 422
    assert said in answer.text
    assert db.session.query(Callout).count() == 0


def test_the_preview_counts_segments_while_the_form_is_half_filled(browser: Browser, world: World) -> None:
    world.skill("medic")
    page = f"/emergencies/{world.emergency().id}/callouts"
    shown = browser.send(f"{page}/preview", {"wording": "Come! {answers}"}, page=f"{page}/new")
    assert shown.status_code == 200
    assert "Come!" in shown.text
    assert "GSM-7" in shown.text
    assert db.session.query(Callout).count() == 0
    wrong = browser.send(f"{page}/preview", {"wording": "{nonsense}"}, page=f"{page}/new")
    assert "unknown placeholder" in wrong.text


def launched(browser: Browser, world: World) -> str:
    world.volunteer(skills=["medic"])
    path = f"/callouts/{world.callout({'medic': 1}).id}"
    heartbeats.beat("test")
    browser.send(f"{path}/launch", page=path)
    return path


def test_an_unchanged_board_costs_a_304(browser: Browser, world: World) -> None:
    path = launched(browser, world)
    for part in ("board", "map.json"):
        first = browser.get(f"{path}/{part}")
        again = browser.get(f"{path}/{part}", If_None_Match=first.headers["ETag"])
        assert (first.status_code, again.status_code, again.data) == (200, 304, b"")
        assert again.headers["X-Board-Time"] == "10:00:00 UTC+01:00"


def test_a_board_whose_callout_is_over_loads_its_page_again(browser: Browser, world: World) -> None:
    path = launched(browser, world)
    assert "HX-Refresh" not in browser.get(f"{path}/board?running=1").headers
    browser.send(f"{path}/stand-down", page=path)
    assert db.session.query(Callout).one().status is CalloutStatus.ENDED
    assert browser.get(f"{path}/board?running=1").headers["HX-Refresh"] == "true"


def test_asking_for_no_one_is_refused(browser: Browser, world: World) -> None:
    path = launched(browser, world)
    assert browser.send(f"{path}/ask-more", {"count": "0"}, page=path).status_code == 422
    assert browser.send(f"{path}/ask-more", {"count": "5"}, page=path).status_code == 302


def test_an_authority_sees_no_names_and_no_commands_before_people_commit(app: Flask, world: World) -> None:
    coordinator = as_account(app, world.account())
    world.volunteer("Zamira", skills=["medic"])
    callout = world.callout({"medic": 1}, emergency=world.emergency(authority_id=world.authority().id))
    coordinator.send(f"/callouts/{callout.id}/launch", page=f"/callouts/{callout.id}")
    watcher = as_account(app, world.account(AccountRole.AUTHORITY))
    shown = watcher.get(f"/callouts/{callout.id}").text
    assert "<b>0</b> of 1 coming" in shown
    assert "Zamira" not in shown
    assert "Stand down" not in shown
    assert watcher.get(f"/callouts/{callout.id}/map.json").json["people"] == []  # type: ignore[index]
