"""Texts before a launch and their wordings, on a screen and on a phone."""

import pytest
from playwright.sync_api import Page, expect

from tests.world import PASSWORD, World

from .conftest import let_go

NARROW = {"width": 390, "height": 844}


@pytest.fixture
def callout_id(page: Page, world: World) -> int:
    """A drill for which people of three languages may be called; a coordinator is signed in."""
    for language in ("sq", "sq", "it", "ar"):
        world.volunteer(language=language)
    callout = world.callout(emergency=world.emergency(drill=True), bring="boots, helmet, a torch")
    email, number = let_go((world.account().email, callout.id))
    page.goto("/sign-in")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    return int(number)


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_every_text_is_read_before_the_launch(page: Page, callout_id: int) -> None:
    page.goto(f"/callouts/{callout_id}")
    page.get_by_role("link", name="Read every text").click()
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    albanian = page.locator("#sq")
    expect(albanian.locator("h2")).to_contain_text("2 people")
    expect(albanian).to_contain_text("STERVITJE AL: termet")
    expect(page.locator("#ar .bubble").first).to_have_css("direction", "rtl")
    lettered = albanian.get_by_text("A1 po, A2 jo").first
    expect(lettered).to_be_hidden()
    albanian.locator("summary", has_text="With a letter").first.click()
    expect(lettered).to_be_visible()
    assert fits(page)


def test_a_text_is_reworded_while_its_segments_are_counted(page: Page, callout_id: int) -> None:
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    page.goto("/wordings?language=en")
    assert fits(page)
    page.get_by_role("link", name="Reword: After a no", exact=True).click()
    wording = page.get_by_label("Own wording")
    expect(page.locator("#trial")).to_contain_text("1 segment")
    wording.fill("{section}: see you!")
    expect(page.locator("#trial")).to_contain_text("does not offer {code}1")
    wording.fill("{section}: see you next time! Or text {code}1")
    expect(page.locator("#trial .bubble").first).to_have_text("AL: see you next time! Or text 1")
    assert fits(page)
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".text", has_text="see you next time").locator(".tag")).to_have_text("own")
