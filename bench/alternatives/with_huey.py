"""Huey over SQLite or Redis: ``python -m bench.alternatives.with_huey sqlite:FILE|redis://… TASKS``."""

import sys
import time

from huey import Huey, RedisHuey, SqliteHuey  # type: ignore[import-not-found]

from .tally import Tally

#: Threads of the one worker process; more of them wait for one another.
_THREADS = 1
_TIMEOUT_S = 300.0


def main(url: str, tasks: int) -> None:
    huey = _open(url)
    tally = Tally(tasks)

    def nothing() -> None:
        tally.count()

    task = huey.task()(nothing)
    started = time.perf_counter()
    for _ in range(tasks):
        task()
    tally.enqueued(time.perf_counter() - started)
    consumer = huey.create_consumer(
        workers=_THREADS, worker_type="thread", periodic=False, initial_delay=0.001, max_delay=0.01
    )
    consumer.start()
    tally.complete.wait(_TIMEOUT_S)
    consumer.stop()
    sys.stdout.write(tally.as_json() + "\n")


def _open(url: str) -> Huey:
    kind, _, file = url.partition(":")
    return SqliteHuey(filename=file, results=False) if kind == "sqlite" else RedisHuey(url=url, results=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
