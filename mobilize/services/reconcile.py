"""Settling ``unknown``: was the text sent or not? Only evidence decides.

A status callback proves a send by itself (``receipts.py``). Where none comes, the provider's own
list of texts to that phone is compared by body and time; only when it shows nothing is the text
queued again. While the list cannot be had, the text stays ``unknown``.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import aliased

from mobilize.domain.delivery import Cause, MessageState, ProviderRecord, state_for
from mobilize.domain.errors import ProviderUnreachable
from mobilize.extensions import db
from mobilize.models import Message, MessageEvent

from . import callouts, outbox
from .runtime import now, runtime

log = structlog.get_logger(__name__)

#: Callbacks usually come within seconds; the provider's list is asked for after this long.
EVIDENCE_WAIT = timedelta(minutes=2)
#: The provider's clock and ours may differ by this much.
CLOCK_SKEW = timedelta(minutes=1)


def settle_unknown(limit: int = 20) -> int:
    """Look for evidence about texts that have been in doubt long enough. Returns how many were settled.

    The provider is asked outside any transaction.
    """
    settled = 0
    for message_id, to, attempted_at in _in_doubt(limit):
        try:
            records = runtime().sms.find(to, attempted_at - CLOCK_SKEW)
        except ProviderUnreachable as error:
            log.warning("no evidence to be had", message_id=message_id, error=str(error))
            return settled
        settled += _judge(message_id, attempted_at, records)
    return settled


def _in_doubt(limit: int) -> list[tuple[int, str, datetime]]:
    """Texts in doubt for long enough, with the instant of their last claim."""
    in_doubt_since, claimed_at = func.max(MessageEvent.at), _latest_claim()
    rows = db.session.execute(
        select(Message.id, Message.to_phone, claimed_at)
        .join(MessageEvent, (MessageEvent.message_id == Message.id))
        .where(Message.state == MessageState.UNKNOWN, MessageEvent.to_state == MessageState.UNKNOWN)
        .group_by(Message.id, Message.to_phone)
        .having(in_doubt_since <= now() - EVIDENCE_WAIT)
        .order_by(Message.id)
        .limit(limit)
    ).all()
    db.session.commit()
    return [(row[0], row[1], row[2]) for row in rows]


def _latest_claim() -> ScalarSelect[datetime]:
    """When a text was last claimed: the earliest that the provider can have seen this attempt."""
    claim = aliased(MessageEvent)
    return (
        select(func.max(claim.at))
        .where(claim.message_id == Message.id, claim.to_state == MessageState.SENDING)
        .correlate(Message)
        .scalar_subquery()
    )


def _judge(message_id: int, attempted_at: datetime, records: Sequence[ProviderRecord]) -> int:
    """Decide about one text by the provider's records. One transaction."""
    message = db.session.scalars(
        select(Message).where(Message.id == message_id, Message.state == MessageState.UNKNOWN).with_for_update()
    ).one_or_none()
    if message is None:
        db.session.commit()
        return 0
    taken = set(db.session.scalars(select(Message.sid).where(Message.sid.in_([r.sid for r in records]))))
    match = next(
        (
            record
            for record in records
            if record.body == message.body
            and record.created_at >= attempted_at - CLOCK_SKEW
            and record.sid not in taken
        ),
        None,
    )
    if match is None:
        outbox.requeue(message, Cause.RECONCILIATION, "the provider has no such text", now())
    else:
        message.sid = match.sid
        state = state_for(match.status, match.error_code) or MessageState.ACCEPTED
        outbox.step(message, state, Cause.RECONCILIATION, "found in the provider's list")
    if message.callout_id is not None:
        callouts.touch({message.callout_id})
    db.session.commit()
    return 1
