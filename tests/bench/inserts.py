"""The store's insert path against the raw driver that commits 100 of the same rows at a time.

On a PostgreSQL server with `GREENROOM_TEST_DATABASE=postgresql`.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from bench.figures import Figure, figure, ratios
from bench.scenes import SLOW_SYNC, fans_write, new, slow_disk

from bot.store import NewPost, Store
from bot.store.communities import SOLE
from tests import databases

ROUNDS, POSTS, GROUP = 5, 3_000, 100
SLOW_ROUNDS, SLOW_POSTS = 3, 3_000
ALONE = 150
"""Posts of the arm that commits each by itself on a slow disk."""


async def measure() -> list[Figure]:
    """Rates and ratios at 256 and 64 producers, on this disk and on a slow one."""
    if databases.ON_SERVER:
        return await _on_server()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "raw.db"
        await (await Store.open(f"sqlite:///{file}")).close()  # the same tables and indexes
        raw = sqlite3.connect(file, isolation_level=None)
        raw.execute("PRAGMA synchronous=FULL")
        stores = {producers: await Store.open(f"sqlite:///{folder}/{producers}.db") for producers in (256, 64)}
        new_posts = (new(post) for post in fans_write(["the fog in the last level is lovely"]))
        try:
            return await _fast(stores, raw, new_posts) + await _slow(stores[256], raw, new_posts)
        finally:
            raw.close()
            for store in stores.values():
                await store.close()


async def _fast(stores: dict[int, Store], raw: sqlite3.Connection, new_posts: Iterator[NewPost]) -> list[Figure]:
    """Each arm has a database of its own: an insert costs more the larger it is."""
    floor: list[float] = []
    rates: dict[int, list[float]] = {producers: [] for producers in stores}
    for _ in range(ROUNDS):
        floor.append(_grouped(raw, _take(new_posts, POSTS), GROUP))
        for producers, store in stores.items():
            rates[producers].append(await _produce(store, _take(new_posts, POSTS), producers))
    return [
        figure("insert: raw sqlite3, groups of 100", "posts/s", floor),
        figure("insert: store, 256 producers", "posts/s", rates[256]),
        figure("insert: store, 256 producers / raw", "x", ratios(rates[256], floor), at_least=0.6),
        figure("insert: store, 64 producers / raw", "x", ratios(rates[64], floor), at_least=0.5),
    ]


async def _slow(store: Store, raw: sqlite3.Connection, new_posts: Iterator[NewPost]) -> list[Figure]:
    alone, ours = [], []
    for _ in range(SLOW_ROUNDS):
        alone.append(_grouped(raw, _take(new_posts, ALONE), 1, SLOW_SYNC))
        with slow_disk():
            ours.append(await _produce(store, _take(new_posts, SLOW_POSTS), 256))
    return [
        figure("insert, sync +2 ms: store, 256 producers", "posts/s", ours),
        figure("insert, sync +2 ms: store / commit per post", "x", ratios(ours, alone), at_least=40),
    ]


async def _on_server() -> list[Figure]:
    """The same without the slow disk: a server's commits reach this one."""
    with databases.server(f"bench-{os.getpid()}", in_haste=False) as address, tempfile.TemporaryDirectory() as folder:
        databases.durable(address)
        server = await asyncio.to_thread(databases.Server, address)
        urls = [server.new(Path(folder)).url for _ in range(3)]
        raw = psycopg.connect(urls[0], options=f"-c greenroom.community={SOLE}")
        stores = {producers: await Store.open(url) for producers, url in zip((256, 64), urls[1:], strict=True)}
        new_posts = (new(post) for post in fans_write(["the fog in the last level is lovely"]))
        try:
            floor: list[float] = []
            rates: dict[int, list[float]] = {producers: [] for producers in stores}
            for _ in range(ROUNDS):
                floor.append(_grouped_there(raw, _take(new_posts, POSTS), GROUP))
                for producers, store in stores.items():
                    rates[producers].append(await _produce(store, _take(new_posts, POSTS), producers))
        finally:
            raw.close()
            for store in stores.values():
                await store.close()
    return [
        figure("insert, PostgreSQL: raw psycopg, groups of 100", "posts/s", floor),
        figure("insert, PostgreSQL: store, 256 producers", "posts/s", rates[256]),
        figure("insert, PostgreSQL: store, 256 producers / raw", "x", ratios(rates[256], floor)),
        figure("insert, PostgreSQL: store, 64 producers / raw", "x", ratios(rates[64], floor)),
    ]


def _take(new_posts: Iterator[NewPost], number: int) -> list[NewPost]:
    return list(itertools.islice(new_posts, number))


async def _produce(store: Store, new_posts: list[NewPost], producers: int) -> float:
    """Posts a second while each producer waits for the durable answer to its own post."""
    left = iter(new_posts)

    async def produce() -> None:
        for one in left:
            await store.add_post(one)

    begun = time.perf_counter()
    await asyncio.gather(*(produce() for _ in range(producers)))
    return len(new_posts) / (time.perf_counter() - begun)


_POST = """INSERT INTO posts (id, platform, channel, external_id, thread, reply_to, author_id, author_name, is_staff,
    is_bot, text, attachments, mentions_us, at, received_at, version, deleted, kept)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, NULL, 0, ?, ?, 1, 0, 1) ON CONFLICT DO NOTHING"""
_EVENT = "INSERT INTO events (at, name, post_id) VALUES (?, 'post_received', ?)"


def _grouped(raw: sqlite3.Connection, new_posts: list[NewPost], size: int, sync: float = 0) -> float:
    """Posts a second of the driver alone; the rows are made beforehand."""
    rows, facts = _rows(new_posts, lambda at: at.replace(tzinfo=None).isoformat(" ", "microseconds"))
    begun = time.perf_counter()
    for first in range(0, len(rows), size):
        raw.execute("BEGIN IMMEDIATE")
        raw.executemany(_POST, rows[first : first + size])
        raw.executemany(_EVENT, facts[first : first + size])
        time.sleep(sync)
        raw.execute("COMMIT")
    return len(rows) / (time.perf_counter() - begun)


def _grouped_there(raw: psycopg.Connection, new_posts: list[NewPost], size: int) -> float:
    """`_grouped` for a server."""
    rows, facts = _rows(new_posts, lambda at: at)
    post, event = (
        said.replace("?", "%s").replace(" 0,", " false,").replace(" 1)", " true)").encode() for said in (_POST, _EVENT)
    )
    begun = time.perf_counter()
    for first in range(0, len(rows), size):
        with raw.cursor() as cursor:
            cursor.executemany(post, rows[first : first + size])
            cursor.executemany(event, facts[first : first + size])
        raw.commit()
    return len(rows) / (time.perf_counter() - begun)


def _rows(new_posts: list[NewPost], stored: Callable[[datetime], object]) -> tuple[list[Any], list[Any]]:
    """What `_POST` and `_EVENT` take. `stored` writes a time as the driver wants it."""
    rows, facts = [], []
    for n in new_posts:
        p, at = n.post, stored(n.received_at)
        author = p.author
        rows.append((n.id, p.platform, p.channel, p.external_id, n.id, None, author.id, author.name, p.text, at, at))
        facts.append((at, n.id))
    return rows, facts
