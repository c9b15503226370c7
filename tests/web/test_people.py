"""Pages about people: simulated phones, the inbox, readiness, one's own page."""

from typing import Any

import pytest
from flask import Flask

from mobilize.domain.vocabulary import AccountRole
from mobilize.engine import ticks
from mobilize.services import inbox
from tests.world import World

from .conftest import Browser, as_account


def received(phone: str, body: str, sid: str) -> None:
    inbox.store_inbound(sid=sid, from_phone=phone, to_phone="+15005550006", body=body, raw={})
    inbox.understand_pending()


def test_an_answer_typed_on_a_phone_arrives_in_the_inbox(app: Flask, world: World) -> None:
    phone = world.volunteer().phone
    browser = as_account(app, world.account())
    page = f"/phones/{phone}"
    assert browser.send(page, {"body": "who are you?"}).headers["Location"] == page
    assert "who are you?" in browser.get(page).text
    ticks.run_once()
    shown = browser.get("/inbox?show=to_read").text
    assert "who are you?" in shown
    assert phone in shown


def test_an_empty_text_is_not_sent(app: Flask, world: World) -> None:
    answer = as_account(app, world.account()).send(f"/phones/{world.volunteer().phone}", {"body": ""})
    assert answer.status_code == 422
    assert "Type something." in answer.text


def test_a_volunteer_opens_their_own_phone_only(app: Flask, world: World) -> None:
    ana, ben = world.volunteer("Ana"), world.volunteer("Ben")
    browser = as_account(app, world.account(AccountRole.VOLUNTEER, volunteer=ana))
    assert browser.get(f"/phones/{ana.phone}").status_code == 200
    assert browser.get(f"/phones/{ben.phone}").status_code == 404


def test_a_coordinator_opens_phones_of_the_own_sections_only(app: Flask, world: World) -> None:
    stranger = world.volunteer(section=world.section("it", "IT"))
    assert as_account(app, world.account()).get(f"/phones/{stranger.phone}").status_code == 404


class TestRealPhones:
    """Where texts go to real phones there is nothing to type on."""

    @pytest.fixture
    def settings_overrides(self) -> dict[str, Any]:
        return {
            "sms_gateway": "twilio",
            "twilio_account_sid": "AC" + "0" * 32,
            "twilio_auth_token": "token",
            "twilio_from": "+15005550006",
        }

    def test_there_are_no_phone_pages(self, app: Flask, world: World) -> None:
        browser = as_account(app, world.account())
        assert browser.get("/phones").status_code == 404
        assert browser.get(f"/phones/{world.volunteer().phone}").status_code == 404
        assert "/phones" not in browser.get("/emergencies").text


def test_the_inbox_turns_pages(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mobilize.web.queries.PAGE", 2)
    ana = world.volunteer()
    for number in range(3):
        received(ana.phone, f"text number {number}", f"SM{number}")
    browser = as_account(app, world.account())
    first = browser.get("/inbox").text
    assert "text number 2" in first
    assert "text number 0" not in first
    assert "text number 0" in browser.get("/inbox?before=2").text


def test_small_counts_are_hidden_and_nobody_is_named(app: Flask, world: World) -> None:
    for _ in range(6):
        world.volunteer("Drita", skills=["medic"])
    world.volunteer("Drita", skills=["cook"])
    shown = as_account(app, world.account(AccountRole.AUTHORITY)).get("/readiness").text
    assert '<td class="number">6</td>' in shown
    assert '<td class="number">&lt;5</td>' in shown
    assert "Drita" not in shown


def test_a_volunteer_reads_what_is_known_about_them(app: Flask, world: World) -> None:
    ana = world.volunteer("Ana", skills=["medic"])
    browser = as_account(app, world.account(AccountRole.VOLUNTEER, volunteer=ana))
    shown = browser.get("/me").text
    assert ana.phone in shown
    assert "medic" in shown


def test_the_rendezvous_is_told_to_those_who_come(app: Flask, world: World) -> None:
    ana = world.volunteer("Ana", skills=["medic"])
    own = as_account(app, world.account(AccountRole.VOLUNTEER, volunteer=ana))
    lead = as_account(app, world.account())
    path = f"/callouts/{world.callout({'medic': 1}).id}"
    lead.send(f"{path}/launch", page=path)
    assert "Port gate 3" not in own.get("/me").text
    received(ana.phone, "1", "SM1")
    assert "Port gate 3" in own.get("/me").text


def test_fields_have_labels(world: World, nobody: Browser) -> None:
    assert '<label for="email">' in nobody.get("/sign-in").text
