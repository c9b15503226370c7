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

    CLAIM = "claim"
    ANSWER = "answer"
    CALLBACK = "callback"
    RECONCILIATION = "reconciliation"
    DEADLINE = "deadline"
    STAND_DOWN = "stand_down"
    OPERATOR = "operator"


_S = MessageState

# What a provider may report of a text that it has taken, from least to most final.
_TAKEN = frozenset({_S.ACCEPTED, _S.SENT, _S.DELIVERED, _S.UNDELIVERED, _S.FAILED, _S.EXPIRED})

STEPS: Mapping[MessageState, frozenset[MessageState]] = {
    # A report about an earlier attempt may come while the text waits for another one; it proves
    # that the text is on its way after all.
    _S.QUEUED: frozenset({_S.SENDING, _S.EXPIRED, _S.SUPPRESSED, _S.ACCEPTED, _S.SENT, _S.DELIVERED}),
    # Back to queued only when the provider certainly did not take it ("slow down", no connection).
    # Or suppressed, when meanwhile nobody wants it sent any more.
    _S.SENDING: frozenset({_S.QUEUED, _S.UNKNOWN, _S.SUPPRESSED}) | _TAKEN,
    # Evidence settles it: the answer after all, a callback, the provider's list, or (nothing there)
    # a fresh attempt.
    _S.UNKNOWN: frozenset({_S.QUEUED, _S.SUPPRESSED}) | _TAKEN,
    # Back to queued when the provider reports a passing failure: it dropped the text, or the
    # carrier did.
    _S.ACCEPTED: (_TAKEN - {_S.ACCEPTED}) | {_S.QUEUED, _S.SUPPRESSED},
    _S.SENT: frozenset({_S.DELIVERED, _S.UNDELIVERED, _S.FAILED, _S.EXPIRED, _S.QUEUED, _S.SUPPRESSED}),
    # A carrier may report failure and then, late, the receipt: the receipt is the fact.
    _S.UNDELIVERED: frozenset({_S.DELIVERED}),
    _S.FAILED: frozenset({_S.DELIVERED}),
    _S.EXPIRED: frozenset({_S.DELIVERED}),
    _S.DELIVERED: frozenset(),
    _S.SUPPRESSED: frozenset({_S.DELIVERED}),
}

#: States in which the text may still reach, or has reached, the phone.
REACHING = frozenset({_S.SENDING, _S.UNKNOWN, _S.ACCEPTED, _S.SENT, _S.DELIVERED})
#: States that end a text without it having reached the phone, as far as anyone knows.
ENDED_SHORT = frozenset({_S.UNDELIVERED, _S.FAILED, _S.EXPIRED, _S.SUPPRESSED})


class DoubtEnding(StrEnum):
    """How a doubt ended that no evidence settled in time; counted and shown."""

    RESENT = "resent"
    GIVEN_UP = "given_up"


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
    """What a provider's error means for us; `domain/retry.py` says what follows from each.

    ``UNREACHABLE``: no connection came about, so the provider cannot have seen the text.
    """

    NOT_PROCESSED = "not_processed"
    UNREACHABLE = "unreachable"
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

    ``message_id`` and ``attempt`` travel in the status callback's URL, so that any callback proves the
    send. ``sender`` is the address to send from, one of the gateway's own. ``validity_s`` (1-36000
    seconds) is how long the provider may keep trying. After ``leave_by`` the request must not leave us
    any more: by the time an answer came, another engine could count the text as in doubt.
    """

    message_id: int
    to: str
    body: str
    sender: str
    validity_s: int
    attempt: int
    leave_by: datetime


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
    """One text to a phone as the provider's own list shows it; evidence for settling a doubt."""

    sid: str
    to: str
    body: str
    status: str
    error_code: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ReceivedRecord:
    """One text from a phone as the provider's own list shows it; found when its webhook was lost."""

    sid: str
    from_phone: str
    to_phone: str
    body: str
    received_at: datetime
