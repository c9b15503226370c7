"""What services need from the outside world, as small Protocols. ``gateways/`` implements them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from mobilize.domain.delivery import OutboundText, ProviderRecord, SendOutcome


class SmsGateway(Protocol):
    """A carrier of texts."""

    #: Stored with every message it carries: ``twilio``, ``simulator``.
    name: str

    def send(self, texts: Sequence[OutboundText]) -> Iterator[tuple[OutboundText, SendOutcome]]:
        """Try each text exactly once and yield outcomes as they come, in any order.

        Never raises for a single text: whatever happened is one of the four outcomes.
        """
        ...

    def find(self, to: str, since: datetime) -> list[ProviderRecord]:
        """The texts to one phone that the provider knows of since then; evidence for ``unknown``.

        Raises `errors.ProviderUnreachable`: then there is no evidence, which is not the same as an empty list.
        """
        ...


@dataclass(frozen=True, slots=True)
class Located:
    """An address that was found: degrees WGS 84, and the name of what was found."""

    lat: float
    lon: float
    name: str


class Geocoder(Protocol):
    """Finds where an address is."""

    def locate(self, address: str, country: str) -> Located | None:
        """The best match within a country (ISO 3166-1 alpha-2), or ``None``."""
        ...


class Clock(Protocol):
    """The current instant. Tests and drills bring their own, which they can wind forward."""

    def now(self) -> datetime:
        """Time-zone-aware, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FastForwardClock:
    """A clock that stands still until it is wound forward; for drills and tests."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0) -> None:
        """Move forward. A clock never goes back."""
        step = timedelta(seconds=seconds, minutes=minutes, hours=hours)
        self._now += max(step, timedelta(0))
