"""Why was somebody called, or not, on a page."""

from flask import Flask

from mobilize.domain.vocabulary import AccountRole
from tests.web.conftest import as_account
from tests.world import World


def test_the_plan_and_the_board_ask_and_the_answer_has_sentences(app: Flask, world: World) -> None:
    browser = as_account(app, world.account())
    world.volunteer("Ana")
    world.volunteer("Ben", consent_at=None)
    world.volunteer("Far", lat=0, lon=0)
    page = f"/callouts/{world.callout().id}"
    assert f'action="{page}/why"' in browser.get(page).text
    assert "As things stand now" in browser.get(f"{page}/why?who=ana").text
    browser.send(f"{page}/launch", page=page)
    assert f'action="{page}/why"' in browser.get(page).text
    ana = browser.get(f"{page}/why?who=ana").text
    assert "could be called" in ana
    assert "was asked, in wave 1" in ana
    ben = browser.get(f"{page}/why?who=Ben").text
    assert "has not consented to be called" in ben
    assert "was asked" not in ben
    assert "Was never looked at in this callout" in browser.get(f"{page}/why?who=Far").text


def test_a_part_of_a_phone_number_is_enough(app: Flask, world: World) -> None:
    browser = as_account(app, world.account())
    world.volunteer("Ana", phone="+355692345678")
    page = f"/callouts/{world.callout().id}/why"
    assert "Ana Test" in browser.get(f"{page}?who=2345").text
    assert "Nobody in your section" in browser.get(f"{page}?who=9999").text
    assert browser.get(page).status_code == 200


def test_people_of_other_sections_are_not_found_and_authorities_are_not_asked(app: Flask, world: World) -> None:
    world.volunteer("Stranger", section=world.section("it", "IT"))
    page = f"/callouts/{world.callout().id}"
    assert "Nobody in your section" in as_account(app, world.account()).get(f"{page}/why?who=Stranger").text
    authority = world.account(AccountRole.AUTHORITY)
    assert as_account(app, authority).get(f"{page}/why?who=Ana").status_code == 403


def test_of_many_with_the_same_name_the_first_are_shown(app: Flask, world: World) -> None:
    for n in range(12):
        world.volunteer(f"Same{n}")
    text = as_account(app, world.account()).get(f"/callouts/{world.callout().id}/why?who=Same").text
    assert text.count('class="answer"') == 10
    assert "More people share this" in text
