"""What a person's answers to one call add up to, read in the order in which they came."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from .vocabulary import Intent, RecipientState

_COMMITTED = (RecipientState.ACCEPTED, RecipientState.ARRIVED)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as it is understood. The minutes count from when it came."""

    intent: Intent
    at: datetime
    eta_minutes: int | None = None


@dataclass(slots=True)
class Stand:
    """Where the person stands: the columns of a place in a callout that answers change."""

    state: RecipientState = RecipientState.ASKED
    answered_at: datetime | None = None
    eta_at: datetime | None = None
    en_route_at: datetime | None = None
    arrived_at: datetime | None = None
    left_at: datetime | None = None


def stand(answers: Iterable[Answer]) -> Stand:
    """Where somebody stands who gave these answers, and nothing else happened."""
    now = Stand()
    for answer in answers:
        match answer.intent:
            case Intent.ACCEPT | Intent.EN_ROUTE:
                _comes(now, answer)
            case Intent.ON_SCENE:
                now.state, now.arrived_at, now.left_at = RecipientState.ARRIVED, answer.at, None
                now.answered_at = now.answered_at or answer.at
            case Intent.LIMITED:
                now = Stand(RecipientState.LIMITED, answer.at)
            case Intent.DECLINE:
                _stays_away(now, answer)
            case Intent.LEFT:
                now.left_at = answer.at
                _stays_away(now, answer)
    return now


def _comes(now: Stand, answer: Answer) -> None:
    if now.state is RecipientState.ARRIVED:
        return  # who is there need not come
    now.state, now.left_at = RecipientState.ACCEPTED, None
    now.answered_at = now.answered_at or answer.at
    if answer.eta_minutes is not None:
        now.eta_at = answer.at + timedelta(minutes=answer.eta_minutes)
    if answer.intent is Intent.EN_ROUTE:
        now.en_route_at = answer.at


def _stays_away(now: Stand, answer: Answer) -> None:
    """A yes is taken back; of who has said yes, that stays the answer."""
    withdrew = now.state in (*_COMMITTED, RecipientState.WITHDRAWN)
    now.state = RecipientState.WITHDRAWN if withdrew else RecipientState.DECLINED
    now.answered_at = (now.answered_at if withdrew else None) or answer.at
