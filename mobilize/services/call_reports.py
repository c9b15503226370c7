"""What becomes of calls: the provider's reports, and what we ask it when none comes.

Calls start one a second, so a report is put into effect at once, in the transaction in which it comes.
Reports come late, twice and out of order; a call never goes back.
"""

from collections.abc import Sequence
from datetime import timedelta

import structlog
from sqlalchemy import select, update

from mobilize.domain.calling import CallRecord, CallState, state_for
from mobilize.domain.delivery import ErrorClass
from mobilize.domain.vocabulary import AlarmKind
from mobilize.extensions import db
from mobilize.models import VoiceCall

from . import alarms, call_steps
from .reconcile import CLOCK_SKEW
from .runtime import now, runtime, settings

log = structlog.get_logger(__name__)

#: Calls looked up in one go; each may wait for the provider for some seconds.
SOME = 5
#: An engine that looks has a call to itself for this long.
LOOK_LEASE = timedelta(seconds=60)
#: A call that the provider took and never reported the end of counts as ended after this long.
FORGOTTEN = timedelta(hours=1)


def report(
    *,
    call_id: int,
    sid: str,
    status: str,
    to_phone: str | None = None,
    duration_s: int | None = None,
    error_code: int | None = None,
) -> None:
    """The provider tells how a call stands. One transaction."""
    call = call_steps.hold(call_id)
    if call is None or not _speaks_of(call, sid, to_phone):
        log.warning("report about another call", call_id=call_id, sid=sid, status=status)
    else:
        _apply(call, sid, status, duration_s)
        if error_code is not None and call.state is CallState.FAILED:
            call.error_code = error_code
    db.session.commit()


def _speaks_of(call: VoiceCall, sid: str, to_phone: str | None) -> bool:
    """Whether a report can be about this call: it was asked for, and has this phone and no other name."""
    if call.provider is None or (to_phone is not None and to_phone != call.to_phone):
        return False
    return call.sid in (None, sid)


def _apply(call: VoiceCall, sid: str, status: str, duration_s: int | None) -> None:
    state = state_for(status)
    if state is None:
        # Whatever the word means, the provider speaks of a call that it has taken.
        alarms.raise_alarm(AlarmKind.UNKNOWN_ERROR_CODE, status, f"unknown status {status!r} of a call")
        state = CallState.RINGING
    call_steps.step(call, state)
    call.sid = sid
    call.claimed_at = call.claimed_at or now()
    if status == "completed" and duration_s is not None:
        call_steps.note_length(call, duration_s)


# --- asking the provider ------------------------------------------------------------------------


def look_up_due() -> int:
    """Ask the provider about calls in doubt and calls gone silent; returns how many."""
    if runtime().voice is None:
        return 0
    leased_until = now() + LOOK_LEASE
    due = db.session.scalars(
        select(VoiceCall.id)
        .where(VoiceCall.ended_at.is_(None), VoiceCall.look_at <= now())
        .order_by(VoiceCall.look_at)
        .limit(SOME)
        .with_for_update(skip_locked=True)
    ).all()
    if due:
        db.session.execute(
            update(VoiceCall)
            .where(VoiceCall.id.in_(due))
            .values(look_at=leased_until)
            .execution_options(synchronize_session=False)
        )
    db.session.commit()
    for call_id in due:
        _look_up(call_id)
    return len(due)


def _look_up(call_id: int) -> None:
    voice, call = runtime().voice, db.session.get_one(VoiceCall, call_id, populate_existing=True)
    in_doubt, since, sid, phone = call.state is CallState.UNKNOWN, call.claimed_at, call.sid, call.to_phone
    db.session.commit()  # the provider may keep us waiting
    if voice is None:
        return
    if sid is not None:
        record = voice.fetch(sid)
        _judge_silent(call_id, record)
    elif in_doubt:
        _judge_doubt(call_id, voice.find(phone, (since or now()) - CLOCK_SKEW))


def _judge_silent(call_id: int, record: CallRecord | None) -> None:
    """A call that the provider took, and of which nothing was heard for longer than it can last."""
    call = call_steps.hold(call_id)
    if call is not None and call.ended_at is None:
        if record is not None:
            _apply(call, record.sid, record.status, record.duration_s)
        if call.ended_at is None and call.claimed_at and call.claimed_at + FORGOTTEN <= now():
            call_steps.step(call, CallState.FAILED, "the provider never told of its end")
        if call.ended_at is None:
            call.look_at = now() + call_steps.longest()
    db.session.commit()


def _judge_doubt(call_id: int, records: Sequence[CallRecord] | None) -> None:
    """Decide about one call in doubt by the provider's list, or by its absence."""
    call = call_steps.hold(call_id)
    if call is not None and call.state is CallState.UNKNOWN:
        match = _match(call, records or [])
        if match is not None:
            _apply(call, match.sid, match.status, match.duration_s)
        elif records is not None:
            _nothing_there(call)
        else:
            _no_evidence(call)
    db.session.commit()


def _match(call: VoiceCall, records: Sequence[CallRecord]) -> CallRecord | None:
    """The provider's record of this call: one call goes to a phone at a time, so any that no other owns."""
    sids = [record.sid for record in records]
    owned = set(db.session.scalars(select(VoiceCall.sid).where(VoiceCall.sid.in_(sids))))
    since = (call.claimed_at or call.created_at) - CLOCK_SKEW
    return next((r for r in records if r.sid not in owned and r.created_at >= since), None)


def _nothing_there(call: VoiceCall) -> None:
    call.empty_looks += 1
    if call.empty_looks < 2:
        call.look_at = now() + timedelta(seconds=settings().doubt_look_seconds)
    elif call_steps.step(call, CallState.QUEUED, "the provider's list showed no such call, twice"):
        call.next_attempt_at = now()


def _no_evidence(call: VoiceCall) -> None:
    """After a while it counts as a call, so that the next one comes no sooner than after any other."""
    if now() - (call.doubt_since or now()) < timedelta(seconds=settings().doubt_window_seconds):
        call.look_at = now() + timedelta(seconds=settings().doubt_look_seconds)
        return
    call.error_class = ErrorClass.AMBIGUOUS
    call_steps.step(call, CallState.FAILED, "nobody knows whether it was placed; not placed again")
