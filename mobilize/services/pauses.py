"""Availability by text: OFF for a time, ON again, and STATUS.

Everything here adds to the current transaction.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from mobilize.domain.vocabulary import Intent, RecipientState
from mobilize.models import InboundMessage, Recipient, Volunteer

from . import answers, asking, audit, texts
from .access import SYSTEM
from .answers import Outcome
from .runtime import now

#: The end of a pause that lasts until the person says otherwise.
OPEN_END = datetime(9999, 1, 1, tzinfo=UTC)
#: A longer pause is a typing error, or somebody who has left.
LONGEST = timedelta(days=366)

_STILL_COUNTED = (RecipientState.ACCEPTED, RecipientState.ARRIVED)


def act(inbound: InboundMessage, volunteer: Volunteer, asked: Sequence[Recipient]) -> Outcome:
    """Put an answer about the time to come into effect; ``asked`` are the person's open call-outs."""
    match inbound.intent:
        case Intent.UNAVAILABLE:
            return _pause(inbound, volunteer, asked)
        case Intent.AVAILABLE:
            return _resume(volunteer)
        case _:
            return Outcome("asked for their status", _status(volunteer))


def _pause(inbound: InboundMessage, volunteer: Volunteer, asked: Sequence[Recipient]) -> Outcome:
    until = OPEN_END
    if inbound.absent_minutes is not None:
        until = inbound.received_at + min(timedelta(minutes=inbound.absent_minutes), LONGEST)
    _set(volunteer, until, "volunteer.pause")
    declined = [recipient for recipient in asked if recipient.state is RecipientState.ASKED]
    for recipient in declined:
        answers.leave(recipient, RecipientState.DECLINED)
    effect = (
        "is not called until they say so"
        if until == OPEN_END
        else f"is not called until {until:%d %b %H:%M} UTC"
    )
    if declined:
        effect += "; counts as a no to the open call"
    if any(recipient.state in _STILL_COUNTED for recipient in asked):
        effect += "; had said yes, and still counts as coming: please ask"
    return Outcome(effect, _status(volunteer, "away", "away_open"))


def _resume(volunteer: Volunteer) -> Outcome:
    if not _paused(volunteer):
        return Outcome("was not away; nothing to change", _status(volunteer))
    _set(volunteer, None, "volunteer.resume")
    return Outcome("may be called again", texts.notice(volunteer, "back"))


def _set(volunteer: Volunteer, until: datetime | None, action: str) -> None:
    before, volunteer.snoozed_until = volunteer.snoozed_until, until
    volunteer.updated_at = now()
    audit.record(
        SYSTEM,
        action,
        "volunteer",
        volunteer.id,
        before={"until": _written(before)},
        after={"until": _written(until)},
    )


def _written(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _paused(volunteer: Volunteer) -> bool:
    return volunteer.snoozed_until is not None and volunteer.snoozed_until > now()


def _status(volunteer: Volunteer, away: str = "status_away", away_open: str = "away_open") -> str:
    """The sentence that says whether, or until when, the person is left in peace."""
    if not _paused(volunteer) or volunteer.snoozed_until is None:
        return texts.notice(volunteer, "status_available")
    if volunteer.snoozed_until == OPEN_END:
        return texts.notice(volunteer, away_open)
    at = asking.local(volunteer.snoozed_until, volunteer.time_zone)
    # "Until 00:00" would leave it open at which end of the day: a pause to midnight lasts for whole days.
    until = (at - timedelta(days=1)).date() if at.time() == time.min else at
    return texts.notice(volunteer, away, until=until)
