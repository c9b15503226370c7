"""One run of ``bench crash``: texts are on their way while processes are killed; then all is counted."""

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlalchemy import make_url

from config import load_settings
from mobilize import create_app
from mobilize.domain.delivery import DoubtEnding
from mobilize.domain.vocabulary import Severity
from mobilize.extensions import db
from tests.twilio_double.process import Double

from . import crash_counts, crash_scene
from .crash_processes import Crew, Postgres, Zygote, kind_of
from .crash_zygote import worker_of
from .dispatch_scene import phone

#: Call-outs are launched this many kills ahead, in portions for so many kills.
_AHEAD, _PORTION = 6, 3
#: The sender's pace, as a multiple of texts by time: some of it is lost while engines start.
_HASTE = 1.15
#: A web server that was killed stays away for at most this long; seconds.
_AWAY_S = 0.4
#: One kill in so many is PostgreSQL's; of the others this share is the web server's.
SERVER_EVERY = 100
_WEB_SHARE = 0.25
#: After the last kill: how long until everything must be settled, and how long nothing may happen then.
_DRAIN_S, _STILL_S = 150.0, 1.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """What the provider does, and how we are set up for it."""

    name: str
    knobs: Mapping[str, Any]
    settings: Mapping[str, str] = field(default_factory=dict)
    #: Of the call-outs, in turn.
    severities: tuple[Severity, Severity] = (Severity.SEVERE, Severity.SEVERE)


@dataclass(frozen=True, slots=True)
class Order:
    """How much of a scenario, on which database. ``every_s``: seconds between two kills, in the mean."""

    database: str
    kills: int
    texts: int
    seed: int
    every_s: float


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a run takes place. ``server``: PostgreSQL, if the database is there."""

    url: str
    double: Double
    zygote: Zygote
    server: Postgres | None


@dataclass
class Killed:
    """What the killer did."""

    by_kind: Counter[str] = field(default_factory=Counter)
    #: Kills that hit an engine with texts in ``sending``, and how many texts those were.
    with_texts: int = 0
    texts: int = 0
    recovery_s: float = 0.0
    seconds: float = 0.0


class Run:
    """One scenario on one database. All in one thread: launch, wait, kill, start again."""

    def __init__(self, scenario: Scenario, order: Order, stage: Stage) -> None:
        self._scenario = scenario
        self._order = order
        self._double = stage.double
        self._zygote = stage.zygote
        self._server = stage.server
        self._rng = random.Random(f"{order.seed} {scenario.name} {order.database}")
        port = crash_scene.free_port(self._rng)
        # A text has one segment. At this pace the last texts go about when the last kills come.
        rate = _HASTE * order.texts / (order.kills * order.every_s)
        self._settings = crash_scene.environment(
            stage.url, stage.double.url, port, {"SENDER_RATES": f"us_long_code={rate:.2f}", **scenario.settings}
        )
        self._port = port
        self._look = Look(stage.url)
        self._asked = self._callouts = 0
        self.killed = Killed()

    def play(self) -> dict[str, Any]:
        """The row of this run."""
        order = self._order
        self._double.reset()
        self._double.turn(seed=order.seed, record_requests=False, record_calls=False, **self._scenario.knobs)
        app = create_app(load_settings(self._settings))
        self._zygote.use(self._settings, self._port)
        began = time.monotonic()
        with app.app_context():
            crash_scene.seed(order.texts)
            crew = Crew(self._zygote, 1 if self._server is None else 3)
            try:
                self._kill_and_restart(crew)
                self._launch(order.texts)
                self._drain()
                seconds = time.monotonic() - began
            finally:
                crew.kill_all()
            db.session.remove()
            row = self._row(seconds)
            db.session.remove()
            db.engine.dispose()
        self._look.close()
        return row

    # The killer

    def _kill_and_restart(self, crew: Crew) -> None:
        began = due = time.monotonic()
        for n in range(self._order.kills):
            due += self._order.every_s * self._rng.uniform(0.1, 1.9)
            if n % _PORTION == 0:
                self._launch(self._order.texts * (n + _AHEAD) // self._order.kills)
            time.sleep(max(0.0, due - time.monotonic()))
            due = max(due, time.monotonic())
            self._strike(n, crew)
        self.killed.seconds = time.monotonic() - began

    def _strike(self, n: int, crew: Crew) -> None:
        """Kill something and start it again."""
        if self._server is not None and n % SERVER_EVERY == min(SERVER_EVERY, self._order.kills) // 2:
            self.killed.by_kind["server"] += 1
            self.killed.recovery_s += self._server.kill()
            db.engine.dispose()  # our own connections are dead, too
            return
        name = "web" if self._rng.random() < _WEB_SHARE else self._rng.choice(crew.engines)
        pid = crew.pid(name)
        crew.kill(name)
        self.killed.by_kind[kind_of(name)] += 1
        if name == "web":
            time.sleep(self._rng.uniform(0, _AWAY_S))
        elif texts := self._look.sending_of(worker_of(pid)):
            self.killed.with_texts += 1
            self.killed.texts += texts
        crew.start(name)

    def _launch(self, upto: int) -> None:
        """Launch one more call-out, so that this many people are asked in all."""
        people = range(self._asked + 1, min(upto, self._order.texts) + 1)
        if not people:
            return
        self._callouts += 1
        crash_scene.launch(people, self._scenario.severities[self._callouts % 2])
        db.session.remove()
        self._asked = people[-1]

    # The end

    def _drain(self) -> None:
        """Wait until nothing is left to do, anywhere, and nothing has changed for a moment."""
        deadline = time.monotonic() + _DRAIN_S
        while time.monotonic() < deadline:
            before = self._done()
            time.sleep(_STILL_S)
            if before is not None and before == self._done():
                return

    def _done(self) -> tuple[int, int] | None:
        """Texts that reached phones and callbacks made; ``None`` while there is work."""
        if self._look.work_left():
            return None
        seen = self._double.summary()
        return None if seen["pending"] else (seen["reached"], seen["callbacks"]["calls"])

    def _row(self, seconds: float) -> dict[str, Any]:
        order, killed = self._order, self.killed
        texts, ledger = crash_counts.texts_of_database(), self._double.ledger()
        phones = [phone(n) for n in range(1, order.texts + 1)]
        verdict = crash_counts.judge(phones, texts, ledger)
        reached = {arrival["to"] for arrival in ledger}
        given_up = [text for text in texts if text.doubt_ending is DoubtEnding.GIVEN_UP]
        seen = self._double.summary()
        return {
            "scenario": self._scenario.name,
            "database": order.database,
            "texts": len(texts),
            "kills": killed.by_kind.total(),
            **{f"kills_{kind}": killed.by_kind[kind] for kind in ("engine", "web", "server")},
            "kills_amid_sending": killed.with_texts,
            "texts_in_sending_at_kills": killed.texts,
            "lost": len(verdict.lost),
            "twice": len(verdict.twice),
            "second_texts": verdict.second_texts,
            "second_texts_noticed": crash_counts.second_copies_noticed(),
            "most_copies": verdict.most_copies,
            "given_up_and_reached": sum(text.phone in reached for text in given_up),
            "lost_untold": len(verdict.lost_untold),
            "reached_untold": len(verdict.reached_untold),
            "unexplained_copies": len(verdict.unexplained),
            "strangers": len(verdict.strangers),
            "unfinished": len(verdict.unfinished),
            "chain_faults": len(verdict.chain_faults),
            "wrong_sids": len(verdict.wrong_sids),
            "states": dict(Counter(text.state.value for text in texts)),
            **crash_counts.doubts(texts),
            **_of_the_double(seen),
            "recovery_seconds": round(killed.recovery_s, 1),
            "kill_seconds": round(killed.seconds, 1),
            "seconds": round(seconds, 1),
            "examples": _examples(verdict),
        }


def _of_the_double(seen: Mapping[str, Any]) -> dict[str, int]:
    requests, callbacks = seen["requests"], seen["callbacks"]
    return {
        "requests": sum(requests.values()),
        **{name: requests.get(name, 0) for name in ("slow_down", "error_after", "hang_after", "error_before")},
        **{f"callbacks_{name}": callbacks[name] for name in ("due", "lost", "duplicated", "repeated")},
        "texts_reordered": callbacks["reordered"],
        "callbacks_missed_by_us": callbacks["given_up"],
    }


def _examples(verdict: crash_counts.Verdict) -> dict[str, list[str]]:
    kinds = (
        "lost_untold",
        "reached_untold",
        "unexplained",
        "strangers",
        "unfinished",
        "chain_faults",
        "wrong_sids",
    )
    found = {kind: list(getattr(verdict, kind))[: crash_counts.EXAMPLES] for kind in kinds}
    return {kind: some for kind, some in found.items() if some}


class Look:
    """Looks into the database from outside the product's pool and locks; also after the server was killed."""

    _LEFT = (
        "SELECT EXISTS (SELECT 1 FROM message WHERE state IN ('queued', 'sending', 'unknown'))"
        " OR EXISTS (SELECT 1 FROM status_callback WHERE applied_at IS NULL)"
    )

    def __init__(self, address: str) -> None:
        self._url = make_url(address)
        self._connection: Any = None

    def sending_of(self, worker: str) -> int:
        """Texts in ``sending`` that this worker has claimed."""
        return int(
            self._ask(f"SELECT count(*) FROM message WHERE state = 'sending' AND claimed_by = '{worker}'")
        )

    def work_left(self) -> bool:
        """Whether a text or a report waits for us."""
        return bool(self._ask(self._LEFT))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _ask(self, question: str) -> Any:
        for last in (False, True):
            try:
                if self._connection is None:
                    self._connection = self._connect()
                return self._connection.execute(question).fetchone()[0]
            except psycopg.OperationalError:  # of a server that was killed since
                self._connection = None
                if last:
                    raise
        raise AssertionError

    def _connect(self) -> Any:
        if self._url.get_backend_name() == "sqlite":
            return sqlite3.connect(f"file:{self._url.database}?mode=ro", uri=True, isolation_level=None)
        address = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(address, autocommit=True)
