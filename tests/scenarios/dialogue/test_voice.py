"""Silence on a grave callout: the phone rings, and only a key that is pressed is an answer."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from mobilize.domain.calling import CallOutcome, CallRecord, CallState, OutboundCall, Placed, Turn
from mobilize.domain.vocabulary import AlarmKind, CalloutMode, PhoneStatus, RecipientState, Severity
from mobilize.extensions import db
from mobilize.models import Alarm, Callout, InboundMessage, Recipient, VoiceCall
from mobilize.services import alarms, call_keys, call_placing, call_reports, callouts, calls, receipts
from mobilize.services.access import SYSTEM
from mobilize.services.ports import FastForwardClock
from mobilize.services.runtime import runtime

from .conftest import Person, Town

SENDER = "+15550199"


class Exchange:
    """Implements `VoiceGateway`: takes every call at once, and lets it ring until the test says otherwise."""

    name = "exchange"
    sender = SENDER

    def __init__(self, clock: FastForwardClock) -> None:
        self._clock = clock
        self.calls: list[OutboundCall] = []
        self.taken_back: list[str] = []

    def place(self, call: OutboundCall) -> CallOutcome:
        self.calls.append(call)
        return Placed(sid_of(call))

    def take_back(self, sid: str) -> bool:
        self.taken_back.append(sid)
        return True

    def find(self, phone: str, since: Any) -> Sequence[CallRecord]:
        return []

    def fetch(self, sid: str) -> CallRecord | None:
        return None


def sid_of(call: OutboundCall) -> str:
    return f"CA{call.call_id:032d}"


class Line:
    """The call that rings at somebody's now."""

    def __init__(self, town: Town, call: OutboundCall) -> None:
        self._town, self._call = town, call
        self._turn: Turn | None = Turn()

    def is_picked_up(self) -> "Line":
        return self.ends("in-progress")

    def presses(self, key: str) -> "Line":
        """Press a key (or let the time pass: ``""``) and hear what is said."""
        assert self._turn is not None, "the call is over"
        db.session.remove()
        reply = call_keys.pressed(
            call_id=self._call.call_id,
            sid=sid_of(self._call),
            to_phone=self._call.to,
            turn=self._turn,
            keys=key,
        )
        assert reply is not None
        self._turn, self._said = reply.turn, reply.speech.text
        self._town.works()
        return self

    def hears(self, *words: str) -> "Line":
        for word in words:
            assert word.lower() in self._said.lower(), f"{word!r} is not in {self._said!r}"
        return self

    def is_over(self) -> bool:
        return self._turn is None

    def ends(self, status: str, seconds: int | None = None) -> "Line":
        db.session.remove()
        call_reports.report(
            call_id=self._call.call_id,
            sid=sid_of(self._call),
            status=status,
            to_phone=self._call.to,
            duration_s=seconds,
        )
        self._town.works()
        return self


class Switchboard:
    """Everyone's calls, as a test reads them: one that nobody expected fails the scenario at its end."""

    def __init__(self, town: Town, exchange: Exchange) -> None:
        self._town, self.exchange = town, exchange
        self._seen = 0

    def rings(self, person: Person, *words: str) -> Line:
        """The next call is to this person and says these words."""
        self._town.works()
        assert len(self.exchange.calls) > self._seen, f"{person.phone} was not called"
        call = self.exchange.calls[self._seen]
        self._seen += 1
        assert call.to == person.phone
        for word in words:
            assert word.lower() in call.speech.text.lower(), f"{word!r} is not in {call.speech.text!r}"
        return Line(self._town, call)

    def is_quiet(self) -> None:
        self._town.works()
        assert len(self.exchange.calls) == self._seen, f"{self.exchange.calls[self._seen].to} was called"


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    # Reminders by text have scenarios of their own.
    return {"voice_calls_per_second": 100, "silent_reminder_minutes": 600}


@pytest.fixture
def phone(town: Town, clock: FastForwardClock) -> Any:
    exchange = Exchange(clock)
    runtime().voice = exchange
    switchboard = Switchboard(town, exchange)
    yield switchboard
    switchboard.is_quiet()


def launch(town: Town, needs: dict[str, int] | None = None, **changes: Any) -> int:
    callout_id = town.world.callout(needs or {"medic": 1}, **({"voice_after_minutes": 10} | changes)).id
    callouts.launch(SYSTEM, callout_id)
    town.works()
    return callout_id


def fails(town: Town, person: Person, code: int) -> None:
    """The carrier reports that the last text to this person did not arrive."""
    sid = next(record.sid for record in reversed(town.carrier.ledger) if record.to == person.phone)
    receipts.store_status(sid=sid, status="undelivered", error_code=code, message_id=None)
    town.works()


def the_alarm() -> Alarm | None:
    return db.session.scalars(
        select(Alarm).where(Alarm.kind == AlarmKind.CALLS_STOPPED, Alarm.cleared_at.is_(None))
    ).one_or_none()


def states() -> list[CallState]:
    db.session.expire_all()
    return list(db.session.scalars(select(VoiceCall.state).order_by(VoiceCall.id)))


def test_a_silent_person_is_called_presses_1_and_gets_the_rendezvous_by_text(
    town: Town, phone: Switchboard
) -> None:
    ana = town.person("Ana")
    callout = launch(town)
    ana.gets("AL")
    town.passes(minutes=9)
    phone.is_quiet()
    town.passes(minutes=1)
    line = phone.rings(ana, "Section AL", "Durres earthquake", "medic", "press 1").is_picked_up()
    assert "Port gate" not in phone.exchange.calls[0].speech.text

    line.presses("1").hears("count on you")
    assert line.is_over()
    ana.gets("Port gate 3")
    line.ends("completed", 31)
    seen = town.board(callout)
    assert seen.recipients[0].state is RecipientState.ACCEPTED
    assert seen.calls is not None
    assert (seen.calls.called, seen.calls.answered, seen.calls.under_way) == (1, 1, 0)


def test_a_no_by_key_is_a_no_and_a_wrong_key_is_asked_again_once(town: Town, phone: Switchboard) -> None:
    ana, ben = town.person("Ana"), town.person("Ben")
    callout = launch(town, mode=CalloutMode.EVERYONE)
    ana.gets("AL")
    ben.gets("AL")
    town.passes(minutes=10)
    first, second = phone.rings(ana), phone.rings(ben)
    first.presses("7").hears("means nothing", "press 2").presses("2").hears("do not expect you")
    ana.gets("AL")
    second.presses("7").presses("8").hears("no answer from you")
    assert second.is_over()
    assert town.board(callout).counts == {RecipientState.DECLINED: 1, RecipientState.ASKED: 1}
    assert [inbound.body for inbound in db.session.scalars(select(InboundMessage))] == ["2"]


def test_9_says_it_again(town: Town, phone: Switchboard) -> None:
    ana = town.person("Ana")
    launch(town)
    ana.gets("AL")
    town.passes(minutes=10)
    phone.rings(ana).presses("9").hears("Durres earthquake", "press 3").presses("3").hears(
        "only if really needed"
    )
    ana.gets("AL")


def test_busy_is_called_again_later_and_not_more_often_than_allowed(town: Town, phone: Switchboard) -> None:
    ana = town.person("Ana")
    launch(town)
    ana.gets("AL")
    town.passes(minutes=10)
    phone.rings(ana).ends("busy")
    town.passes(minutes=4)
    phone.is_quiet()
    town.passes(minutes=1)
    phone.rings(ana).ends("no-answer")
    town.passes(minutes=60)
    phone.is_quiet()
    assert states() == [CallState.BUSY, CallState.NO_ANSWER]


def test_a_mailbox_is_never_an_answer(town: Town, phone: Switchboard) -> None:
    ana = town.person("Ana")
    callout = launch(town)
    ana.gets("AL")
    town.passes(minutes=10)
    line = phone.rings(ana).is_picked_up()
    line.presses("").hears("press 1").presses("").hears("no answer from you")
    line.ends("completed", 58)
    assert states() == [CallState.NO_KEY]
    assert town.board(callout).counts == {RecipientState.ASKED: 1}
    town.passes(minutes=5)
    phone.rings(ana).ends("completed", 58)


def test_when_a_callout_is_filled_waiting_and_ringing_calls_end(town: Town, phone: Switchboard) -> None:
    runtime().settings = _with(voice_calls_at_once=1)
    ana, ben, eve = (town.person(name) for name in ("Ana", "Ben", "Eve"))
    launch(town, mode=CalloutMode.EVERYONE)
    for person in (ana, ben, eve):
        person.gets("AL")
    town.passes(minutes=10)
    phone.rings(ana)
    assert states() == [CallState.RINGING, CallState.QUEUED, CallState.QUEUED]
    ben.replies("1").gets("Port gate 3")
    ana.gets("no longer needed")
    eve.gets("no longer needed")
    assert states() == [CallState.CANCELLED] * 3
    assert len(phone.exchange.taken_back) == 1


def test_who_answers_by_text_while_it_rings_is_left_alone(town: Town, phone: Switchboard) -> None:
    ana = town.person("Ana")
    launch(town, {"medic": 2})
    ana.gets("AL")
    town.passes(minutes=10)
    phone.rings(ana)
    ana.replies("2").gets("AL")
    assert states() == [CallState.CANCELLED]


def test_whoever_no_text_reaches_is_called_at_once_and_hears_where_to_come(
    town: Town, phone: Switchboard
) -> None:
    ana = town.person("Ana")
    launch(town)
    ana.gets("AL")
    fails(town, ana, 30006)
    town.passes(minutes=0.1)
    line = phone.rings(ana).presses("1").hears("Port gate 3", "I repeat")
    line.ends("completed", 40)
    ana.gets_nothing()  # what cannot receive texts gets none
    assert db.session.scalars(select(Recipient)).one().state is RecipientState.ACCEPTED


def test_a_landline_gets_no_text_and_is_called_at_once(town: Town, phone: Switchboard) -> None:
    lea = town.person("Lea", phone="+35542200100", phone_status=PhoneStatus.LANDLINE)
    launch(town)
    phone.rings(lea, "press 1").presses("1").hears("Port gate 3")
    lea.gets_nothing()


def test_a_landline_is_left_out_where_nobody_is_called(town: Town, phone: Switchboard) -> None:
    town.person("Lea", phone="+35542200100", phone_status=PhoneStatus.LANDLINE)
    callout = launch(town, voice_after_minutes=None)
    assert town.board(callout).asked == 0


def test_a_yes_after_enough_have_come_hears_so(town: Town, phone: Switchboard) -> None:
    ana, ben = town.person("Ana"), town.person("Ben")
    launch(town, mode=CalloutMode.EVERYONE)
    ana.gets("AL")
    ben.gets("AL")
    town.passes(minutes=10)
    line = phone.rings(ana).is_picked_up()
    phone.rings(ben)
    ben.replies("1").gets("Port gate 3")
    ana.gets("no longer needed")
    line.presses("1").hears("not needed", "do not set out")
    ana.gets("AL")


def test_nobody_is_called_for_less_than_a_threat_to_life(town: Town, phone: Switchboard) -> None:
    ana = town.person("Ana")
    launch(town, emergency=town.world.emergency(severity=Severity.MODERATE))
    ana.gets("AL")
    town.passes(minutes=60)
    phone.is_quiet()


def test_a_callout_without_patience_calls_nobody(town: Town, phone: Switchboard) -> None:
    ana = town.person("Ana")
    callout = launch(town, voice_after_minutes=None)
    ana.gets("AL")
    town.passes(minutes=60)
    phone.is_quiet()
    assert town.board(callout).calls is None


def test_no_call_comes_after_the_stand_down_or_while_asking_is_stopped(town: Town, phone: Switchboard) -> None:
    ana = town.person("Ana")
    callout = launch(town)
    ana.gets("AL")
    callouts.stop_asking(SYSTEM, callout)
    town.passes(minutes=20)
    phone.is_quiet()
    callouts.stand_down(SYSTEM, callout)
    ana.gets("no longer needed")
    town.passes(minutes=20)
    phone.is_quiet()


def test_calls_stop_at_the_cap_until_a_coordinator_lets_them_go_on(town: Town, phone: Switchboard) -> None:
    # A call may last two minutes, so it may cost 0.40.
    runtime().settings = _with(voice_prices={"*": 0.2}, voice_cost_cap=0.6, voice_calls_at_once=5)
    ana, ben = town.person("Ana"), town.person("Ben")
    callout = launch(town, {"medic": 2}, mode=CalloutMode.EVERYONE)
    ana.gets("AL")
    ben.gets("AL")
    town.passes(minutes=10)
    line = phone.rings(ana)
    phone.is_quiet()
    assert the_alarm() is None  # the first may still turn out cheap
    line.ends("completed", 30)
    line_to_ben = phone.rings(ben)
    line_to_ben.ends("completed", 30)
    town.passes(minutes=5)
    phone.is_quiet()
    found = the_alarm()
    assert found is not None
    assert "0.40 EUR" in found.detail
    assert town.board(callout).calls.cost == pytest.approx(0.4)  # type: ignore[union-attr]

    alarms.acknowledge(SYSTEM, found.id)
    phone.rings(ana).ends("busy")
    phone.rings(ben).ends("busy")


def test_two_engines_place_one_call(town: Town, phone: Switchboard) -> None:
    ana = town.person("Ana")
    launch(town)
    ana.gets("AL")
    town.clock.advance(minutes=10)
    assert calls.write_due() == 1
    assert calls.write_due() == 0
    town.clock.advance(minutes=1)
    assert calls.write_due() == 0
    exchange = phone.exchange
    seen: list[int] = []

    class Racing(Exchange):
        def place(self, call: OutboundCall) -> CallOutcome:
            seen.append(call_placing.place_due())  # the other engine, while this one's request is under way
            return exchange.place(call)

    runtime().voice = Racing(town.clock)
    assert call_placing.place_due() == 1
    runtime().voice = exchange
    assert seen == [0]
    phone.rings(ana)


def test_calls_in_a_language_without_a_voice_are_in_english(town: Town, phone: Switchboard) -> None:
    ana, ben = town.person("Ana", language="sq"), town.person("Ben", language="it")
    launch(town, mode=CalloutMode.EVERYONE)
    ana.gets("AL")
    ben.gets("AL")
    town.passes(minutes=10)
    phone.rings(ana, "press 1")
    phone.rings(ben, "premi 1")


def test_people_who_come_elsewhere_are_not_called(town: Town, phone: Switchboard) -> None:
    ana = town.person("Ana")
    launch(town)
    ana.gets("AL")
    other = town.world.callout({"medic": 1})
    db.session.execute(
        Recipient.__table__.insert().values(  # type: ignore[attr-defined]
            callout_id=other.id,
            volunteer_id=ana.id,
            wave_id=db.session.get_one(Callout, 1).waves[0].id,
            reply_code="B",
            state=RecipientState.ACCEPTED,
            place_kind="home",
            lat=41,
            lon=19,
            distance_m=1,
            asked_at=town.clock.now(),
            reminders=0,
        )
    )
    db.session.commit()
    town.passes(minutes=20)
    phone.is_quiet()


def _with(**changes: Any) -> Any:
    return replace(runtime().settings, **changes)
