"""Calls as people see them: on the board, on simulated phones, and in alarms."""

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select

from mobilize.domain.delivery import ErrorClass, Refused
from mobilize.domain.vocabulary import Channel
from mobilize.engine import ticks
from mobilize.extensions import db
from mobilize.gateways import make_sms_gateways, simulator_voice
from mobilize.gateways.simulated_calls import Reaction
from mobilize.models import Alarm, Recipient
from mobilize.services import callouts, heartbeats, inbox
from mobilize.services.access import SYSTEM
from mobilize.services.ports import FastForwardClock
from mobilize.services.runtime import runtime
from tests.services.scripted import Script, use
from tests.services.scripted_calls import VoiceScript, report, the_call
from tests.world import World

from .conftest import Browser, as_account


@pytest.fixture
def browser(app: Flask, world: World) -> Browser:
    heartbeats.beat("relief:1:a")
    use(Script())
    return as_account(app, world.account())


@pytest.fixture
def voice(app: Flask) -> VoiceScript:
    voice = VoiceScript()
    runtime().voice = voice
    return voice


def silence(world: World, clock: FastForwardClock) -> int:
    """Somebody is called, after ten minutes of silence."""
    world.volunteer()
    callout_id = world.callout(voice_after_minutes=10).id
    callouts.launch(SYSTEM, callout_id)
    ticks.run_once()
    clock.advance(minutes=10)
    ticks.run_calling()
    return callout_id


def test_the_board_tells_how_calls_ended_and_what_they_cost(
    browser: Browser, voice: VoiceScript, world: World, clock: FastForwardClock
) -> None:
    runtime().settings = replace(runtime().settings, voice_prices={"*": 0.25}, voice_cost_cap=5.0)
    callout_id = silence(world, clock)
    assert "ringing or talking" in browser.get(f"/callouts/{callout_id}").text
    report(the_call(), "completed", seconds=61)
    shown = browser.get(f"/callouts/{callout_id}").text
    assert "mailbox, or nobody pressed" in shown
    assert "0.50 EUR" in shown
    assert "of 5.00" in shown


def test_the_board_changes_when_a_call_does(
    browser: Browser, voice: VoiceScript, world: World, clock: FastForwardClock
) -> None:
    callout_id = silence(world, clock)
    tag = browser.get(f"/callouts/{callout_id}/board").headers["ETag"]
    assert browser.get(f"/callouts/{callout_id}/board", If_None_Match=tag).status_code == 304
    report(the_call(), "busy")
    assert browser.get(f"/callouts/{callout_id}/board", If_None_Match=tag).status_code == 200


def test_a_callout_that_cannot_call_says_so(browser: Browser, world: World, clock: FastForwardClock) -> None:
    runtime().voice = None
    callout_id = silence(world, clock)
    assert "Nobody is called" in browser.get(f"/callouts/{callout_id}").text


def test_a_callout_that_is_not_to_call_shows_nothing(browser: Browser, world: World) -> None:
    callout_id = world.callout().id
    world.volunteer()
    callouts.launch(SYSTEM, callout_id)
    assert "Calls to the silent" not in browser.get(f"/callouts/{callout_id}").text


def test_stopped_calls_are_told_on_every_page_and_can_be_tried_at_once(
    browser: Browser, voice: VoiceScript, world: World, clock: FastForwardClock
) -> None:
    voice.answer = lambda _call: Refused(ErrorClass.CONFIGURATION, 20003, "Authenticate")
    silence(world, clock)
    heartbeats.beat("relief:1:a")
    shown = browser.get("/emergencies").text
    assert "Nobody is being called" in shown
    assert "voice permissions" in shown
    alarm_id = db.session.scalars(select(Alarm.id)).one()
    db.session.rollback()
    assert browser.send(f"/alarms/{alarm_id}/acknowledge", page="/emergencies").status_code == 302
    assert "Nobody is being called" not in browser.get("/emergencies").text


def test_a_simulated_phone_shows_its_calls(
    browser: Browser, world: World, clock: FastForwardClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulators = make_sms_gateways(runtime().settings, clock)
    use(Script())  # nobody answers by text
    fate = Reaction("completed", 3.0, 20, "71")
    monkeypatch.setattr(simulator_voice, "reaction", lambda *_a, **_k: fate)
    silence(world, clock)
    phone = the_call().to_phone
    runtime().gateways = simulators
    assert "ringing" in browser.get(f"/phones/{phone}").text
    clock.advance(minutes=1)
    ticks.run_once()
    shown = browser.get(f"/phones/{phone}/texts").text
    assert "pressed 7, then 1" in shown
    assert "Durres earthquake" in shown


def test_the_board_tells_that_an_answer_came_by_a_call(
    browser: Browser, voice: VoiceScript, world: World, clock: FastForwardClock
) -> None:
    callout_id = silence(world, clock)
    recipient = db.session.scalars(select(Recipient)).one()
    inbox.store_inbound(
        sid="call:1:1",
        from_phone=recipient.volunteer.phone,
        to_phone="",
        body="1",
        raw={},
        channel=Channel.VOICE,
        recipient_id=recipient.id,
    )
    ticks.run_once()
    assert "by a call:" in browser.get(f"/callouts/{callout_id}").text
