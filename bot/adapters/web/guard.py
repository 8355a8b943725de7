"""What every request passes first: is the host ours, is the body small, does the caller ask too often? And what may a
browser do with the answer?"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from fastapi.responses import JSONResponse
from fastapi.telemetry import TelemetryConfig
from prometheus_client import CollectorRegistry, Counter
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.adapters.web.auth import allowed_hosts
from bot.adapters.web.limits import Limits
from bot.adapters.web.problems import Problem

BODY_LIMIT: Final = 256 * 1024
"""Bytes."""

_DRAIN: Final = 8 * 1024 * 1024
"""Bytes of a body that is too large which are still read, so that the client gets our answer and not a reset."""

BODY_SECONDS: Final = 30.0
"""How long a body may take to come in."""

NO_TELEMETRY: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""For each FastAPI: its own telemetry would tell addresses and what requests brought. Ours is `bot.tracing`."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "DELETE"})

_BROWSER_RULES = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types server"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

_log = structlog.get_logger(__name__)


class Guard:
    """ASGI middleware: Host allow-list, limits of speed and size, headers for browsers, and one sentence where a route
    fails."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        bind: str,
        public_url: str | None,
        key: str = "",
        limits: Limits,
        registry: CollectorRegistry,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        """`bind` is the host we listen on, `key` that of the community."""
        self._app = app
        self._bind = bind
        self._key = key
        self._public_url = public_url
        self._limits = limits
        self._body_seconds = body_seconds
        self._requests = Counter(
            "greenroom_http_requests", "Answers of the web server.", ["method", "status"], registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                method = scope["method"] if scope["method"] in _METHODS else "other"
                self._requests.labels(method, str(message["status"])).inc()
                _rule(scope["path"], MutableHeaders(scope=message))
            await send(message)

        try:
            body = await self._admit(scope, receive)
            await self._app(scope, _replay(body, receive), answer)
        except Problem as problem:
            await problem.response()(scope, receive, answer)
        except Exception:
            _log.exception("a request failed", method=scope["method"], path=scope["path"])
            if started:
                raise
            message = "Something went wrong on our side; the log of Greenroom says what."
            await JSONResponse({"error": "internal", "message": message}, 500)(scope, receive, answer)

    async def _admit(self, scope: Scope, receive: Receive) -> bytes:
        """The body of a request that may come in; raises Problem for one that may not."""
        host = Headers(scope=scope).get("host", "").lower()
        if host not in allowed_hosts(scope["server"][1], self._bind, self._public_url, self._key):
            raise Problem(
                400, "bad_request", "This host name is not ours; set web.public_url in config.yaml to use it."
            )
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            raise Problem(400, "bad_request", "An address cannot hold a NUL character; take it out.")
        try:
            async with asyncio.timeout(self._body_seconds):
                body = await _read(receive)
        except TimeoutError:
            sentence = f"The body did not come within {self._body_seconds:g} seconds; send it again."
            raise Problem(408, "too_slow", sentence) from None
        self._limits.count(Request(scope))
        return body


async def _read(receive: Receive) -> bytes:
    """The whole body; raises Problem for one that is too large."""
    body, more, read = bytearray(), True, 0
    while more and read <= _DRAIN:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "bad_request", "The request broke off; send it again.")
        chunk = message.get("body", b"")
        read += len(chunk)
        if read <= BODY_LIMIT:
            body += chunk
        more = message.get("more_body", False)
    if read > BODY_LIMIT:
        raise Problem(413, "too_large", f"The body is larger than {BODY_LIMIT // 1024} KiB; send less.")
    return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body that was read already, then whatever comes."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _rule(path: str, headers: MutableHeaders) -> None:
    for name, rule in _BROWSER_RULES.items():
        headers.setdefault(name, rule)
    headers.setdefault("Cache-Control", "no-cache" if path.startswith("/static/") else "no-store")
