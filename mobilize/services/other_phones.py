"""Answers from another phone: the code in a person's link, in front of or behind the answer, claims it.

The code is the proof, whoever sends it: a number that nobody knows, or another volunteer's. It can only
answer its own call; what concerns the person altogether (STOP, a pause) counts from their own phone alone.
"""

import re
from dataclasses import dataclass

from mobilize.domain import links
from mobilize.domain.links import Press
from mobilize.domain.vocabulary import Channel, Intent
from mobilize.extensions import db
from mobilize.models import InboundMessage, Recipient, Volunteer

from . import link_codes

#: What a code may say; everything else is asked back.
_ABOUT_THE_CALL = frozenset(
    {Intent.ACCEPT, Intent.LIMITED, Intent.DECLINE, Intent.EN_ROUTE, Intent.ON_SCENE, Intent.LEFT}
)
#: Names and short codes send texts that cannot be answered.
_PHONE = re.compile(r"\+[1-9]\d{6,14}")


@dataclass(frozen=True, slots=True)
class Claimed:
    """Whose answer it is, and the answer without its code."""

    recipient: Recipient
    words: str

    def meaning(self, intent: Intent) -> Intent:
        return intent if intent in _ABOUT_THE_CALL else Intent.UNCLEAR


def claimed(inbound: InboundMessage) -> Claimed | None:
    """The place in a callout that a text claims by its code, if it does.

    Not if a coordinator has said whose text it is.
    """
    if inbound.channel is not Channel.TEXT or inbound.volunteer_id is not None:
        return None
    for claim in links.claims(inbound.body):
        recipient = link_codes.recipient_of(claim.code)
        if recipient is not None:
            return Claimed(recipient, claim.words)
    return None


def told(inbound: InboundMessage, volunteer: Volunteer, effect: str) -> str:
    """What was done, and from which number it was asked for, if a code did so from another phone."""
    if inbound.from_phone == volunteer.phone or not _by_code(inbound):
        return effect
    return f"{effect} (from {inbound.from_phone}, by the code of the link)"


def _by_code(inbound: InboundMessage) -> bool:
    """Whether the text speaks for its recipient by their code, and not because a coordinator said so."""
    if inbound.channel is not Channel.TEXT or inbound.recipient_id is None:
        return False
    code = db.session.get_one(Recipient, inbound.recipient_id).link_code
    return any(claim.code == code for claim in links.claims(inbound.body))


def number_for(inbound: InboundMessage, volunteer: Volunteer) -> str | None:
    """Where an automatic answer goes: to the phone that claimed it by a code, else to the person's own.

    ``None`` if none is due. The page shows what a press did; a text follows a yes alone, so that the
    rendezvous is in the phone where there is no network. None goes to who opted out of texts, and none to
    a landline.
    """
    own = volunteer.phone if volunteer.takes_texts else None
    if inbound.channel is Channel.LINK:
        return own if inbound.raw.get("press") == Press.YES else None
    if not _by_code(inbound):
        return own
    return inbound.from_phone if _PHONE.fullmatch(inbound.from_phone) else None
