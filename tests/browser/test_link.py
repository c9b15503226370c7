"""The page behind a link in a real browser: without scripts, with a place to share, on a narrow screen."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from mobilize.domain import pages
from mobilize.domain.vocabulary import CalloutMode, PlaceKind, RecipientState
from mobilize.extensions import db
from mobilize.models import Place, Recipient
from mobilize.services import callouts
from mobilize.services.access import SYSTEM
from tests.world import World

from .conftest import let_go

pytestmark = pytest.mark.browser

#: Where pictures of the page are put, for people to look at; none are taken without it.
PICTURES = os.environ.get("LINK_PICTURES")


@pytest.fixture
def link(world: World) -> str:
    """The path of Ana's link."""
    world.volunteer("Ana")
    draft = world.callout(
        {"medic": 1},
        mode=CalloutMode.EVERYONE,
        with_link=True,
        rendezvous="Port of Durrës, gate 3",
        bring="Boots, a lamp, water",
    )
    callouts.launch(SYSTEM, draft.id)
    return let_go(f"/c/{db.session.scalars(select(Recipient.link_code)).one()}")


def new_context(browser: Browser, address: str, **settings: Any) -> BrowserContext:
    context = browser.new_context(base_url=address, **settings)
    context.set_default_timeout(10_000)
    return context


@pytest.fixture
def old_phone(browser: Browser, address: str, link: str) -> Iterator[Page]:
    """No scripts, 320 pixels; nothing but the page itself is ever loaded."""
    context = new_context(browser, address, java_script_enabled=False, viewport={"width": 320, "height": 480})
    page = context.new_page()
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    yield page
    context.close()
    assert {url.removeprefix(address) for url in loaded} == {link}


def state() -> RecipientState:
    return let_go(db.session.scalars(select(Recipient.state)).one())


def test_the_whole_way_without_scripts(old_phone: Page, link: str) -> None:
    page = old_phone
    page.goto(link)
    expect(page.get_by_role("heading", name="Can you come?")).to_be_visible()
    expect(page.get_by_text("Port of Durrës")).to_have_count(0)
    page.get_by_label("I will be there in").select_option("20")
    page.get_by_role("button", name="Yes, I am coming").click()
    expect(page.get_by_role("status")).to_contain_text("We expect you at 10:20")
    expect(page.get_by_text("Port of Durrës, gate 3")).to_be_visible()
    expect(page.get_by_text("Your browser cannot tell where you are")).to_be_visible()
    expect(page.get_by_role("button", name="I agree")).to_be_hidden()
    page.get_by_label("I will be there in").select_option("45")
    page.get_by_role("button", name="Change my arrival time").click()
    expect(page.get_by_role("status")).to_contain_text("We expect you at 10:45")
    page.reload()
    page.get_by_role("button", name="I have arrived").click()
    expect(page.get_by_role("status")).to_contain_text("You have arrived")
    assert state() is RecipientState.ARRIVED


def test_every_target_is_large_and_nothing_is_wider_than_the_screen(
    browser: Browser, address: str, link: str
) -> None:
    context = new_context(browser, address, viewport={"width": 320, "height": 480})
    page = context.new_page()
    page.goto(link)
    for press in ("", "Yes, I am coming", "I have arrived"):
        if press:
            page.get_by_role("button", name=press).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        for box in page.locator("input:visible, select:visible, a:visible").all():
            found = box.bounding_box()
            assert found
            assert found["height"] >= 44
    context.close()


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Page]:
    """A phone that knows where it is and may tell; any fault on its console fails the test."""
    context = new_context(
        browser,
        address,
        viewport={"width": 390, "height": 844},
        geolocation={"latitude": 41.33, "longitude": 19.46, "accuracy": 12},
        permissions=["geolocation"],
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert faults == []


def live() -> list[tuple[float, float]]:
    rows = db.session.execute(select(Place.lat, Place.lon).where(Place.kind == PlaceKind.LIVE)).all()
    return let_go([(row.lat, row.lon) for row in rows])


def test_a_place_is_shared_once_and_taken_back(phone: Page, link: str) -> None:
    phone.goto(link)
    phone.get_by_role("button", name="Yes, I am coming").click()
    phone.get_by_role("button", name="I agree").click()
    expect(phone.get_by_text("sees where you were until 12:00")).to_be_visible()
    assert live() == [(41.33, 19.46)]
    phone.get_by_role("button", name="Take it back").click()
    expect(phone.get_by_role("button", name="I agree")).to_be_visible()
    assert live() == []


def test_a_phone_that_does_not_tell_says_so(phone: Page, link: str) -> None:
    phone.context.clear_permissions()
    phone.goto(link)
    phone.get_by_role("button", name="Yes, I am coming").click()
    phone.get_by_role("button", name="I agree").click()
    expect(phone.get_by_text("Nothing was shared")).to_be_visible()
    assert live() == []


def test_a_wrong_link_is_a_plain_page(browser: Browser, address: str, link: str) -> None:
    context = new_context(browser, address)
    page = context.new_page()
    page.goto("/c/000000000000")
    expect(page.get_by_role("heading", name="This link does not work")).to_be_visible()
    context.close()


@pytest.mark.skipif(PICTURES is None, reason="pictures are for people to look at")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_pictures(browser: Browser, address: str, link: str, scheme: Any, width: int) -> None:
    context = new_context(browser, address, color_scheme=scheme, viewport={"width": width, "height": 640})
    page = context.new_page()

    def take(name: str) -> None:
        page.screenshot(path=Path(PICTURES or "") / f"{name}-{width}-{scheme}.png", full_page=True)

    page.goto(link)
    take("asked")
    page.get_by_role("button", name="Yes, I am coming").click()
    take("coming")
    page.goto("/c/000000000000")
    take("gone")
    context.close()


@pytest.mark.skipif(PICTURES is None, reason="pictures are for people to look at")
@pytest.mark.parametrize("language", pages.LANGUAGES)
def test_pictures_of_every_language(browser: Browser, address: str, link: str, language: str) -> None:
    db.session.scalars(select(Recipient)).one().volunteer.language = language
    db.session.commit()
    context = new_context(browser, address, viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.goto(link)
    page.screenshot(path=Path(PICTURES or "") / f"asked-{language}.png", full_page=True)
    page.locator("input.yes").click()
    page.screenshot(path=Path(PICTURES or "") / f"coming-{language}.png", full_page=True)
    context.close()
