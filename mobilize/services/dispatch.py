"""Sending: claim texts, hand them to the gateway, record what came of each.

The claim is committed before the first request leaves, and what the provider said is recorded in a
transaction of its own. Whatever dies in between leaves ``sending`` texts with a lease; a lease that
runs out means that nobody knows, never that the text may be sent again.
"""

import os
import random
import socket
from collections.abc import Sequence
from datetime import timedelta

import structlog
from sqlalchemy import ColumnElement, insert, select, update

from mobilize.domain.delivery import (
    Accepted,
    Cause,
    Deferred,
    ErrorClass,
    MessageState,
    OutboundText,
    Refused,
    SendOutcome,
    Unclear,
)
from mobilize.domain.retry import RetryAt, decide
from mobilize.domain.vocabulary import AlarmKind, PhoneStatus
from mobilize.extensions import db
from mobilize.models import Alarm, Message, MessageEvent, Volunteer

from . import alarms, answers, audit, callouts, outbox, receipts
from .access import SYSTEM
from .runtime import now, runtime, settings

log = structlog.get_logger(__name__)

#: Who claims: unique for each process.
WORKER = f"{socket.gethostname()[:40]}:{os.getpid()}"
#: Outcomes recorded in one transaction.
RECORD_BATCH = 100
#: While a sender is paused, one text is tried this often.
PROBE = timedelta(seconds=30)
#: Landline, in the provider's words (Twilio 21635).
LANDLINE_CODE = 21635


def send_due() -> int:
    """Send one batch of texts whose time has come. Returns how many were tried."""
    gateway = runtime().sms
    texts = _claim(gateway.name)
    outcomes: list[tuple[OutboundText, SendOutcome]] = []
    for pair in gateway.send(texts) if texts else ():
        outcomes.append(pair)
        if len(outcomes) >= RECORD_BATCH:
            _record(outcomes)
            outcomes = []
    if outcomes:
        _record(outcomes)
    return len(texts)


def _claim(provider: str) -> list[OutboundText]:
    """Take texts for this worker, and commit that before anything leaves."""
    limit = _allowance(provider)
    if limit == 0:
        db.session.commit()
        return []
    at = now()
    due = (
        select(Message.id)
        .where(Message.state == MessageState.QUEUED, Message.next_attempt_at <= at, Message.expires_at > at)
        .order_by(Message.priority, Message.next_attempt_at, Message.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = db.session.execute(
        update(Message)
        .where(Message.id.in_(due))
        .values(
            state=MessageState.SENDING,
            attempt=Message.attempt + 1,
            lease_until=at + timedelta(seconds=settings().lease_seconds),
            claimed_by=WORKER,
            provider=provider,
        )
        .returning(
            Message.id, Message.to_phone, Message.body, Message.expires_at, Message.attempt, Message.priority
        )
        .execution_options(synchronize_session=False)
    ).all()
    _log_steps([row.id for row in claimed], MessageState.QUEUED, MessageState.SENDING, Cause.CLAIM, WORKER)
    db.session.commit()
    return [
        OutboundText(row.id, row.to_phone, row.body, int((row.expires_at - at).total_seconds()), row.attempt)
        for row in sorted(claimed, key=lambda row: (row.priority, row.id))
    ]


def _allowance(provider: str) -> int:
    """How many texts may be claimed now: none or a single probe while the sender is paused."""
    alarm = alarms.find_open(AlarmKind.SENDER_PAUSED, provider)
    if alarm is None:
        return settings().engine_batch
    if alarm.retry_at is not None and alarm.retry_at > now():
        return 0
    # Of several engines, the one whose update counts makes the probe.
    moved = db.session.execute(
        update(Alarm)
        .where(Alarm.id == alarm.id, Alarm.retry_at.is_not_distinct_from(alarm.retry_at))
        .values(retry_at=now() + PROBE)
        .execution_options(synchronize_session=False)
    )
    return int(moved.rowcount)  # type: ignore[attr-defined]


def _log_steps(
    ids: Sequence[int], before: MessageState, after: MessageState, cause: Cause, detail: str | None = None
) -> None:
    if ids:
        at = now()
        db.session.execute(
            insert(MessageEvent),
            [
                {
                    "message_id": i,
                    "at": at,
                    "from_state": before,
                    "to_state": after,
                    "cause": cause,
                    "detail": detail,
                }
                for i in ids
            ],
        )


def _record(outcomes: Sequence[tuple[OutboundText, SendOutcome]]) -> None:
    """Write down what the provider said. One transaction.

    An outcome counts only for the attempt that it belongs to; a callback that came first has
    already moved the text on, and then only the identifier is news.
    """
    by_id = {text.message_id: (text, outcome) for text, outcome in outcomes}
    touched = set()
    for message in db.session.scalars(
        select(Message).where(Message.id.in_(by_id)).order_by(Message.id).with_for_update()
    ):
        text, outcome = by_id[message.id]
        if isinstance(outcome, Accepted) and message.sid is None:
            message.sid = outcome.sid
        if message.state is MessageState.SENDING and message.attempt == text.attempt:
            _settle(message, outcome)
        if message.callout_id is not None:
            touched.add(message.callout_id)
    callouts.touch(touched)
    db.session.commit()


def _settle(message: Message, outcome: SendOutcome) -> None:
    match outcome:
        case Accepted(state=state):
            message.accepted_at = now()
            outbox.step(message, state, Cause.ANSWER)
            alarms.clear(AlarmKind.SENDER_PAUSED, message.provider or "")
        case Unclear(detail=detail):
            outbox.step(message, MessageState.UNKNOWN, Cause.ANSWER, detail)
        case Refused(error_class=ErrorClass.CONFIGURATION, code=code, detail=detail):
            _pause(message, code, detail)
        case Refused() as refused:
            _refuse(message, refused)
        case Deferred() as deferred:
            _defer(message, deferred)


def _pause(message: Message, code: int | None, detail: str) -> None:
    """A fault of configuration is nobody's text's fault: keep the text, stop the sender, tell people."""
    message.error_class, message.error_code = ErrorClass.CONFIGURATION, code
    outbox.requeue(message, Cause.ANSWER, f"sender paused: {detail}", now())
    alarms.raise_alarm(
        AlarmKind.SENDER_PAUSED,
        message.provider or "",
        f"Texts are not going out ({code or 'no code'}: {detail}). They are kept and go when this is mended.",
        retry_at=now() + PROBE,
    )


def _refuse(message: Message, refused: Refused) -> None:
    message.error_class, message.error_code = refused.error_class, refused.code
    outbox.step(message, MessageState.FAILED, Cause.ANSWER, refused.detail)
    receipts.mark_unreachable(message)
    volunteer = message.volunteer
    if refused.error_class is ErrorClass.CONSENT and volunteer.opted_out_at is None:
        answers.opt_out(volunteer)
    elif refused.error_class is ErrorClass.BAD_NUMBER:
        volunteer.phone_status = PhoneStatus.LANDLINE if refused.code == LANDLINE_CODE else PhoneStatus.INVALID
        _audit_refusal(volunteer, "volunteer.bad_number", refused)
    elif refused.error_class is ErrorClass.UNRECOGNISED:
        alarms.raise_alarm(
            AlarmKind.UNKNOWN_ERROR_CODE,
            str(refused.code),
            f"The provider said {refused.code}: {refused.detail}",
        )


def _audit_refusal(volunteer: Volunteer, action: str, refused: Refused) -> None:
    audit.record(
        SYSTEM, action, "volunteer", volunteer.id, after={"code": refused.code, "phone": volunteer.phone}
    )


def _defer(message: Message, deferred: Deferred) -> None:
    message.error_class, message.error_code = deferred.error_class, deferred.code
    decision = decide(
        deferred.error_class,
        message.attempt,
        now(),
        message.expires_at,
        jitter=random.random(),  # noqa: S311 - spreads retries, guards nothing
        retry_after_s=deferred.retry_after_s,
    )
    if isinstance(decision, RetryAt):
        outbox.requeue(message, Cause.ANSWER, deferred.detail, decision.at)
        return
    outbox.step(message, MessageState.FAILED, Cause.ANSWER, decision.reason)
    receipts.mark_unreachable(message)


def expire_overdue(limit: int = 1000) -> int:
    """End queued texts whose deadline has passed: nothing goes out late. One transaction."""
    return _sweep(
        (Message.state == MessageState.QUEUED) & (Message.expires_at <= now()),
        MessageState.EXPIRED,
        Cause.DEADLINE,
        "not sent before its deadline",
        limit,
    )


def release_leases(limit: int = 1000) -> int:
    """Texts whose sender died, or hangs: nobody knows whether they went. One transaction."""
    return _sweep(
        (Message.state == MessageState.SENDING) & (Message.lease_until <= now()),
        MessageState.UNKNOWN,
        Cause.RECONCILIATION,
        "the engine that was sending it fell silent",
        limit,
    )


def _sweep(condition: ColumnElement[bool], state: MessageState, cause: Cause, detail: str, limit: int) -> int:
    found = db.session.scalars(
        select(Message).where(condition).order_by(Message.id).limit(limit).with_for_update(skip_locked=True)
    ).all()
    for message in found:
        outbox.step(message, state, cause, detail)
        if state is MessageState.EXPIRED:
            receipts.mark_unreachable(message)
    callouts.touch({m.callout_id for m in found if m.callout_id is not None})
    db.session.commit()
    return len(found)
