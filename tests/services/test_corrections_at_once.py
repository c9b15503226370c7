"""Coordinators at the inbox while people write: no deadlock, and a form that is sent twice sends one text."""

import random
import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from mobilize.domain.errors import MobilizeError
from mobilize.domain.vocabulary import Intent, MessageKind
from mobilize.extensions import db
from mobilize.models import AuditEntry, InboundMessage, Message
from mobilize.services import corrections, hand
from mobilize.services.access import SYSTEM
from mobilize.services.corrections import Reading
from mobilize.services.ports import FastForwardClock
from tests.world import World

from .conversing import launched, says
from .scripted import Script
from .test_many_hands import PEOPLE, Hands


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return {"plan_seconds": 3600}


def some_text(chance: random.Random) -> int | None:
    ids = db.session.scalars(select(InboundMessage.id).order_by(InboundMessage.id.desc()).limit(60)).all()
    db.session.rollback()
    return chance.choice(ids) if ids else None


def corrects(chance: random.Random) -> None:
    intent = chance.choice([i for i in Intent if i is not Intent.LEFT])
    if (found := some_text(chance)) is not None:
        corrections.correct(SYSTEM, found, Reading(intent), despite_newer=True)


def settles(chance: random.Random) -> None:
    if (found := some_text(chance)) is not None:
        hand.settle(SYSTEM, found, f"note {chance.random()}")


def replies(chance: random.Random) -> None:
    if (found := some_text(chance)) is not None:
        hand.reply(SYSTEM, found, "Please wait.", f"key-{found:06d}")


def refused_or(work: Any) -> Any:
    """A refusal is an answer, too."""

    def tried(chance: random.Random) -> None:
        try:
            work(chance)
        except MobilizeError:
            db.session.rollback()

    return tried


def test_no_deadlock_between_the_inbox_and_those_who_write(
    app: Flask, world: World, clock: FastForwardClock
) -> None:
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer")
    for number in range(PEOPLE):
        world.volunteer(f"Person {number}")
    for _ in range(2):
        launched(world, medics=8)
    db.session.remove()
    hands = Hands(app, clock, Script())
    acts = [refused_or(work) for work in (corrects, corrects, settles, replies)]
    hands.all_at_once(hands.answers, hands.answers, *acts)
    assert hands.faults == []
    corrected = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "inbound.correct")
    assert db.session.scalar(corrected)


def test_two_clicks_at_once_send_one_text(app: Flask, world: World) -> None:
    ana = world.volunteer("Ana")
    launched(world)
    text = says(ana, "where?").id
    db.session.remove()
    together, failed = threading.Barrier(4), []

    def click() -> None:
        with app.app_context():
            together.wait()
            try:
                hand.reply(SYSTEM, text, "At gate 3", "one-and-the-same")
            except Exception as error:  # noqa: BLE001 - whatever it was, the test tells it
                failed.append(error)

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert failed == []
    sent = select(func.count()).select_from(Message).where(Message.kind == MessageKind.BY_HAND)
    assert db.session.scalar(sent) == 1
