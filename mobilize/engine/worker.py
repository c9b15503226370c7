"""The worker: APScheduler calls the ticks, and a ring of the bell calls them at once.

APScheduler keeps nothing: all timers are columns in the database. Its jobs are therefore never
persistent, never run twice at a time, and a missed run is simply made up for by the next one.
"""

import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from mobilize.domain import replies
from mobilize.extensions import db
from mobilize.services import claims, heartbeats
from mobilize.services.dispatch import Dispatcher
from mobilize.services.runtime import now, settings, work_waiting

from . import ticks
from .listener import Listener

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 5
CALM_SECONDS = 5
CALLING_SECONDS = 1
#: A run that is late by less than this still runs; APScheduler's own default is one second.
GRACE_SECONDS = 3600
_PAUSE_AFTER_FAULT_S = 0.5
#: Rounds of urgent work in one go, before other jobs get their turn.
ROUNDS = 1000


class Engine:
    """Runs the ticks of one process in background threads, between `start` and `stop`."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self.name = f"{claims.WORKER}:{secrets.token_hex(3)}"
        self._working, self._rung = threading.Event(), threading.Event()
        self._ending = threading.Event()
        with app.app_context():
            self._tick_s = settings().engine_tick_seconds
            self._dispatcher = Dispatcher()
        self._listener = Listener(app, self._ring)
        self._sending = threading.Thread(target=self._send, name="sending", daemon=True)
        self._jobs = ThreadPoolExecutor()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": self._jobs},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": GRACE_SECONDS},
        )

    def start(self) -> None:
        """Begin to work. Returns at once; the first heartbeat is written before it does."""
        self._in_app(lambda: heartbeats.beat(self.name))
        self._add("urgent", self._urgent, self._tick_s)
        self._add("calm", ticks.run_calm, CALM_SECONDS)
        self._add("asking", ticks.run_asking, CALM_SECONDS)
        self._add("calling", ticks.run_calling, CALLING_SECONDS)
        self._add("heartbeat", lambda: heartbeats.beat(self.name), HEARTBEAT_SECONDS)
        self._scheduler.start()
        self._sending.start()
        self._listener.start()
        threading.Thread(target=replies.prepare, name="word lists", daemon=True).start()
        work_waiting.connect(self._wake)
        log.info("engine started", engine=self.name)

    def stop(self) -> None:
        """Finish what is under way and sign off."""
        work_waiting.disconnect(self._wake)
        self._ending.set()
        self._listener.stop()
        self._dispatcher.ring()
        self._sending.join()
        # While the scheduler itself waits it holds the lock that a job needs to ring; so wait apart.
        self._scheduler.shutdown(wait=False)
        self._jobs.shutdown(wait=True)
        self._in_app(lambda: heartbeats.leave(self.name))
        log.info("engine stopped", engine=self.name)

    def _add(self, name: str, work: Callable[[], Any], seconds: float) -> None:
        self._scheduler.add_job(
            self._in_app, "interval", args=[work], seconds=seconds, id=name, next_run_time=datetime.now(UTC)
        )

    def _urgent(self) -> None:
        """Work until there is none: a callout of thousands does not wait for ticks in between."""
        self._working.set()
        try:
            for _ in range(ROUNDS):
                self._rung.clear()
                if not ticks.run_urgent() and not self._rung.is_set():
                    return
        finally:
            self._working.clear()

    def _send(self) -> None:
        """Keep the wire full until the engine ends; then wait for what is under way."""
        while not self._ending.is_set():
            self._in_app(lambda: self._dispatcher.turn(self._patience()))
        self._in_app(self._dispatcher.finish)

    def _patience(self) -> float:
        """Seconds to wait for something to happen: a tick, or less if a busy sender has room before."""
        next_at = self._dispatcher.next_at
        if next_at is None:
            return self._tick_s
        return min(max((next_at - now()).total_seconds(), 0.001), self._tick_s)

    def _wake(self, _sender: object) -> None:
        self._ring()

    def _ring(self) -> None:
        self._rung.set()
        self._dispatcher.ring()
        if self._working.is_set():
            return  # the run that is under way looks at the bell before it ends
        try:
            self._scheduler.modify_job("urgent", next_run_time=datetime.now(UTC))
        except JobLookupError:
            log.debug("woken before the first tick")

    def _in_app(self, work: Callable[[], Any]) -> None:
        """Run one job with an application context. A fault ends this run; the next starts afresh."""
        with self._app.app_context():
            try:
                work()
            except ticks.PASSING_FAULTS:
                log.exception("a tick failed; the next one tries again")
                self._ending.wait(_PAUSE_AFTER_FAULT_S)
            except Exception:  # whatever it was, the engine must go on
                log.critical("a fault in the engine itself", exc_info=True)
                self._ending.wait(_PAUSE_AFTER_FAULT_S)
            finally:
                db.session.remove()
