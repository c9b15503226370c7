"""The life of one outbound text: its states, the legal steps between them, and what a provider said.

The whole state machine is ``STEPS``. A step that is not in it does not happen: callbacks arrive
late, twice and out of order, so an illegal step is an ordinary event that changes nothing.
Source of the provider's words: the Twilio Message resource (``status``), API version 2010-04-01.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class MessageState(StrEnum):
    """``unknown`` means: we asked the provider to send, and have no clear answer. Never blindly resent."""

    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"


class Cause(StrEnum):
    """Why a text changed state; stored with every change."""

    DECISION = "decision"
    CLAIM = "claim"
    ANSWER = "answer"
    CALLBACK = "callback"
    RECONCILIATION = "reconciliation"
    DEADLINE = "deadline"
    STAND_DOWN = "stand_down"
    OPERATOR = "operator"


_S = MessageState

# What a callback may report of a text that the provider has taken, from least to most final.
_TAKEN = frozenset({_S.ACCEPTED, _S.SENT, _S.DELIVERED, _S.UNDELIVERED, _S.FAILED, _S.EXPIRED})

STEPS: Mapping[MessageState, frozenset[MessageState]] = {
    _S.QUEUED: frozenset({_S.SENDING, _S.EXPIRED, _S.SUPPRESSED}),
    # Back to queued only when the provider certainly did not take it ("slow down", no connection).
    # Or suppressed, when meanwhile nobody wants it sent any more.
    _S.SENDING: frozenset({_S.QUEUED, _S.UNKNOWN, _S.SUPPRESSED}) | _TAKEN,
    # Evidence settles it: a callback, the provider's list, or (nothing there) a fresh attempt.
    _S.UNKNOWN: frozenset({_S.QUEUED, _S.SUPPRESSED}) | _TAKEN,
    _S.ACCEPTED: _TAKEN - {_S.ACCEPTED},
    _S.SENT: frozenset({_S.DELIVERED, _S.UNDELIVERED, _S.FAILED, _S.EXPIRED}),
    # A carrier may report failure and then, late, the receipt: the receipt is the fact.
    _S.UNDELIVERED: frozenset({_S.DELIVERED}),
    _S.FAILED: frozenset({_S.DELIVERED}),
    _S.EXPIRED: frozenset({_S.DELIVERED}),
    _S.DELIVERED: frozenset(),
    _S.SUPPRESSED: frozenset(),
}

#: States in which the text may still reach, or has reached, the phone.
REACHING = frozenset({_S.SENDING, _S.UNKNOWN, _S.ACCEPTED, _S.SENT, _S.DELIVERED})
#: States that end a text without it having reached the phone, as far as anyone knows.
ENDED_SHORT = frozenset({_S.UNDELIVERED, _S.FAILED, _S.EXPIRED, _S.SUPPRESSED})


def may_become(current: MessageState, proposed: MessageState) -> bool:
    """Whether the step is legal. Staying in the same state is not a step."""
    return proposed in STEPS[current]


_PROVIDER_STATUS: Mapping[str, MessageState] = {
    "accepted": _S.ACCEPTED,
    "scheduled": _S.ACCEPTED,
    "queued": _S.ACCEPTED,
    "sending": _S.ACCEPTED,
    "sent": _S.SENT,
    "delivered": _S.DELIVERED,
    "read": _S.DELIVERED,
    "partially_delivered": _S.SENT,
    "undelivered": _S.UNDELIVERED,
    "failed": _S.FAILED,
    "canceled": _S.SUPPRESSED,
}

#: Twilio's code for a text whose validity period ran out before it could be sent.
VALIDITY_EXPIRED = 30036


def state_for(provider_status: str, error_code: int | None) -> MessageState | None:
    """Our state for a provider's status word, or ``None`` for a word we do not know (new ones appear)."""
    if error_code == VALIDITY_EXPIRED:
        return MessageState.EXPIRED
    return _PROVIDER_STATUS.get(provider_status.lower())


class ErrorClass(StrEnum):
    """What a provider's error means for us; `domain/retry.py` says what follows from each."""

    NOT_PROCESSED = "not_processed"
    AMBIGUOUS = "ambiguous"
    CONSENT = "consent"
    BAD_NUMBER = "bad_number"
    CONFIGURATION = "configuration"
    PAIR = "pair"
    BODY = "body"
    CAPACITY = "capacity"
    CARRIER = "carrier"
    FILTERED = "filtered"
    UNRECOGNISED = "unrecognised"


@dataclass(frozen=True, slots=True)
class OutboundText:
    """One text for a gateway to send.

    ``message_id`` travels in the status callback's URL, so that any callback proves the send.
    ``validity_s`` (1-36000 seconds) is how long the provider may keep trying.
    """

    message_id: int
    to: str
    body: str
    validity_s: int
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took the text and gave it this identifier."""

    sid: str
    state: MessageState = MessageState.ACCEPTED


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider said no for good: it did not and will not send this text."""

    error_class: ErrorClass
    code: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """The text certainly was not taken; try again later. ``retry_after_s`` is what the provider asked for."""

    error_class: ErrorClass
    code: int | None
    detail: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Unclear:
    """The request left us and no clear answer came: the text may or may not reach the phone."""

    detail: str


SendOutcome = Accepted | Refused | Deferred | Unclear


@dataclass(frozen=True, slots=True)
class ProviderRecord:
    """One text as the provider's own list shows it; evidence for settling ``unknown``."""

    sid: str
    to: str
    body: str
    status: str
    error_code: int | None
    created_at: datetime
