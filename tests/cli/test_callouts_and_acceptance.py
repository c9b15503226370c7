"""``flask callouts audit`` and ``flask acceptance``: promises and guesses, and whether they held."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from mobilize.domain.vocabulary import RecipientState
from mobilize.extensions import db
from mobilize.models import Callout, Recipient
from mobilize.services import callouts, places
from mobilize.services.access import SYSTEM
from mobilize.services.ports import FastForwardClock
from mobilize.services.runtime import now
from tests.world import World


def run(app: Flask, *args: str) -> Any:
    result = app.test_cli_runner().invoke(args=[*args, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def launched(world: World, **changes: Any) -> Callout:
    return callouts.launch(SYSTEM, world.callout({"medic": 1}, **changes).id)


def says_yes(callout: Callout) -> None:
    recipient = db.session.query(Recipient).filter_by(callout_id=callout.id).first()
    assert recipient is not None
    recipient.state, recipient.answered_at = RecipientState.ACCEPTED, now()
    places.settle(callout)
    db.session.commit()


def test_promises_are_compared_with_what_came(app: Flask, world: World, clock: FastForwardClock) -> None:
    for _ in range(6):
        world.volunteer()
    kept, broken, cut_short = launched(world), launched(world), launched(world)
    says_yes(kept)
    callouts.stand_down(SYSTEM, cut_short.id)
    assert run(app, "callouts", "audit")["count"] == 0, "what still runs is not judged"
    clock.advance(hours=48)
    found = run(app, "callouts", "audit")
    assert (found["count"], found["kept"], found["left_out"]) == (2, 0.5, 1)
    assert broken.promised is not None
    assert run(app, "callouts", "audit", "--drills")["count"] == 0


def test_the_picture_is_written(app: Flask, tmp_path: Path) -> None:
    picture = tmp_path / "promises.svg"
    result = app.test_cli_runner().invoke(args=["callouts", "audit", "--picture", str(picture)])
    assert "No call-out with a promise is over yet" in result.output
    assert picture.read_text().startswith("<svg")


def test_what_is_believed_at_first(app: Flask) -> None:
    found = run(app, "acceptance", "report")
    assert found["learned_at"] is None
    assert found["model"]["nearby_by_day"] == pytest.approx(0.22)
    assert found["verdicts"]["stated"]["people"] == 0
    assert "first beliefs" in app.test_cli_runner().invoke(args=["acceptance", "report"]).output


def test_it_learns_from_what_is_over(app: Flask, world: World, clock: FastForwardClock) -> None:
    for _ in range(20):
        world.volunteer()
    callout = callouts.launch(SYSTEM, world.callout({"medic": 5}).id)
    clock.advance(minutes=3)
    says_yes(callout)
    clock.advance(hours=48)
    assert "real call-outs: learned from" in app.test_cli_runner().invoke(args=["acceptance", "learn"]).output
    found = run(app, "acceptance", "report")
    assert found["learned_from"] > 0
    assert found["verdicts"]["stated"]["people"] > 0
    assert found["model"]["median_delay_s"] != pytest.approx(240)
