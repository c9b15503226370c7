"""Placing calls: claim the next one that may go, ask the provider for it once, write down what it said.

All engines together keep one pace and one number of calls under way: whoever claims holds the row of the
pace until the claim is committed, and that is before the request leaves.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, exists, func, not_, select, update
from sqlalchemy.orm import aliased

from mobilize.domain import calling, pacing
from mobilize.domain.calling import UNDER_WAY, Budget, CallOutcome, CallState, OutboundCall, Placed
from mobilize.domain.delivery import Deferred, ErrorClass, Refused, Unclear
from mobilize.domain.vocabulary import AlarmKind
from mobilize.extensions import db
from mobilize.models import Alarm, Callout, Recipient, SenderPace, VoiceCall, Volunteer

from . import alarms, call_caps, call_speech, call_steps, call_stops, calls, senders
from .claims import WORKER
from .ports import VoiceGateway
from .runtime import now, runtime, settings

log = structlog.get_logger(__name__)

#: Calls placed in one go, at most, so that other work gets its turn.
MOST = 10
#: Waiting calls that are looked at to find one that may go.
_LOOKED_AT = 500
#: A call that the provider certainly did not take waits at least this long.
PAUSE = timedelta(seconds=5)
#: So many placings in a row without a clear answer, and the provider counts as gone.
MUTE = 3


def place_due() -> int:
    """Place the calls that may go now; returns how many were tried."""
    voice = runtime().voice
    if voice is None:
        return 0
    tried = 0
    while tried < MOST:
        call = _claim(voice)
        db.session.commit()
        if call is None:
            break
        outcome = voice.place(call)
        _record(voice, call, outcome)
        db.session.commit()
        tried += 1
        if not isinstance(outcome, Placed):
            break
    return tried


def release_leases() -> int:
    """Calls whose engine died while it placed them: nobody knows whether they ring. One transaction each."""
    found = db.session.scalars(
        select(VoiceCall.id)
        .where(
            VoiceCall.state == CallState.PLACING, VoiceCall.ended_at.is_(None), VoiceCall.lease_until <= now()
        )
        .order_by(VoiceCall.id)
    ).all()
    for call_id in found:
        call = call_steps.hold(call_id)
        if call is not None and call.state is CallState.PLACING and (call.lease_until or now()) <= now():
            call_steps.step(call, CallState.UNKNOWN, "the engine that was placing it fell silent")
        db.session.commit()
    db.session.commit()
    return len(found)


# --- claiming -----------------------------------------------------------------------------------


def _claim(voice: VoiceGateway) -> OutboundCall | None:
    """The first waiting call that may go, marked as being placed. Adds to the current transaction."""
    stops = call_stops.standing()
    provider = call_stops.of_provider(voice.name)
    if provider in stops and not call_stops.is_due(stops[provider]):
        return None
    waiting = _waiting(voice, stops)
    if not waiting or not _has_room(voice):
        return None
    for call_id, callout_id, phone in waiting:
        country = call_stops.of_country(voice.name, phone)
        probed = [stops[subject] for subject in (provider, country) if subject in stops]
        call = _take(voice, call_id, callout_id, probed)
        if call is not None:
            return call
    return None


def _waiting(voice: VoiceGateway, stops: Mapping[str, Alarm]) -> list[tuple[int, int, str]]:
    """The first call of each callout that may go, as written: its id, its callout's, and its phone."""
    rows = db.session.execute(
        _of_wanted(select(VoiceCall.id, VoiceCall.callout_id, VoiceCall.to_phone))
        .where(*_not_stopped(voice.name, stops))
        .order_by(VoiceCall.id)
        .limit(_LOOKED_AT)
    ).all()
    first: dict[int, tuple[int, int, str]] = {}
    for call_id, callout_id, phone in rows:
        first.setdefault(callout_id, (call_id, callout_id, phone))
    return list(first.values())


def _of_wanted(query: Any) -> Any:
    """Calls that are due, whose person is still wanted and whose phone does not ring already."""
    other = aliased(VoiceCall)
    rings = exists().where(
        other.to_phone == VoiceCall.to_phone, other.ended_at.is_(None), other.state.in_(UNDER_WAY)
    )
    return (
        query.join(Callout, Callout.id == VoiceCall.callout_id)
        .join(Recipient, Recipient.id == VoiceCall.recipient_id)
        .join(Volunteer, Volunteer.id == VoiceCall.volunteer_id)
        .where(
            VoiceCall.state == CallState.QUEUED,
            VoiceCall.ended_at.is_(None),
            VoiceCall.next_attempt_at <= now(),
            Callout.asking_stopped_at.is_(None),
            calls.still_wanted(),
            ~rings,
        )
    )


def _not_stopped(provider: str, stops: Mapping[str, Alarm]) -> list[ColumnElement[bool]]:
    callout_ids = [int(subject) for subject in stops if subject.isdecimal()]
    countries = f"{call_stops.of_provider(provider)} to "
    held = [
        subject.removeprefix(countries)
        for subject, alarm in stops.items()
        if subject.startswith(countries) and not call_stops.is_due(alarm)
    ]
    return [
        VoiceCall.callout_id.not_in(callout_ids),
        *(not_(VoiceCall.to_phone.startswith(prefix, autoescape=True)) for prefix in held),
    ]


def _has_room(voice: VoiceGateway) -> bool:
    """Whether another call may begin now; from here on no other engine claims until we commit."""
    busy = senders.busy_until([_pace(voice)])[_pace(voice)]
    if pacing.room(busy, settings().voice_calls_per_second, now()) < 1:
        return False
    under_way = db.session.scalar(
        select(func.count()).where(VoiceCall.state.in_(UNDER_WAY), VoiceCall.ended_at.is_(None))
    )
    return (under_way or 0) < settings().voice_calls_at_once


def _pace(voice: VoiceGateway) -> str:
    return f"calls:{voice.name}:{voice.sender}"


def _take(voice: VoiceGateway, call_id: int, callout_id: int, probed: Sequence[Alarm]) -> OutboundCall | None:
    """Mark a call as being placed, if its callout still wants it and can pay for it.

    The stops that it probes are held last, as they are when an outcome is written down.
    """
    callout = db.session.get_one(Callout, callout_id, with_for_update={"of": Callout}, populate_existing=True)
    call = db.session.scalars(
        _of_wanted(select(VoiceCall))
        .where(VoiceCall.id == call_id)
        .with_for_update(of=VoiceCall)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if call is None:
        return None
    call.price = call_caps.price_of(call.to_phone)
    may_cost = calling.cost(call.price, settings().voice_longest_seconds)
    if not _can_pay(callout, may_cost) or not all(call_stops.takes_probe(stop) for stop in probed):
        return None
    at = now()
    call.state = CallState.PLACING
    call.cost = may_cost
    call.claimed_at = at
    call.claimed_by, call.provider = WORKER, voice.name
    call.lease_until = at + timedelta(seconds=settings().lease_seconds)
    callout.revision += 1
    _spend(voice, at)
    return OutboundCall(
        call_id=call.id,
        to=call.to_phone,
        speech=call_speech.question(call),
        ring_s=settings().voice_ring_seconds,
        longest_s=settings().voice_longest_seconds,
        leave_by=call.lease_until - timedelta(seconds=settings().twilio_timeout_seconds + 1),
    )


def _can_pay(callout: Callout, may_cost: float) -> bool:
    found = call_caps.spent(callout.id)
    verdict = calling.budget(call_caps.cap_of(callout), found.ended, found.under_way, may_cost)
    if verdict is Budget.SPENT:
        call_stops.stop_callout(callout, found.ended)
        callout.revision += 1
    return verdict is Budget.OPEN


def _spend(voice: VoiceGateway, at: datetime) -> None:
    name, rate = _pace(voice), settings().voice_calls_per_second
    busy = senders.busy_until([name])[name]
    db.session.execute(
        update(SenderPace)
        .where(SenderPace.sender == name)
        .values(busy_until=pacing.busy_after(busy, rate, 1, at))
        .execution_options(synchronize_session=False)
    )


# --- what the provider said ---------------------------------------------------------------------


def _record(voice: VoiceGateway, placed: OutboundCall, outcome: CallOutcome) -> None:
    """Write down an outcome. A report that came before it has moved the call on already."""
    call = call_steps.hold(placed.call_id)
    if call is None:
        return
    match outcome:
        case Placed(sid):
            if call.sid is None:
                call.sid = sid
            elif call.sid != sid:
                log.error("call placed twice", call_id=call.id, sid=call.sid, other_sid=sid)
            call_steps.step(call, CallState.RINGING)
            call_stops.worked(voice.name, call.to_phone)
        case Deferred():
            _again(call, outcome)
            if outcome.error_class is ErrorClass.UNREACHABLE:
                call_stops.stop(call_stops.of_provider(voice.name), outcome.detail, PAUSE)
        case Unclear():
            call_steps.step(call, CallState.UNKNOWN, outcome.detail)
            db.session.flush()
            _stop_if_mute(voice, outcome)
        case Refused():
            _refused(voice, call, outcome)


def _again(call: VoiceCall, told: Deferred | Refused) -> None:
    """The provider certainly did not take the call: it goes later."""
    wait = timedelta(seconds=told.retry_after_s or 0) if isinstance(told, Deferred) else PAUSE
    if call_steps.step(call, CallState.QUEUED, told.detail):
        call.next_attempt_at = now() + max(wait, PAUSE)


def _refused(voice: VoiceGateway, call: VoiceCall, refused: Refused) -> None:
    """A fault of configuration is nobody's call's fault: keep the call, stop calling, tell people."""
    if refused.error_class is ErrorClass.CONFIGURATION:
        _again(call, refused)
        country = refused.code in calling.REGION_CODES
        of_provider = call_stops.of_provider(voice.name)
        subject = call_stops.of_country(voice.name, call.to_phone) if country else of_provider
        call_stops.stop(subject, f"{refused.code or 'no code'}: {refused.detail}")
        if country:  # the probe has shown that the rest works
            alarms.clear(AlarmKind.CALLS_STOPPED, of_provider)
        return
    call.error_class, call.error_code = refused.error_class, refused.code
    call_steps.step(call, CallState.FAILED, refused.detail)
    if refused.error_class is ErrorClass.UNRECOGNISED:
        alarms.raise_alarm(
            AlarmKind.UNKNOWN_ERROR_CODE,
            str(refused.code),
            f"The provider said {refused.code}: {refused.detail}",
        )


def _stop_if_mute(voice: VoiceGateway, unclear: Unclear) -> None:
    """Each further call would go into doubt; those that wait have certainly not been placed."""
    latest = db.session.scalars(
        select(VoiceCall.state)
        .where(VoiceCall.claimed_at.is_not(None), VoiceCall.provider == voice.name)
        .order_by(VoiceCall.claimed_at.desc(), VoiceCall.id.desc())
        .limit(MUTE)
    ).all()
    if len(latest) == MUTE and all(state is CallState.UNKNOWN for state in latest):
        call_stops.stop(
            call_stops.of_provider(voice.name), f"no clear answer to {MUTE} requests in a row: {unclear.detail}"
        )
