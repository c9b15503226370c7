from typing import Any

import pytest

from tests.world import World

from .conftest import Program, problems


def test_a_coordinator_declares_reads_and_ends(coordinator: Program, flood: dict[str, Any]) -> None:
    declared = coordinator.post("/emergencies", flood)
    assert declared.status_code == 201
    key = declared.get_json()["id"]
    assert coordinator.get(f"/emergencies/{key}").get_json()["title"] == "Flood on the Erzen"
    assert coordinator.post(f"/emergencies/{key}/end").get_json()["status"] == "ended"
    assert coordinator.post(f"/emergencies/{key}/cancel").status_code == 409


def test_emergencies_are_listed_by_page_and_filter(coordinator: Program, world: World) -> None:
    for number in range(3):
        world.emergency(title=f"Storm {number}", drill=number == 2)
    page = coordinator.get("/emergencies?per_page=2&drill=false&status=open").get_json()
    assert (page["total"], page["page"], [e["title"] for e in page["items"]]) == (2, 1, ["Storm 1", "Storm 0"])


def test_an_emergency_of_another_section_does_not_exist(
    coordinator: Program, stranger: Program, world: World
) -> None:
    key = world.emergency().id
    assert stranger.get(f"/emergencies/{key}").status_code == 404
    assert stranger.post(f"/emergencies/{key}/end").status_code == 404
    assert stranger.get("/emergencies").get_json()["total"] == 0


def test_declaring_for_a_foreign_section_is_refused(stranger: Program, flood: dict[str, Any]) -> None:
    assert stranger.post("/emergencies", flood).status_code == 404


def test_declaring_in_a_country_without_a_section_is_refused(
    coordinator: Program, flood: dict[str, Any]
) -> None:
    assert coordinator.post("/emergencies", flood | {"country": "GR"}).status_code == 403


def test_an_agreement_must_be_in_force(coordinator: Program, flood: dict[str, Any], world: World) -> None:
    lapsed = world.authority("old", in_force=False)
    refused = coordinator.post("/emergencies", flood | {"authority_id": lapsed.id})
    assert refused.status_code == 409
    assert "agreement" in refused.get_json()["error"]["message"]
    current = world.authority("new")
    assert coordinator.post("/emergencies", flood | {"authority_id": current.id}).status_code == 201


def test_an_authority_of_another_country_cannot_be_named(
    coordinator: Program, flood: dict[str, Any], world: World
) -> None:
    foreign = world.authority("it-civil", "IT")
    assert "authority_id" in problems(coordinator.post("/emergencies", flood | {"authority_id": foreign.id}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hazard", "dragon"),
        ("severity", "Terrible"),
        ("country", "Albania"),
        ("title", ""),
        ("title", "x" * 121),
        ("area", [1]),
        ("area", {"type": "circle", "lat": 91, "lon": 0, "radius_m": 1000}),
        ("area", {"type": "circle", "lat": 0, "lon": 0, "radius_m": 30_000_000}),
        ("area", {"type": "Polygon", "coordinates": []}),
        ("area", {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}),
        ("section_id", "1"),
        ("section_id", True),
    ],
)
def test_impossible_values_are_named(
    coordinator: Program, flood: dict[str, Any], field: str, value: Any
) -> None:
    assert list(problems(coordinator.post("/emergencies", flood | {field: value}))) == [field]
