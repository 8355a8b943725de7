"""Requests to the console's port: each on a new connection, and all on one that is kept."""

from __future__ import annotations

import asyncio
import http.client
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, figure, ratios
from bench.scenes import CONFIG, ROOT
from bench.start import running

ROUNDS, REQUESTS = 5, 200


async def measure() -> list[Figure]:
    """Milliseconds a request, to the smallest address there is."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "templates", folder / "templates")
        with running(folder, CONFIG) as (_process, port, _seconds):
            rounds = await asyncio.to_thread(lambda: [(_new(port), _kept(port)) for _ in range(ROUNDS)])
    new, kept = zip(*rounds, strict=True)
    return [
        figure("web: a request on a new connection", "ms", new),
        figure("web: a request on a kept connection", "ms", kept),
        figure("web: kept / new", "x", ratios(kept, new), at_most=1.2),
    ]


def _new(port: int) -> float:
    def once() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        _ask(connection)
        connection.close()

    return _timed(once() for _ in range(REQUESTS))


def _kept(port: int) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    _ask(connection)
    milliseconds = _timed(_ask(connection) for _ in range(REQUESTS))
    connection.close()
    return milliseconds


def _ask(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/healthz")
    connection.getresponse().read()


def _timed(requests: Iterator[None]) -> float:
    begun = time.perf_counter()
    for _ in requests:
        pass
    return (time.perf_counter() - begun) / REQUESTS * 1e3
