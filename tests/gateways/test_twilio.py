"""Twilio's client over real HTTP: what is asked, and what each ending of a request means."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

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
from tests.twilio_double.process import ACCOUNT, NUMBER, TOKEN, Double

from .sending import Endings, send_all
from .to_the_double import PHONE, SERVICE, Make, make_text, make_texts, send

# What is asked


def test_the_form_says_what_twilio_needs(make: Make, double: Double) -> None:
    send(make())
    assert double.requests() == [
        {
            "To": PHONE,
            "From": "+15005550006",
            "Body": "Come",
            "ValidityPeriod": "600",
            "StatusCallback": "https://help.example.org/hooks/twilio/status?message=42&attempt=1"
            "#rc=5&rp=5xx,ct,rt",
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
    assert callback.startswith("https://example.org/mobilize/hooks/twilio/status?message=42&attempt=1#")


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


def test_each_text_goes_out_from_its_own_sender(make: Make, double: Double) -> None:
    gateway = make(twilio_from=f"{NUMBER},+15005550007")
    assert gateway.senders == (NUMBER, "+15005550007")
    send_all(gateway, [make_text(1), make_text(2, "+15005550007"), make_text(3, SERVICE)])
    asked = {form["StatusCallback"].partition("message=")[2][0]: form for form in double.requests()}
    assert [asked[number].get("From") for number in "123"] == [NUMBER, "+15005550007", None]
    assert asked["3"]["MessagingServiceSid"] == SERVICE


def test_a_second_provider_is_asked_with_its_own_name_account_and_numbers(make: Make, double: Double) -> None:
    gateway = make(
        "backup",
        twilio_api_url="http://127.0.0.1:9",
        twilio_auth_token="of the first provider",
        sms_gateway="twilio,backup",
        backup_account_sid=ACCOUNT,
        backup_auth_token=TOKEN,
        backup_from="+15005550007",
        backup_api_url=double.url,
    )
    assert isinstance(send(gateway), Accepted)
    assert (gateway.name, gateway.senders) == ("backup", ("+15005550007",))
    assert [form["From"] for form in double.requests()] == ["+15005550007"]


def test_as_many_requests_run_at_once_as_the_setting_says(make: Make, double: Double) -> None:
    double.turn(latency_s=0.3)
    started = datetime.now(UTC)
    send_all(make(send_concurrency=10), make_texts(20))
    assert timedelta(seconds=0.6) <= datetime.now(UTC) - started < timedelta(seconds=3)


def test_sending_returns_before_the_answers_come(make: Make, double: Double) -> None:
    double.turn(latency_s=0.5)
    endings, started = Endings(10), datetime.now(UTC)
    make().send(make_texts(10), endings.tell)
    assert datetime.now(UTC) - started < timedelta(seconds=0.4)
    assert len(endings.wait()) == 10


def test_listeners_that_break_do_not_stop_other_texts(make: Make, double: Double) -> None:
    endings = Endings(30)

    def listen(text: OutboundText, outcome: SendOutcome) -> None:
        endings.tell(text, outcome)
        if text.message_id % 2:
            raise ZeroDivisionError

    make(send_concurrency=3).send(make_texts(30), listen)
    assert sorted(text.message_id for text, _ in endings.wait()) == list(range(1, 31))


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
    texts = [make_text(1, body="\ud83d"), make_text(2)]
    outcomes = {text.message_id: outcome for text, outcome in send_all(make(), texts)}
    assert isinstance(outcomes[1], Refused)
    assert isinstance(outcomes[2], Accepted)


# Later


def test_slow_down_is_deferred(make: Make, double: Double) -> None:
    double.turn(faults={"slow_down": 1})
    assert send(make()) == Deferred(ErrorClass.NOT_PROCESSED, 20429, "HTTP 429: Too Many Requests", None)
    assert double.ledger() == []


def test_slow_down_keeps_how_long(make: Make, double: Double) -> None:
    double.turn(faults={"slow_down": 1}, retry_after="7")
    outcome = send(make())
    assert isinstance(outcome, Deferred)
    assert outcome.retry_after_s == 7


def test_slow_down_until_a_date_is_counted_in_seconds(make: Make, double: Double) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=False)
    double.turn(faults={"slow_down": 1}, retry_after=until)
    outcome = send(make())
    assert isinstance(outcome, Deferred)
    assert outcome.retry_after_s == pytest.approx(89, abs=5)


@pytest.mark.parametrize("nonsense", ["soon", "-3", "1e9", "Mon, 99 Foo"])
def test_an_unreadable_wish_is_no_wish(make: Make, double: Double, nonsense: str) -> None:
    double.turn(faults={"slow_down": 1}, retry_after=nonsense)
    outcome = send(make())
    assert isinstance(outcome, Deferred)
    assert outcome.retry_after_s is None


def test_a_full_queue_at_twilio_is_deferred(make: Make, double: Double) -> None:
    double.turn(refusals={PHONE: 21611})
    outcome = send(make())
    assert isinstance(outcome, Deferred)
    assert outcome.error_class is ErrorClass.CAPACITY


@pytest.mark.parametrize("url", ["http://no-such-host.invalid", "http://127.0.0.1:9", "http://[nonsense"])
def test_a_provider_that_cannot_be_reached_is_deferred_as_such(make: Make, url: str) -> None:
    outcome = send(make(twilio_api_url=url))
    assert isinstance(outcome, Deferred)
    assert outcome.error_class is ErrorClass.UNREACHABLE


def test_a_server_without_tls_has_seen_nothing(make: Make, double: Double) -> None:
    outcome = send(make(twilio_api_url=double.url.replace("http:", "https:")))
    assert isinstance(outcome, Deferred)
    assert outcome.error_class is ErrorClass.UNREACHABLE
    assert double.requests() == []


def test_a_dead_provider_defers_every_text(make: Make) -> None:
    with Double() as doomed:
        gateway = make(twilio_api_url=doomed.url)
        assert isinstance(send(gateway), Accepted)
    outcomes = [outcome for _, outcome in send_all(gateway, make_texts(10))]
    assert len(outcomes) == 10
    assert all(isinstance(outcome, Deferred) for outcome in outcomes)


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
    double.turn(faults={fault: 1})
    assert isinstance(send(make()), Unclear)
    assert len(double.requests()) == 1
    assert len(double.ledger()) == reached


@pytest.mark.parametrize("fault", ["hang_before", "hang_after"])
def test_an_answer_that_does_not_come_in_time_is_unclear(make: Make, double: Double, fault: str) -> None:
    double.turn(faults={fault: 1})
    assert isinstance(send(make(twilio_timeout_seconds=0.3)), Unclear)
    assert len(double.requests()) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
def test_every_fault_of_the_server_is_unclear(make: Make, double: Double, status: int) -> None:
    double.turn(faults={"error_before": 1}, error_status=status)
    assert isinstance(send(make()), Unclear)


def test_one_text_in_doubt_leaves_the_others_clear(make: Make, double: Double) -> None:
    double.turn(faults={"drop_after": 1}, fault_times=1)
    outcomes = [outcome for _, outcome in send_all(make(), make_texts(20))]
    assert sum(isinstance(outcome, Unclear) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Accepted) for outcome in outcomes) == 19
