"""What the provider says to a request, whenever it comes: an answer, a callback before it, two of them."""

from typing import Any

import pytest
from sqlalchemy import select

from mobilize.domain.delivery import Deferred, ErrorClass, MessageState, Refused, Unclear
from mobilize.extensions import db
from mobilize.models import Message, Volunteer
from mobilize.services import dispatch, outcomes, receipts, reconcile
from mobilize.services.dispatch import Dispatcher
from mobilize.services.ports import FastForwardClock

from .scripted import Script, keep, notes, report, sid_of, steps, taken, the_text


@pytest.fixture
def dispatcher(message: Message, script: Script) -> Dispatcher:
    """An engine that has sent the text and waits for the answer."""
    script.holding = True
    dispatcher = Dispatcher()
    dispatcher.turn(0)
    return dispatcher


def answered(dispatcher: Dispatcher, script: Script) -> Message:
    """The provider's answer comes at last."""
    script.release()
    dispatcher.turn(0)
    return the_text()


class TestACallbackBeforeTheAnswer:
    @pytest.fixture(autouse=True)
    def delivered_already(self, dispatcher: Dispatcher, message: Message) -> None:
        report(message, "delivered")

    def test_proves_the_send(self, message: Message) -> None:
        assert (the_text().state, the_text().sid) == (MessageState.DELIVERED, sid_of(message.id))

    def test_leaves_nothing_to_the_answer(
        self, dispatcher: Dispatcher, script: Script, message: Message
    ) -> None:
        text = answered(dispatcher, script)
        assert (text.state, text.sid) == (MessageState.DELIVERED, sid_of(message.id))
        assert steps(message.id) == ["sending by claim", "delivered by callback"]

    @pytest.mark.parametrize(
        "answer",
        [
            Unclear("read timeout"),
            Deferred(ErrorClass.NOT_PROCESSED, 20429, "too many requests"),
            Refused(ErrorClass.UNRECOGNISED, 29999, "never heard of"),
        ],
    )
    def test_weighs_more_than_an_answer_that_contradicts_it(
        self, dispatcher: Dispatcher, script: Script, answer: Any
    ) -> None:
        script.answer = lambda text: answer
        assert answered(dispatcher, script).state is MessageState.DELIVERED


class TestAnAnswerAfterTheLease:
    """The engine was slow, or its clock was: the text counts as in doubt already."""

    @pytest.fixture(autouse=True)
    def in_doubt(self, dispatcher: Dispatcher, clock: FastForwardClock) -> None:
        clock.advance(minutes=3)
        assert dispatch.release_leases() == 1
        assert the_text().state is MessageState.UNKNOWN

    def test_settles_the_doubt(self, dispatcher: Dispatcher, script: Script, message: Message) -> None:
        text = answered(dispatcher, script)
        assert (text.state, text.sid, text.doubt_since) == (
            MessageState.ACCEPTED,
            sid_of(message.id),
            None,
        )

    def test_lets_the_text_go_again_if_it_was_not_taken(
        self, dispatcher: Dispatcher, script: Script, clock: FastForwardClock
    ) -> None:
        script.answer = lambda text: Deferred(ErrorClass.NOT_PROCESSED, 20429, "too many requests", 600)
        assert answered(dispatcher, script).state is MessageState.QUEUED

    def test_ends_the_text_if_it_was_refused(self, dispatcher: Dispatcher, script: Script) -> None:
        script.answer = lambda text: Refused(ErrorClass.CONSENT, 21610, "opted out")
        assert answered(dispatcher, script).state is MessageState.FAILED
        assert db.session.scalars(select(Volunteer.opted_out_at)).one() is not None

    def test_cancels_the_resend_if_it_comes_while_the_text_waits(
        self, dispatcher: Dispatcher, script: Script, clock: FastForwardClock, message: Message
    ) -> None:
        _found_nowhere(clock)
        assert the_text().state is MessageState.QUEUED
        script.release()
        assert dispatcher._record() == 1
        assert the_text().state is MessageState.ACCEPTED
        assert Dispatcher().turn(0) == 0

    def test_after_the_resend_is_noted_as_a_second_copy(
        self, dispatcher: Dispatcher, script: Script, clock: FastForwardClock, message: Message
    ) -> None:
        _found_nowhere(clock)
        script.holding = False
        Dispatcher().run_dry()
        answered(dispatcher, script)
        receipts.apply_pending()
        text = the_text()
        assert (text.state, text.attempt, text.sid) == (MessageState.ACCEPTED, 2, sid_of(message.id, 2))
        assert notes() == [receipts.SECOND_COPY]


def _found_nowhere(clock: FastForwardClock) -> None:
    """Two looks at the provider's list show nothing."""
    for _ in range(2):
        clock.advance(seconds=31)
        reconcile.look_up_due()


class TestTwoIdentifiersForOneText:
    def test_the_first_stays_and_the_second_is_counted(self, message: Message) -> None:
        dispatch.send_due()
        report(message, "sent", sid="SM-other")
        text = the_text()
        assert (text.state, text.sid) == (MessageState.ACCEPTED, sid_of(message.id))
        assert notes() == [receipts.SECOND_COPY]

    def test_a_callback_of_the_first_attempt_settles_the_doubt_about_the_second(
        self, message: Message, script: Script, clock: FastForwardClock
    ) -> None:
        """The provider's list was late: the text went twice, and is known to have arrived."""
        script.answer = lambda text: Unclear("reset")
        dispatch.send_due()
        _found_nowhere(clock)
        dispatch.send_due()
        assert (the_text().state, the_text().attempt) == (MessageState.UNKNOWN, 2)
        report(message, "delivered", attempt=1)
        assert (the_text().state, the_text().sid) == (MessageState.DELIVERED, sid_of(message.id, 1))
        report(message, "delivered", attempt=2)
        assert notes()[-1] == receipts.SECOND_COPY

    def test_an_answer_with_another_identifier_than_the_callbacks_is_a_second_copy_too(
        self, message: Message, script: Script, clock: FastForwardClock
    ) -> None:
        script.holding = True
        dispatcher = Dispatcher()
        dispatcher.turn(0)
        report(message, "sent", sid="SM-other")
        answered(dispatcher, script)
        receipts.apply_pending()
        assert the_text().sid == "SM-other"
        assert notes()[-1] == receipts.SECOND_COPY

    def test_an_answer_of_the_first_attempt_while_the_second_is_under_way(
        self, message: Message, script: Script, clock: FastForwardClock
    ) -> None:
        script.holding = True
        first, second = Dispatcher(), Dispatcher()
        first.turn(0)
        clock.advance(minutes=3)
        dispatch.release_leases()
        _found_nowhere(clock)
        second.turn(0)
        late, current = script.held
        script.held = [late]
        answered(first, script)
        receipts.apply_pending()
        assert (the_text().state, the_text().sid) == (MessageState.ACCEPTED, sid_of(message.id, 1))
        script.held = [current]
        answered(second, script)
        receipts.apply_pending()
        assert the_text().sid == sid_of(message.id, 1)
        assert notes() == ["now accepted", receipts.SECOND_COPY]

    def test_a_callback_of_the_first_attempt_stops_the_third(
        self, message: Message, script: Script, clock: FastForwardClock
    ) -> None:
        """The second is under way when the proof comes; if it is turned away, that was enough."""
        script.answer = lambda text: Unclear("reset")
        dispatch.send_due()
        _found_nowhere(clock)
        script.answer = lambda text: Deferred(ErrorClass.NOT_PROCESSED, 20429, "too many requests")
        script.holding = True
        dispatcher = Dispatcher()
        dispatcher.turn(0)
        report(message, "delivered", attempt=1)
        assert answered(dispatcher, script).state is MessageState.DELIVERED
        clock.advance(minutes=10)
        assert dispatcher.turn(0) == 0

    def test_bad_news_of_the_first_attempt_says_nothing_of_the_second(
        self, message: Message, script: Script, clock: FastForwardClock
    ) -> None:
        script.answer = lambda text: Unclear("reset")
        dispatch.send_due()
        _found_nowhere(clock)
        dispatch.send_due()
        report(message, "failed", attempt=1, code=30007)
        assert the_text().state is MessageState.UNKNOWN
        assert notes() == ["an earlier attempt that failed"]


def test_both_answers_of_one_text_in_one_batch_are_taken_one_after_the_other(
    message: Message, script: Script, clock: FastForwardClock
) -> None:
    script.answer = lambda text: Deferred(ErrorClass.NOT_PROCESSED, 20429, "too many requests")
    dispatch.send_due()
    clock.advance(minutes=1)
    script.holding = True
    Dispatcher().turn(0)
    first, second = script.given
    outcomes.record("script", [(first, Unclear("late")), (second, taken(second))])
    assert (the_text().state, the_text().sid) == (MessageState.ACCEPTED, sid_of(message.id, 2))


class TestSlowDown:
    def test_the_text_waits_as_long_as_the_provider_asks(
        self, message: Message, script: Script, clock: FastForwardClock
    ) -> None:
        script.answer = lambda text: Deferred(ErrorClass.CAPACITY, 20429, "too many requests", retry_after_s=30)
        dispatch.send_due()
        assert the_text().state is MessageState.QUEUED
        clock.advance(seconds=29)
        assert dispatch.send_due() == 0
        clock.advance(seconds=1)
        script.answer = taken
        assert dispatch.send_due() == 1
        assert the_text().attempt == 2

    def test_there_is_no_end_but_the_deadline(
        self, message: Message, script: Script, clock: FastForwardClock
    ) -> None:
        script.answer = lambda text: Deferred(ErrorClass.CAPACITY, 21611, "queue full")
        for _ in range(30):
            dispatch.send_due()
            clock.advance(minutes=5)
        assert the_text().state is MessageState.QUEUED
        assert the_text().attempt == 30
        clock.advance(hours=6)
        dispatch.expire_overdue()
        assert the_text().state is MessageState.EXPIRED

    def test_a_text_whose_turn_would_come_too_late_ends_now(
        self, message: Message, script: Script, clock: FastForwardClock
    ) -> None:
        script.answer = lambda text: Deferred(ErrorClass.CAPACITY, 21611, "queue full", retry_after_s=7 * 3600)
        dispatch.send_due()
        assert the_text().state is MessageState.FAILED
        assert the_text().reason == "its deadline comes before another attempt"


def test_a_callback_while_the_text_waits_to_be_sent_again_cancels_that(
    message: Message, script: Script, clock: FastForwardClock
) -> None:
    script.answer = lambda text: Deferred(ErrorClass.NOT_PROCESSED, 20429, "too many requests")
    dispatch.send_due()
    report(message, "sent", attempt=1)
    assert the_text().state is MessageState.SENT
    clock.advance(minutes=5)
    assert dispatch.send_due() == 0


def test_a_stale_report_after_a_failure_changes_nothing(message: Message, script: Script) -> None:
    """30003 queues the text again; the ``sent`` of the attempt that failed came late."""
    dispatch.send_due()
    report(message, "undelivered", code=30003)
    assert the_text().state is MessageState.QUEUED
    report(message, "sent")
    assert the_text().state is MessageState.QUEUED
    assert notes()[-1] == "came after the report that it failed"


def test_two_texts_cannot_have_one_identifier(script: Script, message: Message) -> None:
    """However odd the provider's reports: none of them holds up the others."""
    dispatch.send_due()
    keep(message, "sent", sid="SM-odd")
    keep(message, "delivered")
    receipts.apply_pending()
    assert the_text().state is MessageState.DELIVERED
    assert None not in notes()
