"""For whoever watches over the process: alive, ready, numbers."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from bot.adapters.web.callers import near
from bot.adapters.web.deps import Deps, Wired
from bot.errors import StoreError
from bot.store import assistant, leases

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
    parts = {**deps.ready(), **_resting(deps), **await _store(deps), **await _reading(deps)}
    ready = False not in parts.values()
    held = {"on_hold": await deps.desk.on_hold() is not None} if parts["store"] else {}
    response.status_code = 200 if ready else 503
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
    waiting = Gauge(
        "greenroom_oldest_unjudged_seconds",
        "How long the oldest post that nobody has read yet has waited; 0 when there is none.",
        registry=numbers,
    )
    waiting.set((await deps.intake.waiting()).total_seconds())
    held = Gauge("greenroom_on_hold", "1 while a manager keeps everything back, else 0.", registry=numbers)
    held.set(await deps.desk.on_hold() is not None)
    if section := deps.settings.assistant:
        now = deps.clock.now()
        today = await deps.store.read(lambda c: assistant.used(c, assistant.midnight(now)))
        ends = Gauge(
            "greenroom_assistant_today", "What became of today's questions, by UTC.", ["outcome"], registry=numbers
        )
        for end in assistant.End:
            ends.labels(end).set(today.ends.get(end, 0))
        left = Gauge("greenroom_assistant_left_today", "Questions that are left of today's.", registry=numbers)
        left.set(max(0, section.per_day - today.asked))
        rests = Gauge("greenroom_assistant_rests", "1 while it is left alone because it failed.", registry=numbers)
        rests.set(deps.assistant_rests() is not None)
    return Response(generate_latest(registry) + generate_latest(numbers), media_type=CONTENT_TYPE_LATEST)
