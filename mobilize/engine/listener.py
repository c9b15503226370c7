"""Listening for the bell between processes: a connection of its own, on PostgreSQL only."""

import threading
from collections.abc import Callable

import psycopg
import structlog
from flask import Flask

from mobilize.extensions import db
from mobilize.services import bell

log = structlog.get_logger(__name__)

#: Seconds between looks at whether the engine is ending, and before a lost connection is made anew.
_PATIENCE_S = 2.0


class Listener:
    """Calls ``ring`` whenever another process rings the bell, between `start` and `stop`."""

    def __init__(self, app: Flask, ring: Callable[[], None]) -> None:
        with app.app_context():
            url = db.engine.url
        self._address = (
            url.set(drivername="postgresql").render_as_string(hide_password=False)
            if url.get_backend_name() == "postgresql"
            else None
        )
        self._ring = ring
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bell", daemon=True)

    def start(self) -> None:
        if self._address is not None:
            self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                self._listen()
            except psycopg.Error as error:
                log.warning("cannot hear the bell of other processes; ticks go on", error=str(error))
                self._ending.wait(_PATIENCE_S)

    def _listen(self) -> None:
        assert self._address is not None  # noqa: S101 - for the type checker
        with psycopg.connect(self._address, autocommit=True, connect_timeout=5) as connection:
            connection.execute(f"LISTEN {bell.CHANNEL}")
            self._ring()  # for what was rung before we listened
            while not self._ending.is_set():
                for _ in connection.notifies(timeout=_PATIENCE_S, stop_after=1):
                    self._ring()
