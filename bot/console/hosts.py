"""One web server for many communities: each has a host of its own, and nothing of one is found at another's."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final, Protocol

from fastapi import Depends, FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, Metric, ProcessCollector, generate_latest
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from bot import hops
from bot.adapters.web import problems
from bot.adapters.web.auth import Keys, allowed_hosts
from bot.adapters.web.callers import from_here
from bot.adapters.web.guard import NO_TELEMETRY, Guard
from bot.adapters.web.health import takes_writes
from bot.adapters.web.limits import Limits
from bot.adapters.web.metrics import Metrics
from bot.adapters.web.problems import Problem
from bot.console.plain import answer
from bot.console.server import WebServer, end_streams
from bot.errors import GreenroomError

_NOBODY: Final = "There is nothing at this host name."
_NO_PAGE: Final = "This is the address of the whole process; each community has one of its own, which the log names."
_AWAY: Final = "Greenroom does not run here at the moment; whoever runs it finds out why in its log."
_UNKNOWN: Final = (
    "Send the bearer token of the process; it is in var/web_token beside the communities, or GREENROOM_WEB_TOKEN."
)
_RETRY: Final = 60
"""Seconds after which somebody who found it away may look again."""


class Whole(Protocol):
    """What is told of the process and all its communities."""

    @property
    def proxied(self) -> bool:
        """Whether a reverse proxy on this machine may pass on what others ask."""

    async def readiness(self) -> Mapping[str, Any]:
        """Which communities can do their work. `status` is `not ready` if none can."""

    async def metrics(self) -> bytes:
        """The numbers of the process, and those of each community with its label."""


class Hosts:
    """The application of the server. It finds the community by the `Host` of a request."""

    def __init__(self, whole: Whole, keys: Keys, bind: str) -> None:
        """`keys`: of the process, for those who may see the whole. `bind` is the host we listen on."""
        self._bind = bind
        self._apps: dict[str, tuple[str, ASGIApp]] = {}
        """Host -> the community's key, and what answers for it."""
        registry = CollectorRegistry()
        self._whole = Guard(
            _of_the_process(whole, keys), bind=bind, public_url=None, limits=Limits(keys), registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        host = Headers(scope=scope).get("host", "").lower()
        if host in self._apps:
            key, app = self._apps[host]
            with bound_contextvars(community=key):
                await app(scope, receive, send)
        elif host in allowed_hosts(scope["server"][1], self._bind, None):
            await self._whole(scope, receive, send)
        else:
            await answer(Problem(404, "not_found", _NOBODY), scope)(scope, receive, send)

    def show(self, key: str, host: str, app: ASGIApp) -> None:
        """Answer for the community with this key, at this host alone."""
        self._apps = {known: shown for known, shown in self._apps.items() if shown[0] != key}
        self._apps[host] = (key, app)

    def show_away(self, key: str, host: str) -> None:
        """Say there that the community is away. A host that another community has stays its own."""
        if self._apps.get(host, (key,))[0] == key:
            self.show(key, host, _away)


async def _away(scope: Scope, receive: Receive, send: Send) -> None:
    """What answers for a community that does not run."""
    await answer(Problem(503, "unavailable", _AWAY, retry_after=_RETRY), scope)(scope, receive, send)


class Place:
    """The web server as one of several communities has it."""

    def __init__(self, hosts: Hosts, server: WebServer, key: str, host: str, app: FastAPI) -> None:
        """`server` serves `hosts`, and has been started. `app` answers for the community with this key."""
        self._hosts = hosts
        self._server = server
        self._key = key
        self._host = host
        self.pages = app

    @property
    def port(self) -> int:
        """The port of the server."""
        return self._server.port

    async def start(self) -> None:
        """Answer at this host."""
        self._hosts.show(self._key, self._host, self.pages)

    async def stop(self) -> None:
        """End streams at once, and let the community be away."""
        self._hosts.show_away(self._key, self._host)
        await end_streams(self.pages)


class Numbers:
    """What /metrics tells where a process serves several communities: each number with its community."""

    def __init__(self) -> None:
        """One for the process."""
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)

    async def text(self, pages: Mapping[str, FastAPI], away: Collection[str]) -> bytes:
        """In Prometheus' text format. `pages`: those of each community that runs; `away`: the keys of the others."""
        told = await asyncio.gather(*(_own(app) for app in pages.values()))
        return await asyncio.to_thread(self._text, dict(zip(pages, told, strict=True)), away)

    def _text(self, told: Mapping[str, Iterable[CollectorRegistry]], away: Collection[str]) -> bytes:
        up = Gauge(
            "greenroom_community_up", "1 while a community runs in this process, else 0.", ["community"], registry=None
        )
        for key in told:
            up.labels(key).set(1)
        for key in away:
            up.labels(key).set(0)
        return b"".join(generate_latest(registry) for registry in (self._process, hops.REGISTRY, _Labelled(told, up)))


class _Labelled(CollectorRegistry):
    """The numbers of several communities as those of one registry."""

    def __init__(self, told: Mapping[str, Iterable[CollectorRegistry]], up: Gauge) -> None:
        super().__init__()
        self.register(up)
        self._told = told

    def collect(self) -> Iterator[Metric]:
        """Each metric once, with the samples of all."""
        yield from super().collect()
        merged: dict[str, Metric] = {}
        for key, registries in self._told.items():
            for found in (metric for registry in registries for metric in registry.collect()):
                one = merged.setdefault(found.name, Metric(found.name, found.documentation, found.type))
                one.samples += [s._replace(labels={"community": key, **s.labels}) for s in found.samples]
        yield from merged.values()


async def _own(app: FastAPI) -> tuple[CollectorRegistry, ...]:
    metrics: Metrics = app.state.metrics
    return await metrics.own(takes_writes=await takes_writes(app.state.deps))


def _of_the_process(whole: Whole, keys: Keys) -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, telemetry=NO_TELEMETRY)
    app.state.whole, app.state.keys = whole, keys
    app.add_api_route("/healthz", _healthz)
    app.add_api_route("/readyz", _readyz)
    app.add_api_route("/metrics", _metrics)
    problems.install(app)
    app.add_exception_handler(HTTPException, _nowhere)
    app.add_exception_handler(GreenroomError, _failed)
    return app


def _seen(request: Request) -> Whole:
    """The whole, for whoever may see it. Raises Problem."""
    whole: Whole = request.app.state.whole
    keys: Keys = request.app.state.keys
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    known = scheme.lower() == "bearer" and keys.is_token(token.strip())
    if known or (not scheme and from_here(request) and not whole.proxied):
        return whole
    raise Problem(401, "unauthorized", _UNKNOWN)


Seen = Annotated[Whole, Depends(_seen)]


async def _healthz() -> dict[str, str]:
    return {"status": "ok"}


async def _readyz(whole: Seen, response: Response) -> Mapping[str, Any]:
    found = await whole.readiness()
    response.status_code = 503 if found["status"] == "not ready" else 200
    return found


async def _metrics(whole: Seen) -> Response:
    return Response(await whole.metrics(), media_type=CONTENT_TYPE_LATEST)


async def _nowhere(request: Request, error: Exception) -> Response:
    said = await problems.told(request, error)
    if said.status_code != HTTPStatus.NOT_FOUND:
        return said
    return answer(Problem(404, "not_found", _NO_PAGE), request.scope)


def _failed(_request: Request, error: Exception) -> Response:
    return Problem(503, "unavailable", str(error)).response()
