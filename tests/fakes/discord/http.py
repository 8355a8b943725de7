"""Serves the calls over HTTP: checks each against calls.yaml, paces them, and makes them fail as a test asks."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from tests.fakes.discord.callbacks import Asked
from tests.fakes.discord.calls import Calls
from tests.fakes.discord.rest import Rest
from tests.fakes.discord.rules import Refusal

API = "/api/v10"
TOO_MANY = 429


@dataclass(eq=False)
class Fault:
    """What goes wrong with the next call of a kind.

    `status` None cuts the connection; `after` True lets the call take effect first; `hold` True waits for `go`.
    """

    status: int | None = 500
    after: bool = False
    hold: bool = False
    times: int = 1
    channel: str | None = None
    """Only calls on this channel."""
    code: int = 0
    message: str = "Internal Server Error"
    retry_after: float = 0.1
    via: bool = True
    """A 429 without `Via` comes from the wall in front of the service."""
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One request of the bot."""

    call: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    status: int | None
    at: float


class Http:
    """What stands between the bot and `Rest`."""

    def __init__(self, rest: Rest, token: str) -> None:
        self.rest = rest
        self.token = token
        self.calls = Calls()
        self.problems: list[str] = []
        self.seen: list[Seen] = []
        self.rate = 50
        """Requests in one window on one route and channel."""
        self.window = 1.0
        """Seconds."""
        self.scarce: dict[tuple[str, str], int] = {}
        """Another rate for a kind of call on one channel."""
        self.faults: list[tuple[str, Fault]] = []
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        path = unquote(request.path.removeprefix(API))
        raw = await request.read()
        body = json.loads(raw) if raw else None
        found = self.calls.find(request.method, path)
        if found is None:
            return self._refuse_undescribed(f"{request.method} {path}: not described in calls.yaml")
        call, words = found
        asked = Asked(words, dict(request.query), body)
        wrong = self.calls.problems(call, asked.query, body)
        if wrong:
            return self._refuse_undescribed(f"{call.name}: {'; '.join(wrong)}")
        response = await self._answer(call.name, asked, request)
        status = response.status if response else None
        self.seen.append(
            Seen(call=call.name, path=words, query=asked.query, body=body, status=status, at=time.monotonic())
        )
        if response is None:
            if request.transport:
                request.transport.abort()
            return web.Response()
        return response

    def _refuse_undescribed(self, problem: str) -> web.Response:
        self.problems.append(problem)
        return _json({"code": 50035, "message": f"Invalid Form Body: {problem}"}, 400)

    async def _answer(self, call: str, asked: Asked, request: web.Request) -> web.Response | None:
        """None cuts the connection."""
        with_token = call.split("/")[1] in ("interactions", "webhooks")
        if not with_token and request.headers.get("Authorization") != f"Bot {self.token}":
            return _json({"message": "401: Unauthorized", "code": 0}, 401)
        headers = self._pace(call, asked)
        if isinstance(headers, float):
            return self._too_many(headers)
        fault = self._fault(call, asked)
        if fault and not fault.after:
            await self._reach(fault)
            if fault.status is None or fault.status:
                return self._failed(fault)
        response = self._carry_out(call, asked, headers)
        if fault and fault.after:
            await self._reach(fault)
            return self._failed(fault)
        return response

    def _carry_out(self, call: str, asked: Asked, headers: Mapping[str, str]) -> web.Response:
        try:
            answer = self.rest.handlers[call](asked)
        except Refusal as refusal:
            return _json(refusal.body, refusal.status, headers)
        return web.Response(status=204, headers=headers) if answer is None else _json(answer, 200, headers)

    def _fault(self, call: str, asked: Asked) -> Fault | None:
        for number, (kind, fault) in enumerate(self.faults):
            if kind == call and fault.channel in (None, asked.path.get("channel")):
                fault.times -= 1
                if fault.times <= 0:
                    del self.faults[number]
                return fault
        return None

    async def _reach(self, fault: Fault) -> None:
        fault.reached.set()
        if fault.hold:
            await fault.go.wait()

    def _failed(self, fault: Fault) -> web.Response | None:
        if fault.status is None:
            return None
        if fault.status == TOO_MANY:
            return self._too_many(fault.retry_after, via=fault.via)
        return _json({"message": fault.message, "code": fault.code}, fault.status)

    def _too_many(self, after: float, *, via: bool = True) -> web.Response:
        body = {"message": "You are being rate limited.", "retry_after": after, "global": False}
        headers = {"Retry-After": str(max(1, round(after))), "X-RateLimit-Scope": "user"}
        headers |= {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": str(after)}
        return _json(body, TOO_MANY, headers | ({"Via": "1.1 google"} if via else {}))

    def _pace(self, call: str, asked: Asked) -> dict[str, str] | float:
        """The headers of a normal answer; where it is too many, the seconds until there is room."""
        key, now = (call, asked.path.get("channel", "")), time.monotonic()
        began, used = self._windows.get(key, (now, 0))
        rate = self.scarce.get(key, self.rate)
        if now - began >= self.window:
            began, used = now, 0
        reset = max(0.0, began + self.window - now)
        if used >= rate:
            return reset
        self._windows[key] = (began, used + 1)
        return {
            "X-RateLimit-Limit": str(rate),
            "X-RateLimit-Remaining": str(rate - used - 1),
            "X-RateLimit-Reset-After": f"{reset:.3f}",
            "X-RateLimit-Reset": f"{time.time() + reset:.3f}",
            "X-RateLimit-Bucket": call.replace(" ", ""),
            "Via": "1.1 google",
        }


def _json(body: Any, status: int, headers: Mapping[str, str] | None = None) -> web.Response:
    """Exactly `application/json`: with a charset behind it the client would not read it."""
    return web.Response(
        body=json.dumps(body).encode(), status=status, headers={"Content-Type": "application/json", **(headers or {})}
    )
