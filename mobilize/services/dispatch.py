"""Sending: keep the wire full. Claim texts, hand them to their gateways, record what came of each.

A `Dispatcher` belongs to one process and one thread; gateways tell it outcomes from theirs. What may
be under way at a time is bounded by a window, which grows while the provider keeps up and halves
when it says "slow down" or gives no clear answer (``domain/pacing.py``).
"""

import queue
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy.exc import DataError, IntegrityError

from mobilize.domain.delivery import (
    Cause,
    Deferred,
    ErrorClass,
    MessageState,
    OutboundText,
    SendOutcome,
    Unclear,
)
from mobilize.domain.pacing import Window
from mobilize.extensions import db
from mobilize.models import Message

from . import claims, failures, outbox, outcomes, senders
from .ports import SmsGateway
from .runtime import now, settings

log = structlog.get_logger(__name__)

#: Outcomes recorded in one transaction, at most.
RECORD_BATCH = 500
#: So many requests in a row without a clear answer, and the provider counts as gone.
MUTE = 10
#: Answers that ask for fewer requests at a time.
_PRESSING = frozenset({ErrorClass.NOT_PROCESSED, ErrorClass.CAPACITY})

_Told = tuple[SmsGateway, OutboundText, SendOutcome]


class Dispatcher:
    """What one process has under way. All methods but `ring` belong to one thread, in an app context."""

    def __init__(self) -> None:
        self._told: queue.SimpleQueue[_Told | None] = queue.SimpleQueue()
        self._unrecorded: list[_Told] = []
        self._window = Window(settings().send_concurrency)
        #: Provider -> requests in a row without a clear answer.
        self._unclear: Counter[str] = Counter()
        #: Texts handed to a gateway whose outcome is not recorded yet.
        self.under_way = 0
        #: When a sender that is only busy has room again; ``None``: nothing waits for that.
        self.next_at: datetime | None = None

    def ring(self) -> None:
        """There may be work. From any thread."""
        self._told.put(None)

    def turn(self, wait_s: float) -> int:
        """Record what is known, then send what there is room for; returns how much was done.

        With nothing to do it waits for an outcome or a ring, at most ``wait_s`` seconds.
        """
        done = self._record() + self._send()
        if not done:
            self._gather(wait_s)
            done = self._record()
        return done

    def run_dry(self) -> int:
        """Send all that is due, and wait for every outcome; returns how many were sent."""
        sent = 0
        while some := self._send():
            sent += some
            self.finish()
        return sent

    def finish(self) -> None:
        """Wait until nothing is under way, or until nothing more can come of it, and record it."""
        while self.under_way:
            # A ring is no outcome, and no reason to stop waiting.
            if not self._record() and not self._gather(settings().twilio_timeout_seconds + 5):
                return

    def _send(self) -> int:
        """Claim and hand over. A small claim costs as much as a large one, so it waits for some room."""
        free = self._window.size - self.under_way
        if free <= 0 or (self.under_way and free * 4 < self._window.size):
            return 0
        batches, self.next_at = claims.claim(min(free, settings().engine_batch))
        for batch in batches:
            self.under_way += len(batch.texts)
            self._hand_over(batch)
        return sum(len(batch.texts) for batch in batches)

    def _hand_over(self, batch: claims.Batch) -> None:
        """Give texts to their gateway. If it breaks, those that it said nothing of are in doubt."""
        waiting = {text.message_id: text for text in batch.texts}
        try:
            batch.gateway.send(batch.texts, partial(self._tell, batch.gateway, waiting))
        except Exception:  # whatever it was, the other texts must go on
            log.critical("a fault in a gateway", provider=batch.gateway.name, exc_info=True)
            for text in list(waiting.values()):
                self._tell(batch.gateway, waiting, text, Unclear("the gateway broke while it was sending"))

    def _tell(
        self, gateway: SmsGateway, waiting: dict[int, OutboundText], text: OutboundText, outcome: SendOutcome
    ) -> None:
        """One outcome for each text: what is told a second time changes no count."""
        if waiting.pop(text.message_id, None) is not None:
            self._told.put((gateway, text, outcome))

    def _gather(self, wait_s: float) -> bool:
        """Take the outcomes that are known, after waiting for the first of them or a ring.

        Returns whether there was anything before the time was up.
        """
        heard = False
        try:
            told = self._told.get(timeout=wait_s) if wait_s > 0 else self._told.get_nowait()
            while True:
                heard = True
                if told is not None:
                    self._unrecorded.append(told)
                if len(self._unrecorded) >= RECORD_BATCH:
                    break
                told = self._told.get_nowait()
        except queue.Empty:
            pass
        return heard

    def _record(self) -> int:
        """Write outcomes down. If the database is away they are kept, and written later."""
        self._gather(0)
        recorded = 0
        while self._unrecorded:
            gateway = self._unrecorded[0][0]
            some = [told for told in self._unrecorded if told[0] is gateway]
            _record_all(gateway.name, [(text, outcome) for _, text, outcome in some])
            self._unrecorded = [told for told in self._unrecorded if told[0] is not gateway]
            self.under_way -= len(some)
            recorded += len(some)
            for _, _, outcome in some:
                self._feel(outcome)
            self._listen(gateway.name, [outcome for _, _, outcome in some])
        return recorded

    def _listen(self, provider: str, outcomes: Sequence[SendOutcome]) -> None:
        """Stop a provider that has answered nothing clearly for a while: each text would go into doubt.

        Those that wait have certainly not been sent; they go when it answers again, or by another provider.
        """
        for outcome in outcomes:
            self._unclear[provider] = self._unclear[provider] + 1 if isinstance(outcome, Unclear) else 0
        if self._unclear[provider] >= MUTE and isinstance(outcomes[-1], Unclear):
            senders.pause(provider, f"no clear answer to {MUTE} requests in a row: {outcomes[-1].detail}")
            db.session.commit()

    def _feel(self, outcome: SendOutcome) -> None:
        pressing = isinstance(outcome, Unclear) or (
            isinstance(outcome, Deferred) and outcome.error_class in _PRESSING
        )
        if pressing:
            self._window.pressed()
        else:
            self._window.answered()


def _record_all(provider: str, told: outcomes.Outcomes) -> None:
    """Record outcomes together; where one cannot be stored, each alone, so that it holds up no other.

    The text whose outcome cannot be stored is in doubt when its lease runs out.
    """
    try:
        outcomes.record(provider, told)
    except (DataError, IntegrityError):
        db.session.rollback()
        if len(told) > 1:
            for one in told:
                _record_all(provider, [one])
        else:
            log.critical("an outcome cannot be stored", message_id=told[0][0].message_id, exc_info=True)


def send_due() -> int:
    """Send what is due now and wait for every outcome; for drills and tests. Returns how many were tried."""
    return Dispatcher().run_dry()


def expire_overdue(limit: int = 1000) -> int:
    """End queued texts whose deadline has passed: nothing goes out late. One transaction."""
    ended = outbox.sweep(
        Message.expires_at <= now(),
        MessageState.QUEUED,
        MessageState.EXPIRED,
        Cause.DEADLINE,
        "not sent before its deadline",
        limit=limit,
    )
    failures.mark_unreachable(ended)
    db.session.commit()
    return len(ended)


def release_leases(limit: int = 1000) -> int:
    """Texts whose sender died, or hangs: nobody knows whether they went. One transaction."""
    at = now()
    released = outbox.sweep(
        Message.lease_until <= at,
        MessageState.SENDING,
        MessageState.UNKNOWN,
        Cause.RECONCILIATION,
        "the engine that was sending it fell silent",
        limit=limit,
        doubt_since=at,
        empty_looks=0,
        look_at=at + timedelta(seconds=settings().doubt_look_seconds),
    )
    db.session.commit()
    return len(released)
