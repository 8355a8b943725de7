"""A server of our own on loopback that speaks the OpenAI-compatible chat API.

It checks each request against calls.yaml and its own rules, answers as a test tells it, and keeps all that it saw.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from aiohttp import web

from tests.fakes.assistant.says import says
from tests.fakes.shapes import Shapes, fields

KEY, MODEL = "key-of-the-tests", "small-model"
LARGEST = 48 * 1024
"""Bytes of the largest request that is taken."""
_CHUNK = b'{"filler": "' + b"x" * 65_536
_NUMBERS = re.compile(r"\b\d{15,21}\b|\b[0-9a-f]{16}\b|\b[0-9a-f]{8}-[0-9a-f]{4}-")
"""Ids of the platforms and of ours."""
_ADDRESSES = re.compile(r"discord\.com/channels|t\.me/|/posts/|/drafts/", re.IGNORECASE)
_HEADERS = {
    *("host", "accept", "accept-encoding", "connection", "user-agent", "content-type", "content-length"),
    "authorization",
}

Rule = Callable[["Asked"], str]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request that was in order."""

    call: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def system(self) -> str:
        """What we say to the model."""
        return self._said("system")

    @property
    def user(self) -> str:
        """The block of data, as it was sent."""
        return self._said("user")

    @property
    def data(self) -> Any:
        """The block of data, read."""
        return json.JSONDecoder().raw_decode(self.user, self.user.index("{"))[0]

    @property
    def words(self) -> str:
        """All text of the request."""
        return json.dumps(self.body, ensure_ascii=False)

    def _said(self, role: str) -> str:
        return "\n".join(m["content"] for m in self.body.get("messages", ()) if m["role"] == role)


@dataclass(eq=False, kw_only=True)
class Turn:
    """What becomes of one request. As it stands, the model answers by the server's rule."""

    status: int = 200
    says: str | None = None
    """The model's words in the place of those of the rule."""
    body: bytes | None = None
    """What is answered in the place of an answer of the API."""
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: bool = False
    """The answer comes piece by piece, asked for or not."""
    cut: Literal["", "at once", "half way"] = ""
    """The connection breaks."""
    endless: bool = False
    """The body has no end."""
    finish: str = "stop"
    """Why the model stopped: stop, length, content_filter."""
    usage: bool = True
    times: int = 1
    """Requests that it is for."""
    hold: bool = False
    """Wait for `go` before anything is answered."""
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """The request has ended, whoever ended it."""


class FakeAssistant:
    """`async with fake.running():` then `fake.endpoint` is its address."""

    def __init__(self, key: str | None = None) -> None:
        """With a `key` only who brings it is answered."""
        self.key = key
        self.rule: Rule = lambda _: says()
        self.schemas: Sequence[str] = ("json_schema", "json_object")
        """The kinds of `response_format` that it takes; it refuses others, as some servers do."""
        self.turns: list[Turn] = []
        """What becomes of the next requests."""
        self.mood: Callable[[Asked], Turn] = lambda _: Turn()
        """What becomes of the others."""
        self.seen: list[Asked] = []
        """The requests for an answer that were in order."""
        self.problems: list[str] = []
        """What was wrong with requests, in sentences."""
        self.secrets: set[str] = set()
        """Words that no request may hold."""
        self.at_once = 0
        self.most_at_once = 0
        self.port = 0
        self._shapes, self._calls = _described()

    @contextlib.asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[FakeAssistant]:
        """Serve on loopback until the block ends."""
        app = web.Application(client_max_size=1 << 20)
        app.router.add_route("*", "/v1/{call:.*}", self._serve)
        app.router.add_route("*", "/{other:.*}", self._elsewhere)
        runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            for turn in self.turns:
                turn.go.set()
            await runner.cleanup()

    @property
    def endpoint(self) -> str:
        """For `assistant.endpoint`."""
        return f"http://127.0.0.1:{self.port}/v1"

    def next(self, turn: Turn) -> Turn:
        """The next request ends as `turn` says."""
        self.turns.append(turn)
        return turn

    @property
    def calls(self) -> int:
        """Requests for an answer so far."""
        return len(self.seen)

    async def _elsewhere(self, request: web.Request) -> web.StreamResponse:
        self.problems.append(f"{request.method} {request.path}: not described in calls.yaml")
        return web.Response(status=404)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if self.key is not None and request.headers.get("Authorization") != f"Bearer {self.key}":
            return _refusal(401, "Incorrect API key provided.")
        raw = await request.read()
        call = f"{request.method} /{request.match_info['call']}"
        try:
            body = json.loads(raw) if raw else {}
        except ValueError:
            body = None
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(call=call, headers=headers, body=body if isinstance(body, dict) else {})
        if wrong := [*self._wrong(asked, raw)]:
            self.problems.append(f"{call}: {'; '.join(wrong)}")
            return _refusal(400, self.problems[-1])
        if call == "GET /models":
            return web.json_response({"object": "list", "data": [{"id": MODEL, "object": "model"}]})
        kind = asked.body.get("response_format", {}).get("type")
        if kind and kind not in self.schemas:
            return _refusal(400, f"response_format of type {kind} is not supported.")
        self.seen.append(asked)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        turn = self._turn(asked)
        try:
            return await self._take(request, asked, turn)
        except ConnectionResetError:  # who asked is gone
            return _broken(request)
        finally:
            self.at_once -= 1
            turn.over.set()

    def _wrong(self, asked: Asked, raw: bytes) -> list[str]:
        """What is wrong with a request, one sentence each."""
        described = self._calls.get(asked.call)
        if described is None:
            return ["not described in calls.yaml"]
        wrong = list(self._shapes.shape("", asked.call, described, asked.body))
        if len(raw) > LARGEST:
            wrong.append(f"{len(raw)} bytes, at most {LARGEST}")
        if raw and asked.headers.get("content-type", "").partition(";")[0] != "application/json":
            wrong.append(f"its content type is {asked.headers.get('content-type')}")
        if asked.body.get("store"):
            wrong.append("it may be stored")
        if asked.body.get("stream"):
            wrong.append("it asks for a stream")
        if more := asked.headers.keys() - _HEADERS:
            wrong.append(f"it has the headers {sorted(more)}")
        roles = [m.get("role") for m in asked.body.get("messages", ()) if isinstance(m, dict)]
        if raw and roles != ["system", "user"]:
            wrong.append(f"its messages are {roles}")
        said = [m.get("content", "") for m in asked.body.get("messages", ()) if isinstance(m, dict)]
        text = "\n".join(str(one) for one in said)
        wrong += [f"it has the id {found[0]}" for found in _NUMBERS.finditer(text)]
        wrong += [f"it has the address {found[0]}" for found in _ADDRESSES.finditer(text)]
        everything = f"{json.dumps(asked.body, ensure_ascii=False)}\n{asked.headers}".casefold()
        wrong += [f"it has “{words}”" for words in self.secrets if words.casefold() in everything]
        return wrong

    def _turn(self, asked: Asked) -> Turn:
        if not self.turns:
            return self.mood(asked)
        turn = self.turns[0]
        turn.times -= 1
        if turn.times <= 0:
            self.turns.pop(0)
        return turn

    async def _take(self, request: web.Request, asked: Asked, turn: Turn) -> web.StreamResponse:
        turn.reached.set()
        if turn.hold:
            await turn.go.wait()
        if turn.cut == "at once":
            return _broken(request)
        if turn.status != 200:
            body = turn.body if turn.body is not None else json.dumps({"error": {"message": "Not now."}}).encode()
            return web.Response(status=turn.status, headers=turn.headers, body=body)
        if turn.endless:
            return await _endless(request)
        body = turn.body if turn.body is not None else self._body(asked, turn)
        kind = "text/event-stream" if turn.stream else "application/json"
        response = web.StreamResponse(headers={"Content-Type": kind, **turn.headers})
        await response.prepare(request)
        pieces = [body[at : at + 40] for at in range(0, len(body), 40)]
        for piece in pieces[: len(pieces) // 2] if turn.cut else pieces:
            await response.write(piece)
        if turn.cut:
            return _broken(request, response)
        await response.write_eof()
        return response

    def _body(self, asked: Asked, turn: Turn) -> bytes:
        words = self.rule(asked) if turn.says is None else turn.says
        used = {"prompt_tokens": len(asked.words) // 4, "completion_tokens": len(words) // 4}
        usage = {"usage": {**used, "total_tokens": sum(used.values())}} if turn.usage else {}
        plain: dict[str, Any] = {"id": "chatcmpl-1", "created": 0, "model": asked.body["model"]}
        if turn.stream:
            return b"".join(_events(plain, words, turn.finish, usage))
        message = {"role": "assistant", "content": words}
        choice = {"index": 0, "message": message, "finish_reason": turn.finish}
        whole = {**plain, "object": "chat.completion", "choices": [choice], **usage}
        return json.dumps(whole, ensure_ascii=False).encode()


@cache
def _document() -> Any:
    return yaml.safe_load(Path(__file__).with_name("calls.yaml").read_text(encoding="utf-8"))


def _described() -> tuple[Shapes, dict[str, Any]]:
    document = _document()
    return Shapes(document["shapes"]), {name: fields(call) for name, call in document["calls"].items()}


def _events(plain: Mapping[str, Any], words: str, finish: str, usage: Mapping[str, Any]) -> list[bytes]:
    """An answer as a stream: a piece of it an event, then why it stopped, then what it cost, then the end."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": words[at : at + 7]} for at in range(0, len(words), 7)]
    choices: list[list[Any]] = [[{"index": 0, "delta": delta, "finish_reason": None}] for delta in deltas]
    choices.append([{"index": 0, "delta": {}, "finish_reason": finish}])
    chunks: list[dict[str, Any]] = [{"choices": one} for one in choices]
    if usage:
        chunks.append({"choices": [], **usage})
    chunks = [{**plain, "object": "chat.completion.chunk", **chunk} for chunk in chunks]
    told = [json.dumps(chunk, ensure_ascii=False) for chunk in chunks]
    return [b": it is there\n\n", *(f"data: {one}\n\n".encode() for one in (*told, "[DONE]"))]


def _refusal(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"message": message, "type": "invalid_request_error"}}, status=status)


def _broken(request: web.Request, response: web.StreamResponse | None = None) -> web.StreamResponse:
    if request.transport:
        request.transport.abort()
    return response or web.Response()


async def _endless(request: web.Request) -> web.StreamResponse:
    """Until the other side has had enough."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    while True:
        await response.write(_CHUNK)
