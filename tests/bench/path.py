"""The whole path: from the intake to a draft that waits, durable."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from bench.figures import Figure, figure, ratios
from bench.scenes import Scene, fans_write, new, scene

from bot.domain import StoredPost
from bot.store import Connection, events, posts
from responders.types import Context, Post
from tests.eval.posts import held_out

T = TypeVar("T")
IN_FLIGHT, POSTS, ROUNDS = 64, 300, 5
SECONDS = 5
"""How long each open loop lasts."""


async def measure() -> list[Figure]:
    """Throughput, CPU and latency, and the floors of the stages."""
    with tempfile.TemporaryDirectory() as folder:
        async with scene(Path(folder)) as on:
            texts = (post.text for post in held_out())  # as posts are: none like those that were just read
            some = fans_write(sorted(texts, key=lambda text: zlib.crc32(text.encode())))
            await _closed(on, _take(some, 300))  # warm
            figures = await _throughput(on, some)
            for rate in (20, 100):
                figures += await _latency(on, some, rate)
            return figures


async def _throughput(on: Scene, some: Iterator[Post]) -> list[Figure]:
    rates, cpu, floors = [], [], []
    for _ in range(ROUNDS):
        floors.append(await _floors(on, _take(some, POSTS)))
        batch = _take(some, POSTS)
        begun, burned = time.perf_counter(), time.process_time()
        await _closed(on, batch)
        rates.append(POSTS / (time.perf_counter() - begun))
        cpu.append((time.process_time() - burned) / POSTS * 1e6)
    stages = list(zip(*floors, strict=True))
    parts = ratios(cpu, [sum(floor) for floor in floors])
    names = ("store the post", "read the context", "run the pipeline", "submit")
    return [
        figure(f"path: {IN_FLIGHT} in flight", "posts/s", rates),
        figure("path: CPU of a post", "us", cpu),
        *(figure(f"path: floor, {name}", "us", found) for name, found in zip(names, stages, strict=True)),
        figure("path: CPU / sum of the floors", "x", parts, at_most=1.3),
    ]


async def _floors(on: Scene, some: list[Post]) -> tuple[float, ...]:
    """CPU of each stage of the intake alone, all posts in one transaction, in us a post."""
    stored = [new(post) for post in some]

    def add(connection: Connection) -> None:
        posts.add_many(connection, stored)
        events.write(connection)

    def read(connection: Connection) -> list[tuple[StoredPost, Context]]:
        return [found for one in stored if (found := on.intake._judge.around(connection, one.id))]

    store_us, _ = _cpu(await on.store.write(lambda c: _clocked(lambda: add(c))), len(some))
    read_us, found = _cpu(await on.store.read(lambda c: _clocked(lambda: read(c))), len(some))
    run_us, proposals = _cpu(
        _clocked(lambda: [on.pipeline.run(post.post, around) for post, around in found]), len(some)
    )

    def submit(connection: Connection) -> None:
        for one, proposal in zip(found, proposals, strict=True):
            on.intake._judge.submit(connection, one, proposal)
        events.write(connection)

    submit_us, _ = _cpu(await on.store.write(lambda c: _clocked(lambda: submit(c))), len(some))
    return store_us, read_us, run_us, submit_us


def _clocked(work: Callable[[], T]) -> tuple[float, T]:
    begun = time.thread_time()
    result = work()
    return time.thread_time() - begun, result


def _cpu(clocked: tuple[float, T], number: int) -> tuple[float, T]:
    return clocked[0] / number * 1e6, clocked[1]


async def _closed(on: Scene, some: list[Post]) -> None:
    """Each of IN_FLIGHT writers waits for the outcome of its post before it writes the next."""
    left = iter(some)

    async def write() -> None:
        for post in left:
            await on.intake.timed.done((await on.intake.receive(post)).post_id)

    await asyncio.gather(*(write() for _ in range(IN_FLIGHT)))


async def _latency(on: Scene, some: Iterator[Post], rate: int) -> list[Figure]:
    """Posts come at their times whether or not those before are done; latency counts from the time they were due.

    Where less is carried than offered, the waits are those of a queue that grows.
    """
    number = rate * SECONDS
    batch = _take(some, number)
    begun = time.perf_counter() + 0.05
    waits: list[float] = []

    async def write(post: Post, due: float) -> None:
        done = await on.intake.timed.done((await on.intake.receive(post)).post_id)
        waits.append((done - due) * 1e3)

    async with asyncio.TaskGroup() as group:
        for n, post in enumerate(batch):
            due = begun + n / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(write(post, due))
    carried = number / (time.perf_counter() - begun)
    cuts = statistics.quantiles(waits, n=100)
    return [
        figure(f"path: {rate} posts/s offered: carried", "posts/s", [carried]),
        figure(f"path: {rate} posts/s, post to draft, p50", "ms", [cuts[49]]),
        figure(f"path: {rate} posts/s, post to draft, p99", "ms", [cuts[98]]),
    ]


def _take(some: Iterator[Post], number: int) -> list[Post]:
    return list(itertools.islice(some, number))
