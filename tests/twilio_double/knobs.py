"""The double's bad days: what can be set with ``POST /_knobs``."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Self


class Fault(StrEnum):
    """How a request ends badly. ``…_after``: when the text was already taken."""

    #: 429; see the knobs ``retry_after`` and ``retry_after_share``.
    SLOW_DOWN = "slow_down"
    #: 500, or what the knob ``error_status`` says.
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    #: The connection is reset.
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    #: Nothing comes for ``hang_s``, then the connection is reset.
    HANG_BEFORE = "hang_before"
    HANG_AFTER = "hang_after"
    #: The connection is reset in the middle of a 201.
    CUT_AFTER = "cut_after"
    #: 201 with a page of HTML, and 201 with an empty object.
    GARBAGE_AFTER = "garbage_after"
    NAMELESS_AFTER = "nameless_after"

    @property
    def takes_the_text(self) -> bool:
        return self.value.endswith("_after")


Shares = dict[Fault, float]


@dataclass
class Knobs:
    """Everything that can be turned. As built, the double behaves.

    A share is a number from 0 to 1; 1 means always. Phones and numbers are E.164.
    """

    # Requests

    #: What chance is drawn from: the same seed gives the same text the same fate in every run.
    seed: int = 1
    #: Seconds before each answer to Twilio's clients.
    latency_s: float = 0.0
    #: Fault -> share of the create requests that it hits; together at most 1.
    faults: Shares = field(default_factory=dict)
    #: How many more create requests faults hit; ``None``: no end.
    fault_times: int | None = None
    #: Fault -> share of the reading requests (list, fetch, numbers of a service) that it hits.
    list_faults: Shares = field(default_factory=dict)
    #: The HTTP status of ``error_…``.
    error_status: int = 500
    #: The ``Retry-After`` header of a 429; ``None``: there is none.
    retry_after: str | None = None
    #: The share of the 429 answers that have that header.
    retry_after_share: float = 1.0
    #: Seconds that ``hang_…`` lasts.
    hang_s: float = 600.0
    #: More create requests than this at the same time are answered 429; ``None``: no limit.
    most_at_once: int | None = None
    #: Answer 401 to everyone.
    revoked: bool = False

    # What the account may

    #: The senders of the account; a text from another one is refused with 21606. ``None``: any will do.
    numbers: list[str] | None = None
    #: Messaging service -> its numbers. With none, any service will do, and its numbers are not known.
    services: dict[str, list[str]] = field(default_factory=dict)
    #: Sender (number or service) -> Twilio error code that its texts are refused with.
    sender_faults: dict[str, int] = field(default_factory=dict)
    #: Beginnings of phones that may not be written to (21408).
    regions_denied: list[str] = field(default_factory=list)
    #: Phone -> Twilio error code that a text to it is refused with.
    refusals: dict[str, int] = field(default_factory=dict)
    #: Pairs of sender and phone that do not reach each other (21612).
    pair_faults: list[list[str]] = field(default_factory=list)

    # What becomes of a text that was taken

    #: The statuses that follow, in the order in which the text takes them.
    statuses: list[str] = field(default_factory=lambda: ["sent", "delivered"])
    #: Phone -> error code that its texts end with later; they do not reach it.
    undeliverable: dict[str, int] = field(default_factory=dict)
    #: The share of texts that are taken, then fall out of a full queue: ``failed`` with 30001.
    overflow_share: float = 0.0

    # Status callbacks

    #: Call back at all.
    callbacks: bool = True
    #: Seconds before each status, and so before its callback.
    callback_delay_s: float = 0.0
    #: At most so many seconds more, different for each.
    callback_spread_s: float = 0.0
    #: Seconds between a callback that failed and its repetition.
    callback_retry_pause_s: float = 0.05
    #: The share of callbacks that are never made.
    callbacks_lost: float = 0.0
    #: The share of callbacks that are made twice, at the same moment.
    callbacks_duplicated: float = 0.0
    #: The share of texts whose later statuses are reported before the earlier ones.
    callbacks_reordered: float = 0.0
    #: The share of texts whose create request is answered after the callbacks.
    callbacks_early: float = 0.0

    # Texts from phones

    #: Where texts from phones are posted; the sender's webhook. ``None``: nowhere.
    inbound_url: str | None = None
    #: The share of texts from phones that are never posted; the list shows them all the same.
    inbound_lost: float = 0.0

    # Calls

    #: What becomes of a call to a phone that `voice_fates` does not name: ``answer:1`` (picks up and presses
    #: keys, one each time it is asked, as in ``answer:7,1``), ``answer:`` (presses nothing), ``machine``,
    #: ``rings`` (until it is taken back), ``no-answer``, ``busy`` or ``failed``.
    voice_fate: str = "no-answer"
    #: Phone -> what becomes of the first, the second … call to it; the last one stays.
    voice_fates: dict[str, list[str]] = field(default_factory=dict)
    #: Seconds that a phone rings; and how long calls are said to have been.
    voice_ring_s: float = 0.0
    voice_talk_seconds: int = 31
    #: Phone -> Twilio error code that a call to it is refused with.
    voice_refusals: dict[str, int] = field(default_factory=dict)
    #: Beginnings of phones that may not be called (21215).
    voice_regions_denied: list[str] = field(default_factory=list)

    # Looking back

    #: Seconds (by the double's clock) until a text can be seen in the list and fetched.
    list_lag_s: float = 0.0
    #: Keep the form of every create request for ``/_requests``.
    record_requests: bool = True
    #: Keep every webhook that was called for ``/_calls``.
    record_calls: bool = True
    #: ISO 8601; the double's clock stands there instead of at the machine's time.
    now: str | None = None

    def turn(self, wanted: Mapping[str, Any]) -> None:
        """Set knobs by name. Raises `ValueError`, and sets none, when a name or a value is not right."""
        turned = self._with(wanted)
        for name in wanted:
            setattr(self, name, getattr(turned, name))

    def _with(self, wanted: Mapping[str, Any]) -> Self:
        known = {one.name for one in fields(self)}
        unknown = sorted(set(wanted) - known)
        if unknown:
            raise ValueError(f"no such knob: {', '.join(unknown)}; there are: {', '.join(sorted(known))}")
        turned = type(self)(**(asdict(self) | dict(wanted)))
        turned.faults = _shares("faults", turned.faults)
        turned.list_faults = _shares("list_faults", turned.list_faults)
        for name in _SHARES:
            if not 0 <= getattr(turned, name) <= 1:
                raise ValueError(f"{name} is a share from 0 to 1, not {getattr(turned, name)}")
        for name in known:
            if name.endswith("_s") and not getattr(turned, name) >= 0:
                raise ValueError(f"{name} is a number of seconds, not {getattr(turned, name)}")
        return turned


_SHARES = (
    "retry_after_share",
    "overflow_share",
    "callbacks_lost",
    "callbacks_duplicated",
    "callbacks_reordered",
    "callbacks_early",
    "inbound_lost",
)


def _shares(knob: str, wanted: Mapping[Any, float]) -> Shares:
    unknown = sorted(set(wanted) - set(Fault))
    if unknown:
        raise ValueError(f"{knob}: no such fault: {', '.join(unknown)}; there are: {', '.join(Fault)}")
    if min(wanted.values(), default=0) < 0 or sum(wanted.values()) > 1.000001:
        raise ValueError(f"{knob}: shares from 0 to 1, together at most 1, not {dict(wanted)}")
    return {Fault(name): share for name, share in wanted.items()}
