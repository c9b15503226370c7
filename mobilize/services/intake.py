"""Durable before it is acknowledged: one thread of each process stores what webhooks bring, in groups.

A request puts its row in a queue and waits. The writer takes every row that waits, stores them in one
transaction and lets their requests go once the commit is durable. While it commits, the next group
gathers. What we have already is no error: providers repeat.

A request waits at most `PATIENCE_S`. As long as the database takes nothing, further ones are refused at
once, so that no provider hangs until it gives up; the writer goes on trying, also when nobody waits.
"""

import os
import queue
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import URL, Connection, Engine, Table, UniqueConstraint, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.pool import NullPool
from sqlalchemy.sql.dml import ReturningInsert

from mobilize.domain.errors import MobilizeError
from mobilize.extensions import db
from mobilize.models import Base

from .runtime import work_waiting
from .turnstile import Turnstile

log = structlog.get_logger(__name__)

#: How long a request waits for its row to be durable. Twilio gives up after 15 s, repetitions included.
PATIENCE_S = 5.0
#: Rows in one transaction, and rows that may wait for one.
LARGEST_GROUP = 256
LONGEST_QUEUE = 1024
#: A writer without work lets its connection and its thread go; so no connection grows old unused.
IDLE_S = 1.0
#: Between two attempts to reach a database that is away or busy.
_PAUSE_S = 0.1
#: SQLite's own wait for its lock, in one attempt.
_LOCK_MS = 400
#: What was stored is told at most this often.
_TELL_S = 1.0


class NotStored(MobilizeError):
    """What came could not be made durable; whoever brought it should bring it again."""


@dataclass(slots=True, eq=False)
class _Ticket:
    """One row and the request that waits for it. The lock is held until the row's fate is known."""

    table: Table
    row: Mapping[str, Any]
    order: str
    deadline: float
    known: threading.Lock = field(default_factory=threading.Lock)
    new: bool = False
    error: Exception | None = None

    def __post_init__(self) -> None:
        self.known.acquire()


@dataclass(slots=True)
class _Tally:
    """What was stored since the last line about it. A line for each webhook would cost more than storing it."""

    told_at: float = 0.0
    rows: int = 0
    new: int = 0
    groups: int = 0

    def count(self, group: Sequence[_Ticket]) -> None:
        self.groups += 1
        self.rows += len(group)
        self.new += sum(ticket.new for ticket in group)

    def tell_now_and_then(self) -> None:
        if time.monotonic() - self.told_at >= _TELL_S:
            self.tell()

    def tell(self) -> None:
        if self.rows:
            log.info("stored what came in", rows=self.rows, new=self.new, groups=self.groups)
        self.told_at = time.monotonic()
        self.rows = self.new = self.groups = 0


def store(model: type[Base], row: Mapping[str, Any], order: str) -> bool:
    """Keep one row, durably, once; False if its unique columns are known already. Ends the open transaction.

    Rows of a group go in by ``order``, then as they came: two processes that store the same rows at the
    same time then wait for each other in one direction only. Raises `NotStored`.
    """
    if db.session.registry.has():
        db.session.commit()  # the writer has a connection of its own and would wait for this one
    table: Table = model.__table__  # type: ignore[assignment]
    return _here().store(table, row, order)


def _here() -> "Intake":
    """This application's intake; it connects to nothing before the first row."""
    intake: Intake | None = current_app.extensions.get("mobilize.intake")
    if intake is None:
        intake = current_app.extensions.setdefault("mobilize.intake", Intake(db.engine.url))
    return intake


class Intake:
    """A queue and, while there is something in it, one thread that empties it into the database."""

    def __init__(self, url: URL) -> None:
        self._engine = _engine(url)
        self._turnstile_path = _turnstile_path(url)
        self._turnstile: Turnstile | None = None
        self._connection: Connection | None = None
        self._start_over()
        _INTAKES.add(self)

    def store(self, table: Table, row: Mapping[str, Any], order: str) -> bool:
        """See the function of the same name. For any number of threads."""
        began = self._busy_since or time.monotonic()
        # Who comes when the writer has been stuck for a while waits only for the rest of its patience: a
        # server's threads that wait in turns would make the last one wait several times as long.
        patience = began + PATIENCE_S - time.monotonic()
        if patience <= 0:
            raise NotStored("The database takes nothing at present; send it again.")
        if self._queue.qsize() >= LONGEST_QUEUE:
            raise NotStored("Too much comes in at once; send it again.")
        ticket = _Ticket(table, row, order, began + PATIENCE_S)
        self._queue.put(ticket)
        if self._thread is None:
            self._start()
        if not ticket.known.acquire(timeout=patience):
            raise NotStored("The database did not take it in time; send it again.")
        if ticket.error is not None:
            raise NotStored("The database refuses it.") from ticket.error
        return ticket.new

    def _start_over(self) -> None:
        """A process begins, perhaps a forked one: what was under way is its parent's."""
        if self._connection is not None:
            _PARENTS.append(self._connection)  # to close it here would end it for the parent, too
        self._connection = None
        self._queue: queue.SimpleQueue[_Ticket] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        #: Since when the writer has been at what it is at (monotonic seconds).
        self._busy_since: float | None = None
        self._tally = _Tally()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="intake", daemon=True)
                self._thread.start()

    # --- the writer's thread -----------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            group = self._gather()
            if group:
                self._busy_since = time.monotonic()
                try:
                    self._store_all(group)
                    self._tally.tell_now_and_then()
                except Exception:  # whatever it was, those who come next need a writer
                    log.critical("a fault in the writer itself", exc_info=True)
                self._busy_since = None
            elif self._ended():
                return

    def _gather(self) -> list[_Ticket]:
        """Every row that waits; none if there is none for `IDLE_S`."""
        group: list[_Ticket] = []
        try:
            group.append(self._queue.get(timeout=IDLE_S))
            while len(group) < LARGEST_GROUP:
                group.append(self._queue.get_nowait())
        except queue.Empty:
            pass
        return group

    def _ended(self) -> bool:
        """Whether this thread may end.

        First it is nobody's writer any more, then it looks at the queue: a row that came before is seen
        here, and who puts one in later sees that a writer is needed. It waits for the lock until this one
        has let its connection go.
        """
        self._tally.tell()
        with self._lock:
            ending, self._thread = self._thread, None
            if not self._queue.empty():
                self._thread = ending
                return False
            self._disconnect()
            return True

    def _store_all(self, group: Sequence[_Ticket]) -> None:
        """Store a group, in as many attempts as it takes while somebody waits for it."""
        attempts = 0
        while group:
            attempts += 1
            try:
                self._commit(group)
            except Exception as error:  # noqa: BLE001 (whatever it was, those who wait must hear of it)
                self._disconnect()
                if _speaks_of_a_row(error):
                    self._store_apart(group, error)
                    return
                if attempts == 1:
                    log.warning("what came in cannot be stored yet", waiting=len(group), error=str(error))
                time.sleep(_PAUSE_S)
                group = [ticket for ticket in group if ticket.deadline > time.monotonic()]
            else:
                self._let_go(group)
                return
        self._outlast()

    def _store_apart(self, group: Sequence[_Ticket], error: Exception) -> None:
        """One row spoils a group, but only itself: each is stored alone, and the bad one is refused."""
        if len(group) > 1:
            for ticket in group:
                self._store_all([ticket])
            return
        (ticket,) = group
        log.error("a row was refused", table=ticket.table.name, order=ticket.order, exc_info=error)
        ticket.error = error
        ticket.known.release()

    def _commit(self, group: Sequence[_Ticket]) -> None:
        """One transaction. When it returns, the rows are durable and each ticket knows whether it was new."""
        by_table: dict[Table, list[_Ticket]] = {}
        for ticket in sorted(group, key=lambda one: (one.table.name, one.order)):
            by_table.setdefault(ticket.table, []).append(ticket)
        connection, stored = self._connected(), {}
        with self._turn(), connection.begin():
            for table, tickets in by_table.items():
                rows = connection.execute(
                    _insert(table, self._engine.dialect.name), [ticket.row for ticket in tickets]
                )
                stored[table] = {tuple(row) for row in rows}
        for table, tickets in by_table.items():
            names = _key(table)
            for ticket in tickets:
                key = tuple(ticket.row[name] for name in names)
                ticket.new = key in stored[table]
                stored[table].discard(key)  # the second of two in one group is not new

    def _let_go(self, group: Sequence[_Ticket]) -> None:
        for ticket in group:
            ticket.known.release()
        self._tally.count(group)
        work_waiting.send()

    def _outlast(self) -> None:
        """Nobody waits any more, but the database is still away: new rows are refused until it is back."""
        while not self._reachable():
            time.sleep(_PAUSE_S)
        log.warning("the database takes what comes in again")

    def _reachable(self) -> bool:
        try:
            with self._connected().begin() as transaction:  # on SQLite this takes the writer's lock
                transaction.connection.execute(text("SELECT 1"))
        except DBAPIError:
            self._disconnect()
            return False
        return True

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _turn(self) -> AbstractContextManager[None]:
        """On SQLite, the processes' writers take turns; PostgreSQL lets them write at the same time."""
        if self._turnstile_path is None:
            return nullcontext()
        if self._turnstile is None:
            self._turnstile = Turnstile(self._turnstile_path)
        return self._turnstile.turn()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        turnstile, self._turnstile = self._turnstile, None
        if turnstile is not None:
            turnstile.close()


def _engine(url: URL) -> Engine:
    """An engine for one connection at a time, so that pages that use up the pool hold up no webhook."""
    if url.get_backend_name() != "sqlite":
        # A network that swallows packets shows after seconds, not after the minutes of TCP.
        waits = {"connect_timeout": 3, "tcp_user_timeout": int(PATIENCE_S * 1000)}
        return create_engine(url, poolclass=NullPool, connect_args=waits)
    engine = create_engine(url, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _wait_less(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA busy_timeout={_LOCK_MS}")

    return engine


def _turnstile_path(url: URL) -> Path | None:
    return Path(f"{url.database}-intake") if url.get_backend_name() == "sqlite" and url.database else None


@cache
def _insert(table: Table, dialect: str) -> ReturningInsert[Any]:
    """Insert what is new, and tell which that was."""
    maker = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return maker(table).on_conflict_do_nothing().returning(*(table.c[name] for name in _key(table)))


@cache
def _key(table: Table) -> tuple[str, ...]:
    """The columns that tell a row from a repeated one."""
    unique = next(one for one in table.constraints if isinstance(one, UniqueConstraint))
    return tuple(column.name for column in unique.columns)


def _speaks_of_a_row(error: Exception) -> bool:
    """Whether the fault is in what was to be stored. Else it is the database's, and may pass."""
    return not isinstance(error, DBAPIError) or isinstance(error, IntegrityError | DataError)


_INTAKES: weakref.WeakSet[Intake] = weakref.WeakSet()
#: Connections that belong to the process that this one was forked from.
_PARENTS: list[Connection] = []


def _forked() -> None:
    for intake in _INTAKES:
        intake._start_over()


os.register_at_fork(after_in_child=_forked)
