"""``flask up`` and ``flask engine``: the long-running processes."""

import errno
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from waitress import create_server, wasyncore

from mobilize.engine import Engine

_THREADS = 8


class WebServer:
    """Waitress in threads of its own, so that the main thread can wait for signals. Binds at once.

    Raises `click.ClickException` when the address cannot be had.
    """

    def __init__(self, app: Flask, host: str, port: int) -> None:
        self._sockets: dict[int, Any] = {}
        self._ending = threading.Event()
        try:
            self._server = create_server(app, map=self._sockets, host=host, port=port, threads=_THREADS)
        except OSError as error:
            raise click.ClickException(_why_not(error, host, port)) from error
        self._thread = threading.Thread(target=self._serve, name="web")
        self.address = f"http://{host}:{port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop accepting, let running requests end, and close."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(self._sockets)

    def _serve(self) -> None:
        while not self._ending.is_set():
            wasyncore.loop(timeout=0.25, map=self._sockets, count=1)


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use. Stop the program that uses it, or choose another with --port."
    if error.errno == errno.EACCES:
        return f"Port {port} needs rights that this user lacks. Choose one above 1023 with --port."
    return f"Cannot listen on {host} port {port}: {error.strerror or error}. Choose others: --host, --port."


class Ending:
    """Told by a signal handler, awaited by the main thread.

    No `threading.Event`: its ``set`` takes a lock that the thread which the handler interrupts may hold, and a
    signal that the system hands to another thread would not end the wait. Python's wake-up descriptor is
    written to in either case, so the main thread waits for that.
    """

    def __init__(self) -> None:
        self._told = False
        self._woken, self.wake = socket.socketpair()
        self._woken.setblocking(False)
        self.wake.setblocking(False)

    def tell(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """End. In the form of a signal handler."""
        self._told = True

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it is to end; waits for that at most ``seconds``, or as long as it takes."""
        give_up = None if seconds is None else time.monotonic() + seconds
        while not self._told:
            left = None if give_up is None else give_up - time.monotonic()
            if left is not None and left <= 0:
                break
            if select.select([self._woken], [], [], left)[0]:
                with suppress(BlockingIOError):
                    self._woken.recv(4096)
        return self._told

    def close(self) -> None:
        self._woken.close()
        self.wake.close()


@contextmanager
def ends_on_signals() -> Iterator[Ending]:
    """What SIGINT (Ctrl-C) and SIGTERM tell to end; the earlier handlers come back afterwards."""
    ended = Ending()
    earlier = {number: signal.signal(number, ended.tell) for number in (signal.SIGINT, signal.SIGTERM)}
    descriptor = signal.set_wakeup_fd(ended.wake.fileno(), warn_on_full_buffer=False)
    try:
        yield ended
    finally:
        signal.set_wakeup_fd(descriptor)
        for number, handler in earlier.items():
            signal.signal(number, handler)
        ended.close()


@contextmanager
def running(*parts: tuple[Callable[[], Any], Callable[[], Any]]) -> Iterator[None]:
    """Start parts in order, given as (start, stop), and stop those that started, last first."""
    started: list[Callable[[], Any]] = []
    try:
        for start, stop in parts:
            start()
            started.append(stop)
        yield
    finally:
        for stop in reversed(started):
            stop()


def this_app() -> Flask:
    """The application itself, for threads that have no context."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app


@click.command("up")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="The port.")
@with_appcontext
def up(host: str, port: int) -> None:
    """Run web and engine in one process, until Ctrl-C or SIGTERM."""
    app = this_app()
    web, engine = WebServer(app, host, port), Engine(app)
    with ends_on_signals() as ended, running((engine.start, engine.stop), (web.start, web.stop)):
        click.echo(f"Mobilize is at {web.address} (Ctrl-C ends it).")
        ended.wait()


@click.command("engine")
@with_appcontext
def engine_alone() -> None:
    """Run an engine without web. Any number may run beside each other, on any number of machines."""
    engine = Engine(this_app())
    with ends_on_signals() as ended, running((engine.start, engine.stop)):
        click.echo("The engine is running (Ctrl-C ends it).")
        ended.wait()


commands: list[click.Command] = [up, engine_alone]
