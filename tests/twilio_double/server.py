"""The double's HTTP: the calls of Twilio's API that we use. The tests' side is in `inner`.

It stands on aiohttp's bare server, without routes and middleware, and does little per request: a bench
must find out how fast its client is, not how fast this is.
"""

import asyncio
import base64
import time
from collections import Counter
from collections.abc import Mapping

from aiohttp import web
from yarl import URL

from .calls import Calls
from .carrier import Carrier
from .chance import hits
from .faults import fail, json_answer, refused, slow_down
from .listing import page_of_numbers, page_of_texts, text_of
from .rules import Refusal
from .webhooks import Webhooks


class Memory:
    """Everything that a reset forgets."""

    def __init__(self, account: str, token: str) -> None:
        self.carrier = Carrier()
        self.webhooks = Webhooks(self.carrier, account, token)
        self.calls = Calls(self.carrier, self.webhooks, account)
        #: How create requests ended: ``accepted``, ``refused 21610``, or the fault's name.
        self.outcomes: Counter[str] = Counter()
        #: Unix times, seconds.
        self.first_create_at: float | None = None
        self.last_create_at: float | None = None
        #: Create requests under way, and the most that there were.
        self.under_way = 0
        self.peak = 0


class Server:
    """One account with one token. State is in memory and dies with the process."""

    def __init__(self, account: str, token: str) -> None:
        self.account = account
        self.token = token
        self.memory = Memory(account, token)
        self._authorization = "Basic " + base64.b64encode(f"{account}:{token}".encode()).decode()
        self._messages = f"/2010-04-01/Accounts/{account}/Messages.json"
        self._calls = f"/2010-04-01/Accounts/{account}/Calls"

    def reset(self) -> None:
        self.memory = Memory(self.account, self.token)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer as Twilio's API; what it does not have is a bare 404."""
        path = request.raw_path.partition("?")[0]
        if request.method == "POST" and path == self._messages:
            return await self._create(request)
        if path.startswith(self._calls):
            return await self._of_calls(
                request, path.removeprefix(self._calls).removesuffix(".json").strip("/")
            )
        match path.split("/"):
            case ["", "2010-04-01", "Accounts", _, "Messages.json" | "Messages", *_]:
                return await self._read(request)
            case ["", "v1", "Services", _, "PhoneNumbers"]:
                return await self._read(request)
        return web.Response(text="404: Not Found", status=404)

    async def _create(self, request: web.BaseRequest) -> web.StreamResponse:
        memory = self.memory
        carrier, knobs = memory.carrier, memory.carrier.knobs
        memory.last_create_at = time.time()
        memory.first_create_at = memory.first_create_at or memory.last_create_at
        form = _form(await request.read())
        if knobs.record_requests:
            carrier.requests.append(form)
        memory.under_way += 1
        memory.peak = max(memory.peak, memory.under_way)
        try:
            if knobs.most_at_once is not None and memory.under_way > knobs.most_at_once:
                memory.outcomes["too many at once"] += 1
                return slow_down(knobs.retry_after)
            if knobs.latency_s:
                await asyncio.sleep(knobs.latency_s)
            return await self._send(request, memory, form)
        except Refusal as refusal:
            memory.outcomes[f"refused {refusal.code}"] += 1
            return refused(refusal)
        finally:
            memory.under_way -= 1

    async def _send(
        self, request: web.BaseRequest, memory: Memory, form: Mapping[str, str]
    ) -> web.StreamResponse:
        carrier, knobs = memory.carrier, memory.carrier.knobs
        self._authenticate(request)
        nth = carrier.asked(form.get("To", ""), form.get("Body", ""))
        fault = carrier.fault_of_create(form, nth)
        if fault and not fault.takes_the_text:
            memory.outcomes[fault] += 1
            share, to, body = knobs.retry_after_share, form.get("To"), form.get("Body")
            return await fail(request, fault, knobs, hits(share, knobs.seed, "pause", to, body, nth))
        text = carrier.take(form, nth)
        memory.outcomes[fault or "accepted"] += 1
        answer = text.as_resource(self.account)
        await memory.webhooks.follow(text)
        if fault:
            return await fail(request, fault, knobs)
        return json_answer(answer, 201)

    async def _of_calls(self, request: web.BaseRequest, sid: str) -> web.StreamResponse:
        """Create, change, read or list calls."""
        try:
            self._authenticate(request)
            if request.method == "GET":
                fault = self.memory.carrier.fault_of_reading(request.raw_path)
                if fault:
                    return await fail(request, fault, self.memory.carrier.knobs)
                calls = self.memory.calls
                return json_answer(
                    calls.find(sid).as_resource(self.account) if sid else calls.page(request.query)
                )
            form = await request.read()
            if sid:
                return json_answer(self.memory.calls.change(sid, _form(form)).as_resource(self.account))
            return await self._call(request, form)
        except Refusal as refusal:
            self.memory.outcomes[f"call refused {refusal.code}"] += 1
            return refused(refusal)

    async def _call(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        memory, form = self.memory, _form(body)
        knobs = memory.carrier.knobs
        memory.calls.requests.append(form)
        nth = memory.carrier.asked("call", form.get("To", ""))
        fault = memory.carrier.fault_of_create(form | {"Body": "call"}, nth)
        if fault and not fault.takes_the_text:
            memory.outcomes[f"call {fault}"] += 1
            return await fail(request, fault, knobs)
        events = URL.build(query_string=body.decode("ascii", "replace"), encoded=True).query
        call = memory.calls.take(form, frozenset(events.getall("StatusCallbackEvent", [])))
        memory.outcomes[f"call {fault or 'accepted'}"] += 1
        if fault:
            return await fail(request, fault, knobs)
        return json_answer(call.as_resource(self.account), 201)

    async def _read(self, request: web.BaseRequest) -> web.StreamResponse:
        carrier = self.memory.carrier
        if carrier.knobs.latency_s:
            await asyncio.sleep(carrier.knobs.latency_s)
        try:
            self._authenticate(request)
            fault = carrier.fault_of_reading(request.raw_path)
            if fault:
                return await fail(request, fault, carrier.knobs)
            return json_answer(self._found(carrier, request))
        except Refusal as refusal:
            return refused(refusal)

    def _found(self, carrier: Carrier, request: web.BaseRequest) -> object:
        match request.path.split("/")[1:]:
            case ["v1", "Services", service, "PhoneNumbers"] if request.method == "GET":
                base = f"http://{request.host}"
                return page_of_numbers(carrier, self.account, service, base, request.query)
            case [_, _, self.account, "Messages.json"] if request.method == "GET":
                return page_of_texts(carrier, self.account, request.query)
            case [_, _, self.account, "Messages", sid] if request.method == "GET":
                return text_of(carrier, self.account, sid.removesuffix(".json"))
        raise Refusal(20404, f"The requested resource {request.path} was not found")

    def _authenticate(self, request: web.BaseRequest) -> None:
        given = request.headers.get("Authorization")
        if given != self._authorization or self.memory.carrier.knobs.revoked:
            raise Refusal(20003, "Authenticate")


def _form(body: bytes) -> dict[str, str]:
    """The fields of a form; yarl's reading of a query takes a tenth of the standard library's time."""
    return dict(URL.build(query_string=body.decode("ascii", "replace"), encoded=True).query)
