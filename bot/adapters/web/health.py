"""For whoever watches over the process: alive, ready, numbers."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from bot.adapters.web.callers import near
from bot.adapters.web.deps import Deps, Wired
from bot.adapters.web.metrics import Metrics
from bot.errors import StoreError
from bot.store import leases

router = APIRouter(include_in_schema=False)

_PROBE = "readiness"
_PATIENCE: Final = 3
"""Seconds within which the database must take a write to count as ready."""


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", dependencies=[Depends(near)])
async def readyz(deps: Wired, response: Response) -> dict[str, Any]:
    """Whether each part can do its work; 503 if one cannot."""
    found = await readiness(deps)
    response.status_code = 200 if found["status"] == "ready" else 503
    return found


async def readiness(deps: Deps) -> dict[str, Any]:
    """Each part, and whether it can do its work. `status` is `not ready` if one cannot."""
    parts = {**deps.ready(), **_resting(deps), **await _store(deps), **await _reading(deps)}
    ready = False not in parts.values()
    held = {"on_hold": await deps.desk.on_hold() is not None} if parts["store"] else {}
    in_use = "the last good ones, because the files have faults" if deps.template_faults() else "those of the files"
    return {"status": "ready" if ready else "not ready", **parts, "templates_in_use": in_use, **held}


def _resting(deps: Deps) -> dict[str, Any]:
    """The platforms that do not answer, and when they are tried again."""
    told: dict[str, Any] = {}
    for one in deps.resting():
        why = f"rests until {one.until.isoformat(timespec='seconds')}, because: {one.why}"
        told |= {one.platform: False, f"{one.platform}_error": why}
    return told


async def _store(deps: Deps) -> dict[str, Any]:
    """Proved by a write: a full disk can still be read."""
    now = deps.clock.now()
    try:
        async with asyncio.timeout(_PATIENCE):
            await deps.store.write(lambda c: leases.take(c, _PROBE, _PROBE, now, now))
    except StoreError as error:
        return {"store": False, "store_error": str(error)}
    except TimeoutError:
        return {"store": False, "store_error": f"the database took no write within {_PATIENCE} seconds"}
    return {"store": True}


async def _reading(deps: Deps) -> dict[str, Any]:
    """Whether posts are read as they come."""
    try:
        late = await deps.intake.late()
    except StoreError:  # told as the store's
        return {}
    return {"reading": False, "reading_error": late} if late else {"reading": True}


@router.get("/metrics", dependencies=[Depends(near)])
async def metrics(request: Request, deps: Wired) -> Response:
    """Numbers for Prometheus; nothing about any person. They are told, too, while the database fails."""
    told: Metrics = request.app.state.metrics
    return Response(await told.text(takes_writes=await takes_writes(deps)), media_type=CONTENT_TYPE_LATEST)


async def takes_writes(deps: Deps) -> bool:
    """Whether the database takes a write now."""
    return bool((await _store(deps))["store"])
