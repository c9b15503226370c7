"""The double's bad days: what can be set with ``POST /_knobs``."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any


class Fault(StrEnum):
    """How a create request ends badly. ``…_after``: when the text was already taken."""

    SLOW_DOWN = "slow_down"
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    HANG_BEFORE = "hang_before"
    HANG_AFTER = "hang_after"
    CUT_AFTER = "cut_after"
    GARBAGE_AFTER = "garbage_after"
    NAMELESS_AFTER = "nameless_after"

    @property
    def takes_the_text(self) -> bool:
        return self.value.endswith("_after")


@dataclass
class Knobs:
    """Everything that can be turned. As built, the double behaves."""

    #: Seconds before each answer.
    latency_s: float = 0.0
    fault: Fault | None = None
    #: The share of requests that the fault hits, and how many more it hits (``None``: no end).
    fault_share: float = 1.0
    fault_times: int | None = None
    #: The HTTP status of ``error_…`` and the ``Retry-After`` header of ``slow_down``.
    error_status: int = 500
    retry_after: str | None = None
    #: Answer 401 to everyone.
    revoked: bool = False
    #: Phone -> Twilio error code that a text to it is refused with.
    refusals: dict[str, int] = field(default_factory=dict)
    callbacks: bool = True
    callback_copies: int = 1
    #: Call back before the create request is answered.
    callbacks_early: bool = False
    #: Seconds before each callback.
    callback_delay_s: float = 0.0
    #: The statuses that follow an accepted text, in the order in which they are reported.
    statuses: list[str] = field(default_factory=lambda: ["sent", "delivered"])
    #: Phone -> error code; texts to it end as ``undelivered``.
    undeliverable: dict[str, int] = field(default_factory=dict)
    #: Where texts from phones are posted; the sender's webhook.
    inbound_url: str | None = None
    #: ISO 8601; the double's clock stands there instead of at the machine's time.
    now: str | None = None

    def turn(self, wanted: Mapping[str, Any]) -> None:
        """Set knobs by name; raises `ValueError` for one that does not exist."""
        unknown = set(wanted) - {known.name for known in fields(self)}
        if unknown:
            raise ValueError(f"no such knob: {', '.join(sorted(unknown))}")
        for name, value in wanted.items():
            setattr(self, name, Fault(value) if name == "fault" and value else value)
