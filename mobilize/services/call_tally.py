"""The calls of a callout, counted for its board."""

from dataclasses import dataclass

from sqlalchemy import func, select

from mobilize.domain.calling import UNDER_WAY, CallState
from mobilize.extensions import db
from mobilize.models import Callout, VoiceCall

from . import call_caps
from .runtime import runtime, settings


@dataclass(frozen=True, slots=True)
class Calls:
    """How the calls of one callout stand. ``called`` counts people, all else calls.

    ``cost`` is in ``currency``, calls under way at their most; ``None`` where the installation has no prices.
    """

    called: int
    waiting: int
    under_way: int
    answered: int
    no_key: int
    no_answer: int
    busy: int
    failed: int
    cost: float | None
    cap: float | None
    currency: str
    #: Whether this installation can place calls at all.
    possible: bool


def tally(callout: Callout) -> Calls | None:
    """``None`` for a callout that is not meant to call anybody, and never has."""
    rows = db.session.execute(
        select(VoiceCall.state, func.count())
        .where(VoiceCall.callout_id == callout.id)
        .group_by(VoiceCall.state)
    ).all()
    meant_to = callout.voice_after_minutes is not None and callout.emergency.severity.life_threatening
    if not rows and not meant_to:
        return None
    counts: dict[CallState, int] = {row[0]: row[1] for row in rows}
    called = db.session.scalar(
        select(func.count(VoiceCall.recipient_id.distinct())).where(
            VoiceCall.callout_id == callout.id, VoiceCall.claimed_at.is_not(None)
        )
    )
    return Calls(
        called=called or 0,
        waiting=counts.get(CallState.QUEUED, 0),
        under_way=sum(counts.get(state, 0) for state in UNDER_WAY),
        answered=counts.get(CallState.ANSWERED, 0),
        no_key=counts.get(CallState.NO_KEY, 0),
        no_answer=counts.get(CallState.NO_ANSWER, 0),
        busy=counts.get(CallState.BUSY, 0),
        failed=counts.get(CallState.FAILED, 0),
        cost=round(call_caps.spent(callout.id).total, 2) if settings().voice_prices else None,
        cap=call_caps.cap_of(callout),
        currency=settings().sms_currency,
        possible=runtime().voice is not None,
    )
