"""The inbox for programs."""

from typing import Any

import pytest

from mobilize.domain.vocabulary import RecipientState
from mobilize.models import InboundMessage, Volunteer
from tests.services.conversing import launched, place_of, says
from tests.world import World

from .conftest import Program, problems


@pytest.fixture
def ana(world: World) -> Volunteer:
    return world.volunteer("Ana")


@pytest.fixture
def text(world: World, ana: Volunteer) -> InboundMessage:
    launched(world)
    return says(ana, "mumble")


def items(program: Program, query: str = "") -> list[dict[str, Any]]:
    answer = program.get(f"/inbox{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.get_json()["items"]
    return found


def test_listed_and_read(coordinator: Program, ana: Volunteer, text: InboundMessage) -> None:
    (one,) = items(coordinator, "?show=to_read&text=ana")
    assert (one["body"], one["intent"], one["settled_at"]) == ("mumble", "unclear", None)
    assert coordinator.get(f"/inbox/{text.id}").get_json() == one
    assert items(coordinator, "?show=corrected") == []
    assert items(coordinator, f"?volunteer_id={ana.id + 1}") == []


def test_corrected(coordinator: Program, ana: Volunteer, text: InboundMessage) -> None:
    answer = coordinator.post(f"/inbox/{text.id}/correct", {"intent": "accept", "eta_minutes": 15})
    assert answer.status_code == 200
    told = answer.get_json()
    assert (told["intent"], told["machine_intent"], told["eta_minutes"]) == ("accept", "unclear", 15)
    assert place_of(ana).state is RecipientState.ACCEPTED


def test_a_later_answer_is_a_conflict(coordinator: Program, ana: Volunteer, text: InboundMessage) -> None:
    says(ana, "1")
    path, wish = f"/inbox/{text.id}/correct", {"intent": "decline"}
    refused = coordinator.post(path, wish)
    assert refused.status_code == 409
    assert "has answered since" in refused.get_json()["error"]["message"]
    assert coordinator.post(path, wish | {"despite_newer": True}).status_code == 200


def test_moved(coordinator: Program, world: World, ana: Volunteer, text: InboundMessage) -> None:
    second = place_of(ana, launched(world, rendezvous="Airport")).id
    moved = coordinator.post(f"/inbox/{text.id}/reassign", {"recipient_id": second})
    assert moved.get_json()["recipient_id"] == second


def test_answered_once(coordinator: Program, text: InboundMessage) -> None:
    wish = {"body": "At gate 3", "key": "0123-4567"}
    first, second = (coordinator.post(f"/inbox/{text.id}/reply", wish) for _ in range(2))
    assert first.status_code == 201
    assert first.get_json()["kind"] == "by_hand"
    assert first.get_json()["id"] == second.get_json()["id"]


def test_linked_and_settled(coordinator: Program, ana: Volunteer, text: InboundMessage) -> None:
    other = says("+355699999999", "1")
    linked = coordinator.post(f"/inbox/{other.id}/link", {"volunteer_id": ana.id})
    assert linked.get_json()["intent"] == "accept"
    settled = coordinator.post(f"/inbox/{text.id}/settle", {"note": "phoned"})
    assert settled.get_json()["effect"] == "phoned"
    assert items(coordinator, "?show=to_read") == []


@pytest.mark.parametrize(
    ("act", "wish", "field"),
    [
        ("correct", {}, "intent"),
        ("correct", {"intent": "perhaps"}, "intent"),
        ("correct", {"intent": "decline", "eta_minutes": 5}, "eta_minutes"),
        ("correct", {"intent": "accept", "eta_minutes": 5.5}, "eta_minutes"),
        ("correct", {"intent": "accept", "eta_minutes": 1441}, "eta_minutes"),
        ("correct", {"intent": "accept", "minutes": 5}, "minutes"),
        ("reply", {"body": "", "key": "12345678"}, "body"),
        ("reply", {"body": "x" * 460, "key": "12345678"}, "body"),
        ("reply", {"body": "x", "key": "1:2"}, "key"),
        ("reassign", {}, "recipient_id"),
        ("link", {"volunteer_id": "x"}, "volunteer_id"),
        ("settle", {"note": "x" * 201}, "note"),
    ],
)
def test_what_is_wrong_is_named(
    coordinator: Program, text: InboundMessage, act: str, wish: dict[str, Any], field: str
) -> None:
    assert list(problems(coordinator.post(f"/inbox/{text.id}/{act}", wish))) == [field]


def test_strangers_find_nothing(stranger: Program, ana: Volunteer, text: InboundMessage) -> None:
    place, whose = place_of(ana).id, ana.id
    assert items(stranger) == []
    for act, wish in {
        "correct": {"intent": "accept"},
        "reply": {"body": "x", "key": "12345678"},
        "reassign": {"recipient_id": place},
        "link": {"volunteer_id": whose},
        "settle": {},
    }.items():
        assert stranger.post(f"/inbox/{text.id}/{act}", wish).status_code == 404


def test_a_callout_of_others_is_not_there(stranger: Program, world: World) -> None:
    assert stranger.get(f"/inbox?callout_id={world.callout().id}").status_code == 404
