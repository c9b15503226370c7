"""Taking turns at a SQLite database: whoever has just written cannot overtake whoever waits.

SQLite lets the processes that wait for its lock sleep and look again, so that one which writes without
pause keeps the others out for half a second and more. Here the kernel wakes the next one. Correctness does
not rest on this: SQLite's own lock stays what it is, and decides where a file cannot be locked. The locks of
a process that dies go with it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: The bytes of the file that are locked: one by who is next, one by who writes.
NEXT, NOW = 0, 1


class Turnstile:
    """A file beside the database, with one writer of each process before it."""

    def __init__(self, path: Path) -> None:
        self._file: int | None = None
        with suppress(OSError):
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the turn and hold it. Whoever comes back waits behind the one that is next already."""
        file = self._file
        if file is None:
            yield
            return
        with suppress(OSError):
            _pass(file)
        try:
            yield
        finally:
            with suppress(OSError):
                fcntl.lockf(file, fcntl.LOCK_UN, 1, NOW)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)


def _pass(file: int) -> None:
    fcntl.lockf(file, fcntl.LOCK_EX, 1, NEXT)
    try:
        fcntl.lockf(file, fcntl.LOCK_EX, 1, NOW)
    finally:
        fcntl.lockf(file, fcntl.LOCK_UN, 1, NEXT)
