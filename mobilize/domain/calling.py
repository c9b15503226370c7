"""The life of one voice call: its states, the legal steps, whom to call and when again, what it costs.

Only a key that was pressed is an answer. A call that somebody or something picked up and nobody pressed
a key in has reached, as far as anyone knows, a machine: telling machines from people by their sound is
right for 85 to 90 of 100 calls, which is not enough to count on.
Source of the provider's words: the Twilio Call resource (``status``), API version 2010-04-01.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from .delivery import Deferred, ErrorClass, Refused, Unclear
from .retry import classify
from .speech import Speech


class CallState(StrEnum):
    """``unknown``: we asked the provider for the call and have no clear answer. Never blindly placed again.

    ``talking``: picked up, by a person or a machine. ``answered``: ended with a key that means something.
    ``no_key``: picked up, and nobody pressed such a key.
    """

    QUEUED = "queued"
    PLACING = "placing"
    UNKNOWN = "unknown"
    RINGING = "ringing"
    TALKING = "talking"
    ANSWERED = "answered"
    NO_KEY = "no_key"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"
    CANCELLED = "cancelled"


_S = CallState

#: States of a call that may be ringing or being spoken in; no second one goes to the same phone meanwhile.
UNDER_WAY = frozenset({_S.PLACING, _S.UNKNOWN, _S.RINGING, _S.TALKING})
#: States of a call that is not over.
OPEN = UNDER_WAY | {_S.QUEUED}
ENDED = frozenset(CallState) - OPEN

# What the provider may report of a call, from least to most final.
_TOLD = frozenset({_S.RINGING, _S.TALKING}) | ENDED

STEPS: Mapping[CallState, frozenset[CallState]] = {
    # A report may come of a call that the provider's list did not show in time.
    _S.QUEUED: frozenset({_S.PLACING}) | _TOLD,
    # Back to queued only when the provider certainly did not take it ("slow down", no connection).
    _S.PLACING: frozenset({_S.QUEUED, _S.UNKNOWN}) | _TOLD,
    # Evidence settles it: the answer after all, a report, the list, or (nothing there) another placing.
    _S.UNKNOWN: frozenset({_S.QUEUED}) | _TOLD,
    _S.RINGING: _TOLD - {_S.RINGING},
    _S.TALKING: frozenset({_S.ANSWERED, _S.NO_KEY, _S.FAILED, _S.CANCELLED}),
    # Reports overtake each other: the key may come after the end of the call, and it is the fact.
    _S.NO_KEY: frozenset({_S.ANSWERED}),
    _S.NO_ANSWER: frozenset({_S.ANSWERED, _S.NO_KEY}),
    _S.BUSY: frozenset({_S.ANSWERED, _S.NO_KEY}),
    # Given up for want of evidence, or reported as failed; what is heard later is better knowledge.
    _S.FAILED: _TOLD - {_S.FAILED},
    # It was picked up in the moment in which it was taken back.
    _S.CANCELLED: frozenset({_S.TALKING, _S.NO_KEY, _S.ANSWERED}),
    _S.ANSWERED: frozenset(),
}


def may_become(current: CallState, proposed: CallState) -> bool:
    """Whether the step is legal. Staying in the same state is not a step."""
    return proposed in STEPS[current]


_PROVIDER_STATUS: Mapping[str, CallState] = {
    "queued": _S.RINGING,
    "initiated": _S.RINGING,
    "ringing": _S.RINGING,
    "in-progress": _S.TALKING,
    "answered": _S.TALKING,
    "completed": _S.NO_KEY,
    "busy": _S.BUSY,
    "no-answer": _S.NO_ANSWER,
    "failed": _S.FAILED,
    "canceled": _S.CANCELLED,
}


def state_for(provider_status: str) -> CallState | None:
    """Our state for a provider's status word, or ``None`` for a word we do not know (new ones appear)."""
    return _PROVIDER_STATUS.get(provider_status.lower())


# --- whom to call, and when again ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient a callout is, and how insistent: at most ``attempts`` calls to one person."""

    patience: timedelta
    retry_after: timedelta
    attempts: int


@dataclass(frozen=True, slots=True)
class Silent:
    """Somebody who was asked and has said nothing.

    ``sent_at`` is when their text left us, if it did; ``unreached``: it did not reach them, and will not.
    ``calls`` were placed, the last ended at ``last_ended_at`` (``None``: it goes on); ``hopeless``: this
    number cannot be called.
    """

    sent_at: datetime | None
    unreached: bool = False
    calls: int = 0
    last_ended_at: datetime | None = None
    hopeless: bool = False


def is_due(silent: Silent, policy: Policy, now: datetime) -> bool:
    """Whether somebody is to be called now.

    The first time when they have been silent for long enough, or at once when no text reaches them; then
    again some time after the call before has ended.
    """
    if silent.hopeless or silent.calls >= policy.attempts:
        return False
    if silent.calls:
        return silent.last_ended_at is not None and silent.last_ended_at + policy.retry_after <= now
    return silent.unreached or (silent.sent_at is not None and silent.sent_at + policy.patience <= now)


# --- the conversation ---------------------------------------------------------------------------

#: Keys that are answers; they mean what the same digits mean in a text.
ANSWERS = frozenset("123")
#: Hear it again.
AGAIN = "9"
#: So often is a call's question spoken at most, and so often is a wrong key forgiven.
MOST_TURNS = 4
MOST_WRONG = 1
#: After this many turns in which nobody pressed anything the call ends: a voice mailbox was told twice.
MOST_SILENCE = 2


@dataclass(frozen=True, slots=True)
class Turn:
    """The question was put for the ``number``-th time; ``wrong`` keys were pressed before."""

    number: int = 1
    wrong: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """The key is an answer."""

    key: str


@dataclass(frozen=True, slots=True)
class AskAgain:
    """Put the question again; ``mistaken``: after saying that the key means nothing."""

    turn: Turn
    mistaken: bool = False


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Say goodbye: nobody has answered."""


def after_keys(turn: Turn, keys: str) -> Answered | AskAgain | GiveUp:
    """What follows in a call when these keys (none: ``""``) came after the question."""
    if keys in ANSWERS and keys:
        return Answered(keys)
    following = Turn(turn.number + 1, turn.wrong)
    if following.number > MOST_TURNS:
        return GiveUp()
    if keys == AGAIN:
        return AskAgain(following)
    if keys:
        wrong = Turn(following.number, turn.wrong + 1)
        return AskAgain(wrong, mistaken=True) if wrong.wrong <= MOST_WRONG else GiveUp()
    return AskAgain(following) if following.number <= MOST_SILENCE else GiveUp()


# --- what it costs ------------------------------------------------------------------------------


def price_for(prices: Mapping[str, float] | None, country: str) -> float | None:
    """The price of a minute to a country (ISO 3166-1 alpha-2), by the table or its ``*``."""
    return None if prices is None else prices.get(country, prices.get("*"))


def cost(price: float | None, seconds: float) -> float:
    """What a call of this length costs: every minute that began. One that nobody picked up costs nothing."""
    return 0.0 if price is None else price * math.ceil(max(seconds, 0) / 60)


class Budget(StrEnum):
    """Whether another call fits a callout's cap: yes; not while those under way may still cost; no."""

    OPEN = "open"
    WAIT = "wait"
    SPENT = "spent"


#: Sums of prices are not exact.
_TINY = 1e-9


def budget(cap: float | None, spent: float, reserved: float, next_cost: float) -> Budget:
    """``spent`` is what ended calls cost, ``reserved`` what those under way may cost at most."""
    if cap is None or spent + reserved + next_cost <= cap + _TINY:
        return Budget.OPEN
    return Budget.WAIT if spent + next_cost <= cap + _TINY else Budget.SPENT


# --- calls and gateways -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OutboundCall:
    """One call for a gateway to place.

    ``call_id`` travels in the addresses that the provider calls back, so that any of them proves the call.
    It rings for ``ring_s`` seconds and lasts ``longest_s`` at most. After ``leave_by`` the request must not
    leave us any more.
    """

    call_id: int
    to: str
    speech: Speech
    ring_s: int
    longest_s: int
    leave_by: datetime


@dataclass(frozen=True, slots=True)
class Placed:
    """The provider took the call and gave it this identifier."""

    sid: str


CallOutcome = Placed | Refused | Deferred | Unclear


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call to a phone as the provider's own list shows it. ``duration_s`` is known once it has ended."""

    sid: str
    to: str
    status: str
    duration_s: int | None
    created_at: datetime


# --- refusals -----------------------------------------------------------------------------------

#: A country, or a range of numbers, that the account may not call.
REGION_CODES = frozenset({13227, 21215, 32205})

# Source: Twilio's error dictionary. 21219: a trial account calls verified numbers alone.
_CODES: Mapping[int, ErrorClass] = MappingProxyType(
    dict.fromkeys((21201, 21211, 21214, 21216, 21217, 21219, 13223, 13224, 13225, 13226), ErrorClass.BAD_NUMBER)
    | dict.fromkeys((*REGION_CODES, 10004, 21205, 21210, 21212, 21218), ErrorClass.CONFIGURATION)
    | dict.fromkeys((10003, 21220), ErrorClass.CAPACITY)
)


def classify_call(http_status: int | None, code: int | None) -> ErrorClass:
    """The class of a refusal of a call; what is not peculiar to calls is as with texts."""
    return _CODES[code] if code is not None and code in _CODES else classify(http_status, code)
