"""Texts for gateways, and a way to wait until every one of them has its outcome."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime

from mobilize.domain.delivery import OutboundText, SendOutcome
from mobilize.services.ports import SmsGateway

#: For texts that no test clock makes late.
NEVER_TOO_LATE = datetime(2100, 1, 1, tzinfo=UTC)

Ending = tuple[OutboundText, SendOutcome]


class Endings:
    """Listens for outcomes; may be told them from any thread, and keeps what it is told too often."""

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._changed = threading.Condition()
        self._told: list[Ending] = []

    def tell(self, text: OutboundText, outcome: SendOutcome) -> None:
        with self._changed:
            self._told.append((text, outcome))
            self._changed.notify_all()

    def wait(self, timeout_s: float = 30.0) -> list[Ending]:
        """All outcomes; fails when some are still missing after the timeout."""
        with self._changed:
            complete = self._changed.wait_for(lambda: len(self._told) >= self._expected, timeout_s)
            assert complete, f"{len(self._told)} outcomes of {self._expected} after {timeout_s} s"
            return list(self._told)

    def wait_for_some(self, count: int, timeout_s: float = 30.0) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._told) >= count, timeout_s)


def send_all(gateway: SmsGateway, texts: Sequence[OutboundText], timeout_s: float = 30.0) -> list[Ending]:
    """Send, and wait for the outcomes, in the order in which they came."""
    endings = Endings(len(texts))
    gateway.send(texts, endings.tell)
    return endings.wait(timeout_s)
