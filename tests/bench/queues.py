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
from sqlalchemy import text

from bot.domain import Action, Command, Delivery, DeliveryState, SendResult, Sent
from bot.events import Happened
from bot.outbox import Outbox
from bot.outbox.outbox import IN_FLIGHT, LEASE, LONGEST_WAIT
from bot.queue import moves
from bot.store import Connection, Store, deliveries, events, holds
from bot.store.communities import SOLE
from tests import databases

ROUNDS, JOBS = 3, 2_000
"""Each arm handles so many jobs a round, whatever waits behind them."""
FEWER = {"outbox": 400, "by pgqueuer": 400, "procrastinate": 400}
"""Those that take longer for each."""
SHALLOW, MIDDLE, DEEP = 1_000, 20_000, 100_000
"""Jobs that wait."""
SIZES = (IN_FLIGHT, 32, 128)
Arm = tuple[str, int]
"""Which queue, and how many jobs it claims at a time."""
BARE: tuple[Arm, ...] = tuple((name, size) for size in SIZES for name in ("queue", "pgqueuer"))
ENDS = tuple(arm for arm in BARE if arm[1] != 32)
WHOLE: tuple[Arm, ...] = (("outbox", IN_FLIGHT), ("by pgqueuer", IN_FLIGHT))
ROUND: tuple[tuple[int, int, tuple[Arm, ...]], ...] = (
    (MIDDLE, 1, (*BARE, ("procrastinate", IN_FLIGHT), *WHOLE)),
    (SHALLOW, 1, ENDS),
    (DEEP, 1, ENDS),
    (MIDDLE, 2, (*ENDS, *WHOLE)),
    (MIDDLE, 4, (*ENDS, *WHOLE)),
)
"""Jobs that wait, processes, and who works on them. `queue`: our claim and our receipt, without what only Greenroom
does. `outbox`: all of it, with the last look at post, yes and facts, and the audit trail. `by pgqueuer`: the same, but
claimed through pgqueuer."""
PICKUPS = 100
"""Jobs that come one by one to an idle worker."""
WAIT = 600.0
"""Seconds for a worker to be ready, or done."""


async def measure() -> list[Figure]:
    """Rates, CPU and latencies side by side, round by round."""
    missing = [name for name in ("pgqueuer", "procrastinate") if importlib.util.find_spec(name) is None]
    if missing:
        sys.stderr.write(f"queue: without {' and '.join(missing)}; to compare, run: pip install -e '.[bench]'\n")
    theirs = {*missing, *(["by pgqueuer"] if "pgqueuer" in missing else [])}
    with databases.server(f"bench-{os.getpid()}", in_haste=False) as address:
        databases.durable(address)
        made = await asyncio.to_thread(databases.Server, address)  # it migrates one, on a loop of its own
        figures = []
        for depth, processes, arms in ROUND:
            runs: dict[Arm, list[Run]] = {arm: [] for arm in arms if arm[0] not in theirs}
            for _ in range(ROUNDS):
                for arm, found in runs.items():
                    found.append(await _round(made, arm, depth, processes))
            figures += _told(runs, depth, processes)
        for arm in (name for name in PUT if name not in theirs):
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
    for (ours, size), (theirs, _) in (*zip(BARE[::2], BARE[1::2], strict=True), WHOLE):
        over, under = runs.get((ours, size)), runs.get((theirs, size))
        if over and under:
            over_all = ratios([run.rate for run in over], [run.rate for run in under])
            name = f"queue: {ours} / {theirs}, {size} at a time, {where}"
            figures.append(figure(name, "x", over_all, at_least=3 if ours == "queue" else None))
    return figures


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
    with contextlib.closing(server.like(await _filled(server, FILL[arm[0]], depth))) as database:
        each = min(FEWER.get(arm[0], JOBS), depth) // processes
        return await asyncio.to_thread(_work, arm, database.url, each, processes)


Fill = Callable[[str, int], Awaitable[None]]
_kept: dict[tuple[Fill, int], databases.Served] = {}


async def _filled(
    server: databases.Server, fill: Callable[[str, int], Awaitable[None]], depth: int
) -> databases.Served:
    """A database in which so many jobs wait, to be copied."""
    if (fill, depth) not in _kept:
        with tempfile.TemporaryDirectory() as folder:
            made = server.new(Path(folder))
        await fill(made.url, depth)
        with psycopg.connect(made.admin, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        _kept[fill, depth] = made
    return _kept[fill, depth]


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


async def _fill_both(url: str, depth: int) -> None:
    """Our rows, and a job of pgqueuer for each."""
    await _fill_ours(url, depth)
    async with _pgqueuer(url) as queries:
        await queries.install()
        for first in range(1, depth + 1, 10_000):
            ids = [f"{n:016x}".encode() for n in range(first, min(first + 10_000, depth + 1))]
            await queries.enqueue(["send"] * len(ids), ids, [0] * len(ids))


FILL: dict[str, Fill] = {
    "queue": _fill_ours,
    "outbox": _fill_ours,
    "by pgqueuer": _fill_both,
    "pgqueuer": _fill_pgqueuer,
    "procrastinate": _fill_procrastinate,
}


# Work.


class _AtOnce:
    """A platform that takes everything without a delay."""

    name = "web"
    text_limit = 4096

    def __init__(self, jobs: int) -> None:
        """After so many `all` is set. With 0 it says when each came."""
        self._jobs = jobs
        self.handled = 0
        self.all = asyncio.Event()

    async def run(self) -> None:
        """Nothing comes in."""

    async def source_gone(self, _: Delivery) -> None:
        """It is there."""

    async def deliver(self, _: Delivery) -> SendResult:
        self.handled += 1
        if not self._jobs:
            _tell()
        elif self.handled == self._jobs:
            self.all.set()
        return Sent(external_id="m1")

    async def look_up(self, _: Delivery) -> SendResult:
        return Sent(external_id="m1")


async def _queue(url: str, jobs: int, at_once: int) -> None:
    store = await Store.open(url)
    try:
        _ready()
        left, receipts = jobs, []
        while left > 0 or receipts:
            now = datetime.now(UTC)
            how = {"limit": min(at_once, left), "until": now + LEASE, "longest": LONGEST_WAIT, "busy": ()}
            claim: Any = partial(deliveries.lease, now=now, platform="web", session=store.session, **how)
            note = partial(deliveries.sent, receipts=receipts)
            _, claimed = await asyncio.gather(store.write(note), store.write(claim))  # as the outbox does
            receipts = [(one, now, "m1") for one, _ in claimed]
            left -= len(claimed)
        _done(jobs)
    finally:
        await store.close()


async def _outbox(url: str, jobs: int, _at_once: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with scene(Path(folder), url) as on:
            web = _AtOnce(jobs)
            outbox = Outbox(on.store, on.settings, WallClock(), {"web": web}, lambda: on.pipeline)
            _ready()
            running = asyncio.create_task(outbox.run())
            await web.all.wait()
            running.cancel()
            await asyncio.wait({running})
            _done(web.handled)


async def _by_pgqueuer(url: str, jobs: int, at_once: int) -> None:
    """The outbox's whole work for each delivery, in a handler of pgqueuer's worker."""
    from pgqueuer.qm import QueueManager  # noqa: PLC0415 - may be missing

    with tempfile.TemporaryDirectory() as folder:
        async with scene(Path(folder), url) as on, _pgqueuer(url) as queries:
            manager, web = QueueManager(queries), _AtOnce(jobs)
            outbox = Outbox(on.store, on.settings, WallClock(), {"web": web}, lambda: on.pipeline)

            @manager.entrypoint("send")
            async def send(job: Any) -> None:
                delivery = await on.store.write(lambda c: _take(outbox, c, job.payload.decode()))
                if delivery:
                    await outbox._keep(delivery, await web.deliver(delivery))
                if web.all.is_set():
                    manager.shutdown.set()

            _ready()
            await manager.run(batch_size=at_once)
            _done(web.handled)


def _take(outbox: Outbox, connection: Connection, delivery_id: str) -> Delivery | None:
    """What `Outbox._claim` does, for one that pgqueuer has claimed."""
    now, delivery = datetime.now(UTC), deliveries.get(connection, delivery_id)
    if delivery is None or not outbox._may_go(connection, delivery, now, on_hold=holds.current(connection) is not None):
        return None
    claim = {"lease_until": now + LEASE, "attempts": delivery.attempts + 1}
    moves.append_event(connection, Happened.REPLY_SENDING, delivery, now, attempt=delivery.attempts + 1)
    return deliveries.move(connection, delivery, DeliveryState.SENDING, **claim)


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


WORK = {
    "queue": _queue,
    "outbox": _outbox,
    "by pgqueuer": _by_pgqueuer,
    "pgqueuer": _with_pgqueuer,
    "procrastinate": _with_procrastinate,
}


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
