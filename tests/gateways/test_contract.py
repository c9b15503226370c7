"""What every carrier of texts must do: the same suite on the simulator and on Twilio's client and double."""

from datetime import datetime, timedelta
from typing import Any, Protocol

import pytest
from flask import Flask
from sqlalchemy import select

from mobilize.domain.delivery import Accepted, ErrorClass, OutboundText, Refused, SendOutcome
from mobilize.engine import simulation
from mobilize.extensions import db
from mobilize.gateways.simulator import SimulatorGateway
from mobilize.models import InboundMessage, SimulatedText, StatusCallback
from mobilize.services.ports import FastForwardClock, SmsGateway
from mobilize.services.runtime import runtime
from tests.twilio_double.process import Double
from tests.twilio_double.serving import twilio_settings

PHONE = "+355692000001"
BODY = "Can you come? Reply 1 yes, 2 no."


class Surroundings(Protocol):
    """A carrier's phones, as a test reaches them."""

    def arrived(self) -> list[tuple[str, str]]:
        """Phone and body of every text that reached a phone."""
        ...

    def type(self, phone: str, body: str) -> None:
        """Send a text from a phone."""
        ...

    def let_reports_come(self) -> None:
        """Wait until everything that follows by itself has happened."""
        ...


class SimulatedSurroundings:
    def __init__(self, clock: FastForwardClock) -> None:
        self._clock = clock
        gateway = runtime().sms
        assert isinstance(gateway, SimulatorGateway)
        self._gateway = gateway

    def arrived(self) -> list[tuple[str, str]]:
        rows = db.session.execute(
            select(SimulatedText.phone, SimulatedText.body).where(SimulatedText.to_phone)
        ).all()
        db.session.rollback()
        return [(row[0], row[1]) for row in rows]

    def type(self, phone: str, body: str) -> None:
        self._gateway.type_on_phone(phone, body)
        simulation.play_due(self._clock.now())

    def let_reports_come(self) -> None:
        self._clock.advance(hours=24)
        while simulation.play_due(self._clock.now()):
            pass


class TwilioSurroundings:
    def __init__(self, double: Double) -> None:
        self._double = double

    def arrived(self) -> list[tuple[str, str]]:
        return [(text["to"], text["body"]) for text in self._double.ledger()]

    def type(self, phone: str, body: str) -> None:
        assert self._double.type(phone, body)["webhook_status"] == 200

    def let_reports_come(self) -> None:
        self._double.wait_until_quiet()


@pytest.fixture(params=["simulator", "twilio"])
def carrier(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def settings_overrides(carrier: str, double: Double, public_url: str) -> dict[str, Any]:
    if carrier == "twilio":
        return twilio_settings(double, public_url)
    return {"simulator_acceptance": 0, "public_url": public_url}


@pytest.fixture
def phones(
    carrier: str, double: Double, public_url: str, clock: FastForwardClock, served: Flask
) -> Surroundings:
    assert runtime().sms.name == carrier
    if carrier == "simulator":
        return SimulatedSurroundings(clock)
    double.turn(now=clock.now().isoformat(), inbound_url=f"{public_url}/hooks/twilio/inbound")
    return TwilioSurroundings(double)


@pytest.fixture
def gateway(phones: Surroundings) -> SmsGateway:
    return runtime().sms


def send(gateway: SmsGateway, *phones: str, body: str = BODY) -> list[SendOutcome]:
    texts = [OutboundText(number, phone, body, 3600) for number, phone in enumerate(phones, 1)]
    return [outcome for _, outcome in gateway.send(texts)]


def rows(table: type[Any]) -> list[Any]:
    found = list(db.session.scalars(select(table).order_by(table.id)))
    db.session.expunge_all()
    db.session.rollback()
    return found


def long_ago(clock: FastForwardClock) -> datetime:
    return clock.now() - timedelta(days=7)


def test_every_text_gets_exactly_one_outcome(gateway: SmsGateway) -> None:
    texts = [OutboundText(number, f"+35569200{number:04d}", BODY, 3600) for number in range(1, 31)]
    answered = [text.message_id for text, _ in gateway.send(texts)]
    assert sorted(answered) == list(range(1, 31))


def test_nothing_to_send_is_nothing_sent(gateway: SmsGateway, phones: Surroundings) -> None:
    assert list(gateway.send([])) == []
    assert phones.arrived() == []


def test_an_accepted_text_reaches_its_phone_once(gateway: SmsGateway, phones: Surroundings) -> None:
    (outcome,) = send(gateway, PHONE)
    assert isinstance(outcome, Accepted)
    assert phones.arrived() == [(PHONE, BODY)]


@pytest.mark.parametrize("body", ["Një tërmet; përgjigju 1", "€ ^{}\\[~]|", "line\nline & a=b + 50 %", "🚑"])
def test_every_character_arrives_as_it_was(gateway: SmsGateway, phones: Surroundings, body: str) -> None:
    send(gateway, PHONE, body=body)
    assert phones.arrived() == [(PHONE, body)]


def test_an_accepted_text_is_found_by_its_phone(gateway: SmsGateway, clock: FastForwardClock) -> None:
    (outcome,) = send(gateway, PHONE)
    send(gateway, "+355692000002")
    (record,) = gateway.find(PHONE, clock.now())
    assert isinstance(outcome, Accepted)
    assert (record.sid, record.to, record.body) == (outcome.sid, PHONE, BODY)
    assert record.created_at == clock.now()


def test_a_text_from_before_is_not_found(gateway: SmsGateway, clock: FastForwardClock) -> None:
    send(gateway, PHONE)
    assert gateway.find(PHONE, clock.now() + timedelta(seconds=1)) == []


def test_a_phone_that_was_sent_nothing_has_nothing(gateway: SmsGateway, clock: FastForwardClock) -> None:
    assert gateway.find(PHONE, long_ago(clock)) == []


def test_what_was_typed_on_a_phone_is_not_found_as_a_text_to_it(
    gateway: SmsGateway, phones: Surroundings, clock: FastForwardClock
) -> None:
    phones.type(PHONE, BODY)
    assert gateway.find(PHONE, long_ago(clock)) == []


def test_a_text_sent_twice_arrives_and_is_found_twice(
    gateway: SmsGateway, phones: Surroundings, clock: FastForwardClock
) -> None:
    send(gateway, PHONE)
    send(gateway, PHONE)
    assert phones.arrived() == [(PHONE, BODY)] * 2
    assert len(gateway.find(PHONE, long_ago(clock))) == 2


def test_reports_name_the_text_by_both_ids(gateway: SmsGateway, phones: Surroundings) -> None:
    (outcome,) = send(gateway, PHONE)
    phones.let_reports_come()
    reports = rows(StatusCallback)
    assert isinstance(outcome, Accepted)
    assert {report.sid for report in reports} == {outcome.sid}
    assert {report.message_id for report in reports} == {1}
    assert reports[-1].status in ("delivered", "undelivered")


def test_a_text_typed_on_a_phone_comes_in_once(gateway: SmsGateway, phones: Surroundings) -> None:
    phones.type(PHONE, "1 20")
    phones.let_reports_come()
    (inbound,) = rows(InboundMessage)
    assert (inbound.from_phone, inbound.body) == (PHONE, "1 20")


def test_a_phone_that_said_stop_is_refused_until_it_says_start(
    gateway: SmsGateway, phones: Surroundings
) -> None:
    phones.type(PHONE, "Stop")
    (refused,) = send(gateway, PHONE)
    phones.type(PHONE, "START")
    (accepted,) = send(gateway, PHONE)
    assert isinstance(refused, Refused)
    assert (refused.error_class, refused.code) == (ErrorClass.CONSENT, 21610)
    assert isinstance(accepted, Accepted)
    assert phones.arrived() == [(PHONE, BODY)]
