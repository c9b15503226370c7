"""The process from which engines and web servers are forked: it has imported everything already.

A start of Python with all imports takes seconds, a fork milliseconds, and what is forked is a process like
any other: it opens its own sockets, database connections and threads, and SIGKILL leaves it no time to
close them. This process itself has one thread and connects to nothing.

It reads orders from standard input, one JSON object a line, and answers each with one:
``{"settings": {…}, "port": N}``, ``{"fork": "engine"}`` or ``"web"`` (answers the pid), ``{"kill": PID}``.
When its input ends, so do its children.
"""

import contextlib
import gc
import json
import os
import signal
import socket
import sys
import traceback
from datetime import timedelta
from typing import Any, NoReturn

from flask import Flask

from config import load_settings
from mobilize import create_app
from mobilize.cli.up import WebServer
from mobilize.engine import Engine, worker
from mobilize.services import claims, reconcile

#: Times that are no settings, shortened as the settings are (`crash_scene`). Seconds.
CALM_S = 0.5
LOOK_LEASE_S = 3.0


class Zygote:
    """One application at a time, and the processes that were forked with it."""

    def __init__(self) -> None:
        self._app: Flask | None = None
        self._port = 0
        self._children: set[int] = set()
        # Children read from this; when this process dies in whatever way, they read its end.
        self._lifeline, self._held = os.pipe()

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        if "settings" in order:
            self._app, self._port = create_app(load_settings(order["settings"])), order["port"]
            gc.freeze()  # what is never freed need not be copied into the children
        elif "fork" in order:
            return {"pid": self._fork(order["fork"])}
        elif "kill" in order:
            self._kill(order["kill"])
        return {}

    def end(self) -> None:
        for pid in list(self._children):
            self._kill(pid)

    def _fork(self, kind: str) -> int:
        pid = os.fork()
        if pid == 0:
            self._become(kind)
        self._children.add(pid)
        return pid

    def _kill(self, pid: int) -> None:
        """SIGKILL, and wait until nothing is left of it. Raises `KeyError` for a pid that is not ours."""
        self._children.remove(pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def _become(self, kind: str) -> NoReturn:
        """In the child: work until killed."""
        try:
            os.close(self._held)
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, 0)
            os.dup2(nothing, 1)
            assert self._app is not None
            if kind == "engine":
                claims.WORKER = worker_of(os.getpid())
                worker.CALM_SECONDS = CALM_S  # type: ignore[assignment]
                reconcile.LOOK_LEASE = timedelta(seconds=LOOK_LEASE_S)
                Engine(self._app).start()
            else:
                WebServer(self._app, "127.0.0.1", self._port).start()
            os.read(self._lifeline, 1)
        except BaseException:  # noqa: BLE001 (it must not go on as a second zygote)
            traceback.print_exc()
        os._exit(1)


def worker_of(pid: int) -> str:
    """What `claims.WORKER` is in a process that was not forked."""
    return f"{socket.gethostname()[:40]}:{pid}"


def main() -> None:
    zygote = Zygote()
    try:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(zygote.obey(json.loads(line))) + "\n")
            sys.stdout.flush()
    finally:
        zygote.end()


if __name__ == "__main__":
    main()
