"""What an answer does to the person's place in a callout. Everything here adds to the current transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from mobilize.domain.delivery import Cause, MessageState
from mobilize.domain.vocabulary import CalloutStatus, Intent, RecipientState
from mobilize.extensions import db
from mobilize.models import Callout, InboundMessage, Message, Recipient, Volunteer

from . import audit, outbox, places, texts
from .access import SYSTEM
from .runtime import now, settings


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, for the coordinator; and the text to the volunteer, if one is due."""

    effect: str
    text: str | None


def apply(recipient: Recipient, inbound: InboundMessage) -> Outcome:
    """Put an understood answer into effect."""
    callout = _held(recipient.callout_id)
    if not callout.status.running:
        return Outcome("answered after the end; told so", texts.acknowledgement(recipient, callout, "ended"))
    match inbound.intent:
        case Intent.ACCEPT:
            return _accept(recipient, callout, inbound)
        case Intent.LIMITED:
            return _limited(recipient, callout)
        case Intent.ON_SCENE:
            return _arrive(recipient, callout)
        case Intent.DECLINE:
            effect = _decline(recipient, callout)
            return Outcome(effect, texts.acknowledgement(recipient, callout, "declined"))
        case _:
            return Outcome("says nothing about this call; please read it", None)


def _held(callout_id: int) -> Callout:
    """The callout, so that two answers cannot take the same place."""
    return db.session.scalars(
        select(Callout)
        .where(Callout.id == callout_id)
        .with_for_update(of=Callout)
        .execution_options(populate_existing=True)
    ).one()


def _accept(recipient: Recipient, callout: Callout, inbound: InboundMessage) -> Outcome:
    late = recipient.closed_at is not None
    if late and (callout.status is CalloutStatus.FILLED or not reopen(recipient)):
        return Outcome(
            "said yes after being stood down; told that there are enough",
            texts.acknowledgement(recipient, callout, "late"),
        )
    if recipient.state is not RecipientState.ARRIVED:
        recipient.state = RecipientState.ACCEPTED
    recipient.answered_at = recipient.answered_at or inbound.received_at
    if inbound.eta_minutes is not None:
        recipient.eta_at = inbound.received_at + timedelta(minutes=inbound.eta_minutes)
    places.settle(callout)
    if recipient.need_id is None:
        return Outcome("is coming, as a reserve", texts.acknowledgement(recipient, callout, "reserve"))
    return Outcome("is coming", texts.acknowledgement(recipient, callout, "accepted"))


def reopen(recipient: Recipient) -> bool:
    """Take a late person back in, unless their letter has gone to another callout meanwhile."""
    taken = db.session.scalars(
        select(Recipient.id).where(
            Recipient.volunteer_id == recipient.volunteer_id,
            Recipient.reply_code == recipient.reply_code,
            Recipient.closed_at.is_(None),
        )
    ).first()
    if taken is None:
        recipient.closed_at = None
    return taken is None


def _limited(recipient: Recipient, callout: Callout) -> Outcome:
    leave(recipient, RecipientState.LIMITED)
    return Outcome("could come if really needed", texts.acknowledgement(recipient, callout, "limited"))


def _arrive(recipient: Recipient, callout: Callout) -> Outcome:
    """Who is there is there, whatever was said before."""
    if recipient.state is not RecipientState.ARRIVED:
        recipient.state = RecipientState.ARRIVED
        recipient.arrived_at = now()
        recipient.answered_at = recipient.answered_at or now()
        recipient.volunteer.resting_until = now() + timedelta(hours=settings().rest_hours)
        places.settle(callout)
    return Outcome("has arrived", texts.acknowledgement(recipient, callout, "arrived"))


def _decline(recipient: Recipient, callout: Callout) -> str:
    was_coming = recipient.state in (RecipientState.ACCEPTED, RecipientState.ARRIVED)
    leave(recipient, RecipientState.WITHDRAWN if was_coming else RecipientState.DECLINED)
    return "withdrew" if was_coming else "is not coming"


def leave(recipient: Recipient, state: RecipientState) -> None:
    """Give up one's place, if there was one; somebody else may take it."""
    if recipient.closed_at is not None and recipient.state is RecipientState.STOOD_DOWN:
        recipient.answered_at = now()
        return
    recipient.state = state
    recipient.answered_at = now()
    recipient.need_id = None
    places.settle(_held(recipient.callout_id))


def opt_out(volunteer: Volunteer) -> None:
    """The person wants no more texts: give up their places, and send nothing from here on.

    The carrier has confirmed it to them already.
    """
    if volunteer.opted_out_at is None:
        volunteer.opted_out_at = now()
        audit.record(SYSTEM, "volunteer.opt_out", "volunteer", volunteer.id)
    for recipient in _places_at_hand(volunteer):
        leave(recipient, RecipientState.DECLINED)
    silence(volunteer)


def _places_at_hand(volunteer: Volunteer) -> Sequence[Recipient]:
    """The person's open places in callouts that we hold, or can hold without waiting.

    One that opens at this very moment belongs to somebody who may wait for us; its text is refused by the
    carrier, which ends the place.
    """
    places = select(Recipient).where(Recipient.volunteer_id == volunteer.id, Recipient.closed_at.is_(None))
    callouts_of_places = places.with_only_columns(Recipient.callout_id)
    held = db.session.scalars(
        select(Callout.id).where(Callout.id.in_(callouts_of_places)).with_for_update(skip_locked=True)
    ).all()
    return db.session.scalars(places.where(Recipient.callout_id.in_(held)).order_by(Recipient.callout_id)).all()


def show_unclear(recipient: Recipient) -> None:
    """Watchers of the board should see the text at once."""
    outbox.touch([recipient.callout_id])


def silence(volunteer: Volunteer) -> None:
    """Stop everything that is still queued for a person."""
    for message in db.session.scalars(
        select(Message)
        .where(Message.volunteer_id == volunteer.id, Message.state == MessageState.QUEUED)
        .with_for_update()
    ):
        outbox.step(message, MessageState.SUPPRESSED, Cause.OPERATOR, "the person opted out")
