"""What every carrier of texts must do: the same suite on the simulator and on Twilio's client and double."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import pytest
from flask import Flask
from sqlalchemy import select

from mobilize.domain.delivery import Accepted, Deferred, ErrorClass, OutboundText, Refused, SendOutcome
from mobilize.engine import simulation
from mobilize.extensions import db
from mobilize.gateways.simulator import SimulatorGateway
from mobilize.models import InboundMessage, SimulatedText, StatusCallback
from mobilize.services.ports import FastForwardClock, SmsGateway
from mobilize.services.runtime import runtime
from tests.twilio_double.process import Double
from tests.twilio_double.serving import twilio_settings

from .sending import Endings, send_all

PHONE = "+355692000001"
OTHER = "+355692000002"
BODY = "Can you come? Reply 1 yes, 2 no."

MakeText = Callable[..., OutboundText]
Send = Callable[..., list[SendOutcome]]


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
        (gateway,) = runtime().gateways
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
    assert [gateway.name for gateway in runtime().gateways] == [carrier]
    if carrier == "simulator":
        return SimulatedSurroundings(clock)
    double.turn(now=clock.now().isoformat(), inbound_url=f"{public_url}/hooks/twilio/inbound")
    return TwilioSurroundings(double)


@pytest.fixture
def gateway(phones: Surroundings) -> Iterator[SmsGateway]:
    (gateway,) = runtime().gateways
    yield gateway
    gateway.close()


@pytest.fixture
def make_text(gateway: SmsGateway, clock: FastForwardClock) -> MakeText:
    def make(number: int, phone: str = PHONE, body: str = BODY) -> OutboundText:
        return OutboundText(
            message_id=number,
            to=phone,
            body=body,
            sender=gateway.senders[0],
            validity_s=3600,
            attempt=1,
            leave_by=clock.now() + timedelta(minutes=1),
        )

    return make


@pytest.fixture
def send(gateway: SmsGateway, make_text: MakeText) -> Send:
    """Send a text to each phone; the outcomes, in the same order."""

    def send_texts(*phones: str, body: str = BODY) -> list[SendOutcome]:
        texts = [make_text(number, phone, body) for number, phone in enumerate(phones, 1)]
        outcomes = {text.message_id: outcome for text, outcome in send_all(gateway, texts)}
        return [outcomes[text.message_id] for text in texts]

    return send_texts


def rows(table: type[Any]) -> list[Any]:
    found = list(db.session.scalars(select(table).order_by(table.id)))
    db.session.expunge_all()
    db.session.rollback()
    return found


def long_ago(clock: FastForwardClock) -> datetime:
    return clock.now() - timedelta(days=7)


# Sending


def test_every_text_gets_exactly_one_outcome(gateway: SmsGateway, make_text: MakeText) -> None:
    texts = [make_text(number, f"+35569200{number:04d}") for number in range(1, 31)]
    endings = send_all(gateway, texts)
    gateway.close()
    assert sorted(text.message_id for text, _ in endings) == list(range(1, 31))


def test_nothing_to_send_is_nothing_sent(gateway: SmsGateway, phones: Surroundings) -> None:
    assert send_all(gateway, []) == []
    assert phones.arrived() == []


def test_an_accepted_text_reaches_its_phone_once(send: Send, phones: Surroundings) -> None:
    (outcome,) = send(PHONE)
    assert isinstance(outcome, Accepted)
    assert phones.arrived() == [(PHONE, BODY)]


@pytest.mark.parametrize("body", ["Një tërmet; përgjigju 1", "€ ^{}\\[~]|", "line\nline & a=b + 50 %", "🚑"])
def test_every_character_arrives_as_it_was(send: Send, phones: Surroundings, body: str) -> None:
    send(PHONE, body=body)
    assert phones.arrived() == [(PHONE, body)]


def test_a_text_sent_twice_arrives_and_is_found_twice(
    gateway: SmsGateway, send: Send, phones: Surroundings, clock: FastForwardClock
) -> None:
    send(PHONE)
    send(PHONE)
    assert phones.arrived() == [(PHONE, BODY)] * 2
    assert len(gateway.find({PHONE: long_ago(clock)})[PHONE]) == 2


def test_a_text_does_not_leave_after_its_time(
    gateway: SmsGateway, make_text: MakeText, phones: Surroundings, clock: FastForwardClock
) -> None:
    late, timely = make_text(1), make_text(2, OTHER)
    late = replace(late, leave_by=clock.now())
    outcomes = dict(send_all(gateway, [late, timely]))
    assert isinstance(outcomes[late], Deferred)
    assert outcomes[late].error_class is ErrorClass.NOT_PROCESSED  # type: ignore[union-attr]
    assert isinstance(outcomes[timely], Accepted)
    assert phones.arrived() == [(OTHER, BODY)]


def test_closing_in_the_middle_leaves_no_text_without_outcome(
    gateway: SmsGateway, make_text: MakeText, phones: Surroundings
) -> None:
    endings = Endings(200)
    gateway.send([make_text(number) for number in range(200)], endings.tell)
    gateway.close()
    told = endings.wait(timeout_s=5)
    taken = sum(isinstance(outcome, Accepted) for _, outcome in told)
    kept_back = sum(isinstance(outcome, Deferred) for _, outcome in told)
    assert sorted(text.message_id for text, _ in told) == list(range(200))
    assert taken <= len(phones.arrived()) <= 200 - kept_back


def test_a_closed_gateway_may_be_used_again(gateway: SmsGateway, send: Send, phones: Surroundings) -> None:
    send(PHONE)
    gateway.close()
    (outcome,) = send(PHONE)
    assert isinstance(outcome, Accepted)
    assert len(phones.arrived()) == 2


# What the provider knows of texts to phones


def test_an_accepted_text_is_found_by_its_phone(
    gateway: SmsGateway, send: Send, clock: FastForwardClock
) -> None:
    outcome, _ = send(PHONE, OTHER)
    found = gateway.find({PHONE: clock.now()})
    assert list(found) == [PHONE]
    (record,) = found[PHONE]
    assert isinstance(outcome, Accepted)
    assert (record.sid, record.to, record.body) == (outcome.sid, PHONE, BODY)
    assert record.created_at == clock.now()


def test_many_phones_are_looked_up_at_once_each_since_its_own_time(
    gateway: SmsGateway, make_text: MakeText, clock: FastForwardClock
) -> None:
    phones = [f"+3556920{number:05d}" for number in range(100)]
    send_all(gateway, [make_text(number, phone) for number, phone in enumerate(phones)])
    later = clock.now() + timedelta(seconds=1)
    since = {phone: clock.now() if number % 2 else later for number, phone in enumerate(phones)}
    found = gateway.find(since)
    assert [len(found[phone]) for phone in phones] == [0, 1] * 50


def test_a_text_from_before_is_not_found(gateway: SmsGateway, send: Send, clock: FastForwardClock) -> None:
    send(PHONE)
    assert gateway.find({PHONE: clock.now() + timedelta(seconds=1)}) == {PHONE: []}


def test_a_phone_that_was_sent_nothing_has_an_empty_list(gateway: SmsGateway, clock: FastForwardClock) -> None:
    assert gateway.find({PHONE: long_ago(clock)}) == {PHONE: []}


def test_without_a_question_there_is_no_answer(gateway: SmsGateway) -> None:
    assert gateway.find({}) == {}
    assert gateway.fetch([]) == {}


def test_what_was_typed_on_a_phone_is_not_found_as_a_text_to_it(
    gateway: SmsGateway, phones: Surroundings, clock: FastForwardClock
) -> None:
    phones.type(PHONE, BODY)
    assert gateway.find({PHONE: long_ago(clock)}) == {PHONE: []}


def test_a_text_is_fetched_by_its_identifier(gateway: SmsGateway, send: Send) -> None:
    outcome, _ = send(PHONE, OTHER)
    assert isinstance(outcome, Accepted)
    found = gateway.fetch([outcome.sid])
    assert list(found) == [outcome.sid]
    assert (found[outcome.sid].to, found[outcome.sid].body) == (PHONE, BODY)


def test_an_identifier_that_the_provider_does_not_know_is_missing(gateway: SmsGateway, send: Send) -> None:
    (outcome,) = send(PHONE)
    assert isinstance(outcome, Accepted)
    assert list(gateway.fetch([outcome.sid, "SM" + "0" * 32])) == [outcome.sid]


# Reports


def test_reports_name_the_text_by_both_ids(send: Send, phones: Surroundings) -> None:
    (outcome,) = send(PHONE)
    phones.let_reports_come()
    reports = rows(StatusCallback)
    assert isinstance(outcome, Accepted)
    assert {report.sid for report in reports} == {outcome.sid}
    assert {report.message_id for report in reports} == {1}
    assert reports[-1].status in ("delivered", "undelivered")


# Texts from phones


def test_a_text_typed_on_a_phone_comes_in_once(gateway: SmsGateway, phones: Surroundings) -> None:
    phones.type(PHONE, "1 20")
    phones.let_reports_come()
    (inbound,) = rows(InboundMessage)
    assert (inbound.from_phone, inbound.body) == (PHONE, "1 20")


def test_texts_from_phones_can_be_listed_afterwards(
    gateway: SmsGateway, send: Send, phones: Surroundings, clock: FastForwardClock
) -> None:
    send(PHONE)
    phones.type(PHONE, "1 20")
    phones.type(OTHER, "2")
    found = gateway.received(clock.now() - timedelta(minutes=5))
    assert [(text.from_phone, text.to_phone, text.body) for text in found] == [
        (PHONE, gateway.senders[0], "1 20"),
        (OTHER, gateway.senders[0], "2"),
    ]
    assert {text.sid for text in found} == {inbound.sid for inbound in rows(InboundMessage)}
    assert {text.received_at for text in found} == {clock.now()}


def test_texts_from_phones_are_listed_since_an_instant(
    gateway: SmsGateway, phones: Surroundings, clock: FastForwardClock
) -> None:
    phones.type(PHONE, "1 20")
    assert gateway.received(clock.now() + timedelta(seconds=1)) == []


def test_a_phone_that_said_stop_is_refused_until_it_says_start(send: Send, phones: Surroundings) -> None:
    phones.type(PHONE, "Stop")
    (refused,) = send(PHONE)
    phones.type(PHONE, "START")
    (accepted,) = send(PHONE)
    assert isinstance(refused, Refused)
    assert (refused.error_class, refused.code) == (ErrorClass.CONSENT, 21610)
    assert isinstance(accepted, Accepted)
    assert phones.arrived() == [(PHONE, BODY)]
