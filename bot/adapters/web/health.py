"""For whoever watches over the process: alive, ready, numbers."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from bot.adapters.web.callers import caller
from bot.adapters.web.deps import Wired
from bot.errors import StoreError

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


def _near(request: Request, deps: Wired) -> None:
    """From this machine no token is needed."""
    client = request.client
    if client is None or not ip_address(client.host).is_loopback:
        caller(request, deps)


@router.get("/readyz", dependencies=[Depends(_near)])
async def readyz(deps: Wired, response: Response) -> dict[str, Any]:
    """Whether each part can do its work; 503 if one cannot."""
    parts = dict(deps.ready())
    try:
        await deps.store.last_event()
        parts["store"] = True
    except StoreError as error:
        parts |= {"store": False, "store_error": str(error)}
    ready = False not in parts.values()
    response.status_code = 200 if ready else 503
    in_use = "the last good ones, because the files have faults" if deps.template_faults() else "those of the files"
    return {"status": "ready" if ready else "not ready", **parts, "templates_in_use": in_use}


@router.get("/metrics", dependencies=[Depends(_near)])
async def metrics(request: Request, deps: Wired) -> Response:
    """Counts by state for Prometheus; nothing about any person."""
    registry: CollectorRegistry = request.app.state.registry
    numbers = CollectorRegistry()
    for kind, counts in (await deps.store.numbers()).items():
        gauge = Gauge(f"greenroom_{kind}", f"How many {kind} are in each state.", ["state"], registry=numbers)
        for state, count in counts.items():
            gauge.labels(state).set(count)
    faults = Gauge(
        "greenroom_template_faults",
        "How many faults keep the template files from being used; the last good ones are in use meanwhile.",
        registry=numbers,
    )
    faults.set(len(deps.template_faults()))
    return Response(generate_latest(registry) + generate_latest(numbers), media_type=CONTENT_TYPE_LATEST)
