"""Calls when things go wrong: no clear answer, refusals, lost reports, engines that die."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mobilize.domain.calling import CallOutcome, CallState, OutboundCall, Placed
from mobilize.domain.delivery import Deferred, ErrorClass, Refused, Unclear
from mobilize.domain.errors import NotFound
from mobilize.domain.vocabulary import AccountRole, AlarmKind, CalloutMode, MembershipStatus, RecipientState
from mobilize.engine import ticks
from mobilize.extensions import db
from mobilize.models import Alarm, AuditEntry, Callout, Recipient
from mobilize.services import alarms, call_placing, callouts, calls
from mobilize.services.access import SYSTEM, viewer_of
from mobilize.services.ports import FastForwardClock
from mobilize.services.runtime import runtime
from tests.world import World

from .scripted import Script, use
from .scripted_calls import VoiceScript, all_calls, report, sid_of, the_call


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return {"voice_attempts": 1, "doubt_look_seconds": 10, "doubt_window_seconds": 60, "probe_seconds": 30}


@pytest.fixture
def voice(world: World) -> VoiceScript:
    use(Script())
    voice = VoiceScript()
    runtime().voice = voice
    return voice


Silence = Callable[..., int]


@pytest.fixture
def silence(voice: VoiceScript, world: World, clock: FastForwardClock) -> Silence:
    """So many people were asked by text and have been silent for long enough."""

    def asked(people: int = 1, **changes: Any) -> int:
        for number in range(people):
            world.volunteer(f"P{number}")
        wanted: dict[str, Any] = {"mode": CalloutMode.EVERYONE, "voice_after_minutes": 10} | changes
        callout_id = world.callout({"medic": people}, **wanted).id
        callouts.launch(SYSTEM, callout_id)
        ticks.run_once()
        clock.advance(minutes=10)
        return callout_id

    return asked


def refused(error_class: ErrorClass, code: int | None) -> Callable[[OutboundCall], CallOutcome]:
    return lambda _call: Refused(error_class, code, "no")


def unclear(_call: OutboundCall) -> CallOutcome:
    return Unclear("no answer in time")


def stops() -> list[str]:
    db.session.expire_all()
    kinds = (Alarm.kind == AlarmKind.CALLS_STOPPED, Alarm.cleared_at.is_(None))
    return list(db.session.scalars(select(Alarm.subject).where(*kinds).order_by(Alarm.subject)))


# Doubt


def test_no_clear_answer_is_never_placed_again_blindly(
    voice: VoiceScript, silence: Silence, clock: FastForwardClock
) -> None:
    silence()
    voice.answer, voice.unreachable = unclear, True
    for _ in range(20):
        ticks.run_calling()
        clock.advance(seconds=10)
    assert len(voice.given) == 1
    assert the_call().state is CallState.FAILED
    assert "nobody knows" in (the_call().reason or "")


def test_a_report_settles_a_doubt(voice: VoiceScript, silence: Silence) -> None:
    silence()
    voice.answer = unclear
    ticks.run_calling()
    assert the_call().state is CallState.UNKNOWN
    report(the_call(), "ringing")
    assert (the_call().state, the_call().sid) == (CallState.RINGING, sid_of(the_call().id))


def test_the_providers_list_settles_a_doubt(
    voice: VoiceScript, silence: Silence, clock: FastForwardClock
) -> None:
    silence()
    voice.answer = unclear
    ticks.run_calling()
    voice.lists(the_call(), "busy")
    clock.advance(seconds=10)
    ticks.run_calling()
    assert the_call().state is CallState.BUSY
    assert len(voice.given) == 1


def test_two_empty_lists_prove_that_it_was_not_placed(
    voice: VoiceScript, silence: Silence, clock: FastForwardClock
) -> None:
    silence()
    voice.answer = unclear
    ticks.run_calling()
    voice.answer = lambda call: Placed(sid_of(call.call_id))
    clock.advance(seconds=10)
    ticks.run_calling()
    assert len(voice.given) == 1
    clock.advance(seconds=10)
    ticks.run_calling()
    ticks.run_calling()
    assert len(voice.given) == 2
    assert the_call().state is CallState.RINGING


def test_an_engine_that_dies_while_placing_leaves_a_doubt(
    voice: VoiceScript, silence: Silence, clock: FastForwardClock
) -> None:
    silence()

    def dies(_call: OutboundCall) -> CallOutcome:
        raise KeyboardInterrupt

    voice.answer = dies
    calls.write_due()
    with pytest.raises(KeyboardInterrupt):
        call_placing.place_due()
    db.session.rollback()
    assert the_call().state is CallState.PLACING
    clock.advance(seconds=30)
    call_placing.release_leases()
    assert the_call().state is CallState.UNKNOWN


def test_an_answer_that_comes_after_the_report_brings_only_its_name(
    voice: VoiceScript, silence: Silence
) -> None:
    silence()

    def busy_first(call: OutboundCall) -> CallOutcome:
        report(the_call(), "busy", sid=sid_of(call.call_id))
        return Placed(sid_of(call.call_id))

    voice.answer = busy_first
    ticks.run_calling()
    assert the_call().state is CallState.BUSY


# Lost and doubled reports


def test_a_lost_ending_is_looked_up(voice: VoiceScript, silence: Silence, clock: FastForwardClock) -> None:
    silence()
    ticks.run_calling()
    voice.lists(the_call(), "completed", 45)
    clock.advance(minutes=4)
    ticks.run_calling()
    assert (the_call().state, the_call().duration_s) == (CallState.NO_KEY, 45)


def test_a_call_of_which_nothing_is_ever_told_ends(
    voice: VoiceScript, silence: Silence, clock: FastForwardClock
) -> None:
    silence()
    ticks.run_calling()
    voice.unreachable = True
    for _ in range(30):
        clock.advance(minutes=4)
        ticks.run_calling()
    assert the_call().state is CallState.FAILED


def test_reports_out_of_order_and_twice_change_nothing(voice: VoiceScript, silence: Silence) -> None:
    silence()
    ticks.run_calling()
    report(the_call(), "completed", seconds=20)
    for late in ("initiated", "ringing", "in-progress", "completed"):
        report(the_call(), late)
    assert (the_call().state, the_call().duration_s) == (CallState.NO_KEY, 20)


def test_a_report_about_another_phone_or_another_call_is_no_report(
    voice: VoiceScript, silence: Silence
) -> None:
    silence()
    ticks.run_calling()
    report(the_call(), "busy", sid="CA" + "9" * 32)
    assert the_call().state is CallState.RINGING


def test_a_call_that_was_never_placed_cannot_be_reported(voice: VoiceScript, silence: Silence) -> None:
    silence()
    calls.write_due()
    report(the_call(), "busy")
    assert the_call().state is CallState.QUEUED


# Refusals


def test_a_bad_number_is_not_called_again(
    voice: VoiceScript, silence: Silence, clock: FastForwardClock
) -> None:
    runtime().settings = replace(runtime().settings, voice_attempts=3)
    silence()
    voice.answer = refused(ErrorClass.BAD_NUMBER, 21214)
    for _ in range(4):
        ticks.run_calling()
        clock.advance(minutes=10)
    assert [call.state for call in all_calls()] == [CallState.FAILED]
    assert stops() == []


def test_an_unknown_refusal_is_told(voice: VoiceScript, silence: Silence) -> None:
    silence()
    voice.answer = refused(ErrorClass.UNRECOGNISED, 29999)
    ticks.run_calling()
    assert the_call().state is CallState.FAILED
    assert alarms.find_open(AlarmKind.UNKNOWN_ERROR_CODE, "29999") is not None


def test_a_fault_of_the_account_stops_calls_and_burns_none(
    voice: VoiceScript, silence: Silence, clock: FastForwardClock
) -> None:
    silence(5)
    voice.answer = refused(ErrorClass.CONFIGURATION, 20003)
    for _ in range(5):
        ticks.run_calling()
        clock.advance(seconds=5)
    assert len(voice.given) == 1
    assert {call.state for call in all_calls()} == {CallState.QUEUED}
    assert stops() == ["calls by script"]

    voice.answer = lambda call: Placed(sid_of(call.call_id))
    clock.advance(seconds=30)  # time for a probe
    ticks.run_calling()
    assert stops() == []
    for _ in range(20):
        clock.advance(seconds=1)
        ticks.run_calling()
    assert {call.state for call in all_calls()} == {CallState.RINGING}


def test_acknowledging_a_stop_tries_at_once(
    voice: VoiceScript, silence: Silence, clock: FastForwardClock
) -> None:
    silence()
    voice.answer = refused(ErrorClass.CONFIGURATION, 20003)
    ticks.run_calling()
    clock.advance(seconds=5)
    voice.answer = lambda call: Placed(sid_of(call.call_id))
    alarms.acknowledge(SYSTEM, db.session.scalars(select(Alarm.id)).one())
    ticks.run_calling()
    assert the_call().state is CallState.RINGING


def test_a_country_that_may_not_be_called_stops_no_other(
    voice: VoiceScript, world: World, clock: FastForwardClock
) -> None:
    world.volunteer("Gia", phone="+393331234567")
    world.volunteer("Ana")
    callouts.launch(SYSTEM, world.callout({"medic": 2}, mode=CalloutMode.EVERYONE, voice_after_minutes=10).id)
    ticks.run_once()
    clock.advance(minutes=10)
    voice.answer = lambda call: (
        Refused(ErrorClass.CONFIGURATION, 21215, "no")
        if call.to.startswith("+39")
        else Placed(sid_of(call.call_id))
    )
    for _ in range(4):
        ticks.run_calling()
        clock.advance(seconds=2)
    assert {call.to_phone[:4]: call.state for call in all_calls()} == {
        "+393": CallState.QUEUED,
        "+355": CallState.RINGING,
    }
    assert stops() == ["calls by script to +39"]


def test_three_doubts_in_a_row_stop_calls(
    voice: VoiceScript, silence: Silence, clock: FastForwardClock
) -> None:
    silence(6)
    voice.answer, voice.unreachable = unclear, True
    for _ in range(8):
        ticks.run_calling()
        clock.advance(seconds=2)
    assert len(voice.given) == 3
    assert stops() == ["calls by script"]


def test_a_provider_out_of_reach_is_tried_again_soon(
    voice: VoiceScript, silence: Silence, clock: FastForwardClock
) -> None:
    silence(2)
    voice.answer = lambda _call: Deferred(ErrorClass.UNREACHABLE, None, "no connection")
    ticks.run_calling()
    assert stops() == ["calls by script"]
    voice.answer = lambda call: Placed(sid_of(call.call_id))
    for _ in range(10):
        clock.advance(seconds=2)
        ticks.run_calling()
    assert {call.state for call in all_calls()} == {CallState.RINGING}
    assert stops() == []


def test_slow_down_is_heeded(voice: VoiceScript, silence: Silence, clock: FastForwardClock) -> None:
    silence()
    voice.answer = lambda _call: Deferred(ErrorClass.NOT_PROCESSED, 20429, "slow down", 20)
    ticks.run_calling()
    clock.advance(seconds=19)
    ticks.run_calling()
    assert len(voice.given) == 1
    clock.advance(seconds=1)
    ticks.run_calling()
    assert len(voice.given) == 2


# Pace


def test_calls_start_one_a_second_and_not_too_many_at_once(
    voice: VoiceScript, silence: Silence, clock: FastForwardClock
) -> None:
    runtime().settings = replace(runtime().settings, voice_calls_at_once=4)
    silence(8)
    began = clock.now()
    started: list[timedelta] = []
    for _ in range(40):
        before = len(voice.given)
        ticks.run_calling()
        started += [clock.now() - began] * (len(voice.given) - before)
        clock.advance(seconds=0.25)
    assert len(started) == 4
    assert started[-1] >= timedelta(seconds=2)
    report(all_calls()[0], "busy")
    ticks.run_calling()
    assert len(voice.given) == 5


def test_one_phone_does_not_ring_for_two_callouts_at_once(
    voice: VoiceScript, world: World, clock: FastForwardClock
) -> None:
    world.volunteer()
    for _ in range(2):
        callouts.launch(SYSTEM, world.callout(voice_after_minutes=10).id)
    ticks.run_once()
    clock.advance(minutes=10)
    for _ in range(5):
        ticks.run_calling()
        clock.advance(seconds=2)
    assert [call.state for call in all_calls()] == [CallState.RINGING, CallState.QUEUED]
    report(all_calls()[0], "no-answer")
    ticks.run_calling()
    assert all_calls()[1].state is CallState.RINGING


def test_a_call_that_cannot_be_taken_back_ends_by_itself(voice: VoiceScript, silence: Silence) -> None:
    callout_id = silence()
    voice.can_take_back = False
    ticks.run_calling()
    callouts.stand_down(SYSTEM, callout_id)
    ticks.run_calling()
    assert the_call().state is CallState.RINGING
    report(the_call(), "no-answer")
    assert the_call().state is CallState.NO_ANSWER


def test_a_call_that_was_picked_up_in_the_meantime_is_heard_out(
    voice: VoiceScript, silence: Silence, monkeypatch: pytest.MonkeyPatch
) -> None:
    callout_id = silence()
    ticks.run_calling()
    callouts.stand_down(SYSTEM, callout_id)

    def picked_up_first(_sid: str) -> bool:
        report(the_call(), "in-progress")
        return True

    monkeypatch.setattr(voice, "take_back", picked_up_first)
    calls.take_back()
    assert (the_call().state, the_call().ended_at) == (CallState.TALKING, None)


def waiting(silence: Silence) -> Recipient:
    """Somebody whose call is written down and not placed yet."""
    silence()
    calls.write_due()
    assert the_call().state is CallState.QUEUED
    return db.session.scalars(select(Recipient)).one()


def nobody_is_called(voice: VoiceScript) -> None:
    db.session.commit()
    call_placing.place_due()
    assert voice.given == []
    calls.take_back()
    assert the_call().state is CallState.CANCELLED


def test_who_is_no_member_any_more_when_their_turn_comes_is_not_called(
    voice: VoiceScript, silence: Silence
) -> None:
    waiting(silence).volunteer.status = MembershipStatus.SUSPENDED
    nobody_is_called(voice)


def test_who_comes_elsewhere_when_their_turn_comes_is_not_called(
    voice: VoiceScript, silence: Silence, world: World
) -> None:
    recipient = waiting(silence)
    other = world.callout({"medic": 1}, mode=CalloutMode.EVERYONE)
    values = {c.name: getattr(recipient, c.key) for c in Recipient.__table__.columns if c.name != "id"}
    changes = {"callout_id": other.id, "reply_code": "B", "state": RecipientState.ACCEPTED}
    db.session.add(Recipient(**values | changes))
    nobody_is_called(voice)


def test_whom_no_text_reaches_is_not_called_once_what_they_can_do_is_filled(
    voice: VoiceScript, silence: Silence
) -> None:
    recipient = waiting(silence)
    recipient.state, recipient.closed_at = RecipientState.UNREACHABLE, recipient.asked_at
    recipient.able = 1
    recipient.callout.needs[0].filled_at = recipient.asked_at
    nobody_is_called(voice)


# The cap


def capped(voice: VoiceScript) -> None:
    runtime().settings = replace(runtime().settings, voice_prices={"*": 0.2}, voice_cost_cap=0.1)


def test_a_cap_too_small_for_one_call_calls_nobody(voice: VoiceScript, silence: Silence) -> None:
    capped(voice)
    callout_id = silence()
    ticks.run_calling()
    assert voice.given == []
    assert stops() == [str(callout_id)]


def test_the_stop_of_a_callout_ends_with_it(voice: VoiceScript, silence: Silence) -> None:
    capped(voice)
    callout_id = silence()
    ticks.run_calling()
    callouts.stand_down(SYSTEM, callout_id)
    ticks.run_calling()
    assert stops() == []


def test_letting_calls_go_on_is_audited_and_only_for_those_who_see_the_callout(
    voice: VoiceScript, silence: Silence, world: World
) -> None:
    capped(voice)
    callout_id = silence()
    ticks.run_calling()
    alarm_id = db.session.scalars(select(Alarm.id)).one()
    stranger = world.account(AccountRole.COORDINATOR, section=world.section("it", "IT"))
    with pytest.raises(NotFound):
        alarms.acknowledge(viewer_of(stranger), alarm_id)
    db.session.rollback()
    alarms.acknowledge(viewer_of(world.account(AccountRole.COORDINATOR)), alarm_id)
    assert db.session.get_one(Callout, callout_id).voice_cap == pytest.approx(0.1)
    actions = set(db.session.scalars(select(AuditEntry.action)))
    assert {"callout.raise_voice_cap", "alarm.acknowledge"} <= actions
