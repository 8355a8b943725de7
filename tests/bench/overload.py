"""A flood of posts at four times what can be judged: memory stays flat, and the API sends the rest away for a while.

As in the part `memory` the pipeline has its answer ready, so what is measured is everything around it. The flood asks
the intake what the API asks it, without HTTP: a client in this process would take the time of what it measures.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import tempfile
import time
from pathlib import Path

from bench.figures import Figure, figure
from bench.memory import Ready, resident
from bench.scenes import fans_write, scene

from bot.intake import CROWDED

WARM, POSTS, TIMES = 2_000, 50_000, 4
CONNECTIONS = 500
"""Posts that are being stored at the same time: as many as the web server has connections."""
TICK = 0.02
"""Seconds between two waves of the flood."""


async def measure() -> list[Figure]:
    """Resident memory before and after, how many were refused, and how many waited at most."""
    with tempfile.TemporaryDirectory() as folder:
        async with scene(Path(folder)) as on:
            ready = Ready(on.pipeline.library)
            on.intake._judge._pipeline = lambda: ready  # type: ignore[assignment, return-value]
            some = fans_write(["the fog in the last level is lovely"])
            begun = time.perf_counter()
            for _ in range(0, WARM, CONNECTIONS):
                await asyncio.gather(*(on.intake.receive(post) for post in itertools.islice(some, CONNECTIONS)))
                await on.intake.idle()
            capacity = WARM / (time.perf_counter() - begun)
            on.intake.timed.at.clear()
            gc.collect()
            before = resident()
            refused = most = offered = 0
            under_way: set[asyncio.Task[object]] = set()
            begun = time.perf_counter()
            while offered < POSTS:
                due = min(POSTS, int((time.perf_counter() - begun) * capacity * TIMES))
                for post in itertools.islice(some, due - offered):
                    if on.intake.crowded or len(under_way) >= CONNECTIONS:
                        refused += 1
                        continue
                    task = asyncio.create_task(on.intake.receive(post))
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)
                offered = due
                most = max(most, len(on.intake._backlog))
                await asyncio.sleep(TICK)
            took = time.perf_counter() - begun
            await asyncio.gather(*under_way)
            await on.intake.idle()
            on.intake.timed.at.clear()
            gc.collect()
            after = resident()
    return [
        figure("overload: posts judged without a flood", "1/s", [capacity]),
        figure(f"overload: offered / judged, over {POSTS:,} posts", "x", [POSTS / took / capacity]),
        figure("overload: refused (429)", "%", [100 * refused / POSTS]),
        figure("overload: posts in memory at most", "posts", [most], at_most=CROWDED + CONNECTIONS),
        figure("overload: memory before the flood", "MiB", [before]),
        figure("overload: what the flood adds", "MiB", [after - before]),
    ]
