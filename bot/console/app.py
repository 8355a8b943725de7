"""The one web application: the API, the pages, the health checks."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.staticfiles import StaticFiles

from bot.adapters.web import Deps, api, health, problems
from bot.adapters.web.guard import Guard
from bot.console import routes, signin
from bot.console.render import Renderer

PAGES = Path(__file__).with_name("pages")


def create_app(deps: Deps) -> FastAPI:
    """Build the application. Several may live in one process; none touches the network before it is served."""
    app = FastAPI(title="Greenroom", version="1", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.deps = deps
    app.state.closing = asyncio.Event()
    app.state.registry = CollectorRegistry()
    app.state.pages = Renderer(PAGES, deps.settings.community.name, deps.desk.name_of)
    for router in (api.router, health.router, signin.router, routes.router):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=PAGES / "static"))
    problems.install(app)
    web = deps.settings.web
    app.add_middleware(Guard, bind=web.host, public_url=web.public_url, registry=app.state.registry)
    return app
