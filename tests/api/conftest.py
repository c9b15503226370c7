"""Programs that use the interface: a client each, with its token, and requests that are right."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mobilize.domain.vocabulary import AccountRole
from mobilize.extensions import limiter
from mobilize.models import Section
from mobilize.services.runtime import now
from tests.world import LAT, LON, World


@pytest.fixture(autouse=True)
def fresh_limits(app: Flask) -> Iterator[None]:
    """Tries counted in one test do not hold up the next."""
    limiter.reset()
    yield
    limiter.reset()


class Program:
    """A client that sends its token with every request."""

    def __init__(self, client: FlaskClient, headers: dict[str, str]) -> None:
        self._client, self._headers = client, headers

    def get(self, path: str, **options: Any) -> TestResponse:
        headers = self._headers | options.pop("headers", {})
        return self._client.get(f"/api/v1{path}", headers=headers, **options)

    def post(self, path: str, json: Any = None) -> TestResponse:
        return self._client.post(f"/api/v1{path}", json={} if json is None else json, headers=self._headers)

    def put(self, path: str, json: Any) -> TestResponse:
        return self._client.put(f"/api/v1{path}", json=json, headers=self._headers)

    def delete(self, path: str) -> TestResponse:
        return self._client.delete(f"/api/v1{path}", headers=self._headers)


@pytest.fixture
def coordinator(app: Flask, world: World) -> Program:
    return Program(app.test_client(), world.token(world.account(AccountRole.COORDINATOR)))


@pytest.fixture
def authority(app: Flask, world: World) -> Program:
    return Program(app.test_client(), world.token(world.account(AccountRole.AUTHORITY)))


@pytest.fixture
def stranger(app: Flask, world: World) -> Program:
    """A coordinator of another country."""
    section: Section = world.section("it", "IT")
    return Program(app.test_client(), world.token(world.account(AccountRole.COORDINATOR, section=section)))


@pytest.fixture
def flood(world: World) -> dict[str, Any]:
    """An emergency that can be declared."""
    return {
        "section_id": world.section().id,
        "country": "AL",
        "title": "Flood on the Erzen",
        "hazard": "flood",
        "severity": "Severe",
        "urgency": "Immediate",
        "certainty": "Observed",
        "area": {"type": "circle", "lat": LAT, "lon": LON, "radius_m": 20_000},
    }


@pytest.fixture
def ten_medics(world: World) -> dict[str, Any]:
    """A callout that can be drafted, for an emergency that exists."""
    world.skill("medic")
    return {
        "emergency_id": world.emergency().id,
        "needs": [{"skill": "medic", "headcount": 10}],
        "rendezvous": "Port gate 3",
        "rendezvous_lat": LAT,
        "rendezvous_lon": LON,
        "arrive_by": (now() + timedelta(hours=6)).isoformat(),
    }


def problems(response: TestResponse) -> dict[str, list[str]]:
    """The fields at fault of a refusal."""
    assert response.status_code == 422, response.text
    found: dict[str, list[str]] = response.get_json()["error"]["fields"]
    return found
