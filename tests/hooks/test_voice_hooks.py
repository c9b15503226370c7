"""Twilio's webhooks of calls: signed keys come in and are answered; reports are put into effect."""

from typing import Any
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from mobilize.domain.calling import CallState
from mobilize.domain.vocabulary import Channel, RecipientState
from mobilize.engine import ticks
from mobilize.extensions import db
from mobilize.models import InboundMessage, Recipient, VoiceCall
from mobilize.services import callouts, inbox
from mobilize.services.access import SYSTEM
from mobilize.services.intake import NotStored
from mobilize.services.ports import FastForwardClock
from mobilize.services.runtime import runtime
from tests.services.scripted import Script, use
from tests.services.scripted_calls import VoiceScript, sid_of, the_call
from tests.twilio_double.signature import sign
from tests.world import World

TOKEN = "the-token-of-the-account"
PUBLIC = "https://help.example.org"


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return {"twilio_auth_token": TOKEN, "public_url": PUBLIC}


@pytest.fixture
def call(world: World, clock: FastForwardClock) -> VoiceCall:
    """A phone rings."""
    use(Script())
    runtime().voice = VoiceScript()
    world.volunteer()
    callouts.launch(SYSTEM, world.callout(voice_after_minutes=10).id)
    ticks.run_once()
    clock.advance(minutes=10)
    ticks.run_calling()
    return the_call()


def post(
    client: FlaskClient, path: str, call: VoiceCall, *, signature: str | None = None, **form: str
) -> TestResponse:
    """Post a form about a call, as Twilio does."""
    usual = {"CallSid": sid_of(call.id), "To": call.to_phone, "From": "+15550199", "CallStatus": "in-progress"}
    whole = usual | form
    db.session.commit()
    headers = {"X-Twilio-Signature": sign(TOKEN, PUBLIC + path, whole) if signature is None else signature}
    return client.post(path, data=whole, headers=headers)


def press(
    client: FlaskClient, call: VoiceCall, key: str, query: str | None = None, **form: str
) -> TestResponse:
    query = f"call={call.id}&turn=1&wrong=0" if query is None else query
    return post(client, f"/hooks/twilio/voice{query and '?'}{query}", call, Digits=key, **form)


def said(answer: TestResponse) -> str:
    assert answer.mimetype == "text/xml"
    return " ".join(say.text or "" for say in ElementTree.fromstring(answer.data).iter("Say"))  # noqa: S314


def test_a_key_is_stored_put_into_effect_and_confirmed(client: FlaskClient, call: VoiceCall) -> None:
    answer = press(client, call, "1")
    assert answer.status_code == 200
    assert "count on you" in said(answer)
    assert b"<Hangup/>" in answer.data
    stored = db.session.scalars(select(InboundMessage)).one()
    assert (stored.channel, stored.body, stored.sid) == (Channel.VOICE, "1", f"call:{sid_of(the_call().id)}:1")
    assert stored.from_phone == the_call().to_phone
    assert db.session.scalars(select(Recipient)).one().state is RecipientState.ACCEPTED
    assert (the_call().state, the_call().key) == (CallState.ANSWERED, "1")


def test_a_key_that_comes_twice_counts_once(client: FlaskClient, call: VoiceCall) -> None:
    assert said(press(client, call, "1")) == said(press(client, the_call(), "1"))
    assert len(list(db.session.scalars(select(InboundMessage)))) == 1


def test_another_key_is_answered_with_the_question_and_a_way_to_answer_it(
    client: FlaskClient, call: VoiceCall
) -> None:
    answer = press(client, call, "9")
    gather = ElementTree.fromstring(answer.data).find("Gather")  # noqa: S314
    assert gather is not None
    assert gather.attrib["action"].startswith(f"{PUBLIC}/hooks/twilio/voice?call={call.id}&turn=2&wrong=0#")
    assert gather.attrib["actionOnEmptyResult"] == "true"
    assert "Durres earthquake" in said(answer)
    assert not list(db.session.scalars(select(InboundMessage)))


def test_what_is_not_signed_is_turned_away(client: FlaskClient, call: VoiceCall) -> None:
    for path in (
        f"/hooks/twilio/voice?call={call.id}&turn=1&wrong=0",
        f"/hooks/twilio/voice/status?call={call.id}",
    ):
        assert post(client, path, call, Digits="1", signature="wrong").status_code == 403
    assert client.get("/hooks/twilio/voice").status_code == 405
    assert the_call().state is CallState.RINGING


@pytest.mark.parametrize(
    "query", ["", "call=999999&turn=1&wrong=0", "call=x&turn=1&wrong=0", "call=1&turn=99&wrong=0", "call=1"]
)
def test_what_is_signed_but_of_no_use_is_hung_up_on(client: FlaskClient, call: VoiceCall, query: str) -> None:
    answer = press(client, call, "1", query)
    assert (answer.status_code, answer.data) == (200, b"<Response><Hangup/></Response>")
    assert not list(db.session.scalars(select(InboundMessage)))


def test_a_key_from_another_phone_is_no_answer(client: FlaskClient, call: VoiceCall) -> None:
    assert said(press(client, call, "1", To="+355699999999")) == ""
    assert not list(db.session.scalars(select(InboundMessage)))


def test_a_key_that_cannot_be_kept_is_brought_again(
    client: FlaskClient, call: VoiceCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**_: Any) -> bool:
        raise NotStored("the database is away")

    monkeypatch.setattr(inbox, "store_inbound", away)
    assert press(client, call, "1").status_code == 503
    assert the_call().state is CallState.RINGING


def test_a_key_that_cannot_be_put_into_effect_now_is_left_to_the_engine(
    client: FlaskClient, call: VoiceCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "handle_at_once", lambda _sid: None)
    assert "noted your answer" in said(press(client, call, "1"))
    monkeypatch.undo()
    ticks.run_once()
    assert db.session.scalars(select(Recipient)).one().state is RecipientState.ACCEPTED


def test_a_report_is_put_into_effect(client: FlaskClient, call: VoiceCall) -> None:
    path = f"/hooks/twilio/voice/status?call={call.id}"
    answer = post(client, path, call, CallStatus="completed", CallDuration="42")
    assert (answer.status_code, answer.data) == (204, b"")
    assert (the_call().state, the_call().duration_s) == (CallState.NO_KEY, 42)


def test_a_report_proves_a_call_whose_answer_was_lost(client: FlaskClient, call: VoiceCall) -> None:
    db.session.execute(update(VoiceCall).values(state=CallState.UNKNOWN, sid=None))
    db.session.commit()
    post(client, f"/hooks/twilio/voice/status?call={call.id}", the_call(), CallStatus="ringing")
    assert (the_call().state, the_call().sid) == (CallState.RINGING, sid_of(the_call().id))


def test_an_unknown_word_keeps_the_call_and_tells_people(client: FlaskClient, call: VoiceCall) -> None:
    post(client, f"/hooks/twilio/voice/status?call={call.id}", call, CallStatus="teleported")
    assert the_call().state is CallState.RINGING


@pytest.mark.parametrize("query", ["", "?call=999999", "?call=-1", "?call=abc"])
def test_a_report_of_no_use_is_acknowledged(client: FlaskClient, call: VoiceCall, query: str) -> None:
    assert post(client, f"/hooks/twilio/voice/status{query}", call, CallStatus="busy").status_code == 204
    assert the_call().state is CallState.RINGING
