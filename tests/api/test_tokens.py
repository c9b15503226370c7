import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from mobilize.domain.vocabulary import AccountRole
from mobilize.extensions import db
from mobilize.models import AuditEntry
from mobilize.services import accounts
from mobilize.services.access import SYSTEM
from tests.world import PASSWORD, World


def ask(client: FlaskClient, email: str, password: str = PASSWORD) -> Any:
    return client.post("/api/v1/tokens", json={"email": email, "password": password})


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_an_email_and_a_password_make_a_token_that_signs_in(client: FlaskClient, world: World) -> None:
    made = ask(client, world.account(AccountRole.COORDINATOR, email="vera@example.org").email)
    assert made.status_code == 201
    assert made.get_json()["role"] == "coordinator"
    assert made.get_json()["expires_at"] == "2026-11-25T09:00:00+00:00"
    me = client.get("/api/v1/me", headers=bearer(made.get_json()["token"]))
    assert me.get_json()["email"] == "vera@example.org"


def test_wrong_password_and_unknown_email_are_answered_alike(client: FlaskClient, world: World) -> None:
    wrong = ask(client, world.account().email, "not the password")
    unknown = ask(client, "nobody@example.org")
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert wrong.get_json()["error"]["message"] == unknown.get_json()["error"]["message"]


def test_tries_are_limited(client: FlaskClient, world: World) -> None:
    codes = [ask(client, "nobody@example.org", "x").status_code for _ in range(11)]
    assert codes == [401] * 10 + [429]


def test_making_a_token_is_in_the_trail(client: FlaskClient, world: World) -> None:
    account = world.account()
    ask(client, account.email)
    ask(client, account.email, "wrong")
    db.session.rollback()
    assert [entry.action for entry in db.session.query(AuditEntry)] == [
        "account.token",
        "account.token_refused",
    ]


def test_a_closed_account_gets_no_token_and_its_old_one_ends(client: FlaskClient, world: World) -> None:
    account = world.account()
    headers = world.token(account)
    accounts.deactivate(SYSTEM, account.id)
    assert ask(client, account.email).status_code == 401
    assert client.get("/api/v1/me", headers=headers).status_code == 401


@pytest.mark.parametrize("settings_overrides", [{"token_max_age_seconds": 1}])
def test_an_expired_token_is_refused(client: FlaskClient, world: World) -> None:
    headers = world.token(world.account())
    assert client.get("/api/v1/me", headers=headers).status_code == 200
    time.sleep(2.1)
    expired = client.get("/api/v1/me", headers=headers)
    assert expired.status_code == 401
    assert "expire" in expired.get_json()["error"]["message"]


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer x", "Basic eDp5", "Bearer " + "a." * 500, "Bearer \u00ff"]
)
def test_a_forged_token_is_refused(client: FlaskClient, header: str) -> None:
    assert client.get("/api/v1/me", headers={"Authorization": header}).status_code == 401
