"""Engines, webhooks and coordinators at the same callouts at once: no deadlock, and each text goes once."""

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from mobilize.domain.delivery import Deferred, ErrorClass, OutboundText, ProviderRecord, Refused, SendOutcome
from mobilize.domain.errors import Conflict
from mobilize.extensions import db
from mobilize.services import callouts, dispatch, inbox, receipts, reconcile, reminders, waves
from mobilize.services.access import SYSTEM
from mobilize.services.dispatch import Dispatcher
from mobilize.services.ports import FastForwardClock
from mobilize.services.runtime import now
from tests.world import World

from .scripted import Script, sid_of, taken, texts, use

PEOPLE = 40
SECONDS = 2.0


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return {
        "sender_rates": "short_code=100000",
        "plan_seconds": 3600,
        "silent_reminder_minutes": 0.1,
        "overdue_minutes": 0.1,
        "check_out_hours": 0.05,
        "check_out_grace_minutes": 0.1,
        "longest_shift_hours": 0.05,
    }


class Hands:
    """What goes on at the same time, each in a thread of its own, until the time is up."""

    def __init__(self, app: Flask, clock: FastForwardClock, script: Script) -> None:
        self.app, self.clock, self.script = app, clock, script
        self.faults: list[BaseException] = []
        self.ending = threading.Event()
        self.numbers = itertools.count(1)

    def all_at_once(self, *works: Callable[[random.Random], object]) -> None:
        threads = [
            threading.Thread(target=self._works, args=(work, number)) for number, work in enumerate(works)
        ]
        for thread in threads:
            thread.start()
        time.sleep(SECONDS)
        self.ending.set()
        for thread in threads:
            thread.join(timeout=30)
            assert not thread.is_alive(), "somebody waits for ever"

    def _works(self, work: Callable[[random.Random], object], seed: int) -> None:
        chance = random.Random(seed)
        with self.app.app_context():
            while not self.ending.is_set():
                try:
                    work(chance)
                except Conflict:
                    db.session.rollback()
                except Exception as error:  # noqa: BLE001 - whatever it was, the test tells it
                    self.faults.append(error)
                    db.session.rollback()
                finally:
                    db.session.remove()

    def reports(self, chance: random.Random) -> None:
        """Several reports in one transaction, as a writer that commits in groups stores them."""
        given = self.script.given[:]
        receipts.keep([self._report(chance.choice(given), chance) for _ in range(4)] if given else [])
        db.session.commit()

    def _report(self, text: OutboundText, chance: random.Random) -> receipts.Report:
        word, code = chance.choice(
            [("sent", None), ("delivered", None), ("undelivered", 30003), ("failed", 30001)]
        )
        return receipts.Report(
            sid_of(text.message_id, text.attempt), word, code, text.message_id, text.attempt, text.to
        )

    def answers(self, chance: random.Random) -> None:
        phone = f"+3556920{chance.randint(1, PEOPLE):05d}"
        body = chance.choice(["1", "2", "1 20", "3", "4", "5", "what?", "STOP", "START", "START"])
        inbox.store_inbound(
            sid=f"IN{next(self.numbers)}", from_phone=phone, to_phone="77777", body=body, raw={}
        )
        inbox.understand_pending(limit=5)

    def looks(self, _chance: random.Random) -> None:
        self.clock.advance(seconds=2)
        reconcile.look_up_due()
        dispatch.release_leases()
        dispatch.expire_overdue()

    def reminds(self, _chance: random.Random) -> None:
        reminders.remind_due()

    def applies(self, _chance: random.Random) -> None:
        receipts.apply_pending()


def moody(clock: FastForwardClock) -> Script:
    """A provider that mostly takes texts."""
    script, dice = Script(), random.Random(7)

    def answer(text: OutboundText) -> SendOutcome:
        drawn = dice.random()
        if drawn < 0.1:
            return Deferred(ErrorClass.NOT_PROCESSED, 20429, "too many requests")
        if drawn < 0.15:
            return Refused(ErrorClass.FILTERED, 30007, "filtered")
        if drawn < 0.18:
            return Refused(ErrorClass.CONFIGURATION, 21408, "no permission")
        if drawn < 0.22:
            return Refused(ErrorClass.CONSENT, 21610, "opted out")
        accepted = taken(text)
        script.records.append(ProviderRecord(accepted.sid, text.to, text.body, "sent", None, clock.now()))
        return accepted

    script.answer = answer
    return script


def test_no_deadlock_and_no_text_twice(app: Flask, world: World, clock: FastForwardClock) -> None:
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer")
    script = moody(clock)
    use(script)
    for number in range(PEOPLE):
        world.volunteer(f"Person {number}")
    running = [world.callout({"medic": 8}).id for _ in range(4)]
    for callout_id in running:
        callouts.launch(SYSTEM, callout_id)
    drafts = [world.callout({"medic": 8}).id for _ in range(40)]
    db.session.remove()
    hands = Hands(app, clock, script)

    def coordinates(chance: random.Random) -> None:
        if len(running) > 3:
            callouts.stand_down(SYSTEM, running.pop(chance.randrange(len(running))))
        elif drafts:
            callouts.launch(SYSTEM, drafts[-1])
            running.append(drafts.pop())
        time.sleep(0.15)

    def sends(_chance: random.Random) -> None:
        Dispatcher().run_dry()

    hands.all_at_once(
        sends, sends, hands.applies, hands.applies, hands.reports, hands.reports, hands.answers, hands.looks,
        hands.looks, coordinates, lambda _: waves.advance(now()), hands.reminds, hands.reminds,
    )  # fmt: skip
    assert hands.faults == [], [str(fault)[:400] for fault in hands.faults[:5]]
    attempts = Counter((text.message_id, text.attempt) for text in script.given)
    assert len(attempts) > PEOPLE
    assert max(attempts.values()) == 1
    stored = {text.id: text.attempt for text in texts()}
    assert all(attempt <= stored[message_id] for message_id, attempt in attempts)
