"""What a post leaves in the database: an evening is played through the real parts, then its words are dropped."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import threading
import time
import zlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psutil
import psycopg

from responders.pipeline import Pipeline
from responders.types import Candidate, Context, Outcome, Post, Proposal, Reason, ReasonCode, Understanding
from tests.databases import Database, File, Files, Served, Server, server
from tests.eval.posts import held_out
from tests.integration.conftest import House
from tests.model import shipped

POSTS, AT_ONCE, FANS, CHANNELS = 2_000, 50, 400, 20
ROUNDS = 20
SKIPPED = 3
"""Managers skip one draft in so many; the others they send. Hand-offs they answer elsewhere, and skip the card."""
DAY = 24 * 3600
WRITER = "writer"
"""The name of the thread that writes."""


@dataclass(frozen=True, kw_only=True)
class Left:
    """What the posts of an evening left, for each of them."""

    with_words: float
    """Bytes, right after it."""
    without_words: float
    """Bytes, after `keep.post_text`."""
    rows: float
    drafted: float
    """The share of posts that got a draft."""
    sent: float
    """The share of posts that got a reply."""


def main() -> str:
    """Measure both databases; a line for each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("empty", "sqlite", "postgresql"):
            (folder / part).mkdir()
        on_file = asyncio.run(_evening(folder / "sqlite", Files(folder / "empty").new(folder / "sqlite/var")))
        with server(f"scale{time.time_ns()}") as uri:
            served = Server(uri).new(folder / "postgresql/var")
            try:
                on_server = asyncio.run(_evening(folder / "postgresql", served))
                costs = [
                    (outcome, *asyncio.run(_cost(folder / "postgresql", served, outcome)))
                    for outcome in (Outcome.DRAFT, Outcome.SILENT)
                ]
            finally:
                served.close()
    told = [
        f"{outcome}: {cpu:.1f} ms, {inside:.1f} ms of it inside the write transaction" for outcome, cpu, inside in costs
    ]
    return "\n".join([f"SQLite: {on_file}", f"PostgreSQL: {on_server}", *told])


async def _evening(folder: Path, database: Database) -> Left:
    house = House(folder, database, shipped())
    await house.open()
    empty, nothing = _size(database), _rows(database)
    texts = sorted((post.text for post in held_out()), key=lambda text: zlib.crc32(text.encode()))
    drafted = 0
    for first in range(0, POSTS, AT_ONCE):
        numbers = range(first, first + AT_ONCE)
        ids = [await house.receive(texts[n % len(texts)], f"fan-{n % FANS}", f"c{n % CHANNELS}") for n in numbers]
        await house.quiet()
        for number, post_id in zip(numbers, ids, strict=True):
            page = await house.store.post_page(post_id)
            if page is None or page.draft is None:
                continue
            card = await house.again({"draft_id": page.draft.id})
            drafted += card["text"] is not None
            if card["text"] is None or number % SKIPPED == 0:
                await house.press(card, "reject")
            else:
                await house.press(card, "approve")
        await house.send()
        house.clock.move(seconds=60)
    full, rows = _size(database), _rows(database)
    house.clock.move(seconds=8 * DAY)
    for _ in range(3):
        await house.rounds.once()
        house.clock.move(seconds=61)
    await house.close()
    return Left(
        with_words=(full - empty) / POSTS,
        without_words=(_size(database) - empty) / POSTS,
        rows=(rows - nothing) / POSTS,
        drafted=drafted / POSTS,
        sent=len(house.stage.sent) / POSTS,
    )


async def _cost(folder: Path, database: Served, outcome: Outcome) -> tuple[float, float]:
    """Milliseconds of CPU that a post takes beside reading it, of the process with its database's server, and how much
    of it inside the one write transaction at a time. It is answered, or left alone."""
    house = House(folder, database, cast(Any, _Ready(shipped(), outcome)))
    await house.open()
    writer = next(thread for thread in threading.enumerate() if thread.name == WRITER)
    clock = time.pthread_getcpuclockid(cast(int, writer.ident))
    begun, wrote, served = time.process_time(), time.clock_gettime(clock), _backends(database)
    for number in range(ROUNDS):
        named = [f"{outcome}-{number}-{n}" for n in range(AT_ONCE)]
        ids = await asyncio.gather(
            *(house.receive(f"post {n}", f"fan-{n}", f"c{n}", external_id=name) for n, name in enumerate(named))
        )
        await house.intake.idle()
        if outcome is Outcome.DRAFT:
            cards = await asyncio.gather(*(house.draft_of(post_id) for post_id in ids))
            await asyncio.gather(*(house.press(card, "approve") for card in cards))
            await house.send()
    used = [after - served.get(pid, 0.0) for pid, after in _backends(database).items()]
    ours, inside = time.process_time() - begun, time.clock_gettime(clock) - wrote + max(used)
    assert len(house.stage.sent) == (ROUNDS * AT_ONCE if outcome is Outcome.DRAFT else 0)
    await house.close()
    return (ours + sum(used)) / (ROUNDS * AT_ONCE) * 1e3, inside / (ROUNDS * AT_ONCE) * 1e3


def _backends(database: Served) -> dict[int, float]:
    """CPU seconds of each process of the server. The busiest serves the writer."""
    with psycopg.connect(database.admin) as found:
        server = psutil.Process(found.info.backend_pid).parent()
    assert server
    return {one.pid: sum(one.cpu_times()[:2]) for one in server.children()}


_REPLY = Candidate(text="Which part stays with you most?", template="en/praise/plain", variant="which")


class _Ready:
    """A pipeline that says the same of every post, at once: the same reply, or nothing."""

    def __init__(self, pipeline: Pipeline, outcome: Outcome) -> None:
        self.library = pipeline.library
        self._proposal = Proposal(
            outcome=outcome,
            reason=Reason(code=ReasonCode.INTENT, sentence="Reads as praise."),
            understanding=Understanding(intent="praise", confidence=0.9, intents=(("praise", 0.9), ("thanks", 0.1))),
            candidate=_REPLY if outcome is Outcome.DRAFT else None,
        )

    def run(self, _post: Post, _context: Context) -> Proposal:
        return self._proposal


def _size(database: Database) -> int:
    """Bytes of everything, after the clearing-up that runs by itself: a SQLite file is rewritten once a day, and
    PostgreSQL gives the room of erased rows to new ones."""
    if isinstance(database, File):
        with closing(sqlite3.connect(database.path, timeout=60)) as found:
            copy = database.path.with_name("measured.db")
            found.execute("VACUUM INTO ?", (str(copy),))
            size = copy.stat().st_size
            copy.unlink()
            return size
    assert isinstance(database, Served)
    with psycopg.connect(database.admin, autocommit=True) as found:
        found.execute("VACUUM FULL")
        tables = "SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        row = found.execute(f"SELECT sum(pg_total_relation_size(oid)) FROM ({tables}) AS t").fetchone()  # noqa: S608
    assert row
    return int(row[0])


def _rows(database: Database) -> int:
    return sum(int(database.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"]) for table in database.tables())  # noqa: S608 - its own names
