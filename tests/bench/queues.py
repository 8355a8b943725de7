"""The outbox's queue against pgqueuer and procrastinate, on one PostgreSQL server: claim a delivery, note it as sent.

Both others are left out where they are not installed: `pip install -e '.[bench]'`.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import itertools
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import structlog
from bench.figures import Figure, figure, ratios
from bench.scenes import WallClock, fans_write, scene, waiting_drafts
from psycopg import sql
from sqlalchemy import text

from bot.domain import Action, Command, Delivery, SendResult, Sent
from bot.events import Happened
from bot.outbox import Outbox
from bot.outbox.outbox import IN_FLIGHT, LEASE, LONGEST_WAIT
from bot.store import Connection, Store, deliveries, events
from bot.store.communities import SOLE
from tests import databases

ROUNDS, JOBS = 2, 2_000
"""Each arm handles so many jobs a round, whatever waits behind them."""
SHALLOW, DEEP = 1_000, 100_000
"""Jobs that wait."""
ROUND = ((DEEP, 1), (SHALLOW, 1), (10_000, 2), (10_000, 4))
"""Jobs that wait, and processes."""
MANY = 128
Arm = tuple[str, int]
"""Which queue, and how many jobs it claims at a time."""
OURS, LARGE = ("queue", IN_FLIGHT), ("queue", MANY)
ARMS: tuple[Arm, ...] = (
    *(OURS, LARGE, ("outbox", IN_FLIGHT)),
    *(("pgqueuer", 10), ("pgqueuer", MANY), ("procrastinate", IN_FLIGHT)),  # 10 is its default
)
"""`queue`: our claim and our receipt, without what only Greenroom does. `outbox`: all of it, with the last look at
post, yes and facts, and the audit trail."""
PICKUPS = 100
"""Jobs that come one by one to an idle worker."""
WAIT = 120.0
"""Seconds for a worker to be ready, or done."""


async def measure() -> list[Figure]:
    """Rates, CPU and latencies side by side, round by round."""
    missing = [name for name in ("pgqueuer", "procrastinate") if importlib.util.find_spec(name) is None]
    if missing:
        sys.stderr.write(f"queue: without {' and '.join(missing)}; to compare, run: pip install -e '.[bench]'\n")
    arms = [arm for arm in ARMS if arm[0] not in missing]
    with databases.server(f"bench-{os.getpid()}", in_haste=False) as address:
        _durable(address)
        made = await asyncio.to_thread(databases.Server, address)  # it migrates one, on a loop of its own
        figures = []
        for depth, processes in ROUND:
            runs: dict[Arm, list[Run]] = {arm: [] for arm in arms}
            for _ in range(ROUNDS):
                for arm in arms:
                    runs[arm].append(await _round(made, arm, depth, processes))
            figures += _told(runs, depth, processes)
        for arm in dict.fromkeys(name for name, _ in arms if name != "queue"):
            waits = sorted(await _pick_ups(made, arm))
            for share in (50, 99):
                value = waits[len(waits) * share // 100 - (share == 99)]
                figures.append(figure(f"queue: {arm}, an idle queue: pick-up p{share}", "ms", [value * 1000]))
        return figures


@dataclass(frozen=True, kw_only=True)
class Run:
    """One round of one arm."""

    rate: float
    """Jobs a second."""
    cpu: float
    """Microseconds of the clients' CPU for each job."""


def _told(runs: dict[Arm, list[Run]], depth: int, processes: int) -> list[Figure]:
    where = f"{depth:,} wait, {processes} process{'es' if processes > 1 else ''}"
    figures = []
    for arm, found in runs.items():
        name = f"queue: {arm[0]}, {arm[1]} at a time, {where}"
        figures.append(figure(name, "jobs/s", [run.rate for run in found]))
        figures.append(figure(f"{name}: client CPU", "us/job", [run.cpu for run in found]))
    for ours, theirs in ((OURS, ("pgqueuer", 10)), (LARGE, ("pgqueuer", 10)), (LARGE, ("pgqueuer", MANY))):
        if theirs in runs:
            over = ratios([run.rate for run in runs[ours]], [run.rate for run in runs[theirs]])
            name = f"queue: ours, {ours[1]} at a time / pgqueuer, {theirs[1]} at a time, {where}"
            figures.append(figure(name, "x", over, at_least=3))
    return figures


def _durable(address: str) -> None:
    """Commits reach the disk, as on a server that somebody keeps."""
    for setting in ("fsync", "full_page_writes"):
        databases.run(address, sql.SQL("ALTER SYSTEM SET {} = on").format(sql.Identifier(setting)))
    databases.run(address, sql.SQL("SELECT pg_reload_conf()"))


async def _pick_ups(server: databases.Server, arm: str) -> list[float]:
    """Seconds from the commit of a job to its handling, one job after the other, while nothing else waits."""
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(server.new(Path(folder))) as database:
        url = database.url
        await FILL[arm](url, PICKUPS + 5 if arm == "outbox" else 0)
        if arm == "outbox":
            database.change("UPDATE deliveries SET due_at = now() + interval '10 minutes'")
        asked = [sys.executable, "-m", "bench.queues", arm, url, "0", str(IN_FLIGHT)]
        worker = await asyncio.create_subprocess_exec(*asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert worker.stdin
        assert worker.stdout
        try:
            await asyncio.wait_for(worker.stdout.readline(), WAIT)
            worker.stdin.write(b"go\n")
            waits = []
            async with PUT[arm](url) as put:
                for n in range(-5, PICKUPS):  # the first ones find it starting
                    await asyncio.sleep(0.05)
                    await put()
                    begun = time.monotonic()
                    handled = float(await asyncio.wait_for(worker.stdout.readline(), WAIT))
                    waits += [handled - begun] if n >= 0 else []
        finally:
            worker.kill()
            await worker.wait()
        return waits


async def _round(server: databases.Server, arm: Arm, depth: int, processes: int) -> Run:
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(server.new(Path(folder))) as database:
        await FILL[arm[0]](database.url, depth)
        with psycopg.connect(database.url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        each = min(JOBS, depth) // processes
        return await asyncio.to_thread(_work, arm, database.url, each, processes)


def _work(arm: Arm, url: str, each: int, processes: int) -> Run:
    """All workers are ready before the first one begins."""
    asked = [sys.executable, "-m", "bench.queues", arm[0], url, str(each), str(arm[1])]
    workers = [
        subprocess.Popen(asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(processes)
    ]
    try:
        for one in workers:
            assert one.stdout
            assert one.stdout.readline() == "ready\n"
        for one in workers:
            assert one.stdin
            one.stdin.write("go\n")
            one.stdin.flush()
        told = [json.loads(one.communicate(timeout=WAIT)[0]) for one in workers]
    finally:
        for one in workers:
            one.kill()
    jobs = sum(one["jobs"] for one in told)
    return Run(rate=jobs / max(one["seconds"] for one in told), cpu=sum(one["cpu"] for one in told) / jobs * 1e6)


# Fill.


async def _fill_ours(url: str, depth: int) -> None:
    """One approved reply by the product's own way, and copies of its rows."""
    with tempfile.TemporaryDirectory() as folder:
        async with scene(Path(folder), url) as on:
            (draft_id,) = await waiting_drafts(on, [next(fans_write(["the fog in the last level is lovely"]))])
            await on.desk.decide(Command(draft_id=draft_id, revision=1, by="manager", action=Action.APPROVE))
    with psycopg.connect(url, autocommit=True, options=f"-c greenroom.community={SOLE}") as connection:
        for table, ids in _COPIED.items():
            fields = ", ".join(f"'{name}', {made}" for name, made in ids.items())
            connection.execute(
                f"INSERT INTO {table} SELECT made.* FROM {table} AS first, generate_series(1, {depth}) AS n, "  # noqa: S608 - our own
                f"LATERAL jsonb_populate_record(first, jsonb_build_object({fields})) AS made".encode()
            )
        connection.execute("UPDATE deliveries SET due_at = now() - interval '1 minute'")


_ID = "lpad(to_hex(n), 16, '0')"
_COPIED = {
    "posts": {"id": _ID, "external_id": "'x' || n", "thread": _ID},
    "drafts": {"id": _ID, "post_id": _ID},
    "decisions": {"id": _ID, "draft_id": _ID},
    "deliveries": dict.fromkeys(("id", "reply_id", "draft_id", "post_id", "decision_id", "nonce"), _ID),
}


async def _fill_pgqueuer(url: str, depth: int) -> None:
    async with _pgqueuer(url) as queries:
        await queries.install()
        for first in range(0, depth, 10_000):
            number = min(10_000, depth - first)
            await queries.enqueue(["send"] * number, [b"x" * 100] * number, [0] * number)


async def _fill_procrastinate(url: str, depth: int) -> None:
    app, send = _procrastinate(url)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for first in range(0, depth, 10_000):
            await send.batch_defer_async(*({"text": "x" * 100} for _ in range(min(10_000, depth - first))))


FILL: dict[str, Callable[[str, int], Awaitable[None]]] = {
    "queue": _fill_ours,
    "outbox": _fill_ours,
    "pgqueuer": _fill_pgqueuer,
    "procrastinate": _fill_procrastinate,
}


# Work.


class _AtOnce:
    """A platform that takes everything without a delay."""

    name = "web"
    text_limit = 4096

    def __init__(self, *, tells: bool) -> None:
        """`tells`: say when each delivery came."""
        self._tells = tells

    async def run(self) -> None:
        """Nothing comes in."""

    async def source_gone(self, _: Delivery) -> None:
        """It is there."""

    async def deliver(self, _: Delivery) -> SendResult:
        if self._tells:
            _tell()
        return Sent(external_id="m1")

    async def look_up(self, _: Delivery) -> SendResult:
        return Sent(external_id="m1")


async def _queue(url: str, jobs: int, at_once: int) -> None:
    store = await Store.open(url)
    try:
        _ready()
        left = jobs
        while left > 0:
            now = datetime.now(UTC)
            how = {"limit": min(at_once, left), "until": now + LEASE, "longest": LONGEST_WAIT, "busy": ()}
            claim: Any = partial(deliveries.lease, now=now, platform="web", session=store.session, **how)
            claimed = await store.write(claim)
            receipts = [(one, now, "m1") for one, _ in claimed]
            await store.write(lambda c: deliveries.sent(c, receipts))  # noqa: B023 - awaited here
            left -= len(claimed)
        _done(jobs)
    finally:
        await store.close()


async def _outbox(url: str, jobs: int, _at_once: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with scene(Path(folder), url) as on:
            _ready()
            outbox = Outbox(on.store, on.settings, WallClock(), {"web": _AtOnce(tells=not jobs)}, lambda: on.pipeline)
            if not jobs:
                await outbox.run()
            in_flight: dict[str, asyncio.Task[None]] = {}
            handled = 0
            while handled < jobs:
                handled += await outbox._start("web", in_flight)
                await asyncio.gather(*in_flight.values())
            _done(handled)


async def _with_pgqueuer(url: str, jobs: int, at_once: int) -> None:
    """Its own worker, with a job that does nothing."""
    from pgqueuer.qm import QueueManager  # noqa: PLC0415 - may be missing

    async with _pgqueuer(url) as queries:
        manager, handled = QueueManager(queries), 0

        @manager.entrypoint("send")
        async def send(_: Any) -> None:
            nonlocal handled
            handled += 1
            if not jobs:
                _tell()
            elif handled >= jobs:
                manager.shutdown.set()

        _ready()
        await manager.run(batch_size=at_once)
        _done(handled)


async def _with_procrastinate(url: str, jobs: int, at_once: int) -> None:
    """Its own worker, with as many jobs at a time as the outbox has in flight."""
    app, send = _procrastinate(url)
    async with app.open_async():
        _ready()
        send.tells = not jobs
        working = asyncio.create_task(app.run_worker_async(concurrency=at_once, install_signal_handlers=False))
        while not jobs or send.handled < jobs:
            await asyncio.sleep(0.002)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        _done(send.handled)


WORK = {"queue": _queue, "outbox": _outbox, "pgqueuer": _with_pgqueuer, "procrastinate": _with_procrastinate}


@contextlib.asynccontextmanager
async def _pgqueuer(url: str) -> AsyncIterator[Any]:
    from pgqueuer.db import PsycopgDriver  # noqa: PLC0415 - may be missing
    from pgqueuer.queries import Queries  # noqa: PLC0415 - may be missing

    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        yield Queries(PsycopgDriver(connection))


def _procrastinate(url: str) -> tuple[Any, Any]:
    import procrastinate  # noqa: PLC0415 - may be missing

    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))

    @app.task(name="send")
    async def send(text: str) -> None:
        send.handled += 1
        if send.tells:
            _tell()

    send.handled, send.tells = 0, False
    return app, send


# One job at a time.

Put = Callable[[], Awaitable[Any]]


@contextlib.asynccontextmanager
async def _put_ours(url: str) -> AsyncIterator[Put]:
    """As a yes without an undo window does."""
    store, numbers = await Store.open(url), itertools.count(1)

    def operation(connection: Connection, delivery_id: str) -> None:
        now = datetime.now(UTC)
        connection.execute(text("UPDATE deliveries SET due_at = :now WHERE id = :id"), {"now": now, "id": delivery_id})
        events.append(connection, Happened.REPLY_HELD, now, delivery_id=delivery_id)

    try:
        yield lambda: store.write(partial(operation, delivery_id=f"{next(numbers):016x}"))
    finally:
        await store.close()


@contextlib.asynccontextmanager
async def _put_pgqueuer(url: str) -> AsyncIterator[Put]:
    async with _pgqueuer(url) as queries:
        yield lambda: queries.enqueue("send", b"x")


@contextlib.asynccontextmanager
async def _put_procrastinate(url: str) -> AsyncIterator[Put]:
    app, send = _procrastinate(url)
    async with app.open_async():
        yield lambda: send.defer_async(text="x")


PUT = {"outbox": _put_ours, "pgqueuer": _put_pgqueuer, "procrastinate": _put_procrastinate}


def _tell() -> None:
    sys.stdout.write(f"{time.monotonic()}\n")
    sys.stdout.flush()


_begun = (0.0, 0.0)


def _ready() -> None:
    global _begun  # noqa: PLW0603 - one worker, one start
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    _begun = time.perf_counter(), time.process_time()


def _done(jobs: int) -> None:
    seconds, cpu = time.perf_counter() - _begun[0], time.process_time() - _begun[1]
    sys.stdout.write(json.dumps({"jobs": jobs, "seconds": seconds, "cpu": cpu}))


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(WORK[sys.argv[1]](sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
