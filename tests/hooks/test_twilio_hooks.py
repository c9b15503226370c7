"""Twilio's webhooks: only what is signed comes in, once, and is acknowledged at once."""

from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from mobilize.extensions import db
from mobilize.models import InboundMessage, StatusCallback
from mobilize.services.runtime import work_waiting
from tests.twilio_double.signature import sign

TOKEN = "the-token-of-the-account"
PUBLIC = "https://help.example.org"
SID = "SM" + "1" * 32
STATUS = "/hooks/twilio/status?message=42"
INBOUND = "/hooks/twilio/inbound"
DELIVERED = {"MessageSid": SID, "MessageStatus": "delivered", "To": "+355692000001", "ChannelPrefix": ""}
ANSWER = {"MessageSid": SID, "From": "+355692000001", "To": "+15005550006", "Body": "1 20", "FromCity": ""}


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return {"twilio_auth_token": TOKEN, "public_url": PUBLIC}


def post(
    client: FlaskClient,
    path: str,
    form: dict[str, str],
    *,
    signature: str | None = None,
    url: str | None = None,
) -> TestResponse:
    """Post a form as Twilio does; ``url`` is the one that gets signed."""
    signature = sign(TOKEN, url or PUBLIC + path, form) if signature is None else signature
    headers = {"X-Twilio-Signature": signature} if signature else {}
    return client.post(path, data=form, headers=headers)


def reports() -> list[StatusCallback]:
    return list(db.session.scalars(select(StatusCallback)))


def texts() -> list[InboundMessage]:
    return list(db.session.scalars(select(InboundMessage)))


# What is stored


def test_a_status_is_stored_with_both_ids(client: FlaskClient) -> None:
    answer = post(client, STATUS, DELIVERED | {"ErrorCode": "30003"})
    (report,) = reports()
    assert (answer.status_code, answer.data) == (204, b"")
    assert (report.sid, report.status, report.error_code, report.message_id) == (SID, "delivered", 30003, 42)


def test_a_text_is_stored_raw_and_whole(client: FlaskClient) -> None:
    answer = post(client, INBOUND, ANSWER)
    (text,) = texts()
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "text/xml", b"<Response/>")
    assert (text.sid, text.from_phone, text.to_phone, text.body) == (
        SID,
        "+355692000001",
        "+15005550006",
        "1 20",
    )
    assert text.raw == ANSWER


def test_the_engine_is_woken(client: FlaskClient) -> None:
    rung: list[object] = []
    with work_waiting.connected_to(rung.append):
        post(client, INBOUND, ANSWER)
        post(client, STATUS, DELIVERED)
    assert len(rung) == 2


@pytest.mark.parametrize(
    "body", ["", "po, për 20 min", "🚑 1", "a+b=c&d %41 ;", "line\r\nline", "zero\x00byte"]
)
def test_every_body_comes_in(client: FlaskClient, body: str) -> None:
    assert post(client, INBOUND, ANSWER | {"Body": body}).status_code == 200
    assert [text.body for text in texts()] == [body.replace("\x00", "\ufffd")]


def test_fields_never_seen_before_are_kept(client: FlaskClient) -> None:
    assert post(client, INBOUND, ANSWER | {"NewField2027": "x"}).status_code == 200
    assert texts()[0].raw["NewField2027"] == "x"


def test_a_repeated_field_is_no_stumbling_block(client: FlaskClient) -> None:
    signature = sign(TOKEN, PUBLIC + INBOUND, ANSWER | {"Tag": "aTagb"})
    body = urlencode([*ANSWER.items(), ("Tag", "b"), ("Tag", "a")])
    answer = client.post(
        INBOUND,
        data=body,
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": signature},
    )
    assert answer.status_code == 200


# Twice, early, unknown


def test_a_repeated_status_is_stored_once(client: FlaskClient) -> None:
    assert [post(client, STATUS, DELIVERED).status_code for _ in range(3)] == [204] * 3
    assert len(reports()) == 1


def test_a_repeated_text_is_stored_once(client: FlaskClient) -> None:
    assert [post(client, INBOUND, ANSWER).status_code for _ in range(3)] == [200] * 3
    assert len(texts()) == 1


def test_each_status_of_a_text_is_stored(client: FlaskClient) -> None:
    for status in ("delivered", "sent", "a-word-of-2030"):
        post(client, STATUS, DELIVERED | {"MessageStatus": status})
    assert {report.status for report in reports()} == {"delivered", "sent", "a-word-of-2030"}


@pytest.mark.parametrize("query", ["", "?message=", "?message=x", "?message=-1", f"?message={'9' * 40}"])
def test_a_status_without_our_id_is_stored_all_the_same(client: FlaskClient, query: str) -> None:
    assert post(client, f"/hooks/twilio/status{query}", DELIVERED).status_code == 204
    assert [report.message_id for report in reports()] == [None]


@pytest.mark.parametrize("code", ["", "oops", "99999999999", "²"])
def test_an_error_code_that_is_none_does_not_matter(client: FlaskClient, code: str) -> None:
    assert post(client, STATUS, DELIVERED | {"ErrorCode": code}).status_code == 204
    assert [report.error_code for report in reports()] == [None]


def test_a_text_from_an_unknown_number_is_stored(client: FlaskClient) -> None:
    assert post(client, INBOUND, ANSWER | {"From": "+999000"}).status_code == 200
    assert len(texts()) == 1


@pytest.mark.parametrize("left_out", ["MessageSid", "MessageStatus"])
def test_a_status_without_use_is_acknowledged(client: FlaskClient, left_out: str) -> None:
    form = {name: value for name, value in DELIVERED.items() if name != left_out}
    assert post(client, STATUS, form).status_code == 204
    assert reports() == []


@pytest.mark.parametrize("change", [{"MessageSid": ""}, {"MessageSid": "S" * 65}, {"From": ""}])
def test_a_text_without_use_is_acknowledged(client: FlaskClient, change: dict[str, str]) -> None:
    assert post(client, INBOUND, ANSWER | change).status_code == 200
    assert texts() == []


# What is not Twilio's


@pytest.mark.parametrize("signature", ["", "wrong", "ü", "A" * 28, "=" * 10_000])
@pytest.mark.parametrize("path", [STATUS, INBOUND])
def test_a_forged_or_missing_signature_is_refused(client: FlaskClient, path: str, signature: str) -> None:
    answer = post(client, path, ANSWER, signature=signature)
    assert answer.status_code == 403
    assert reports() == []
    assert texts() == []


def test_another_accounts_signature_is_refused(client: FlaskClient) -> None:
    assert post(client, INBOUND, ANSWER, signature=sign("other", PUBLIC + INBOUND, ANSWER)).status_code == 403


@pytest.mark.parametrize(
    "url",
    [
        "http://help.example.org/hooks/twilio/status?message=42",
        "https://help.example.org/hooks/twilio/status",
        "https://help.example.org/hooks/twilio/status?message=43",
        "https://help.example.org/hooks/twilio/status/?message=42",
        "http://localhost/hooks/twilio/status?message=42",
        "https://help.example.org/hooks/twilio/inbound",
    ],
)
def test_a_signature_for_another_url_is_refused(client: FlaskClient, url: str) -> None:
    assert post(client, STATUS, DELIVERED, url=url).status_code == 403


def test_a_port_in_the_signed_url_is_no_matter(client: FlaskClient) -> None:
    url = "https://help.example.org:443/hooks/twilio/status?message=42"
    assert post(client, STATUS, DELIVERED, url=url).status_code == 204


@pytest.mark.parametrize("forged", [{"Body": "2"}, {"FromCity": "x"}, {"Extra": "x"}, {"Extra": ""}])
def test_a_changed_or_added_field_is_refused(client: FlaskClient, forged: dict[str, str]) -> None:
    signature = sign(TOKEN, PUBLIC + INBOUND, ANSWER)
    assert post(client, INBOUND, ANSWER | forged, signature=signature).status_code == 403


def test_a_dropped_blank_field_is_refused(client: FlaskClient) -> None:
    signature = sign(TOKEN, PUBLIC + INBOUND, ANSWER)
    form = {name: value for name, value in ANSWER.items() if value}
    assert post(client, INBOUND, form, signature=signature).status_code == 403


def test_what_a_proxy_shows_does_not_count(client: FlaskClient) -> None:
    headers = {
        "X-Twilio-Signature": sign(TOKEN, "https://evil.example/hooks/twilio/inbound", ANSWER),
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Host": "evil.example",
    }
    assert client.post(INBOUND, data=ANSWER, headers=headers).status_code == 403


@pytest.mark.parametrize("path", [STATUS, INBOUND])
def test_json_is_not_twilios(client: FlaskClient, path: str) -> None:
    answer = client.post(path, json=[1, 2], headers={"X-Twilio-Signature": "x"})
    assert answer.status_code == 403


def test_a_huge_body_is_refused_unread(client: FlaskClient) -> None:
    answer = post(client, INBOUND, ANSWER | {"Body": "x" * 100_000}, signature="x")
    assert answer.status_code == 413


@pytest.mark.parametrize("path", [STATUS, INBOUND])
def test_hooks_are_posted_to(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 405


class TestWithoutAToken:
    @pytest.fixture
    def settings_overrides(self) -> dict[str, Any]:
        return {"public_url": PUBLIC}

    @pytest.mark.parametrize("token", ["", TOKEN])
    def test_no_webhook_comes_in(self, client: FlaskClient, token: str) -> None:
        answer = post(client, INBOUND, ANSWER, signature=sign(token, PUBLIC + INBOUND, ANSWER))
        assert answer.status_code == 403
        assert texts() == []
