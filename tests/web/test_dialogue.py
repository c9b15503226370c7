"""Where people are, on the board, and checking them out by hand."""

import pytest
from flask import Flask

from mobilize.domain.vocabulary import AccountRole, AlarmKind, Intent
from mobilize.extensions import db
from mobilize.models import InboundMessage, Recipient
from mobilize.services import alarms, answers, callouts, watch
from mobilize.services.access import SYSTEM
from mobilize.services.runtime import now
from tests.world import World

from .conftest import Browser, as_account


@pytest.fixture
def browser(app: Flask, world: World) -> Browser:
    return as_account(app, world.account())


def on_scene(world: World, *names: str) -> tuple[str, list[Recipient]]:
    """The board's address, and people who are there."""
    for name in names:
        world.volunteer(name)
    authority = world.authority()
    emergency = world.emergency(authority_id=authority.id)
    callout = callouts.launch(SYSTEM, world.callout({"medic": len(names)}, emergency=emergency).id)
    people = db.session.query(Recipient).order_by(Recipient.id).all()
    for recipient in people:
        answers.apply(recipient, InboundMessage(intent=Intent.ON_SCENE, received_at=now()))
    db.session.commit()
    return f"/callouts/{callout.id}", people


def test_who_is_on_scene_is_seen_and_checked_out(browser: Browser, world: World) -> None:
    board, (ana,) = on_scene(world, "Ana")
    page = browser.get(board).text
    assert "on scene</span> <small>since <time" in page
    assert ana.volunteer.phone in page
    browser.send(f"/recipients/{ana.id}/check-out", page=board)
    assert "has left</span> <small>at <time" in browser.get(board).text


def test_the_list_is_narrowed_to_where_people_are(browser: Browser, world: World) -> None:
    board, (ana, ben) = on_scene(world, "Ana", "Ben")
    watch.check_out(ben, now())
    db.session.commit()
    page = browser.get(f"{board}?state=on_scene").text
    assert f'id="r{ana.id}"' in page
    assert f'id="r{ben.id}"' not in page


def test_several_who_are_missing_share_a_line(browser: Browser, world: World) -> None:
    board, people = on_scene(world, "Ana", "Ben")
    for recipient in people:
        watch.alarm(recipient, recipient.callout, "has not checked out")
    db.session.commit()
    page = browser.get("/emergencies").text
    assert page.count("Whom to phone") == 1
    assert "2 people: " in page
    assert f'href="{board}?state=missing"' in page


def test_one_who_is_missing_is_told_of_in_full(browser: Browser, world: World) -> None:
    _board, (ana,) = on_scene(world, "Ana")
    watch.alarm(ana, ana.callout, "has not checked out")
    db.session.commit()
    (alarm,) = [a for a in alarms.open_alarms() if a.kind is AlarmKind.CHECK_OUT_OVERDUE]
    assert alarm.detail == (
        "Ana Test has not checked out (Port gate 3, Durres earthquake; due by 22:00, 24 Nov UTC+01:00)."
    )
    assert "Ana Test has not checked out" in browser.get("/emergencies").text


def test_an_authority_sees_where_people_are_and_cannot_check_them_out(app: Flask, world: World) -> None:
    board, _people = on_scene(world, "Ana")
    watcher = as_account(app, world.account(AccountRole.AUTHORITY))
    page = watcher.get(board).text
    assert "on scene</span>" in page
    assert "check-out" not in page
