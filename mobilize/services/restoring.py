"""Taking back what a wrongly read text did: the person stands as their other answers say.

Not as they stood before: a snapshot would undo what happened in between. Everything here adds to the current
transaction.
"""

from collections.abc import Sequence

from sqlalchemy import or_, select

from mobilize.domain import answered
from mobilize.domain.answered import Answer
from mobilize.domain.vocabulary import CalloutStatus, Intent, RecipientState
from mobilize.extensions import db
from mobilize.models import InboundMessage, Recipient, Volunteer

from . import answers, audit, places, watch
from .access import COMMITTED, Viewer

#: What changes the person's place in a callout.
ABOUT_A_PLACE = frozenset(
    {Intent.ACCEPT, Intent.LIMITED, Intent.DECLINE, Intent.EN_ROUTE, Intent.ON_SCENE, Intent.LEFT}
)
_CONSENT = frozenset({Intent.OPT_OUT, Intent.OPT_IN})
RUNNING = tuple(status for status in CalloutStatus if status.running)


def newer_answer(inbound: InboundMessage, recipient_id: int | None) -> InboundMessage | None:
    """The latest answer since, about the text's own place or this one, or about texts altogether."""
    about = [one for one in (inbound.recipient_id, recipient_id) if one is not None]
    return db.session.scalars(
        select(InboundMessage)
        .where(
            InboundMessage.volunteer_id == inbound.volunteer_id,
            InboundMessage.id > inbound.id,
            or_(
                InboundMessage.intent.in_(ABOUT_A_PLACE) & InboundMessage.recipient_id.in_(about),
                InboundMessage.intent.in_(_CONSENT),
            ),
        )
        .order_by(InboundMessage.id.desc())
        .limit(1)
    ).one_or_none()


def take_back(viewer: Viewer, inbound: InboundMessage, volunteer: Volunteer) -> list[Recipient]:
    """Undo what a text did. Returns the places that were put back; `settle` them when all is done."""
    if inbound.intent in _CONSENT:
        return _consent_as_before(viewer, inbound, volunteer)
    if inbound.intent in ABOUT_A_PLACE and inbound.recipient_id is not None:
        place = db.session.get_one(Recipient, inbound.recipient_id)
        if inbound.intent is Intent.ON_SCENE:
            volunteer.resting_until = None
        if inbound.intent in (Intent.EN_ROUTE, Intent.ON_SCENE):
            watch.not_seen_elsewhere(place, inbound.received_at)
        return _put_back([place], inbound)
    if inbound.intent is Intent.UNAVAILABLE:
        return _called_as_before(viewer, inbound, volunteer)
    return []


def settle(touched: Sequence[Recipient]) -> None:
    """See again who has which place, in the callouts of places that were put back."""
    for place in sorted(touched, key=lambda one: one.callout_id):
        if place.callout.status.running:
            places.settle(place.callout)
            watch.renew(place, place.callout)


def _consent_as_before(viewer: Viewer, inbound: InboundMessage, volunteer: Volunteer) -> list[Recipient]:
    """Whether the person may be texted, as the texts before this one say. The carrier may know it otherwise."""
    last = db.session.scalars(
        select(InboundMessage.intent)
        .where(
            InboundMessage.volunteer_id == volunteer.id,
            InboundMessage.id < inbound.id,
            InboundMessage.intent.in_(_CONSENT),
        )
        .order_by(InboundMessage.id.desc())
        .limit(1)
    ).one_or_none()
    if last is Intent.OPT_OUT and inbound.intent is Intent.OPT_IN:
        answers.opt_out(volunteer)
    since = volunteer.opted_out_at
    if inbound.intent is Intent.OPT_IN or since is None or since < inbound.received_at:
        return []  # they had opted out before, in another way
    volunteer.opted_out_at = None
    audit.record(
        viewer,
        "volunteer.opt_in",
        "volunteer",
        volunteer.id,
        before={"opted_out_at": since.isoformat()},
        after={"inbound_message_id": inbound.id},
    )
    return _put_back(_given_up(volunteer), inbound)


def _called_as_before(viewer: Viewer, inbound: InboundMessage, volunteer: Volunteer) -> list[Recipient]:
    """End a pause that was none, unless the person has spoken of the time to come since."""
    later = select(InboundMessage.id).where(
        InboundMessage.volunteer_id == volunteer.id,
        InboundMessage.id > inbound.id,
        InboundMessage.intent.in_((Intent.UNAVAILABLE, Intent.AVAILABLE)),
    )
    until = volunteer.snoozed_until
    if until is None or db.session.scalars(later.limit(1)).first() is not None:
        return []
    volunteer.snoozed_until = None
    audit.record(
        viewer,
        "volunteer.resume",
        "volunteer",
        volunteer.id,
        before={"until": until.isoformat()},
        after={"until": None, "inbound_message_id": inbound.id},
    )
    return _put_back(_given_up(volunteer), inbound)


def _given_up(volunteer: Volunteer) -> Sequence[Recipient]:
    """The open places in which the person counts as not coming."""
    query = select(Recipient).where(
        Recipient.volunteer_id == volunteer.id,
        Recipient.closed_at.is_(None),
        Recipient.state == RecipientState.DECLINED,
    )
    return db.session.scalars(query.order_by(Recipient.callout_id)).all()


def _put_back(found: Sequence[Recipient], inbound: InboundMessage) -> list[Recipient]:
    """Let places stand as the answers before this text say. Who was let go since stays let go."""
    for place in found:
        _take_back_leaving(place, inbound)
    touched = [place for place in found if place.closed_at is None and place.callout.status.running]
    for place in touched:
        stands = answered.stand(_answers_before(place, inbound))
        place.state, place.answered_at, place.eta_at = stands.state, stands.answered_at, stands.eta_at
        place.en_route_at, place.arrived_at, place.left_at = (
            stands.en_route_at,
            stands.arrived_at,
            stands.left_at,
        )
        if stands.state not in COMMITTED:
            place.need_id = None
    return touched


def _take_back_leaving(place: Recipient, inbound: InboundMessage) -> None:
    """Who has not left after all is out there still; if the leaving closed the place, it is open again."""
    if inbound.intent is not Intent.LEFT or place.left_at != inbound.received_at:
        return
    place.left_at = None
    if place.closed_at is not None and place.closed_at >= inbound.received_at and place.callout.status.running:
        answers.reopen(place)
    watch.renew(place, place.callout)


def _answers_before(place: Recipient, inbound: InboundMessage) -> list[Answer]:
    found = db.session.scalars(
        select(InboundMessage)
        .where(
            InboundMessage.recipient_id == place.id,
            InboundMessage.id < inbound.id,
            InboundMessage.intent.in_(ABOUT_A_PLACE),
        )
        .order_by(InboundMessage.id)
    )
    return [Answer(one.intent, one.received_at, one.eta_minutes) for one in found if one.intent is not None]
