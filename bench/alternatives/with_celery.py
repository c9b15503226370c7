"""Celery over Redis: ``python -m bench.alternatives.with_celery REDIS_URL TASKS``."""

import sys
import time

from celery import Celery  # type: ignore[import-not-found]
from celery.worker import state  # type: ignore[import-not-found]

from .tally import Tally

#: Messages that the worker takes from the broker ahead of its work.
_PREFETCH = 100


def main(url: str, tasks: int) -> None:
    app = Celery("bench", broker=url, set_as_current=True)
    app.conf.update(
        task_ignore_result=True,
        worker_prefetch_multiplier=_PREFETCH,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
    )
    tally = Tally(tasks)

    def nothing() -> None:
        if tally.count():
            state.should_stop = 0

    task = app.task(nothing, name="nothing")
    started = time.perf_counter()
    with app.producer_pool.acquire(block=True) as producer:
        for _ in range(tasks):
            task.apply_async(producer=producer)
    tally.enqueued(time.perf_counter() - started)
    # `solo` runs tasks in the worker's own process: of all pools the fastest for a task that does nothing.
    worker = app.Worker(
        pool="solo",
        loglevel="ERROR",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    worker.start()
    sys.stdout.write(tally.as_json() + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
