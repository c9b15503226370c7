"""Keeps machines from answering each other: when a text gets no automatic answer."""

from datetime import timedelta

from sqlalchemy import func, select

from mobilize.domain import automatic
from mobilize.domain.vocabulary import Channel, MessageKind
from mobilize.extensions import db
from mobilize.models import InboundMessage, Message, Recipient

from .runtime import now, settings

#: What answers by itself. Reminders, stand-downs and what a person typed are no answers.
ANSWERS = (MessageKind.ACKNOWLEDGEMENT, MessageKind.QUESTION)
#: The same words so often within an hour are a machine's.
REPEATS = 3
#: Characters from which a text is more than a digit or a word.
SENTENCE = 15
#: Characters that a phone puts before a text that it forwards.
FORWARDED = 10
_HOUR = timedelta(hours=1)


def may_answer(inbound: InboundMessage, phone: str) -> bool:
    """Whether a phone may get one more automatic answer: two machines must come to an end.

    Counted among the writer's texts, which the database finds at once; among all texts it would not.
    """
    lately = db.session.scalar(
        select(func.count())
        .select_from(Message)
        .where(
            Message.volunteer_id == inbound.volunteer_id,
            Message.to_phone == phone,
            Message.kind.in_(ANSWERS),
            Message.created_at > now() - _HOUR,
        )
    )
    return (lately or 0) < settings().automatic_answers_per_hour


def machine(inbound: InboundMessage) -> str | None:
    """Why a text looks like a machine's and must not be acted upon; ``None`` if it looks like a person's."""
    if inbound.channel is not Channel.TEXT:
        return None
    if automatic.is_automatic(inbound.body):
        return "looks like an automatic answer; not acted upon, not answered"
    if _is_our_own(inbound):
        return "repeats our own text; not acted upon, not answered"
    return None


def first_word_to(recipient: Recipient | None) -> bool:
    """Whether this callout has not answered the person yet: the cap must keep no rendezvous back."""
    if recipient is None:
        return False
    answered = select(Message.id).where(Message.recipient_id == recipient.id, Message.kind.in_(ANSWERS))
    return db.session.scalars(answered.limit(1)).first() is None


def repeats_itself(inbound: InboundMessage) -> bool:
    """Whether this very sentence came from this phone `REPEATS` times within the hour.

    Digits and single words are people's, too: somebody may say yes to several callouts.
    """
    if len(inbound.body) < SENTENCE:
        return False
    same = db.session.scalar(
        select(func.count())
        .select_from(InboundMessage)
        .where(
            InboundMessage.from_phone == inbound.from_phone,
            InboundMessage.body == inbound.body,
            InboundMessage.received_at > inbound.received_at - _HOUR,
            InboundMessage.id <= inbound.id,
        )
    )
    return (same or 0) >= REPEATS


def _is_our_own(inbound: InboundMessage) -> bool:
    """Whether it is a text that we sent to this phone lately: an echo, or forwarded back without a word."""
    ours = db.session.scalars(
        select(Message.body)
        .where(
            Message.volunteer_id == inbound.volunteer_id,
            Message.to_phone == inbound.from_phone,
            Message.created_at > inbound.received_at - timedelta(days=2),
        )
        .order_by(Message.id.desc())
        .limit(10)
    )
    body = automatic.folded(inbound.body)
    return any(own in body and len(body) - len(own) <= FORWARDED for own in map(automatic.folded, ours))
