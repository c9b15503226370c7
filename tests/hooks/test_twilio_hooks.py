"""Twilio's webhooks: only what is signed comes in, once, and is acknowledged at once."""

import io
import threading
import time
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from mobilize.extensions import db
from mobilize.models import InboundMessage, StatusCallback
from mobilize.services import intake, receipts
from mobilize.services.runtime import work_waiting
from tests.twilio_double.signature import sign

TOKEN = "the-token-of-the-account"
BACKUP = "the-token-of-the-second-provider"
PUBLIC = "https://help.example.org"
SID = "SM" + "1" * 32
STATUS = "/hooks/twilio/status?message=42&attempt=3"
INBOUND = "/hooks/twilio/inbound"
DELIVERED = {"MessageSid": SID, "MessageStatus": "delivered", "To": "+355692000001", "ChannelPrefix": ""}
ANSWER = {"MessageSid": SID, "From": "+355692000001", "To": "+15005550006", "Body": "1 20", "FromCity": ""}


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return {"twilio_auth_token": TOKEN, "backup_auth_token": BACKUP, "public_url": PUBLIC}


def post(
    client: FlaskClient,
    path: str,
    form: dict[str, str],
    *,
    signature: str | None = None,
    url: str | None = None,
) -> TestResponse:
    """Post a form as Twilio does; ``url`` is the one that gets signed."""
    db.session.rollback()  # a webhook has a transaction of its own
    signature = sign(TOKEN, url or PUBLIC + path, form) if signature is None else signature
    headers = {"X-Twilio-Signature": signature} if signature else {}
    return client.post(path, data=form, headers=headers)


def reports() -> list[StatusCallback]:
    return list(db.session.scalars(select(StatusCallback)))


def texts() -> list[InboundMessage]:
    return list(db.session.scalars(select(InboundMessage)))


# What is stored


def test_a_status_is_stored_with_what_proves_the_send(client: FlaskClient) -> None:
    answer = post(client, STATUS, DELIVERED | {"ErrorCode": "30003"})
    (report,) = reports()
    assert (answer.status_code, answer.data) == (204, b"")
    assert (report.sid, report.status, report.error_code) == (SID, "delivered", 30003)
    assert (report.message_id, report.attempt, report.to_phone) == (42, 3, "+355692000001")


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
    rung = threading.Semaphore(0)

    def ring(_sender: object) -> None:
        rung.release()

    with work_waiting.connected_to(ring):
        for path, form in ((INBOUND, ANSWER), (STATUS, DELIVERED)):
            post(client, path, form)
            assert rung.acquire(timeout=5)


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
    assert [(report.message_id, report.attempt) for report in reports()] == [(None, None)]


@pytest.mark.parametrize("phone", ["", "whatsapp:+355692000001", "+" + "9" * 40])
def test_a_status_for_what_is_no_phone_is_stored_all_the_same(client: FlaskClient, phone: str) -> None:
    assert post(client, STATUS, DELIVERED | {"To": phone}).status_code == 204
    assert [report.to_phone for report in reports()] == [None]


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


@pytest.mark.parametrize("path", [STATUS, INBOUND])
def test_the_second_providers_signature_is_right_too(client: FlaskClient, path: str) -> None:
    form = DELIVERED | ANSWER
    assert post(client, path, form, signature=sign(BACKUP, PUBLIC + path, form)).status_code < 300


def test_another_accounts_signature_is_refused(client: FlaskClient) -> None:
    assert post(client, INBOUND, ANSWER, signature=sign("other", PUBLIC + INBOUND, ANSWER)).status_code == 403


@pytest.mark.parametrize(
    "url",
    [
        "http://help.example.org/hooks/twilio/status?message=42&attempt=3",
        "https://help.example.org/hooks/twilio/status",
        "https://help.example.org/hooks/twilio/status?message=43&attempt=3",
        "https://help.example.org/hooks/twilio/status?message=42&attempt=4",
        "https://help.example.org/hooks/twilio/status/?message=42&attempt=3",
        "http://localhost/hooks/twilio/status?message=42&attempt=3",
        "https://help.example.org/hooks/twilio/inbound",
    ],
)
def test_a_signature_for_another_url_is_refused(client: FlaskClient, url: str) -> None:
    assert post(client, STATUS, DELIVERED, url=url).status_code == 403


def test_a_port_in_the_signed_url_is_no_matter(client: FlaskClient) -> None:
    url = "https://help.example.org:443/hooks/twilio/status?message=42&attempt=3"
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
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize("path", ["/hooks", "/hooks/twilio", "/hooks/twilio/status/", "/hooks/twilio/other"])
def test_what_is_no_webhook_goes_to_the_application(client: FlaskClient, path: str) -> None:
    assert client.post(path).status_code == 404


# Garbage


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00" * 100,
        b"\xff\xfe%",
        b"&&&===;;;",
        b"%00=%ff&" * 100,
        b"a=" + b"%F0%9F%9A" * 5_000,
        b"MessageSid",
        b"a&" * 30_000,
    ],
)
@pytest.mark.parametrize("path", [STATUS, INBOUND])
def test_garbage_is_refused(client: FlaskClient, path: str, body: bytes) -> None:
    form = "application/x-www-form-urlencoded"
    answer = client.post(path, data=body, content_type=form, headers={"X-Twilio-Signature": "x"})
    assert answer.status_code in (400, 403)


def test_garbage_that_is_signed_is_acknowledged(client: FlaskClient) -> None:
    for garbage in ({"\x00": "\x00", "\ufffd": "%"}, {"MessageSid": "\x00" * 64, "From": "\x00" * 32}):
        assert post(client, INBOUND, garbage).status_code == 200
        assert post(client, STATUS, garbage).status_code == 204


def posted(app: Flask, body: bytes, **environ: Any) -> tuple[str, bytes]:
    """What a server would get that hands over exactly this."""
    told: list[str] = []

    def start(status: str, _headers: object, _error: object = None) -> Any:
        told.append(status)

    given = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": INBOUND,
        "QUERY_STRING": "",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "HTTP_X_TWILIO_SIGNATURE": sign(TOKEN, PUBLIC + INBOUND, ANSWER),
        "wsgi.input": io.BytesIO(body),
    }
    answer = app.wsgi_app(given | environ, start)
    return told[0][:3], b"".join(answer)


def test_a_body_of_unknown_length_is_read_where_the_server_ends_it(app: Flask) -> None:
    body = urlencode(ANSWER).encode()
    assert posted(app, body, **{"wsgi.input_terminated": True}) == ("200", b"<Response/>")
    assert posted(app, body)[0] == "403"
    assert posted(app, b"a" * 70_000, **{"wsgi.input_terminated": True})[0] == "413"


@pytest.mark.parametrize("length", ["100000", "9" * 30])
def test_a_body_that_is_said_to_be_huge_is_not_read(app: Flask, length: str) -> None:
    unread = io.BytesIO(b"a=b")
    assert posted(app, b"", CONTENT_LENGTH=length, **{"wsgi.input": unread})[0] == "413"
    assert unread.tell() == 0


def test_a_body_that_breaks_off_is_refused(app: Flask) -> None:
    assert posted(app, urlencode(ANSWER).encode()[:-1], CONTENT_LENGTH=str(len(urlencode(ANSWER))))[0] == "400"


# Faults of ours: the provider must repeat


def test_what_could_not_be_stored_is_not_acknowledged(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OperationalError("COMMIT", {}, Exception("the disk is full"))

    monkeypatch.setattr(intake, "PATIENCE_S", 0.2)
    with monkeypatch.context() as patched:
        patched.setattr(intake.Intake, "_commit", refuse)
        assert post(client, INBOUND, ANSWER).status_code == 503
        assert post(client, STATUS, DELIVERED).status_code == 503
    assert texts() == []
    # Twilio repeats; the writer notices within a moment that the database is back.
    until = time.monotonic() + 5
    while (answer := post(client, INBOUND, ANSWER)).status_code == 503 and time.monotonic() < until:
        time.sleep(0.02)
    assert answer.status_code == 200
    assert len(texts()) == 1


def test_a_fault_of_ours_is_told(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "store_status", None)
    assert post(client, STATUS, DELIVERED).status_code == 500


class TestWithoutAToken:
    @pytest.fixture
    def settings_overrides(self) -> dict[str, Any]:
        return {"public_url": PUBLIC}

    @pytest.mark.parametrize("token", ["", TOKEN])
    def test_no_webhook_comes_in(self, client: FlaskClient, token: str) -> None:
        answer = post(client, INBOUND, ANSWER, signature=sign(token, PUBLIC + INBOUND, ANSWER))
        assert answer.status_code == 403
        assert texts() == []


@pytest.mark.parametrize(("given", "kept"), [("2", 2), ("0", 0), ("", 0), ("-1", 0), ("many", 0), ("9999", 0)])
def test_pictures_are_counted_and_left_where_they_are(client: FlaskClient, given: str, kept: int) -> None:
    media = {"NumMedia": given, "MediaUrl0": "https://api.twilio.com/x", "MediaContentType0": "image/jpeg"}
    assert post(client, INBOUND, ANSWER | media).status_code == 200
    stored = db.session.scalars(select(InboundMessage)).one()
    assert stored.media_count == kept
    assert stored.raw["MediaUrl0"] == "https://api.twilio.com/x"
