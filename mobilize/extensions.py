"""One instance each of the Flask extensions, and how SQLite is to behave."""

import sqlite3
from typing import Any

from flask import has_request_context, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_migrate import Migrate
from flask_security import Security
from flask_smorest import Api
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import Connection, Engine, event

from mobilize.models import Base

# Models inherit from our own declarative base, so that they do not depend on Flask.
db = SQLAlchemy(metadata=Base.metadata)
migrate = Migrate(db=db)
api = Api()
security = Security()
csrf = CSRFProtect()
limiter = Limiter(key_func=get_remote_address, storage_uri="memory://")


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Durable, with foreign keys, and with transactions that begin when we say so."""
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once, unless this is a request that only reads.

    A transaction that reads first and writes later can fail in the middle on SQLite, however
    long it waits; one that holds the lock from the start cannot.
    """
    if connection.dialect.name == "sqlite":
        only_reads = has_request_context() and request.method in ("GET", "HEAD", "OPTIONS")
        connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")
