"""What every carrier of calls must do: the same suite on the simulator and on Twilio's client and double."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

import pytest
from flask import Flask
from sqlalchemy import delete, select

from mobilize.domain.calling import CallRecord, CallState, OutboundCall, Placed
from mobilize.domain.delivery import Deferred
from mobilize.domain.speech import Speech
from mobilize.engine import simulation
from mobilize.extensions import db
from mobilize.gateways import simulator_voice
from mobilize.gateways.simulated_calls import Reaction
from mobilize.models import InboundMessage, Recipient, SimulatedEvent, VoiceCall
from mobilize.services import callouts
from mobilize.services.access import SYSTEM
from mobilize.services.ports import FastForwardClock, VoiceGateway
from mobilize.services.runtime import runtime
from tests.services.scripted import Script
from tests.twilio_double.process import Double
from tests.twilio_double.serving import twilio_settings
from tests.world import World

FATES = {
    "presses 1": ("answer:1", Reaction("completed", 3.0, 31, "1")),
    "presses 7, then 2": ("answer:7,2", Reaction("completed", 3.0, 31, "72")),
    "presses nothing": ("answer:", Reaction("completed", 3.0, 31)),
    "mailbox": ("machine", Reaction("completed", 3.0, 31)),
    "busy": ("busy", Reaction("busy", 2.0)),
    "nobody": ("no-answer", Reaction("no-answer", 30.0)),
    "rings on": ("rings", Reaction("no-answer", 10_000.0)),
}


class Phones(Protocol):
    """A carrier's phones, as a test reaches them."""

    def do(self, fate: str) -> None:
        """What every phone does with the next call."""
        ...

    def go_on(self) -> None:
        """Wait until everything that follows by itself has happened."""
        ...


class SimulatedPhones:
    def __init__(self, clock: FastForwardClock, monkeypatch: pytest.MonkeyPatch) -> None:
        self._clock, self._monkeypatch = clock, monkeypatch

    def do(self, fate: str) -> None:
        self._monkeypatch.setattr(simulator_voice, "reaction", lambda *_a, **_k: FATES[fate][1])

    def go_on(self) -> None:
        self._clock.advance(minutes=3)
        while simulation.play_due(self._clock.now()):
            pass


class TwilioPhones:
    def __init__(self, double: Double) -> None:
        self._double = double

    def do(self, fate: str) -> None:
        self._double.turn(voice_fate=FATES[fate][0])

    def go_on(self) -> None:
        self._double.wait_until_quiet()


@pytest.fixture(params=["simulator", "twilio"])
def carrier(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def settings_overrides(carrier: str, double: Double, public_url: str) -> dict[str, Any]:
    if carrier == "twilio":
        return twilio_settings(double, public_url) | {"voice_gateway": "twilio"}
    return {"public_url": public_url}


@pytest.fixture
def phones(
    carrier: str, double: Double, clock: FastForwardClock, served: Flask, monkeypatch: pytest.MonkeyPatch
) -> Phones:
    if carrier == "simulator":
        return SimulatedPhones(clock, monkeypatch)
    double.turn(now=clock.now().isoformat())
    return TwilioPhones(double)


@pytest.fixture
def voice(phones: Phones) -> VoiceGateway:
    voice = runtime().voice
    assert voice is not None
    return voice


@pytest.fixture
def call(world: World, voice: VoiceGateway, clock: FastForwardClock) -> OutboundCall:
    """A call that is written down, for somebody who was asked and is silent."""
    runtime().gateways = [Script()]
    world.volunteer()
    callouts.launch(SYSTEM, world.callout(voice_after_minutes=1).id)
    recipient = db.session.scalars(select(Recipient)).one()
    db.session.execute(delete(SimulatedEvent))
    row = VoiceCall(
        callout_id=recipient.callout_id,
        recipient_id=recipient.id,
        volunteer_id=recipient.volunteer_id,
        attempt=1,
        to_phone=recipient.volunteer.phone,
        language="en",
        state=CallState.PLACING,
        created_at=clock.now(),
        next_attempt_at=clock.now(),
        claimed_at=clock.now(),
        lease_until=clock.now() + timedelta(seconds=30),
        provider=voice.name,
    )
    db.session.add(row)
    db.session.commit()
    return OutboundCall(
        call_id=row.id,
        to=row.to_phone,
        speech=Speech("Polly.Amy", "en-GB", "Fish & chips <needed>: press 1."),
        ring_s=30,
        longest_s=120,
        leave_by=clock.now() + timedelta(seconds=20),
    )


Place = Callable[[str], str]


@pytest.fixture
def place(voice: VoiceGateway, phones: Phones, call: OutboundCall) -> Place:
    def place_it(fate: str) -> str:
        phones.do(fate)
        db.session.remove()
        outcome = voice.place(call)
        assert isinstance(outcome, Placed)
        return outcome.sid

    return place_it


def stored() -> VoiceCall:
    db.session.expire_all()
    return db.session.scalars(select(VoiceCall)).one()


@pytest.mark.parametrize(
    ("fate", "state", "key"),
    [
        ("presses 1", CallState.ANSWERED, "1"),
        ("presses 7, then 2", CallState.ANSWERED, "2"),
        ("presses nothing", CallState.NO_KEY, None),
        ("mailbox", CallState.NO_KEY, None),
        ("busy", CallState.BUSY, None),
        ("nobody", CallState.NO_ANSWER, None),
    ],
)
def test_every_ending_is_told(
    place: Place, phones: Phones, fate: str, state: CallState, key: str | None
) -> None:
    sid = place(fate)
    phones.go_on()
    assert (stored().state, stored().key, stored().sid) == (state, key, sid)
    answers = list(db.session.scalars(select(InboundMessage.body)))
    assert answers == ([key] if key else [])


def test_a_call_is_found_by_its_phone_and_by_its_name(
    place: Place, phones: Phones, voice: VoiceGateway, call: OutboundCall, clock: FastForwardClock
) -> None:
    since = clock.now() - timedelta(seconds=1)
    sid = place("presses nothing")
    phones.go_on()
    db.session.remove()
    found = voice.find(call.to, since)
    assert found is not None
    assert [(r.sid, r.to, r.status, r.duration_s) for r in found] == [(sid, call.to, "completed", 31)]
    assert voice.fetch(sid) == found[0]
    assert voice.find("+355699999999", since) == []
    assert voice.find(call.to, clock.now() + timedelta(hours=1)) == []
    assert voice.fetch("CA" + "0" * 32) is None


def test_a_ringing_call_can_be_taken_back_and_an_ended_one_cannot(
    place: Place, phones: Phones, voice: VoiceGateway
) -> None:
    sid = place("rings on")
    db.session.remove()
    assert voice.take_back(sid)
    phones.go_on()
    db.session.remove()
    record = voice.fetch(sid)
    assert record is not None
    assert record.status == "canceled"
    assert not voice.take_back(sid)
    assert not voice.take_back("CA" + "0" * 32)


def test_a_call_does_not_leave_after_its_time(
    voice: VoiceGateway, phones: Phones, call: OutboundCall, clock: FastForwardClock
) -> None:
    clock.advance(minutes=1)
    db.session.remove()
    assert isinstance(voice.place(call), Deferred)
    assert voice.find(call.to, datetime(2026, 1, 1, tzinfo=clock.now().tzinfo)) == []


def test_it_says_who_it_is(voice: VoiceGateway, carrier: str) -> None:
    assert voice.name == carrier
    assert voice.sender.startswith("+")


def test_whoever_asks_may_have_a_running_loop(voice: VoiceGateway) -> None:
    async def ask() -> CallRecord | None:
        return voice.fetch("CA" + "0" * 32)

    assert asyncio.run(ask()) is None
