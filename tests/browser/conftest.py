"""A real browser before a real server on loopback.

Playwright drives it: it waits for what it asserts, and reports every request and console message, so
that a test can prove that pages load nothing from elsewhere. It uses the machine's Chromium and
downloads none.
"""

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright
from werkzeug.serving import make_server

from mobilize.engine import ticks
from mobilize.extensions import db
from mobilize.services import heartbeats
from mobilize.services.ports import FastForwardClock
from tests.world import World

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert CHROMIUM, "The browser tests need Chromium; install it, or name it in CHROMIUM."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Pages do not differ by database; the browser sees SQLite."""
    copy = tmp_path / "mobilize.db"
    shutil.copy(sqlite_template, copy)
    return f"sqlite:///{copy}"


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Where the app is served."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A fresh window. The test fails if the console shows an error or a request leaves loopback."""
    context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(10_000)
    faults: list[str] = []

    def note_message(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            faults.append(message.text)

    def note_request(request: Request) -> None:
        if not request.url.startswith((address, "data:")):
            faults.append(f"request to {request.url}")

    page.on("console", note_message)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", note_request)
    yield page
    context.close()
    assert faults == []


T = TypeVar("T")


def let_go(value: T) -> T:
    """Hand a value on after ending the test's own transaction, which would lock SQLite to the server."""
    db.session.rollback()
    return value


class Engine:
    """An engine that works when told to, on a clock that is wound."""

    def __init__(self, clock: FastForwardClock) -> None:
        self._clock = clock

    def passes(self, minutes: int) -> None:
        for _ in range(minutes):
            self._clock.advance(minutes=1)
            self.works()

    def works(self) -> None:
        ticks.run_once()
        heartbeats.beat("test")
        db.session.rollback()


@pytest.fixture
def engine(world: World, clock: FastForwardClock) -> Engine:
    engine = Engine(clock)
    engine.works()
    return engine
