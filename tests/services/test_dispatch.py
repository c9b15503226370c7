"""Sending: nothing lost, nothing sent on a guess."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select

from mobilize.domain.delivery import (
    Accepted,
    Deferred,
    ErrorClass,
    MessageState,
    OutboundText,
    ProviderRecord,
    Refused,
    SendOutcome,
    Unclear,
)
from mobilize.domain.errors import ProviderUnreachable
from mobilize.domain.vocabulary import AlarmKind, PhoneStatus, RecipientState
from mobilize.extensions import db
from mobilize.models import AuditEntry, Message, MessageEvent, Recipient, Volunteer
from mobilize.services import alarms, callouts, dispatch, receipts, reconcile
from mobilize.services.access import SYSTEM
from mobilize.services.ports import FastForwardClock
from mobilize.services.runtime import runtime
from tests.world import World


class Script:
    """A gateway that does what a test tells it, and counts what it was given."""

    name = "script"

    def __init__(self) -> None:
        self.given: list[OutboundText] = []
        self.records: list[ProviderRecord] = []
        self.unreachable = False
        self.answer: Callable[[OutboundText], SendOutcome] = lambda text: Accepted(f"SM{text.message_id}")

    def send(self, texts: Sequence[OutboundText]) -> Iterator[tuple[OutboundText, SendOutcome]]:
        for text in texts:
            self.given.append(text)
            yield text, self.answer(text)

    def find(self, to: str, since: datetime) -> list[ProviderRecord]:
        if self.unreachable:
            raise ProviderUnreachable("no answer")
        return [r for r in self.records if r.to == to and r.created_at >= since]


@pytest.fixture
def script(app: Flask) -> Script:
    runtime().sms = script = Script()
    return script


@pytest.fixture
def message(script: Script, world: World) -> Message:
    """A queued call-out to one person."""
    world.volunteer()
    callouts.launch(SYSTEM, world.callout({"medic": 1}).id)
    return _message()


def _message() -> Message:
    db.session.expire_all()
    return db.session.scalars(select(Message)).one()


def test_the_claim_is_committed_before_anything_leaves(message: Message, script: Script) -> None:
    seen: list[MessageState] = []

    def look(text: OutboundText) -> SendOutcome:
        with db.engine.connect() as other:
            seen.append(MessageState(other.execute(select(Message.state)).scalar_one()))
        return Accepted("SM1")

    script.answer = look
    assert dispatch.send_due() == 1
    assert seen == [MessageState.SENDING]
    assert (_message().state, _message().sid) == (MessageState.ACCEPTED, "SM1")


def test_a_text_is_sent_once(message: Message, script: Script) -> None:
    dispatch.send_due()
    dispatch.send_due()
    assert len(script.given) == 1


def test_no_clear_answer_is_unknown_and_is_not_sent_again(
    message: Message, script: Script, clock: FastForwardClock
) -> None:
    script.answer = lambda text: Unclear("read timeout")
    dispatch.send_due()
    assert _message().state is MessageState.UNKNOWN
    clock.advance(seconds=90)
    dispatch.send_due()
    assert len(script.given) == 1


def test_a_dead_sender_leaves_unknown(message: Message, script: Script, clock: FastForwardClock) -> None:
    def die(text: OutboundText) -> SendOutcome:
        raise KeyboardInterrupt

    script.answer = die
    with pytest.raises(KeyboardInterrupt):
        dispatch.send_due()
    db.session.rollback()
    assert dispatch.release_leases() == 0
    clock.advance(minutes=3)
    assert dispatch.release_leases() == 1
    assert _message().state is MessageState.UNKNOWN


def test_slow_down_sends_later(message: Message, script: Script, clock: FastForwardClock) -> None:
    script.answer = lambda text: Deferred(ErrorClass.CAPACITY, 20429, "too many requests", retry_after_s=30)
    dispatch.send_due()
    assert _message().state is MessageState.QUEUED
    clock.advance(seconds=10)
    assert dispatch.send_due() == 0
    clock.advance(minutes=2)
    script.answer = lambda text: Accepted("SM1")
    assert dispatch.send_due() == 1
    assert _message().attempt == 2


def test_nothing_goes_out_late(message: Message, script: Script, clock: FastForwardClock) -> None:
    clock.advance(hours=7)
    assert dispatch.expire_overdue() == 1
    assert dispatch.send_due() == 0
    assert _message().state is MessageState.EXPIRED
    assert db.session.scalars(select(Recipient.state)).one() is RecipientState.UNREACHABLE


def test_a_bad_number_marks_the_phone(message: Message, script: Script) -> None:
    script.answer = lambda text: Refused(ErrorClass.BAD_NUMBER, 21211, "invalid number")
    dispatch.send_due()
    assert db.session.scalars(select(Volunteer.phone_status)).one() is PhoneStatus.INVALID
    assert "volunteer.bad_number" in db.session.scalars(select(AuditEntry.action)).all()


def test_an_opt_out_at_the_carrier_is_recorded(message: Message, script: Script) -> None:
    script.answer = lambda text: Refused(ErrorClass.CONSENT, 21610, "opted out")
    dispatch.send_due()
    assert db.session.scalars(select(Volunteer.opted_out_at)).one() is not None


def test_bad_credentials_pause_the_sender_and_burn_nothing(
    message: Message, script: Script, clock: FastForwardClock
) -> None:
    script.answer = lambda text: Refused(ErrorClass.CONFIGURATION, 20003, "authenticate")
    dispatch.send_due()
    assert _message().state is MessageState.QUEUED
    assert [alarm.kind for alarm in alarms.open_alarms()] == [AlarmKind.SENDER_PAUSED]
    assert dispatch.send_due() == 0

    clock.advance(seconds=31)
    script.answer = lambda text: Accepted("SM1")
    assert dispatch.send_due() == 1
    assert not alarms.open_alarms()


def test_an_unknown_code_is_permanent_and_told(message: Message, script: Script) -> None:
    script.answer = lambda text: Refused(ErrorClass.UNRECOGNISED, 29999, "never heard of")
    dispatch.send_due()
    assert _message().state is MessageState.FAILED
    assert [alarm.subject for alarm in alarms.open_alarms()] == ["29999"]


def test_every_step_is_written_down(message: Message, script: Script) -> None:
    dispatch.send_due()
    receipts.store_status(sid=f"SM{message.id}", status="delivered", error_code=None, message_id=None)
    receipts.apply_pending()
    steps = db.session.scalars(select(MessageEvent.to_state).order_by(MessageEvent.id)).all()
    assert steps == [
        MessageState.QUEUED,
        MessageState.SENDING,
        MessageState.ACCEPTED,
        MessageState.DELIVERED,
    ]


class TestEvidence:
    """How ``unknown`` is settled."""

    @pytest.fixture(autouse=True)
    def in_doubt(self, message: Message, script: Script) -> None:
        script.answer = lambda text: Unclear("reset")
        dispatch.send_due()

    def test_a_callback_with_our_id_proves_the_send(self) -> None:
        message = _message()
        receipts.store_status(sid="SM9", status="sent", error_code=None, message_id=message.id)
        receipts.apply_pending()
        assert (_message().state, _message().sid) == (MessageState.SENT, "SM9")

    def test_the_providers_list_proves_it_too(self, script: Script, clock: FastForwardClock) -> None:
        message = _message()
        script.records = [ProviderRecord("SM7", message.to_phone, message.body, "delivered", None, clock.now())]
        clock.advance(minutes=3)
        assert reconcile.settle_unknown() == 1
        assert (_message().state, _message().sid) == (MessageState.DELIVERED, "SM7")

    def test_another_text_to_the_same_phone_proves_nothing(
        self, script: Script, clock: FastForwardClock
    ) -> None:
        message = _message()
        script.records = [ProviderRecord("SM7", message.to_phone, "other", "sent", None, clock.now())]
        clock.advance(minutes=3)
        assert reconcile.settle_unknown() == 1
        assert _message().state is MessageState.QUEUED

    def test_only_an_empty_list_lets_it_go_again(self, script: Script, clock: FastForwardClock) -> None:
        assert reconcile.settle_unknown() == 0  # too early to tell
        clock.advance(minutes=3)
        assert reconcile.settle_unknown() == 1
        script.answer = lambda text: Accepted("SM2")
        dispatch.send_due()
        assert (_message().state, _message().attempt) == (MessageState.ACCEPTED, 2)

    def test_without_the_list_it_stays_unknown(self, script: Script, clock: FastForwardClock) -> None:
        script.unreachable = True
        clock.advance(hours=1)
        assert reconcile.settle_unknown() == 0
        assert _message().state is MessageState.UNKNOWN


def test_life_threatening_calls_overtake(script: Script, world: World) -> None:
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


@pytest.mark.parametrize(
    "outcome",
    [
        Deferred(ErrorClass.CAPACITY, 20429, "too many requests"),
        Refused(ErrorClass.CONFIGURATION, 20003, "authenticate"),
    ],
)
def test_a_text_on_its_way_during_the_stand_down_does_not_go_out_later(
    message: Message, script: Script, clock: FastForwardClock, outcome: SendOutcome
) -> None:
    callout_id = message.callout_id
    assert callout_id is not None

    def stood_down_meanwhile(text: OutboundText) -> SendOutcome:
        callouts.stand_down(SYSTEM, callout_id)
        return outcome

    script.answer = stood_down_meanwhile
    dispatch.send_due()
    call = db.session.scalars(select(Message).where(Message.kind == "callout")).one()
    assert call.state is MessageState.SUPPRESSED


def test_a_text_in_doubt_is_not_sent_again_after_the_stand_down(
    message: Message, script: Script, clock: FastForwardClock
) -> None:
    callout_id = message.callout_id
    assert callout_id is not None
    script.answer = lambda text: Unclear("reset")
    dispatch.send_due()
    callouts.stand_down(SYSTEM, callout_id)
    clock.advance(minutes=3)
    reconcile.settle_unknown()
    call = db.session.scalars(select(Message).where(Message.kind == "callout")).one()
    assert call.state is MessageState.SUPPRESSED
