"""What all pages share: signing in, refusals, headers, tokens."""

import pytest
from flask import Flask

from mobilize.domain.vocabulary import AccountRole
from tests.world import PASSWORD, World

from .conftest import Browser, as_account


def test_who_is_not_signed_in_is_sent_to_the_sign_in_page(world: World, nobody: Browser) -> None:
    answer = nobody.get("/emergencies?x=1")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/sign-in?next=/emergencies?x%3D1"


def test_a_fragment_sends_the_whole_page_to_the_sign_in(world: World, nobody: Browser) -> None:
    answer = nobody.get("/callouts/1/board", HX_Request="true")
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in")


def test_signing_in_leads_to_the_page_that_was_asked_for(world: World, nobody: Browser) -> None:
    account = world.account()
    answer = nobody.send("/sign-in?next=/inbox", {"email": account.email, "password": PASSWORD})
    assert answer.headers["Location"] == "/inbox"
    assert nobody.get("/inbox").status_code == 200


def test_a_wrong_password_is_said_on_the_page(world: World, nobody: Browser) -> None:
    account = world.account()
    answer = nobody.send("/sign-in", {"email": account.email, "password": "wrong"})
    assert 'role="alert"' in answer.text
    assert 'aria-invalid="true"' in answer.text or "Authentication failed" in answer.text


def test_signing_out_ends_the_session(app: Flask, world: World) -> None:
    browser = as_account(app, world.account())
    browser.send("/sign-out", page="/emergencies")
    assert browser.get("/emergencies").status_code == 302


def test_a_form_without_its_token_is_refused(app: Flask, world: World) -> None:
    browser = as_account(app, world.account())
    emergency = world.emergency()
    answer = browser.client.post(f"/emergencies/{emergency.id}/end")
    assert answer.status_code == 400
    assert "CSRF" in answer.text


@pytest.mark.parametrize("path", ["/nonsense", "/emergencies/999", "/callouts/999"])
def test_what_does_not_exist_has_a_page(app: Flask, world: World, path: str) -> None:
    answer = as_account(app, world.account()).get(path)
    assert answer.status_code == 404
    assert "<h1>Not found</h1>" in answer.text


def test_another_role_is_refused_with_the_reason(app: Flask, world: World) -> None:
    answer = as_account(app, world.account(AccountRole.AUTHORITY)).get("/emergencies/new")
    assert answer.status_code == 403
    assert "needs the role coordinator" in answer.text


def test_pages_load_from_here_only_and_stay_out_of_frames_and_caches(app: Flask, world: World) -> None:
    answer = as_account(app, world.account()).get("/emergencies")
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "style=" not in answer.text
    assert "<script>" not in answer.text


def test_each_role_has_its_first_page(app: Flask, world: World) -> None:
    assert as_account(app, world.account()).get("/").headers["Location"] == "/emergencies"
    assert as_account(app, world.account(AccountRole.VOLUNTEER)).get("/").headers["Location"] == "/me"


def test_a_silent_engine_is_an_alarm_on_every_page(app: Flask, world: World) -> None:
    assert "Engine missing" in as_account(app, world.account()).get("/emergencies").text
