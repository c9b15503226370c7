"""Texts to be sent: written down in the transaction of the decision, stepped through their states.

Everything here adds to the current transaction. Locks are taken in one order everywhere: callouts,
then recipients, then messages.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

import structlog
from sqlalchemy import BigInteger, ColumnElement, Table, insert, literal, select, update

from mobilize.domain import sms
from mobilize.domain.delivery import Cause, MessageState, may_become
from mobilize.domain.vocabulary import MessageKind, Severity
from mobilize.extensions import db
from mobilize.models import Callout, Message, MessageEvent, Recipient, Volunteer

from . import bell
from .listed import among, listed
from .runtime import now, settings

log = structlog.get_logger(__name__)

#: The tables, for statements over many rows: through the classes, SQLAlchemy would treat each as an object.
MESSAGES: Table = Message.__table__  # type: ignore[assignment]
EVENTS: Table = MessageEvent.__table__  # type: ignore[assignment]

#: Rows per statement; well under both databases' limit on bound parameters.
CHUNK = 1000


class Priority(IntEnum):
    """Lower goes first. Threats to life and answers to volunteers overtake all else."""

    URGENT = 0
    CALLOUT = 20
    NOTICE = 40


#: Texts that want an answer about one callout, and nobody wants once it is over for the person.
ASKING = (MessageKind.CALLOUT, MessageKind.QUESTION, MessageKind.REMINDER)

#: What the keys of those reminders begin with that go to people after the callout, too.
ASKS_HOME = "reminder:check_out:"

#: Twilio's longest validity period.
LONGEST_VALIDITY = timedelta(hours=10)


def priority_for(severity: Severity) -> Priority:
    return Priority.URGENT if severity.life_threatening else Priority.CALLOUT


def row(
    volunteer_id: int | None,
    phone: str | None,
    body: str,
    *,
    kind: MessageKind,
    key: str,
    priority: Priority,
    expires_at: datetime,
    at: datetime,
    rank: int = 0,
    callout_id: int | None = None,
    recipient_id: int | None = None,
) -> dict[str, Any]:
    """One message as a row to insert. ``key`` names what must not happen twice."""
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
        "rank": rank,
        "state": MessageState.QUEUED,
        "attempt": 0,
        "empty_looks": 0,
        "next_attempt_at": at,
        "expires_at": min(expires_at, at + LONGEST_VALIDITY),
        "created_at": at,
    }


def enqueue(rows: Sequence[dict[str, Any]]) -> None:
    """Queue texts. A key that exists already is an error of ours."""
    if rows:
        db.session.execute(insert(MESSAGES), rows)
        bell.ring_with_commit()


def answer(
    volunteer: Volunteer,
    body: str,
    *,
    key: str,
    kind: MessageKind,
    callout_id: int | None = None,
    recipient_id: int | None = None,
    to_phone: str | None = None,
) -> None:
    """Queue one text to a volunteer who wrote to us, from ``to_phone`` if not from their own.

    It is worthless after an hour.
    """
    enqueue(
        [
            row(
                volunteer.id,
                to_phone or volunteer.phone,
                body,
                kind=kind,
                key=key,
                priority=Priority.URGENT,
                expires_at=now() + timedelta(hours=1),
                at=now(),
                callout_id=callout_id,
                recipient_id=recipient_id,
            )
        ]
    )


def touch(callout_ids: Iterable[int | None]) -> None:
    """Tell watchers that something about these callouts changed; holds the callouts' rows, in order."""
    for callout_id in sorted({i for i in callout_ids if i is not None}):
        db.session.execute(
            update(Callout)
            .where(Callout.id == callout_id)
            .values(revision=Callout.revision + 1)
            .execution_options(synchronize_session=False)
        )


def touch_callouts_of(message_ids: Sequence[int]) -> None:
    """`touch` the callouts that texts belong to. To be called before the texts are held."""
    touch(
        db.session.scalars(
            select(Message.callout_id)
            .distinct()
            .where(Message.id.in_(among(message_ids)), Message.callout_id.is_not(None))
        ).all()
    )


def move(
    ids: Sequence[int],
    before: MessageState,
    after: MessageState,
    cause: Cause,
    detail: str | None = None,
    **values: Any,
) -> None:
    """Move many texts, which the caller holds and knows to be in one state, to another; with their events."""
    if not may_become(before, after):
        raise ValueError(f"a text does not go from {before} to {after}")
    if not ids:
        return
    changed: dict[str, Any] = {"state": after, "look_at": None, **values}
    if detail:
        changed["reason"] = detail[:255]
    db.session.execute(update(MESSAGES).where(MESSAGES.c.id.in_(among(ids))).values(changed))
    log_steps([(i, before) for i in ids], after, cause, detail)


def log_steps(
    steps: Sequence[tuple[int, MessageState]], after: MessageState, cause: Cause, detail: str | None = None
) -> None:
    """Write the events of texts that came from some state (id, state) to another."""
    by_state: dict[MessageState, list[int]] = {}
    for message_id, before in steps:
        by_state.setdefault(before, []).append(message_id)
    for before, ids in by_state.items():
        same = {
            "at": now(),
            "from_state": before,
            "to_state": after,
            "cause": cause,
            "detail": detail[:255] if detail else None,
        }
        values = (literal(value, EVENTS.c[name].type) for name, value in same.items())
        given = listed([(one,) for one in ids], {"message_id": BigInteger()})
        rows = select(given.c.message_id, *values).order_by(given.c.rank)
        db.session.execute(insert(EVENTS).from_select(["message_id", *same], rows))


def sweep(
    condition: ColumnElement[bool],
    before: MessageState,
    after: MessageState,
    cause: Cause,
    detail: str,
    *,
    limit: int,
    **values: Any,
) -> list[int]:
    """`move` texts in one state that fulfil a condition; those that another engine holds are left to it."""
    found = (Message.state == before) & condition
    ids = db.session.scalars(select(Message.id).where(found).order_by(Message.id).limit(limit)).all()
    if not ids:
        return []
    touch_callouts_of(ids)
    held = db.session.scalars(
        select(Message.id)
        .where(Message.id.in_(ids), found)
        .order_by(Message.id)
        .with_for_update(skip_locked=True)
    ).all()
    move(held, before, after, cause, detail, **values)
    return list(held)


def requeue(message: Message, cause: Cause, detail: str, at: datetime) -> bool:
    """Send a text that did not arrive again at that time, unless it has become unwanted meanwhile.

    A call-out to somebody who was stood down, and any text to somebody who opted out, ends here.
    """
    if _unwanted(message):
        return step(message, MessageState.SUPPRESSED, cause, "no longer wanted")
    message.next_attempt_at = at
    return step(message, MessageState.QUEUED, cause, detail)


def _unwanted(message: Message) -> bool:
    if message.volunteer.opted_out_at is not None:
        return True
    if message.recipient_id is None or message.kind not in (*ASKING, MessageKind.ACKNOWLEDGEMENT):
        return False
    recipient = db.session.get_one(Recipient, message.recipient_id, populate_existing=True)
    if message.kind is MessageKind.ACKNOWLEDGEMENT:
        # Nobody is told to come after they were let go.
        return recipient.closed_at is not None and recipient.closed_at > message.created_at
    if message.idempotency_key.startswith(ASKS_HOME):
        return recipient.check_out_by is None
    if message.kind is MessageKind.REMINDER and recipient.reminders == 0:
        return True  # the person has answered meanwhile
    return recipient.closed_at is not None


def step(message: Message, state: MessageState, cause: Cause, detail: str | None = None) -> bool:
    """Move a text to another state if that is legal, and write the event. Illegal steps change nothing."""
    if not may_become(message.state, state):
        log.debug("step ignored", message_id=message.id, at=message.state, to=state, cause=cause)
        return False
    log_steps([(message.id, message.state)], state, cause, detail)
    message.state = state
    if detail:
        message.reason = detail[:255]
    for name, value in timers(state).items():
        setattr(message, name, value)
    return True


def timers(state: MessageState) -> dict[str, Any]:
    """The columns that follow from a new state: when to ask about the text next, and since when it is so."""
    at = now()
    match state:
        case MessageState.UNKNOWN:
            look_at = at + timedelta(seconds=settings().doubt_look_seconds)
            return {"look_at": look_at, "doubt_since": at, "empty_looks": 0}
        case MessageState.ACCEPTED | MessageState.SENT:
            return {"look_at": at + timedelta(seconds=settings().silence_seconds), "doubt_since": None}
        case MessageState.DELIVERED:
            return {"look_at": None, "doubt_since": None, "delivered_at": at}
        case _:
            return {"look_at": None, "doubt_since": None}
