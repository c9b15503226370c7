"""The double's reports, shown with plain HTTP: callbacks, texts from phones, the list and its lag."""

from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import pytest

from tests.twilio_double.plain import PHONE, Api, Receiver, outcomes, phones
from tests.twilio_double.process import NUMBER, Double

OTHER_NUMBER = "+15005550007"
SERVICE = "MG" + "0" * 32
NOON = "2026-11-24T12:00:00+00:00"


@pytest.fixture
def api(double: Double) -> Api:
    return Api(double)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.close()


# What becomes of a text


def test_a_text_can_fall_out_of_the_queue_after_it_was_taken(
    double: Double, api: Api, receiver: Receiver
) -> None:
    double.turn(undeliverable={PHONE: 30001})
    sid = api.create(StatusCallback=receiver.url).json()["sid"]
    double.wait_until_quiet()
    assert [(form["MessageStatus"], form["ErrorCode"]) for form in receiver.forms] == [("failed", "30001")]
    assert api.fetch(sid).json()["status"] == "failed"
    assert double.ledger() == []


def test_a_share_of_all_texts_falls_out_of_the_queue(double: Double, api: Api) -> None:
    double.turn(overflow_share=0.3, callbacks=False)
    assert set(outcomes(api, 100)) == {201}
    assert 50 <= len(double.ledger()) <= 90


def test_a_carrier_can_fail_a_text_by_callback(double: Double, api: Api, receiver: Receiver) -> None:
    double.turn(undeliverable={PHONE: 30003})
    api.create(StatusCallback=receiver.url)
    double.wait_until_quiet()
    found = [(form["MessageStatus"], form.get("ErrorCode")) for form in receiver.forms]
    assert found == [("sent", None), ("undelivered", "30003")]


# Callbacks


def test_callbacks_are_signed_and_come_in_order(double: Double, api: Api, receiver: Receiver) -> None:
    api.create(StatusCallback=receiver.url)
    double.wait_until_quiet()
    assert receiver.statuses() == ["sent", "delivered"]
    assert receiver.signed_right == [True, True]


def test_reordered_callbacks_do_not_turn_the_text_back(double: Double, api: Api, receiver: Receiver) -> None:
    double.turn(callbacks_reordered=1)
    sid = api.create(StatusCallback=receiver.url).json()["sid"]
    double.wait_until_quiet()
    assert receiver.statuses() == ["delivered", "sent"]
    assert api.fetch(sid).json()["status"] == "delivered"


def test_callbacks_are_lost_and_doubled_by_their_shares(double: Double, api: Api, receiver: Receiver) -> None:
    double.turn(callbacks_lost=0.2, callbacks_duplicated=0.3)
    for phone in phones(60):
        api.create(phone, StatusCallback=receiver.url)
    double.wait_until_quiet()
    found = double.summary()["callbacks"]
    assert found["due"] == 120
    assert 8 <= found["lost"] <= 42
    assert 12 <= found["duplicated"] <= 55
    assert len(receiver.forms) == found["calls"] == 120 - found["lost"] + found["duplicated"]


def test_early_callbacks_come_before_the_answer(double: Double, api: Api, receiver: Receiver) -> None:
    double.turn(callbacks_early=1, callback_delay_s=0.1)
    api.create(StatusCallback=receiver.url)
    assert receiver.statuses() == ["sent", "delivered"]


def test_a_delay_holds_callbacks_back(double: Double, api: Api, receiver: Receiver) -> None:
    double.turn(callback_delay_s=0.5, callback_spread_s=0.1, statuses=["delivered"])
    sid = api.create(StatusCallback=receiver.url).json()["sid"]
    assert receiver.forms == []
    assert api.fetch(sid).json()["status"] == "queued"
    double.wait_until_quiet()
    assert receiver.statuses() == ["delivered"]


@pytest.mark.parametrize(
    ("overrides", "calls"), [("", 1), ("#rc=2&rp=ct", 1), ("#rc=2&rp=5xx", 3), ("#rc=4&rp=all", 5)]
)
def test_a_failing_webhook_is_called_again_as_its_url_asks(
    double: Double, api: Api, receiver: Receiver, overrides: str, calls: int
) -> None:
    double.turn(statuses=["sent"])
    receiver.status = 503
    api.create(StatusCallback=receiver.url + overrides)
    double.wait_until_quiet()
    assert len(receiver.forms) == calls
    assert double.summary()["callbacks"]["given_up"] == 1


def test_a_webhook_that_is_being_restarted_is_found_by_a_repetition(
    double: Double, api: Api, receiver: Receiver
) -> None:
    double.turn(statuses=["sent"], callback_retry_pause_s=0.5)
    receiver.close()
    api.create(StatusCallback=f"{receiver.url}#rc=5&rp=5xx,ct,rt")
    restarted = Receiver(receiver.port)
    double.wait_until_quiet()
    assert restarted.statuses() == ["sent"]
    restarted.close()


def test_a_webhook_that_stays_away_loses_the_callback(double: Double, api: Api, receiver: Receiver) -> None:
    double.turn(statuses=["sent"])
    receiver.close()
    api.create(StatusCallback=f"{receiver.url}#rc=2&rp=ct")
    double.wait_until_quiet()
    found = double.summary()["callbacks"]
    assert (found["calls"], found["repeated"], found["given_up"]) == (3, 2, 1)


# Texts from phones


def test_a_text_from_a_phone_is_posted_and_listed(double: Double, api: Api, receiver: Receiver) -> None:
    double.turn(inbound_url=receiver.url, now=NOON)
    assert double.type(PHONE, "1 20")["webhook_status"] == 204
    (form,) = receiver.forms
    assert (form["From"], form["To"], form["Body"]) == (PHONE, NUMBER, "1 20")
    (text,) = api.page(To=NUMBER, **{"DateSent>": "2026-11-24"})["messages"]
    assert (text["direction"], text["body"], text["num_media"]) == ("inbound", "1 20", "0")
    assert parsedate_to_datetime(text["date_sent"]).isoformat() == NOON


def test_a_lost_text_from_a_phone_is_listed_and_never_posted(
    double: Double, api: Api, receiver: Receiver
) -> None:
    double.turn(inbound_url=receiver.url, inbound_lost=1)
    assert double.type(PHONE, "1")["webhook_status"] == 0
    assert receiver.forms == []
    assert api.bodies(To=NUMBER) == ["1"]


# Looking back


def test_the_list_filters_by_phone_sender_and_day(double: Double, api: Api) -> None:
    for day, to, sender in (
        ("23", PHONE, NUMBER),
        ("24", PHONE, OTHER_NUMBER),
        ("24", "+390612345678", NUMBER),
    ):
        double.turn(now=f"2026-11-{day}T12:00:00+00:00")
        api.create(to, f"{day} {to} {sender}", From=sender)
    assert len(api.bodies()) == 3
    assert [body[:2] for body in api.bodies(To=PHONE)] == ["24", "23"]
    assert [body[:2] for body in api.bodies(From=NUMBER)] == ["24", "23"]
    assert [body[:2] for body in api.bodies(To=PHONE, DateSent="2026-11-23")] == ["23"]
    assert [body[:2] for body in api.bodies(To=PHONE, **{"DateSent>": "2026-11-24"})] == ["24"]
    assert [body[:2] for body in api.bodies(To=PHONE, **{"DateSent<": "2026-11-23T12:00:00Z"})] == ["23"]


def test_a_text_that_was_not_sent_yet_has_no_day_to_be_found_by(double: Double, api: Api) -> None:
    double.turn(statuses=[])
    api.create()
    assert api.bodies(To=PHONE) == ["Come"]
    assert api.bodies(To=PHONE, **{"DateSent>": "2020-01-01"}) == []


def test_pages_follow_each_other_and_nothing_shifts(double: Double, api: Api) -> None:
    for number in range(5):
        api.create(body=str(number))
    first = api.page(To=PHONE, PageSize="2")
    api.create(body="came in between")
    second = api.get(first["next_page_uri"]).json()
    third = api.get(second["next_page_uri"]).json()
    pages = [[text["body"] for text in page["messages"]] for page in (first, second, third)]
    assert pages == [["4", "3"], ["2", "1"], ["0"]]
    assert third["next_page_uri"] is None


def test_a_page_cannot_be_jumped_to(api: Api, double: Double) -> None:
    path = f"/2010-04-01/Accounts/{double.account}/Messages.json"
    assert api.get(path, Page="3").status_code == 400
    assert api.get(path, PageSize="1001").status_code == 400


def test_one_text_can_be_fetched(api: Api) -> None:
    sid = api.create().json()["sid"]
    assert api.fetch(sid).json()["body"] == "Come"
    assert api.fetch("SM" + "0" * 32).status_code == 404


def test_a_lagging_list_shows_a_text_later(double: Double, api: Api) -> None:
    double.turn(list_lag_s=30, now=NOON)
    sid = api.create().json()["sid"]
    double.turn(now="2026-11-24T12:00:29+00:00")
    assert (api.bodies(To=PHONE), api.fetch(sid).status_code) == ([], 404)
    double.turn(now="2026-11-24T12:00:30+00:00")
    assert (api.bodies(To=PHONE), api.fetch(sid).status_code) == (["Come"], 200)


def test_the_list_can_fail_while_texts_are_taken(double: Double, api: Api) -> None:
    double.turn(list_faults={"error_before": 1}, error_status=503)
    sid = api.create().json()["sid"]
    assert api.fetch(sid).status_code == 503
    assert api.get(f"/2010-04-01/Accounts/{double.account}/Messages.json").status_code == 503


def test_a_service_names_its_numbers_page_by_page(double: Double, api: Api) -> None:
    numbers = [f"+1500555{n:04d}" for n in range(3)]
    double.turn(services={SERVICE: numbers})
    first = api.get(f"/v1/Services/{SERVICE}/PhoneNumbers", PageSize="2").json()
    second = api.get(first["meta"]["next_page_url"]).json()
    assert [one["phone_number"] for one in first["phone_numbers"] + second["phone_numbers"]] == numbers
    assert second["meta"]["next_page_url"] is None
    assert api.get(f"/v1/Services/MG{'1' * 32}/PhoneNumbers").status_code == 404


def test_a_service_chooses_one_of_its_numbers(double: Double, api: Api, receiver: Receiver) -> None:
    double.turn(services={SERVICE: [OTHER_NUMBER]})
    created = api.create(MessagingServiceSid=SERVICE, StatusCallback=receiver.url).json()
    double.wait_until_quiet()
    assert (created["status"], created["from"], created["num_segments"]) == ("accepted", None, "0")
    assert {form["From"] for form in receiver.forms} == {OTHER_NUMBER}
    assert api.fetch(created["sid"]).json()["from"] == OTHER_NUMBER
