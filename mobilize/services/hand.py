"""What a coordinator does about a text by hand: answer it, say whose it is, mark it as dealt with."""

import re

from sqlalchemy import select

from mobilize.domain.errors import Conflict, InvalidInput
from mobilize.domain.segments import economical, measure
from mobilize.domain.sms import drill_mark
from mobilize.domain.vocabulary import AccountRole, MessageKind
from mobilize.extensions import db
from mobilize.models import InboundMessage, Message, Recipient, Volunteer

from . import access, audit, outbox, understanding
from .access import Viewer
from .runtime import now, work_waiting

#: A text by hand has no more segments than this.
MOST_SEGMENTS = 3
#: Names one sending, so that a form sent twice sends one text.
KEY = re.compile(r"[A-Za-z0-9-]{8,40}")
#: What the column for the effect holds.
LONGEST_NOTE = 200


def reply(viewer: Viewer, inbound_id: int, body: str, key: str) -> Message:
    """Queue a text to the writer, to the phone that they are registered with. One transaction.

    The same ``key`` again returns the text that it sent. The text received counts as dealt with.
    Raises `errors.NotFound`, `errors.InvalidInput` and `errors.Conflict`.
    """
    access.require(viewer, AccountRole.COORDINATOR)
    body = _sendable(body)  # before anything is held
    if not KEY.fullmatch(key):
        raise InvalidInput("key", "must be 8 to 40 letters, digits and dashes; make a new one for each text.")
    # Callouts are held before texts, everywhere.
    _touch_board(access.find(viewer, InboundMessage, inbound_id))
    inbound = _held(viewer, inbound_id)
    name = hand_key(inbound.id, key)
    if (sent := _sent(name)) is not None:
        return sent
    volunteer = _reachable(inbound)
    place = db.session.get_one(Recipient, inbound.recipient_id) if inbound.recipient_id else None
    body = _sendable(_marked(body, volunteer, place))
    outbox.answer(
        volunteer,
        body,
        key=name,
        kind=MessageKind.BY_HAND,
        callout_id=place.callout_id if place else None,
        recipient_id=place.id if place else None,
    )
    inbound.settled_at = inbound.settled_at or now()
    message = db.session.scalars(select(Message).where(Message.idempotency_key == name)).one()
    told = {"message_id": message.id, "volunteer_id": volunteer.id}
    audit.record(viewer, "inbound.reply", "inbound_message", inbound.id, after=told)
    db.session.commit()
    work_waiting.send()
    return message


def _marked(body: str, volunteer: Volunteer, place: Recipient | None) -> str:
    """Every text about a drill begins with its mark."""
    drill = place is not None and place.callout.emergency.drill
    mark = drill_mark(volunteer.language) if drill else ""
    return body if body.startswith(mark.strip()) else mark + body


def hand_key(inbound_id: int, key: str) -> str:
    return f"hand:{inbound_id}:{key}"


def link(viewer: Viewer, inbound_id: int, volunteer_id: int) -> InboundMessage:
    """Say whose a text from an unknown number is; it is then handled as theirs. One transaction.

    It holds for this text alone: a phone that was borrowed once is not theirs.
    """
    access.require(viewer, AccountRole.COORDINATOR)
    volunteer = access.find(viewer, Volunteer, volunteer_id)
    inbound = _held(viewer, inbound_id)
    if inbound.volunteer_id == volunteer.id:
        return inbound
    if inbound.volunteer_id is not None:
        raise Conflict("Whose text this is, is known already.")
    if inbound.understood_at is None:
        raise Conflict("This text has not been read yet. The engine does so in a moment; try again then.")
    inbound.volunteer_id = volunteer.id
    db.session.flush()
    db.session.refresh(inbound, ["volunteer"])
    understanding.understand(inbound)
    told = {"volunteer_id": volunteer.id, "from_phone": inbound.from_phone, "intent": inbound.intent}
    audit.record(viewer, "inbound.link", "inbound_message", inbound.id, after=told)
    db.session.commit()
    work_waiting.send()
    return inbound


def settle(viewer: Viewer, inbound_id: int, note: str | None = None) -> InboundMessage:
    """Mark a text as dealt with; a note, if there is one, tells how. One transaction."""
    access.require(viewer, AccountRole.COORDINATOR)
    note = (note or "").replace("\0", "").strip()
    if len(note) > LONGEST_NOTE:
        raise InvalidInput("note", f"must have at most {LONGEST_NOTE} characters; this one has {len(note)}.")
    # Callouts are held before texts, everywhere.
    _touch_board(access.find(viewer, InboundMessage, inbound_id))
    inbound = _held(viewer, inbound_id)
    if inbound.settled_at is not None and note in ("", inbound.effect):
        return inbound
    before = {"effect": inbound.effect}
    inbound.settled_at = inbound.settled_at or now()
    inbound.effect = note or inbound.effect
    audit.record(
        viewer, "inbound.settle", "inbound_message", inbound.id, before=before, after={"effect": inbound.effect}
    )
    db.session.commit()
    return inbound


def _touch_board(inbound: InboundMessage) -> None:
    if inbound.recipient_id is not None:
        outbox.touch([db.session.get_one(Recipient, inbound.recipient_id).callout_id])


def _held(viewer: Viewer, inbound_id: int) -> InboundMessage:
    """The text, to this transaction alone, so that two clicks follow each other."""
    access.find(viewer, InboundMessage, inbound_id)
    return db.session.scalars(
        select(InboundMessage)
        .where(InboundMessage.id == inbound_id)
        .with_for_update(of=InboundMessage)
        .execution_options(populate_existing=True)
    ).one()


def _sent(name: str) -> Message | None:
    return db.session.scalars(select(Message).where(Message.idempotency_key == name)).one_or_none()


def as_sent(body: str) -> str:
    """A text as it goes out: without what surrounds it, and in the cheaper alphabet where that is possible."""
    return economical(body.strip().replace("\r\n", "\n").replace("\0", ""))


def _sendable(body: str) -> str:
    body = as_sent(body)
    if not body:
        raise InvalidInput("body", "is empty; write what the person is to read.")
    segments = measure(body).segments
    if segments > MOST_SEGMENTS:
        raise InvalidInput(
            "body", f"would take {segments} segments; at most {MOST_SEGMENTS} can be sent, so write less."
        )
    return body


def _reachable(inbound: InboundMessage) -> Volunteer:
    volunteer = inbound.volunteer
    if volunteer is None:
        raise Conflict(
            "Nobody is known under this number, so no text can be sent there. "
            "Say first whose phone it is, or call it."
        )
    if volunteer.opted_out_at is not None:
        raise Conflict(f"{volunteer.name} has opted out of all texts, so none can be sent. Call them instead.")
    if not volunteer.takes_texts:
        raise Conflict(f"{volunteer.name} has a landline, which takes no texts. Call them instead.")
    return volunteer
