"""What a webhook brings is durable before it is acknowledged, whatever the database does meanwhile."""

import fcntl
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import create_engine, select, text

from mobilize.extensions import db
from mobilize.models import InboundMessage, StatusCallback
from mobilize.services import inbox, intake, receipts
from mobilize.services.runtime import work_waiting
from mobilize.services.turnstile import NEXT, Turnstile
from tests.conftest import count

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def text_of(sid: str, body: str = "1", phone: str = "+355692000001") -> bool:
    return inbox.store_inbound(sid=sid, from_phone=phone, to_phone="+15005550006", body=body, raw={})


def report_of(sid: str, status: str = "delivered") -> bool:
    return receipts.store_status(sid=sid, status=status, error_code=None, message_id=None)


class Requests:
    """Webhooks that come in at the same time, each in a thread of its own."""

    def __init__(self, app: Flask, pool: ThreadPoolExecutor) -> None:
        self._app, self._pool = app, pool

    def __call__(self, work: Callable[..., bool], *args: Any) -> Future[bool]:
        return self._pool.submit(self._in_app, work, *args)

    def _in_app(self, work: Callable[..., bool], *args: Any) -> bool:
        with self._app.app_context():
            return work(*args)


@pytest.fixture
def request_(app: Flask) -> Iterator[Requests]:
    with ThreadPoolExecutor(32) as pool:
        yield Requests(app, pool)


@contextmanager
def held(app: Flask) -> Iterator[None]:
    """Somebody else holds the database: nothing can be stored until they let go."""
    with app.app_context():
        engine = create_engine(db.engine.url)
    with engine.connect() as connection, connection.begin():  # on SQLite this takes the lock
        if engine.dialect.name == "postgresql":
            connection.execute(text("LOCK TABLE inbound_message, status_callback IN EXCLUSIVE MODE"))
        yield
    engine.dispose()


def gather(app: Flask, rows: int) -> None:
    """Wait until this many rows wait for the writer."""
    waiting = app.extensions["mobilize.intake"]._queue
    until = time.monotonic() + 5
    while waiting.qsize() < rows:
        assert time.monotonic() < until
        time.sleep(0.005)


def bodies() -> list[str]:
    return list(db.session.scalars(select(InboundMessage.body).order_by(InboundMessage.id)))


# Durable, once


def test_what_is_stored_is_there_for_everybody(app: Flask) -> None:
    assert text_of("SM1")
    assert report_of("SM1")
    other = create_engine(db.engine.url)
    with other.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM inbound_message")) == 1
        assert connection.scalar(text("SELECT count(*) FROM status_callback")) == 1
    other.dispose()


def test_a_thousand_at_once_are_stored_each(request_: Requests) -> None:
    answers = [request_(text_of, f"SM{n}") for n in range(500)]
    answers += [request_(report_of, f"SM{n}") for n in range(500)]
    assert all(answer.result() for answer in answers)
    assert (count("inbound_message"), count("status_callback")) == (500, 500)


def test_a_thousand_times_the_same_is_stored_once(request_: Requests) -> None:
    answers = [request_(report_of, f"SM{n % 2}") for n in range(1000)]
    assert sum(answer.result() for answer in answers) == 2
    assert count("status_callback") == 2


def test_what_one_person_sends_stays_in_order(app: Flask, request_: Requests) -> None:
    text_of("SM0")
    with held(app):
        first = request_(text_of, "SM1", "the one that the writer is at")
        time.sleep(0.05)
        answers = [first]
        for n, sid in enumerate(("SMc", "SMa", "SMb"), start=1):
            answers.append(request_(text_of, sid, str(n)))
            gather(app, n)
    assert all(answer.result() for answer in answers)
    assert bodies()[2:] == ["1", "2", "3"]


def test_the_open_transaction_is_ended_and_kept(app: Flask) -> None:
    """On SQLite the writer would wait for it for ever."""
    db.session.add(StatusCallback(sid="SM1", status="sent", received_at=app.extensions["mobilize"].clock.now()))
    db.session.flush()
    assert text_of("SM2")
    db.session.rollback()
    assert count("status_callback") == 1


# Rows that cannot be stored


def test_a_bad_row_is_refused_and_the_others_of_its_group_are_stored(app: Flask, request_: Requests) -> None:
    text_of("SM0")
    with held(app):
        first = request_(text_of, "SM1")
        time.sleep(0.05)
        good = [request_(text_of, f"SM{n}") for n in range(2, 6)]
        bad = request_(text_of, "SM9", "\ud800")
        gather(app, 5)
    assert all(answer.result() for answer in [first, *good])
    with pytest.raises(intake.NotStored):
        bad.result()
    assert count("inbound_message") == 6


def test_an_engine_that_cannot_be_woken_costs_nobody_anything(app: Flask) -> None:
    def ring(_sender: object) -> None:
        raise RuntimeError("the bell is broken")

    with work_waiting.connected_to(ring):
        assert [text_of("SM1"), text_of("SM2")] == [True, True]


# A database that is away


def test_a_pause_of_the_database_is_waited_for(app: Flask, request_: Requests) -> None:
    with held(app):
        answers = [request_(text_of, f"SM{n}") for n in range(20)]
        time.sleep(0.8)
    assert all(answer.result() for answer in answers)
    assert count("inbound_message") == 20


def test_nobody_waits_for_long_and_later_ones_not_at_all(
    app: Flask, request_: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "PATIENCE_S", 0.4)
    with held(app):
        began = time.monotonic()
        answers = [request_(text_of, f"SM{n}") for n in range(10)]
        for answer in answers:
            with pytest.raises(intake.NotStored):
                answer.result()
        assert time.monotonic() - began < 2
        time.sleep(0.1)
        with pytest.raises(intake.NotStored, match="at present"):
            text_of("SM99")
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            assert text_of("SM100")
            break
        except intake.NotStored:
            time.sleep(0.05)
    assert "SM100" in set(db.session.scalars(select(InboundMessage.sid)))


def test_more_than_can_wait_is_refused_at_once(
    app: Flask, request_: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "LONGEST_QUEUE", 3)
    text_of("SM0")
    with held(app):
        answers = [request_(text_of, "SM1")]
        time.sleep(0.05)
        answers += [request_(text_of, f"SM{n}") for n in range(2, 5)]
        gather(app, 3)
        with pytest.raises(intake.NotStored, match="Too much"):
            text_of("SM9")
    assert all(answer.result() for answer in answers)


@on_postgresql
def test_a_broken_connection_is_replaced_unnoticed(app: Flask) -> None:
    assert text_of("SM1")
    with psycopg.connect(db.engine.url.set(drivername="postgresql").render_as_string(False)) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert text_of("SM2")


@on_postgresql
def test_two_processes_with_the_same_rows_do_not_lock_each_other_out(app: Flask, request_: Requests) -> None:
    """Deliveries that a provider makes twice, to both processes, in opposite order."""
    other = intake.Intake(db.engine.url)

    def at_the_other(sid: str) -> bool:
        row = {"sid": sid, "status": "sent", "received_at": app.extensions["mobilize"].clock.now()}
        return other.store(StatusCallback.__table__, row, f"{sid} sent")  # type: ignore[arg-type]

    for turn in range(5):
        sids = [f"SM{turn}-{n:02d}" for n in range(12)]
        answers = [request_(report_of, sid, "sent") for sid in sids]
        answers += [request_(at_the_other, sid) for sid in reversed(sids)]
        began = time.monotonic()
        assert sum(answer.result() for answer in answers) == 12
        assert time.monotonic() - began < 0.9  # PostgreSQL looks for deadlocks after a second


# Processes and threads


def test_the_writer_goes_when_there_is_nothing_to_do_and_comes_back(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "IDLE_S", 0.05)
    assert text_of("SM1")
    until = time.monotonic() + 5
    while app.extensions["mobilize.intake"]._thread is not None:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert text_of("SM2")


def test_a_row_that_comes_while_the_writer_goes_is_stored(
    app: Flask, request_: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its last look at the queue and its end."""
    monkeypatch.setattr(intake, "IDLE_S", 0.05)
    monkeypatch.setattr(intake, "PATIENCE_S", 1.0)
    going, late = threading.Event(), Queue[Future[bool]]()
    disconnect = intake.Intake._disconnect

    def disconnect_slowly(self: intake.Intake) -> None:
        if not going.is_set():
            going.set()
            late.put(request_(text_of, "SM2"))
            time.sleep(0.2)
        disconnect(self)

    monkeypatch.setattr(intake.Intake, "_disconnect", disconnect_slowly)
    assert text_of("SM1")
    assert late.get(timeout=5).result()


def in_a_fork(app: Flask, work: Callable[[], Any]) -> int | None:
    """Do something in a copy of this process, which shares nothing but what was there before."""

    def run() -> None:
        with app.app_context():
            os._exit(0 if work() else 3)

    child = multiprocessing.get_context("fork").Process(target=run)
    child.start()
    child.join(timeout=20)
    assert child.exitcode is not None
    return child.exitcode


def test_a_forked_process_has_a_writer_of_its_own(app: Flask) -> None:
    assert text_of("SM1")  # the parent's writer runs and has a connection
    assert in_a_fork(app, lambda: text_of("SM2")) == 0
    assert text_of("SM3")
    assert count("inbound_message") == 3


def test_killed_between_commit_and_answer_it_is_stored_once(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(intake.Intake, "_let_go", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        assert in_a_fork(app, lambda: text_of("SM1")) == -signal.SIGKILL
    assert not text_of("SM1")  # the provider brings it again
    assert count("inbound_message") == 1


def test_who_has_just_written_does_not_overtake_who_waits(tmp_path: Path) -> None:
    path = tmp_path / "turns"
    order = multiprocessing.get_context("fork").Queue()

    def wait_for_a_turn() -> None:
        with Turnstile(path).turn():
            order.put("the one that waited")

    other = multiprocessing.get_context("fork").Process(target=wait_for_a_turn)
    here = Turnstile(path)
    with here.turn():
        other.start()
        until = time.monotonic() + 5
        while not next_is_taken(path):
            assert time.monotonic() < until
    with here.turn():
        order.put("the one that came back")
    assert [order.get(timeout=5), order.get(timeout=5)] == ["the one that waited", "the one that came back"]
    other.join(timeout=5)


def next_is_taken(path: Path) -> bool:
    """Asked in a process of its own: a process never stands in its own way."""

    def look() -> None:
        with path.open("r+") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, NEXT)
            except OSError:
                os._exit(0)
            os._exit(1)

    child = multiprocessing.get_context("fork").Process(target=look)
    child.start()
    child.join(timeout=5)
    return child.exitcode == 0


def test_where_no_file_can_be_locked_rows_are_stored_all_the_same(app: Flask, tmp_path: Path) -> None:
    for turnstile in (Turnstile(tmp_path), Turnstile(tmp_path / "not" / "there")):
        with turnstile.turn():
            assert text_of(f"SM{id(turnstile)}")
        turnstile.close()
