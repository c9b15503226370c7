"""What an answer does to the person's place in a callout. Everything here adds to the current transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from mobilize.domain.delivery import Cause, MessageState
from mobilize.domain.vocabulary import CalloutStatus, Intent, RecipientState
from mobilize.extensions import db
from mobilize.models import Callout, InboundMessage, Message, Recipient, Volunteer

from . import audit, outbox, places, texts, watch
from .access import COMMITTED, SYSTEM
from .runtime import now, settings


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, for the coordinator; and the text to the volunteer, if one is due."""

    effect: str
    text: str | None


#: Answers in which a person says yes or no, or where they are.
_ABOUT_COMING = (
    Intent.ACCEPT,
    Intent.LIMITED,
    Intent.DECLINE,
    Intent.EN_ROUTE,
    Intent.ON_SCENE,
    Intent.LEFT,
)


def apply(recipient: Recipient, inbound: InboundMessage) -> Outcome:
    """Put an understood answer into effect."""
    callout = _held(recipient.callout_id)
    if inbound.intent not in _ABOUT_COMING:
        return Outcome("says nothing about this call; please read it", None)
    places.hush(recipient)
    if inbound.intent is Intent.LEFT:
        return Outcome(check_out(recipient, callout, inbound.received_at), _said(recipient, callout, "left"))
    if inbound.intent in (Intent.ACCEPT, Intent.DECLINE) and watch.asked_whether_home(recipient, callout):
        return _not_home_yet(recipient, callout, inbound)
    if not callout.status.running:
        return _after_the_end(recipient, callout, inbound)
    recipient.reminders = 0
    match inbound.intent:
        case Intent.ACCEPT | Intent.EN_ROUTE:
            return _accept(recipient, callout, inbound)
        case Intent.LIMITED:
            return _limited(recipient, callout)
        case Intent.ON_SCENE:
            return _arrive(recipient, callout, inbound.received_at)
        case _:
            return _decline(recipient, callout)


def _held(callout_id: int) -> Callout:
    """The callout, so that two answers cannot take the same place."""
    return db.session.scalars(
        select(Callout)
        .where(Callout.id == callout_id)
        .with_for_update(of=Callout)
        .execution_options(populate_existing=True)
    ).one()


def _said(recipient: Recipient, callout: Callout, kind: str) -> str:
    return texts.acknowledgement(recipient, callout, kind)


# --- yes --------------------------------------------------------------------------------------------


def _accept(recipient: Recipient, callout: Callout, inbound: InboundMessage) -> Outcome:
    """Somebody comes, has set out, or says when they will be there."""
    if recipient.state is RecipientState.ARRIVED and recipient.left_at is None:
        return _is_there_already(recipient, callout, inbound)
    late = recipient.closed_at is not None
    if late and (callout.status is CalloutStatus.FILLED or not reopen(recipient)):
        return _too_late(recipient, callout, inbound)
    expected = recipient.state is RecipientState.ACCEPTED and recipient.need_id is not None
    if recipient.state is not RecipientState.ACCEPTED:
        _start_afresh(recipient)
    recipient.answered_at = recipient.answered_at or inbound.received_at
    if inbound.eta_minutes is not None:
        recipient.eta_at = inbound.received_at + timedelta(minutes=inbound.eta_minutes)
    if inbound.intent is Intent.EN_ROUTE:
        recipient.en_route_at = recipient.en_route_at or inbound.received_at
        watch.seen_elsewhere(recipient, inbound.received_at)
    places.settle(callout, recipient)
    watch.renew(recipient, callout)
    return _answer_to_yes(recipient, callout, inbound, expected=expected)


def _start_afresh(recipient: Recipient) -> None:
    """A yes, whatever was before: somebody who withdrew and comes after all sets out anew."""
    recipient.state = RecipientState.ACCEPTED
    recipient.eta_at = recipient.en_route_at = recipient.arrived_at = recipient.left_at = None


def _answer_to_yes(
    recipient: Recipient, callout: Callout, inbound: InboundMessage, *, expected: bool
) -> Outcome:
    """Who has no place must not set out; who has had one before knows where to come."""
    on_the_way = inbound.intent is Intent.EN_ROUTE
    if recipient.need_id is None:
        effect = (
            "is on the way, though a reserve; told not to come" if on_the_way else "is coming, as a reserve"
        )
        return Outcome(effect, _said(recipient, callout, "reserve"))
    effect = "is on the way" if on_the_way else "is coming"
    if not expected:
        return Outcome(effect, _said(recipient, callout, "accepted"))
    if on_the_way:
        return Outcome(effect, _said(recipient, callout, "en_route"))
    if inbound.eta_minutes is not None:
        return Outcome("is coming; told a new time", _said(recipient, callout, "eta"))
    return Outcome("is coming, as said before", _said(recipient, callout, "accepted"))


def _is_there_already(recipient: Recipient, callout: Callout, inbound: InboundMessage) -> Outcome:
    """A yes of somebody on scene changes nothing; "on my way" may well mean the way home."""
    watch.renew(recipient, callout)
    if inbound.intent is Intent.EN_ROUTE:
        return Outcome("is on scene, and on the way somewhere; please read it", None)
    return Outcome("is on scene, as said before", _said(recipient, callout, "arrived"))


def _too_late(recipient: Recipient, callout: Callout, inbound: InboundMessage) -> Outcome:
    if inbound.intent is Intent.EN_ROUTE:
        return _turned_back(recipient, callout, inbound)
    effect = "said yes after being stood down; told that there are enough"
    return Outcome(effect, _said(recipient, callout, "late"))


def reopen(recipient: Recipient) -> bool:
    """Take a late person back in, unless their letter has gone to another callout meanwhile."""
    taken = db.session.scalars(
        select(Recipient.id).where(
            Recipient.volunteer_id == recipient.volunteer_id,
            Recipient.reply_code == recipient.reply_code,
            Recipient.id != recipient.id,
            Recipient.closed_at.is_(None),
        )
    ).first()
    if taken is None:
        recipient.closed_at = None
    return taken is None


def _arrive(recipient: Recipient, callout: Callout, at: datetime) -> Outcome:
    """Who is there is there, whatever was said before; ``at`` is when they said so."""
    if recipient.closed_at is not None:
        reopen(recipient)
    if recipient.state is not RecipientState.ARRIVED or recipient.left_at is not None:
        recipient.state = RecipientState.ARRIVED
        recipient.arrived_at, recipient.left_at = now(), None
        recipient.answered_at = recipient.answered_at or now()
        recipient.volunteer.resting_until = now() + timedelta(hours=settings().rest_hours)
        watch.seen_elsewhere(recipient, at)
        places.settle(callout, recipient)
    watch.renew(recipient, callout)
    return Outcome("has arrived", _said(recipient, callout, "arrived"))


# --- no ---------------------------------------------------------------------------------------------


def _limited(recipient: Recipient, callout: Callout) -> Outcome:
    leave(recipient, RecipientState.LIMITED)
    return Outcome("could come if really needed", _said(recipient, callout, "limited"))


def _decline(recipient: Recipient, callout: Callout) -> Outcome:
    if recipient.state in (*COMMITTED, RecipientState.WITHDRAWN):
        leave(recipient, RecipientState.WITHDRAWN)
        return Outcome("withdrew", _said(recipient, callout, "withdrawn"))
    leave(recipient, RecipientState.DECLINED)
    return Outcome("is not coming", _said(recipient, callout, "declined"))


def leave(recipient: Recipient, state: RecipientState) -> None:
    """Give up one's place, if there was one; somebody else may take it.

    Who had set out, or was there, must still get home.
    """
    if recipient.closed_at is not None and recipient.state is RecipientState.STOOD_DOWN:
        recipient.answered_at = now()
        return
    # Of somebody who said yes and withdrew, the yes is the answer.
    if state is not RecipientState.WITHDRAWN or recipient.answered_at is None:
        recipient.answered_at = now()
    callout = _held(recipient.callout_id)
    recipient.state, recipient.need_id = state, None
    watch.renew(recipient, callout)
    places.settle(callout, recipient)


# --- out of the field -------------------------------------------------------------------------------


def check_out(recipient: Recipient, callout: Callout, at: datetime) -> str:
    """The person has left the field. Returns what that means, for the coordinator.

    A place that was held until the arrive-by time was served, and is kept as such; one that was given up
    before is open again.
    """
    served = recipient.state is RecipientState.ARRIVED and callout.arrive_by <= now()
    holds = recipient.closed_at is None and callout.status.running and recipient.state in COMMITTED
    watch.check_out(recipient, at)
    if holds and served:
        recipient.closed_at = now()
        callout.revision += 1
        return "has left, after having served"
    if holds:
        leave(recipient, RecipientState.WITHDRAWN)
        return "has left before the time; the place is open again"
    callout.revision += 1
    return "is out of the field"


def was_coming(recipient: Recipient) -> bool:
    """Whether it makes sense of this person to say that they left."""
    return recipient.check_out_by is not None or recipient.state in (*COMMITTED, RecipientState.WITHDRAWN)


def _not_home_yet(recipient: Recipient, callout: Callout, inbound: InboundMessage) -> Outcome:
    """Asked "are you home safely?", people say yes or no. Only the digit or the word for it checks them out:
    a yes may belong to another question, and a no may be a call for help."""
    again = texts.reminder(recipient, callout, "check_out")
    callout.revision += 1
    if inbound.intent is Intent.ACCEPT:
        return Outcome("said yes, asked whether home; asked to confirm it", again)
    watch.alarm(recipient, callout, "says no to whether they are home. Phone them")
    return Outcome("said no, asked whether home; please phone them", again)


def _after_the_end(recipient: Recipient, callout: Callout, inbound: InboundMessage) -> Outcome:
    """The callout is over. Who is out there all the same is sent home, and watched until they are."""
    if inbound.intent in (Intent.EN_ROUTE, Intent.ON_SCENE):
        return _turned_back(recipient, callout, inbound)
    never_set_out = not watch.person(recipient, callout).out_there
    if inbound.intent is Intent.DECLINE and recipient.check_out_by is not None and never_set_out:
        watch.check_out(recipient, inbound.received_at)
    callout.revision += 1
    return Outcome("answered after the end; told so", _said(recipient, callout, "ended"))


def _turned_back(recipient: Recipient, callout: Callout, inbound: InboundMessage) -> Outcome:
    recipient.left_at = None
    if inbound.intent is Intent.ON_SCENE:
        recipient.arrived_at = recipient.arrived_at or inbound.received_at
    else:
        recipient.en_route_at = recipient.en_route_at or inbound.received_at
    watch.renew(recipient, callout)
    callout.revision += 1
    if recipient.arrived_at is not None:
        return Outcome(
            "is on scene of what is over; sent home", texts.stand_down(recipient, callout, "on_scene")
        )
    return Outcome("is on the way to what is over; told so", texts.stand_down(recipient, callout, "coming"))


# --- no more texts ----------------------------------------------------------------------------------


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
    """Watchers of the board should see the text at once.

    Somebody who wrote, whatever it was, is not told that there is no answer from them.
    """
    if recipient.state is RecipientState.ASKED:
        recipient.remind_at = None
    outbox.touch([recipient.callout_id])


def silence(volunteer: Volunteer) -> None:
    """Stop everything that is still queued for a person."""
    for message in db.session.scalars(
        select(Message)
        .where(Message.volunteer_id == volunteer.id, Message.state == MessageState.QUEUED)
        .with_for_update()
    ):
        outbox.step(message, MessageState.SUPPRESSED, Cause.OPERATOR, "the person opted out")
