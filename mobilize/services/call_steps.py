"""A call's steps from state to state, and what follows from each for its timers and its cost.

Everything here adds to the current transaction.
"""

from datetime import timedelta

import structlog
from sqlalchemy import select

from mobilize.domain import calling
from mobilize.domain.calling import CallState
from mobilize.extensions import db
from mobilize.models import VoiceCall

from . import outbox
from .runtime import now, settings

log = structlog.get_logger(__name__)

#: Beyond its longest time, a call of which nothing is heard is looked up.
GRACE = timedelta(seconds=30)
#: How such calls end that nobody picked up; the provider charges nothing for them.
_FREE = frozenset({CallState.NO_ANSWER, CallState.BUSY, CallState.FAILED, CallState.CANCELLED})


def hold(call_id: int) -> VoiceCall | None:
    """A call, held against changes, after its callout, whose watchers are told."""
    callout_id = db.session.scalar(select(VoiceCall.callout_id).where(VoiceCall.id == call_id))
    if callout_id is None:
        return None
    outbox.touch([callout_id])
    return db.session.scalars(
        select(VoiceCall)
        .where(VoiceCall.id == call_id)
        .with_for_update(of=VoiceCall)
        .execution_options(populate_existing=True)
    ).one()


def step(call: VoiceCall, state: CallState, detail: str | None = None) -> bool:
    """Move a call to another state if that is legal. Illegal steps change nothing."""
    if not calling.may_become(call.state, state):
        log.debug("step ignored", call_id=call.id, at=call.state, to=state)
        return False
    log.info("call", call_id=call.id, before=call.state, after=state)
    was_in_doubt = call.doubt_since is not None
    call.state = state
    call.look_at = call.doubt_since = call.lease_until = None
    if detail:
        call.reason = detail[:255]
    match state:
        case CallState.QUEUED:
            call.claimed_at = call.sid = None
            call.cost = 0.0
        case CallState.UNKNOWN:
            call.doubt_since = now()
            call.empty_looks = 0
            call.look_at = now() + timedelta(seconds=settings().doubt_look_seconds)
        case CallState.RINGING | CallState.TALKING:
            call.look_at = now() + longest()
            call.ended_at = None
            if state is CallState.TALKING:
                call.picked_up_at = call.picked_up_at or now()
        case _:
            call.ended_at = call.ended_at or now()
            # What was given up without evidence may have cost what it could.
            if state in _FREE and not was_in_doubt:
                call.cost = 0.0
    return True


def note_length(call: VoiceCall, seconds: int) -> None:
    """How long the call was, as the provider counts it; with that its cost is known."""
    call.duration_s = seconds
    call.cost = calling.cost(call.price, seconds)


def longest() -> timedelta:
    """From the placing of a call until nothing of it can go on, unless the provider lets it wait."""
    return timedelta(seconds=settings().voice_ring_seconds + settings().voice_longest_seconds) + GRACE
