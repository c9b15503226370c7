"""Texts from volunteers: stored as they come, understood and acted upon later, by the engine.

Storing is all that a webhook does. `understand_pending` does the rest, one transaction a text, so
that a text that cannot be handled holds up no other.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from mobilize.domain import replies, sms
from mobilize.domain.vocabulary import Intent, MessageKind, RecipientState
from mobilize.extensions import db
from mobilize.models import Callout, InboundMessage, Message, Recipient, Volunteer

from . import answers, audit, intake, outbox
from .access import SYSTEM
from .runtime import now, settings, work_waiting

log = structlog.get_logger(__name__)

#: A text within this time of a callout's end for a person still speaks of it.
AFTERTHOUGHT = timedelta(days=2)
#: What Twilio may deliver in one inbound text.
LONGEST = 1600 * 4


def store_inbound(*, sid: str, from_phone: str, to_phone: str, body: str, raw: Mapping[str, Any]) -> bool:
    """Keep one text, durably, once. False if its SID is known already. Ends the open transaction.

    Raises `intake.NotStored`.
    """
    row = {
        "sid": sid[:64],
        "from_phone": from_phone[:32],
        "to_phone": to_phone[:32],
        "body": _storable(body)[:LONGEST],
        "raw": {name: _storable(value) for name, value in raw.items()},
        "received_at": now(),
    }
    # What one person sends goes in as it came: a later text may take an earlier one back.
    return intake.store(InboundMessage, row, order=from_phone)


def _storable(value: Any) -> Any:
    """PostgreSQL's text holds every character but NUL."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def understand_pending(limit: int = 200) -> int:
    """Understand stored texts and act on them, oldest first. Returns how many were handled."""
    handled = 0
    while handled < limit:
        inbound = db.session.scalars(
            select(InboundMessage)
            .where(InboundMessage.understood_at.is_(None))
            .order_by(InboundMessage.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).one_or_none()
        if inbound is None:
            db.session.commit()
            break
        _handle(inbound)
        handled += 1
    if handled:
        work_waiting.send()
    return handled


def _handle(inbound: InboundMessage) -> None:
    """Understand one text and commit. If that fails, a person reads it; the texts behind it go on."""
    inbound_id = inbound.id
    try:
        _understand(inbound)
        inbound.understood_at = now()
        db.session.commit()
    except OperationalError:
        raise  # the database is away or busy: the text waits for the next tick
    except Exception:  # the last line of defence: whatever it was, the text must not be lost or block
        log.exception("a text could not be handled", inbound_id=inbound_id)
        db.session.rollback()
        db.session.execute(
            update(InboundMessage)
            .where(InboundMessage.id == inbound_id)
            .values(understood_at=now(), intent=Intent.UNCLEAR, effect="could not be handled; please read it")
        )
        db.session.commit()


def _understand(inbound: InboundMessage) -> None:
    volunteer = db.session.scalars(select(Volunteer).where(Volunteer.phone == inbound.from_phone)).one_or_none()
    if volunteer is None:
        log.warning("text from an unknown number", inbound_id=inbound.id)
        inbound.intent, inbound.effect = Intent.UNCLEAR, "from an unknown number; not answered"
        return
    inbound.volunteer_id = volunteer.id
    asked = _open_recipients(volunteer)
    reply = replies.understand(
        inbound.body,
        volunteer.language,
        now().astimezone(ZoneInfo(volunteer.time_zone)),
        [recipient.reply_code for recipient in asked],
    )
    inbound.intent, inbound.eta_minutes, inbound.reply_code = reply.intent, reply.eta_minutes, reply.code
    if volunteer.opted_out_at is not None and reply.intent is Intent.ACCEPT:
        inbound.intent = Intent.OPT_IN  # the carrier takes YES after a STOP as a return
    inbound.effect = _act(inbound, volunteer, asked)


def _open_recipients(volunteer: Volunteer) -> Sequence[Recipient]:
    """The person's open places in callouts, held against changes; the callouts' rows come first, in order."""
    mine = select(Recipient.callout_id).where(
        Recipient.volunteer_id == volunteer.id, Recipient.closed_at.is_(None)
    )
    db.session.execute(
        select(Callout.id).where(Callout.id.in_(mine)).order_by(Callout.id).with_for_update()
    ).all()
    return db.session.scalars(
        select(Recipient)
        .where(Recipient.volunteer_id == volunteer.id, Recipient.closed_at.is_(None))
        .order_by(Recipient.reply_code)
        .execution_options(populate_existing=True)
    ).all()


def _act(inbound: InboundMessage, volunteer: Volunteer, asked: Sequence[Recipient]) -> str:
    """Do what the text says; returns a sentence about it for the coordinator."""
    match inbound.intent:
        case Intent.OPT_OUT:
            answers.opt_out(volunteer)
            return "opted out of all texts"
        case Intent.OPT_IN:
            return _opt_in(volunteer)
        case Intent.HELP:
            return "asked for help; the carrier answers that"
    recipient = _addressed(inbound, asked)
    if recipient is None and asked:
        return _ask_which(inbound, volunteer, asked)
    recipient = recipient or _latest_closed(volunteer)
    if recipient is None:
        return "has not been asked for anything; not answered"
    inbound.recipient_id = recipient.id
    if inbound.intent is Intent.UNCLEAR:
        return _ask_back(inbound, volunteer, recipient)
    outcome = answers.apply(recipient, inbound)
    if outcome.text is not None and _may_answer(volunteer):
        _answer(inbound, volunteer, outcome.text, MessageKind.ACKNOWLEDGEMENT, recipient)
    return outcome.effect


def _addressed(inbound: InboundMessage, asked: Sequence[Recipient]) -> Recipient | None:
    """The callout that the text speaks of: the one whose letter it names, or the only one.

    Without a letter, callouts to which the person has said no count only if there is no other.
    """
    if inbound.reply_code:
        return next((r for r in asked if r.reply_code == inbound.reply_code), None)
    undecided = [r for r in asked if r.state not in (RecipientState.DECLINED, RecipientState.WITHDRAWN)]
    meant = undecided or asked
    return meant[0] if len(meant) == 1 else None


def _latest_closed(volunteer: Volunteer) -> Recipient | None:
    return db.session.scalars(
        select(Recipient)
        .where(Recipient.volunteer_id == volunteer.id, Recipient.closed_at > now() - AFTERTHOUGHT)
        .order_by(Recipient.closed_at.desc())
        .limit(1)
    ).first()


def _ask_which(inbound: InboundMessage, volunteer: Volunteer, asked: Sequence[Recipient]) -> str:
    inbound.intent = Intent.UNCLEAR
    if not _may_answer(volunteer):
        return "which of several call-outs is meant is unclear; not asked again, the limit is reached"
    body = sms.question_text(volunteer.language, [r.reply_code for r in asked])
    _answer(inbound, volunteer, body, MessageKind.QUESTION, None)
    return "asked which of several call-outs is meant"


def _ask_back(inbound: InboundMessage, volunteer: Volunteer, recipient: Recipient) -> str:
    """Ask once for each callout; after that a person must look."""
    asked_before = db.session.scalar(
        select(func.count())
        .select_from(Message)
        .where(Message.recipient_id == recipient.id, Message.kind == MessageKind.QUESTION)
    )
    over = recipient.closed_at is not None
    answers.show_unclear(recipient)
    if asked_before or over or not _may_answer(volunteer):
        return "not understood; please read it"
    body = sms.question_text(volunteer.language, [recipient.reply_code])
    _answer(inbound, volunteer, body, MessageKind.QUESTION, recipient)
    return "not understood; asked back once"


def _answer(
    inbound: InboundMessage, volunteer: Volunteer, body: str, kind: MessageKind, recipient: Recipient | None
) -> None:
    outbox.answer(
        volunteer,
        body,
        key=f"answer:{inbound.id}",
        kind=kind,
        recipient_id=recipient.id if recipient else None,
        callout_id=recipient.callout_id if recipient else None,
    )


def _may_answer(volunteer: Volunteer) -> bool:
    """Two machines that answer each other must come to an end."""
    lately = db.session.scalar(
        select(func.count())
        .select_from(Message)
        .where(
            Message.volunteer_id == volunteer.id,
            Message.kind.in_((MessageKind.ACKNOWLEDGEMENT, MessageKind.QUESTION)),
            Message.created_at > now() - timedelta(hours=1),
        )
    )
    return (lately or 0) < settings().automatic_answers_per_hour


def _opt_in(volunteer: Volunteer) -> str:
    if volunteer.opted_out_at is None:
        return "is not opted out; nothing to change"
    volunteer.opted_out_at = None
    audit.record(SYSTEM, "volunteer.opt_in", "volunteer", volunteer.id)
    return "may be texted again"
