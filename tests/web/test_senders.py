"""What people see of sending: the senders, the band of alarms, doubts, and the story of one text."""

import pytest
from flask import Flask
from sqlalchemy import event, update

from mobilize.domain.delivery import Accepted, DoubtEnding, ErrorClass, Refused, Unclear
from mobilize.domain.vocabulary import AccountRole, AlarmKind
from mobilize.extensions import db
from mobilize.models import Alarm, Message
from mobilize.services import alarms, dispatch, heartbeats, receipts, senders, standing
from mobilize.services.access import SYSTEM
from mobilize.services.ports import FastForwardClock
from tests.services.scripted import Script, keep, sid_of, the_text, use
from tests.world import World

from .conftest import Browser, as_account


@pytest.fixture
def script(app: Flask) -> Script:
    script = Script("twilio", ["+15005550006", "77777"])
    use(script)
    heartbeats.beat("relief:1:a")
    return script


@pytest.fixture
def browser(app: Flask, world: World) -> Browser:
    return as_account(app, world.account())


@pytest.fixture
def admin(app: Flask, world: World) -> Browser:
    return as_account(app, world.account(AccountRole.ADMIN))


def test_each_sender_stands_there_with_its_pace(browser: Browser, script: Script) -> None:
    shown = browser.get("/senders").text
    assert "+15005550006" in shown
    assert "100</span> segments/s" in shown
    assert "going" in shown
    assert "paused" not in shown
    assert "Nothing leaves it" in shown


def test_a_paused_provider_says_why_and_when_it_is_tried_again(browser: Browser, script: Script) -> None:
    senders.pause("twilio", "20003: Authenticate")
    db.session.commit()
    shown = browser.get("/senders/live").text
    assert "20003: Authenticate" in shown
    assert "Next try at 10:00:30 UTC+01:00" in shown
    assert "with twilio" in shown
    browser.send("/senders/resume", {"sender": "twilio"}, page="/senders")
    assert "20003" not in browser.get("/senders").text


def test_a_country_is_resumed_from_the_page(browser: Browser, script: Script) -> None:
    senders.pause("twilio to +355", "21408: not permitted")
    db.session.commit()
    assert "Countries that are held back" in browser.get("/senders").text
    browser.send("/senders/resume", {"sender": "twilio to +355"}, page="/senders")
    assert "Countries" not in browser.get("/senders").text


def test_only_an_admin_pauses(browser: Browser, admin: Browser, script: Script) -> None:
    assert "Pause" not in browser.get("/senders").text
    refused = browser.send("/senders/pause", {"sender": "twilio"}, page="/senders")
    assert refused.status_code == 403
    admin.send("/senders/pause", {"sender": "twilio:77777"}, page="/senders")
    assert "Paused by hand" in browser.get("/senders").text


@pytest.mark.parametrize(("name", "status"), [("", 422), ("pigeon", 404), ("twilio", 409)])
def test_what_cannot_be_resumed_is_refused(browser: Browser, script: Script, name: str, status: int) -> None:
    assert browser.send("/senders/resume", {"sender": name}, page="/senders").status_code == status


def test_a_pause_without_a_form_token_is_refused(admin: Browser, script: Script) -> None:
    assert admin.client.post("/senders/pause", data={"sender": "twilio"}).status_code == 400
    assert db.session.query(Alarm).count() == 0


def test_no_sender_and_no_engine_are_told_plainly(app: Flask, browser: Browser) -> None:
    use()
    shown = browser.get("/senders").text
    assert "No sender is set up" in shown
    assert "No engine is known" in shown


# --- the band ----------------------------------------------------------------------------------

PAGES = ("/emergencies", "/readiness", "/inbox", "/senders", "/alarms")


@pytest.mark.parametrize("path", PAGES)
def test_an_alarm_is_on_every_page(browser: Browser, script: Script, path: str) -> None:
    senders.pause("twilio", "20003: Authenticate")
    db.session.commit()
    shown = browser.get(path).text
    assert "Texts are held back." in shown
    assert "Look at the account at the provider" in shown


def test_several_pauses_share_a_line(browser: Browser, script: Script) -> None:
    for subject in ("twilio:77777", "twilio to +355"):
        senders.pause(subject, "no")
    db.session.commit()
    shown = browser.get("/emergencies").text
    assert shown.count("Texts are held back.") == 1
    assert "twilio:77777" in shown
    assert "twilio to +355" in shown


def test_others_than_those_who_lead_see_no_internals(app: Flask, world: World, script: Script) -> None:
    senders.pause("twilio", "20003: Authenticate")
    authority = world.authority()
    callout = world.callout(emergency=world.emergency(authority_id=authority.id))
    watcher = as_account(app, world.account(AccountRole.AUTHORITY, authority=authority))
    for path in ("/emergencies", f"/callouts/{callout.id}"):
        assert "twilio" not in watcher.get(path).text
        assert "held back" not in watcher.get(path).text
    volunteer = as_account(app, world.account(AccountRole.VOLUNTEER))
    assert "twilio" not in volunteer.get("/me").text
    assert watcher.get("/senders").status_code == volunteer.get("/alarms").status_code == 403


def test_an_unknown_code_is_acknowledged(browser: Browser, script: Script) -> None:
    alarms.raise_alarm(AlarmKind.UNKNOWN_ERROR_CODE, "30999", "The provider said 30999: new")
    db.session.commit()
    assert "Acknowledge" in browser.get("/inbox").text
    browser.send(f"/alarms/{db.session.query(Alarm).one().id}/acknowledge", page="/inbox")
    assert "30999" not in browser.get("/inbox").text


def test_a_missing_engine_is_told_and_others_go_on(
    browser: Browser, script: Script, clock: FastForwardClock
) -> None:
    clock.advance(minutes=1)
    heartbeats.beat("other:2:b")
    heartbeats.watch()
    shown = browser.get("/senders").text
    assert "The engine relief:1:a was last seen" in shown
    assert "silent" in shown
    assert "No engine is running" not in shown


def test_the_band_costs_one_query(world: World, script: Script) -> None:
    senders.pause("twilio", "no")
    db.session.commit()
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.extend([statement] if statement.startswith("SELECT") else [])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert len(standing.standing_alarms(SYSTEM)) == 1
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(asked) == 1


# --- doubts and the story of a text ------------------------------------------------------------


@pytest.fixture
def board(browser: Browser, world: World, script: Script) -> str:
    """The address of the board of a launched callout to one person."""
    world.volunteer()
    path = f"/callouts/{world.callout({'medic': 1}).id}"
    browser.send(f"{path}/launch", page=path)
    return path


def test_a_board_without_doubts_does_not_speak_of_them(browser: Browser, board: str) -> None:
    dispatch.send_due()
    assert "doubt" not in browser.get(board).text


def test_a_text_in_doubt_is_told_as_such(browser: Browser, board: str, script: Script) -> None:
    script.answer = lambda _: Unclear("no answer within 10 s")
    dispatch.send_due()
    shown = browser.get(board).text
    assert "<strong>1</strong> text: it is not clear whether it went out." in shown
    assert "being looked up" in shown
    story = browser.get(f"/texts/{the_text().id}").text
    assert "no answer within 10 s" in story
    assert "it is being looked up at the provider" in story


def test_how_doubts_ended_is_told(browser: Browser, board: str) -> None:
    dispatch.send_due()
    _set(doubt_ending=DoubtEnding.RESENT)
    assert "<strong>1</strong> sent again without proof" in browser.get(board).text
    _set(doubt_ending=DoubtEnding.GIVEN_UP)
    assert "<strong>1</strong> given up" in browser.get(board).text
    keep(the_text(), "delivered")
    receipts.apply_pending()
    assert "given up" not in browser.get(board).text


def test_a_second_copy_is_told_on_the_board_and_in_the_story(browser: Browser, board: str) -> None:
    dispatch.send_due()
    for status in ("sent", "delivered"):
        keep(the_text(), status, sid="SM-another")
    receipts.apply_pending()
    assert "<strong>1</strong> text went out a second time" in browser.get(board).text
    assert "Second copies" in browser.get(f"/texts/{the_text().id}").text


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (Refused(ErrorClass.BAD_NUMBER, 21211, "no"), "the number cannot receive texts"),
        (Refused(ErrorClass.FILTERED, 30007, "no"), "a carrier filtered it out"),
        (Refused(ErrorClass.UNRECOGNISED, 30999, "no"), "refused for an unknown reason"),
    ],
)
def test_the_board_says_why_a_person_was_not_reached(
    browser: Browser, board: str, script: Script, refusal: Refused, said: str
) -> None:
    script.answer = lambda _: refusal
    dispatch.send_due()
    assert said in browser.get(board).text


def test_a_text_tells_its_story(browser: Browser, board: str, script: Script) -> None:
    script.answer = lambda text: Accepted(sid_of(text.message_id))
    dispatch.send_due()
    keep(the_text(), "delivered")
    receipts.apply_pending()
    shown = browser.get(f"/texts/{the_text().id}").text
    moments = [shown.index(word) for word in ("it was decided", "took it up", "answered", "reported")]
    assert moments == sorted(moments)
    assert "(twilio)" in shown
    assert "10:00:00" in shown


def test_a_text_that_the_provider_took_is_accepted_not_coming(browser: Browser, board: str) -> None:
    dispatch.send_due()
    assert 'class="state accepted"' in browser.get(board).text
    assert ">accepted</a>" in browser.get(board).text


def test_a_text_of_another_country_is_not_there(app: Flask, world: World, browser: Browser, board: str) -> None:
    stranger = as_account(app, world.account(section=world.section("it", "IT")))
    assert stranger.get(f"/texts/{the_text().id}").status_code == 404


def _set(**values: object) -> None:
    db.session.execute(update(Message).values(**values))
    db.session.commit()
