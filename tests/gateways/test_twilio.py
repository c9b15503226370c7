"""Twilio's client over real HTTP: what is asked, and what each ending of a request means."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from config import SettingsError
from mobilize.domain.delivery import (
    Accepted,
    Deferred,
    ErrorClass,
    OutboundText,
    Refused,
    SendOutcome,
    Unclear,
)
from mobilize.domain.errors import ProviderUnreachable
from mobilize.gateways.twilio import TwilioGateway
from tests.conftest import make_settings
from tests.twilio_double.process import Double
from tests.twilio_double.serving import twilio_settings

PHONE = "+355692000001"
SERVICE = "MG" + "0" * 32

Make = Callable[..., TwilioGateway]


@pytest.fixture
def make(double: Double) -> Make:
    """A gateway to the double, with other settings if need be."""
    double.turn(callbacks=False)

    def make_gateway(**changes: Any) -> TwilioGateway:
        usual = twilio_settings(double, "https://help.example.org") | {"twilio_timeout_seconds": 5}
        return TwilioGateway(make_settings(**(usual | changes)))

    return make_gateway


def send(gateway: TwilioGateway, to: str = PHONE, *, validity_s: int = 600, body: str = "Come") -> SendOutcome:
    ((_, outcome),) = gateway.send([OutboundText(42, to, body, validity_s)])
    return outcome


# What is asked


def test_the_form_says_what_twilio_needs(make: Make, double: Double) -> None:
    send(make())
    assert double.requests() == [
        {
            "To": PHONE,
            "From": "+15005550006",
            "Body": "Come",
            "ValidityPeriod": "600",
            "StatusCallback": "https://help.example.org/hooks/twilio/status?message=42#rc=5&rp=5xx,ct,rt",
        }
    ]


def test_a_messaging_service_stands_for_the_number(make: Make, double: Double) -> None:
    outcome = send(make(twilio_from="", twilio_messaging_service_sid=SERVICE))
    (form,) = double.requests()
    assert isinstance(outcome, Accepted)
    assert form["MessagingServiceSid"] == SERVICE
    assert "From" not in form


@pytest.mark.parametrize(
    ("validity_s", "sent"), [(-5, "1"), (0, "1"), (1, "1"), (36_000, "36000"), (90_000, "36000")]
)
def test_the_validity_stays_within_twilios_limits(
    make: Make, double: Double, validity_s: int, sent: str
) -> None:
    send(make(), validity_s=validity_s)
    assert double.requests()[0]["ValidityPeriod"] == sent


def test_a_path_in_the_public_url_is_kept(make: Make, double: Double) -> None:
    send(make(public_url="https://example.org/mobilize/"))
    callback = double.requests()[0]["StatusCallback"]
    assert callback.startswith("https://example.org/mobilize/hooks/twilio/status?message=42#")


def test_an_underscore_in_the_public_host_is_refused_at_start(make: Make) -> None:
    with pytest.raises(SettingsError, match=r"PUBLIC_URL .*underscore"):
        make(public_url="https://my_host.example.org")


def test_an_underscore_in_the_public_path_is_no_matter(make: Make) -> None:
    make(public_url="https://example.org/my_path")


def test_the_environments_edge_and_region_do_not_bend_the_url(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    assert isinstance(send(make()), Accepted)


# Yes


def test_accepted_brings_the_sid(make: Make, double: Double) -> None:
    outcome = send(make())
    assert isinstance(outcome, Accepted)
    assert [text["sid"] for text in double.ledger()] == [outcome.sid]


def test_as_many_requests_run_at_once_as_the_setting_says(make: Make, double: Double) -> None:
    double.turn(latency_s=0.3)
    gateway = make(send_concurrency=10)
    started = datetime.now(UTC)
    list(gateway.send([OutboundText(n, PHONE, "Come", 600) for n in range(1, 21)]))
    assert timedelta(seconds=0.6) <= datetime.now(UTC) - started < timedelta(seconds=3)


def test_texts_not_yet_tried_stay_unsent_when_nobody_listens(make: Make, double: Double) -> None:
    double.turn(latency_s=0.05)
    outcomes = make(send_concurrency=1).send([OutboundText(n, PHONE, "Come", 600) for n in range(1, 51)])
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    assert len(double.requests()) < 10


# No


@pytest.mark.parametrize(
    ("to", "error_class", "code"),
    [
        ("+15005550001", ErrorClass.BAD_NUMBER, 21211),
        ("+15005550002", ErrorClass.PAIR, 21612),
        ("+15005550003", ErrorClass.CONFIGURATION, 21408),
        ("+15005550004", ErrorClass.CONSENT, 21610),
        ("+15005550009", ErrorClass.BAD_NUMBER, 21614),
    ],
)
def test_twilios_magic_numbers_are_refused(make: Make, to: str, error_class: ErrorClass, code: int) -> None:
    outcome = send(make(), to)
    assert isinstance(outcome, Refused)
    assert (outcome.error_class, outcome.code) == (error_class, code)


def test_an_error_never_seen_before_is_refused_as_such(make: Make, double: Double) -> None:
    double.turn(refusals={PHONE: 29999})
    outcome = send(make())
    assert isinstance(outcome, Refused)
    assert (outcome.error_class, outcome.code) == (ErrorClass.UNRECOGNISED, 29999)


@pytest.mark.parametrize("changes", [{"twilio_auth_token": "wrong"}, {"twilio_account_sid": "AC" + "f" * 32}])
def test_wrong_credentials_are_a_fault_of_configuration(make: Make, changes: dict[str, str]) -> None:
    outcome = send(make(**changes))
    assert isinstance(outcome, Refused)
    assert (outcome.error_class, outcome.code) == (ErrorClass.CONFIGURATION, 20003)


def test_revoked_credentials_are_a_fault_of_configuration(make: Make, double: Double) -> None:
    double.turn(revoked=True)
    outcome = send(make())
    assert isinstance(outcome, Refused)
    assert outcome.error_class is ErrorClass.CONFIGURATION


def test_a_server_that_is_not_twilio_is_a_fault_of_configuration(make: Make, double: Double) -> None:
    outcome = send(make(twilio_api_url=f"{double.url}/elsewhere"))
    assert isinstance(outcome, Refused)
    assert outcome.error_class is ErrorClass.CONFIGURATION


def test_a_text_too_long_for_twilio_is_refused_as_a_body(make: Make) -> None:
    outcome = send(make(), body="x" * 1601)
    assert isinstance(outcome, Refused)
    assert (outcome.error_class, outcome.code) == (ErrorClass.BODY, 21617)


def test_half_a_character_is_refused_and_harms_no_other(make: Make) -> None:
    texts = [OutboundText(1, PHONE, "\ud83d", 600), OutboundText(2, PHONE, "Come", 600)]
    outcomes = {text.message_id: outcome for text, outcome in make().send(texts)}
    assert isinstance(outcomes[1], Refused)
    assert isinstance(outcomes[2], Accepted)


# Later


def test_slow_down_is_deferred(make: Make, double: Double) -> None:
    double.turn(fault="slow_down")
    assert send(make()) == Deferred(ErrorClass.NOT_PROCESSED, 20429, "HTTP 429: Too Many Requests", None)
    assert double.ledger() == []


def test_slow_down_keeps_how_long(make: Make, double: Double) -> None:
    double.turn(fault="slow_down", retry_after="7")
    outcome = send(make())
    assert isinstance(outcome, Deferred)
    assert outcome.retry_after_s == 7


def test_slow_down_until_a_date_is_counted_in_seconds(make: Make, double: Double) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=False)
    double.turn(fault="slow_down", retry_after=until)
    outcome = send(make())
    assert isinstance(outcome, Deferred)
    assert outcome.retry_after_s == pytest.approx(89, abs=5)


@pytest.mark.parametrize("nonsense", ["soon", "-3", "1e9", "Mon, 99 Foo"])
def test_an_unreadable_wish_is_no_wish(make: Make, double: Double, nonsense: str) -> None:
    double.turn(fault="slow_down", retry_after=nonsense)
    outcome = send(make())
    assert isinstance(outcome, Deferred)
    assert outcome.retry_after_s is None


def test_a_full_queue_at_twilio_is_deferred(make: Make, double: Double) -> None:
    double.turn(refusals={PHONE: 21611})
    outcome = send(make())
    assert isinstance(outcome, Deferred)
    assert outcome.error_class is ErrorClass.CAPACITY


def test_a_name_that_does_not_resolve_is_deferred(make: Make) -> None:
    outcome = send(make(twilio_api_url="http://no-such-host.invalid"))
    assert isinstance(outcome, Deferred)
    assert outcome.error_class is ErrorClass.NOT_PROCESSED


def test_a_dead_provider_defers_every_text(make: Make) -> None:
    with Double() as doomed:
        gateway = make(twilio_api_url=doomed.url)
        assert isinstance(send(gateway), Accepted)
    texts = [OutboundText(n, PHONE, "Come", 600) for n in range(1, 11)]
    outcomes = [outcome for _, outcome in gateway.send(texts)]
    assert len(outcomes) == 10
    # The pooled connection dies with the provider; whatever finds it open cannot know.
    assert all(isinstance(outcome, Deferred | Unclear) for outcome in outcomes)
    assert sum(isinstance(outcome, Deferred) for outcome in outcomes) >= 9


# Nobody knows


@pytest.mark.parametrize(
    ("fault", "reached"),
    [
        ("error_before", 0),
        ("error_after", 1),
        ("drop_before", 0),
        ("drop_after", 1),
        ("cut_after", 1),
        ("garbage_after", 1),
        ("nameless_after", 1),
    ],
)
def test_no_clear_answer_is_unclear_and_not_repeated(
    make: Make, double: Double, fault: str, reached: int
) -> None:
    double.turn(fault=fault)
    assert isinstance(send(make()), Unclear)
    assert len(double.requests()) == 1
    assert len(double.ledger()) == reached


@pytest.mark.parametrize("fault", ["hang_before", "hang_after"])
def test_an_answer_that_does_not_come_in_time_is_unclear(make: Make, double: Double, fault: str) -> None:
    double.turn(fault=fault)
    assert isinstance(send(make(twilio_timeout_seconds=0.3)), Unclear)
    assert len(double.requests()) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
def test_every_fault_of_the_server_is_unclear(make: Make, double: Double, status: int) -> None:
    double.turn(fault="error_before", error_status=status)
    assert isinstance(send(make()), Unclear)


def test_one_text_in_doubt_leaves_the_others_clear(make: Make, double: Double) -> None:
    double.turn(fault="drop_after", fault_times=1)
    outcomes = [o for _, o in make().send([OutboundText(n, PHONE, "Come", 600) for n in range(1, 21)])]
    assert sum(isinstance(outcome, Unclear) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Accepted) for outcome in outcomes) == 19


# What Twilio's list shows


def test_the_list_is_read_to_its_end(make: Make, double: Double) -> None:
    double.turn(now="2026-11-24T09:00:00+00:00")
    gateway = make(twilio_timeout_seconds=30)
    outcomes = [o for _, o in gateway.send([OutboundText(n, PHONE, f"Text {n}", 600) for n in range(1, 251)])]
    found = gateway.find(PHONE, datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
    assert [outcome for outcome in outcomes if not isinstance(outcome, Accepted)] == []
    assert {record.body for record in found} == {f"Text {n}" for n in range(1, 251)}


def test_whole_seconds_in_the_list_hide_no_text(make: Make, double: Double) -> None:
    double.turn(now="2026-11-24T09:00:05.9+00:00")
    gateway = make()
    send(gateway)
    assert len(gateway.find(PHONE, datetime(2026, 11, 24, 9, 0, 5, 800_000, tzinfo=UTC))) == 1


def test_the_list_says_what_became_of_a_text(make: Make, double: Double) -> None:
    double.turn(undeliverable={PHONE: 30005})
    gateway = make()
    send(gateway)
    double.wait_until_quiet()
    (record,) = gateway.find(PHONE, datetime.now(UTC) - timedelta(minutes=1))
    assert (record.status, record.error_code) == ("undelivered", 30005)


def test_no_list_is_not_an_empty_list(make: Make, double: Double) -> None:
    double.turn(revoked=True)
    with pytest.raises(ProviderUnreachable):
        make().find(PHONE, datetime.now(UTC))


def test_a_dead_provider_has_no_list(make: Make) -> None:
    with pytest.raises(ProviderUnreachable):
        make(twilio_api_url="http://127.0.0.1:9").find(PHONE, datetime.now(UTC))
