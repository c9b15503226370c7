"""Sending: nothing lost, nothing sent on a guess, nothing late."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from mobilize.domain.delivery import (
    Accepted,
    Deferred,
    ErrorClass,
    MessageState,
    OutboundText,
    Refused,
    SendOutcome,
    Unclear,
)
from mobilize.domain.vocabulary import RecipientState
from mobilize.extensions import db
from mobilize.models import Message, Recipient
from mobilize.services import callouts, dispatch, failures
from mobilize.services.access import SYSTEM
from mobilize.services.dispatch import Dispatcher
from mobilize.services.ports import FastForwardClock
from mobilize.services.runtime import settings
from tests.world import World

from .scripted import Script, queue, report, sid_of, steps, taken, texts, the_text, use


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    """Pace is no matter here; see `test_pace`."""
    return {"sender_rates": "short_code=100000", "send_concurrency": 100}


def test_the_claim_is_committed_before_anything_leaves(message: Message, script: Script) -> None:
    seen: list[MessageState] = []

    def look(text: OutboundText) -> SendOutcome:
        with db.engine.connect() as other:
            seen.append(MessageState(other.execute(select(Message.state)).scalar_one()))
        return Accepted("SM1")

    script.answer = look
    assert dispatch.send_due() == 1
    assert seen == [MessageState.SENDING]
    assert (the_text().state, the_text().sid) == (MessageState.ACCEPTED, "SM1")


def test_a_text_is_sent_once(message: Message, script: Script) -> None:
    dispatch.send_due()
    dispatch.send_due()
    assert len(script.given) == 1


def test_every_step_is_written_down_with_its_cause(message: Message) -> None:
    dispatch.send_due()
    report(message, "sent")
    report(message, "delivered")
    assert steps(message.id) == [
        "sending by claim",
        "accepted by answer",
        "sent by callback",
        "delivered by callback",
    ]


class TestDeadlines:
    """Nothing goes out late."""

    def test_a_text_past_its_deadline_expires(
        self, message: Message, script: Script, clock: FastForwardClock
    ) -> None:
        clock.advance(hours=7)
        assert dispatch.expire_overdue() == 1
        assert dispatch.send_due() == 0
        assert script.given == []
        assert steps(message.id) == ["expired by deadline"]
        assert db.session.scalars(select(Recipient.state)).one() is RecipientState.UNREACHABLE

    def test_at_the_deadline_itself_it_is_too_late(
        self, message: Message, script: Script, clock: FastForwardClock
    ) -> None:
        clock.advance(hours=6)
        assert dispatch.send_due() == 0
        assert script.given == []

    def test_the_provider_is_told_how_long_the_text_is_worth_sending(
        self, message: Message, script: Script, clock: FastForwardClock
    ) -> None:
        clock.advance(hours=5, minutes=59)
        dispatch.send_due()
        assert [text.validity_s for text in script.given] == [60]

    def test_a_request_may_not_leave_after_the_deadline_either(
        self, message: Message, script: Script, clock: FastForwardClock
    ) -> None:
        clock.advance(hours=5, minutes=59, seconds=55)
        dispatch.send_due()
        assert [text.leave_by for text in script.given] == [message.expires_at]

    def test_a_request_leaves_while_its_answer_can_still_come_before_the_lease_ends(
        self, message: Message, script: Script, clock: FastForwardClock
    ) -> None:
        dispatch.send_due()
        latest = timedelta(seconds=settings().lease_seconds - settings().twilio_timeout_seconds)
        assert clock.now() < script.given[0].leave_by < clock.now() + latest


class TestStandDown:
    """Nobody is called who is not needed any more."""

    def test_queued_texts_do_not_go_out(self, message: Message, script: Script) -> None:
        callouts.stand_down(SYSTEM, message.callout_id or 0)
        assert dispatch.send_due() == 0
        assert script.given == []
        assert steps(message.id) == ["suppressed by stand_down"]

    @pytest.mark.parametrize(
        "outcome",
        [
            Deferred(ErrorClass.CAPACITY, 20429, "too many requests"),
            Deferred(ErrorClass.UNREACHABLE, None, "connection refused"),
            Refused(ErrorClass.CONFIGURATION, 20003, "authenticate"),
            Refused(ErrorClass.PAIR, 21612, "not reachable"),
        ],
    )
    def test_a_text_on_its_way_meanwhile_does_not_go_out_later(
        self, message: Message, script: Script, outcome: SendOutcome
    ) -> None:
        use(script, Script("backup"))

        def stood_down_meanwhile(text: OutboundText) -> SendOutcome:
            callouts.stand_down(SYSTEM, message.callout_id or 0)
            return outcome

        script.answer = stood_down_meanwhile
        dispatcher = Dispatcher()
        dispatcher.turn(0)
        script.answer = taken
        dispatcher.turn(0)
        assert the_text().state is MessageState.SUPPRESSED

    def test_who_was_reached_is_told(self, message: Message, script: Script) -> None:
        dispatch.send_due()
        callouts.stand_down(SYSTEM, message.callout_id or 0)
        dispatch.send_due()
        assert script.phones() == [message.to_phone] * 2
        assert texts()[-1].kind == "stand_down"


class TestWhatIsUnderWay:
    """How much one engine has at the provider at a time."""

    def test_never_more_than_the_window(self, script: Script, world: World) -> None:
        queue(world.volunteer(), 90)
        script.holding = True
        dispatcher = Dispatcher()
        for _ in range(10):
            dispatcher.turn(0)
        assert len(script.held) == 64
        script.release()
        for _ in range(10):
            dispatcher.turn(0)
            script.release()
        assert sorted(script.phones()) == sorted(text.to_phone for text in texts())

    def test_slow_down_halves_it_and_good_answers_open_it_again(self, script: Script, world: World) -> None:
        queue(world.volunteer(), 400)
        script.answer = lambda text: Deferred(ErrorClass.NOT_PROCESSED, 20429, "too many requests", 600)
        script.holding = True
        dispatcher = Dispatcher()
        dispatcher.turn(0)
        assert len(script.held) == 64
        script.release()
        dispatcher.turn(0)
        assert len(script.held) == 32  # the refusals of one window count as one
        script.answer = taken
        sizes = []
        for _ in range(4):
            script.release()
            dispatcher.turn(0)
            sizes.append(len(script.held))
        assert sizes == [32, 33, 34, 35]  # one more for each whole window of answers

    def test_the_setting_is_its_upper_end(self, script: Script, world: World) -> None:
        queue(world.volunteer(), 400)
        dispatcher = Dispatcher()
        under_way = []
        script.holding = True
        for _ in range(5):
            dispatcher.turn(0)
            under_way.append(len(script.held))
            script.release()
        assert max(under_way) == settings().send_concurrency == 100

    def test_its_end_waits_for_every_answer(self, script: Script, world: World) -> None:
        queue(world.volunteer(), 3)
        script.holding = True
        dispatcher = Dispatcher()
        dispatcher.turn(0)
        dispatcher.ring()  # a ring is not an answer
        script.release()
        dispatcher.finish()
        assert dispatcher.under_way == 0
        assert {text.state for text in texts()} == {MessageState.ACCEPTED}

    def test_rings_do_not_end_the_waiting(self, script: Script, world: World) -> None:
        queue(world.volunteer(), 1)
        script.holding = True
        dispatcher = Dispatcher()
        dispatcher.turn(0)

        def rings_and_then_answers() -> None:
            for _ in range(3):
                time.sleep(0.02)
                dispatcher.ring()
            time.sleep(0.02)
            script.release()

        other = threading.Thread(target=rings_and_then_answers)
        other.start()
        dispatcher.finish()
        other.join()
        assert {text.state for text in texts()} == {MessageState.ACCEPTED}


class TestTrouble:
    """What is recorded late, or cannot be."""

    def test_with_the_database_away_outcomes_are_kept_and_written_later(
        self, script: Script, world: World
    ) -> None:
        queue(world.volunteer(), 5)
        script.holding = True
        dispatcher = Dispatcher()
        dispatcher.turn(0)
        script.release()

        def away(*_: object) -> None:
            raise OperationalError("UPDATE", {}, Exception("the server closed the connection"))

        event.listen(db.engine, "before_cursor_execute", away)
        try:
            for _ in range(3):
                with pytest.raises(OperationalError):
                    dispatcher.turn(0)
                db.session.rollback()
        finally:
            event.remove(db.engine, "before_cursor_execute", away)
        assert dispatcher.under_way == 5

        dispatcher.turn(0)
        assert dispatcher.under_way == 0
        assert {(text.state, text.attempt) for text in texts()} == {(MessageState.ACCEPTED, 1)}
        assert len(script.given) == 5

    def test_a_failure_in_the_middle_of_recording_counts_nothing_twice(
        self, script: Script, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each refusal is a transaction of its own: what was written before the failure stands."""
        ids = queue(world.volunteer(), 3)
        refused = Refused(ErrorClass.UNRECOGNISED, 29999, "never heard of")
        script.answer = lambda text: taken(text) if text.message_id == ids[0] else refused
        settle, calls = failures.settle_refusal, []

        def away_at_the_second(text: OutboundText, refusal: Refused) -> None:
            calls.append(text)
            if len(calls) == 2:
                raise OperationalError("SELECT", {}, Exception("gone"))
            settle(text, refusal)

        monkeypatch.setattr(failures, "settle_refusal", away_at_the_second)
        dispatcher = Dispatcher()
        dispatcher.turn(0)
        with pytest.raises(OperationalError):
            dispatcher.turn(0)
        db.session.rollback()
        dispatcher.turn(0)
        assert [text.state for text in texts()] == [
            MessageState.ACCEPTED,
            MessageState.FAILED,
            MessageState.FAILED,
        ]
        assert all(len(steps(message_id)) == 2 for message_id in ids)

    def test_one_answer_that_cannot_be_stored_holds_up_no_other(
        self, script: Script, world: World, clock: FastForwardClock
    ) -> None:
        """A provider that gives two texts the same identifier: the second stays in doubt."""
        ids = queue(world.volunteer(), 4)
        script.answer = lambda text: Accepted(sid_of(max(ids[1], text.message_id)))
        dispatcher = Dispatcher()
        assert dispatcher.run_dry() == 4
        assert dispatcher.under_way == 0
        assert [text.state for text in texts()].count(MessageState.ACCEPTED) == 3
        clock.advance(minutes=3)
        assert dispatch.release_leases() == 1
        assert [text.state for text in texts()].count(MessageState.UNKNOWN) == 1

    def test_a_gateway_that_breaks_leaves_its_texts_in_doubt_and_the_others_go(
        self, script: Script, world: World
    ) -> None:
        queue(world.volunteer(), 2, name="first")

        def breaks(text: OutboundText) -> SendOutcome:
            if text.to.endswith("2"):
                raise RuntimeError("can't start new thread")
            return taken(text)

        script.answer = breaks
        dispatcher = Dispatcher()
        dispatcher.run_dry()
        assert [text.state for text in texts()] == [MessageState.ACCEPTED, MessageState.UNKNOWN]
        assert dispatcher.under_way == 0
        script.answer = taken
        queue(world.volunteer("Ben"), 1, name="second")
        assert dispatcher.run_dry() == 1
        assert texts()[-1].state is MessageState.ACCEPTED

    def test_a_dead_engine_leaves_unknown(
        self, message: Message, script: Script, clock: FastForwardClock
    ) -> None:
        script.holding = True
        Dispatcher().turn(0)
        assert dispatch.release_leases() == 0
        clock.advance(minutes=3)
        assert dispatch.release_leases() == 1
        assert the_text().state is MessageState.UNKNOWN
        assert Dispatcher().turn(0) == 0  # and is never sent again for that

    def test_no_clear_answer_is_unknown_and_is_not_sent_again(
        self, message: Message, script: Script, clock: FastForwardClock
    ) -> None:
        script.answer = lambda text: Unclear("read timeout")
        dispatch.send_due()
        assert the_text().state is MessageState.UNKNOWN
        clock.advance(seconds=90)
        dispatch.send_due()
        assert len(script.given) == 1
