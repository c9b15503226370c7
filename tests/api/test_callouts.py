from datetime import timedelta
from typing import Any

import pytest

from mobilize.domain.sentences import LANGUAGES
from mobilize.domain.vocabulary import AccountRole
from mobilize.services import dispatch
from mobilize.services.ports import FastForwardClock
from mobilize.services.runtime import now
from tests.services.scripted import SENDER, Script, use
from tests.world import LAT, World

from .conftest import Program, problems


def in_hours(hours: float) -> str:
    return (now() + timedelta(hours=hours)).isoformat()


def test_a_callout_goes_from_draft_to_stand_down(
    coordinator: Program, ten_medics: dict[str, Any], world: World
) -> None:
    world.volunteer("Ana")
    drafted = coordinator.post("/callouts", ten_medics)
    assert drafted.status_code == 201
    path = f"/callouts/{drafted.get_json()['id']}"
    assert drafted.get_json()["needs"][0]["skill"] == "medic"
    assert coordinator.get(f"{path}/plan").get_json()["eligible"] == 1
    assert coordinator.post(f"{path}/launch").get_json()["status"] == "asking"
    board = coordinator.get(f"{path}/board").get_json()
    assert (board["asked"], board["counts"], board["recipients"][0]["name"]) == (1, {"asked": 1}, "Ana Test")
    assert coordinator.post(f"{path}/ask-more", {"count": 5}).get_json() == {"asked": 0}
    assert coordinator.post(f"{path}/stand-down").get_json()["status"] == "ended"
    assert coordinator.post(f"{path}/stand-down").status_code == 409


def test_an_unchanged_board_costs_no_body(coordinator: Program, world: World) -> None:
    path = f"/callouts/{world.callout().id}"
    first = coordinator.get(f"{path}/board")
    again = coordinator.get(f"{path}/board", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    coordinator.post(f"{path}/launch")
    changed = coordinator.get(f"{path}/board", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200


def test_an_authority_sees_no_phones_and_no_homes(
    authority: Program, coordinator: Program, world: World
) -> None:
    emergency = world.emergency(authority_id=world.authority().id)
    world.volunteer("Ana")
    path = f"/callouts/{world.callout(emergency=emergency).id}"
    coordinator.post(f"{path}/launch")
    board = authority.get(f"{path}/board").get_json()
    assert (board["asked"], board["recipients"]) == (1, [])
    assert "latest_inbound" not in board
    assert authority.get("/recipients").get_json()["items"] == []


def test_a_callout_of_another_section_does_not_exist(stranger: Program, world: World) -> None:
    path = f"/callouts/{world.callout().id}"
    for address in (
        path,
        f"{path}/plan",
        f"{path}/board",
        f"{path}/explain?volunteer_id=1",
        f"{path}/reach?eligible=1",
    ):
        assert stranger.get(address).status_code == 404
    for address in (f"{path}/launch", f"{path}/stand-down"):
        assert stranger.post(address).status_code == 404
    assert stranger.post(f"{path}/ask-more", {"count": 1}).status_code == 404


def test_why_was_someone_not_called(coordinator: Program, world: World) -> None:
    path = f"/callouts/{world.callout().id}"
    far = world.volunteer("Far", lat=0, lon=0)
    told = coordinator.get(f"{path}/explain?volunteer_id={far.id}").get_json()
    assert told["may_be_called"] is False
    assert told["reasons"] == [{"code": "outside_area", "sentence": "is outside the area"}]
    assert (told["decided_now"], told["looks"], told["asked"]) == (True, [], None)


def test_why_was_someone_called_or_not_as_it_stood_then(
    coordinator: Program, world: World, clock: FastForwardClock
) -> None:
    ana, held = world.volunteer("Ana"), world.volunteer("Held", consent_at=None)
    path = f"/callouts/{world.callout().id}"
    coordinator.post(f"{path}/launch")
    at = now().isoformat()
    clock.advance(hours=1)
    told = coordinator.get(f"{path}/explain?volunteer_id={held.id}").get_json()
    assert (told["may_be_called"], told["decided_now"], told["as_of"]) == (False, False, at)
    assert [reason["code"] for reason in told["looks"][0]["reasons"]] == ["no_consent"]
    asked = coordinator.get(f"{path}/explain?volunteer_id={ana.id}").get_json()
    assert (asked["may_be_called"], asked["asked"]) == (True, {"wave": 1, "at": at})


def test_how_far_one_must_look_for_enough_people(coordinator: Program, world: World) -> None:
    for n in range(4):
        world.volunteer(str(n), lat=LAT + n / 10)
    path = f"/callouts/{world.callout().id}"
    found = coordinator.get(f"{path}/reach?eligible=3").get_json()
    assert (found["wanted"], found["enough"], found["eligible"], found["by_need"]) == (3, True, 3, {"medic": 3})
    assert 22_000 < found["radius_m"] < 22_500
    assert found["rings"][-1]["radius_m"] == found["radius_m"]
    assert list(problems(coordinator.get(f"{path}/reach?eligible=0"))) == ["eligible"]
    assert list(problems(coordinator.get(f"{path}/reach?eligible=1&limit_m=-1"))) == ["limit_m"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"needs": []}, "needs"),
        ({"needs": [{"skill": "wizard", "headcount": 1}]}, "needs.0.skill"),
        ({"needs": [{"skill": "medic", "headcount": 0}]}, "needs.0.headcount"),
        ({"needs": [{"skill": "medic", "headcount": 10_000_000}]}, "needs.0.headcount"),
        ({"needs": [{"skill": "medic", "headcount": 1.5}]}, "needs.0.headcount"),
        ({"needs": [{"skill": "medic", "headcount": 1}, {"skill": "medic", "headcount": 2}]}, "needs.1.skill"),
        ({"wording": "x" * 5000}, "wording"),
        ({"wording": "Come to {nowhere}"}, "wording"),
        ({"rendezvous": ""}, "rendezvous"),
        ({"rendezvous_lat": 90.1}, "rendezvous_lat"),
        ({"rendezvous_lon": -181}, "rendezvous_lon"),
        ({"arrive_by": "2026-11-24T12:00:00"}, "arrive_by"),
        ({"arrive_by": "soon"}, "arrive_by"),
        ({"arrive_by": "2026-11-24T08:59:00+00:00"}, "arrive_by"),
        ({"arrive_by": "2027-11-24T08:59:00+00:00"}, "arrive_by"),
        ({"mode": "psychic"}, "mode"),
        ({"confidence": 1}, "confidence"),
    ],
)
@pytest.mark.parametrize("address", ["/callouts", "/callouts/preview"])
def test_impossible_values_are_named(
    coordinator: Program, ten_medics: dict[str, Any], change: dict[str, Any], field: str, address: str
) -> None:
    assert list(problems(coordinator.post(address, ten_medics | change))) == [field]


def test_a_preview_shows_a_text_for_each_language_and_stores_nothing(
    coordinator: Program, ten_medics: dict[str, Any]
) -> None:
    texts = coordinator.post("/callouts/preview", ten_medics).get_json()
    assert {text["language"] for text in texts} == set(LANGUAGES)
    assert coordinator.get("/callouts").get_json()["total"] == 0


def test_a_volunteer_reads_only_their_own_part(coordinator: Program, world: World, app: Any) -> None:
    ana, _ben = world.volunteer("Ana"), world.volunteer("Ben")
    coordinator.post(f"/callouts/{world.callout({'medic': 5}).id}/launch")
    own = Program(app.test_client(), world.token(world.account(AccountRole.VOLUNTEER, volunteer=ana)))
    assert [r["name"] for r in own.get("/recipients").get_json()["items"]] == ["Ana Test"]


def test_texts_are_listed_with_what_happened_to_them(
    coordinator: Program, stranger: Program, world: World
) -> None:
    world.volunteer("Ana")
    callout = world.callout()
    coordinator.post(f"/callouts/{callout.id}/launch")
    [text] = coordinator.get(f"/messages?callout_id={callout.id}&state=queued").get_json()["items"]
    assert coordinator.get(f"/messages/{text['id']}").get_json()["events"] == []
    use(Script())
    dispatch.send_due()
    told = coordinator.get(f"/messages/{text['id']}").get_json()
    assert (told["kind"], told["state"], told["sender"], told["attempt"]) == ("callout", "accepted", SENDER, 1)
    assert (told["doubt_since"], told["doubt_ending"], told["second_copies"]) == (None, None, 0)
    steps = [(step["from_state"], step["to_state"], step["cause"]) for step in told["events"]]
    assert steps == [("queued", "sending", "claim"), ("sending", "accepted", "answer")]
    assert coordinator.get(f"/messages/{text['id']}/events").get_json() == told["events"]
    assert stranger.get(f"/messages/{text['id']}").status_code == 404
    assert stranger.get(f"/messages/{text['id']}/events").status_code == 404
    assert coordinator.get("/messages/inbox?intent=unclear").get_json()["items"] == []
