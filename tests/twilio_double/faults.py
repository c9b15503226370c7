"""How the double's requests end badly on the wire."""

import asyncio
import json
import socket
import struct
from typing import Any

from aiohttp import web

from .knobs import Fault, Knobs
from .rules import Refusal


async def fail(
    request: web.BaseRequest, fault: Fault, knobs: Knobs, with_pause: bool = True
) -> web.StreamResponse:
    """End the request as the fault says; ``with_pause``: a 429 says how long, if the knobs do."""
    match fault:
        case Fault.SLOW_DOWN:
            return slow_down(knobs.retry_after if with_pause else None)
        case Fault.ERROR_BEFORE | Fault.ERROR_AFTER:
            status = knobs.error_status
            return json_answer({"code": 20500, "message": "Internal Server Error", "status": status}, status)
        case Fault.HANG_BEFORE | Fault.HANG_AFTER:
            await asyncio.sleep(knobs.hang_s)
            _reset_connection(request)
        case Fault.DROP_BEFORE | Fault.DROP_AFTER:
            _reset_connection(request)
        case Fault.CUT_AFTER:
            return await _cut_answer(request)
        case Fault.NAMELESS_AFTER:
            return json_answer({}, 201)
    return web.Response(text="<html>It works!</html>", content_type="text/html", status=201)


def slow_down(retry_after: str | None) -> web.Response:
    answer = refused(Refusal(20429, "Too Many Requests"))
    if retry_after is not None:
        answer.headers["Retry-After"] = retry_after
    return answer


def refused(refusal: Refusal) -> web.Response:
    body = {
        "code": refusal.code,
        "message": str(refusal),
        "more_info": f"https://www.twilio.com/docs/errors/{refusal.code}",
        "status": refusal.status,
    }
    return json_answer(body, refusal.status)


def json_answer(body: Any, status: int = 200) -> web.Response:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return web.Response(body=json.dumps(body).encode(), status=status, headers=headers)


def _reset_connection(request: web.BaseRequest) -> None:
    """Drop the connection with a TCP reset, as a crashing machine does. The client may be gone already."""
    if request.transport is None:
        return
    raw = request.transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()


async def _cut_answer(request: web.BaseRequest) -> web.StreamResponse:
    """Half an answer: the status line says 201, then the connection ends in the middle of the body."""
    answer = web.StreamResponse(
        status=201, headers={"Content-Type": "application/json", "Content-Length": "500"}
    )
    await answer.prepare(request)
    await answer.write(b'{"sid": "SM')
    _reset_connection(request)
    return answer
