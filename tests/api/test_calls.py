"""Calls by the interface: those of one's own callouts, and no others."""

from sqlalchemy import select

from mobilize.domain.calling import CallState
from mobilize.engine import ticks
from mobilize.extensions import db
from mobilize.models import Callout
from mobilize.services import callouts
from mobilize.services.access import SYSTEM
from mobilize.services.ports import FastForwardClock
from mobilize.services.runtime import runtime
from tests.services.scripted import Script, use
from tests.services.scripted_calls import VoiceScript, report, the_call
from tests.world import World

from .conftest import Program


def called(world: World, clock: FastForwardClock) -> int:
    """Somebody was called and pressed nothing."""
    use(Script())
    runtime().voice = VoiceScript()
    world.volunteer()
    callout_id = world.callout(voice_after_minutes=10).id
    callouts.launch(SYSTEM, callout_id)
    ticks.run_once()
    clock.advance(minutes=10)
    ticks.run_calling()
    report(the_call(), "completed", seconds=40)
    return callout_id


def test_the_calls_of_a_callout(coordinator: Program, world: World, clock: FastForwardClock) -> None:
    callout_id = called(world, clock)
    (call,) = coordinator.get(f"/calls?callout_id={callout_id}").get_json()["items"]
    assert (call["state"], call["key"], call["duration_s"]) == ("no_key", None, 40)
    assert coordinator.get(f"/calls/{call['id']}").get_json() == call
    assert coordinator.get("/calls?state=answered").get_json()["items"] == []
    assert coordinator.get("/calls?state=ringing_off").status_code == 422


def test_the_board_counts_them(coordinator: Program, world: World, clock: FastForwardClock) -> None:
    callout_id = called(world, clock)
    calls = coordinator.get(f"/callouts/{callout_id}/board").get_json()["calls"]
    assert (calls["called"], calls["no_key"], calls["answered"]) == (1, 1, 0)
    assert calls["cost"] is None


def test_calls_of_another_section_do_not_exist(
    stranger: Program, world: World, clock: FastForwardClock
) -> None:
    called(world, clock)
    call = the_call()
    assert call.state is CallState.NO_KEY
    assert stranger.get(f"/calls/{call.id}").status_code == 404
    assert stranger.get("/calls").get_json()["items"] == []


def test_an_authority_sees_no_calls(authority: Program, world: World, clock: FastForwardClock) -> None:
    callout_id = called(world, clock)
    emergency = db.session.scalars(select(Callout)).one().emergency
    emergency.authority_id = world.authority().id
    db.session.commit()
    assert authority.get("/calls").status_code == 403
    assert "calls" not in authority.get(f"/callouts/{callout_id}/board").get_json()
