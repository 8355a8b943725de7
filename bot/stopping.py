"""Work that a stop must not cut in the middle: what was begun with a platform is finished and noted first."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

GRACE = 10.0
"""Seconds that such work has after a stop was asked for; then it is cut off, as by a crash."""


async def finished(work: Coroutine[Any, Any, T]) -> T:
    """Run something that, once begun, is finished even when the caller is cancelled; the cancellation follows then."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=GRACE)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise
