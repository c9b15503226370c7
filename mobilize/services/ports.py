"""What services need from the outside world, as small Protocols. ``gateways/`` implements them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from mobilize.domain.calling import CallOutcome, CallRecord, OutboundCall
from mobilize.domain.delivery import OutboundText, ProviderRecord, ReceivedRecord, SendOutcome
from mobilize.domain.travel import TravelMode

#: Told once for each text, from any thread, as soon as its outcome is known.
Done = Callable[[OutboundText, SendOutcome], None]


class SmsGateway(Protocol):
    """A carrier of texts."""

    #: Stored with every message it carries: ``twilio``, ``backup``, ``simulator``.
    name: str
    #: The addresses that it can send from.
    senders: Sequence[str]

    def send(self, texts: Sequence[OutboundText], done: Done) -> None:
        """Begin to send each text, exactly once, and return; ``done`` is called once for each.

        It may return before or after the outcomes are known. Never raises for a single text: whatever
        happened is one of the four outcomes. Requests do not leave after a text's ``leave_by``.
        """
        ...

    def find(self, phones: Mapping[str, datetime]) -> Mapping[str, Sequence[ProviderRecord]]:
        """The texts to each phone that the provider knows of since an instant; evidence for ``unknown``.

        A phone about which no complete list could be had is missing from the result: then there is no
        evidence, which is not the same as an empty list.
        """
        ...

    def fetch(self, sids: Collection[str]) -> Mapping[str, ProviderRecord]:
        """What became of texts that the provider took, by its identifiers; without those it cannot tell."""
        ...

    def received(self, since: datetime) -> Sequence[ReceivedRecord]:
        """The texts that phones sent us since an instant.

        Raises `errors.ProviderUnreachable`.
        """
        ...

    def close(self) -> None:
        """Let go of connections and threads. Requests under way end as they will."""
        ...


class VoiceGateway(Protocol):
    """A carrier of calls. Its methods wait for the provider, a few seconds at most."""

    #: Stored with every call it carries: ``twilio``, ``simulator``.
    name: str
    #: The number that calls come from, E.164.
    sender: str

    def place(self, call: OutboundCall) -> CallOutcome:
        """Ask for a call, exactly once. Never raises: whatever happened is one of the four outcomes."""
        ...

    def take_back(self, sid: str) -> bool:
        """Stop a call that nobody has picked up yet; whether the provider says that it does."""
        ...

    def find(self, phone: str, since: datetime) -> Sequence[CallRecord] | None:
        """The calls to a phone that the provider knows of since an instant; ``None``: no list could be had."""
        ...

    def fetch(self, sid: str) -> CallRecord | None:
        """What became of a call that the provider took; ``None`` if it does not tell."""
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


#: (lat, lon), degrees WGS 84.
Point = tuple[float, float]


class Router(Protocol):
    """Knows the roads."""

    def travel_s(
        self, from_points: Sequence[Point], to_point: Point, mode: TravelMode
    ) -> Sequence[float | None]:
        """Seconds on the way from each point; ``None`` where it has no way, or had no answer in time.

        Returns or gives up within a time of its own. Raises `errors.ProviderUnreachable` when it has
        nothing to say about any of them.
        """
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
