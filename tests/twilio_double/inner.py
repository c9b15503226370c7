"""The tests' side of the double: ``/_…`` to turn its knobs, to type on phones and to look inside."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict

from aiohttp import web

from .faults import json_answer
from .server import Server
from .summary import summary

Answer = Awaitable[web.Response]


class Inner:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._ways: dict[tuple[str, str], Callable[[web.BaseRequest], Answer]] = {
            ("GET", "/_ledger"): self._ledger,
            ("GET", "/_summary"): self._summary,
            ("GET", "/_requests"): self._requests,
            ("GET", "/_calls"): self._calls,
            ("GET", "/_phone_calls"): self._phone_calls,
            ("GET", "/_call_requests"): self._call_requests,
            ("GET", "/_pending"): self._pending,
            ("GET", "/_knobs"): self._show_knobs,
            ("POST", "/_knobs"): self._turn_knobs,
            ("POST", "/_type"): self._type,
            ("POST", "/_reset"): self._reset,
        }

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a test, or hand the request on to Twilio's side."""
        if not request.raw_path.startswith("/_"):
            return await self._server.answer(request)
        way = self._ways.get((request.method, request.path))
        return await way(request) if way else web.Response(text="404: Not Found", status=404)

    async def close(self) -> None:
        await self._server.memory.webhooks.close()

    async def _ledger(self, _request: web.BaseRequest) -> web.Response:
        return json_answer([text.as_arrival() for text in self._server.memory.carrier.ledger])

    async def _summary(self, _request: web.BaseRequest) -> web.Response:
        memory = self._server.memory
        names = ["due", "lost", "duplicated", "reordered", "early", "calls", "repeated", "given_up"]
        return json_answer(
            summary(memory.carrier)
            | {
                "requests": dict(memory.outcomes),
                "callbacks": {name: memory.webhooks.counts[name] for name in names},
                "inbound": memory.webhooks.counts["inbound"],
                "inbound_lost": memory.webhooks.counts["inbound_lost"],
                "pending": memory.webhooks.pending,
                "most_at_once": memory.peak,
                "first_create_at": memory.first_create_at,
                "last_create_at": memory.last_create_at,
            }
        )

    async def _requests(self, _request: web.BaseRequest) -> web.Response:
        return json_answer(self._server.memory.carrier.requests)

    async def _calls(self, _request: web.BaseRequest) -> web.Response:
        return json_answer(self._server.memory.webhooks.calls)

    async def _phone_calls(self, _request: web.BaseRequest) -> web.Response:
        return json_answer([call.as_heard() for call in self._server.memory.calls.calls.values()])

    async def _call_requests(self, _request: web.BaseRequest) -> web.Response:
        return json_answer(self._server.memory.calls.requests)

    async def _pending(self, _request: web.BaseRequest) -> web.Response:
        return json_answer({"pending": self._server.memory.webhooks.pending})

    async def _show_knobs(self, _request: web.BaseRequest) -> web.Response:
        return json_answer(asdict(self._server.memory.carrier.knobs))

    async def _turn_knobs(self, request: web.BaseRequest) -> web.Response:
        try:
            self._server.memory.carrier.knobs.turn(await request.json())
        except (ValueError, TypeError, AttributeError) as error:
            return json_answer({"message": str(error)}, 400)
        return await self._show_knobs(request)

    async def _type(self, request: web.BaseRequest) -> web.Response:
        """``{"from", "to", "body"}``: a text typed on a phone. Answers when the webhook has answered."""
        typed, memory = await request.json(), self._server.memory
        text = memory.carrier.receive(typed["from"], typed["to"], typed["body"])
        status = await memory.webhooks.deliver(text)
        return json_answer({"sid": text.sid, "webhook_status": status})

    async def _reset(self, _request: web.BaseRequest) -> web.Response:
        forgotten = self._server.memory
        self._server.reset()
        await forgotten.webhooks.close()
        return json_answer({})
