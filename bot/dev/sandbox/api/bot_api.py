"""The Bot API over HTTP: `/bot<token>/<method>` and `/file/bot<token>/<path>`."""

import asyncio
import json
import logging
from collections import deque
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Final, NamedTuple

from aiohttp import web

from bot.dev.sandbox.api.calls import Call
from bot.dev.sandbox.api.methods import METHODS
from bot.dev.sandbox.api.methods.updates import ResultWithDescription
from bot.dev.sandbox.api.requests import read_call
from bot.dev.sandbox.api.responses import ApiError, Json, Unchecked, blocked, flood, no_such_method, unauthorized
from bot.dev.sandbox.engine import Engine
from bot.dev.sandbox.faults import Fault, Kind

REMEMBERED: Final = 5_000
logger = logging.getLogger(__name__)


class Answer(NamedTuple):
    """HTTP status and body; `dropped` closes the connection without an answer."""

    status: int
    body: Json
    dropped: bool = False


@dataclass
class BotApi:
    """Runs calls, records them in `calls`, and applies injected faults."""

    engine: Engine
    token: str
    strict: bool = False
    calls: deque[Json] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", "/bot{token:[^/]+}/{method:[^/]*}", self.handle),
            web.get("/file/bot{token:[^/]+}/{path:.+}", self.download),
        ]

    async def handle(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        try:
            self._check(request)
            answer = await self.run(await read_call(request, method))
        except ApiError as error:
            answer = Answer(error.code, error.body())
        if answer.dropped:
            if request.transport:
                request.transport.abort()
            return web.Response(status=499)
        response = _response(answer)
        response.headers["Date"] = formatdate(self.engine.clock(), usegmt=True)
        return response

    async def download(self, request: web.Request) -> web.Response:
        self_path = request.match_info["path"]
        try:
            self._check(request)
        except ApiError as error:
            return _response(Answer(error.code, error.body()))
        stored = self.engine.files.at(self_path)
        if stored is None:
            return _response(Answer(404, ApiError(404, "Not Found").body()))
        return web.Response(body=stored.data, content_type="application/octet-stream")

    async def run(self, call: Call) -> Answer:
        """Run one call that came by HTTP or in the answer to a webhook delivery."""
        method = METHODS.get(call.method.lower())
        answer = await self._faulty(call)
        record: Json = {
            "method": method.name if method else call.method,
            "fields": dict(call.fields),
            "files": list(call.files),
            "status": answer.status,
            "body": answer.body,
        }
        if self.strict and method and (unknown := sorted(call.fields.keys() - method.parameters)):
            record["warnings"] = [f"unknown parameter {name}" for name in unknown]
            logger.warning("%s: unknown parameters %s", method.name, ", ".join(unknown))
        self.calls.append(record)
        return answer

    async def _faulty(self, call: Call) -> Answer:
        fault = self.engine.faults.for_call(call.method)
        if fault is None:
            return await self._carry_out(call)
        match fault.kind:
            case Kind.SLOW:
                await asyncio.sleep(fault.seconds)
                return await self._carry_out(call)
            case Kind.DROP_AFTER:
                return (await self._carry_out(call))._replace(dropped=True)
            case Kind.DROP:
                return Answer(0, {"ok": False, "error_code": 0, "description": "dropped"}, dropped=True)
            case _:
                error = _fault_error(fault)
                return Answer(error.code, error.body())

    async def _carry_out(self, call: Call) -> Answer:
        method = METHODS.get(call.method.lower())
        try:
            if method is None:
                raise no_such_method()
            result = await method.run(self.engine, call)
        except ApiError as error:
            return Answer(error.code, error.body())
        if isinstance(result, ResultWithDescription):
            return Answer(200, {"ok": True, "result": True, "description": result.sentence})
        return Answer(200, {"ok": True, "result": result})

    def _check(self, request: web.Request) -> None:
        if request.match_info["token"] != self.token:
            raise unauthorized()


def dumped(value: Unchecked) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _response(answer: Answer) -> web.Response:
    response = web.Response(status=answer.status, body=dumped(answer.body), content_type="application/json")
    if "parameters" in answer.body:
        response.headers["Retry-After"] = str(answer.body["parameters"]["retry_after"])
    return response


def _fault_error(fault: Fault) -> ApiError:
    match fault.kind:
        case Kind.FLOOD:
            return flood(max(1, round(fault.seconds)))
        case Kind.BLOCKED:
            return blocked()
        case _:
            return ApiError(500, "Internal Server Error")
