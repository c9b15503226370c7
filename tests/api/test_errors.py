import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mobilize.services import emergencies
from tests.world import PASSWORD, World

from .conftest import Program, problems


def error(response: TestResponse) -> dict[str, Any]:
    found: dict[str, Any] = response.get_json()["error"]
    return found


def test_a_wrong_field_is_named_with_the_remedy(coordinator: Program, ten_medics: dict[str, Any]) -> None:
    ten_medics["needs"] = [{"skill": "medic", "headcount": 0}]
    response = coordinator.post("/callouts", ten_medics)
    assert problems(response) == {"needs.0.headcount": ["must be between 1 and 10000"]}
    assert error(response)["code"] == "invalid_input"
    assert error(response)["request_id"] == response.headers["X-Request-ID"]


@pytest.mark.parametrize("body", ["[1, 2]", '"text"', "7", "null", "true"])
def test_json_that_is_not_an_object_is_refused(client: FlaskClient, body: str) -> None:
    response = client.post("/api/v1/tokens", data=body, content_type="application/json")
    assert problems(response) == {"body": ["Send a JSON object, in braces."]}


@pytest.mark.parametrize("body", ["{", '{"email": NaN}', '{"a": Infinity}', "\xff\xfe", "[" * 100_000])
def test_what_is_not_json_is_refused(client: FlaskClient, body: str) -> None:
    response = client.post("/api/v1/tokens", data=body.encode("latin-1"), content_type="application/json")
    assert response.status_code == 400
    assert "not valid JSON" in error(response)["message"]


def test_another_content_type_is_refused(client: FlaskClient) -> None:
    response = client.post("/api/v1/tokens", data="email=a", content_type="text/plain")
    assert response.status_code == 415
    assert "application/json" in error(response)["message"]


def test_a_body_of_50_megabytes_is_refused_by_its_length(client: FlaskClient) -> None:
    announced = {"CONTENT_LENGTH": str(50 * 1024 * 1024)}
    response = client.post("/api/v1/tokens", json={}, environ_overrides=announced)
    assert response.status_code == 413
    assert str(2 * 1024 * 1024) in error(response)["message"]


def test_unknown_fields_are_refused_in_bodies_and_queries(coordinator: Program, flood: dict[str, Any]) -> None:
    assert problems(coordinator.post("/emergencies", flood | {"colour": "red"})) == {
        "colour": ["Unknown field."]
    }
    assert problems(coordinator.get("/emergencies?colour=red")) == {"colour": ["Unknown field."]}


def test_an_unknown_address_is_answered_as_json(client: FlaskClient) -> None:
    response = client.get("/api/v1/nothing")
    assert (response.status_code, error(response)["code"]) == (404, "not_found")


def test_a_wrong_method_is_answered_as_json_with_the_right_ones(client: FlaskClient) -> None:
    response = client.delete("/api/v1/emergencies")
    assert (response.status_code, error(response)["code"]) == (405, "method_not_allowed")
    assert "POST" in response.headers["Allow"]


def test_a_page_that_does_not_exist_is_not_json(client: FlaskClient) -> None:
    response = client.get("/nothing")
    assert response.status_code == 404
    assert not response.is_json


def test_nobody_is_told_how_to_sign_in(client: FlaskClient) -> None:
    response = client.get("/api/v1/emergencies")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_fault_of_ours_tells_nothing_but_the_request_id(
    app: Flask, coordinator: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr(emergencies, "find", broken)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    response = coordinator.get("/emergencies/1")
    assert (response.status_code, error(response)["code"]) == (500, "internal")
    assert "swordfish" not in response.text
    assert error(response)["request_id"]


def sign_in(client: FlaskClient, email: str) -> str:
    """Sign in as a person does; returns the token of the pages' forms."""
    page = client.get("/sign-in").get_data(as_text=True)
    token = page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    response = client.post("/sign-in", data={"email": email, "password": PASSWORD, "csrf_token": token})
    assert response.status_code == 302, response.text
    return token


def test_a_session_needs_the_form_token_to_change_something(
    client: FlaskClient, world: World, flood: dict[str, Any]
) -> None:
    token = sign_in(client, world.account().email)
    refused = client.post("/api/v1/emergencies", json=flood)
    assert (refused.status_code, error(refused)["code"]) == (400, "csrf")
    assert client.post("/api/v1/emergencies", json=flood, headers={"X-CSRFToken": token}).status_code == 201


def test_a_session_reads_without_a_form_token(client: FlaskClient, world: World) -> None:
    sign_in(client, world.account().email)
    assert client.get("/api/v1/me").status_code == 200


def test_signing_in_without_the_form_token_is_refused(client: FlaskClient, world: World) -> None:
    account = world.account()
    response = client.post("/sign-in", data={"email": account.email, "password": PASSWORD})
    assert response.status_code == 400
    assert client.get("/api/v1/me").status_code == 401


def test_openapi_describes_every_route_of_the_interface(app: Flask, client: FlaskClient) -> None:
    described = client.get("/api/v1/openapi.json").get_json()
    paths = {re.sub(r"<(?:int:)?(\w+)>", r"{\1}", rule.rule) for rule in app.url_map.iter_rules()}
    ours = {path for path in paths if path.startswith("/api/v1/")} - {"/api/v1/openapi.json"}
    assert ours <= set(described["paths"])
    assert described["components"]["securitySchemes"]["bearerAuth"]["scheme"] == "bearer"
