"""The simulator as a carrier: a ledger, receipts, answers, STOP and START."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from mobilize.domain import sms
from mobilize.domain.delivery import Accepted, ErrorClass, MessageState, OutboundText, Refused, SendOutcome
from mobilize.domain.sms import CalloutValues
from mobilize.domain.vocabulary import Hazard
from mobilize.engine import simulation
from mobilize.extensions import db
from mobilize.gateways.simulator import OWN_NUMBER, SimulatorGateway
from mobilize.models import InboundMessage, SimulatedEvent, SimulatedText, StatusCallback
from mobilize.services.ports import FastForwardClock
from tests.conftest import make_settings

from .sending import NEVER_TOO_LATE, send_all

PHONE = "+355692000001"
ASKING = "Can you come? Reply 1 yes, 2 no."


@pytest.fixture
def simulator(app: Flask, clock: FastForwardClock) -> SimulatorGateway:
    return SimulatorGateway(make_settings(simulator_acceptance=1.0), clock)


def make_text(number: int, phone: str, body: str = ASKING) -> OutboundText:
    return OutboundText(number, phone, body, OWN_NUMBER, 3600, 1, NEVER_TOO_LATE)


def send(simulator: SimulatorGateway, *phones: str, body: str = ASKING) -> list[SendOutcome]:
    texts = [make_text(number, phone, body) for number, phone in enumerate(phones, 1)]
    return [outcome for _, outcome in send_all(simulator, texts)]


def count(table: Any) -> int:
    found = db.session.scalar(select(func.count()).select_from(table)) or 0
    db.session.rollback()
    return found


def test_a_text_is_accepted_and_entered_in_the_ledger(
    simulator: SimulatorGateway, clock: FastForwardClock
) -> None:
    (outcome,) = send(simulator, PHONE)
    (record,) = simulator.find({PHONE: clock.now()})[PHONE]
    assert isinstance(outcome, Accepted)
    assert outcome.state is MessageState.ACCEPTED
    assert (record.sid, record.to, record.body, record.status) == (outcome.sid, PHONE, ASKING, "sent")


def test_a_text_sent_twice_arrives_twice(simulator: SimulatorGateway, clock: FastForwardClock) -> None:
    first, second = send(simulator, PHONE) + send(simulator, PHONE)
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert first.sid != second.sid
    assert len(simulator.find({PHONE: clock.now()})[PHONE]) == 2


def test_find_leaves_out_what_is_older(simulator: SimulatorGateway, clock: FastForwardClock) -> None:
    send(simulator, PHONE)
    assert simulator.find({PHONE: clock.now() + timedelta(seconds=1)})[PHONE] == []


def test_receipts_and_answers_come_through_the_doors_of_webhooks(
    simulator: SimulatorGateway, clock: FastForwardClock
) -> None:
    send(simulator, *(f"+35569300000{digit}" for digit in range(10)))
    assert simulation.play_due(clock.now()) == 0
    clock.advance(hours=12)
    assert simulation.play_due(clock.now()) > 20
    assert count(StatusCallback) == 20
    assert count(InboundMessage) >= 9
    assert count(SimulatedEvent) == 0
    assert count(SimulatedText) == 10 + count(InboundMessage)


def test_an_event_is_not_played_twice(simulator: SimulatorGateway, clock: FastForwardClock) -> None:
    simulator.type_on_phone(PHONE, "1")
    assert simulation.play_due(clock.now()) == 1
    assert simulation.play_due(clock.now()) == 0
    assert count(InboundMessage) == 1


def test_an_event_whose_player_died_is_played_again(
    simulator: SimulatorGateway, clock: FastForwardClock
) -> None:
    simulator.type_on_phone(PHONE, "1")
    assert len(simulation._lease(clock.now(), 10)) == 1
    clock.advance(minutes=2)
    assert simulation.play_due(clock.now()) == 1
    assert (count(InboundMessage), count(SimulatedText)) == (1, 1)


def test_next_event_at_is_the_earliest(simulator: SimulatorGateway, clock: FastForwardClock) -> None:
    assert simulator.next_event_at() is None
    send(simulator, PHONE)
    due = simulator.next_event_at()
    assert due is not None
    assert timedelta() < due - clock.now() < timedelta(seconds=30)


def test_a_phone_that_said_stop_is_refused_until_it_says_start(simulator: SimulatorGateway) -> None:
    simulator.type_on_phone(PHONE, " Stop ")
    refused, accepted = send(simulator, PHONE, "+355692000002")
    assert isinstance(refused, Refused)
    assert (refused.error_class, refused.code) == (ErrorClass.CONSENT, 21610)
    assert isinstance(accepted, Accepted)
    simulator.type_on_phone(PHONE, "START")
    assert isinstance(send(simulator, PHONE)[0], Accepted)


def test_other_words_do_not_stop_texts(simulator: SimulatorGateway) -> None:
    simulator.type_on_phone(PHONE, "stop that please")
    assert isinstance(send(simulator, PHONE)[0], Accepted)


def test_speed_shortens_waiting(app: Flask, clock: FastForwardClock) -> None:
    fast = SimulatorGateway(make_settings(simulator_acceptance=1.0, simulator_speed=1000), clock)
    send(fast, PHONE)
    due = fast.next_event_at()
    assert due is not None
    assert due - clock.now() < timedelta(seconds=0.1)


_ABOUT = CalloutValues(
    section="Mobilize",
    hazard=Hazard.EARTHQUAKE,
    title="Earthquake",
    skills=("medic",),
    place="",
    arrive_by=datetime(2026, 11, 24, 12, 0, tzinfo=UTC),
    code="",
    drill=False,
    rendezvous="Gate 12",
)
COME = sms.acknowledgement_text("en", "accepted", _ABOUT)
GO_HOME = sms.stand_down_text("en", "coming", _ABOUT)
NO_ANSWER = sms.reminder_text("en", "silent", _ABOUT)
TOWN = [f"+3556930000{number:02d}" for number in range(40)]


def typed() -> set[str]:
    """What people are about to text."""
    events = select(SimulatedEvent.fields).where(SimulatedEvent.kind != "status")
    bodies = {fields["body"] for fields in db.session.scalars(events)}
    db.session.rollback()
    return bodies


def test_who_is_called_off_does_not_report_their_arrival(simulator: SimulatorGateway) -> None:
    send(simulator, *TOWN, body=COME)
    assert "4" in typed()
    send(simulator, *TOWN, body=GO_HOME)
    assert typed() == {"5"}


def test_who_is_writing_already_needs_no_reminder(simulator: SimulatorGateway) -> None:
    send(simulator, *TOWN)
    answering = count(SimulatedEvent)
    send(simulator, *TOWN, body=NO_ANSWER)
    # Two reports for each reminder; and hardly anybody was silent, of whom a reminder could move some.
    assert count(SimulatedEvent) - answering <= 2 * len(TOWN) + 2
