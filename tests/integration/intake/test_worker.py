"""The worker: jobs that wait share a thread, and each gets its own answer whatever becomes of its neighbours."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot import worker
from bot.worker import AT_ONCE, MOST, TookTooLong, Turns, Worker


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self.looks = 0

    def monotonic(self) -> float:
        self.looks += 1
        return self.now


class Held:
    """A job that goes on when it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go = threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        self.go.wait()
        return "held"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The worker's time; it looks at it every hundredth of a real second."""
    clock = Clock()
    monkeypatch.setattr(worker, "time", clock)
    monkeypatch.setattr(worker, "LONGEST", 0.01)
    return clock


@pytest.fixture
def held() -> Iterator[Callable[[], Held]]:
    """Makes jobs that are let go at the end of the test."""
    made: list[Held] = []

    def make() -> Held:
        made.append(Held())
        return made[-1]

    yield make
    for job in made:
        job.go.set()


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.002)


async def begin(work: Worker, job: Callable[[], Any]) -> asyncio.Task[Any]:
    """Ask for a job, and let the worker hear of it."""
    task = asyncio.create_task(work.run(job))
    await asyncio.sleep(0)
    return task


async def test_what_waits_is_done_by_one_thread_in_its_order(held: Callable[[], Held]) -> None:
    work, first, done = Worker("w"), held(), []
    one = await begin(work, first)

    def note(n: int) -> int:
        done.append((n, threading.get_ident()))
        return n

    behind = [await begin(work, lambda n=n: note(n)) for n in range(AT_ONCE + 1)]
    first.go.set()
    assert await asyncio.gather(one, *behind) == ["held", *range(AT_ONCE + 1)]
    assert [n for n, _ in done] == [*range(AT_ONCE + 1)]
    assert len({thread for _, thread in done[:AT_ONCE]}) == 1


async def test_a_job_that_fails_fails_alone(held: Callable[[], Held]) -> None:
    def fail(error: BaseException) -> None:
        raise error

    work, first = Worker("w"), held()
    one = await begin(work, first)
    jobs = [lambda: 1, lambda: fail(ValueError("bad")), lambda: fail(SystemExit()), lambda: 4]
    behind = [await begin(work, job) for job in jobs]
    first.go.set()
    _, before, bad, wants_out, after = await asyncio.gather(one, *behind, return_exceptions=True)
    assert (before, after) == (1, 4)
    assert isinstance(bad, ValueError)
    assert str(wants_out) == "SystemExit on thread w"
    assert await work.run(lambda: "goes on") == "goes on"


async def test_a_job_that_hangs_holds_up_none_of_its_neighbours(clock: Clock, held: Callable[[], Held]) -> None:
    work, first, hangs, ran = Worker("w"), held(), held(), []
    one = await begin(work, first)
    before = await begin(work, lambda: ran.append("before"))
    stuck = await begin(work, hangs)
    after = [await begin(work, lambda n=n: ran.append(n)) for n in range(3)]
    first.go.set()
    await until(hangs.begun.is_set)
    clock.now += 1
    with pytest.raises(TookTooLong):
        await stuck
    await asyncio.gather(one, before, *after)
    hangs.go.set()
    await work.run(lambda: ran.append("last"))
    assert ran == ["before", 0, 1, 2, "last"]


async def test_jobs_that_together_take_long_are_not_given_up(clock: Clock, held: Callable[[], Held]) -> None:
    work, first = Worker("w"), held()
    looked = threading.Event()

    def slow() -> str:
        clock.now += 0.006
        looked.wait()
        return "slow"

    one = await begin(work, first)
    behind = [await begin(work, slow) for _ in range(5)]
    first.go.set()
    await one
    looks = clock.looks
    await until(lambda: clock.looks > looks + 1)
    looked.set()
    assert await asyncio.gather(*behind) == ["slow"] * 5


async def test_when_all_threads_hang_no_job_waits_for_one_to_end(clock: Clock, held: Callable[[], Held]) -> None:
    work, stuck, behind = Worker("w"), [held() for _ in range(MOST)], []
    for job in stuck:
        assert not work.stuck
        task = await begin(work, job)
        await until(job.begun.is_set)
        behind = [await begin(work, lambda: "never") for _ in range(AT_ONCE + 1)] if job is stuck[-1] else []
        clock.now += 1
        with pytest.raises(TookTooLong):
            await task
    assert work.stuck
    for task in behind:
        with pytest.raises(TookTooLong):
            await task
    with pytest.raises(TookTooLong):
        await work.run(lambda: "never")
    stuck[0].go.set()
    await until(lambda: not work.stuck)
    assert await work.run(lambda: "again") == "again"


async def test_a_job_that_nobody_waits_for_any_more_is_left_out(held: Callable[[], Held]) -> None:
    work, first, ran = Worker("w"), held(), []
    one = await begin(work, first)
    dropped = await begin(work, lambda: ran.append("dropped"))
    dropped.cancel()
    kept = await begin(work, lambda: ran.append("kept"))
    first.go.set()
    await asyncio.gather(one, kept)
    assert ran == ["kept"]


async def test_a_system_without_threads_is_told_and_the_next_job_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    work = Worker("w")
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="new thread"):
            await work.run(lambda: 1)
    assert await work.run(lambda: 2) == 2


async def test_one_workers_many_jobs_do_not_delay_anothers_single_one(held: Callable[[], Held]) -> None:
    turns, first, done = Turns(), held(), []
    noisy, quiet = Worker("noisy", turns), Worker("quiet", turns)
    one = await begin(noisy, first)
    many = [await begin(noisy, lambda: done.append("noisy")) for _ in range(2_000)]
    single = await begin(quiet, lambda: done.append("quiet"))
    first.go.set()
    await asyncio.gather(one, single, *many)
    assert done.index("quiet") < AT_ONCE
    assert len(done) == 2_001


async def test_workers_take_turns_in_the_order_in_which_they_asked(held: Callable[[], Held]) -> None:
    turns, first, done = Turns(), held(), []
    workers = [Worker(f"w{n}", turns) for n in range(5)]
    one = await begin(workers[0], first)
    jobs = [await begin(work, lambda n=n: done.append(n)) for _ in range(AT_ONCE + 1) for n, work in enumerate(workers)]
    first.go.set()
    await asyncio.gather(one, *jobs)
    # The first had its turn already, so that the others come before it.
    assert done == [n for n in (1, 2, 3, 4, 0) for _ in range(AT_ONCE)] + [1, 2, 3, 4, 0]


async def test_a_worker_whose_job_hangs_keeps_no_other_waiting(
    monkeypatch: pytest.MonkeyPatch, held: Callable[[], Held]
) -> None:
    monkeypatch.setattr(worker, "LONG", 0.01)
    turns, hangs = Turns(), held()
    stuck, other = Worker("stuck", turns), Worker("other", turns)
    task = await begin(stuck, hangs)
    behind = await begin(stuck, lambda: "behind")
    assert await other.run(lambda: 1) == 1
    assert await other.run(lambda: 2) == 2
    assert not task.done()
    assert not behind.done()
    hangs.go.set()
    assert await asyncio.gather(task, behind) == ["held", "behind"]


async def test_as_many_workers_run_at_once_as_there_may(held: Callable[[], Held]) -> None:
    turns, jobs = Turns(2), [held() for _ in range(3)]
    tasks = [await begin(Worker("w", turns), job) for job in jobs]
    await until(lambda: jobs[0].begun.is_set() and jobs[1].begun.is_set())
    assert not jobs[2].begun.is_set()
    jobs[0].go.set()
    await until(jobs[2].begun.is_set)
    jobs[1].go.set()
    jobs[2].go.set()
    assert await asyncio.gather(*tasks) == ["held"] * 3


async def test_a_turn_for_jobs_that_nobody_awaits_is_passed_on(
    monkeypatch: pytest.MonkeyPatch, held: Callable[[], Held]
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    turns, first = Turns(), held()
    busy, poor, next_one = Worker("busy", turns), Worker("poor", turns), Worker("next", turns)
    one = await begin(busy, first)
    with monkeypatch.context() as patch:
        none = await begin(poor, lambda: "never")
        patch.setattr(threading.Thread, "start", refuse)
        first.go.set()
        with pytest.raises(RuntimeError, match="new thread"):
            await none
    assert await asyncio.gather(one, next_one.run(lambda: "next")) == ["held", "next"]
