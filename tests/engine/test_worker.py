"""The engine in threads of its own: quick to wake, hard to kill, and it leaves nothing behind."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from mobilize.domain.delivery import MessageState, OutboundText, ReceivedRecord, SendOutcome, Unclear
from mobilize.engine import Engine, ticks, worker
from mobilize.extensions import db
from mobilize.models import Message
from mobilize.services import callouts, heartbeats
from mobilize.services.access import SYSTEM
from tests.services.scripted import Script, queue, taken, use
from tests.world import World


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    """Ticks are so rare that whatever happens soon was woken."""
    return {"engine_tick_seconds": 5, "sender_rates": "short_code=100000"}


@pytest.fixture
def script(app: Flask) -> Script:
    script = Script()
    use(script)
    return script


@pytest.fixture
def engine(app: Flask, script: Script) -> Iterator[Engine]:
    engine = Engine(app)
    engine.start()
    yield engine
    db.session.remove()
    engine.stop()


def waits_for(happened: Callable[[], object], seconds: float = 10) -> float:
    """Wait until something has happened; returns how long that took, in seconds."""
    begin = time.monotonic()
    while not happened():
        assert time.monotonic() - begin < seconds, "it did not happen"
        db.session.remove()
        time.sleep(0.002)
    return time.monotonic() - begin


def states() -> set[MessageState]:
    found = set(db.session.scalars(select(Message.state)))
    db.session.remove()
    return found


def launch(world: World) -> None:
    callout_id = world.callout({"medic": 1}).id
    callouts.launch(SYSTEM, callout_id)
    db.session.remove()


def test_a_launch_reaches_the_provider_at_once(engine: Engine, script: Script, world: World) -> None:
    world.volunteer()
    waits_for(heartbeats.engine_seen)
    time.sleep(0.3)  # its first ticks are done
    launch(world)
    assert waits_for(lambda: script.given) < 1.0


def test_a_gateway_that_breaks_does_not_end_the_engine(engine: Engine, script: Script, world: World) -> None:
    def breaks(text: OutboundText) -> SendOutcome:
        raise RuntimeError("can't start new thread")

    script.answer = breaks
    world.volunteer()
    launch(world)
    waits_for(lambda: states() == {MessageState.UNKNOWN})
    script.answer = taken
    launch(world)
    waits_for(lambda: states() == {MessageState.UNKNOWN, MessageState.ACCEPTED})


def test_a_tick_that_breaks_does_not_end_the_engine(
    app: Flask, script: Script, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even with an error that nobody thought of."""
    broken = threading.Event()

    def breaks() -> int:
        broken.set()
        raise ZeroDivisionError

    monkeypatch.setattr(ticks, "URGENT", {"broken": breaks})
    world.volunteer()
    db.session.remove()
    engine = Engine(app)
    engine.start()
    try:
        assert broken.wait(5)
        launch(world)
        waits_for(lambda: script.given)
    finally:
        db.session.remove()
        engine.stop()


def test_a_provider_whose_lists_hang_holds_up_no_deadline(
    app: Flask, script: Script, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging, mended = threading.Event(), threading.Event()

    def hangs(since: datetime) -> list[ReceivedRecord]:
        hanging.set()
        mended.wait(20)
        return []

    monkeypatch.setattr(worker, "CALM_SECONDS", 0.05)
    monkeypatch.setattr(script, "received", hangs)
    engine = Engine(app)
    engine.start()
    try:
        assert hanging.wait(5)
        queue(world.volunteer(), minutes=0)
        waits_for(lambda: states() == {MessageState.EXPIRED}, seconds=5)
    finally:
        mended.set()
        db.session.remove()
        engine.stop()


def test_the_end_waits_for_the_answers_that_are_under_way(app: Flask, script: Script, world: World) -> None:
    script.holding = True
    queue(world.volunteer(), 3)
    db.session.remove()
    engine = Engine(app)
    engine.start()
    waits_for(lambda: len(script.held) == 3)
    db.session.remove()
    answers = threading.Timer(0.3, script.release)
    answers.start()
    engine.stop()
    answers.join()
    assert states() == {MessageState.ACCEPTED}


def test_the_end_signs_off(app: Flask, script: Script) -> None:
    engine = Engine(app)
    engine.start()
    assert heartbeats.engine_seen()
    db.session.remove()
    engine.stop()
    assert heartbeats.seconds_since_last() is None


def test_answers_in_doubt_are_recorded_by_the_end_too(app: Flask, script: Script, world: World) -> None:
    script.holding = True
    script.answer = lambda text: Unclear("reset")
    queue(world.volunteer(), 1)
    db.session.remove()
    engine = Engine(app)
    engine.start()
    waits_for(lambda: script.held)
    script.release()
    db.session.remove()
    engine.stop()
    assert states() == {MessageState.UNKNOWN}
