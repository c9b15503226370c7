"""Texts to one person, worded: what stands in them comes from the callout, the person and the section."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from mobilize.domain import sms
from mobilize.extensions import db
from mobilize.models import Callout, Recipient, Volunteer

from . import asking


def acknowledgement(recipient: Recipient, callout: Callout, kind: str) -> str:
    """What follows an answer; ``kind`` is one of `sms.ACKNOWLEDGEMENTS`."""
    values = _values(recipient, callout, recipient.eta_at if kind == "eta" else None)
    return sms.acknowledgement_text(recipient.volunteer.language, kind, values)


def stand_down(recipient: Recipient, callout: Callout, kind: str) -> str:
    """You are no longer needed; ``kind`` is one of `sms.STAND_DOWNS`."""
    return sms.stand_down_text(recipient.volunteer.language, kind, _values(recipient, callout))


def reminder(recipient: Recipient, callout: Callout, kind: str) -> str:
    """Asks again; ``kind`` is one of `sms.REMINDERS`."""
    return sms.reminder_text(recipient.volunteer.language, kind, _values(recipient, callout))


def question(volunteer: Volunteer, codes: Sequence[str]) -> str:
    """What, or which call, was meant."""
    return sms.question_text(volunteer.language, codes)


def notice(volunteer: Volunteer, kind: str, **words: str) -> str:
    """What concerns a person and no call; ``kind`` is one of `sms.NOTICES`."""
    return sms.notice_text(volunteer.language, kind, {"section": volunteer.section.short_name} | words)


def shown_code(recipient: Recipient) -> str:
    """The letter to answer with; it goes without saying for who has one call-out only."""
    others = db.session.scalars(
        select(Recipient.id).where(
            Recipient.volunteer_id == recipient.volunteer_id,
            Recipient.id != recipient.id,
            Recipient.closed_at.is_(None),
        )
    ).first()
    return recipient.reply_code if others is not None else ""


def _values(recipient: Recipient, callout: Callout, eta_at: datetime | None = None) -> sms.CalloutValues:
    return asking.values_for(
        callout,
        recipient.volunteer.time_zone,
        shown_code(recipient),
        eta_at=eta_at,
        link_code=recipient.link_code,
    )
