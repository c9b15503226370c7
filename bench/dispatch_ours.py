"""Ours, in processes of its own: make people, ask them, and send what is queued.

``python -m bench.dispatch_ours seed|ask|send RECIPIENTS`` takes its settings from the environment, as the
product does, and prints one line of JSON.
"""

import json
import sys
import threading
import time
from datetime import UTC, datetime
from typing import Any, Self

import psutil  # type: ignore[import-untyped]
from flask import Flask
from sqlalchemy import func, insert, select

from config import load_settings
from mobilize import create_app
from mobilize.domain.vocabulary import CalloutMode, PlaceKind
from mobilize.engine import Engine
from mobilize.extensions import db
from mobilize.models import Base, Callout, Message, Section, Skill
from mobilize.services import asking
from mobilize.services.selection import Candidate

from .dispatch_scene import callout_at, person, watch

_BATCH = 20_000
TIRANA = (41.33, 19.82)
#: A run that has not sent everything by then is reported as it stands.
LONGEST_S = 300.0


def seed(recipients: int) -> dict[str, Any]:
    """The tables, this many people who may be called, and a running callout that has asked nobody."""
    Base.metadata.create_all(db.engine)
    at = datetime.now(UTC)
    section = Section(code="root", name="Federation", short_name="Red Cross", country="AL", path="/1/")
    skill = Skill(code="medic", name="medic", requires_certificate=False)
    db.session.add_all([section, skill])
    db.session.flush()
    for first in range(1, recipients + 1, _BATCH):
        ids = range(first, min(first + _BATCH, recipients + 1))
        db.session.execute(insert(Base.metadata.tables["volunteer"]), [person(n, section.id, at) for n in ids])
    db.session.add(
        callout_at(
            "Tirana",
            TIRANA,
            at,
            section_id=section.id,
            skill_ids=[skill.id],
            country="AL",
            mode=CalloutMode.EVERYONE,
            launched_at=at,
        )
    )
    db.session.commit()
    return {"recipients": recipients}


def ask(recipients: int) -> dict[str, Any]:
    """Ask everyone in one wave: the seconds until their texts are committed."""
    callout = db.session.scalars(select(Callout)).one()
    lat, lon = TIRANA
    people = [
        Candidate(n, frozenset({1}), PlaceKind.HOME, lat, lon, float(n)) for n in range(1, recipients + 1)
    ]
    with Memory() as memory:
        started, worked = time.perf_counter(), time.process_time()
        asked = asking.ask(callout, people, "all of them, for the bench")
        db.session.commit()
        seconds, worked = time.perf_counter() - started, time.process_time() - worked
    return {"asked": asked, "seconds": seconds, "cpu_seconds": worked, "peak_rss_mb": memory.peak_mb()}


def send(app: Flask) -> dict[str, Any]:
    """Let an engine send all that is queued: the seconds until the last outcome is committed."""
    with app.app_context():
        nothing_left = watch(db.engine.url.render_as_string(hide_password=False))
    engine = Engine(app)
    with Memory() as memory:
        started, worked = time.perf_counter(), time.process_time()
        engine.start()
        while not nothing_left() and time.perf_counter() - started < LONGEST_S:
            time.sleep(0.1)
        seconds = time.perf_counter() - started
        worked = time.process_time() - worked
    engine.stop()
    return {
        "seconds": seconds,
        "cpu_seconds": worked,
        "peak_rss_mb": memory.peak_mb(),
        "later_to_earlier_rss": memory.later_to_earlier(),
        **_found(app),
    }


def _found(app: Flask) -> dict[str, Any]:
    """How many texts are in which state, and how many have the provider's identifier."""
    with app.app_context():
        states = db.session.execute(select(Message.state, func.count()).group_by(Message.state)).all()
        named = db.session.scalar(select(func.count(Message.sid)))
        db.session.rollback()
    return {"states": {state.value: count for state, count in states}, "with_sid": named}


class Memory:
    """Samples the resident memory of this process in the background; megabytes of 10^6 bytes."""

    EVERY_S = 0.1

    def __init__(self) -> None:
        self._samples: list[float] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _sample(self) -> None:
        process = psutil.Process()
        while True:
            self._samples.append(process.memory_info().rss / 1e6)
            if self._end.wait(self.EVERY_S):
                return

    def peak_mb(self) -> float:
        return max(self._samples)

    def later_to_earlier(self) -> float:
        """The peak of the second half of the time, as a multiple of that of the first."""
        middle = max(1, len(self._samples) // 2)
        return max(self._samples[middle:] or self._samples) / max(self._samples[:middle])


def main(step: str, recipients: int) -> None:
    app = create_app(load_settings())
    if step == "send":
        result = send(app)
    else:
        with app.app_context():
            result = {"seed": seed, "ask": ask}[step](recipients)
            db.session.remove()
            db.engine.dispose()
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
