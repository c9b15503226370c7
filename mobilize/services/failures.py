"""Failures: what follows for a text, its sender and its person when it was refused or did not arrive.

The same rules hold whether the provider said so at once or by a later report. Each failure is settled
in a transaction of its own, since it may change the person's record and their other callouts.
"""

from collections.abc import Sequence

from sqlalchemy import func, select, update

from mobilize.domain.delivery import Cause, ErrorClass, MessageState, OutboundText, Refused
from mobilize.domain.retry import BACKOFFS, LANDLINE_CODES, FaultScope, RetryAt, decide, scope_of
from mobilize.domain.vocabulary import AlarmKind, MessageKind, PhoneStatus, RecipientState
from mobilize.extensions import db
from mobilize.models import Callout, Message, MessageEvent, Recipient

from . import alarms, answers, audit, outbox, senders
from .access import SYSTEM
from .runtime import now

#: A refusal that a callback or the provider's list tells comes from beyond the provider's door.
_LATER = (Cause.CALLBACK, Cause.RECONCILIATION)

#: The column's length. A phone that so many senders cannot reach is given up.
_LONGEST_AVOID = 255


def settle_refusal(text: OutboundText, refused: Refused) -> None:
    """A request was refused for good. One transaction."""
    message = hold(text.message_id)
    if (
        message is not None
        and message.attempt == text.attempt
        and message.state in (MessageState.SENDING, MessageState.UNKNOWN)
    ):
        settle(message, MessageState.FAILED, refused, Cause.ANSWER)
    db.session.commit()


def hold(message_id: int) -> Message | None:
    """A text, held against changes, after the callouts that its failure may change, in order."""
    known = db.session.execute(
        select(Message.callout_id, Message.volunteer_id).where(Message.id == message_id)
    ).one_or_none()
    if known is None:
        return None
    theirs = db.session.scalars(
        select(Recipient.callout_id).where(
            Recipient.volunteer_id == known.volunteer_id, Recipient.closed_at.is_(None)
        )
    ).all()
    callout_ids = sorted({i for i in (*theirs, known.callout_id) if i is not None})
    db.session.execute(
        select(Callout.id).where(Callout.id.in_(callout_ids)).order_by(Callout.id).with_for_update()
    ).all()
    outbox.touch([known.callout_id])
    return db.session.scalars(
        select(Message)
        .where(Message.id == message_id)
        .with_for_update(of=Message)
        .execution_options(populate_existing=True)
    ).one()


def settle(message: Message, state: MessageState, refused: Refused, cause: Cause) -> None:
    """Put a failure into effect: another attempt, or the end as ``state``. Adds to the current transaction."""
    code, detail = refused.code, refused.detail
    message.error_class, message.error_code = refused.error_class, code
    match refused.error_class:
        case ErrorClass.CONFIGURATION:
            _pause(message, code, detail, cause)
            return
        case ErrorClass.PAIR:
            if _use_another_sender(message, detail, cause):
                return
        case ErrorClass.CONSENT:
            # An answer to another phone tells nothing of the person's own.
            if message.volunteer.opted_out_at is None and message.to_phone == message.volunteer.phone:
                answers.opt_out(message.volunteer)
        case ErrorClass.BAD_NUMBER:
            _mark_phone(message, code)
        case ErrorClass.UNRECOGNISED:
            alarms.raise_alarm(AlarmKind.UNKNOWN_ERROR_CODE, str(code), f"The provider said {code}: {detail}")
    if refused.error_class in BACKOFFS and _try_again(message, refused.error_class, detail, cause):
        return
    if outbox.step(message, state, cause, detail):
        mark_unreachable([message.id])


def _pause(message: Message, code: int | None, detail: str, cause: Cause) -> None:
    """A fault of configuration is nobody's text's fault: keep the text, stop the sender, tell people."""
    provider = message.provider or ""
    subject = {
        FaultScope.ACCOUNT: provider,
        FaultScope.SENDER: f"{provider}:{message.sender}",
        FaultScope.REGION: f"{provider} to {senders.country_prefix(message.to_phone)}",
    }[scope_of(code)]
    senders.pause(subject, f"{code or 'no code'}: {detail}")
    _again(message, f"sender paused: {detail}", cause)


def _use_another_sender(message: Message, detail: str, cause: Cause) -> bool:
    avoid = {*(message.avoid or "").splitlines(), f"{message.provider}:{message.sender}"}
    listed = "\n".join(sorted(avoid))
    if len(listed) > _LONGEST_AVOID or all(line.name in avoid for line in senders.lines()):
        return False
    message.avoid = listed
    _again(message, detail, cause)
    return True


def _try_again(message: Message, error_class: ErrorClass, detail: str, cause: Cause) -> bool:
    decision = decide(error_class, _failures(message) + 1, now(), message.expires_at)
    if not isinstance(decision, RetryAt):
        return False
    message.sid = None
    return outbox.requeue(message, cause, detail, decision.at)


def _again(message: Message, detail: str, cause: Cause) -> None:
    message.sid = None
    outbox.requeue(message, cause, detail, now())


def _failures(message: Message) -> int:
    """How often a text was taken and then failed beyond the provider's door."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(MessageEvent)
            .where(
                MessageEvent.message_id == message.id,
                MessageEvent.to_state == MessageState.QUEUED,
                MessageEvent.cause.in_(_LATER),
            )
        )
        or 0
    )


def _mark_phone(message: Message, code: int | None) -> None:
    volunteer = message.volunteer
    if volunteer.phone != message.to_phone:
        return  # the number was changed meanwhile
    before = volunteer.phone_status
    volunteer.phone_status = PhoneStatus.LANDLINE if code in LANDLINE_CODES else PhoneStatus.INVALID
    audit.record(
        SYSTEM,
        "volunteer.bad_number",
        "volunteer",
        volunteer.id,
        before={"phone_status": before},
        after={"phone_status": volunteer.phone_status, "code": code},
    )


def mark_unreachable(message_ids: Sequence[int]) -> None:
    """Call-outs that did not arrive: their recipients were not asked. Adds to the current transaction."""
    for start in range(0, len(message_ids), outbox.CHUNK):
        asked = select(Message.recipient_id).where(
            Message.id.in_(message_ids[start : start + outbox.CHUNK]), Message.kind == MessageKind.CALLOUT
        )
        db.session.execute(
            update(Recipient)
            .where(Recipient.id.in_(asked), Recipient.state == RecipientState.ASKED)
            .values(state=RecipientState.UNREACHABLE, closed_at=now())
            .execution_options(synchronize_session="fetch")
        )
