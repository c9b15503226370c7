"""A whole call-out through Twilio's client and real HTTP in both directions, against the double."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from mobilize.domain.delivery import MessageState
from mobilize.domain.vocabulary import AlarmKind, MessageKind, RecipientState
from mobilize.engine import Engine, ticks
from mobilize.extensions import db
from mobilize.models import Message, Volunteer
from mobilize.services import board, callouts
from mobilize.services.access import SYSTEM
from mobilize.services.ports import FastForwardClock
from tests.twilio_double.process import Double
from tests.twilio_double.serving import twilio_settings
from tests.world import World


@pytest.fixture
def settings_overrides(double: Double, public_url: str) -> dict[str, Any]:
    # The clock stands still while texts go, so pace must not matter; `test_pace` is about that.
    fast = {"sender_rates": "us_long_code=100000"}
    return twilio_settings(double, public_url) | fast | {"twilio_timeout_seconds": 2}


class Town:
    """Volunteers with phones at the double, and a callout for two medics."""

    def __init__(self, world: World, double: Double, clock: FastForwardClock, public_url: str) -> None:
        self._double = double
        self._clock = clock
        double.turn(inbound_url=f"{public_url}/hooks/twilio/inbound")
        people = {"Ana": "en", "Ben": "it", "Cem": "sq", "Dea": "sq", "Eva": "en", "Fio": "it"}
        self.phones = [world.volunteer(name, language=word).phone for name, word in people.items()]
        self.callout_id = world.callout({"medic": 2}).id
        db.session.remove()  # on SQLite an open transaction would keep others waiting

    def launch(self) -> None:
        self._tell_the_time()
        callouts.launch(SYSTEM, self.callout_id)
        self.settle()

    def passes(self, minutes: float) -> None:
        self._clock.advance(minutes=minutes)
        self._tell_the_time()
        self.settle()

    def types(self, phone: str, body: str) -> None:
        db.session.remove()
        assert self._double.type(phone, body)["webhook_status"] == 200
        self.settle()

    def settle(self) -> None:
        """Let the engine and the double answer each other until both are still."""
        while ticks.run_once():
            db.session.remove()
            self._double.wait_until_quiet()

    def waits_for(self, happened: Callable[[], bool]) -> None:
        """Wait in real time, at most 10 s, while an engine works in threads of its own."""
        deadline = time.monotonic() + 10
        while not happened():
            assert time.monotonic() < deadline, "it did not happen"
            db.session.remove()
            time.sleep(0.05)

    def board(self) -> board.Board:
        return board.board(SYSTEM, self.callout_id)

    def messages(self, kind: MessageKind) -> Sequence[Message]:
        return db.session.scalars(select(Message).where(Message.kind == kind).order_by(Message.id)).all()

    def _tell_the_time(self) -> None:
        self._double.turn(now=self._clock.now().isoformat())


@pytest.fixture
def town(served: Flask, world: World, double: Double, clock: FastForwardClock, public_url: str) -> Town:
    return Town(world, double, clock, public_url)


def callout_texts(double: Double, town: Town) -> Counter[str]:
    """How often the call-out reached each phone."""
    wordings = {message.body for message in town.messages(MessageKind.CALLOUT)}
    return Counter(text["to"] for text in double.ledger() if text["body"] in wordings)


def test_from_the_launch_to_the_stand_down(town: Town, double: Double) -> None:
    town.launch()
    asked = {row.phone for row in town.board().recipients}
    assert callout_texts(double, town) == Counter(asked)
    assert town.board().delivered == len(asked) > 0

    first, second, third = town.phones[:3]
    town.types(first, "1 20")
    town.types(second, "no")
    town.types(third, "po, 30")

    found = town.board()
    assert found.counts[RecipientState.ACCEPTED] == 2
    assert found.counts[RecipientState.DECLINED] == 1
    assert [(need.skill, need.assigned) for need in found.needs] == [("medic", 2)]
    answered = {row.phone: row for row in found.recipients}[first]
    assert answered.eta_at is not None
    assert answered.answered_at is not None
    assert answered.eta_at - answered.answered_at == timedelta(minutes=20)

    before = len(double.ledger())
    callouts.stand_down(SYSTEM, town.callout_id)
    town.settle()
    told = {text["to"] for text in double.ledger()[before:]}
    assert {first, third} <= told


def test_everyone_asked_has_the_text_once_and_nobody_else(town: Town, double: Double) -> None:
    town.launch()
    town.passes(minutes=10)
    asked = {row.phone for row in town.board().recipients}
    assert callout_texts(double, town) == Counter(asked)
    assert all(message.state is MessageState.DELIVERED for message in town.messages(MessageKind.CALLOUT))


def test_callbacks_twice_early_and_out_of_order_change_nothing(town: Town, double: Double) -> None:
    double.turn(callbacks_early=1, callbacks_duplicated=1, callbacks_reordered=1)
    town.launch()
    assert callout_texts(double, town) == Counter(town.phones)
    assert {message.state for message in town.messages(MessageKind.CALLOUT)} == {MessageState.DELIVERED}


def test_answers_lost_on_the_way_are_settled_by_callbacks(town: Town, double: Double) -> None:
    double.turn(faults={"drop_after": 1})
    town.launch()
    assert callout_texts(double, town) == Counter(town.phones)
    assert {message.state for message in town.messages(MessageKind.CALLOUT)} == {MessageState.DELIVERED}


def test_answers_and_callbacks_lost_are_settled_by_the_list(town: Town, double: Double) -> None:
    double.turn(faults={"error_after": 1}, callbacks=False)
    town.launch()
    assert {message.state for message in town.messages(MessageKind.CALLOUT)} == {MessageState.UNKNOWN}
    double.turn(faults={})
    town.passes(minutes=3)
    assert callout_texts(double, town) == Counter(town.phones)
    assert {message.state for message in town.messages(MessageKind.CALLOUT)} == {MessageState.DELIVERED}


def test_texts_that_twilio_never_took_are_sent_again_once(town: Town, double: Double) -> None:
    double.turn(faults={"drop_before": 1})
    town.launch()
    double.turn(faults={})
    town.passes(minutes=1)
    assert double.ledger() == []  # one empty list could be late
    town.passes(minutes=1)
    assert callout_texts(double, town) == Counter(town.phones)


def test_slow_down_delays_and_loses_nothing(town: Town, double: Double) -> None:
    double.turn(faults={"slow_down": 1}, retry_after="20")
    town.launch()
    assert double.ledger() == []
    double.turn(faults={})
    tried = len(double.requests())
    town.passes(minutes=0.2)
    assert len(double.requests()) == tried
    town.passes(minutes=1)
    assert callout_texts(double, town) == Counter(town.phones)


def test_revoked_credentials_keep_the_texts_and_raise_an_alarm(town: Town, double: Double) -> None:
    double.turn(revoked=True)
    town.launch()
    assert AlarmKind.SENDER_PAUSED in {alarm.kind for alarm in town.board().alarms}
    assert {message.state for message in town.messages(MessageKind.CALLOUT)} == {MessageState.QUEUED}
    double.turn(revoked=False)
    for _ in range(3):
        town.passes(minutes=1)
    assert AlarmKind.SENDER_PAUSED not in {alarm.kind for alarm in town.board().alarms}
    assert callout_texts(double, town) == Counter(town.phones)


def test_stop_is_heard_by_twilio_and_by_us(town: Town, double: Double) -> None:
    town.launch()
    phone = town.phones[0]
    before = callout_texts(double, town)[phone]
    town.types(phone, "STOP")
    person = db.session.scalars(select(Volunteer).where(Volunteer.phone == phone)).one()
    assert person.opted_out_at is not None
    assert callout_texts(double, town)[phone] == before == 1


def test_the_engine_wakes_for_launches_reports_and_answers(town: Town, double: Double, served: Flask) -> None:
    engine = Engine(served)
    engine.start()
    try:
        callouts.launch(SYSTEM, town.callout_id)
        db.session.remove()
        town.waits_for(lambda: town.board().delivered == len(town.phones))
        db.session.remove()
        double.type(town.phones[0], "1")
        town.waits_for(lambda: town.board().counts.get(RecipientState.ACCEPTED) == 1)
    finally:
        db.session.remove()
        engine.stop()
