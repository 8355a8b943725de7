"""`make bench`: measure, print a table, write bench.json. Names of parts run only those."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the program does, before numpy is imported

import structlog
from bench import (
    browser,
    cards,
    chats,
    communities,
    decisions,
    exports,
    growth,
    inserts,
    memory,
    overload,
    path,
    queues,
    start,
    understanding,
    web,
)
from bench.figures import Figure, keep, machine, table

PARTS: dict[str, Any] = {
    "understanding": understanding,
    "inserts": inserts,
    "decisions": decisions,
    "cards": cards,
    "path": path,
    "telegram": chats.TELEGRAM,
    "discord": chats.DISCORD,
    "growth": growth,
    "memory": memory,
    "overload": overload,
    "exports": exports,
    "communities": communities,
    "queue": queues,
    "start": start,
    "web": web,
    "browser": browser,
}

ON_REQUEST = ("communities",)
"""Takes half an hour."""


def main(names: list[str]) -> None:
    """Run the parts named; when none is, all but those on request."""
    unknown = set(names) - set(PARTS)
    if unknown:
        sys.exit(f"There is no part {', '.join(sorted(unknown))}; the parts are {', '.join(PARTS)}.")
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    figures: list[Figure] = []
    for name in names or [name for name in PARTS if name not in ON_REQUEST]:
        begun = time.perf_counter()
        figures += asyncio.run(PARTS[name].measure())
        sys.stderr.write(f"{name}: {time.perf_counter() - begun:.0f} s\n")
    sys.stdout.write(f"{', '.join(f'{k} {v}' for k, v in machine().items())}\n\n{table(figures)}\n")
    keep(figures, Path("bench.json"))


main(sys.argv[1:])
