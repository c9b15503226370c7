"""Counts the tasks of one run, and takes the time between the first and the last."""

import itertools
import json
import threading
import time


class Tally:
    """Shared by the threads of one worker process. ``expected`` is how many tasks there are."""

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.enqueue_seconds = 0.0
        self.complete = threading.Event()
        self._numbers = itertools.count(1)
        self._first = self._last = 0.0
        self._worked = 0.0

    def enqueued(self, seconds: float) -> None:
        self.enqueue_seconds = seconds

    def count(self) -> bool:
        """One task is done; whether it was the last."""
        number = next(self._numbers)
        if number == 1:
            self._first, self._worked = time.perf_counter(), time.process_time()
        if number == self.expected:
            self._last = time.perf_counter()
            self._worked = time.process_time() - self._worked
            self.complete.set()
        return number == self.expected

    def as_json(self) -> str:
        """``{"tasks", "enqueue_seconds", "work_seconds", "cpu_seconds"}``; fails if tasks are missing."""
        if not self.complete.is_set():
            raise SystemExit(f"not all of the {self.expected} tasks were done")
        return json.dumps(
            {
                "tasks": self.expected,
                "enqueue_seconds": self.enqueue_seconds,
                "work_seconds": self._last - self._first,
                "cpu_seconds": self._worked,
            }
        )
