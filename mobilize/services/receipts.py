"""Delivery reports: stored as they come, applied to messages later, by the engine.

A report may come late, twice, out of order, and before the answer to the request that sent the text.
"""

from collections.abc import Iterable
from datetime import timedelta

import structlog
from sqlalchemy import ColumnElement, exists, insert, select
from sqlalchemy.exc import IntegrityError

from mobilize.domain.delivery import ENDED_SHORT, Cause, MessageState, state_for
from mobilize.domain.vocabulary import AlarmKind, CalloutStatus, MessageKind, RecipientState
from mobilize.extensions import db
from mobilize.models import Message, Recipient, StatusCallback

from . import alarms, answers, callouts, outbox
from .runtime import now, work_waiting

log = structlog.get_logger(__name__)

#: A report about a text that we do not know yet is kept this long: its send may still be being recorded.
PATIENCE = timedelta(minutes=10)


def store_status(*, sid: str, status: str, error_code: int | None, message_id: int | None) -> bool:
    """Keep one report. ``message_id`` is our own, from the callback's URL. False if we had it already."""
    try:
        db.session.execute(
            insert(StatusCallback).values(
                sid=sid[:64],
                status=status[:32],
                error_code=error_code,
                message_id=message_id,
                received_at=now(),
            )
        )
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        return False
    work_waiting.send()
    return True


def apply_pending(limit: int = 500) -> int:
    """Apply reports that have not been applied. One transaction; returns how many were settled."""
    pending = db.session.scalars(
        select(StatusCallback)
        .where(
            StatusCallback.applied_at.is_(None),
            _known_text() | (StatusCallback.received_at <= now() - PATIENCE),
        )
        .order_by(StatusCallback.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    messages = _messages_for(pending)
    settled, touched = 0, set()
    for report in pending:
        message = messages.get(report.message_id) or messages.get(report.sid)
        report.outcome = _apply(report, message, messages.get(report.sid))
        report.applied_at = now()
        settled += 1
        if message is not None and message.callout_id is not None:
            touched.add(message.callout_id)
    callouts.touch(touched)
    db.session.commit()
    return settled


def _known_text() -> ColumnElement[bool]:
    """Whether the text that a report speaks of is there; the others wait without holding these up."""
    return exists().where((Message.id == StatusCallback.message_id) | (Message.sid == StatusCallback.sid))


def _messages_for(reports: Iterable[StatusCallback]) -> dict[int | str | None, Message]:
    """The messages that reports speak of, by our id and by the provider's, held against changes."""
    ids = {r.message_id for r in reports if r.message_id is not None}
    sids = {r.sid for r in reports}
    found: dict[int | str | None, Message] = {}
    for message in db.session.scalars(
        select(Message)
        .where(Message.id.in_(ids) | Message.sid.in_(sids))
        .order_by(Message.id)
        .with_for_update()
    ):
        found[message.id] = message
        if message.sid is not None:
            found[message.sid] = message
    return found


def _apply(report: StatusCallback, message: Message | None, by_sid: Message | None) -> str:
    if message is None:
        log.warning("report about an unknown text", sid=report.sid, message_id=report.message_id)
        return "no such text"
    if by_sid is not None and by_sid is not message:
        log.error("report names two texts", message_id=message.id, sid_of=by_sid.id)
        return f"the identifier belongs to message {by_sid.id}"
    if message.sid is None:
        message.sid = report.sid  # the answer to our request was lost, or is still on its way
    elif message.sid != report.sid:
        log.error("text sent twice", message_id=message.id, sid=message.sid, other_sid=report.sid)
        return f"this text is known to the provider as {message.sid} too"
    state = state_for(report.status, report.error_code)
    if state is None:
        alarms.raise_alarm(AlarmKind.UNKNOWN_ERROR_CODE, report.status, f"unknown status {report.status!r}")
        return "unknown status word"
    detail = f"error {report.error_code}" if report.error_code else None
    if not outbox.step(message, state, Cause.CALLBACK, detail):
        return f"nothing new: the text is {message.state.value}"
    message.error_code = report.error_code
    if state in ENDED_SHORT:
        mark_unreachable(message)
    elif state is MessageState.DELIVERED:
        _reached_after_all(message)
    return f"now {state.value}"


def mark_unreachable(message: Message) -> None:
    """A call-out that did not arrive: its recipient was not asked. Adds to the current transaction."""
    if message.kind is not MessageKind.CALLOUT or message.state is MessageState.SUPPRESSED:
        return
    recipient = db.session.get(Recipient, message.recipient_id)
    if recipient is not None and recipient.state is RecipientState.ASKED:
        recipient.state = RecipientState.UNREACHABLE
        recipient.closed_at = now()


def _reached_after_all(message: Message) -> None:
    """A receipt that came after a report of failure: the person was asked. If too late, they are told so."""
    recipient = db.session.get(Recipient, message.recipient_id) if message.recipient_id else None
    if recipient is None or recipient.state is not RecipientState.UNREACHABLE or not answers.reopen(recipient):
        return
    recipient.state = RecipientState.ASKED
    db.session.flush()
    if recipient.callout.status is not CalloutStatus.ASKING:
        callouts.release(recipient.callout, [recipient])
