"""``python -m tests.twilio_double``: serve the double; the first line printed is its URL."""

import argparse
import asyncio
import sys

from aiohttp import web

from .inner import Inner
from .server import Server


async def serve(account: str, token: str, port: int) -> None:
    inner = Inner(Server(account, token))
    runner = web.ServerRunner(web.Server(inner.answer, access_log=None), shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, backlog=4096)
    await site.start()
    address = runner.addresses[0]
    sys.stdout.write(f"http://127.0.0.1:{address[1]}\n")
    sys.stdout.flush()
    # Whoever started the double holds its standard input; when that closes, it ends.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await inner.close()
    await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.twilio_double", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--account", default="AC" + "0" * 32)
    parser.add_argument("--token", default="a-token-for-tests")
    chosen = parser.parse_args()
    asyncio.run(serve(chosen.account, chosen.token, chosen.port))


if __name__ == "__main__":
    main()
