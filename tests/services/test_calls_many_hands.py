"""Engines, webhooks and a coordinator at the same calls at once: no deadlock, and each call goes once."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from mobilize.domain.calling import CallOutcome, OutboundCall, Placed, Turn
from mobilize.domain.delivery import Deferred, ErrorClass, Unclear
from mobilize.domain.errors import Conflict
from mobilize.domain.vocabulary import CalloutMode
from mobilize.engine import ticks
from mobilize.extensions import db
from mobilize.models import InboundMessage, VoiceCall
from mobilize.services import call_keys, call_reports, callouts, inbox
from mobilize.services.access import SYSTEM
from mobilize.services.ports import FastForwardClock
from mobilize.services.runtime import runtime
from tests.world import World

from .scripted import Script, use
from .scripted_calls import VoiceScript, sid_of

PEOPLE = 30
SECONDS = 3.0


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return {
        "voice_calls_per_second": 100,
        "voice_calls_at_once": 8,
        "plan_seconds": 3600,
        "doubt_look_seconds": 1,
    }


class Exchange(VoiceScript):
    """Takes most calls, now and then with an answer that is lost; several threads may ask it."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[OutboundCall] = []
        self._chance = random.Random(1)
        self._lock = threading.Lock()

    def place(self, call: OutboundCall) -> CallOutcome:
        with self._lock:
            fate = self._chance.random()
            if fate < 0.1:
                return Deferred(ErrorClass.NOT_PROCESSED, 20429, "slow down")
            self.taken.append(call)
            self.lists_taken(call)
        time.sleep(0.002)
        return Unclear("the answer was lost") if fate < 0.2 else Placed(sid_of(call.call_id))

    def lists_taken(self, call: OutboundCall) -> None:
        row = db.session.get_one(VoiceCall, call.call_id)
        self.lists(row, "ringing")
        db.session.commit()


def all_at_once(app: Flask, *works: Callable[[random.Random], object]) -> list[BaseException]:
    """Each in a thread of its own, again and again until the time is up; returns what went wrong."""
    faults: list[BaseException] = []
    ending = threading.Event()

    def go_on(work: Callable[[random.Random], object], seed: int) -> None:
        chance = random.Random(seed)
        with app.app_context():
            while not ending.is_set():
                try:
                    work(chance)
                except Conflict:
                    db.session.rollback()
                except Exception as error:  # noqa: BLE001 - whatever it was, the test tells it
                    faults.append(error)
                    db.session.rollback()
                finally:
                    db.session.remove()
                    time.sleep(0.003)

    threads = [threading.Thread(target=go_on, args=(work, number)) for number, work in enumerate(works)]
    for thread in threads:
        thread.start()
    time.sleep(SECONDS)
    ending.set()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive(), "somebody waits for ever"
    return faults


def test_each_call_goes_once_whoever_works_at_it(app: Flask, world: World, clock: FastForwardClock) -> None:
    use(Script())
    exchange = Exchange()
    runtime().voice = exchange
    people = [world.volunteer(f"P{number}").phone for number in range(PEOPLE)]
    callout_id = world.callout({"medic": PEOPLE}, mode=CalloutMode.EVERYONE, voice_after_minutes=10).id
    callouts.launch(SYSTEM, callout_id)
    ticks.run_once()
    clock.advance(minutes=10)
    db.session.remove()

    def engine(_chance: random.Random) -> None:
        # Not through `ticks`, which tells faults to the log alone.
        for tick in ticks.CALLING.values():
            tick()

    def provider(chance: random.Random) -> None:
        if exchange.taken:
            call = chance.choice(exchange.taken)
            word = chance.choice(["initiated", "in-progress", "completed", "busy", "no-answer"])
            call_reports.report(
                call_id=call.call_id, sid=sid_of(call.call_id), status=word, to_phone=call.to, duration_s=30
            )

    def person(chance: random.Random) -> None:
        if exchange.taken:
            call = chance.choice(exchange.taken)
            call_keys.pressed(
                call_id=call.call_id,
                sid=sid_of(call.call_id),
                to_phone=call.to,
                turn=Turn(),
                keys=chance.choice(["1", "2", "3", "9", ""]),
            )

    def texter(chance: random.Random) -> None:
        sid = f"IN{chance.getrandbits(60):032d}"
        body = chance.choice(["1", "2"])
        inbox.store_inbound(sid=sid, from_phone=chance.choice(people), to_phone="77777", body=body, raw={})
        inbox.understand_pending()
        time.sleep(0.05)

    def coordinator(chance: random.Random) -> None:
        chance.choice([callouts.stop_asking, callouts.resume_asking])(SYSTEM, callout_id)
        time.sleep(0.02)

    def hours(_chance: random.Random) -> None:
        clock.advance(seconds=1)
        time.sleep(0.01)

    faults = all_at_once(app, engine, engine, provider, person, texter, coordinator, hours)
    assert faults == []
    assert exchange.taken
    placed = Counter(call.call_id for call in exchange.taken)
    assert [call_id for call_id, times in placed.items() if times > 1] == []
    attempts = Counter(
        db.session.scalars(select(VoiceCall.recipient_id).where(VoiceCall.claimed_at.is_not(None)))
    )
    assert max(attempts.values()) <= runtime().settings.voice_attempts
    assert db.session.scalars(select(InboundMessage).where(InboundMessage.understood_at.is_(None))).all() == []
