"""A bad night, as coordinator and volunteers live through it: providers fail, texts and answers get lost.

Every text on a phone must be expected: one that nobody read fails the scenario at its end.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from flask import Flask

from mobilize.domain.delivery import DoubtEnding, MessageState
from mobilize.domain.vocabulary import AlarmKind, RecipientState
from mobilize.engine import ticks
from mobilize.extensions import db
from mobilize.models import Volunteer
from mobilize.services import board, callouts, measures, senders
from mobilize.services.access import SYSTEM
from mobilize.services.ports import FastForwardClock
from tests.twilio_double.process import BACKUP_ACCOUNT, BACKUP_NUMBER, BACKUP_TOKEN, NUMBER, Double
from tests.twilio_double.serving import twilio_settings
from tests.world import World


@pytest.fixture
def settings_overrides(double: Double, backup_double: Double, public_url: str) -> dict[str, Any]:
    return twilio_settings(double, public_url) | {
        "sms_gateway": "twilio,backup",
        "backup_account_sid": BACKUP_ACCOUNT,
        "backup_auth_token": BACKUP_TOKEN,
        "backup_from": BACKUP_NUMBER,
        "backup_api_url": backup_double.url,
        "twilio_timeout_seconds": 2,
        "plan_seconds": 3600,
        "sender_rates": "us_long_code=100000",
    }


class Night:
    """The clock, both providers, and a callout for two medics; everyone nearby is asked."""

    def __init__(self, world: World, clock: FastForwardClock, twilio: Double, backup: Double) -> None:
        self.world, self.clock, self.twilio, self.backup = world, clock, twilio, backup
        self.callout_id = 0
        self._read: Counter[tuple[str, str]] = Counter()

    def person(self, name: str) -> "Person":
        return Person(self, self.world.volunteer(name))

    def begins(self, severity: str = "Severe") -> None:
        """A coordinator launches the callout."""
        emergency = self.world.emergency(severity=severity)
        self.callout_id = self.world.callout({"medic": 2}, emergency=emergency).id
        self.tells_the_time()
        callouts.launch(SYSTEM, self.callout_id)
        self.settles()

    def is_called_off(self) -> None:
        callouts.stand_down(SYSTEM, self.callout_id)
        self.settles()

    def passes(self, *, minutes: float, at_a_time: float = 1) -> None:
        for _ in range(round(minutes / at_a_time)):
            self.clock.advance(minutes=at_a_time)
            self.tells_the_time()
            self.settles()

    def settles(self) -> None:
        """The engine and the providers answer each other until all are still."""
        db.session.remove()
        while ticks.run_once():
            self.twilio.wait_until_quiet()
            self.backup.wait_until_quiet()

    def tells_the_time(self) -> None:
        for provider in (self.twilio, self.backup):
            provider.turn(now=self.clock.now().isoformat())

    def board(self) -> board.Board:
        return board.board(SYSTEM, self.callout_id)

    def alarms(self) -> set[AlarmKind]:
        return {alarm.kind for alarm in self.board().alarms}

    def unread(self) -> list[tuple[str, str, str]]:
        """Phone, body and sender of the texts that nobody has read."""
        left = self._read.copy()
        unread = []
        for text in (*self.twilio.ledger(), *self.backup.ledger()):
            key = (text["to"], text["body"])
            if left[key]:
                left[key] -= 1
            else:
                unread.append((text["to"], text["body"], text["from"]))
        return unread

    def reads(self, phone: str, body: str) -> None:
        self._read[phone, body] += 1


class Person:
    """A volunteer with a phone in hand."""

    def __init__(self, night: Night, volunteer: Volunteer) -> None:
        self._night, self.id, self.phone = night, volunteer.id, volunteer.phone

    def gets(self, *words: str, sender: str = NUMBER) -> "Person":
        """The next unread text comes from this sender and contains these words."""
        mine = [(body, by) for to, body, by in self._night.unread() if to == self.phone]
        assert mine, f"{self.phone} got no text; expected one with {words}"
        body, by = mine[0]
        assert by == sender
        assert all(word.lower() in body.lower() for word in words), f"{words} are not all in {body!r}"
        self._night.reads(self.phone, body)
        return self

    def gets_nothing(self) -> "Person":
        assert [text for text in self._night.unread() if text[0] == self.phone] == []
        return self

    def replies(self, body: str, to: str = NUMBER) -> "Person":
        provider = self._night.twilio if to == NUMBER else self._night.backup
        db.session.remove()
        provider.type(self.phone, body, to)
        self._night.settles()
        return self


@pytest.fixture
def providers(double: Double, backup_double: Double, public_url: str) -> tuple[Double, Double]:
    """Both know where texts from phones are to be posted."""
    for provider in (double, backup_double):
        provider.turn(inbound_url=f"{public_url}/hooks/twilio/inbound")
    return double, backup_double


@pytest.fixture
def night(
    served: Flask, world: World, clock: FastForwardClock, providers: tuple[Double, Double]
) -> Iterator[Night]:
    night = Night(world, clock, *providers)
    yield night
    assert night.unread() == [], "texts that nobody expected"


@pytest.fixture
def people(night: Night) -> Sequence[Person]:
    return [night.person("Ana"), night.person("Ben")]


def test_the_account_is_suspended_and_the_backup_takes_over(night: Night, people: Sequence[Person]) -> None:
    ana, ben = people
    night.twilio.turn(revoked=True)
    night.begins()
    assert AlarmKind.SENDER_PAUSED in night.alarms()
    for person in people:
        person.gets("earthquake", sender=BACKUP_NUMBER)
    ana.replies("1 20", to=BACKUP_NUMBER).gets("gate 3", sender=BACKUP_NUMBER)
    night.twilio.turn(revoked=False)
    senders.resume(SYSTEM, "twilio")
    ben.replies("2", to=BACKUP_NUMBER).gets("thank")
    assert AlarmKind.SENDER_PAUSED not in night.alarms()


def test_both_providers_are_gone_for_an_hour_and_nobody_is_forgotten(
    night: Night, people: Sequence[Person]
) -> None:
    night.twilio.turn(revoked=True)
    night.backup.turn(revoked=True)
    night.begins()
    night.passes(minutes=60, at_a_time=20)
    for person in people:
        person.gets_nothing()
    night.twilio.turn(revoked=False)
    night.passes(minutes=1)
    for person in people:
        person.gets("earthquake")


def test_every_answer_and_every_callback_is_lost_and_nobody_gets_two(
    night: Night, people: Sequence[Person]
) -> None:
    night.twilio.turn(faults={"drop_after": 1}, callbacks=False)
    night.begins()
    night.passes(minutes=3)
    for person in people:
        person.gets("earthquake").gets_nothing()
    assert night.board().delivered == len(people)


def test_a_yes_whose_webhook_was_lost_is_found(night: Night, people: Sequence[Person]) -> None:
    ana, ben = people
    night.begins()
    ana.gets("earthquake")
    ben.gets("earthquake")
    night.twilio.turn(inbound_lost=1)
    ana.replies("1 20").gets_nothing()
    night.passes(minutes=2)
    ana.gets("gate 3")
    assert night.board().counts[RecipientState.ACCEPTED] == 1


def test_a_stop_that_we_never_heard_of_is_learnt_from_the_carrier(
    night: Night, people: Sequence[Person]
) -> None:
    ana, ben = people
    night.twilio.turn(inbound_url=None)
    ana.replies("STOP")
    night.begins()
    ben.gets("earthquake")
    ana.gets_nothing()
    assert db.session.get_one(Volunteer, ana.id).opted_out_at is not None


def test_called_off_while_the_provider_says_slow_down(night: Night, people: Sequence[Person]) -> None:
    night.twilio.turn(faults={"slow_down": 1})
    night.begins()
    night.is_called_off()
    night.twilio.turn(faults={})
    night.passes(minutes=30, at_a_time=10)
    for person in people:
        person.gets_nothing()


@pytest.mark.parametrize(("severity", "texts"), [("Extreme", 2), ("Minor", 1)])
def test_nobody_can_tell_whether_the_text_went(
    night: Night, people: Sequence[Person], severity: str, texts: int
) -> None:
    """The provider's list is down too: for a threat to life a second text is the lesser harm; it is counted."""
    night.twilio.turn(faults={"drop_after": 1}, callbacks=False, list_faults={"error_before": 1})
    night.begins(severity)
    night.twilio.turn(faults={})
    night.passes(minutes=8)
    for person in people:
        for _ in range(texts):
            person.gets("earthquake")
    ended = measures.measure().doubts_ended
    ending = DoubtEnding.RESENT if texts == 2 else DoubtEnding.GIVEN_UP
    assert ended[ending] == len(people)
    assert measures.measure().messages[MessageState.UNKNOWN] == 0


def test_a_queue_that_overflows_at_the_provider_loses_nobody(night: Night, people: Sequence[Person]) -> None:
    night.twilio.turn(overflow_share=1)
    night.begins()
    night.twilio.turn(overflow_share=0)
    night.passes(minutes=2)
    for person in people:
        person.gets("earthquake").gets_nothing()
