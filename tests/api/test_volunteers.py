"""The API of volunteers, skills, sections and authorities."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from mobilize.domain.vocabulary import AccountRole
from tests.conftest import count
from tests.world import World

URL = "/api/v1/volunteers"
CSV = "given_name,family_name,phone,born_on\nAna,Hoxha,0692012345,1990-01-02\nBen,Leka,1,1990-01-02\n"


@pytest.fixture
def coordinator(world: World) -> dict[str, str]:
    world.skill("medic")
    return world.token(world.account(AccountRole.COORDINATOR))


def body(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "section_id": world.section().id,
        "given_name": "Ana",
        "family_name": "Hoxha",
        "phone": "0692012345",
        "born_on": "1990-01-02",
    } | changes


def test_a_volunteer_is_registered_read_and_changed(
    client: FlaskClient, world: World, coordinator: dict[str, str]
) -> None:
    sent = body(
        world,
        places=[{"kind": "home", "address": "Durrës"}],
        availability=[{"weekday": 0, "start": "18:00", "end": "22:00"}],
        skills=[{"skill": "medic", "expires_on": "2028-01-01", "verified": True}],
    )
    made = client.post(URL, json=sent, headers=coordinator)
    assert made.status_code == 201, made.json
    assert made.json is not None
    assert made.json["availability"] == sent["availability"]
    assert made.json["skills"][0]["verified"] is True
    address = f"{URL}/{made.json['id']}"
    changed = client.patch(address, json={"status": "active", "availability": None}, headers=coordinator)
    assert changed.status_code == 200, changed.json
    read = client.get(address, headers=coordinator).json
    assert read is not None
    assert (read["status"], read["availability"], read["places"][0]["kind"]) == ("active", None, "home")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"phone": "12"}, "phone"),
        ({"shoe_size": 44}, "shoe_size"),
        ({"born_on": "yesterday"}, "born_on"),
        ({"places": [{"kind": "home", "lat": 91, "lon": 0}]}, "places.0.lat"),
        ({"skills": [{"skill": "pilot"}]}, "skills.0.skill"),
        ({"availability": [{"weekday": 7, "start": "a", "end": "b"}]}, "availability.0.weekday"),
        ({"availability": [{"weekday": 1, "start": "a", "end": "b"}]}, "availability"),
        ({"consent_at": "2026-11-24T09:00:00"}, "consent_at"),
    ],
)
def test_a_bad_field_is_named(
    client: FlaskClient, world: World, coordinator: dict[str, str], changes: dict[str, Any], field: str
) -> None:
    answer = client.post(URL, json=body(world, **changes), headers=coordinator)
    assert answer.status_code == 422
    assert answer.json is not None
    assert field in answer.json["error"]["fields"]


def test_lists_come_in_pages(client: FlaskClient, world: World, coordinator: dict[str, str]) -> None:
    for name in ("Ana", "Ben", "Eva"):
        world.volunteer(name)
    page = client.get(f"{URL}?page=2&per_page=2&skill=medic", headers=coordinator).json
    assert page is not None
    assert ([v["given_name"] for v in page["items"]], page["total"]) == (["Eva"], 3)
    assert client.get(f"{URL}?per_page=201", headers=coordinator).status_code == 422
    assert client.get(f"{URL}?shoe_size=1", headers=coordinator).status_code == 422


def test_volunteers_see_and_change_themselves_only(client: FlaskClient, world: World) -> None:
    ana, ben = world.volunteer("Ana"), world.volunteer("Ben")
    own = world.token(world.account(AccountRole.VOLUNTEER, volunteer=ana))
    assert client.patch(f"{URL}/{ana.id}", json={"language": "sq"}, headers=own).status_code == 200
    assert client.patch(f"{URL}/{ana.id}", json={"status": "left"}, headers=own).status_code == 403
    assert client.get(f"{URL}/{ben.id}", headers=own).status_code == 404
    assert client.get(URL, headers=own).status_code == 403


def test_a_file_is_checked_then_imported_then_exported(
    client: FlaskClient, world: World, coordinator: dict[str, str]
) -> None:
    address = f"{URL}/import?section={world.section().code}"
    dry = client.post(f"{address}&dry_run=true", data=CSV, content_type="text/csv", headers=coordinator)
    assert dry.status_code == 200, dry.json
    assert dry.json is not None
    assert (dry.json["created"], count("volunteer")) == (1, 0)
    done = client.post(address, data=CSV, content_type="text/csv", headers=coordinator)
    assert done.json == dry.json
    assert done.json is not None
    assert done.json["faults"][0]["line"] == 3
    exported = client.get(f"{URL}/export", headers=coordinator)
    assert exported.mimetype == "text/csv"
    assert "Ana,Hoxha,+355692012345" in exported.text


def test_a_file_may_be_larger_than_other_bodies(
    client: FlaskClient, world: World, coordinator: dict[str, str]
) -> None:
    padded = CSV + "\n" * 3_000_000
    address = f"{URL}/import?dry_run=true&section={world.section().code}"
    assert client.post(address, data=padded, content_type="text/csv", headers=coordinator).status_code == 200
    too_large = client.post(
        address, data=b"x" * (65 * 1024 * 1024), content_type="text/csv", headers=coordinator
    )
    assert too_large.status_code == 413


def test_a_file_that_is_no_table_is_refused(client: FlaskClient, coordinator: dict[str, str]) -> None:
    answer = client.post(f"{URL}/import", data=b"\0", content_type="text/csv", headers=coordinator)
    assert answer.status_code == 422
    assert answer.json is not None
    assert "file" in answer.json["error"]["fields"]


def test_admin_keeps_the_small_lists(client: FlaskClient, world: World, coordinator: dict[str, str]) -> None:
    admin = world.token(world.account(AccountRole.ADMIN))
    skill = {"code": "driver", "name": "Driver"}
    section = {"code": "it", "name": "Italy", "short_name": "IT", "country": "IT", "language": "it"}
    authority = {"code": "it-pc", "name": "Protezione Civile", "country": "IT"}
    for name, sent in (("skills", skill), ("sections", section), ("authorities", authority)):
        assert client.post(f"/api/v1/{name}", json=sent, headers=coordinator).status_code == 403
        assert client.post(f"/api/v1/{name}", json=sent, headers=admin).status_code == 201
        assert client.post(f"/api/v1/{name}", json=sent, headers=admin).status_code == 409
        listed = client.get(f"/api/v1/{name}", headers=admin).json
        assert listed is not None
        assert sent["code"] in [item["code"] for item in listed]


def test_an_agreement_is_added(client: FlaskClient, world: World) -> None:
    admin = world.token(world.account(AccountRole.ADMIN))
    address = f"/api/v1/authorities/{world.authority().id}/agreements"
    sent = {"reference": "MoU 2", "valid_from": "2026-01-01", "valid_until": "2025-01-01"}
    assert client.post(address, json=sent, headers=admin).status_code == 422
    assert client.post(address, json=sent | {"valid_until": None}, headers=admin).status_code == 201
