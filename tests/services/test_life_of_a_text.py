"""Whatever happens to a text, in whatever order: its history has no gap, is legal, and ends where it stands."""

import random
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import select, text

from mobilize.domain.delivery import (
    Cause,
    Deferred,
    ErrorClass,
    MessageState,
    OutboundText,
    Refused,
    SendOutcome,
    Unclear,
    may_become,
)
from mobilize.domain.errors import Conflict
from mobilize.domain.vocabulary import AlarmKind, MessageKind
from mobilize.extensions import db
from mobilize.models import Message, MessageEvent
from mobilize.services import alarms, callouts, dispatch, receipts, reconcile
from mobilize.services.access import SYSTEM
from mobilize.services.dispatch import Dispatcher
from mobilize.services.ports import FastForwardClock
from tests.world import World

from .scripted import Script, keep, sid_of, taken, use

LIVES = 60
EVENTS_A_LIFE = 14

OUTCOMES: Sequence[Callable[[OutboundText], SendOutcome]] = (
    taken,
    taken,
    lambda text: Unclear("reset"),
    lambda text: Deferred(ErrorClass.NOT_PROCESSED, 20429, "too many requests"),
    lambda text: Deferred(ErrorClass.UNREACHABLE, None, "connection refused"),
    lambda text: Refused(ErrorClass.CONFIGURATION, 20003, "authenticate"),
    lambda text: Refused(ErrorClass.PAIR, 21612, "not reachable"),
    lambda text: Refused(ErrorClass.BODY, 21617, "too long"),
)
REPORTS = (
    ("sent", None),
    ("delivered", None),
    ("undelivered", 30003),
    ("failed", 30001),
    ("undelivered", 30007),
    ("failed", 30036),
    ("canceled", None),
    ("sending", None),
)


class Fate:
    """Throws events at all texts of a callout, by chance."""

    def __init__(self, seed: int, script: Script, clock: FastForwardClock, callout_id: int) -> None:
        self.chance = random.Random(seed)
        self.script, self.clock, self.callout_id = script, clock, callout_id
        self.dispatchers = [Dispatcher(), Dispatcher()]
        script.answer = self.answers_by_chance
        self.deeds = (
            self.sends, self.sends, self.sends, self.answers, self.reports, self.reports, self.waits,
            self.waits, self.loses_leases, self.looks, self.resumes, self.stands_down,
        )  # fmt: skip

    def answers_by_chance(self, text: OutboundText) -> SendOutcome:
        return self.chance.choice(OUTCOMES)(text)

    def strikes(self) -> None:
        self.chance.choice(self.deeds)()
        db.session.commit()

    def sends(self) -> None:
        self.script.holding = self.chance.random() < 0.5
        self.chance.choice(self.dispatchers).turn(0)

    def answers(self) -> None:
        self.chance.shuffle(self.script.held)
        self.script.release()
        for dispatcher in self.dispatchers:
            dispatcher.turn(0)

    def reports(self) -> None:
        for message in db.session.scalars(select(Message).where(Message.attempt > 0)).all():
            if self.chance.random() < 0.3:
                word, code = self.chance.choice(REPORTS)
                attempt = self.chance.randint(1, message.attempt)
                keep(message, word, attempt=attempt, sid=sid_of(message.id, attempt), code=code)
        if self.chance.random() < 0.8:
            receipts.apply_pending()

    def waits(self) -> None:
        self.clock.advance(seconds=self.chance.choice((2, 40, 400)))

    def loses_leases(self) -> None:
        self.clock.advance(seconds=130)
        dispatch.release_leases()
        dispatch.expire_overdue()

    def looks(self) -> None:
        self.script.unreachable = self.chance.random() < 0.5
        reconcile.look_up_due()

    def resumes(self) -> None:
        for alarm in alarms.open_alarms():
            alarms.clear(AlarmKind.SENDER_PAUSED, alarm.subject)

    def stands_down(self) -> None:
        if self.chance.random() < 0.1:
            try:
                callouts.stand_down(SYSTEM, self.callout_id)
            except Conflict:
                db.session.rollback()


@pytest.mark.parametrize("seed", [1, 2])
def test_every_life_is_told_without_a_gap(
    script: Script, world: World, clock: FastForwardClock, seed: int
) -> None:
    use(script, Script("backup"))
    for number in range(LIVES // 4):
        world.volunteer(f"Person {number}")
    callout = world.callout({"medic": LIVES})
    callouts.launch(SYSTEM, callout.id)
    fate = Fate(seed, script, clock, callout.id)
    for _ in range(EVENTS_A_LIFE * 4):
        fate.strikes()
    db.session.expire_all()
    ends: set[MessageState] = set()
    for message in db.session.scalars(select(Message).order_by(Message.id)):
        state = MessageState.QUEUED
        for event in db.session.scalars(
            select(MessageEvent).where(MessageEvent.message_id == message.id).order_by(MessageEvent.id)
        ):
            assert event.from_state is state, f"a gap in the life of {message.id}"
            assert may_become(state, event.to_state), f"{state} to {event.to_state} by {event.cause}"
            assert event.cause in Cause
            state = event.to_state
        assert state is message.state, f"the events of {message.id} do not end where it stands"
        ends.add(state)
    assert len(ends) >= 3, "fate was too kind to prove anything"


def test_a_claim_is_one_attempt(script: Script, world: World, clock: FastForwardClock) -> None:
    for number in range(10):
        world.volunteer(f"Person {number}")
    callout = world.callout({"medic": 10})
    callouts.launch(SYSTEM, callout.id)
    fate = Fate(3, script, clock, callout.id)
    for _ in range(40):
        fate.strikes()
    claims = db.session.execute(
        text(
            "SELECT m.attempt, count(e.id) FROM message m LEFT JOIN message_event e "
            "ON e.message_id = m.id AND e.to_state = 'sending' GROUP BY m.id, m.attempt"
        )
    ).all()
    assert all(attempt == count for attempt, count in claims)
    given = [(one.message_id, one.attempt) for one in script.given]
    assert len(given) == len(set(given))
    assert db.session.scalars(select(Message.kind)).first() is MessageKind.CALLOUT
