"""The inbox as pages: what is shown, corrected, answered, moved and settled there."""

import re

import pytest
from flask import Flask
from sqlalchemy import select

from mobilize.domain.vocabulary import AccountRole, Intent, MessageKind, RecipientState
from mobilize.extensions import db
from mobilize.models import InboundMessage, Message, Volunteer
from mobilize.services.ports import FastForwardClock
from tests.services.conversing import launched, place_of, says, texts_to
from tests.world import World

from .conftest import Browser, as_account


@pytest.fixture
def ana(world: World) -> Volunteer:
    return world.volunteer("Ana")


@pytest.fixture
def callout(world: World, ana: Volunteer) -> int:
    return launched(world)


@pytest.fixture
def browser(app: Flask, world: World) -> Browser:
    return as_account(app, world.account())


def press(browser: Browser, text: InboundMessage, intent: str, **more: object) -> str:
    """Press a meaning in the list; returns where that leads."""
    answer = browser.send(f"/inbox/{text.id}/correct", {"intent": intent, **more}, page="/inbox")
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def pressed(html: str) -> list[str]:
    return re.findall(r'value="(\w+)" aria-pressed="true"', html)


def test_a_text_stands_there_raw_and_as_understood(browser: Browser, ana: Volunteer, callout: int) -> None:
    says(ana, "1 20")
    shown = browser.get("/inbox").text
    assert '<p class="said sms">1 20</p>' in shown
    assert pressed(shown) == ["accept"]
    assert f"/callouts/{callout}#r{place_of(ana).id}" in shown
    assert "to be read</span>" not in shown.split("<main")[1]


def test_one_click_corrects(browser: Browser, ana: Volunteer, callout: int) -> None:
    text = says(ana, "mumble")
    assert press(browser, text, "accept", minutes="25") == f"/inbox?done={text.id}#t{text.id}"
    assert place_of(ana).state is RecipientState.ACCEPTED
    shown = browser.get("/inbox").text
    assert pressed(shown) == ["accept"]
    assert "the machine had read: unclear" in shown
    assert "corrected by coordinator" in shown


def test_minutes_count_only_where_they_make_sense(browser: Browser, ana: Volunteer, callout: int) -> None:
    text = says(ana, "1 20")
    press(browser, text, "decline", minutes="20")
    assert place_of(ana).state is RecipientState.DECLINED


def test_a_text_that_left_the_list_can_still_be_put_right(
    browser: Browser, ana: Volunteer, callout: int
) -> None:
    text = says(ana, "mumble")
    leads_to = press(browser, text, "decline", back="/inbox?show=to_read")
    assert leads_to == f"/inbox?show=to_read&done={text.id}#t{text.id}"
    shown = browser.get(leads_to).text
    assert "Just changed" in shown
    assert pressed(shown) == ["decline"]


@pytest.mark.parametrize("back", ["https://evil.example/inbox", "//evil.example", "/inbox/../emergencies"])
def test_a_form_leads_back_to_the_inbox_only(browser: Browser, ana: Volunteer, callout: int, back: str) -> None:
    assert press(browser, says(ana, "mumble"), "accept", back=back).startswith("/inbox?done=")


def test_a_later_answer_is_shown_before_the_older_one_counts(
    browser: Browser, ana: Volunteer, callout: int, clock: FastForwardClock
) -> None:
    text = says(ana, "mumble")
    clock.advance(minutes=12)
    says(ana, "1")
    path = f"/inbox/{text.id}/correct"
    asked = browser.send(path, {"intent": "decline"}, page="/inbox")
    assert asked.status_code == 409
    assert "Ana has answered since" in asked.text
    assert "10:12" in asked.text
    assert place_of(ana).state is RecipientState.ACCEPTED
    press(browser, text, "decline", despite_newer="1")
    assert place_of(ana).state is RecipientState.WITHDRAWN


def test_which_callout_is_asked_where_several_are_open(
    browser: Browser, world: World, ana: Volunteer, callout: int
) -> None:
    second = launched(world, rendezvous="Airport")
    text = says(ana, "1")
    assert "which call-out?" in browser.get("/inbox").text
    refused = browser.send(f"/inbox/{text.id}/correct", {"intent": "accept"}, page="/inbox")
    assert refused.status_code == 422
    assert "B: Airport" in refused.text
    press(browser, text, "accept", recipient_id=place_of(ana, second).id)
    assert place_of(ana, second).state is RecipientState.ACCEPTED


def test_the_carrier_is_warned_of_before_a_stop_is_lifted(
    browser: Browser, ana: Volunteer, callout: int
) -> None:
    says(ana, "stop")
    assert "until they send START" in browser.get("/inbox").text


def test_where_another_sections_callout_meets_is_not_told(app: Flask, world: World) -> None:
    branch = world.section("al-dr", parent=world.section())
    ben = world.volunteer("Ben", section=branch)
    launched(world, rendezvous="Quay 9")
    text = says(ben, "mumble")
    browser = as_account(app, world.account(section=branch))
    for page in ("/inbox", f"/inbox/{text.id}"):
        shown = browser.get(page).text
        assert "callout of another section" in shown
        assert "Quay 9" not in shown


def test_a_click_without_a_form_token_changes_nothing(browser: Browser, ana: Volunteer, callout: int) -> None:
    text = says(ana, "mumble")
    assert browser.client.post(f"/inbox/{text.id}/correct", data={"intent": "accept"}).status_code == 400
    assert place_of(ana).state is RecipientState.ASKED


@pytest.mark.parametrize("intent", ["", "perhaps"])
def test_a_meaning_that_is_none(browser: Browser, ana: Volunteer, callout: int, intent: str) -> None:
    text = says(ana, "mumble")
    assert browser.send(f"/inbox/{text.id}/correct", {"intent": intent}, page="/inbox").status_code == 422


# --- the list ----------------------------------------------------------------------------------


def test_what_waits_is_counted_in_the_navigation(browser: Browser, ana: Volunteer, callout: int) -> None:
    assert re.search(r'id="waiting" class="count" hidden>', browser.get("/emergencies").text)
    text = says(ana, "mumble")
    assert re.search(r'id="waiting" class="count">1<', browser.get("/emergencies").text)
    browser.send(f"/inbox/{text.id}/settle", {}, page="/inbox")
    assert re.search(r'id="waiting" class="count" hidden>', browser.get("/emergencies").text)


def test_shelves_and_search(browser: Browser, world: World, ana: Volunteer, callout: int) -> None:
    says(ana, "mumble")
    says(world.volunteer("Ben"), "hello")
    for query, seen in {"show=corrected": [], "who=ben": ["hello"], f"callout={callout}": ["mumble"]}.items():
        shown = browser.get(f"/inbox?{query}").text
        assert re.findall(r'class="said sms">(\w+)<', shown) == seen


@pytest.mark.parametrize(
    "query",
    [
        "show=nonsense",
        "before=x",
        "who=%00",
        "callout=x",
        "done=999999",
        f"callout={10**30}",
        f"before={10**30}",
    ],
)
def test_odd_addresses_are_answered(browser: Browser, query: str) -> None:
    assert browser.get(f"/inbox?{query}").status_code in (200, 404)


def test_a_list_that_has_not_changed_is_not_sent_again(browser: Browser, ana: Volunteer, callout: int) -> None:
    text = says(ana, "mumble")
    first = browser.get("/inbox/live")
    tag = first.headers["ETag"]
    assert browser.get("/inbox/live", If_None_Match=tag).status_code == 304
    press(browser, text, "decline")
    assert browser.get("/inbox/live", If_None_Match=tag).status_code == 200


def test_pictures_are_noted_and_not_fetched(browser: Browser, ana: Volunteer, callout: int) -> None:
    says(ana, "", media_count=2)
    shown = browser.get("/inbox").text
    assert "2 pictures, at the provider" in shown
    assert "<img" not in shown


def test_the_board_leads_to_its_unclear_texts(browser: Browser, ana: Volunteer, callout: int) -> None:
    text = says(ana, "mumble")
    assert f"/inbox?show=to_read&amp;callout={callout}" in browser.get(f"/callouts/{callout}").text
    assert "<dd>1</dd></div>\n</dl>" in browser.get(f"/callouts/{callout}").text
    browser.send(f"/inbox/{text.id}/settle", {}, page="/inbox")
    assert "<dd>0</dd></div>\n</dl>" in browser.get(f"/callouts/{callout}").text


def test_a_text_is_shown_as_it_is(browser: Browser, ana: Volunteer) -> None:
    says(ana, "<script>alert(1)</script>")
    shown = browser.get("/inbox").text
    assert "<script>alert" not in shown
    assert "&lt;script&gt;" in shown


# --- the page of one text ----------------------------------------------------------------------


def test_an_answer_by_hand_is_sent_once(browser: Browser, ana: Volunteer, callout: int) -> None:
    page = f"/inbox/{says(ana, 'where?').id}"
    key = re.search(r'name="key" value="(\w+)"', browser.get(page).text)
    assert key is not None
    for _ in range(2):
        sent = browser.send(f"{page}/reply", {"body": "At gate 3", "key": key[1], "stay": "1"}, page=page)
        assert sent.status_code == 302
    assert texts_to(ana, MessageKind.BY_HAND) == ["At gate 3"]
    assert "↪ At gate 3" in browser.get(page).text
    assert "At gate 3" in browser.get(f"{page}/conversation").text
    assert "At gate 3" in browser.get("/inbox?show=by_hand").text


def test_an_answer_that_is_too_long_is_kept_to_be_shortened(
    browser: Browser, ana: Volunteer, callout: int
) -> None:
    page = f"/inbox/{says(ana, 'where?').id}"
    refused = browser.send(f"{page}/reply", {"body": "ж" * 300, "key": "12345678"}, page=page)
    assert refused.status_code == 422
    assert "at most 3" in refused.text
    assert "ж" * 300 in refused.text
    assert 'name="key" value="12345678"' in refused.text
    assert db.session.scalars(select(Message).where(Message.kind == MessageKind.BY_HAND)).all() == []


def test_segments_are_counted_while_one_types(browser: Browser, ana: Volunteer, callout: int) -> None:
    page = f"/inbox/{says(ana, 'where?').id}"
    told = browser.send("/inbox/measure", {"body": "x" * 161}, page=page)
    assert "2 of at most 3 segments, GSM-7" in told.text


def test_who_opted_out_has_no_form_to_answer(browser: Browser, ana: Volunteer, callout: int) -> None:
    shown = browser.get(f"/inbox/{says(ana, 'stop').id}").text
    assert "/reply" not in shown
    assert "has opted out" in shown


def test_a_text_is_moved_to_another_callout(
    browser: Browser, world: World, ana: Volunteer, callout: int
) -> None:
    second = launched(world, rendezvous="Airport")
    text = says(ana, "A1")
    page = f"/inbox/{text.id}"
    place = place_of(ana, second)
    assert f'<option value="{place.id}">' in browser.get(page).text
    moved = browser.send(f"{page}/reassign", {"recipient_id": place.id, "stay": "1"}, page=page)
    assert moved.headers["Location"].startswith(page)
    assert place_of(ana, second).state is RecipientState.ACCEPTED


def test_another_phone_is_found_to_be_hers(browser: Browser, ana: Volunteer, callout: int) -> None:
    text = says("+355699999999", "1 20")
    page = f"/inbox/{text.id}"
    shown = browser.get(f"{page}?who=ana").text
    assert "It is Ana's" in shown
    assert "/reply" not in shown
    browser.send(f"{page}/link", {"volunteer_id": ana.id}, page=f"{page}?who=ana")
    assert place_of(ana).state is RecipientState.ACCEPTED
    assert "the phone that Ana is registered with" in browser.get(page).text


def test_settled_with_a_note(browser: Browser, ana: Volunteer, callout: int) -> None:
    page = f"/inbox/{says(ana, 'where?').id}"
    browser.send(f"{page}/settle", {"note": "phoned her", "stay": "1"}, page=page)
    assert "phoned her" in browser.get(page).text
    assert "Nothing waits" in browser.get("/inbox?show=to_read").text


# --- who may -----------------------------------------------------------------------------------

ACTS = ("correct", "reply", "reassign", "link", "settle")


@pytest.mark.parametrize("act", ACTS)
def test_another_country_finds_nothing(
    app: Flask, world: World, ana: Volunteer, callout: int, act: str
) -> None:
    text = says(ana, "mumble")
    stranger = as_account(app, world.account(section=world.section("it", "IT")))
    fields = {
        "intent": "accept", "body": "x", "key": "12345678", "recipient_id": place_of(ana).id,
        "volunteer_id": ana.id,
    }  # fmt: skip
    answer = stranger.send(f"/inbox/{text.id}/{act}", fields, page="/inbox")
    assert answer.status_code == 404
    assert stranger.get(f"/inbox/{text.id}").status_code == 404
    assert (text.intent, text.settled_at) == (Intent.UNCLEAR, None)


def test_authorities_and_volunteers_read_no_inbox(app: Flask, world: World, ana: Volunteer) -> None:
    for role in (AccountRole.AUTHORITY, AccountRole.VOLUNTEER):
        other = as_account(app, world.account(role))
        assert other.get("/inbox").status_code == 403
        assert 'id="waiting"' not in other.get("/").text
