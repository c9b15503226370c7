"""Calls through Twilio's client and real HTTP in both directions, against the double."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from mobilize.domain.calling import CallState
from mobilize.domain.vocabulary import AlarmKind, CalloutMode, RecipientState
from mobilize.engine import ticks
from mobilize.extensions import db
from mobilize.models import Alarm, VoiceCall
from mobilize.services import board, callouts
from mobilize.services.access import SYSTEM
from mobilize.services.ports import FastForwardClock
from tests.twilio_double.process import Double
from tests.twilio_double.serving import twilio_settings
from tests.world import World


@pytest.fixture
def settings_overrides(double: Double, public_url: str) -> dict[str, Any]:
    # The clock stands still while texts and calls go, so pace must not matter.
    fast = {"sender_rates": "us_long_code=100000", "voice_calls_per_second": 100}
    paid = {"voice_gateway": "twilio", "voice_prices": "*=0.25", "voice_voices": "sq=Polly.Carla/it-IT"}
    return twilio_settings(double, public_url) | fast | paid | {"twilio_timeout_seconds": 2}


class Town:
    """Silent volunteers with phones at the double, and a callout that wants more than there are."""

    def __init__(self, world: World, double: Double, clock: FastForwardClock, people: dict[str, str]) -> None:
        self._double, self._clock = double, clock
        self.phones = {name: world.volunteer(name, language=word).phone for name, word in people.items()}
        wanted: dict[str, Any] = {"mode": CalloutMode.EVERYONE, "voice_after_minutes": 10}
        self.callout_id = world.callout({"medic": 9}, **wanted).id
        db.session.remove()
        self._tell_the_time()
        callouts.launch(SYSTEM, self.callout_id)
        self.settle()

    def passes(self, minutes: float) -> None:
        self._clock.advance(minutes=minutes)
        self._tell_the_time()
        self.settle()

    def settle(self) -> None:
        """Let the engine and the double answer each other until both are still."""
        while ticks.run_once():
            db.session.remove()
            self._double.wait_until_quiet()

    def board(self) -> board.Board:
        return board.board(SYSTEM, self.callout_id)

    def states(self) -> dict[str, list[CallState]]:
        db.session.expire_all()
        names = {phone: name for name, phone in self.phones.items()}
        found: dict[str, list[CallState]] = {}
        for call in db.session.scalars(select(VoiceCall).order_by(VoiceCall.id)):
            found.setdefault(names[call.to_phone], []).append(call.state)
        return found

    def texts_to(self, name: str) -> list[str]:
        return [text["body"] for text in self._double.ledger() if text["to"] == self.phones[name]]

    def heard_by(self, name: str) -> list[str]:
        calls = [call for call in self._double.phone_calls() if call["to"] == self.phones[name]]
        return [said for call in calls for said in call["heard"]]

    def _tell_the_time(self) -> None:
        self._double.turn(now=self._clock.now().isoformat())


def test_the_silent_are_called_and_only_keys_are_answers(
    served: Flask, world: World, double: Double, clock: FastForwardClock
) -> None:
    people = {"Ana": "en", "Ben": "it", "Cem": "sq", "Dea": "de", "Eva": "fr", "Fio": "es"}
    town = Town(world, double, clock, people)
    fates = {
        "Ana": ["answer:1"],
        "Ben": ["busy", "answer:9,1"],
        "Cem": ["answer:2"],
        "Dea": ["machine"],
        "Eva": ["no-answer", "answer:8,3"],
        "Fio": ["answer:5,5"],
    }
    double.turn(voice_fates={town.phones[name]: fate for name, fate in fates.items()})
    town.passes(minutes=10)
    town.passes(minutes=5)

    assert town.states() == {
        "Ana": [CallState.ANSWERED],
        "Ben": [CallState.BUSY, CallState.ANSWERED],
        "Cem": [CallState.ANSWERED],
        "Dea": [CallState.NO_KEY, CallState.NO_KEY],
        "Eva": [CallState.NO_ANSWER, CallState.ANSWERED],
        "Fio": [CallState.NO_KEY, CallState.NO_KEY],
    }
    assert town.board().counts == {
        RecipientState.ACCEPTED: 2,
        RecipientState.DECLINED: 1,
        RecipientState.LIMITED: 1,
        RecipientState.ASKED: 2,
    }
    assert "Port gate 3" in town.texts_to("Ana")[-1]
    assert not any("Port gate 3" in said for said in town.heard_by("Ana"))
    assert "Premi 1" in town.heard_by("Ben")[0]
    assert "Shtyp 1" in town.heard_by("Cem")[0]
    assert "Drücke die 1" in town.heard_by("Dea")[0]
    assert "ne signifie rien" in town.heard_by("Eva")[1]
    calls = town.board().calls
    assert calls is not None
    assert (calls.called, calls.answered, calls.no_key, calls.no_answer, calls.busy) == (6, 4, 4, 1, 1)
    assert calls.cost == pytest.approx(8 * 0.25)
    assert all(entry["status"] in (200, 204) for entry in double.calls())


def test_lost_answers_and_lost_reports_call_nobody_twice(
    served: Flask, world: World, double: Double, clock: FastForwardClock
) -> None:
    town = Town(world, double, clock, {"Ana": "en", "Ben": "en"})
    double.turn(voice_fate="no-answer", faults={"drop_after": 1.0}, callbacks=False)
    town.passes(minutes=10)
    assert town.states() == {"Ana": [CallState.UNKNOWN], "Ben": [CallState.UNKNOWN]}
    for _ in range(6):
        town.passes(minutes=0.5)
    assert sorted(call["to"] for call in double.phone_calls()) == sorted(town.phones.values())
    assert town.states() == {"Ana": [CallState.NO_ANSWER], "Ben": [CallState.NO_ANSWER]}


def test_a_filled_callout_takes_ringing_calls_back(
    served: Flask, world: World, double: Double, clock: FastForwardClock
) -> None:
    town = Town(world, double, clock, {"Ana": "en", "Ben": "en"})
    double.turn(voice_fate="rings")
    town._clock.advance(minutes=10)
    town._tell_the_time()
    ticks.run_calling()
    assert {call["status"] for call in double.phone_calls()} <= {"queued", "initiated", "ringing"}
    callouts.stand_down(SYSTEM, town.callout_id)
    town.settle()
    assert {call["status"] for call in double.phone_calls()} == {"canceled"}
    assert town.states() == {"Ana": [CallState.CANCELLED], "Ben": [CallState.CANCELLED]}


def test_without_permission_nobody_is_called_and_people_are_told(
    served: Flask, world: World, double: Double, clock: FastForwardClock
) -> None:
    town = Town(world, double, clock, {"Ana": "en", "Ben": "en"})
    double.turn(voice_regions_denied=["+355"])
    town.passes(minutes=10)
    assert town.states() == {"Ana": [CallState.QUEUED], "Ben": [CallState.QUEUED]}
    assert double.phone_calls() == []
    alarm = db.session.scalars(select(Alarm).where(Alarm.kind == AlarmKind.CALLS_STOPPED)).one()
    assert alarm.subject == "calls by twilio to +355"
    double.turn(voice_regions_denied=[], voice_fate="answer:1")
    town.passes(minutes=1)
    town.passes(minutes=1)
    assert town.states() == {"Ana": [CallState.ANSWERED], "Ben": [CallState.ANSWERED]}
    assert db.session.scalars(select(Alarm.cleared_at).where(Alarm.kind == AlarmKind.CALLS_STOPPED)).one()
