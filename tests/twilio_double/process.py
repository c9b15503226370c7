"""The double in a process of its own, as tests hold it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
import requests

ACCOUNT = "AC" + "0123456789abcdef" * 2
TOKEN = "the-auth-token-of-the-tests"
NUMBER = "+15005550006"


#: The account at the backup provider, which is a second double.
BACKUP_ACCOUNT = "AC" + "fedcba9876543210" * 2
BACKUP_TOKEN = "the-auth-token-of-the-backup"
BACKUP_NUMBER = "+15005550106"

_ROOT = Path(__file__).parents[2]


class Double:
    """Starts the double and speaks to its inner side."""

    def __init__(self, *, account: str = ACCOUNT, token: str = TOKEN, port: int = 0) -> None:
        self.account = account
        self.token = token
        command = ["-m", "tests.twilio_double", "--account", account, "--token", token, "--port", str(port)]
        self._process = subprocess.Popen(
            [sys.executable, *command], cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url, "the double did not start"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        """End the process; from now on connections are refused."""
        self._process.terminate()
        self._process.communicate(timeout=10)

    def turn(self, **knobs: Any) -> None:
        """Set knobs; see `knobs.Knobs` for what there is."""
        self._post("/_knobs", knobs)

    def reset(self) -> None:
        self._post("/_reset", {})

    def type(self, phone: str, body: str, to: str = NUMBER) -> dict[str, Any]:
        """Type a text on a phone; returns its SID and what the webhook answered."""
        answer: dict[str, Any] = self._post("/_type", {"from": phone, "to": to, "body": body})
        return answer

    def ledger(self) -> list[dict[str, str]]:
        """The texts that reached phones."""
        found: list[dict[str, str]] = self._get("/_ledger")
        return found

    def summary(self) -> dict[str, Any]:
        """Counts: texts that reached phones, texts that did so twice, requests and callbacks by outcome."""
        found: dict[str, Any] = self._get("/_summary")
        return found

    def requests(self) -> list[dict[str, str]]:
        """The forms of all create requests."""
        found: list[dict[str, str]] = self._get("/_requests")
        return found

    def calls(self) -> list[dict[str, Any]]:
        """The webhooks that it called, with the answers' statuses."""
        found: list[dict[str, Any]] = self._get("/_calls")
        return found

    def phone_calls(self) -> list[dict[str, Any]]:
        """The calls that it took: to whom, how they stand, what was heard and pressed."""
        found: list[dict[str, Any]] = self._get("/_phone_calls")
        return found

    def call_requests(self) -> list[dict[str, str]]:
        """The forms of all requests for a call, of a repeated field the last value."""
        found: list[dict[str, str]] = self._get("/_call_requests")
        return found

    def wait_until_quiet(self, timeout_s: float = 20.0) -> None:
        """Wait until every callback is done."""
        deadline = time.monotonic() + timeout_s
        while self._get("/_pending")["pending"]:
            assert time.monotonic() < deadline, "the double still has callbacks to make"
            time.sleep(0.02)

    def _get(self, path: str) -> Any:
        return requests.get(self.url + path, timeout=60).json()

    def _post(self, path: str, data: dict[str, Any]) -> Any:
        answer = requests.post(self.url + path, json=data, timeout=60)
        assert answer.ok, answer.text
        return answer.json()


@pytest.fixture(scope="session")
def double_process() -> Iterator[Double]:
    with Double() as running:
        yield running


@pytest.fixture
def double(double_process: Double) -> Double:
    """A well-behaved double with no memory."""
    double_process.reset()
    return double_process


@pytest.fixture(scope="session")
def backup_double_process() -> Iterator[Double]:
    with Double(account=BACKUP_ACCOUNT, token=BACKUP_TOKEN) as running:
        yield running


@pytest.fixture
def backup_double(backup_double_process: Double) -> Double:
    """A second provider, well-behaved and with no memory."""
    backup_double_process.reset()
    return backup_double_process
