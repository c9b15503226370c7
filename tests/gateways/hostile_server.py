"""A server that breaks HTTP on purpose, written on bare sockets, with a ledger of what reached it."""

import asyncio
import re
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

#: Given the number of the request on this server and a way to speak, do something to the connection.
Behaviour = Callable[[int, asyncio.StreamWriter], Awaitable[None]]


async def answer(number: int, writer: asyncio.StreamWriter) -> None:
    """What Twilio says when it takes a text; the connection stays open."""
    body = b'{"sid": "SM%032d", "status": "queued"}' % number
    writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


async def answer_and_close(number: int, writer: asyncio.StreamWriter) -> None:
    """A good answer, and then the end of a connection that had been promised to stay."""
    await answer(number, writer)
    writer.close()


async def answer_and_close_soon(number: int, writer: asyncio.StreamWriter) -> None:
    await answer(number, writer)
    await asyncio.sleep(0.003)
    writer.close()


async def close(_number: int, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def reset(_number: int, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def hang(_number: int, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


def say(words: bytes) -> Behaviour:
    """Write these bytes, whatever they are, and close."""

    async def behave(_number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(words)
        writer.close()

    return behave


class HostileServer:
    """Serves on loopback in a thread of its own.

    ``reached`` counts the texts by our message id, ``requests`` counts all requests.
    """

    def __init__(self, behave: Behaviour) -> None:
        self._behave = behave
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._started = threading.Event()
        self.url = ""
        self.reached: Counter[int] = Counter()
        self.requests = 0
        self.open_now = 0
        self.most_open = 0

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024))
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._started.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: (\d+)", head)
                form = await reader.readexactly(int(length.group(1)) if length else 0)
                self.requests += 1
                if named := re.search(rb"message%3D(\d+)", form):
                    self.reached[int(named.group(1))] += 1
                await self._behave(self.requests, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open_now -= 1
            writer.close()
