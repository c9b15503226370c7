"""Calls by Twilio's client: what is asked for, and how each ending of a request is told."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from twilio.http.response import Response

from mobilize.domain.calling import CallOutcome, OutboundCall, Placed
from mobilize.domain.delivery import Deferred, ErrorClass, Refused, Unclear
from mobilize.domain.speech import Speech
from mobilize.gateways.twilio_account import accounts_of
from mobilize.gateways.voice import TwilioVoiceGateway
from mobilize.services.ports import SystemClock
from tests.conftest import make_settings
from tests.twilio_double.process import NUMBER, Double
from tests.twilio_double.serving import twilio_settings

from .sending import NEVER_TOO_LATE

PHONE = "+355692000001"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)

Make = Callable[..., TwilioVoiceGateway]


@pytest.fixture
def make(double: Double) -> Make:
    double.turn(callbacks=False, voice_fate="rings")

    def make_gateway(**changes: Any) -> TwilioVoiceGateway:
        usual = twilio_settings(double, "https://help.example.org") | {
            "twilio_timeout_seconds": 1,
            "voice_gateway": "twilio",
        }
        settings = make_settings(**(usual | changes))
        return TwilioVoiceGateway(settings, accounts_of(settings)["twilio"], SystemClock())

    return make_gateway


def place(gateway: TwilioVoiceGateway, to: str = PHONE, leave_by: datetime = NEVER_TOO_LATE) -> CallOutcome:
    speech = Speech("Polly.Amy", "en-GB", "Press 1 & come.")
    return gateway.place(OutboundCall(7, to, speech, 25, 90, leave_by))


def test_what_is_asked_for(make: Make, double: Double) -> None:
    outcome = place(make())
    assert isinstance(outcome, Placed)
    (call,) = double.phone_calls()
    assert (call["sid"], call["to"]) == (outcome.sid, PHONE)
    (form,) = double.call_requests()
    assert form["From"] == NUMBER
    assert (form["Timeout"], form["TimeLimit"]) == ("25", "90")
    assert form["StatusCallback"].startswith("https://help.example.org/hooks/twilio/voice/status?call=7#")
    assert '<Say voice="Polly.Amy" language="en-GB">Press 1 &amp; come.</Say>' in form["Twiml"]
    assert "https://help.example.org/hooks/twilio/voice?call=7&amp;turn=1&amp;wrong=0#" in form["Twiml"]


@pytest.mark.parametrize(
    "fault", ["error_after", "drop_after", "hang_after", "cut_after", "garbage_after", "nameless_after"]
)
def test_a_call_that_may_ring_is_in_doubt(make: Make, double: Double, fault: str) -> None:
    double.turn(faults={fault: 1.0})
    gateway = make()
    assert isinstance(place(gateway), Unclear)
    assert len(double.phone_calls()) == 1  # tried once
    found = gateway.find(PHONE, LONG_AGO)
    assert found is not None
    assert [record.to for record in found] == [PHONE]


@pytest.mark.parametrize("fault", ["error_before", "drop_before", "hang_before"])
def test_a_request_that_left_us_is_in_doubt(make: Make, double: Double, fault: str) -> None:
    double.turn(faults={fault: 1.0})
    gateway = make()
    assert isinstance(place(gateway), Unclear)
    assert gateway.find(PHONE, LONG_AGO) == []


def test_slow_down(make: Make, double: Double) -> None:
    double.turn(faults={"slow_down": 1.0}, retry_after="7")
    outcome = place(make())
    assert isinstance(outcome, Deferred)
    assert (outcome.error_class, outcome.retry_after_s) == (ErrorClass.NOT_PROCESSED, 7.0)


def test_no_connection_is_no_doubt(make: Make) -> None:
    outcome = place(make(twilio_api_url="http://127.0.0.1:1"))
    assert isinstance(outcome, Deferred)
    assert outcome.error_class is ErrorClass.UNREACHABLE


def test_nothing_leaves_too_late(make: Make, double: Double) -> None:
    assert isinstance(place(make(), leave_by=LONG_AGO), Deferred)
    assert double.phone_calls() == []


@pytest.mark.parametrize(
    ("knobs", "error_class", "code"),
    [
        ({"revoked": True}, ErrorClass.CONFIGURATION, 20003),
        ({"numbers": ["+15005550199"]}, ErrorClass.CONFIGURATION, 21210),
        ({"voice_regions_denied": ["+355"]}, ErrorClass.CONFIGURATION, 21215),
        ({"voice_refusals": {PHONE: 13227}}, ErrorClass.CONFIGURATION, 13227),
        ({"voice_refusals": {PHONE: 21214}}, ErrorClass.BAD_NUMBER, 21214),
        ({"voice_refusals": {PHONE: 29999}}, ErrorClass.UNRECOGNISED, 29999),
    ],
)
def test_refusals(
    make: Make, double: Double, knobs: dict[str, Any], error_class: ErrorClass, code: int
) -> None:
    double.turn(**knobs)
    outcome = place(make())
    assert isinstance(outcome, Refused)
    assert (outcome.error_class, outcome.code) == (error_class, code)


def test_without_a_list_there_is_no_evidence(make: Make, double: Double) -> None:
    gateway = make()
    outcome = place(gateway)
    assert isinstance(outcome, Placed)
    for fault in ("error_before", "drop_before", "garbage_after"):
        double.turn(list_faults={fault: 1.0})
        assert gateway.find(PHONE, LONG_AGO) is None
        assert gateway.fetch(outcome.sid) is None


def test_a_call_in_the_list_without_a_time_is_as_new_as_any_that_was_asked_for(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that waits at Twilio has no times. Were it older, it would count as missing, and go out again."""
    gateway, since = make(), datetime(2026, 11, 24, 9, 0, 0, 300_000, tzinfo=UTC)
    line = {"sid": "CA1", "to": PHONE, "status": "queued", "date_created": None, "duration": None}
    answer = Response(200, json.dumps({"calls": [line]}))
    monkeypatch.setattr(gateway, "_request", lambda *_args, **_named: answer)
    found = gateway.find(PHONE, since)
    assert found is not None
    assert [record.created_at >= since for record in found] == [True]


def test_calls_come_from_the_first_phone_unless_another_is_named(make: Make) -> None:
    assert make().sender == NUMBER
    assert make(voice_from="+390612345678").sender == "+390612345678"
