"""Whose code it is: from what somebody opened or typed to the place in a callout that it answers for."""

from sqlalchemy import select

from mobilize.domain import links
from mobilize.domain.links import Standing
from mobilize.domain.vocabulary import MembershipStatus
from mobilize.extensions import db
from mobilize.models import Recipient

from .runtime import now, settings


def secret() -> bytes:
    return settings().secret_key.encode()


def address(code: str) -> str:
    """The whole link, as it stands in a text."""
    return links.address(settings().public_url, code)


def recipient_of(text: str) -> Recipient | None:
    """The recipient whose code this is, if it may still be used.

    It may not when the row's code does not fit the signature (forged, or made with an earlier
    ``SECRET_KEY``), when the link has expired, and when the person is no active member any more.
    """
    code = links.read_code(text)
    if code is None:
        return None
    recipient = db.session.scalars(select(Recipient).where(Recipient.link_code == code)).one_or_none()
    if recipient is None or not links.proves(code, secret(), recipient.callout_id, recipient.volunteer_id):
        return None
    return recipient if _usable(recipient) else None


def standing(recipient: Recipient) -> Standing:
    """Where the person stands now."""
    return links.standing_of(
        recipient.state,
        placed=recipient.need_id is not None,
        over=recipient.closed_at is not None or not recipient.callout.status.running,
        home=recipient.left_at is not None,
    )


def _usable(recipient: Recipient) -> bool:
    works = links.works(
        standing(recipient),
        arrive_by=recipient.callout.arrive_by,
        closed_at=recipient.closed_at,
        now=now(),
    )
    return works and recipient.volunteer.status is MembershipStatus.ACTIVE
