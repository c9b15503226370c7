"""Pages as a signed-in person's browser asks for them."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mobilize.models import Account


@dataclass
class Browser:
    """A client with a session; its forms carry the token of the page they were on."""

    client: FlaskClient

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def send(self, path: str, fields: dict[str, Any] | None = None, *, page: str | None = None) -> TestResponse:
        """Post a form as it stands on ``page`` (or where it is sent to)."""
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get(page or path).text)
        assert found, f"{page or path} has no form"
        return self.client.post(path, data={**(fields or {}), "csrf_token": found[1]})


def as_account(app: Flask, account: Account) -> Browser:
    """A browser in which this account has signed in."""
    client = app.test_client()
    with client.session_transaction() as session:
        session.update(_user_id=account.fs_uniquifier, _fresh=True)
    return Browser(client)


@pytest.fixture
def nobody(client: FlaskClient) -> Browser:
    return Browser(client)
