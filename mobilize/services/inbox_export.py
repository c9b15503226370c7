"""Corrected texts as examples from which the reading of answers can be improved, without whose they were."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from mobilize.domain import links
from mobilize.domain.redaction import redacted
from mobilize.domain.vocabulary import Intent
from mobilize.extensions import db
from mobilize.models import InboundMessage, Recipient, Volunteer

from . import access
from .access import Viewer


def examples(
    viewer: Viewer, *, language: str | None = None, since: datetime | None = None
) -> Iterator[dict[str, Any]]:
    """Corrected texts, oldest first, each as a line of the corpus (``tests/corpus/README.md``)."""
    query = (
        access.visible(viewer, InboundMessage)
        .join(Volunteer, Volunteer.id == InboundMessage.volunteer_id)
        .add_columns(Volunteer)
        .where(InboundMessage.corrected_at.is_not(None), InboundMessage.body != "")
        .order_by(InboundMessage.id)
    )
    if language is not None:
        query = query.where(Volunteer.language == language)
    if since is not None:
        query = query.where(InboundMessage.received_at >= since)
    for inbound, volunteer in db.session.execute(query):
        yield _example(inbound, volunteer)


def _example(inbound: InboundMessage, volunteer: Volunteer) -> dict[str, Any]:
    """One line; what was not said is left out."""
    letters = _letters(inbound)
    place = db.session.get(Recipient, inbound.recipient_id) if inbound.recipient_id else None
    code = place.reply_code if place is not None and place.reply_code in letters else None
    told = {
        "text": redacted(_words(inbound, place), [volunteer.given_name, volunteer.family_name]),
        "intent": (inbound.intent or Intent.UNCLEAR).value,
        "eta_minutes": inbound.eta_minutes,
        "code": code,
        "codes": letters,
        "now": inbound.received_at.astimezone(ZoneInfo(volunteer.time_zone)).isoformat(timespec="seconds"),
        "minutes": inbound.absent_minutes,
        "source": f"inbox {inbound.received_at:%Y-%m-%d}",
    }
    return {name: value for name, value in told.items() if value is not None}


def _words(inbound: InboundMessage, place: Recipient | None) -> str:
    """What was read: without the code of the person's link, by which anybody could answer for them."""
    if place is not None:
        for claim in links.claims(inbound.body):
            if claim.code == place.link_code:
                return claim.words
    return inbound.body


def _letters(inbound: InboundMessage) -> list[str]:
    """The letters of the calls that were open for the writer when the text came."""
    query = select(Recipient.reply_code).where(
        Recipient.volunteer_id == inbound.volunteer_id,
        Recipient.asked_at <= inbound.received_at,
        Recipient.closed_at.is_(None) | (Recipient.closed_at > inbound.received_at),
    )
    return sorted(set(db.session.scalars(query)))
