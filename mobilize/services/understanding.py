"""What an answer means, whose it is, which callout it speaks of, and what is done about it.

Everything here adds to the current transaction. What an answer does to a place in a callout is in `answers`.
"""

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import or_, select

from mobilize.domain import replies
from mobilize.domain.vocabulary import Channel, Intent, MessageKind, RecipientState
from mobilize.extensions import db
from mobilize.models import Callout, InboundMessage, Message, Recipient, Volunteer

from . import answers, audit, loops, other_phones, outbox, pauses, texts, watch
from .access import SYSTEM
from .runtime import now

log = structlog.get_logger(__name__)

#: A text within this time of a callout's end for a person still speaks of it.
AFTERTHOUGHT = timedelta(days=2)


def understand(inbound: InboundMessage) -> None:
    """Read an answer and do what it says. Adds to the current transaction."""
    claimed = other_phones.claimed(inbound)
    if claimed is not None:
        inbound.recipient_id = claimed.recipient.id
    volunteer = _writer(inbound)
    if volunteer is None:
        log.warning("text from an unknown number", inbound_id=inbound.id)
        inbound.intent, inbound.effect = Intent.UNCLEAR, "from an unknown number; not answered"
        return
    inbound.volunteer_id = volunteer.id
    machine = loops.machine(inbound)
    if machine is not None:
        inbound.intent, inbound.effect = Intent.UNCLEAR, machine
        return
    asked = _open_recipients(volunteer, inbound)
    awaited = watch.awaited(volunteer.id)
    reply = replies.understand(
        claimed.words if claimed else inbound.body,
        volunteer.language,
        now().astimezone(ZoneInfo(volunteer.time_zone)),
        sorted({recipient.reply_code for recipient in (*asked, *awaited)}),
    )
    inbound.intent, inbound.eta_minutes, inbound.reply_code = reply.intent, reply.eta_minutes, reply.code
    inbound.confidence, inbound.absent_minutes = reply.confidence, reply.minutes
    own_text = inbound.from_phone == volunteer.phone and claimed is None and inbound.channel is Channel.TEXT
    if own_text and volunteer.opted_out_at is not None and reply.intent is Intent.ACCEPT:
        inbound.intent = Intent.OPT_IN  # the carrier takes YES after a STOP as a return
    if claimed is not None:
        inbound.intent = claimed.meaning(reply.intent)
    inbound.effect = other_phones.told(inbound, volunteer, act(inbound, volunteer, asked))


def _writer(inbound: InboundMessage) -> Volunteer | None:
    """Who it is from: the owner of the place in a callout that its channel names, or of the phone.

    A coordinator may have said whose text it is.
    """
    if inbound.volunteer is not None:
        return inbound.volunteer
    if inbound.recipient_id is not None:
        return db.session.get_one(Recipient, inbound.recipient_id).volunteer
    return db.session.scalars(select(Volunteer).where(Volunteer.phone == inbound.from_phone)).one_or_none()


def _open_recipients(volunteer: Volunteer, inbound: InboundMessage) -> Sequence[Recipient]:
    """The person's open places in callouts, held against changes; the callouts' rows come first, in order.

    Held are also the callouts from which they have not checked out, and the one that the channel names.
    """
    mine = select(Recipient.callout_id).where(
        Recipient.volunteer_id == volunteer.id,
        or_(
            Recipient.closed_at.is_(None),
            Recipient.check_out_by.is_not(None),
            Recipient.id == inbound.recipient_id,
        ),
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


def act(inbound: InboundMessage, volunteer: Volunteer, asked: Sequence[Recipient]) -> str:
    """Do what the text says; returns a sentence about it for the coordinator."""
    match inbound.intent:
        case Intent.OPT_OUT:
            answers.opt_out(volunteer)
            return "opted out of all texts"
        case Intent.OPT_IN:
            return _opt_in(volunteer)
        case Intent.HELP:
            return "asked for help; the carrier answers that"
        case Intent.UNAVAILABLE | Intent.AVAILABLE | Intent.STATUS:
            return _tell(inbound, volunteer, pauses.act(inbound, volunteer, asked), None)
    recipient = _left_behind(inbound, volunteer) or _addressed(inbound, asked)
    if recipient is None and asked:
        return _ask_which(inbound, volunteer, asked)
    recipient = recipient or _latest_closed(volunteer)
    if recipient is None:
        return "has not been asked for anything; not answered"
    inbound.recipient_id = recipient.id
    if inbound.corrected_at is None and _may_mean_something_else(inbound, recipient):
        inbound.intent = Intent.UNCLEAR
    if inbound.intent is Intent.UNCLEAR:
        return _ask_back(inbound, volunteer, recipient)
    return _tell(inbound, volunteer, answers.apply(recipient, inbound), recipient)


def _addressed(inbound: InboundMessage, asked: Sequence[Recipient]) -> Recipient | None:
    """The callout that the text speaks of: the one that its channel or its letter names, or the only one.

    Without a letter, callouts to which the person has said no count only if there is no other.
    """
    if inbound.recipient_id is not None:
        return db.session.get_one(Recipient, inbound.recipient_id)
    if inbound.reply_code:
        lettered = (*asked, *watch.awaited(inbound.volunteer_id)) if inbound.volunteer_id else asked
        return next((r for r in lettered if r.reply_code == inbound.reply_code), None)
    undecided = [r for r in asked if r.state not in (RecipientState.DECLINED, RecipientState.WITHDRAWN)]
    meant = undecided or asked
    return meant[0] if len(meant) == 1 else None


def _may_mean_something_else(inbound: InboundMessage, recipient: Recipient) -> bool:
    """Whether an answer does not fit the callout that it seems to speak of.

    Nobody leaves what they did not come to. And who was asked whether they are home from another callout may
    say yes, no or on the way to that: they are asked back once, and what they say then counts.
    """
    if inbound.intent is Intent.LEFT:
        return not answers.was_coming(recipient)
    by_word = inbound.intent in (Intent.ACCEPT, Intent.DECLINE) and inbound.eta_minutes is None
    ambiguous = inbound.channel is Channel.TEXT and (by_word or inbound.intent is Intent.EN_ROUTE)
    if not ambiguous or recipient.state is not RecipientState.ASKED:
        return False
    others = [r for r in watch.awaited(recipient.volunteer_id) if r.id != recipient.id]
    return any(watch.asked_whether_home(r, r.callout) for r in others) and not _asked_back(recipient)


def _left_behind(inbound: InboundMessage, volunteer: Volunteer) -> Recipient | None:
    """Where somebody has left from, or is home from: a place from which they have not checked out.

    One that is over comes first, since a text asked for this; another if its letter says so. A letter of
    none of them checks nobody out.
    """
    if inbound.intent is not Intent.LEFT or inbound.recipient_id is not None:
        return None
    awaited = watch.awaited(volunteer.id)
    named = [r for r in awaited if r.reply_code == inbound.reply_code]
    return next(iter(named if inbound.reply_code else awaited), None)


def _latest_closed(volunteer: Volunteer) -> Recipient | None:
    """The callout that was last over for the person; before all others one from which they are not back."""
    awaited = watch.awaited(volunteer.id)
    if awaited:
        return awaited[0]
    return db.session.scalars(
        select(Recipient)
        .where(Recipient.volunteer_id == volunteer.id, Recipient.closed_at > now() - AFTERTHOUGHT)
        .order_by(Recipient.closed_at.desc())
        .limit(1)
    ).first()


def _ask_which(inbound: InboundMessage, volunteer: Volunteer, asked: Sequence[Recipient]) -> str:
    inbound.intent = Intent.UNCLEAR
    if not _may_answer(inbound, volunteer):
        return "which of several call-outs is meant is unclear; not asked again, the limit is reached"
    body = texts.question(volunteer, [r.reply_code for r in asked])
    _answer(inbound, volunteer, body, MessageKind.QUESTION, None)
    return "asked which of several call-outs is meant"


def _ask_back(inbound: InboundMessage, volunteer: Volunteer, recipient: Recipient) -> str:
    """Ask once for each callout; after that a person must look."""
    asked_before = _asked_back(recipient)
    over = recipient.closed_at is not None
    answers.show_unclear(recipient)
    if asked_before or over or not _may_answer(inbound, volunteer):
        return "not understood; please read it"
    body = texts.question(volunteer, [recipient.reply_code])
    _answer(inbound, volunteer, body, MessageKind.QUESTION, recipient)
    return "not understood; asked back once"


def _asked_back(recipient: Recipient) -> bool:
    asked = select(Message.id).where(Message.recipient_id == recipient.id, Message.kind == MessageKind.QUESTION)
    return db.session.scalars(asked).first() is not None


def _tell(
    inbound: InboundMessage, volunteer: Volunteer, outcome: answers.Outcome, recipient: Recipient | None
) -> str:
    if outcome.text is None:
        return outcome.effect
    if inbound.channel is Channel.TEXT and other_phones.number_for(inbound, volunteer) is None:
        return f"{outcome.effect}; not texted, since no text would reach them"
    if not (_may_answer(inbound, volunteer) or loops.first_word_to(recipient)):
        return f"{outcome.effect}; not answered, the limit is reached"
    _answer(inbound, volunteer, outcome.text, MessageKind.ACKNOWLEDGEMENT, recipient)
    return outcome.effect


def _answer(
    inbound: InboundMessage, volunteer: Volunteer, body: str, kind: MessageKind, recipient: Recipient | None
) -> None:
    phone = other_phones.number_for(inbound, volunteer)
    if phone is None:
        return
    outbox.answer(
        volunteer,
        body,
        key=answer_key(inbound),
        kind=kind,
        recipient_id=recipient.id if recipient else None,
        callout_id=recipient.callout_id if recipient else None,
        to_phone=phone,
    )


def answer_key(inbound: InboundMessage) -> str:
    """One answer to a text, and one more each time that a person reads it differently."""
    key = f"answer:{inbound.id}"
    if inbound.understood_at is None:
        return key
    return f"{key}:{audit.entries_about('inbound_message', inbound.id)}"


def _may_answer(inbound: InboundMessage, volunteer: Volunteer) -> bool:
    phone = other_phones.number_for(inbound, volunteer) or inbound.from_phone
    return loops.may_answer(inbound, phone) and not loops.repeats_itself(inbound)


def _opt_in(volunteer: Volunteer) -> str:
    if volunteer.opted_out_at is None:
        return "is not opted out; nothing to change"
    volunteer.opted_out_at = None
    audit.record(SYSTEM, "volunteer.opt_in", "volunteer", volunteer.id)
    return "may be texted again"
