"""The service behind a real port, so that the double can call it back."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from .process import ACCOUNT, NUMBER, TOKEN, Double


def twilio_settings(double: Double, public_url: str) -> dict[str, Any]:
    """Settings with which the service takes the double for Twilio."""
    return {
        "sms_gateway": "twilio",
        "twilio_account_sid": ACCOUNT,
        "twilio_auth_token": TOKEN,
        "twilio_from": NUMBER,
        "twilio_api_url": double.url,
        "public_url": public_url,
    }


@pytest.fixture
def port() -> Iterator[socket.socket]:
    """A listening socket: the service's address is known before the service exists."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def public_url(port: socket.socket) -> str:
    return f"http://127.0.0.1:{port.getsockname()[1]}"


@pytest.fixture
def served(app: Flask, port: socket.socket) -> Iterator[Flask]:
    """The app, answering on its port from threads of its own."""
    host, number = port.getsockname()
    server = make_server(host, number, app, threaded=True, fd=port.fileno())
    # Closing waits for requests under way: a late callback must not write into the next test's database.
    server.daemon_threads = False  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield app
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()
