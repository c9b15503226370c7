"""The double's HTTP: Twilio's two calls that we use, and ``/_…`` to look inside and to turn knobs."""

import asyncio
import base64
import binascii
import secrets
import socket
import struct
from dataclasses import asdict
from typing import Any

from aiohttp import web

from .carrier import Carrier, Refusal
from .knobs import Fault
from .webhooks import Webhooks

#: Long enough for any client to lose patience; seconds.
_HANG_S = 600.0


class Server:
    """One account with one token. State is in memory and dies with the process."""

    def __init__(self, account: str, token: str) -> None:
        self._account = account
        self._token = token
        self._carrier = Carrier()
        self._webhooks = Webhooks(self._carrier, account, token)

    def application(self) -> web.Application:
        app = web.Application()
        messages = "/2010-04-01/Accounts/{account}/Messages.json"
        app.add_routes(
            [
                web.post(messages, self.create),
                web.get(messages, self.list),
                web.get("/_ledger", self.ledger),
                web.get("/_requests", self.requests),
                web.get("/_calls", self.calls),
                web.get("/_pending", self.pending),
                web.get("/_knobs", self.show_knobs),
                web.post("/_knobs", self.turn_knobs),
                web.post("/_type", self.type),
                web.post("/_reset", self.reset),
            ]
        )
        app.on_cleanup.append(self._clean_up)
        return app

    # Twilio's side

    async def create(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self._carrier.requests.append(form)
        await asyncio.sleep(self._carrier.knobs.latency_s)
        fault = self._carrier.next_fault()
        try:
            self._authenticate(request)
            if fault and not fault.takes_the_text:
                return await self._fail(request, fault)
            text = self._carrier.take(form)
        except Refusal as refusal:
            return _refused(refusal)
        answer = text.as_resource(self._account)
        if self._carrier.knobs.callbacks_early:
            await self._webhooks.report(text)
        else:
            self._webhooks.start(self._webhooks.report(text))
        return await self._fail(request, fault) if fault else web.json_response(answer, status=201)

    async def list(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self._carrier.knobs.latency_s)
        try:
            self._authenticate(request)
        except Refusal as refusal:
            return _refused(refusal)
        size, page = int(request.query.get("PageSize", "50")), int(request.query.get("Page", "0"))
        found = self._carrier.texts_to(request.query.get("To"))
        following = request.rel_url.update_query(Page=str(page + 1), PageToken="PT" + secrets.token_hex(8))
        return web.json_response(
            {
                "messages": [
                    text.as_resource(self._account) for text in found[page * size : (page + 1) * size]
                ],
                "page": page,
                "page_size": size,
                "uri": str(request.rel_url),
                "next_page_uri": str(following) if len(found) > (page + 1) * size else None,
            }
        )

    # The tests' side

    async def ledger(self, _request: web.Request) -> web.Response:
        return web.json_response(self._carrier.ledger)

    async def requests(self, _request: web.Request) -> web.Response:
        return web.json_response(self._carrier.requests)

    async def calls(self, _request: web.Request) -> web.Response:
        return web.json_response(self._webhooks.calls)

    async def pending(self, _request: web.Request) -> web.Response:
        return web.json_response({"pending": self._webhooks.pending})

    async def show_knobs(self, _request: web.Request) -> web.Response:
        return web.json_response(asdict(self._carrier.knobs))

    async def turn_knobs(self, request: web.Request) -> web.Response:
        try:
            self._carrier.knobs.turn(await request.json())
        except ValueError as error:
            return web.json_response({"message": str(error)}, status=400)
        return await self.show_knobs(request)

    async def type(self, request: web.Request) -> web.Response:
        """``{"from", "to", "body"}``: a text typed on a phone. Answers when the webhook has answered."""
        typed = await request.json()
        text = self._carrier.receive(typed["from"], typed["to"], typed["body"])
        status = await self._webhooks.deliver(text)
        return web.json_response({"sid": text.sid, "webhook_status": status})

    async def reset(self, _request: web.Request) -> web.Response:
        await self._webhooks.close()
        self._carrier = Carrier()
        self._webhooks = Webhooks(self._carrier, self._account, self._token)
        return web.json_response({})

    # Within

    def _authenticate(self, request: web.Request) -> None:
        if self._carrier.knobs.revoked or not self._knows(request.headers.get("Authorization", "")):
            raise Refusal(20003, "Authenticate")
        if request.match_info["account"] != self._account:
            raise Refusal(20404, "The requested resource was not found")

    def _knows(self, header: str) -> bool:
        scheme, _, encoded = header.partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return False
        return scheme.lower() == "basic" and given == f"{self._account}:{self._token}"

    async def _fail(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        match fault:
            case Fault.SLOW_DOWN:
                answer = _refused(Refusal(20429, "Too Many Requests"))
                if self._carrier.knobs.retry_after is not None:
                    answer.headers["Retry-After"] = self._carrier.knobs.retry_after
                return answer
            case Fault.ERROR_BEFORE | Fault.ERROR_AFTER:
                status = self._carrier.knobs.error_status
                error = {"code": 20500, "message": "Internal Server Error", "status": status}
                return web.json_response(error, status=status)
            case Fault.DROP_BEFORE | Fault.DROP_AFTER:
                _reset_connection(request)
            case Fault.HANG_BEFORE | Fault.HANG_AFTER:
                await asyncio.sleep(_HANG_S)
            case Fault.CUT_AFTER:
                return await _cut_answer(request)
            case Fault.NAMELESS_AFTER:
                return web.json_response({}, status=201)
        return web.Response(text="<html>It works!</html>", content_type="text/html", status=201)

    async def _clean_up(self, _app: web.Application) -> None:
        await self._webhooks.close()


def _refused(refusal: Refusal) -> web.Response:
    body: dict[str, Any] = {
        "code": refusal.code,
        "message": str(refusal),
        "more_info": f"https://www.twilio.com/docs/errors/{refusal.code}",
        "status": refusal.status,
    }
    return web.json_response(body, status=refusal.status)


def _reset_connection(request: web.Request) -> None:
    """Drop the connection with a TCP reset, as a crashing machine does."""
    assert request.transport is not None
    raw = request.transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()


async def _cut_answer(request: web.Request) -> web.StreamResponse:
    """Half an answer: the status line says 201, then the connection ends in the middle of the body."""
    answer = web.StreamResponse(
        status=201, headers={"Content-Type": "application/json", "Content-Length": "500"}
    )
    await answer.prepare(request)
    await answer.write(b'{"sid": "SM')
    _reset_connection(request)
    return answer
