"""Sending as people see it in a browser: an alarm that comes while a page is open, pausing and resuming."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from mobilize.domain.vocabulary import AccountRole
from mobilize.extensions import db
from mobilize.services import senders
from tests.world import World

from .conftest import Engine
from .test_the_main_job import sign_in

pytestmark = pytest.mark.browser


def test_an_alarm_comes_to_a_page_that_is_open_and_is_ended_from_it(
    page: Page, world: World, engine: Engine
) -> None:
    sign_in(page, world)
    page.goto("/inbox")
    expect(page.locator(".alarm")).to_have_count(0)
    senders.pause("simulator", "20003: Authenticate", probe_after=timedelta(hours=1))
    db.session.commit()
    expect(page.get_by_role("alert")).to_contain_text("Texts are held back.", timeout=20_000)
    page.get_by_role("alert").get_by_role("link", name="Senders").click()
    expect(page.locator(".provider")).to_contain_text("20003: Authenticate")
    page.get_by_role("button", name="Resume simulator").click()
    expect(page.locator(".senders")).to_contain_text("going")
    expect(page.locator(".alarm")).to_have_count(0)


def test_a_pause_being_asked_back_survives_a_refresh(page: Page, world: World, engine: Engine) -> None:
    sign_in(page, world, AccountRole.ADMIN)
    page.goto("/senders")
    page.get_by_text("Pause…").click()
    with page.expect_response("**/senders/live"):
        pass
    page.get_by_role("button", name="Yes, pause it").click()
    expect(page.locator(".provider")).to_contain_text("Paused by hand")
    expect(page.get_by_role("button", name="Resume simulator")).to_be_visible()
