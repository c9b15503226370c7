"""Runs the task queues of ``alternatives/``, each with the server that it needs."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .dispatch_databases import Databases

ROOT = Path(__file__).parents[1]
_LONGEST_S = 300.0


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue: its module in ``alternatives/``, the packages that this needs, its setting in words."""

    module: str
    packages: tuple[str, ...]
    setting: str
    #: The share of the tasks that it is given, so that a slow one does not hold up the run.
    share: float = 1.0


QUEUES = {
    "celery": Queue("with_celery", ("celery", "redis"), "solo, early ack, Redis without disk"),
    "huey-redis": Queue("with_huey", ("huey", "redis"), "one thread, Redis without disk"),
    "huey-sqlite": Queue("with_huey", ("huey",), "one thread, SQLite without fsync"),
    "procrastinate": Queue("with_procrastinate", ("procrastinate",), "ten at a time, fsync", share=0.2),
}


def run_queue(name: str, python: str, tasks: int, databases: Databases, directory: Path) -> dict[str, Any]:
    """The row of one queue: tasks a second of its worker, and the seconds to enqueue. Or why there is none."""
    queue = QUEUES[name]
    missing = _missing(queue, python)
    if missing:
        return {"way": name, "note": f"not installed: {missing}"}
    count = max(1, int(tasks * queue.share))
    if "redis" in queue.packages:
        with _redis(directory) as url:
            return {"way": name, **_measure(queue, python, url, count)}
    url = databases.new("postgresql") if name == "procrastinate" else f"sqlite:{directory / 'huey.db'}"
    return {"way": name, **_measure(queue, python, url, count)}


def _missing(queue: Queue, python: str) -> str | None:
    if "redis" in queue.packages and not shutil.which("redis-server"):
        return "there is no redis-server on the path"
    command = [python, "-c", f"import {', '.join(queue.packages)}"]
    tried = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    return f"{', '.join(queue.packages)}; see requirements-bench.txt" if tried.returncode else None


def _measure(queue: Queue, python: str, url: str, tasks: int) -> dict[str, Any]:
    command = [python, "-m", f"bench.alternatives.{queue.module}", url, str(tasks)]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=_LONGEST_S)
    except subprocess.CalledProcessError as error:
        return {"note": f"failed: {error.stderr.strip()[-200:]}"}
    except subprocess.TimeoutExpired:
        return {"note": f"failed: more than {_LONGEST_S:g} s for {tasks} tasks"}
    found = json.loads(done.stdout.splitlines()[-1])
    return {
        "texts": found["tasks"],
        "seconds": round(found["work_seconds"], 2),
        "per_second": round(found["tasks"] / found["work_seconds"]),
        "cpu_ms_each": round(found["cpu_seconds"] / found["tasks"] * 1000, 3),
        "enqueue_seconds": round(found["enqueue_seconds"], 2),
        "note": f"no-op tasks; {queue.setting}",
    }


@contextmanager
def _redis(directory: Path) -> Iterator[str]:
    """A Redis server on loopback that keeps everything in memory."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    server = subprocess.Popen([*command, "--dir", str(directory)], stdout=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(timeout=10)


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("redis-server did not start")
