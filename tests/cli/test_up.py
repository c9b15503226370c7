"""``flask up``: web and engine in one process, with a clean end."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def flask(*args: str, database_url: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", *args],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url, "SECRET_KEY": "x" * 32, "LOG_LEVEL": "WARNING"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(address: str, process: "subprocess.Popen[str]") -> int:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5) as response:  # noqa: S310
                return int(response.status)
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"{address} never answered: {process.communicate(timeout=10)[0]}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_and_ends_cleanly(database_url: str, number: signal.Signals) -> None:
    port = free_port()
    process = flask("up", "--port", str(port), database_url=database_url)
    try:
        assert wait_for(f"http://127.0.0.1:{port}/healthz", process) == 200
        process.send_signal(number)
        output, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, output
    assert "Traceback" not in output


def test_a_port_in_use_is_an_error_with_a_remedy(database_url: str) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        process = flask("up", "--port", str(listener.getsockname()[1]), database_url=database_url)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "is in use" in output
    assert "--port" in output


def test_an_engine_alone_ends_cleanly(database_url: str) -> None:
    process = flask("engine", database_url=database_url)
    try:
        assert process.stdout is not None
        assert "running" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, output
