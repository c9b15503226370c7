"""Texts to be sent: written down in the transaction of the decision, stepped through their states.

Everything here adds to the current transaction.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

import structlog
from sqlalchemy import insert

from mobilize.domain import sms
from mobilize.domain.delivery import Cause, MessageState, may_become
from mobilize.domain.vocabulary import MessageKind, Severity
from mobilize.extensions import db
from mobilize.models import Message, MessageEvent, Recipient, Volunteer

from .runtime import now

log = structlog.get_logger(__name__)


class Priority(IntEnum):
    """Lower goes first: threats to life, then answers to volunteers, then other call-outs, then notices."""

    LIFE = 0
    ANSWER = 10
    CALLOUT = 20
    NOTICE = 40


#: Twilio's longest validity period.
LONGEST_VALIDITY = timedelta(hours=10)


def priority_for(severity: Severity) -> Priority:
    return Priority.LIFE if severity.life_threatening else Priority.CALLOUT


def row(
    volunteer_id: int,
    phone: str,
    body: str,
    *,
    kind: MessageKind,
    key: str,
    priority: Priority,
    expires_at: datetime,
    callout_id: int | None = None,
    recipient_id: int | None = None,
) -> dict[str, Any]:
    """One message as a row to insert. ``key`` names what must not happen twice."""
    at = now()
    return {
        "idempotency_key": key,
        "kind": kind,
        "volunteer_id": volunteer_id,
        "callout_id": callout_id,
        "recipient_id": recipient_id,
        "to_phone": phone,
        "body": body,
        "segments": sms.measure(body).segments,
        "priority": int(priority),
        "state": MessageState.QUEUED,
        "attempt": 0,
        "next_attempt_at": at,
        "expires_at": min(expires_at, at + LONGEST_VALIDITY),
        "created_at": at,
    }


def enqueue(rows: Sequence[dict[str, Any]]) -> None:
    """Queue texts, with the first event of each. A key that exists already is an error of ours."""
    if not rows:
        return
    ids = db.session.scalars(insert(Message).returning(Message.id), rows).all()
    at = now()
    db.session.execute(
        insert(MessageEvent),
        [{"message_id": i, "at": at, "to_state": MessageState.QUEUED, "cause": Cause.DECISION} for i in ids],
    )


def answer(volunteer: Volunteer, body: str, *, key: str, kind: MessageKind, **places: int | None) -> None:
    """Queue one text to a volunteer who wrote to us. It is worthless after an hour."""
    enqueue(
        [
            row(
                volunteer.id,
                volunteer.phone,
                body,
                kind=kind,
                key=key,
                priority=Priority.ANSWER,
                expires_at=now() + timedelta(hours=1),
                **places,
            )
        ]
    )


def requeue(message: Message, cause: Cause, detail: str, at: datetime) -> bool:
    """Send a text that certainly was not sent again at that time, unless it has become unwanted meanwhile.

    A call-out to somebody who was stood down, and any text to somebody who opted out, ends here.
    """
    if _unwanted(message):
        return step(message, MessageState.SUPPRESSED, cause, "no longer wanted")
    message.next_attempt_at = at
    return step(message, MessageState.QUEUED, cause, detail)


def _unwanted(message: Message) -> bool:
    if message.volunteer.opted_out_at is not None:
        return True
    if message.kind not in (MessageKind.CALLOUT, MessageKind.QUESTION) or message.recipient_id is None:
        return False
    return db.session.get_one(Recipient, message.recipient_id, populate_existing=True).closed_at is not None


def step(message: Message, state: MessageState, cause: Cause, detail: str | None = None) -> bool:
    """Move a text to another state if that is legal, and write the event. Illegal steps change nothing."""
    if not may_become(message.state, state):
        log.debug("step ignored", message_id=message.id, at=message.state, to=state, cause=cause)
        return False
    db.session.add(
        MessageEvent(
            message_id=message.id,
            at=now(),
            from_state=message.state,
            to_state=state,
            cause=cause,
            detail=detail[:255] if detail else None,
        )
    )
    message.state = state
    if detail:
        message.reason = detail[:255]
    if state is not MessageState.SENDING:
        message.lease_until = None
    if state is MessageState.DELIVERED:
        message.delivered_at = now()
    return True
