"""A failed attempt to send: when again, or why not.

Both halves are data: which error belongs to which class, and what each class deserves.
Source of the codes: Twilio's error dictionary, https://www.twilio.com/docs/api/errors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from .delivery import ErrorClass

#: A number, or a messaging service, that is not (or not any more) set up to send: not ours, not able to
#: send texts, without numbers, not registered, not verified.
_SENDER_FAULTS = frozenset({21212, 21606, 21659, 21660, 21661, 21703, 21705, 30032, 30034})

_CODES: Mapping[ErrorClass, frozenset[int]] = {
    ErrorClass.NOT_PROCESSED: frozenset({20429}),
    # 30410 is in doubt as well: the provider timed out, and may or may not have handed the text on.
    ErrorClass.AMBIGUOUS: frozenset({20500, 20503, 30410}),
    ErrorClass.CONSENT: frozenset({21610}),
    ErrorClass.BAD_NUMBER: frozenset({21211, 21614, 21635, 30005, 30006}),
    ErrorClass.CONFIGURATION: frozenset({10001, 20003, 20403, 30002, 21408}) | _SENDER_FAULTS,
    ErrorClass.PAIR: frozenset({21612}),
    ErrorClass.BODY: frozenset({21617, 21658}),
    ErrorClass.CAPACITY: frozenset({21611, 30001, 30022, 30023, 63017, 63038}),
    ErrorClass.CARRIER: frozenset({30003, 30008, 30500}),
    ErrorClass.FILTERED: frozenset({30004, 30007}),
}

#: Provider's error code to its class.
CLASS_OF_CODE: Mapping[int, ErrorClass] = MappingProxyType(
    {code: error_class for error_class, codes in _CODES.items() for code in codes}
)

_CLASS_OF_STATUS: Mapping[int, ErrorClass] = MappingProxyType(
    {
        401: ErrorClass.CONFIGURATION,
        403: ErrorClass.CONFIGURATION,
        429: ErrorClass.NOT_PROCESSED,
    }
)


class FaultScope(StrEnum):
    """How much a fault of configuration stops: everything of a provider, one sender, or one country."""

    ACCOUNT = "account"
    SENDER = "sender"
    REGION = "region"


_SCOPES: Mapping[int, FaultScope] = MappingProxyType(
    dict.fromkeys(_SENDER_FAULTS, FaultScope.SENDER) | {21408: FaultScope.REGION}
)


def scope_of(code: int | None) -> FaultScope:
    """What a fault of configuration stops, by its code; without a telling one, the whole account."""
    return FaultScope.ACCOUNT if code is None else _SCOPES.get(code, FaultScope.ACCOUNT)


#: Numbers that can be called but not texted.
LANDLINE_CODES = frozenset({21635, 30006})


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Try again at this instant."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Do not try again; ``reason`` is shown to the coordinator."""

    reason: str


Decision = RetryAt | GiveUp


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits of ``first_s`` seconds, doubling up to ``longest_s``; ``attempts`` in all, or ``None``."""

    first_s: float
    longest_s: float
    attempts: int | None


#: Classes that deserve another attempt: the provider certainly did not take the text, or the carrier
#: reported a passing failure. A text's deadline bounds all of them.
BACKOFFS: Mapping[ErrorClass, Backoff] = MappingProxyType(
    {
        ErrorClass.NOT_PROCESSED: Backoff(first_s=2, longest_s=300, attempts=None),
        # Short: nobody's text is at fault, and the sender is paused and probed meanwhile.
        ErrorClass.UNREACHABLE: Backoff(first_s=1, longest_s=5, attempts=None),
        ErrorClass.CAPACITY: Backoff(first_s=2, longest_s=300, attempts=None),
        ErrorClass.CARRIER: Backoff(first_s=30, longest_s=300, attempts=3),
    }
)

_NEVER_AGAIN: Mapping[ErrorClass, str] = MappingProxyType(
    {
        ErrorClass.AMBIGUOUS: "the provider gave no clear answer; sending again could send twice",
        ErrorClass.CONSENT: "the volunteer has opted out",
        ErrorClass.BAD_NUMBER: "the number cannot receive texts",
        ErrorClass.CONFIGURATION: "the provider's account or sender is not set up for it; an operator must act",
        ErrorClass.PAIR: "this sender cannot reach this number",
        ErrorClass.BODY: "the provider refused the text itself",
        ErrorClass.FILTERED: "a carrier filtered the text; the same text would be filtered again",
        ErrorClass.UNRECOGNISED: "the provider refused it with an error that is not known here",
    }
)


def classify(http_status: int | None, code: int | None) -> ErrorClass:
    """The class of a failure; the provider's code speaks before the HTTP status.

    Without either, a request that may have left us failed: ambiguous. A connection that was never
    made is the caller's to report as ``UNREACHABLE``. A 5xx is ambiguous, any other 4xx unrecognised.
    """
    if code is not None and code in CLASS_OF_CODE:
        return CLASS_OF_CODE[code]
    if http_status is None:
        return ErrorClass.AMBIGUOUS if code is None else ErrorClass.UNRECOGNISED
    if http_status >= 500:
        return ErrorClass.AMBIGUOUS
    return _CLASS_OF_STATUS.get(http_status, ErrorClass.UNRECOGNISED)


def decide(
    error_class: ErrorClass,
    attempt: int,
    now: datetime,
    expires_at: datetime,
    *,
    retry_after_s: float | None = None,
    jitter: float = 0.5,
) -> Decision:
    """What follows from attempt number ``attempt`` (the first is 1) that failed at ``now``.

    The wait lies between half of the backoff and all of it; ``jitter`` (0 to 1, random) says where, so
    that many texts refused together do not come back together. It is never shorter than what the
    provider asked for (``retry_after_s``, seconds).
    """
    backoff = BACKOFFS.get(error_class)
    if backoff is None:
        return GiveUp(_NEVER_AGAIN[error_class])
    if backoff.attempts is not None and attempt >= backoff.attempts:
        return GiveUp(f"failed {attempt} times")
    # The exponent is bounded because the wait is; a float would overflow after 1,000 attempts.
    full = min(backoff.first_s * 2 ** min(attempt - 1, 16), backoff.longest_s)
    wait = max(full * (0.5 + 0.5 * jitter), retry_after_s or 0.0)
    if (expires_at - now).total_seconds() <= wait:
        return GiveUp("its deadline comes before another attempt")
    return RetryAt(now + timedelta(seconds=wait))
