"""Correcting how a text was understood, and to which callout it belongs. One transaction each.

A correction has the effect that the text would have had if it had been read so. What it had done before is
taken back first (see `restoring`), unless the person has answered since: then their later word stands, and a
coordinator must say that the older text is to count all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select

from mobilize.domain.errors import Conflict, InvalidInput
from mobilize.domain.replies import CARRIERS, LATEST_ETA
from mobilize.domain.vocabulary import AccountRole, Channel, Intent
from mobilize.extensions import db
from mobilize.models import Callout, InboundMessage, Message, Recipient, Volunteer

from . import access, audit, outbox, restoring, understanding
from .access import Viewer
from .restoring import ABOUT_A_PLACE
from .runtime import now, work_waiting

#: After these, minutes until the arrival make sense.
ARRIVING = frozenset({Intent.ACCEPT, Intent.LIMITED, Intent.EN_ROUTE})
#: Minutes; nobody is told away for longer by a correction.
LONGEST_ABSENCE = 366 * 24 * 60


@dataclass(frozen=True, slots=True)
class Reading:
    """What a person reads in a text. Minutes: to the arrival, from when the text came; and of an absence."""

    intent: Intent
    eta_minutes: int | None = None
    absent_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """A text, its writer, the place that it speaks of and the writer's open places; all of it held."""

    viewer: Viewer
    inbound: InboundMessage
    volunteer: Volunteer
    place: Recipient | None
    asked: Sequence[Recipient]


class Superseded(Conflict):
    """The person has answered since; ``newer`` is that text."""

    def __init__(self, newer: InboundMessage, volunteer: Volunteer) -> None:
        self.newer = newer
        said = (newer.intent or Intent.UNCLEAR).replace("_", " ")
        at = newer.received_at.astimezone(ZoneInfo(volunteer.time_zone))
        super().__init__(
            f"{volunteer.name} has answered since: {said} at {at:%H:%M}. "
            "If the older text is to count all the same, send despite_newer."
        )


def correct(
    viewer: Viewer,
    inbound_id: int,
    reading: Reading,
    *,
    recipient_id: int | None = None,
    despite_newer: bool = False,
) -> InboundMessage:
    """Read a text as a person says it is to be read, and do what it says. Reading it as it is read already
    settles it and changes nothing else.

    Raises `errors.NotFound`, `errors.InvalidInput`, `errors.Conflict` and `Superseded`.
    """
    access.require(viewer, AccountRole.COORDINATOR)
    _check(reading)
    inbound, volunteer = _read_one(viewer, inbound_id)
    place = _place_meant(viewer, inbound, volunteer, reading.intent, recipient_id)
    asked = _hold(inbound, volunteer, place)
    if reading == reading_of(inbound) and (place.id if place else None) == inbound.recipient_id:
        return _confirm(viewer, inbound)
    _refuse_if_carriers(inbound)
    _refuse_if_newer(inbound, volunteer, place, despite_newer)
    before = _told(inbound)
    callouts = [_callout_of(inbound), place.callout_id if place else None]
    inbound.machine_intent = inbound.machine_intent or inbound.intent
    inbound.corrected_at, inbound.corrected_by_id = now(), viewer.account_id
    inbound.settled_at = None if reading.intent is Intent.UNCLEAR else now()
    _reread(_Case(viewer, inbound, volunteer, place, asked), reading)
    return _finish(viewer, "inbound.correct", inbound, before, callouts)


def reassign(
    viewer: Viewer, inbound_id: int, recipient_id: int, *, despite_newer: bool = False
) -> InboundMessage:
    """Count a text, read as it is, for another callout in which its writer was asked."""
    access.require(viewer, AccountRole.COORDINATOR)
    inbound, volunteer = _read_one(viewer, inbound_id)
    intent = inbound.intent or Intent.UNCLEAR
    place = _named_place(viewer, volunteer, recipient_id)
    _refuse_if_over(place)
    _refuse_if_elsewhere(viewer, inbound)
    asked = _hold(inbound, volunteer, place)
    if inbound.recipient_id == place.id:
        return inbound
    _refuse_if_newer(inbound, volunteer, place, despite_newer)
    before = _told(inbound)
    callouts = [_callout_of(inbound), place.callout_id]
    if intent in ABOUT_A_PLACE:
        _reread(_Case(viewer, inbound, volunteer, place, asked), reading_of(inbound))
    else:
        inbound.recipient_id, inbound.effect = place.id, "moved to this callout by hand; please read it"
    return _finish(viewer, "inbound.reassign", inbound, before, callouts)


def reading_of(inbound: InboundMessage) -> Reading:
    """How a text is read now."""
    return Reading(inbound.intent or Intent.UNCLEAR, inbound.eta_minutes, inbound.absent_minutes)


def _check(reading: Reading) -> None:
    for name, value, longest, welcome in (
        ("eta_minutes", reading.eta_minutes, LATEST_ETA, reading.intent in ARRIVING),
        ("absent_minutes", reading.absent_minutes, LONGEST_ABSENCE, reading.intent is Intent.UNAVAILABLE),
    ):
        if value is not None and not welcome:
            raise InvalidInput(name, f"makes no sense with {reading.intent.value}; leave it out.")
        if value is not None and not 0 <= value <= longest:
            raise InvalidInput(name, f"must be between 0 and {longest}.")


def _read_one(viewer: Viewer, inbound_id: int) -> tuple[InboundMessage, Volunteer]:
    """A text that the machine has read, and its writer."""
    inbound = access.find(viewer, InboundMessage, inbound_id)
    if inbound.understood_at is None:
        raise Conflict("This text has not been read yet. The engine does so in a moment; try again then.")
    if inbound.volunteer is None:
        raise Conflict("This text is from an unknown number. Say first whose phone it is.")
    return inbound, inbound.volunteer


def _place_meant(
    viewer: Viewer, inbound: InboundMessage, volunteer: Volunteer, intent: Intent, recipient_id: int | None
) -> Recipient | None:
    """The place that the text speaks of; ``None`` if it speaks of none, now as before."""
    _refuse_if_elsewhere(viewer, inbound)
    if recipient_id is not None:
        place: Recipient | None = _named_place(viewer, volunteer, recipient_id)
    elif inbound.recipient_id is not None:
        place = db.session.get_one(Recipient, inbound.recipient_id)
    else:
        place = _only_place(viewer, volunteer) if intent in ABOUT_A_PLACE else None
    # That somebody is home is news after the end, too.
    if place is not None and intent in ABOUT_A_PLACE - {Intent.LEFT}:
        _refuse_if_over(place)
    return place


def _refuse_if_elsewhere(viewer: Viewer, inbound: InboundMessage) -> None:
    """What a text does to another section's callout is that section's to correct."""
    theirs = inbound.recipient_id
    if theirs is not None:
        seen = access.visible(viewer, Recipient).where(Recipient.id == theirs)
        if db.session.scalars(seen).one_or_none() is None:
            raise Conflict(
                "This text answers a callout of another section; a coordinator there can correct it."
            )


def _refuse_if_carriers(inbound: InboundMessage) -> None:
    """The word by which carriers stop texts: they have, whatever was meant, and let none through."""
    said = CARRIERS.get(inbound.body.strip().casefold())
    if inbound.intent is Intent.OPT_OUT and inbound.channel is Channel.TEXT and said is Intent.OPT_OUT:
        raise Conflict(
            "The carrier stops all texts at this word, and only the person can end that. "
            "Call them and ask them to text START."
        )


def _refuse_if_over(place: Recipient) -> None:
    if not place.callout.status.running:
        raise Conflict(
            f"The callout to {place.callout.rendezvous} is over, so nothing can be changed there. "
            "Mark the text as dealt with instead."
        )


def _named_place(viewer: Viewer, volunteer: Volunteer, recipient_id: int) -> Recipient:
    place = access.find(viewer, Recipient, recipient_id)
    if place.volunteer_id != volunteer.id:
        raise InvalidInput("recipient_id", f"is not a place of {volunteer.name}; choose one of theirs.")
    return place


def _places_of(viewer: Viewer, volunteer: Volunteer) -> Sequence[Recipient]:
    """The person's places in callouts that run, within the viewer's scope, by letter."""
    running = select(Callout.id).where(Callout.status.in_(restoring.RUNNING))
    return db.session.scalars(
        access.visible(viewer, Recipient)
        .where(Recipient.volunteer_id == volunteer.id, Recipient.callout_id.in_(running))
        .order_by(Recipient.closed_at.is_not(None), Recipient.reply_code, Recipient.id.desc())
    ).all()


def _only_place(viewer: Viewer, volunteer: Volunteer) -> Recipient:
    places = _places_of(viewer, volunteer)
    meant = [place for place in places if place.closed_at is None] or places
    if not meant:
        raise Conflict(f"{volunteer.name} was asked in no callout of yours that runs; nothing can be answered.")
    if len(meant) > 1:
        told = ", ".join(f"{place.reply_code}: {place.callout.rendezvous} ({place.id})" for place in meant)
        raise InvalidInput("recipient_id", f"must say which call-out is meant; {volunteer.name} has {told}.")
    return meant[0]


def _hold(inbound: InboundMessage, volunteer: Volunteer, place: Recipient | None) -> Sequence[Recipient]:
    """Hold all that may change, in the order that all keep to: callouts, then the text.

    Returns the person's open places.
    """
    touched = [one for one in (inbound.recipient_id, place.id if place else None) if one is not None]
    mine = (Recipient.volunteer_id == volunteer.id) & (
        Recipient.closed_at.is_(None)
        | Recipient.check_out_by.is_not(None)
        | Recipient.id.in_(touched)
        # Where the text ended the watch, since the person was seen elsewhere.
        | (Recipient.left_at == inbound.received_at)
    )
    theirs = select(Recipient.callout_id).where(mine)
    db.session.execute(
        select(Callout.id).where(Callout.id.in_(theirs)).order_by(Callout.id).with_for_update()
    ).all()
    held = db.session.scalars(
        select(Recipient).where(mine).order_by(Recipient.reply_code).execution_options(populate_existing=True)
    ).all()
    db.session.scalars(
        select(InboundMessage)
        .where(InboundMessage.id == inbound.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    return [one for one in held if one.closed_at is None]


def _refuse_if_newer(
    inbound: InboundMessage, volunteer: Volunteer, place: Recipient | None, despite_newer: bool
) -> None:
    newer = restoring.newer_answer(inbound, place.id if place else None)
    if newer is not None and not despite_newer:
        raise Superseded(newer, volunteer)


def _reread(case: _Case, reading: Reading) -> None:
    """Take back what the text did, and do what it says now; its writer is told if that changes anything."""
    inbound, place_id = case.inbound, case.place.id if case.place else None
    newer = restoring.newer_answer(inbound, place_id)
    standing = _standing(case)
    touched = restoring.take_back(case.viewer, inbound, case.volunteer) if newer is None else []
    inbound.intent, inbound.recipient_id = reading.intent, place_id
    inbound.eta_minutes, inbound.absent_minutes = reading.eta_minutes, reading.absent_minutes
    if newer is not None and reading.intent is Intent.UNCLEAR:
        inbound.effect = "not clear; what was answered since stands"
        return
    key = understanding.answer_key(inbound)
    inbound.effect = understanding.act(inbound, case.volunteer, case.asked)
    if inbound.intent is not reading.intent:
        said = reading.intent.replace("_", " ")
        raise Conflict(f"This text cannot be read as {said}: {inbound.effect}.")
    restoring.settle(touched)
    if reading.intent in ABOUT_A_PLACE and _standing(case) == standing:
        # The writer was told the same before.
        db.session.execute(delete(Message).where(Message.idempotency_key == key))


def _standing(case: _Case) -> tuple[object, ...]:
    """All that the writer can be told about their place."""
    place = case.place
    if place is None:
        return (case.volunteer.opted_out_at,)
    moments = (place.eta_at, place.en_route_at, place.arrived_at, place.left_at, place.closed_at)
    return (case.volunteer.opted_out_at, place.state, place.need_id, *moments)


def _confirm(viewer: Viewer, inbound: InboundMessage) -> InboundMessage:
    """A person finds that it was read rightly."""
    if inbound.settled_at is None:
        inbound.settled_at = now()
        audit.record(viewer, "inbound.settle", "inbound_message", inbound.id)
    db.session.commit()
    return inbound


def _told(inbound: InboundMessage) -> dict[str, Any]:
    """For the audit trail: the reading, the place and how the person stands there."""
    place = db.session.get(Recipient, inbound.recipient_id) if inbound.recipient_id else None
    return {
        "intent": inbound.intent,
        "eta_minutes": inbound.eta_minutes,
        "absent_minutes": inbound.absent_minutes,
        "recipient_id": inbound.recipient_id,
        "state": place.state if place else None,
        "effect": inbound.effect,
    }


def _callout_of(inbound: InboundMessage) -> int | None:
    return db.session.get_one(Recipient, inbound.recipient_id).callout_id if inbound.recipient_id else None


def _finish(
    viewer: Viewer,
    action: str,
    inbound: InboundMessage,
    before: dict[str, Any],
    callouts: Sequence[int | None],
) -> InboundMessage:
    audit.record(viewer, action, "inbound_message", inbound.id, before=before, after=_told(inbound))
    db.session.flush()
    outbox.touch([*callouts, _callout_of(inbound)])
    db.session.commit()
    work_waiting.send()
    return inbound
