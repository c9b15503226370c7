"""People in the field are watched, by one engine at a time, and missed by those who may know."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from mobilize.domain.delivery import Cause, MessageState
from mobilize.domain.errors import Conflict, NotFound
from mobilize.domain.vocabulary import (
    AccountRole,
    AlarmKind,
    CalloutMode,
    Intent,
    MessageKind,
    PhoneStatus,
    RecipientState,
)
from mobilize.extensions import db
from mobilize.models import AuditEntry, Callout, InboundMessage, Message, Recipient
from mobilize.services import alarms, answers, callouts, check_outs, outbox, reminders, watch
from mobilize.services.access import SYSTEM, Viewer, viewer_of
from mobilize.services.ports import FastForwardClock
from mobilize.services.runtime import now
from mobilize.services.standing import standing_alarms
from tests.world import World


def asked(world: World) -> Recipient:
    """Somebody in a callout that asks on, whose call-out has left."""
    world.people_answer()
    world.volunteer()
    callouts.launch(SYSTEM, world.callout({"medic": 2}).id)
    db.session.query(Message).one().accepted_at = now()
    db.session.commit()
    return db.session.query(Recipient).one()


def says(recipient: Recipient, intent: Intent) -> None:
    answers.apply(recipient, InboundMessage(intent=intent, received_at=now()))
    db.session.commit()


def on_scene(world: World) -> Recipient:
    recipient = asked(world)
    says(recipient, Intent.ON_SCENE)
    return recipient


def missing(world: World, clock: FastForwardClock) -> Recipient:
    """Somebody whom nobody has heard of since they were sent home."""
    recipient = on_scene(world)
    callouts.stand_down(SYSTEM, recipient.callout_id)
    for hours in (2, 1):
        clock.advance(hours=hours)
        reminders.remind_due()
    return recipient


def texts(kind: MessageKind) -> list[Message]:
    return db.session.query(Message).filter_by(kind=kind).all()


def found(viewer: Viewer) -> list[str | None]:
    return [a.person for a in standing_alarms(viewer) if a.kind is AlarmKind.CHECK_OUT_OVERDUE]


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    told: list[str] = []

    def note(*parts: Any) -> None:
        told.append(parts[2])

    event.listen(db.engine, "before_cursor_execute", note)
    yield told
    event.remove(db.engine, "before_cursor_execute", note)


def test_a_look_is_done_once(world: World, clock: FastForwardClock) -> None:
    asked(world)
    clock.advance(minutes=10)
    assert [reminders.remind_due() for _ in range(3)] == [1, 0, 0]
    assert len(texts(MessageKind.REMINDER)) == 1


def test_a_look_that_another_engine_has_done_meanwhile_is_not_ours(
    world: World, clock: FastForwardClock
) -> None:
    recipient = asked(world)
    clock.advance(minutes=10)
    looks = {recipient.id: reminders._looks_at_silent(recipient.callout, [recipient])[recipient.id]}
    assert reminders._claim([recipient], looks) == {recipient.id}
    assert reminders._claim([recipient], looks) == set()


def test_who_has_not_got_the_call_yet_is_not_reminded_of_it(world: World, clock: FastForwardClock) -> None:
    asked(world)
    db.session.query(Message).one().accepted_at = None
    db.session.commit()
    clock.advance(minutes=10)
    assert reminders.remind_due() == 1
    assert texts(MessageKind.REMINDER) == []
    db.session.query(Message).one().accepted_at = now()
    db.session.commit()
    clock.advance(minutes=10)
    reminders.remind_due()
    assert len(texts(MessageKind.REMINDER)) == 1


def test_who_can_fill_no_place_any_more_is_not_reminded(world: World, clock: FastForwardClock) -> None:
    world.people_answer()
    ana, ben = world.volunteer(), world.volunteer("Ben")
    callout = callouts.launch(SYSTEM, world.callout({"medic": 1, "driver": 1}).id)
    says(db.session.query(Recipient).filter_by(volunteer_id=ana.id).one(), Intent.ACCEPT)
    callouts.ask_more(SYSTEM, callout.id, 1)
    db.session.query(Message).update({"accepted_at": now()})
    db.session.commit()
    clock.advance(minutes=10)
    reminders.remind_due()
    assert db.session.query(Recipient).filter_by(volunteer_id=ben.id).one().remind_at is None
    assert texts(MessageKind.REMINDER) == []


def test_a_reminder_goes_after_the_calls_that_wait(world: World, clock: FastForwardClock) -> None:
    asked(world)
    clock.advance(minutes=10)
    reminders.remind_due()
    (reminder,) = texts(MessageKind.REMINDER)
    (call,) = texts(MessageKind.CALLOUT)
    assert (reminder.priority, reminder.expires_at) == (call.priority, call.expires_at)
    assert reminder.rank > 100_000


def test_a_stand_down_stops_reminders_that_wait(world: World, clock: FastForwardClock) -> None:
    recipient = asked(world)
    clock.advance(minutes=10)
    reminders.remind_due()
    callouts.stand_down(SYSTEM, recipient.callout_id)
    assert [m.state.value for m in texts(MessageKind.REMINDER)] == ["suppressed"]
    assert recipient.remind_at is None


def test_an_alarm_about_a_person_is_for_those_who_see_the_callout(
    world: World, clock: FastForwardClock
) -> None:
    missing(world, clock)
    elsewhere = world.account(section=world.section("it", "IT"))
    assert found(SYSTEM) == found(viewer_of(world.account())) == ["Ana Test"]
    assert found(viewer_of(elsewhere)) == []
    assert found(viewer_of(world.account(AccountRole.AUTHORITY))) == []


def test_a_stand_down_does_not_end_the_alarm_about_somebody_missing(
    world: World, clock: FastForwardClock
) -> None:
    recipient = on_scene(world)
    for hours in (12, 1):
        clock.advance(hours=hours)
        reminders.remind_due()
    assert found(SYSTEM) == ["Ana Test"]
    callouts.stand_down(SYSTEM, recipient.callout_id)
    assert found(SYSTEM) == ["Ana Test"]
    assert len(texts(MessageKind.STAND_DOWN)) == 1


def test_a_stand_down_does_not_end_the_watch_over_who_turned_back(
    world: World, clock: FastForwardClock
) -> None:
    recipient = asked(world)
    says(recipient, Intent.EN_ROUTE)
    says(recipient, Intent.LIMITED)
    clock.advance(hours=2)
    reminders.remind_due()  # asks whether they are home
    callouts.stand_down(SYSTEM, recipient.callout_id)
    assert recipient.state is RecipientState.STOOD_DOWN
    clock.advance(hours=1)
    reminders.remind_due()
    assert found(SYSTEM) == ["Ana Test"]


def test_a_no_to_whether_one_is_home_is_one_whatever_was_said_between(
    world: World, clock: FastForwardClock
) -> None:
    recipient = asked(world)
    says(recipient, Intent.ACCEPT)
    callouts.stand_down(SYSTEM, recipient.callout_id)
    clock.advance(hours=2)
    reminders.remind_due()
    says(recipient, Intent.LIMITED)
    says(recipient, Intent.DECLINE)
    assert found(SYSTEM) == ["Ana Test"]


def test_in_a_drill_the_alarm_says_so(world: World, clock: FastForwardClock) -> None:
    recipient = on_scene(world)
    recipient.callout.emergency.drill = True
    watch.alarm(recipient, recipient.callout, "has not checked out")
    (alarm,) = alarms.open_alarms()
    assert alarm.detail.startswith("Drill: Ana Test")


def test_nobody_is_told_to_come_after_they_were_let_go(world: World, clock: FastForwardClock) -> None:
    recipient = asked(world)
    answers.apply(recipient, InboundMessage(intent=Intent.ACCEPT, received_at=now()))
    outbox.answer(
        recipient.volunteer,
        "Come to Port gate 3",
        key="answer:1",
        kind=MessageKind.ACKNOWLEDGEMENT,
        recipient_id=recipient.id,
    )
    db.session.commit()
    (come,) = texts(MessageKind.ACKNOWLEDGEMENT)
    clock.advance(minutes=1)
    callouts.stand_down(SYSTEM, recipient.callout_id)
    assert come.state is MessageState.SUPPRESSED
    come.state = MessageState.SENT  # it had left, and failed after the stand-down
    outbox.requeue(come, Cause.CALLBACK, "failed", now())
    assert come.state is MessageState.SUPPRESSED


def test_a_landline_gets_no_texts_and_is_watched_all_the_same(world: World, clock: FastForwardClock) -> None:
    recipient = asked(world)
    recipient.volunteer.phone_status = PhoneStatus.LANDLINE
    says(recipient, Intent.ACCEPT)  # by a key in a call
    callouts.stand_down(SYSTEM, recipient.callout_id)
    for hours in (2, 1):
        clock.advance(hours=hours)
        reminders.remind_due()
    assert texts(MessageKind.STAND_DOWN) == texts(MessageKind.REMINDER) == []
    assert found(SYSTEM) == ["Ana Test"]


def test_a_stand_down_reads_people_together(world: World) -> None:
    counts = []
    for people in (2, 12):
        for number in range(people):
            world.volunteer(f"Ana{number}")
        callout = callouts.launch(SYSTEM, world.callout({"medic": 1}, mode=CalloutMode.EVERYONE).id)
        db.session.query(Message).update({"state": MessageState.DELIVERED})
        db.session.commit()
        with counted_statements() as counted:
            callouts.stand_down(SYSTEM, callout.id)
        counts.append(len(counted))
    assert counts[0] == counts[1]


def test_it_is_not_put_away_but_ended(world: World, clock: FastForwardClock) -> None:
    recipient = missing(world, clock)
    (alarm,) = alarms.open_alarms()
    with pytest.raises(Conflict, match="Phone them"):
        alarms.acknowledge(SYSTEM, alarm.id)
    check_outs.check_out(SYSTEM, recipient.id)
    assert found(SYSTEM) == []


def test_a_check_out_by_hand_is_on_record(world: World, clock: FastForwardClock) -> None:
    recipient = missing(world, clock)
    coordinator = viewer_of(world.account())
    check_outs.check_out(coordinator, recipient.id)
    entry = db.session.query(AuditEntry).filter_by(action="recipient.check_out").one()
    assert (entry.account_id, entry.subject_id) == (coordinator.account_id, recipient.id)
    assert recipient.left_at == now()
    assert [m.state.value for m in texts(MessageKind.REMINDER)] == ["suppressed"]


def test_nobody_is_checked_out_twice_or_by_a_stranger(world: World, clock: FastForwardClock) -> None:
    recipient = missing(world, clock)
    with pytest.raises(NotFound):
        check_outs.check_out(viewer_of(world.account(section=world.section("it", "IT"))), recipient.id)
    check_outs.check_out(SYSTEM, recipient.id)
    with pytest.raises(Conflict, match="has checked out"):
        check_outs.check_out(SYSTEM, recipient.id)


def test_checked_out_by_hand_before_the_time_a_place_is_open_again(world: World) -> None:
    recipient = on_scene(world)
    check_outs.check_out(SYSTEM, recipient.id)
    assert (recipient.state, recipient.need_id) == (RecipientState.WITHDRAWN, None)


def test_somebody_who_left_after_serving_is_free_for_other_calls(world: World, clock: FastForwardClock) -> None:
    recipient = on_scene(world)
    clock.advance(hours=7)
    says(recipient, Intent.LEFT)
    assert recipient.state is RecipientState.ARRIVED
    assert recipient.closed_at is not None
    assert recipient.need_id is not None


def test_a_withdrawal_keeps_the_time_of_the_yes(world: World, clock: FastForwardClock) -> None:
    recipient = asked(world)
    says(recipient, Intent.ACCEPT)
    yes = recipient.answered_at
    clock.advance(hours=2)
    says(recipient, Intent.DECLINE)
    assert (recipient.state, recipient.answered_at) == (RecipientState.WITHDRAWN, yes)


def test_far_away_people_have_twice_their_way(world: World) -> None:
    recipient = on_scene(world)
    recipient.travel_s = 3 * 3600
    db.session.commit()
    callouts.stand_down(SYSTEM, recipient.callout_id)
    assert recipient.check_out_by == now() + timedelta(hours=6)


def test_the_board_hears_of_each_reminder(app: Flask, world: World, clock: FastForwardClock) -> None:
    recipient = asked(world)
    before = db.session.get_one(Callout, recipient.callout_id).revision
    clock.advance(minutes=10)
    reminders.remind_due()
    assert db.session.get_one(Callout, recipient.callout_id).revision > before
