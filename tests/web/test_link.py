"""The page behind a link, as a phone asks for it."""

import io
import logging
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from structlog.stdlib import ProcessorFormatter
from werkzeug.test import TestResponse

from mobilize.domain import pages
from mobilize.domain.vocabulary import CalloutMode, RecipientState
from mobilize.extensions import db
from mobilize.models import Callout, InboundMessage, Place, Recipient
from mobilize.services import callouts, inbox, links
from mobilize.services.access import SYSTEM
from mobilize.services.intake import NotStored
from mobilize.services.ports import FastForwardClock
from tests.world import World


class Phone:
    """One person's link in a browser without cookies and without scripts."""

    def __init__(self, client: FlaskClient, recipient: Recipient) -> None:
        self._client = client
        self.path = f"/c/{recipient.link_code}"

    def opens(self, **headers: str) -> TestResponse:
        return self._client.get(self.path, headers=headers)

    def presses(self, name: str, path: str = "", **fields: Any) -> TestResponse:
        token = re.search(r'name="token" value="([^"]+)"', self.opens().text)
        assert token
        return self._client.post(self.path + path, data={"token": token[1], name: "x", **fields})


def asked() -> Recipient:
    return db.session.scalars(select(Recipient)).one()


@pytest.fixture
def callout(world: World) -> Callout:
    world.volunteer("Zamira", language="en")
    draft = world.callout(
        {"medic": 1}, mode=CalloutMode.EVERYONE, with_link=True, bring="Boots", rendezvous="Port gate 3"
    )
    return callouts.launch(SYSTEM, draft.id)


@pytest.fixture
def phone(client: FlaskClient, callout: Callout) -> Phone:
    return Phone(client, asked())


def test_before_a_yes_it_tells_what_and_when_but_not_where_or_whom(phone: Phone) -> None:
    shown = phone.opens()
    assert shown.status_code == 200
    for told in (
        "Section AL",
        "Durres earthquake",
        "medic",
        "16:00, 24 Nov",
        "less than 2 km",
        "Can you come?",
    ):
        assert told in shown.text
    for kept in ("Port gate 3", "Boots", "Zamira", "geo:", "+355"):
        assert kept not in shown.text


def test_it_is_small_and_asks_for_nothing_else(phone: Phone) -> None:
    for shown in (phone.opens(), phone.presses("yes") and phone.opens()):
        assert len(shown.data) < 10_000
        loaded = re.findall(r'(?:src|href)="([^"]+)"', shown.text)
        assert all(
            url.startswith(("data:", "/assets/link.js", "geo:", "https://www.openstreetmap.org/"))
            for url in loaded
        )


def test_it_stays_out_of_search_engines_caches_and_other_pages(phone: Phone) -> None:
    for answer in (phone.opens(), phone.presses("no")):
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "Set-Cookie" not in answer.headers
    assert "default-src 'none'" in phone.opens().headers["Content-Security-Policy"]
    assert "geolocation=(self)" in phone.opens().headers["Permissions-Policy"]


def test_opening_it_changes_nothing(phone: Phone) -> None:
    for _ in range(3):
        phone.opens(**{"User-Agent": "WhatsApp/2.23"})
    assert asked().state is RecipientState.ASKED
    assert db.session.query(InboundMessage).count() == 0


def test_a_yes_shows_the_rendezvous(phone: Phone) -> None:
    answer = phone.presses("yes", minutes="20")
    assert (answer.status_code, answer.headers["Location"]) == (303, phone.path)
    shown = phone.opens().text
    for told in ("You are coming", "We expect you at 10:20, 24 Nov", "Port gate 3", "Boots"):
        assert told in shown
    assert "geo:41.31250,19.44530?q=41.31250,19.44530" in shown
    assert "openstreetmap.org/?mlat=41.31250&amp;mlon=19.44530#map=16/41.31250/19.44530" in shown


@pytest.mark.parametrize(
    ("press", "state", "said"),
    [
        ("no", RecipientState.DECLINED, "You said no"),
        ("limited", RecipientState.LIMITED, "only if really needed"),
    ],
)
def test_a_no_and_a_perhaps_show_no_rendezvous(
    phone: Phone, press: str, state: RecipientState, said: str
) -> None:
    phone.presses(press, minutes="20")
    assert asked().state is state
    shown = phone.opens().text
    assert said in shown
    assert "Port gate 3" not in shown


def test_the_whole_way_is_pressed_on_the_page(phone: Phone) -> None:
    phone.presses("yes")
    phone.presses("eta", minutes="45")
    assert "We expect you at 10:45" in phone.opens().text
    phone.presses("arrived")
    assert asked().state is RecipientState.ARRIVED
    assert "I am home again" in phone.opens().text
    assert phone.presses("home").status_code == 303


def test_who_cannot_come_after_all_says_so(phone: Phone) -> None:
    phone.presses("yes")
    phone.presses("no")
    assert asked().state is RecipientState.WITHDRAWN
    assert "Port gate 3" not in phone.opens().text


@pytest.mark.parametrize("code", ["999999", "0" * 12, "U" * 12, "K7Q2M9XWPT4N", "%00", "é" * 12, "x" * 3000])
def test_what_is_wrong_forged_or_expired_looks_the_same(
    client: FlaskClient, phone: Phone, clock: FastForwardClock, code: str
) -> None:
    wrong = client.get(f"/c/{code}")
    clock.advance(hours=24 * 5)
    expired = phone.opens()

    def told(answer: TestResponse) -> str:
        return re.sub(r'nonce="[^"]+"', "", answer.text)

    assert wrong.status_code == expired.status_code == 404
    assert told(wrong) == told(expired)
    assert "This link does not work" in wrong.text
    for path in (f"/c/{code}", f"/c/{code}/place"):
        assert client.post(path, data={"yes": "1"}).status_code == 404


def test_the_page_of_a_wrong_code_is_in_the_browsers_language(client: FlaskClient, world: World) -> None:
    shown = client.get("/c/000000000000", headers={"Accept-Language": "it-IT,it;q=0.9,en;q=0.8"})
    assert "Questo link non funziona" in shown.text


def test_wrong_codes_from_one_address_come_to_an_end_and_right_ones_do_not_count(
    client: FlaskClient, phone: Phone
) -> None:
    for _ in range(310):
        assert phone.opens().status_code == 200
    found = [client.get("/c/000000000000").status_code for _ in range(310)]
    assert (found.count(404), found.count(429)) == (300, 10)
    assert phone.opens().status_code == 429


@pytest.mark.parametrize("token", ["", "forged.1.1", "é"])
def test_a_form_of_another_site_answers_nothing(client: FlaskClient, phone: Phone, token: str) -> None:
    answer = client.post(phone.path, data={"token": token, "yes": "1"})
    assert answer.status_code == 409
    assert "Please press again" in answer.text
    assert asked().state is RecipientState.ASKED


@pytest.mark.parametrize("minutes", ["x", "-5", "1441", "9" * 5000, "0" * 5 + "99999", "0" * 5000, "٣"])
def test_minutes_that_nobody_offered_are_refused(phone: Phone, minutes: str) -> None:
    assert phone.presses("yes", minutes=minutes).status_code == 422
    assert asked().state is RecipientState.ASKED


def test_a_press_that_could_not_be_kept_is_said(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(**_: Any) -> bool:
        raise NotStored("The database takes nothing at present; send it again.")

    monkeypatch.setattr(inbox, "store_inbound", away)
    answer = phone.presses("yes")
    assert answer.status_code == 503
    assert "We could not keep your answer" in answer.text


def test_an_answer_that_waits_is_said_and_the_page_comes_back(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(inbox, "handle_at_once", lambda sid: None)
        phone.presses("yes")
    shown = phone.opens().text
    assert "Your answer is kept" in shown
    assert f'content="4;url={phone.path}"' in shown
    assert 'name="yes"' not in shown
    inbox.understand_pending()
    assert "You are coming" in phone.opens().text


def test_a_fault_tells_the_log_neither_code_nor_what_was_to_be_written(
    app: Flask, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, ProcessorFormatter):
            monkeypatch.setattr(handler, "stream", written)

    place = str(41.33)

    def broken(_code: str) -> None:
        db.session.execute(text("SELECT CAST(:place AS TEXT) FROM nowhere"), {"place": place})

    monkeypatch.setattr(links, "look", broken)
    monkeypatch.setitem(app.config, "TESTING", False)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    assert phone.opens().status_code == 500
    told = written.getvalue()
    assert "nowhere" in told
    assert "/c/…" in told
    assert phone.path not in told
    assert place not in told


def test_a_place_is_shared_and_taken_back(phone: Phone) -> None:
    phone.presses("yes")
    assert phone.presses("share", "/place", lat="41.33", lon="19.46", accuracy="12.5").status_code == 303
    assert "sees where you were until 12:00" in phone.opens().text
    phone.presses("forget", "/place")
    assert "I agree" in phone.opens().text
    assert db.session.query(Place).filter_by(kind="live").count() == 0


@pytest.mark.parametrize(
    "place",
    [
        {"lat": "41.33", "lon": "19.46", "accuracy": "50000"},
        {"lat": "41.33", "lon": "19.46", "accuracy": "nan"},
        {"lat": "95", "lon": "19.46", "accuracy": "5"},
        {"lat": "nan", "lon": "19.46", "accuracy": "5"},
        {"lat": "41.33", "accuracy": "5"},
        {},
    ],
)
def test_a_place_that_is_none_is_not_kept(phone: Phone, place: dict[str, str]) -> None:
    phone.presses("yes")
    answer = phone.presses("share", "/place", **place)
    assert answer.status_code == 422
    assert "Nothing was shared" in answer.text
    assert db.session.query(Place).filter_by(kind="live").count() == 0


def test_after_a_refused_place_everything_can_still_be_pressed(client: FlaskClient, phone: Phone) -> None:
    phone.presses("yes")
    shown = phone.presses("share", "/place").text
    actions = set(re.findall(r'<form [^>]*action="([^"]+)"', shown))
    assert actions == {phone.path, f"{phone.path}/place"}
    assert shown.count("<form ") == len(re.findall(r'<form [^>]*action="/', shown))


def test_who_does_not_come_shares_nothing(phone: Phone) -> None:
    assert phone.presses("share", "/place", lat="41.33", lon="19.46", accuracy="5").status_code == 409


@pytest.mark.parametrize("language", pages.LANGUAGES)
def test_each_reader_has_their_language(client: FlaskClient, phone: Phone, app: Flask, language: str) -> None:
    asked().volunteer.language = language
    db.session.commit()
    shown = phone.opens().text
    assert f'<html lang="{language}">' in shown
    assert pages.say(language, "asked") in shown
    phone.presses("yes", minutes="20")
    assert pages.say(language, "coming") in phone.opens().text.replace("&#39;", "'")


def test_a_drill_says_so(client: FlaskClient, world: World) -> None:
    world.volunteer()
    draft = world.callout({"medic": 1}, with_link=True, emergency=world.emergency(drill=True))
    callouts.launch(SYSTEM, draft.id)
    assert "DRILL" in Phone(client, asked()).opens().text


def test_what_is_in_the_title_stays_text(client: FlaskClient, world: World) -> None:
    world.volunteer()
    emergency = world.emergency(title="<script>alert(1)</script> & flood")
    callouts.launch(SYSTEM, world.callout({"medic": 1}, with_link=True, emergency=emergency).id)
    assert "<script>alert" not in Phone(client, asked()).opens().text
