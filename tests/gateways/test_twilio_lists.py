"""What Twilio's lists tell, over real HTTP, and what does not count as a list."""

from datetime import UTC, datetime, timedelta

import pytest

from mobilize.domain.delivery import Accepted
from mobilize.domain.errors import ProviderUnreachable
from tests.twilio_double.process import NUMBER, Double

from .sending import Endings, send_all
from .to_the_double import PHONE, SERVICE, Make, make_texts, send


def just_now() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=1)


def test_the_list_is_read_to_its_end(make: Make, double: Double) -> None:
    double.turn(now="2026-11-24T09:00:00+00:00")
    gateway = make(twilio_timeout_seconds=25)
    outcomes = [outcome for _, outcome in send_all(gateway, make_texts(250))]
    found = gateway.find({PHONE: datetime(2026, 11, 24, 9, 0, tzinfo=UTC)})
    assert [outcome for outcome in outcomes if not isinstance(outcome, Accepted)] == []
    assert {record.body for record in found[PHONE]} == {f"Text {n}" for n in range(1, 251)}


def test_a_list_too_long_to_be_read_is_no_evidence(make: Make, double: Double) -> None:
    gateway = make()
    other = "+355692000002"
    send_all(gateway, make_texts(1001))
    send(gateway, other)
    assert list(gateway.find({PHONE: just_now(), other: just_now()})) == [other]


def test_old_texts_do_not_make_a_list_too_long(make: Make, double: Double) -> None:
    double.turn(now="2026-11-24T09:00:00+00:00")
    gateway = make()
    send_all(gateway, make_texts(1001))
    double.turn(now="2026-11-24T10:00:00+00:00")
    send(gateway)
    (record,) = gateway.find({PHONE: datetime(2026, 11, 24, 9, 30, tzinfo=UTC)})[PHONE]
    assert record.body == "Come"


def test_the_words_of_a_trial_account_hide_no_text(make: Make, double: Double) -> None:
    gateway = make()
    send(gateway, body="Sent from your Twilio trial account - Come")  # as if Twilio had put them before it
    (record,) = gateway.find({PHONE: just_now()})[PHONE]
    assert record.body == "Come"


def test_whole_seconds_in_the_list_hide_no_text(make: Make, double: Double) -> None:
    double.turn(now="2026-11-24T09:00:05.9+00:00")
    gateway = make()
    send(gateway)
    since = datetime(2026, 11, 24, 9, 0, 5, 800_000, tzinfo=UTC)
    assert len(gateway.find({PHONE: since})[PHONE]) == 1


def test_the_list_says_what_became_of_a_text(make: Make, double: Double) -> None:
    double.turn(undeliverable={PHONE: 30005})
    gateway = make()
    outcome = send(gateway)
    assert isinstance(outcome, Accepted)
    double.wait_until_quiet()
    (record,) = gateway.find({PHONE: just_now()})[PHONE]
    assert (record.status, record.error_code) == ("undelivered", 30005)
    assert gateway.fetch([outcome.sid]) == {outcome.sid: record}


def test_no_list_is_not_an_empty_list(make: Make, double: Double) -> None:
    gateway = make()
    outcome = send(gateway)
    assert isinstance(outcome, Accepted)
    double.turn(revoked=True)
    assert gateway.find({PHONE: just_now()}) == {}
    assert gateway.fetch([outcome.sid]) == {}
    with pytest.raises(ProviderUnreachable):
        gateway.received(just_now())


def test_a_dead_provider_has_no_list(make: Make) -> None:
    gateway = make(twilio_api_url="http://127.0.0.1:9")
    assert gateway.find({PHONE: just_now()}) == {}
    assert gateway.fetch(["SM" + "0" * 32]) == {}
    with pytest.raises(ProviderUnreachable):
        gateway.received(just_now())


def test_a_provider_that_hangs_has_no_list(make: Make, double: Double) -> None:
    double.turn(latency_s=2.0)
    gateway = make(twilio_timeout_seconds=0.2)
    assert gateway.find({PHONE: just_now()}) == {}


def test_evidence_does_not_wait_behind_texts(make: Make, double: Double) -> None:
    gateway = make(send_concurrency=5)
    send(gateway)
    double.turn(faults={"hang_before": 1})
    endings = Endings(50)
    gateway.send(make_texts(50), endings.tell)
    started = datetime.now(UTC)
    assert len(gateway.find({PHONE: just_now()})[PHONE]) == 1
    assert datetime.now(UTC) - started < timedelta(seconds=2)


def test_a_lost_answer_is_found_in_the_list(make: Make, double: Double) -> None:
    double.turn(inbound_url="http://127.0.0.1:9/nobody-listens")
    typed = double.type(PHONE, "1 20")
    (found,) = make().received(just_now())
    assert typed["webhook_status"] == 0
    assert (found.sid, found.from_phone, found.to_phone, found.body) == (typed["sid"], PHONE, NUMBER, "1 20")


def test_answers_to_every_number_of_a_messaging_service_are_listed(make: Make, double: Double) -> None:
    double.turn(services={SERVICE: [NUMBER, "+15005550007"]})
    gateway = make(twilio_from="", twilio_messaging_service_sid=SERVICE)
    double.type(PHONE, "1")
    double.type(PHONE, "2", to="+15005550007")
    double.type(PHONE, "3", to="+15005550008")
    assert [text.body for text in gateway.received(just_now())] == ["1", "2"]


def test_a_name_as_sender_receives_nothing(make: Make, double: Double) -> None:
    double.type(PHONE, "1")
    assert make(twilio_from="Red Cross").received(just_now()) == []
