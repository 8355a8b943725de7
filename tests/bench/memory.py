"""What 100,000 posts leave behind in memory: intake, context, desk, store and writer, without retention.

The pipeline has its answer ready; what reading leaves behind is measured by the part `understanding`.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import tempfile
from pathlib import Path
from typing import Any

from bench.figures import Figure, figure
from bench.scenes import PRAISE, fans_write, scene

from responders.types import Context, Post, Proposal

WARM, POSTS, AT_ONCE = 25_000, 100_000, 500
"""The first posts fill the database's page caches and the C library's arenas."""


class Ready:
    """A pipeline that drafts the same reply for every post."""

    def __init__(self, library: Any) -> None:
        """`library`: whose facts a draft is held against."""
        self.library = library

    def run(self, _post: Post, _context: Context) -> Proposal:
        """At once."""
        return PRAISE


async def measure() -> list[Figure]:
    """Resident memory after the first posts, and what the others add."""
    with tempfile.TemporaryDirectory() as folder:
        async with scene(Path(folder)) as on:
            ready = Ready(on.pipeline.library)
            on.intake._judge._pipeline = lambda: ready  # type: ignore[assignment, return-value]
            some = fans_write(["the fog in the last level is lovely"])
            sizes = {}
            for number in range(AT_ONCE, WARM + POSTS + 1, AT_ONCE):
                await asyncio.gather(*(on.intake.receive(post) for post in itertools.islice(some, AT_ONCE)))
                await on.intake.idle()
                on.intake.timed.at.clear()
                if number in (WARM, WARM + POSTS):
                    gc.collect()
                    sizes[number] = resident()
    first, last = sizes[WARM], sizes[WARM + POSTS]
    return [
        figure(f"memory: after {WARM:,} posts", "MiB", [first]),
        figure(f"memory: what {POSTS:,} more add", "MiB", [last - first], at_most=10),
    ]


def resident() -> float:
    """MiB of this process."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024
