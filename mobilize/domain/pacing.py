"""How fast texts may go: each sender's pace in segments per second, and how many requests at a time.

A sender is an address that texts come from. Carriers limit each by its kind; Twilio queues what
comes faster, for up to ten hours, where nothing can overtake and nothing can be taken back. So the
waiting is done here. Source of the rates: Twilio, "Understanding Twilio Rate Limits and Message
Queues" (US long code 1 segment a second, toll-free 3, short code 100).
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class SenderKind(StrEnum):
    """What kind of address a text comes from; it decides the carrier's limit."""

    US_LONG_CODE = "us_long_code"
    LONG_CODE = "long_code"
    TOLL_FREE = "toll_free"
    SHORT_CODE = "short_code"
    ALPHANUMERIC = "alphanumeric"
    MESSAGING_SERVICE = "messaging_service"
    SIMULATOR = "simulator"


#: Toll-free area codes of the North American Numbering Plan.
_TOLL_FREE = ("+1800", "+1833", "+1844", "+1855", "+1866", "+1877", "+1888")

#: Segments that may be claimed ahead of a sender's pace; seconds of its work.
AHEAD = timedelta(seconds=1)


def kind_of(address: str) -> SenderKind:
    """The kind of a sender's address: E.164, a short code, a name, or a messaging service's SID."""
    if address.startswith("MG") and len(address) == 34:
        return SenderKind.MESSAGING_SERVICE
    if address.startswith(_TOLL_FREE):
        return SenderKind.TOLL_FREE
    if address.startswith("+1"):
        return SenderKind.US_LONG_CODE
    if address.startswith("+"):
        return SenderKind.LONG_CODE
    return SenderKind.SHORT_CODE if address.isdigit() else SenderKind.ALPHANUMERIC


def room(busy_until: datetime | None, rate: float | None, now: datetime) -> float:
    """Segments that a sender may be given now; ``rate`` in segments a second, ``None`` for no limit.

    A sender's work so far lasts until ``busy_until``. A sender that is behind gets nothing; one
    that is free gets at least one segment, however slow it is.
    """
    if rate is None:
        return float("inf")
    behind = max(timedelta(0), (busy_until or now) - now)
    if behind >= AHEAD:
        return 0.0
    return max(1.0, (AHEAD - behind).total_seconds() * rate)


def busy_after(busy_until: datetime | None, rate: float | None, segments: int, now: datetime) -> datetime:
    """Until when a sender is busy after it was given more segments."""
    begins = max(busy_until or now, now)
    return begins if rate is None else begins + timedelta(seconds=segments / rate)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A text that wants a sender; ``avoid`` names the senders that cannot reach its phone."""

    message_id: int
    to: str
    segments: int
    avoid: frozenset[str] = frozenset()


def allot(texts: Sequence[Waiting], rooms: Mapping[str, float]) -> dict[int, str]:
    """Which text goes from which sender: message id to sender, for as many texts as there is room.

    In the order of the texts. A phone hears from the same sender while that one has room, so that its
    owner sees one conversation; otherwise from the sender with the most room. A text may overdraw
    its sender's room by less than itself: the debt delays the next one.
    """
    left = dict(rooms)
    allotted: dict[int, str] = {}
    for text in texts:
        usable = [name for name in sorted(left) if left[name] > 0 and name not in text.avoid]
        if not usable:
            if not any(amount > 0 for amount in left.values()):
                break
            continue
        kept = _usual(text.to, sorted(rooms))
        name = kept if kept in usable else max(usable, key=lambda one: left[one])
        allotted[text.message_id] = name
        left[name] -= text.segments
    return allotted


def _usual(phone: str, senders: Sequence[str]) -> str:
    """The sender that a phone usually hears from, by rendezvous hashing: a change of the pool moves few."""
    if len(senders) == 1:
        return senders[0]
    return max(senders, key=lambda name: hashlib.blake2b(f"{name} {phone}".encode(), digest_size=8).digest())


def segments_by_sender(texts: Sequence[Waiting], allotted: Mapping[int, str]) -> Counter[str]:
    """How many segments each sender was given."""
    given: Counter[str] = Counter()
    for text in texts:
        if text.message_id in allotted:
            given[allotted[text.message_id]] += text.segments
    return given


class Window:
    """How many requests may be under way at once: grows while the provider keeps up, halves when not.

    The provider does not publish its limit, so it is felt for, as TCP does (RFC 5681): until the first
    refusal the window grows by one for each answer, afterwards by one for each whole window of
    answers. "Slow down", and no clear answer, halve it, at most once for each window of answers: those
    that were under way when it was halved left by the old size, and say nothing against the new one.
    """

    def __init__(self, largest: int, first: int = 64) -> None:
        self._largest = largest
        self._size = float(min(first, largest))
        self._threshold = float("inf")
        self._old_answers = 0.0

    @property
    def size(self) -> int:
        """Requests at once; at least one."""
        return int(self._size)

    def answered(self) -> None:
        """The provider took a text, or refused it for a reason of the text's own."""
        self._old_answers -= 1
        grown = 1.0 if self._size < self._threshold else 1.0 / self._size
        self._size = min(self._size + grown, float(self._largest))

    def pressed(self) -> None:
        """The provider said "slow down", or gave no clear answer."""
        self._old_answers -= 1
        if self._old_answers >= 0:
            return
        self._old_answers = float(self.size - 1)
        self._size = max(1.0, self._size / 2)
        self._threshold = self._size
