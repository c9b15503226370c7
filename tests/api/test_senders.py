"""Senders and alarms, as programs see and steer them."""

from datetime import timedelta

import pytest
from flask import Flask

from mobilize.domain.vocabulary import AccountRole, AlarmKind
from mobilize.extensions import db
from mobilize.models import Alarm, AuditEntry, EngineHeartbeat
from mobilize.services import alarms, heartbeats, senders
from mobilize.services.ports import FastForwardClock
from mobilize.services.runtime import now
from tests.services.scripted import Script, use
from tests.world import World

from .conftest import Program


@pytest.fixture
def twilio(app: Flask) -> None:
    use(Script("twilio", ["+15005550006", "77777"]))


@pytest.fixture
def admin(app: Flask, world: World) -> Program:
    return Program(app.test_client(), world.token(world.account(AccountRole.ADMIN)))


def test_senders_are_listed_with_their_pace_and_what_stops_them(twilio: None, coordinator: Program) -> None:
    senders.pause("twilio:77777", "21606: not ours")
    senders.pause("twilio to +355", "21408: not permitted")
    senders.pause("twilio:88888", "21606: an old one")
    db.session.commit()
    told = coordinator.get("/senders").get_json()
    us, short = told["senders"]
    assert (us["name"], us["kind"], us["rate"], us["pauses"]) == ("twilio:+15005550006", "us_long_code", 1, [])
    assert "21606: not ours" in short["pauses"][0]["detail"]
    assert short["pauses"][0]["retry_at"] == (now() + timedelta(seconds=30)).isoformat()
    assert [pause["subject"] for pause in told["country_pauses"]] == ["twilio to +355"]
    assert [pause["subject"] for pause in told["former_pauses"]] == ["twilio:88888"]


def test_texts_that_wait_are_counted(coordinator: Program, world: World) -> None:
    world.volunteer()
    coordinator.post(f"/callouts/{world.callout().id}/launch")
    assert coordinator.get("/senders").get_json()["queued"] == 1


def test_an_admin_pauses_and_a_coordinator_resumes(twilio: None, admin: Program, coordinator: Program) -> None:
    name = {"sender": "twilio:+15005550006"}
    assert coordinator.post("/senders/pause", name).status_code == 403
    paused = admin.post("/senders/pause", name).get_json()["senders"][0]
    assert paused["pauses"][0]["retry_at"] is None
    assert coordinator.post("/senders/resume", name).get_json()["senders"][0]["pauses"] == []
    assert [entry.action for entry in db.session.query(AuditEntry).order_by(AuditEntry.id)] == [
        "sender.pause",
        "sender.resume",
    ]


def test_what_cannot_be_paused_or_resumed_is_refused(twilio: None, admin: Program) -> None:
    assert admin.post("/senders/pause", {"sender": "pigeon"}).status_code == 404
    assert admin.post("/senders/resume", {"sender": "pigeon"}).status_code == 404
    assert admin.post("/senders/resume", {"sender": "twilio"}).status_code == 409
    assert admin.post("/senders/resume", {}).status_code == 422


def test_an_unknown_code_is_told_until_a_person_has_seen_it(coordinator: Program) -> None:
    heartbeats.beat("relief:1:a")
    alarms.raise_alarm(AlarmKind.UNKNOWN_ERROR_CODE, "30999", "The provider said 30999: new")
    db.session.commit()
    [alarm] = coordinator.get("/alarms").get_json()
    assert (alarm["subject"], alarm["detail"]) == ("30999", "The provider said 30999: new.")
    assert alarm["acknowledgeable"]
    assert coordinator.post(f"/alarms/{alarm['id']}/acknowledge").status_code == 204
    assert coordinator.get("/alarms").get_json() == []
    assert coordinator.post(f"/alarms/{alarm['id']}/acknowledge").status_code == 409
    assert db.session.query(AuditEntry).one().after == {"kind": "unknown_error_code", "subject": "30999"}


def test_an_engine_that_was_taken_away_stays_forgotten(coordinator: Program, clock: FastForwardClock) -> None:
    heartbeats.beat("relief:1:a")
    clock.advance(minutes=1)
    heartbeats.beat("other:2:b")
    assert heartbeats.watch() == 1
    [alarm] = coordinator.get("/alarms").get_json()
    coordinator.post(f"/alarms/{alarm['id']}/acknowledge")
    assert heartbeats.watch() == 0
    assert [row.name for row in db.session.query(EngineHeartbeat)] == ["other:2:b"]
    assert coordinator.get("/alarms").get_json() == []


def test_a_pause_is_not_acknowledged_but_resumed(coordinator: Program) -> None:
    senders.pause("simulator", "20003: no")
    db.session.commit()
    answer = coordinator.post(f"/alarms/{db.session.query(Alarm).one().id}/acknowledge")
    assert answer.status_code == 409
    assert "resume it" in answer.get_json()["error"]["message"]


def test_an_alarm_that_never_was_is_not_found(coordinator: Program) -> None:
    assert coordinator.post("/alarms/77/acknowledge").status_code == 404


def test_an_authoritys_board_shows_nothing_of_the_machinery(authority: Program, world: World) -> None:
    senders.pause("simulator", "20003: no")
    callout = world.callout(emergency=world.emergency(authority_id=world.authority().id))
    board = authority.get(f"/callouts/{callout.id}/board").get_json()
    assert board["callout"]["id"] == callout.id
    assert {"alarms", "doubts"} & set(board) == set()
