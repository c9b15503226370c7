"""Pages of a section's wordings, and the exact texts of a callout."""

import pytest
from flask import Flask

from mobilize.domain.vocabulary import AccountRole, MembershipStatus
from mobilize.extensions import db
from mobilize.models import Message, Recipient, Wording
from mobilize.services import callouts, texts
from mobilize.services.access import SYSTEM
from tests.world import World

from .conftest import Browser, as_account

DECLINED = "{section}: a pity. Changed your mind? {code}1"


@pytest.fixture
def browser(app: Flask, world: World) -> Browser:
    return as_account(app, world.account())


def place(world: World, language: str = "en", name: str = "acknowledgement.declined") -> str:
    return f"/sections/{world.section().id}/wordings/{language}/{name}"


def test_a_section_words_its_own_and_goes_back_to_the_standard(browser: Browser, world: World) -> None:
    page = place(world)
    saved = browser.send(page, {"text": DECLINED})
    assert saved.headers["Location"].endswith("language=en#acknowledgement.declined")
    shown = browser.get("/wordings").text
    assert "AL: a pity. Changed your mind? 1" in shown
    assert DECLINED in shown
    browser.send(f"{page}/standard", page=page)
    assert "a pity" not in browser.get("/wordings").text


def test_what_is_wrong_stands_beside_the_field(browser: Browser, world: World) -> None:
    answer = browser.send(place(world), {"text": "{section}: {nonsense}, {code}1"})
    assert answer.status_code == 422
    assert "unknown placeholder" in answer.text
    assert "{nonsense}, {code}1" in answer.text
    assert db.session.query(Wording).count() == 0


def test_the_preview_says_how_it_reads_or_what_is_wrong(browser: Browser, world: World) -> None:
    page = place(world)
    shown = browser.send(f"{page}/preview", {"text": DECLINED}, page=page).text
    assert "AL: a pity. Changed your mind? 1" in shown
    assert "1 segment" in shown
    assert "does not offer {code}1" in browser.send(f"{page}/preview", {"text": "{section}"}, page=page).text
    assert db.session.query(Wording).count() == 0


def test_sections_below_are_told_whose_wording_they_inherit(app: Flask, world: World, browser: Browser) -> None:
    browser.send(place(world), {"text": DECLINED})
    town = world.section("dr", parent=world.section())
    below = as_account(app, world.account(section=town))
    assert "from Section AL" in below.get("/wordings?language=en").text
    page = f"/sections/{town.id}/wordings/en/acknowledgement.declined"
    assert "Wording of Section AL" in below.get(page).text
    assert below.get(place(world)).status_code == 404


@pytest.mark.parametrize("language", ["it", "de", "xx"])
def test_a_language_is_chosen_by_the_address(browser: Browser, language: str) -> None:
    assert browser.get(f"/wordings?language={language}").status_code == 200


def test_every_text_of_a_callout_is_shown_as_it_will_be_sent(browser: Browser, world: World) -> None:
    for language in ("it", "it-CH", "mk"):
        world.volunteer(language=language)
    world.volunteer(language="de", status=MembershipStatus.SUSPENDED)
    callout = world.callout({"medic": 2}, emergency=world.emergency(drill=True), bring="boots")
    address = f"/callouts/{callout.id}"
    assert f"{address}/texts" in browser.get(address).text
    shown = browser.get(f"{address}/texts").text
    assert "3 people may be called, in 2 languages" in shown
    assert "1 with the language mk" in shown
    assert "Albanian" not in shown
    assert "German" not in shown
    callouts.launch(SYSTEM, callout.id)
    bodies = {message.body for message in db.session.query(Message)}
    assert len(bodies) == 2
    for body in bodies:
        assert body in shown.replace("&#39;", "'")


def test_a_letter_is_shown_beside_the_plain_text(browser: Browser, world: World) -> None:
    world.volunteer()
    shown = browser.get(f"/callouts/{world.callout().id}/texts").text
    assert "Reply 1 yes" in shown
    assert "Reply A1 yes" in shown
    assert "Put its letter before the digit: A1, A2 or A3; B1, B2 or B3" in shown


def test_nobody_to_call_is_said_and_something_is_shown(browser: Browser, world: World) -> None:
    shown = browser.get(f"/callouts/{world.callout().id}/texts").text
    assert "Nobody may be called now" in shown
    assert "Come to Port gate 3" in shown


def test_the_texts_of_a_callout_are_the_coordinators(app: Flask, world: World) -> None:
    callout = world.callout(emergency=world.emergency(authority_id=world.authority().id))
    watcher = as_account(app, world.account(AccountRole.AUTHORITY))
    assert watcher.get(f"/callouts/{callout.id}/texts").status_code == 403


def test_the_acknowledgement_is_the_text_that_was_shown(browser: Browser, world: World) -> None:
    world.volunteer()
    callout = world.callout()
    shown = browser.get(f"/callouts/{callout.id}/texts").text
    callouts.launch(SYSTEM, callout.id)
    recipient = db.session.query(Recipient).one()
    for kind in ("accepted", "reserve", "limited", "declined", "late", "arrived"):
        assert texts.acknowledgement(recipient, callout, kind) in shown.replace("&#39;", "'")
