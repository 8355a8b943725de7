"""The seat of a bot: one process at a time is connected to a chat platform, and the next one takes its place."""

import asyncio
import contextlib

import psycopg
import pytest

from bot.errors import GreenroomError
from bot.seat import Seat
from bot.store import Store
from tests.integration.clock import Clock

pytestmark = pytest.mark.postgresql


class Process:
    """A store of its own, and work that needs the seat."""

    def __init__(self, store):
        self.store = store
        self.seat = Seat(store, Clock(), "discord")
        self.works = False
        self.ended = asyncio.Event()

    async def work(self):
        self.works = True
        try:
            await self.ended.wait()
        finally:
            self.works = False

    def begin(self):
        return asyncio.create_task(self.seat.hold(self.work))


@contextlib.asynccontextmanager
async def running(database):
    store = await Store.open(database.url)
    process = Process(store)
    task = process.begin()
    try:
        yield process, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.close()


async def until(condition):
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr("bot.seat.LOOK", 0.02)
    monkeypatch.setattr("bot.store.postgres.LOOK", 0.05)


async def test_one_process_works_and_the_other_waits_until_the_seat_is_free(database):
    async with running(database) as (one, _):
        await until(lambda: one.works)
        async with running(database) as (other, _):
            await until(lambda: other.seat.waits)
            assert (one.works, other.works) == (True, False)
            assert (one.seat.sends, other.seat.sends) == (True, False)
            one.ended.set()
            await until(lambda: other.works)
            assert not one.works
            assert other.seat.sends
            assert not other.seat.waits


async def test_who_waits_or_sits_writes_nothing(database, monkeypatch):
    monkeypatch.setattr("bot.seat.CHECK", 0.02)
    async with running(database) as (one, _), running(database) as (other, task):
        await until(lambda: (one.works and other.seat.waits) or (other.works and one.seat.waits))
        database.refuse("INSERT OR UPDATE", "leases")
        await asyncio.sleep(0.2)  # some ten looks
        assert [one.works, other.works].count(True) == 1
        assert not task.done()
        database.allow("leases")


async def test_a_process_that_is_stopped_leaves_its_seat_at_once(database):
    async with running(database) as (one, task):
        await until(lambda: one.works)
        async with running(database) as (other, _):
            await until(lambda: other.seat.waits)
            task.cancel()
            await until(lambda: other.works)
            assert not one.works


async def test_what_the_work_raises_is_raised_and_the_seat_is_free(database):
    async def fail():
        raise GreenroomError("The line is dead.")

    async with running(database) as (one, _):
        await until(lambda: one.works)
        one.ended.set()
        with pytest.raises(GreenroomError, match="dead"):
            await Seat(one.store, Clock(), "telegram").hold(fail)
        assert database.rows("SELECT name FROM leases WHERE name = 'seat telegram'") == []


async def test_who_is_not_seen_stands_up_before_another_one_sits_down(database, monkeypatch):
    monkeypatch.setattr("bot.store.postgres.LOST_AFTER", 0.3)
    monkeypatch.setattr("bot.store.postgres.GONE_AFTER", 2.0)
    both = []
    async with running(database) as (one, task):
        await until(lambda: one.works)
        async with running(database) as (other, _):
            await until(lambda: other.seat.waits)
            with monkeypatch.context() as patch:
                patch.setattr("bot.store.postgres.connect", _refused)
                database.rows("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE objid = ?", one.store.session)
                while not other.works:
                    both.append(one.works)
                    await asyncio.sleep(0.01)
            assert True in both, "it worked until it knew"
            assert not one.works
        await until(lambda: one.works or task.done())
        assert one.works, "it waited for its turn"


async def _refused(_url):
    raise psycopg.OperationalError("refused")
