"""What is said to one person about one callout."""

from mobilize.domain import speech
from mobilize.domain.delivery import ENDED_SHORT
from mobilize.domain.speech import Speech, SpokenValues
from mobilize.domain.vocabulary import MessageKind, PhoneStatus
from mobilize.extensions import db
from mobilize.models import Callout, Message, VoiceCall, Volunteer

from .asking import local
from .runtime import settings


def question(call: VoiceCall, *, mistaken: bool = False) -> Speech:
    """Who calls, why, and which key means what."""
    return speech.question(call.language, settings().voice_voices, _values(call), mistaken=mistaken)


def confirmation(call: VoiceCall, kind: str) -> Speech:
    """What follows a key; of ``accepted`` and ``goodbye``, what suits who can or cannot get texts."""
    if kind in ("accepted", "goodbye") and not _gets_texts(call):
        kind = f"{kind}_here"
    return speech.confirmation(call.language, settings().voice_voices, kind, _values(call))


def _values(call: VoiceCall) -> SpokenValues:
    callout = db.session.get_one(Callout, call.callout_id)
    person = db.session.get_one(Volunteer, call.volunteer_id)
    emergency = callout.emergency
    return SpokenValues(
        section=emergency.section.name,
        hazard=emergency.hazard,
        title=emergency.title,
        skills=tuple(need.skill.name for need in callout.needs),
        arrive_by=local(callout.arrive_by, person.time_zone),
        drill=emergency.drill,
        rendezvous=callout.rendezvous,
        bring=callout.bring or "",
    )


def _gets_texts(call: VoiceCall) -> bool:
    """Whether the call-out reached the phone as a text, as far as anyone knows."""
    person = db.session.get_one(Volunteer, call.volunteer_id)
    text = db.session.query(Message).filter_by(recipient_id=call.recipient_id, kind=MessageKind.CALLOUT).first()
    return (
        person.phone_status is not PhoneStatus.LANDLINE and text is not None and text.state not in ENDED_SHORT
    )
