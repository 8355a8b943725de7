"""The one web application: the API, the pages, the health checks."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from pathlib import Path

from fastapi import FastAPI, Request, Response
from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from bot.adapters.web import api, health, problems
from bot.adapters.web.deps import Deps
from bot.adapters.web.guard import BODY_SECONDS, NO_TELEMETRY, Guard
from bot.adapters.web.limits import Limits
from bot.adapters.web.metrics import Metrics
from bot.console import (
    audit,
    consents,
    heard,
    hold,
    inbox,
    live,
    lobby,
    media,
    misread,
    notes,
    patches,
    resting,
    signin,
    stage,
    team,
    templates,
    works,
)
from bot.console.evening import Evening
from bot.console.presence import FORGET_AFTER, Presence
from bot.console.render import Renderer
from bot.errors import StoreError
from bot.worker import Worker

PAGES_OF_MANAGERS = (
    inbox.router,
    notes.router,
    media.router,
    lobby.router,
    live.router,
    heard.router,
    stage.router,
    consents.router,
    templates.router,
    works.router,
    patches.router,
    misread.router,
    team.router,
    audit.router,
    hold.router,
    resting.router,
)
PAGES = Path(__file__).with_name("pages")
_FOR_PROGRAMS = ("/api/", "/readyz", "/metrics")
"""Addresses whose answers are not read by people."""


def create_app(
    deps: Deps, *, pages: bool = True, body_seconds: float = BODY_SECONDS, presence_seconds: float = FORGET_AFTER
) -> FastAPI:
    """Build the application. Several may live in one process; none touches the network before it is served.

    `pages`: without them there are the health checks and the numbers alone, and no API. `body_seconds`: how long the
    body of a request may take to come in. `presence_seconds`: how long a page that says nothing counts as open.
    """
    app = FastAPI(
        title="Greenroom", version="1", openapi_url=None, docs_url=None, redoc_url=None, telemetry=NO_TELEMETRY
    )
    app.state.deps = deps
    app.state.closing = asyncio.Event()
    app.state.evening = Evening(deps.intake, deps.clock)
    app.state.trials = Worker("trials of posts")
    app.state.linter = templates.Linter()
    app.state.taking = asyncio.Lock()
    app.state.fetching = asyncio.Semaphore(media.AT_ONCE)
    app.state.presence = Presence(forget_after=presence_seconds)
    requests = CollectorRegistry()
    app.state.metrics = Metrics(deps, requests)
    app.state.pages = Renderer(PAGES, deps.settings.community.name, deps.desk.name_of, deps.settings.community.timezone)
    for router in (health.router, *((api.router, signin.router, *PAGES_OF_MANAGERS) if pages else ())):
        app.include_router(router)
    if pages:  # which are not compressed: they hold a token, and words that others chose
        app.mount("/static", GZipMiddleware(StaticFiles(directory=PAGES / "static"), minimum_size=1000))
    problems.install(app)
    app.add_exception_handler(signin.SignedOut, _signed_out)
    app.add_exception_handler(StoreError, _unavailable)
    for kind in (HTTPException, problems.Problem):
        app.add_exception_handler(kind, _nowhere if pages else _no_pages)
    web = deps.settings.web
    app.add_middleware(
        Guard,
        bind=web.host,
        public_url=web.public_url,
        key=deps.settings.key,
        limits=Limits(deps.keys),
        registry=requests,
        body_seconds=body_seconds,
    )
    return app


def _signed_out(request: Request, _error: Exception) -> Response:
    return signin.refuse(request, "You are not signed in.")


async def _nowhere(request: Request, error: Exception) -> Response:
    """A page for a person who opened an address where nothing is; else as the API answers."""
    answer = await problems.told(request, error)
    is_page = problems.is_for_a_person(request.scope) and not request.url.path.startswith(_FOR_PROGRAMS)
    if answer.status_code != HTTPStatus.NOT_FOUND or not is_page:
        return answer
    page: Response = request.app.state.pages.page("nowhere.html", answer.status_code, here="door")
    return page


async def _no_pages(request: Request, error: Exception) -> Response:
    answer = await problems.told(request, error)
    if answer.status_code != HTTPStatus.NOT_FOUND:
        return answer
    return problems.Problem(answer.status_code, "not_found", "There is only /healthz, /readyz and /metrics.").response()


def _unavailable(request: Request, error: Exception) -> Response:
    """The database's sentence: on a page where a page was asked for."""
    assert isinstance(error, StoreError)  # noqa: S101 - for the type checker
    problems.note(error)
    problem = problems.unavailable(error)
    if request.url.path.startswith(_FOR_PROGRAMS):
        return problem.response()
    page: Response = request.app.state.pages.page("trouble.html", problem.status, here="door", why=str(problem))
    return page
