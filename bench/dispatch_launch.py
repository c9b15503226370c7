"""From a coordinator's launch to the first text at the provider, among many volunteers, on SQLite.

``python -m bench.dispatch_launch populate FILE VOLUNTEERS SEED`` makes the membership;
``python -m bench.dispatch_launch measure FILE LAUNCHES SEED`` launches call-outs at different cities, in the
process of a running engine, and prints one line of JSON.
"""

import hashlib
import json
import random
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import text
from sqlalchemy.schema import CreateIndex, CreateTable

from config import load_settings
from mobilize import create_app
from mobilize.engine import Engine
from mobilize.extensions import db
from mobilize.models import Base
from mobilize.services import callouts, selection
from mobilize.services.access import SYSTEM
from mobilize.services.ports import FastForwardClock
from tests.twilio_double.process import Double

from .dispatch_scene import callout_at, environment, watch
from .population import NOW, City, cities, populate

#: The skills of a typical call-out, as `population.SKILLS` numbers them.
_SKILL_IDS = (1, 2, 3)
#: The wave of one launch is on its way within this time, or the launch counts as failed.
_LONGEST_S = 60.0


class RunningClock:
    """Starts at the population's instant, and runs as the machine's clock does."""

    def __init__(self, start: datetime) -> None:
        self._start, self._started = start, time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=time.monotonic() - self._started)


def file_name(volunteers: int, seed: int) -> str:
    """A name for the populated database that changes when the tables or their indexes do."""
    tables = Base.metadata.sorted_tables
    indexes = sorted(str(CreateIndex(index)) for table in tables for index in table.indexes)
    made = "".join([*(str(CreateTable(table)) for table in tables), *indexes])
    digest = hashlib.sha256(made.encode()).hexdigest()[:12]
    return f"mobilize-bench-{volunteers}-{seed}-{digest}.db"


def populate_file(path: Path, volunteers: int, seed: int) -> dict[str, Any]:
    app = create_app(
        load_settings({"DATABASE_URL": f"sqlite:///{path}", "SECRET_KEY": "x" * 32, "LOG_LEVEL": "ERROR"}),
        clock=FastForwardClock(NOW),
    )
    started = time.perf_counter()
    with app.app_context():
        populate(volunteers, seed)
        selection.rebuild_index()
        db.session.execute(text("ANALYZE"))
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    return {"volunteers": volunteers, "seconds": time.perf_counter() - started}


def measure(path: Path, launches: int, seed: int) -> dict[str, Any]:
    """Launch at different cities, one after the other, each when the texts of the one before are out."""
    with Double() as double:
        settings = load_settings(environment(f"sqlite:///{path}", double.url))
        app = create_app(settings, clock=RunningClock(NOW))
        engine = Engine(app)
        engine.start()
        found = [_launch(app, double, city) for city in _draw(launches, seed)]
        engine.stop()
    return {"launches": found}


def _draw(count: int, seed: int) -> list[City]:
    """Different cities, the larger the likelier."""
    rng = random.Random(seed)
    return sorted(cities(), key=lambda city: rng.random() ** (1 / city.population))[-count:]


def _launch(app: Flask, double: Double, city: City) -> dict[str, Any]:
    """Milliseconds until the launch is committed, and until the double saw the first create request.

    ``cpu_ms`` is the processor time of the launching thread until it is committed.
    """
    double.reset()
    double.turn(callbacks=False)
    with app.app_context():
        callout = callout_at(
            city.name, (city.lat, city.lon), NOW, section_id=1, skill_ids=_SKILL_IDS, country="IT"
        )
        db.session.add(callout)
        db.session.commit()
        callout_id = callout.id
        db.session.remove()
        nothing_left = watch(str(db.engine.url))
        # Wall clock, since the double tells wall time; both processes read the same machine's.
        started, worked = time.time(), time.thread_time()
        launched = callouts.launch(SYSTEM, callout_id)
        committed, worked = time.time(), time.thread_time() - worked
        asked = sum(wave.size for wave in launched.waves)
        db.session.remove()
    deadline = time.monotonic() + _LONGEST_S
    while not nothing_left() and time.monotonic() < deadline:
        time.sleep(0.02)
    seen = double.summary()
    first = seen["first_create_at"]
    return {
        "city": city.name,
        "asked": asked,
        "texts": seen["reached"],
        "cpu_ms": worked * 1000,
        "committed_ms": (committed - started) * 1000,
        "first_text_ms": (first - started) * 1000 if first else None,
    }


def main(step: str, path: Path, count: int, seed: int) -> None:
    work = {"populate": populate_file, "measure": measure}[step]
    sys.stdout.write(json.dumps(work(path, count, seed)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
