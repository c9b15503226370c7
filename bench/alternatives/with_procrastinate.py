"""Procrastinate over PostgreSQL: ``python -m bench.alternatives.with_procrastinate DATABASE_URL TASKS``."""

import asyncio
import sys
import time

from procrastinate import App, PsycopgConnector  # type: ignore[import-not-found]

from .tally import Tally

_BATCH = 1000
#: Jobs at the same time in the one worker process, and connections to the database.
_CONCURRENCY = 10


async def run(url: str, tasks: int) -> None:
    app = App(connector=PsycopgConnector(conninfo=url, min_size=_CONCURRENCY, max_size=_CONCURRENCY))
    tally = Tally(tasks)

    async def nothing() -> None:
        tally.count()

    task = app.task(name="nothing")(nothing)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        started = time.perf_counter()
        for first in range(0, tasks, _BATCH):
            await task.batch_defer_async(*({} for _ in range(min(_BATCH, tasks - first))))
        tally.enqueued(time.perf_counter() - started)
        await app.run_worker_async(wait=False, concurrency=_CONCURRENCY, install_signal_handlers=False)
    sys.stdout.write(tally.as_json() + "\n")


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], int(sys.argv[2])))
