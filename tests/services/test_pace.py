"""How fast texts go, in which order, and from which sender."""

import threading
from collections import Counter

import pytest
from flask import Flask
from sqlalchemy import select

from mobilize.extensions import db
from mobilize.models import Message
from mobilize.services import callouts, dispatch, senders
from mobilize.services.access import SYSTEM
from mobilize.services.dispatch import Dispatcher
from mobilize.services.outbox import Priority
from mobilize.services.ports import FastForwardClock
from tests.world import World

from .scripted import Script, queue, texts, use

LONG_CODES = ["+15005550006", "+15005550007", "+15005550008"]


def sent_in(seconds: int, script: Script, clock: FastForwardClock) -> int:
    """How many texts go out in so many seconds, after a first one has gone."""
    dispatch.send_due()
    before = len(script.given)
    for _ in range(seconds * 4):
        clock.advance(seconds=0.25)
        dispatch.send_due()
    return len(script.given) - before


class TestSegmentsASecond:
    @pytest.mark.parametrize(
        ("numbers", "body", "in_ten_seconds"),
        [(1, "Come.", 10), (3, "Come.", 30), (1, "Come. " * 40, 5)],
        ids=["a US long code sends one", "three send three", "two segments take two seconds"],
    )
    def test_a_text_waits_for_its_sender(
        self, world: World, clock: FastForwardClock, numbers: int, body: str, in_ten_seconds: int
    ) -> None:
        script = Script(senders=LONG_CODES[:numbers])
        use(script)
        queue(world.volunteer(), 60, body=body)
        assert abs(sent_in(10, script, clock) - in_ten_seconds) <= numbers

    def test_nothing_is_saved_up_while_nothing_is_sent(
        self, app: Flask, world: World, clock: FastForwardClock
    ) -> None:
        script = Script(senders=LONG_CODES[:1])
        use(script)
        clock.advance(hours=1)
        queue(world.volunteer(), 60)
        dispatch.send_due()
        assert len(script.given) == 1

    def test_the_engine_knows_when_there_is_room_again(
        self, app: Flask, world: World, clock: FastForwardClock
    ) -> None:
        """So that it sleeps until then, and not at every tick."""
        use(Script(senders=LONG_CODES[:1]))
        queue(world.volunteer(), 3, body="Come. " * 40)
        dispatcher = Dispatcher()
        dispatcher.run_dry()
        assert dispatcher.next_at is not None
        assert (dispatcher.next_at - clock.now()).total_seconds() == pytest.approx(1)


def test_one_phone_keeps_its_sender(app: Flask, world: World, clock: FastForwardClock) -> None:
    script = Script(senders=LONG_CODES)
    use(script)
    ana = world.volunteer()
    for number in range(8):
        queue(ana, name=f"text {number}", phone=ana.phone)
        dispatch.send_due()
        clock.advance(seconds=5)
    assert len({text.sender for text in script.given}) == 1


def test_several_phones_use_the_whole_pool(app: Flask, world: World, clock: FastForwardClock) -> None:
    script = Script(senders=LONG_CODES)
    use(script)
    queue(world.volunteer(), 30)
    sent_in(10, script, clock)
    assert min(Counter(text.sender for text in script.given).values()) >= 8


class TestOrder:
    def test_life_threatening_call_outs_and_answers_overtake_the_rest(
        self, script: Script, world: World
    ) -> None:
        ana = world.volunteer()
        queue(ana, 3, name="newsletter", priority=Priority.NOTICE)
        queue(ana, 3, name="calm", priority=Priority.CALLOUT)
        queue(ana, 3, name="answer", priority=Priority.URGENT)
        dispatch.send_due()
        by_id = {text.id: text.idempotency_key.partition(":")[0] for text in texts()}
        order = [by_id[text.message_id] for text in script.given]
        assert order == ["answer"] * 3 + ["calm"] * 3 + ["newsletter"] * 3

    def test_a_grave_callout_overtakes_one_that_was_launched_before(self, script: Script, world: World) -> None:
        world.volunteer("Ana")
        world.volunteer("Ben")
        calm = world.callout({"medic": 1}, emergency=world.emergency(severity="Minor"))
        callouts.launch(SYSTEM, calm.id)
        grave = world.callout({"medic": 1}, emergency=world.emergency(severity="Extreme"))
        callouts.launch(SYSTEM, grave.id)
        dispatch.send_due()
        by_id = {m.id: m.callout_id for m in db.session.scalars(select(Message))}
        order = [by_id[text.message_id] for text in script.given]
        assert order == sorted(order, key=lambda callout_id: callout_id != grave.id)
        assert set(order) == {calm.id, grave.id}

    def test_a_small_callout_is_not_starved_by_a_big_one(
        self, app: Flask, world: World, clock: FastForwardClock
    ) -> None:
        """Both are urgent; the small one was launched when the big one had hundreds of texts waiting."""
        script = Script(senders=LONG_CODES[:1])
        use(script)
        ana = world.volunteer()
        queue(ana, 500, name="big", priority=Priority.URGENT)
        sent_in(3, script, clock)
        small = queue(ana, 5, name="small", priority=Priority.URGENT)
        sent_in(10, script, clock)
        assert set(small) <= {text.message_id for text in script.given}

    def test_texts_that_nobody_can_take_do_not_hold_up_those_behind_them(
        self, app: Flask, world: World, clock: FastForwardClock
    ) -> None:
        script = Script()
        use(script)
        ana = world.volunteer()
        queue(ana, 600, name="stuck", priority=Priority.URGENT)
        for text in texts():
            text.avoid = "script:77777"
        db.session.commit()
        free = queue(ana, 2, name="free")
        for _ in range(12):
            Dispatcher().run_dry()
        assert {text.message_id for text in script.given} == set(free)

    def test_nor_do_texts_that_wait_for_a_slow_sender_keep_a_fast_one_idle(
        self, app: Flask, world: World, clock: FastForwardClock
    ) -> None:
        """The short code cannot reach the first phones, and the number sends one a second."""
        script = Script(senders=["77777", LONG_CODES[0]])
        use(script)
        ana = world.volunteer()
        slow = queue(ana, 600, name="slow", priority=Priority.URGENT)
        for text in texts():
            text.avoid = "script:77777"
        db.session.commit()
        fast = queue(ana, 200, name="fast")
        sent_in(5, script, clock)
        sent = {text.message_id for text in script.given}
        assert set(fast) <= sent
        assert len(sent & set(slow)) >= 5

    def test_nor_does_a_country_that_only_a_slow_backup_may_text(
        self, app: Flask, world: World, clock: FastForwardClock
    ) -> None:
        script, backup = Script(), Script("backup", senders=LONG_CODES[:1])
        use(script, backup)
        ana = world.volunteer()
        senders.pause("script to +355", "not permitted")
        queue(ana, 600, name="slow", priority=Priority.URGENT)
        fast = queue(ana, name="fast", phone="+393330000001")
        sent_in(3, script, clock)
        assert [text.message_id for text in script.given] == fast
        assert 3 <= len(backup.given) <= 5


def test_two_engines_together_keep_to_the_pace(app: Flask, world: World, clock: FastForwardClock) -> None:
    """From their very first text on, and each text goes once."""
    script = Script(senders=LONG_CODES[:2])
    use(script)
    queue(world.volunteer(), 60)
    db.session.remove()
    start, seconds = threading.Barrier(3), 5

    def engine() -> None:
        with app.app_context():
            dispatcher = Dispatcher()
            for _ in range(seconds):
                start.wait()
                dispatcher.run_dry()
                db.session.remove()
                start.wait()

    engines = [threading.Thread(target=engine) for _ in range(2)]
    for thread in engines:
        thread.start()
    allowed = []
    for _ in range(seconds):
        start.wait()
        start.wait()
        allowed.append(len(script.given))
        clock.advance(seconds=1)
    for thread in engines:
        thread.join()
    assert allowed == [2 * second for second in range(1, seconds + 1)]
    assert len(set(script.phones())) == len(script.phones())
