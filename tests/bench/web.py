"""Requests to the console's port, each on a new connection and all on one; and what the inbox asks of a long queue."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

from bench.figures import Figure, figure, ratios
from bench.scenes import CONFIG, ROOT, Scene, fans_write, scene, waiting_drafts
from bench.start import running

from bot.store import listing
from bot.store.listing import Selection

ROUNDS, REQUESTS = 5, 200
WAITING, CARDS = 10_000, 200
"""Cards that wait, and cards on one page: eight times what the console shows at once."""


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
        *await _inbox(),
    ]


async def _inbox() -> list[Figure]:
    """Milliseconds of CPU for what the desk does, without the page around the cards."""
    everything = Selection(me="manager")
    with tempfile.TemporaryDirectory() as name:
        async with scene(Path(name)) as on:
            some = fans_write(["the fog in the last level is lovely"], channels=40, fans=2000)
            await waiting_drafts(on, list(itertools.islice(some, WAITING)))
            middle = await _middle(on, everything)
            questions = {
                f"{CARDS} cards": lambda: on.desk.listing(everything, limit=CARDS),
                f"the {CARDS} cards behind the middle": lambda: on.desk.listing(everything, limit=CARDS, after=middle),
                "25 cards that a word finds": lambda: on.desk.listing(replace(everything, q="LOVELY"), limit=25),
                "a word that finds none": lambda: on.desk.listing(replace(everything, q="nowhere"), limit=25),
                "counts": lambda: on.store.read(lambda c: listing.counts(c, everything)),
                "channels": lambda: on.store.read(lambda c: listing.channels(c, 200)),
            }
            took = {what: [await _took(ask) for _ in range(ROUNDS)] for what, ask in questions.items()}
    goals = dict.fromkeys(list(questions)[:2], 50)
    return [
        figure(f"web: inbox of {WAITING:,}: {what}", "ms CPU", times, at_most=goals.get(what))
        for what, times in took.items()
    ]


async def _middle(on: Scene, selection: Selection) -> str | None:
    """The cursor in the middle of the queue."""
    after = None
    for _ in range(WAITING // CARDS // 2):
        after = (await on.desk.listing(selection, limit=CARDS, after=after)).next
    return after


async def _took(ask: Callable[[], Awaitable[object]]) -> float:
    begun = time.process_time()
    await ask()
    return (time.process_time() - begun) * 1e3


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
