"""Ten times the community, as deep in each channel: what reading a context and deciding cost then.

On a PostgreSQL server with `GREENROOM_TEST_DATABASE=postgresql`: a hundred times the community, and what is measured is
the time, as the work is the server's.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

from bench.figures import Figure, figure, ratios
from bench.scenes import Scene, fans_write, new, scene, waiting_drafts
from sqlalchemy import text

from bot.domain import Action, Command
from bot.queue import context
from bot.store import Connection, posts, tables
from responders.types import Post
from tests import databases

SMALL, LARGE = 10_000, 1_000_000 if databases.ON_SERVER else 100_000
PER_CHANNEL, PER_FAN, PER_DRAFT = 500, 5, 10
"""Stored posts for each channel, each fan and each draft."""
SAMPLE, ROUNDS = 150, 5


_of_thread, _of_process = (time.perf_counter,) * 2 if databases.ON_SERVER else (time.thread_time, time.process_time)


async def measure() -> list[Figure]:
    """CPU at both sizes, side by side."""
    with tempfile.TemporaryDirectory() as name:
        async with AsyncExitStack() as stack:
            server = None
            if databases.ON_SERVER:
                address = stack.enter_context(databases.server(f"bench-{os.getpid()}"))
                server = await asyncio.to_thread(databases.Server, address)
            arms = [await _filled(stack, Path(name) / str(size), size, server) for size in (SMALL, LARGE)]
            rounds = [[await _costs(on, some) for on, some in arms] for _ in range(ROUNDS)]
    figures = []
    for n, name in enumerate(("read a context", "decide")):
        small, large = ([row[arm][n] for row in rounds] for arm in (0, 1))
        figures += [
            figure(f"growth: {name}, {SMALL:,} stored", "us", small),
            figure(f"growth: {name}, {LARGE:,} / {SMALL:,} stored", "x", ratios(large, small), at_most=1.2),
        ]
    return figures


async def _filled(
    stack: AsyncExitStack, folder: Path, size: int, server: databases.Server | None
) -> tuple[Scene, Iterator[Post]]:
    """A store of posts that are answered for, some with an approved draft, and the posts to come."""
    folder.mkdir()
    made = server.new(folder) if server else None
    on = await stack.enter_async_context(scene(folder, made.url if made else ""))
    words = ["the fog in the last level is lovely"]
    size, copies = (SMALL, size // SMALL - 1) if server else (size, 0)
    everybody = fans_write(words, channels=size // PER_CHANNEL, fans=size // PER_FAN)
    some = list(itertools.islice(everybody, size))
    await waiting_drafts(on, some[::PER_DRAFT])
    rest = [new(post) for n, post in enumerate(some) if n % PER_DRAFT]

    def add(connection: Connection) -> None:
        for first in range(0, len(rest), 1000):
            posts.add_many(connection, rest[first : first + 1000])
        connection.execute(text("UPDATE posts SET action = 'silent', intent = 'offtopic' WHERE action IS NULL"))
        connection.execute(text("UPDATE drafts SET state = 'approved' WHERE state = 'waiting'"))

    await on.store.write(add)
    if made:
        await asyncio.to_thread(_multiply, made, copies)
        made.change("VACUUM ANALYZE")
    return on, everybody


def _multiply(made: databases.Database, copies: int) -> None:
    """Copy all posts and drafts this often, into channels and to fans of their own."""
    for table, changed in ((tables.posts, _OF_POST), (tables.drafts, _OF_DRAFT)):
        columns = [column.name for column in table.columns]
        values = ", ".join(changed.get(name, f"first.{name}") for name in columns)
        made.change(
            f"INSERT INTO {table.name} ({', '.join(columns)}) "  # noqa: S608 - all ours
            f"SELECT {values} FROM {table.name} AS first, generate_series(1, {copies}) AS n"
        )


_OF_POST = {name: f"left(md5(first.{name} || n), 16)" for name in ("id", "thread")} | {
    name: f"first.{name} || '-' || n" for name in ("external_id", "channel", "author_id")
}
_OF_DRAFT = {name: f"left(md5(first.{name} || n), 16)" for name in ("id", "post_id")} | {
    name: f"first.{name} || '-' || n" for name in ("channel", "fan_id")
}


async def _costs(on: Scene, some: Iterator[Post]) -> tuple[float, float]:
    """CPU microseconds of one context and of one decision."""
    ids = await waiting_drafts(on, list(itertools.islice(some, SAMPLE)))
    stored = [new(post) for post in itertools.islice(some, SAMPLE)]
    await on.store.write(lambda c: posts.add_many(c, stored))

    def read(connection: Connection) -> float:
        found = [post for one in stored if (post := posts.get(connection, one.id))]
        begun = _of_thread()
        for post in found:
            context.load(connection, post, on.settings, post.received_at)
        return (_of_thread() - begun) / len(found) * 1e6

    read_us = await on.store.read(read)
    begun = _of_process()
    for draft_id in ids:
        await on.desk.decide(Command(draft_id=draft_id, revision=1, by="manager", action=Action.APPROVE))
    return read_us, (_of_process() - begun) / len(ids) * 1e6
