"""How many webhooks a second, signature checked and durable, and how soon are they acknowledged?

Half are answers from phones, half are status callbacks. Ours, a hello-world route and a plain handler with
one ORM object per request (``webhook_plain.py``) run under the server that the README recommends, with two
workers and the same number of threads, on SQLite (``synchronous=FULL``) and PostgreSQL (``fsync=on``). They
take turns within one run. The provider that calls them (``webhook_load.py``) is a process of its own on the
same cores, so all figures are lower than on a machine that only serves. At the end every webhook that was
acknowledged is looked for in the table.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
from sqlalchemy import create_engine, text

from config import ROOT
from mobilize.models import Base

from .dispatch_databases import databases
from .webhook_load import Orders, sid_of

TOKEN = "the token of a bench"  # noqa: S105
PUBLIC_URL = "https://mobilize.example.org"
GOAL_TIMES = 3.5
GOAL_P99_MS = 40.0


@dataclass(frozen=True, slots=True)
class Way:
    """One of the things measured: an application, and the addresses of its two webhooks."""

    name: str
    app: str
    paths: tuple[str, str]


OURS = Way("ours", "wsgi:app", ("/hooks/twilio/inbound", "/hooks/twilio/status"))
ORM = Way("orm", "bench.webhook_plain:app", ("/text", "/report"))
HELLO = Way("hello", "bench.webhook_plain:app", ("/hello", "/hello"))


@dataclass(slots=True)
class Server:
    """A running server, and what it was called with."""

    port: int
    process: psutil.Process

    def cpu_s(self) -> float:
        """Seconds of processor time that it and its workers have used."""
        family = [self.process, *self.process.children(recursive=True)]
        return float(sum(sum(one.cpu_times()[:2]) for one in family))


@dataclass(slots=True)
class Result:
    """What one way did at its peak, over all rounds, and at half of it."""

    acknowledged: int = 0
    not_acknowledged: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0
    half: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return self.acknowledged / self.seconds if self.seconds else 0.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement (5)")
    parser.add_argument("--rounds", type=int, default=2, help="turns of each way at its peak (2)")
    parser.add_argument("--connections", type=int, default=64, help="of the provider, kept open (64)")
    parser.add_argument("--workers", type=int, default=2, help="processes of the server (2)")
    parser.add_argument("--threads", type=int, default=32, help="threads of each worker (32)")
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"], help="which (both)")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure on each kind of database in turn."""
    rows: list[dict[str, Any]] = []
    goals: list[dict[str, Any]] = []
    with (
        tempfile.TemporaryDirectory(prefix="mobilize-webhooks-") as directory,
        databases(Path(directory)) as made,
    ):
        for kind in args.databases:
            scene = Scene(args, kind, made.new(kind), made.new(kind))
            scene.measure()
            rows += scene.rows()
            goals += scene.goals()
    return {"rows": rows, "goals": goals, "workers": args.workers, "threads": args.threads}


class Scene:
    """One kind of database: a database for ours and one for the plain handler."""

    def __init__(self, args: argparse.Namespace, kind: str, ours: str, plain: str) -> None:
        self._args, self._kind = args, kind
        self._urls = {OURS.app: ours, ORM.app: plain}
        self._results = {way: Result() for way in (HELLO, ORM, OURS)}
        self._run = 0
        #: The identifiers that ours has acknowledged.
        self._acknowledged: set[str] = set()
        self._missing = self._twice = 0

    def measure(self) -> None:
        for url in self._urls.values():
            _make_tables(url)
        with ExitStack() as stack:
            servers = {
                app: stack.enter_context(_server(app, url, self._args)) for app, url in self._urls.items()
            }
            most = {way: self._warm(way, servers[way.app]) for way in self._results}
            for _ in range(self._args.rounds):
                for way in self._results:
                    self._peak(way, servers[way.app], most[way])
            for way, result in self._results.items():
                if way is not HELLO:
                    result.half = self._half(way, servers[way.app], result.rate / 2)
        self._look_for_all()

    def _warm(self, way: Way, server: Server) -> int:
        """Let it start and open its connections; returns how many webhooks a measurement can need."""
        self._call(way, server, seconds=1.0, most=2_000)
        tally = self._call(way, server, seconds=2.0, most=20_000)
        return int(len(tally["acknowledged"]) / tally["seconds"] * self._args.seconds * 2) + 1000

    def _peak(self, way: Way, server: Server, most: int) -> None:
        _say(f"{self._kind}: {way.name} at its peak ...")
        result, cpu_s = self._results[way], server.cpu_s()
        tally = self._call(way, server, seconds=self._args.seconds, most=most)
        result.cpu_s += server.cpu_s() - cpu_s
        result.acknowledged += len(tally["acknowledged"])
        result.not_acknowledged += tally["refused"] + tally["unanswered"]
        result.seconds += tally["seconds"]

    def _half(self, way: Way, server: Server, rate: float) -> dict[str, float]:
        _say(f"{self._kind}: {way.name} at {rate:,.0f} a second ...")
        seconds = self._args.seconds * 2
        tally = self._call(way, server, seconds=seconds, rate=rate, most=int(rate * seconds) + 1)
        self._results[way].not_acknowledged += tally["refused"] + tally["unanswered"]
        return {name: round(tally[name], 1) for name in ("p50_ms", "p99_ms", "p999_ms")}

    def _call(
        self, way: Way, server: Server, *, seconds: float, most: int, rate: float = 0.0
    ) -> dict[str, Any]:
        self._run += 1
        orders = Orders(
            port=server.port,
            paths=way.paths,
            public_url=PUBLIC_URL,
            token=TOKEN,
            run=self._run,
            seconds=seconds,
            rate=rate,
            connections=self._args.connections,
            most=most,
        )
        provider = subprocess.run(
            [sys.executable, "-m", "bench.webhook_load"],
            cwd=ROOT,
            input=json.dumps(asdict(orders)),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=seconds + 120,
        )
        tally: dict[str, Any] = json.loads(provider.stdout)
        if way is OURS:
            self._acknowledged.update(sid_of(self._run, n) for n in tally["acknowledged"])
        return tally

    def _look_for_all(self) -> None:
        engine = create_engine(self._urls[OURS.app])
        with engine.connect() as connection:
            found = [
                sid
                for table in ("inbound_message", "status_callback")
                for sid in connection.scalars(text(f"SELECT sid FROM {table}"))
            ]
        engine.dispose()
        stored = set(found)
        self._missing, self._twice = len(self._acknowledged - stored), len(found) - len(stored)

    def rows(self) -> list[dict[str, Any]]:
        return [
            {
                "database": self._kind,
                "way": way.name,
                "per_second": round(result.rate),
                "times_orm": round(result.rate / self._results[ORM].rate, 1),
                "server_cpu_us": round(result.cpu_s / max(result.acknowledged, 1) * 1e6),
                "not_acknowledged": result.not_acknowledged,
                **result.half,
            }
            for way, result in self._results.items()
        ]

    def goals(self) -> list[dict[str, Any]]:
        ours, orm = self._results[OURS], self._results[ORM]
        times, p99 = round(ours.rate / orm.rate, 2), ours.half["p99_ms"]
        lost = self._missing + self._twice
        return [
            _goal(f"{self._kind}: times the ORM handler", times, GOAL_TIMES, times >= GOAL_TIMES),
            _goal(f"{self._kind}: p99 at half the peak, ms", p99, GOAL_P99_MS, p99 <= GOAL_P99_MS),
            _goal(f"{self._kind}: of {len(self._acknowledged)} acknowledged, lost or twice", lost, 0, not lost),
        ]


def _goal(name: str, value: float, goal: float, met: bool) -> dict[str, Any]:
    return {"name": name, "value": value, "goal": goal, "met": met}


def _make_tables(url: str) -> None:
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    engine.dispose()


@contextmanager
def _server(app: str, url: str, args: argparse.Namespace) -> Iterator[Server]:
    """The recommended server with one of the applications; its log goes to a file that is shown if it fails."""
    environ = os.environ | {
        "DATABASE_URL": url,
        "SECRET_KEY": "only for servers that live for minutes",
        "TWILIO_AUTH_TOKEN": TOKEN,
        "PUBLIC_URL": PUBLIC_URL,
        "BENCH_THREADS": str(args.threads),
    }
    with tempfile.TemporaryFile("w+") as output, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        process = subprocess.Popen(
            _command(app, port, args), cwd=ROOT, env=environ, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait_for(process, port)
            yield Server(port, psutil.Process(process.pid))
        except Exception:
            output.seek(0)
            _say(output.read()[-4000:])
            raise
        finally:
            process.terminate()
            process.wait(timeout=30)


def _command(app: str, port: int, args: argparse.Namespace) -> Sequence[str]:
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", str(args.workers), "--blocking-threads", str(args.threads), "--no-ws", app),
    ]


def _wait_for(process: "subprocess.Popen[bytes]", port: int) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not start within 30 seconds")


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
