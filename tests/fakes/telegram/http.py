"""Serves the calls over HTTP: checks each against calls.yaml, and makes them fail as a test asks."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.shapes import Upload
from tests.fakes.telegram.calls import Calls
from tests.fakes.telegram.methods import Methods
from tests.fakes.telegram.rules import Json, Refusal

TOO_MANY = 429


@dataclass(eq=False)
class Fault:
    """What goes wrong with the next call of a kind.

    `status` None cuts the connection, 0 lets it through; `after` True lets the call take effect first; `hold` True
    waits for `go`.
    """

    status: int | None = 500
    after: bool = False
    hold: bool = False
    times: int = 1
    chat: Json | None = None
    """Only calls on this chat."""
    description: str = "Internal Server Error"
    retry_after: int = 1
    """Whole seconds, with a 429."""
    page: str | None = None
    """What is answered in the place of JSON, as a proxy does."""
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One request of the bot."""

    call: str
    asked: Json
    status: int | None
    at: float


class Http:
    """What stands between the bot and the world."""

    def __init__(self, methods: Methods, token: str) -> None:
        self.methods = methods
        self.token = token
        self.calls = Calls()
        self.problems: list[str] = []
        self.seen: list[Seen] = []
        self.faults: list[tuple[str, Fault]] = []
        self.file_type = "application/octet-stream"
        """What Telegram calls every file."""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """`/bot<token>/<call>`."""
        call = request.match_info["call"]
        if request.match_info["token"] != self.token:
            return _answer(Refusal(401, "Unauthorized").body)
        asked = await self._asked(call, request)
        if wrong := self.calls.problems(call, asked):
            self.problems.append(f"{call}: {'; '.join(wrong)}")
            return _answer(Refusal(400, f"Bad Request: {self.problems[-1]}").body)
        body = await self._carry_out(call, asked)
        if call != "getUpdates":
            status = None if body is None else body.get("error_code", 200)
            self.seen.append(Seen(call=call, asked=asked, status=status, at=time.monotonic()))
        if body is None:
            if request.transport:
                request.transport.abort()
            return web.Response()
        if "page" in body:
            return web.Response(text=body["page"], status=body["error_code"], content_type="text/html")
        return _answer(body)

    async def serve_file(self, request: web.Request) -> web.StreamResponse:
        """`/file/bot<token>/<file_path>`, where the path is one that getFile has given out."""
        world = self.methods.world
        found = world.files.get(world.paths.get(request.match_info["path"], ""))
        if request.match_info["token"] != self.token or found is None:
            return _answer(Refusal(404, "Not Found").body)
        return web.Response(body=found, content_type=self.file_type)

    async def _asked(self, call: str, request: web.Request) -> Json:
        """Query, form and JSON are all taken, as by the service."""
        asked = self.calls.decode(call, request.query)
        if request.content_type == "application/json":
            return asked | dict(await request.json())
        form = await request.post()
        words = {name: value for name, value in form.items() if isinstance(value, str)}
        files = {
            name: Upload(value.filename, value.file.read())
            for name, value in form.items()
            if isinstance(value, web.FileField)
        }
        return asked | self.calls.decode(call, words) | files

    async def _carry_out(self, call: str, asked: Json) -> Json | None:
        """The answer; None cuts the connection."""
        fault = self._fault(call, asked)
        if fault and not fault.after:
            await _reach(fault)
            if fault.status != 0:
                return _failed(fault)
        try:
            handlers = self.methods.handlers
            result = await self.methods.world.updates.poll(asked) if call == "getUpdates" else handlers[call](asked)
            body = {"ok": True, "result": result}
        except Refusal as refusal:
            body = refusal.body
        if fault and fault.after:
            await _reach(fault)
            return _failed(fault) if fault.status != 0 else body
        return body

    def _fault(self, call: str, asked: Json) -> Fault | None:
        for number, (kind, fault) in enumerate(self.faults):
            if kind == call and (fault.chat is None or fault.chat["id"] == asked.get("chat_id")):
                fault.times -= 1
                if fault.times <= 0:
                    del self.faults[number]
                return fault
        return None


async def _reach(fault: Fault) -> None:
    fault.reached.set()
    if fault.hold:
        await fault.go.wait()


def _failed(fault: Fault) -> Json | None:
    if fault.status is None:
        return None
    if fault.page is not None:
        return {"page": fault.page, "error_code": fault.status}
    if fault.status == TOO_MANY:
        wait = fault.retry_after
        return Refusal(TOO_MANY, f"Too Many Requests: retry after {wait}", retry_after=wait).body
    return Refusal(fault.status, fault.description).body


def _answer(body: Any) -> web.Response:
    return web.Response(
        body=json.dumps(body).encode(), status=body.get("error_code", 200), content_type="application/json"
    )
