"""How fast do durable texts go out? Beside it, in the same run, what clients and task queues do without that.

The double (``tests/twilio_double``) takes the texts, in a process of its own; so does everything measured:

- ``ours``: the engine, over SQLite and PostgreSQL. 100,000 people are asked through the services, then an
  engine starts and sends until every text is ``accepted`` with its SID in the database. The claim is
  committed before a request leaves, the outcome after;
- ``twilio-sync``, ``twilio-async``, ``aiohttp``: bare loops without a database (`dispatch_wire`);
- task queues with tasks that do nothing (`dispatch_queues`);
- ``launch``: from a launch among a million volunteers to the first text at the provider (`dispatch_launch`).

Ours and the asynchronous client of twilio take turns, so that what else the machine does hits both.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.twilio_double.process import Double

from .dispatch_databases import Databases, databases
from .dispatch_goals import goals
from .dispatch_launch import file_name
from .dispatch_queues import QUEUES, ROOT, run_queue
from .dispatch_scene import environment

WIRES = ("twilio-sync", "aiohttp", "twilio-async")
PARTS = (*WIRES, "ours", *QUEUES, "launch")
#: The columns of the rows, in this order.
COLUMNS = (
    "way", "database", "latency_ms", "asked", "texts", "seconds", "per_second", "cpu_ms_each",
    "enqueue_seconds", "enqueue_cpu_seconds", "enqueue_rss_mb", "send_rss_mb", "rss_later_to_earlier",
    "lost", "twice", "median_ms", "p95_ms", "note",
)  # fmt: skip

_LONGEST_S = 900.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--recipients", type=int, default=100_000, help="people whom ours asks (100,000)")
    parser.add_argument("--bare", type=int, default=10_000, help="texts of a bare loop, at most (10,000)")
    parser.add_argument("--seconds", type=float, default=10.0, help="seconds of a bare loop, at most (10)")
    parser.add_argument("--tasks", type=int, default=10_000, help="tasks of each task queue (10,000)")
    parser.add_argument("--latency", type=float, nargs="+", default=[0, 100], help="of the double, ms (0 100)")
    parser.add_argument(
        "--database", nargs="+", default=["sqlite", "postgresql"], choices=["sqlite", "postgresql"]
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, help="measure these alone")
    parser.add_argument("--alternatives-python", default=sys.executable, help="has requirements-bench.txt")
    parser.add_argument("--volunteers", type=int, default=1_000_000, help="for launches (1,000,000)")
    parser.add_argument("--launches", type=int, default=40, help="call-outs to launch (40)")
    parser.add_argument("--seed", type=int, default=1, help="makes the same membership again (1)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--skip-launch", action="store_true", help="leave the launches out")
    which.add_argument("--launch-only", action="store_true", help="measure nothing but launches")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure what was asked for, in databases that are gone afterwards."""
    parts = _parts(args)
    load = [os.getloadavg()[0]]
    with (
        tempfile.TemporaryDirectory(prefix="mobilize-bench-") as place,
        databases(Path(place)) as made,
        Double() as double,
    ):
        bench = Bench(args, made, double, Path(place))
        for latency_ms in args.latency:
            bench.sending(latency_ms, parts)
        for name in QUEUES:
            if name in parts:
                _say(f"{name} ...")
                bench.rows.append(run_queue(name, args.alternatives_python, args.tasks, made, Path(place)))
        if "launch" in parts:
            bench.launches()
    columns = [name for name in COLUMNS if any(name in row for row in bench.rows)]
    return {
        "rows": [{name: row.get(name) for name in columns} for row in bench.rows],
        "goals": goals(bench.rows),
        "launches": bench.launched,
        "machine": {"cores": os.cpu_count(), "load_before_and_after": [*load, os.getloadavg()[0]]},
    }


def _parts(args: argparse.Namespace) -> set[str]:
    if args.launch_only:
        return {"launch"}
    return set(args.only or PARTS) - ({"launch"} if args.skip_launch else set())


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


@dataclass
class Bench:
    """One run: its parts add to ``rows``."""

    args: argparse.Namespace
    databases: Databases
    double: Double
    directory: Path
    rows: list[dict[str, Any]] = field(default_factory=list)
    launched: list[dict[str, Any]] = field(default_factory=list)

    def sending(self, latency_ms: float, parts: set[str]) -> None:
        """Every way of sending at one latency; ours between two runs of twilio's asynchronous client."""
        for way in WIRES:
            if way in parts:
                self._wire(way, latency_ms)
        for kind in self.args.database if "ours" in parts else ():
            self._ours(kind, latency_ms)
            if "twilio-async" in parts:
                self._wire("twilio-async", latency_ms)

    def _quiet_double(self, latency_ms: float) -> None:
        self.double.reset()
        self.double.turn(callbacks=False, latency_s=latency_ms / 1000, record_requests=False)

    def _wire(self, way: str, latency_ms: float) -> None:
        _say(f"{way} at {latency_ms:g} ms ...")
        self._quiet_double(latency_ms)
        limits = [self.double.url, str(self.args.bare), str(self.args.seconds)]
        found = _child("bench.dispatch_wire", [way, *limits])
        self.rows.append(
            {
                "way": way,
                "latency_ms": latency_ms,
                **_rate(found["texts"], found),
                "note": "no database" + (f"; {found['failed']} failed" if found["failed"] else ""),
            }
        )

    def _ours(self, kind: str, latency_ms: float) -> None:
        _say(f"ours on {kind} at {latency_ms:g} ms ...")
        self._quiet_double(latency_ms)
        settings = environment(self.databases.new(kind), self.double.url)
        count = self.args.recipients
        _child("bench.dispatch_ours", ["seed", str(count)], settings)
        asked = _child("bench.dispatch_ours", ["ask", str(count)], settings)
        sent = _child("bench.dispatch_ours", ["send", str(count)], settings)
        seen = self.double.summary()
        self.rows.append(
            {
                "way": "ours",
                "database": kind,
                "latency_ms": latency_ms,
                "asked": asked["asked"],
                **_rate(sent["with_sid"], sent),
                "enqueue_seconds": round(asked["seconds"], 2),
                "enqueue_cpu_seconds": round(asked["cpu_seconds"], 2),
                "enqueue_rss_mb": round(asked["peak_rss_mb"]),
                "send_rss_mb": round(sent["peak_rss_mb"]),
                "rss_later_to_earlier": round(sent["later_to_earlier_rss"], 3),
                "lost": count - seen["phones"],
                "twice": seen["phones_more_than_once"],
                "note": "durable; " + ", ".join(f"{n} {state}" for state, n in sent["states"].items()),
            }
        )

    def launches(self) -> None:
        """Launch in a copy of the populated database, which is made once and kept for the next run."""
        size, seed = self.args.volunteers, str(self.args.seed)
        kept = Path(tempfile.gettempdir()) / file_name(size, self.args.seed)
        module = "bench.dispatch_launch"
        if not kept.exists():
            _say(f"Populating {size:,} volunteers ...")
            fresh = self.directory / "population.db"
            _child(module, ["populate", str(fresh), str(size), seed])
            shutil.move(fresh, kept)
        copy = self.directory / "launch.db"
        shutil.copyfile(kept, copy)
        _say(f"{self.args.launches} launches ...")
        found = _child(module, ["measure", str(copy), str(self.args.launches), seed])
        self.launched = found["launches"]
        self.rows += [
            _launch_row(kind, self.launched, size) for kind in ("cpu_ms", "committed_ms", "first_text_ms")
        ]


def _rate(texts: int, found: dict[str, Any]) -> dict[str, Any]:
    """``cpu_ms_each`` is the processor time of the measured process, without the double and the server."""
    return {
        "texts": texts,
        "seconds": round(found["seconds"], 2),
        "per_second": round(texts / found["seconds"]),
        "cpu_ms_each": round(found["cpu_seconds"] / max(texts, 1) * 1000, 3),
    }


def _launch_row(kind: str, launched: list[dict[str, Any]], volunteers: int) -> dict[str, Any]:
    times = [one[kind] for one in launched if one["first_text_ms"] is not None]
    if not times:
        raise SystemExit("Nobody could be asked in any of these cities; give more --volunteers.")
    cuts = statistics.quantiles(times, n=20, method="inclusive") if len(times) > 1 else times
    return {
        "way": f"launch: {kind.removesuffix('_ms').replace('_', ' ')}",
        "database": "sqlite",
        "latency_ms": 0,
        "asked": sum(one["asked"] for one in launched),
        "texts": sum(one["texts"] for one in launched),
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(cuts[-1], 1),
        "note": f"{len(times)} launches with someone to ask, among {volunteers:,} volunteers",
    }


def _child(module: str, arguments: list[str], settings: dict[str, str] | None = None) -> dict[str, Any]:
    """Run a part in a process of its own, with no settings but these; the last line it prints is its result."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=kept | (settings or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=_LONGEST_S,
    )
    if done.returncode:
        raise SystemExit(f"{module} {' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
