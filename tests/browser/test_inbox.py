"""The inbox in a browser: it fills by itself, keeps what is typed, and one click corrects."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from mobilize.extensions import db
from mobilize.models import Recipient
from mobilize.services import inbox
from tests.services.conversing import launched
from tests.world import World

from .conftest import Engine, let_go
from .test_the_main_job import sign_in

pytestmark = pytest.mark.browser


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    """Simulated people stay silent, so that the test alone answers."""
    return {"simulator_acceptance": 0}


def comes_in(engine: Engine, phone: str, body: str) -> None:
    inbox.store_inbound(sid=f"IN-{body}", from_phone=phone, to_phone="+15550100", body=body, raw={})
    engine.works()


def test_one_click_corrects_and_what_is_typed_is_kept(page: Page, world: World, engine: Engine) -> None:
    phone = world.volunteer("Ana").phone
    launched(world)
    engine.works()
    sign_in(page, world)
    page.goto("/inbox")
    comes_in(engine, phone, "mumble")
    card = page.get_by_role("listitem").filter(has_text="mumble")
    expect(card).to_contain_text("to be read", timeout=15_000)
    expect(page.locator("#waiting")).to_contain_text("1")

    card.get_by_label("Minutes").fill("25")
    comes_in(engine, phone, "mutter")  # the list moves on while one types
    expect(page.get_by_role("listitem").filter(has_text="mutter")).to_be_visible(timeout=15_000)
    expect(card.get_by_label("Minutes")).to_have_value("25")
    card.get_by_role("button", name="Coming", exact=True).click()
    card = page.get_by_role("listitem").filter(has_text="mumble")
    expect(card.get_by_role("button", name="Coming", exact=True)).to_have_attribute("aria-pressed", "true")
    assert let_go(db.session.scalars(select(Recipient.eta_at)).one()) is not None


def test_an_answer_is_measured_while_it_is_typed_and_then_sent(
    page: Page, world: World, engine: Engine
) -> None:
    phone = world.volunteer("Ana").phone
    launched(world)
    engine.works()
    comes_in(engine, phone, "where?")
    sign_in(page, world)
    page.goto("/inbox")
    page.get_by_role("link", name="Answer…").click()
    page.get_by_label("Text to Ana Test").fill("x" * 161)
    expect(page.locator("#measure")).to_contain_text("2 of at most 3 segments")
    page.get_by_label("Text to Ana Test").fill("Behind the port office.")
    with page.expect_response("**/conversation"):
        pass
    expect(page.get_by_label("Text to Ana Test")).to_have_value("Behind the port office.")
    page.get_by_role("button", name="Send").click()
    engine.works()
    expect(page.locator(".talk")).to_contain_text("Behind the port office.")


def test_a_text_on_a_narrow_phone(page: Page, world: World, engine: Engine) -> None:
    phone = world.volunteer("Ana").phone
    launched(world)
    launched(world, rendezvous="A rendezvous with a very long name, behind the old terminal of the airport")
    engine.works()
    comes_in(engine, phone, "1" + " and so on" * 20)
    sign_in(page, world)
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("/inbox", "/inbox/1"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
