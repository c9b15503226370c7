"""``flask plan``: a dry run on the command line."""

import json

from flask import Flask

from tests.world import World


def test_it_says_whom_a_launch_would_ask(app: Flask, world: World) -> None:
    for _ in range(6):
        world.volunteer()
    world.volunteer(consent_at=None)
    callout = world.callout({"medic": 2})
    result = app.test_cli_runner().invoke(args=["plan", str(callout.id)])
    assert result.exit_code == 0, result.output
    assert "6 of 7 people may be called" in result.output
    assert "no consent: 1" in result.output


def test_as_json_it_has_everything(app: Flask, world: World) -> None:
    world.people_answer(chance=0.9)
    for _ in range(6):
        world.volunteer()
    callout = world.callout({"medic": 2})
    found = json.loads(app.test_cli_runner().invoke(args=["plan", "--json", str(callout.id)]).output)
    assert found["sure"] > 0.99
    assert 2 <= found["first_wave"] < 6
    assert [choice["confidence"] for choice in found["choices"]] == [0.8, 0.9, 0.95, 0.99, None]
    assert found["choices"][-1]["at_once"] == 6


def test_an_unknown_callout_is_an_error(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["plan", "999"])
    assert result.exit_code == 1
    assert "999" in result.output
