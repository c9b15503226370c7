"""Confidence, promises and steering over the interface."""

from tests.world import World

from .conftest import Program


def test_what_was_asked_and_promised_is_told(coordinator: Program, world: World) -> None:
    world.people_answer(chance=0.4)
    for n in range(30):
        world.volunteer(f"M{n}")
    callout = world.callout({"medic": 3}, most_asked=25)
    path = f"/callouts/{callout.id}"
    plan = coordinator.get(f"{path}/plan").get_json()
    assert plan["sure"] > 0.9
    assert [choice["confidence"] for choice in plan["choices"]] == [0.8, 0.9, 0.95, 0.99, None]
    coordinator.post(f"{path}/launch")
    found = coordinator.get(path).get_json()
    assert found["promised"] == found["fill_probability"] > 0.9
    assert found["most_asked"] == 25
    board = coordinator.get(f"{path}/board").get_json()
    assert board["needs"][0]["fill_probability"] > 0.9
    assert board["callout"]["waves"][0]["size"] == plan["first_wave"]


def test_asking_is_stopped_resumed_and_limited(coordinator: Program, world: World) -> None:
    world.volunteer("Ana")
    callout = world.callout({"medic": 3})
    path = f"/callouts/{callout.id}"
    assert coordinator.post(f"{path}/stop-asking").status_code == 409
    coordinator.post(f"{path}/launch")
    assert coordinator.post(f"{path}/stop-asking").get_json()["asking_stopped_at"]
    assert coordinator.post(f"{path}/resume-asking").get_json()["asking_stopped_at"] is None
    assert coordinator.post(f"{path}/limit", {"most_asked": 5}).get_json()["most_asked"] == 5
    assert coordinator.post(f"{path}/limit", {"most_asked": 0}).status_code == 422
    assert coordinator.post(f"{path}/limit", {"most_asked": None}).get_json()["most_asked"] is None


def test_a_forecast_and_the_burden_are_told(coordinator: Program, world: World) -> None:
    for n in range(8):
        world.volunteer(f"M{n}")
    asked = "lat=41.31&lon=19.44&skill=medic&wanted=2"
    assert coordinator.get(f"/readiness/forecast?{asked}").get_json()["people"] == 5
    assert coordinator.get(f"/readiness/forecast?{asked}&within_min=0").status_code == 422
    assert coordinator.get("/sections/burden").get_json()["overall"]["asks"] == 0
    assert coordinator.get("/sections/burden?days=0").status_code == 422
