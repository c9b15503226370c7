"""What follows from each error, for the text, the person and the sender; at once and by a later report."""

import pytest
from sqlalchemy import select

from mobilize.domain.delivery import ErrorClass, MessageState, OutboundText, Refused, SendOutcome
from mobilize.domain.retry import classify
from mobilize.domain.vocabulary import PhoneStatus, RecipientState
from mobilize.extensions import db
from mobilize.models import AuditEntry, Message, Recipient, Volunteer
from mobilize.services import alarms, dispatch, outcomes
from mobilize.services.ports import FastForwardClock
from tests.drift import assert_no_drift
from tests.world import World

from .scripted import Script, queue, report, steps, taken, the_text, use


def refuses(code: int) -> Refused:
    return Refused(classify(400, code), code, f"error {code}")


def the_person() -> Volunteer:
    db.session.expire_all()
    return db.session.scalars(select(Volunteer)).one()


def audited() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action)))


class TestThePerson:
    """Consent and bad numbers change the volunteer's record, and the audit says so."""

    @pytest.fixture(params=["at once", "by a callback"])
    def fails(self, request: pytest.FixtureRequest, message: Message, script: Script) -> "Fails":
        return Fails(request.param == "at once", message, script)

    def test_an_opt_out_at_the_carrier_is_recorded(self, fails: "Fails", world: World) -> None:
        person = the_person()
        queue(person, 1, name="news", phone=person.phone, minutes=600)
        fails(21610)
        assert the_person().opted_out_at is not None
        assert_no_drift()
        assert "volunteer.opt_out" in audited()
        fails.script.answer = taken
        assert dispatch.send_due() == 0  # the other text to this person is not sent either

    @pytest.mark.parametrize("code", [21211, 21614, 30005])
    def test_a_bad_number_is_marked(self, fails: "Fails", code: int) -> None:
        fails(code)
        assert the_person().phone_status is PhoneStatus.INVALID
        assert_no_drift()
        assert "volunteer.bad_number" in audited()
        assert db.session.scalars(select(Recipient.state)).one() is RecipientState.UNREACHABLE

    @pytest.mark.parametrize("code", [21635, 30006])
    def test_a_landline_can_still_be_called(self, fails: "Fails", code: int) -> None:
        fails(code)
        assert the_person().phone_status is PhoneStatus.LANDLINE
        assert "volunteer.bad_number" in audited()

    def test_a_number_that_was_changed_meanwhile_is_not_marked(self, fails: "Fails") -> None:
        person = the_person()
        person.phone = "+355692099999"
        db.session.commit()
        fails(21211)
        assert the_person().phone_status is PhoneStatus.VERIFIED

    @pytest.mark.parametrize("code", [30007, 30004, 21617])
    def test_what_would_fail_again_is_not_sent_again(
        self, fails: "Fails", code: int, clock: FastForwardClock
    ) -> None:
        fails(code)
        assert the_text().state in (MessageState.FAILED, MessageState.UNDELIVERED)
        assert the_text().error_code == code
        assert db.session.scalars(select(Recipient.state)).one() is RecipientState.UNREACHABLE
        clock.advance(hours=1)
        fails.script.answer = taken
        assert dispatch.send_due() == 0
        assert the_person().phone_status is PhoneStatus.VERIFIED

    def test_an_unknown_code_is_permanent_and_told(self, fails: "Fails") -> None:
        fails(29999)
        assert the_text().state in (MessageState.FAILED, MessageState.UNDELIVERED)
        assert [alarm.subject for alarm in alarms.open_alarms()] == ["29999"]


class Fails:
    """Lets the text fail with a code, in one way or the other."""

    def __init__(self, at_once: bool, message: Message, script: Script) -> None:
        self.at_once, self.message, self.script = at_once, message, script

    def __call__(self, code: int) -> None:
        if self.at_once:
            self.script.answer = lambda text: refuses(code)
        dispatch.send_due()
        if not self.at_once:
            report(self.message, "undelivered", code=code)


class TestPassingFailures:
    """The carrier's, and the provider's queue: told by callback, after the text was taken."""

    def test_a_text_that_fell_out_of_a_full_queue_is_sent_again_later(
        self, message: Message, script: Script, clock: FastForwardClock
    ) -> None:
        dispatch.send_due()
        report(message, "failed", code=30001)
        assert the_text().state is MessageState.QUEUED
        assert dispatch.send_due() == 0
        clock.advance(seconds=10)
        assert dispatch.send_due() == 1
        report(message, "delivered", attempt=2)
        assert the_text().state is MessageState.DELIVERED

    def test_an_unreachable_phone_is_tried_three_times(
        self, message: Message, script: Script, clock: FastForwardClock
    ) -> None:
        for attempt in range(1, 8):
            clock.advance(minutes=6)
            dispatch.send_due()
            if len(script.given) == attempt:
                report(message, "undelivered", attempt=attempt, code=30003)
        assert len(script.given) == 3
        assert the_text().state is MessageState.UNDELIVERED
        assert db.session.scalars(select(Recipient.state)).one() is RecipientState.UNREACHABLE

    def test_it_is_not_sent_again_to_who_opted_out_meanwhile(
        self, message: Message, clock: FastForwardClock
    ) -> None:
        dispatch.send_due()
        the_person().opted_out_at = clock.now()
        db.session.commit()
        report(message, "undelivered", code=30003)
        assert steps(message.id)[-1] == "suppressed by callback"

    def test_a_failure_told_twice_counts_once(
        self, message: Message, script: Script, clock: FastForwardClock
    ) -> None:
        """Twilio may say ``failed`` and ``undelivered`` of one text."""
        dispatch.send_due()
        report(message, "undelivered", code=30003)
        clock.advance(minutes=1)
        dispatch.send_due()
        report(message, "failed", code=30003, attempt=1)
        assert (the_text().state, the_text().attempt) == (MessageState.ACCEPTED, 2)


class TestThePair:
    """21612: this sender cannot reach this phone."""

    def test_another_sender_is_taken_then_the_backup_then_it_failed(
        self, message: Message, clock: FastForwardClock
    ) -> None:
        first, second = Script("first", ["11111", "22222"]), Script("second", ["33333"])
        use(first, second)
        first.answer = second.answer = lambda text: refuses(21612)
        dispatch.send_due()
        assert sorted(text.sender for text in first.given) == ["11111", "22222"]
        assert [text.sender for text in second.given] == ["33333"]
        assert the_text().state is MessageState.FAILED

    def test_others_keep_their_sender(self, message: Message, world: World) -> None:
        def only_this_pair(text: OutboundText) -> SendOutcome:
            return refuses(21612) if (text.to, text.sender) == (message.to_phone, "11111") else taken(text)

        one = Script("one", ["11111", "22222"])
        one.answer = only_this_pair
        use(one)
        queue(world.volunteer("Ben"), 20)
        dispatch.send_due()
        assert the_text().state is MessageState.ACCEPTED
        assert the_text().sender == "22222"
        assert {text.sender for text in one.given} == {"11111", "22222"}

    def test_a_pool_too_large_to_remember_has_an_end(self, message: Message) -> None:
        many = Script("many", [f"4444{number:02d}" for number in range(60)])
        many.answer = lambda text: refuses(21612)
        use(many)
        dispatch.send_due()
        assert the_text().state is MessageState.FAILED
        assert len({text.sender for text in many.given}) == len(many.given)


def test_a_refusal_of_an_attempt_that_is_not_the_latest_changes_nothing(
    message: Message, script: Script, clock: FastForwardClock
) -> None:
    dispatch.send_due()
    report(message, "undelivered", code=30003)
    clock.advance(minutes=1)
    dispatch.send_due()
    outcomes.record("script", [(script.given[0], Refused(ErrorClass.BODY, 21617, "too long"))])
    assert the_text().state is MessageState.ACCEPTED
