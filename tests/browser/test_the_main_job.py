"""The main job as a coordinator does it in a browser: declare, call, watch, stand down."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from mobilize.domain.vocabulary import AccountRole
from tests.world import PASSWORD, World

from .conftest import Engine, let_go

pytestmark = pytest.mark.browser


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    """Simulated people stay silent, so that the test alone answers."""
    return {"simulator_acceptance": 0}


def sign_in(page: Page, world: World, role: AccountRole = AccountRole.COORDINATOR, **owner: Any) -> None:
    email = let_go(world.account(role, **owner).email)
    page.goto("/sign-in")
    page.get_by_label("Email Address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def declare(page: Page) -> None:
    page.get_by_role("link", name="Declare an emergency").click()
    page.get_by_label("Title", exact=True).fill("Durrës earthquake")
    page.get_by_label("Latitude", exact=True).fill("41.3125")
    page.get_by_label("Longitude", exact=True).fill("19.4453")
    page.get_by_role("button", name="Declare").click()
    expect(page.get_by_role("heading", name="Durrës earthquake")).to_be_visible()


def draft(page: Page) -> None:
    page.get_by_role("link", name="Call volunteers").click()
    page.get_by_label("Skill", exact=True).first.select_option("medic")
    page.get_by_label("People", exact=True).first.fill("2")
    page.get_by_role("textbox", name="Rendezvous").fill("Port gate 3")
    expect(page.locator("#preview")).to_contain_text("GSM-7")
    page.get_by_role("textbox", name="Wording").fill("Come at once! {answers}")
    expect(page.locator("#preview")).to_contain_text("Come at once!")
    page.get_by_role("button", name="Go on to the plan").click()


def answer(page: Page, phone: str, body: str) -> None:
    """Type on a simulated phone, in a window of its own."""
    window = page.context.new_page()
    window.goto(f"/phones/{phone}")
    window.get_by_label("Text", exact=True).fill(body)
    window.get_by_role("button", name="Send").click()
    expect(window.locator(".bubbles .out").last).to_have_text(re.compile(re.escape(body)))
    window.close()


def test_declare_call_watch_and_stand_down(page: Page, world: World, engine: Engine) -> None:
    phones = let_go({name: world.volunteer(name, skills=["medic"]).phone for name in ("Ana", "Ben", "Cem")})
    sign_in(page, world)
    declare(page)
    draft(page)
    expect(page.locator(".needs")).to_contain_text("3 may be called")
    page.get_by_role("button", name="Launch").click()
    expect(page.locator(".needs")).to_contain_text("0 of 2 coming")
    engine.passes(minutes=3)

    answer(page, phones["Ana"], "1 20")
    answer(page, phones["Ben"], "perhaps")
    engine.works()
    expect(page.locator(".needs")).to_contain_text("1 of 2 coming")
    expect(page.get_by_role("row", name="Ana Test")).to_contain_text("coming")
    expect(page.locator(".inbound .unclear")).to_contain_text("perhaps")
    expect(page.locator("#map")).to_have_attribute("data-people", "3")

    page.get_by_text("Stand down…").click()
    page.get_by_role("button", name="Yes, stand everyone down").click()
    expect(page.locator(".tags").first).to_contain_text("ended")
    engine.passes(minutes=1)
    page.goto(f"/phones/{phones['Ana']}")
    assert page.locator(".bubbles .in").count() >= 3  # the call, the acknowledgement, the stand-down


def test_a_board_that_lost_its_server_says_so(page: Page, world: World, engine: Engine) -> None:
    world.volunteer("Ana", skills=["medic"])
    sign_in(page, world)
    path = let_go(f"/callouts/{world.callout({'medic': 1}).id}")
    page.goto(path)
    page.get_by_role("button", name="Launch").click()
    expect(page.locator("#freshness")).to_contain_text("As of")
    page.evaluate("document.getElementById('freshness').dataset.staleAfter = 1")
    page.route("**/board*", lambda route: route.fulfill(status=204))
    expect(page.locator("#freshness")).to_contain_text("may be wrong now", timeout=20_000)


def test_a_question_being_asked_back_survives_a_refresh(page: Page, world: World, engine: Engine) -> None:
    phone = let_go(world.volunteer("Ana", skills=["medic"]).phone)
    sign_in(page, world)
    page.goto(let_go(f"/callouts/{world.callout({'medic': 2}).id}"))
    page.get_by_role("button", name="Launch").click()
    page.get_by_text("Stand down…").click()
    engine.passes(minutes=2)
    answer(page, phone, "1")
    engine.works()
    expect(page.locator(".needs")).to_contain_text("1 of 2 coming")
    expect(page.get_by_role("button", name="Yes, stand everyone down")).to_be_visible()


def test_a_click_on_the_map_sets_the_centre(page: Page, world: World, engine: Engine) -> None:
    sign_in(page, world)
    page.goto("/emergencies/new")
    expect(page.locator("#map")).to_have_attribute("data-ground", "drawn")
    page.locator("#map").click(position={"x": 200, "y": 150})
    expect(page.get_by_label("Latitude", exact=True)).not_to_have_value("")
    expect(page.get_by_label("Longitude", exact=True)).not_to_have_value("")


@pytest.mark.parametrize(
    "path", ["/emergencies", "/emergencies/new", "/readiness", "/inbox", "/senders", "/phones"]
)
def test_a_narrow_phone_needs_no_sideways_scrolling(
    page: Page, world: World, engine: Engine, path: str
) -> None:
    sign_in(page, world)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
