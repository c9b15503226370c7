"""Texts to one person, worded: what stands in them comes from the callout, the person and the section.

Sentences of a section's own are those of the emergency's section where a text is about a callout, and of
the person's own section otherwise.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import select

from mobilize.domain import sms
from mobilize.extensions import db
from mobilize.models import Callout, Emergency, Recipient, Section, Volunteer

from . import asking, wordings
from .listed import among


def acknowledgement(recipient: Recipient, callout: Callout, kind: str) -> str:
    """What follows an answer; ``kind`` is one of `sms.ACKNOWLEDGEMENTS`."""
    values = _values(recipient, callout, recipient.eta_at if kind == "eta" else None)
    return sms.acknowledgement_text(recipient.volunteer.language, kind, values, _own(recipient, callout))


def stand_down(recipient: Recipient, callout: Callout, kind: str, code: str | None = None) -> str:
    """You are no longer needed; ``kind`` is one of `sms.STAND_DOWNS`, ``code`` the letter if it is known."""
    values = _values(recipient, callout, code=code)
    return sms.stand_down_text(recipient.volunteer.language, kind, values, _own(recipient, callout))


def reminder(recipient: Recipient, callout: Callout, kind: str) -> str:
    """Asks again; ``kind`` is one of `sms.REMINDERS`."""
    values = _values(recipient, callout)
    return sms.reminder_text(recipient.volunteer.language, kind, values, _own(recipient, callout))


def question(volunteer: Volunteer, codes: Sequence[str]) -> str:
    """What, or which call, was meant. A question about drills alone is marked as theirs are."""
    callers = _callers(volunteer, codes)
    section = callers[0][0] if callers else volunteer.section
    drill = bool(callers) and all(is_drill for _, is_drill in callers)
    mark = sms.drill_mark(volunteer.language) if drill else ""
    own = wordings.own(section, volunteer.language)
    return sms.question_text(volunteer.language, codes, section.short_name, mark, own)


def notice(volunteer: Volunteer, kind: str, **words: str | date) -> str:
    """What concerns a person and no call; ``kind`` is one of `sms.NOTICES`.

    A day or an instant among the words is told in the person's language and time zone.
    """
    told = {name: _told(word, volunteer) for name, word in words.items()}
    own = wordings.own(volunteer.section, volunteer.language)
    return sms.notice_text(volunteer.language, kind, {"section": volunteer.section.short_name} | told, own)


def _told(word: str | date, volunteer: Volunteer) -> str:
    if isinstance(word, str):
        return word
    at = asking.local(word, volunteer.time_zone) if isinstance(word, datetime) else word
    return sms.until_text(volunteer.language, at)


def _own(recipient: Recipient, callout: Callout) -> Mapping[str, str]:
    return wordings.own(callout.emergency.section, recipient.volunteer.language)


def _callers(volunteer: Volunteer, codes: Sequence[str]) -> list[tuple[Section, bool]]:
    """The section and whether it is a drill, for the person's open call of each of these letters."""
    query = (
        select(Section, Emergency.drill)
        .join(Emergency, Emergency.section_id == Section.id)
        .join(Callout, Callout.emergency_id == Emergency.id)
        .join(Recipient, Recipient.callout_id == Callout.id)
        .where(Recipient.volunteer_id == volunteer.id, Recipient.reply_code.in_(codes))
        .where(Recipient.closed_at.is_(None))
        .order_by(Recipient.reply_code)
    )
    return [(row[0], row[1]) for row in db.session.execute(query)]


def shown_code(recipient: Recipient) -> str:
    """The letter to answer with; it goes without saying for who has one call-out only."""
    return shown_codes(recipient.callout_id, [recipient])[recipient.id]


def shown_codes(callout_id: int, recipients: Sequence[Recipient]) -> Mapping[int, str]:
    """`shown_code` of many people of one callout, by recipient; one query."""
    people = among([recipient.volunteer_id for recipient in recipients])
    elsewhere = set(
        db.session.scalars(
            select(Recipient.volunteer_id).where(
                Recipient.volunteer_id.in_(people),
                Recipient.callout_id != callout_id,
                Recipient.closed_at.is_(None),
            )
        )
    )
    return {r.id: r.reply_code if r.volunteer_id in elsewhere else "" for r in recipients}


def _values(
    recipient: Recipient, callout: Callout, eta_at: datetime | None = None, code: str | None = None
) -> sms.CalloutValues:
    return asking.values_for(
        callout,
        recipient.volunteer.time_zone,
        shown_code(recipient) if code is None else code,
        eta_at=eta_at,
        link_code=recipient.link_code,
    )
