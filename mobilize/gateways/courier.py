"""The thread in which texts are carried: one asyncio loop, and a bounded number of texts on their way.

Texts wait in a plain queue and are taken from it by at most ``width`` tasks, so that a hundred
thousand waiting texts cost a queue entry each and nothing more. However the loop ends, every text
that was handed over gets its outcome, once.
"""

import asyncio
import concurrent.futures
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import structlog

from mobilize.domain.delivery import Deferred, ErrorClass, OutboundText, SendOutcome, Unclear
from mobilize.services.ports import Clock, Done

from .twilio_http import Departure, TooLate, departure_of_task

log = structlog.get_logger(__name__)

#: How long `Courier.close` waits for the thread; seconds. It has only to cancel what it does.
_GOODBYE_S = 10.0


class Courier:
    """Carries texts until it is closed or its loop dies; then it is over, and another one is needed.

    ``carry`` sends one text; whatever it raises, the text has an outcome. ``farewell`` runs last in the
    loop, to close connections.
    """

    def __init__(
        self,
        name: str,
        width: int,
        clock: Clock,
        carry: Callable[[OutboundText], Awaitable[SendOutcome]],
        farewell: Callable[[], Awaitable[None]],
    ) -> None:
        self._width = width
        self._clock = clock
        self._carry = carry
        self._farewell = farewell
        self._waiting: deque[tuple[OutboundText, Done]] = deque()
        self._at_work: set[asyncio.Task[None]] = set()
        self._lock = threading.Lock()
        self._over = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Also in a process that was forked from the one with the thread."""
        return self._over or not self._thread.is_alive()

    def take(self, texts: Sequence[OutboundText], done: Done) -> bool:
        """Begin to carry the texts; ``False``, and nothing happens, when the courier is over."""
        with self._lock:
            if self.is_over:
                return False
            self._waiting.extend((text, done) for text in texts)
            self._loop.call_soon_threadsafe(self._hire)
        return True

    def run(self, work: Coroutine[Any, Any, None], timeout_s: float) -> bool:
        """Run something else in the loop and wait for it; whether it came to its end.

        An exception within ``work`` is raised here. Not to be called from the loop itself.
        """
        with self._lock:
            if self.is_over:
                work.close()
                return False
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            future.result(timeout_s)
        except (TimeoutError, concurrent.futures.CancelledError):
            future.cancel()
            return False
        return True

    def close(self) -> None:
        """End: texts that have not left are deferred, those under way are in doubt. Waits for that."""
        with self._lock:
            if not self.is_over:
                self._loop.call_soon_threadsafe(self._loop.stop)
        if threading.current_thread() is not self._thread:
            self._thread.join(_GOODBYE_S)

    # In the loop's thread

    def _run(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._end()

    def _hire(self) -> None:
        for _ in range(min(self._width - len(self._at_work), len(self._waiting))):
            task = self._loop.create_task(self._work())
            self._at_work.add(task)
            task.add_done_callback(self._dismiss)

    def _dismiss(self, task: asyncio.Task[None]) -> None:
        self._at_work.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a text's sending broke", error=repr(error), exc_info=error)
        if not self._over:
            self._hire()

    async def _work(self) -> None:
        while self._waiting:
            text, done = self._waiting.popleft()
            departure = Departure(self._clock, text.leave_by)
            departure_of_task.set(departure)
            outcome: SendOutcome | None = None
            try:
                departure.check()
                outcome = await self._carry(text)
            except TooLate as error:
                outcome = Deferred(ErrorClass.NOT_PROCESSED, None, str(error))
            finally:
                done(text, outcome or _ending(departure))

    def _end(self) -> None:
        """Tell the outcomes of all that is unfinished, and let go of everything."""
        with self._lock:
            self._over = True
            left_behind, self._waiting = self._waiting, deque()
        for text, done in left_behind:
            done(text, _NOT_SENT)
        # What was handed to the loop and has not begun must begin, or nobody would ever hear of it.
        self._loop.run_until_complete(asyncio.sleep(0))
        while unfinished := asyncio.all_tasks(self._loop):
            for task in unfinished:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*unfinished, return_exceptions=True))
        self._loop.run_until_complete(self._farewell())
        self._loop.close()


_NOT_SENT = Deferred(ErrorClass.NOT_PROCESSED, None, "The gateway ended before the text was sent.")


def _ending(departure: Departure) -> SendOutcome:
    """The outcome of a text whose sending was broken off."""
    if departure.left:
        return Unclear("The gateway ended before an answer came.")
    return _NOT_SENT
