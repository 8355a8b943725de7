"""Where a process serves many communities, a quiet one is looked at less often. What happens in it wakes it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from bot import communities
from bot.insights import watch
from bot.store import Connection
from tests.integration.communities.conftest import Town
from tests.integration.conftest import PRAISES, House

Begin = Callable[[House], Awaitable[None]]


@contextlib.asynccontextmanager
async def running(work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run a part meanwhile."""
    task = asyncio.ensure_future(work())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def told(house: House, name: str) -> None:
    """Wait for an event."""
    async with asyncio.timeout(60):
        while not await house.events(name):
            await asyncio.sleep(0.02)


async def test_what_happens_wakes_the_rounds_of_a_quiet_community(house: House) -> None:
    house.store.sweep = lambda _: 3600.0
    async with running(house.rounds.run):
        async with asyncio.timeout(60):
            while house.rounds._tidied is None:
                await asyncio.sleep(0.02)
        card = await house.draft(PRAISES[0])
        house.clock.move(minutes=31)
        await house.draft(PRAISES[1])  # whatever it is
        await told(house, "queue_reminded")
        house.clock.move(hours=24)
        await house.post(PRAISES[2])
        async with asyncio.timeout(60):
            while (await house.again(card))["state"] == "waiting":
                await asyncio.sleep(0.02)


async def _snoozed(house: House) -> None:
    await house.press(await house.draft(PRAISES[0]), "snooze", minutes=30)


async def _waiting(house: House) -> None:
    await house.draft(PRAISES[0])


async def _approved(house: House) -> None:
    await house.press(await house.draft(PRAISES[0]), "approve")


async def _called(house: House) -> None:
    await house.draft("I want to kill myself")
    await house.rounds.once()


@pytest.mark.parametrize(
    ("begin", "replies", "after", "event"),
    [
        (_snoozed, "", timedelta(minutes=30), "draft_woken"),
        (_waiting, "", timedelta(minutes=30), "queue_reminded"),
        (_waiting, "remind_after: null", timedelta(hours=24), "draft_expired"),
        (_approved, "undo_seconds: 3600, expire_after: 30m", timedelta(minutes=30), "draft_expired"),
        (_called, "", timedelta(minutes=10), "crisis_called"),
    ],
    ids=["snoozed", "reminder", "too old", "held", "crisis"],
)
async def test_what_is_due_by_the_clock_comes_in_time_in_a_quiet_community(
    open_house: Callable[..., object], begin: Begin, replies: str, after: timedelta, event: str
) -> None:
    async with open_house(replies) as house:  # type: ignore[attr-defined] # as its fixture gives it
        await begin(house)
        before = len(await house.events(event))
        house.store.sweep = lambda _: 3600.0
        house.clock.move(seconds=after.total_seconds() - 1)
        async with running(house.rounds.run), asyncio.timeout(60):
            while house.rounds._tidied is None:
                await asyncio.sleep(0.02)
            assert len(await house.events(event)) == before
            house.clock.move(seconds=1)
            while len(await house.events(event)) == before:
                await asyncio.sleep(0.02)


async def test_other_operators_files_are_followed_at_once_in_a_quiet_community(house: House) -> None:
    house.store.sweep = lambda _: 3600.0
    looks: list[object] = []
    due = house.rounds._next_due

    def noted(connection: Connection, now: datetime) -> datetime:
        looks.append(now)
        return due(connection, now)

    house.rounds._next_due = noted  # type: ignore[method-assign] # what is counted here
    async with running(house.rounds.run), asyncio.timeout(60):
        while not looks:
            await asyncio.sleep(0.02)
        house.rounds.look()
        while len(looks) < 2:
            await asyncio.sleep(0.02)


async def test_what_happens_is_looked_at_for_a_surge_in_a_quiet_community(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "LOOK", timedelta(seconds=0.01))
    house.store.sweep = lambda _: 3600.0
    looked = watch.Watch(house.store, house.settings, house.clock)
    async with running(looked.run), asyncio.timeout(60):
        while looked._looked is None:
            await asyncio.sleep(0.02)
        before = looked._looked
        house.clock.move(minutes=2)
        await house.post(PRAISES[0])
        while looked._looked == before:
            await asyncio.sleep(0.02)


async def test_old_data_of_a_quiet_community_is_looked_for_less_often(house: House) -> None:
    house.store.sweep = lambda _: 1.01
    done: list[object] = []

    async def tidy(now: object) -> None:
        done.append(now)

    house.rounds._tidy = tidy  # type: ignore[method-assign] # what is counted here

    async def rounds(number: int) -> None:
        for _ in range(number):
            house.clock.move(minutes=2)
            await house.rounds.once()

    await rounds(7)
    assert len(done) == 1
    await rounds(3)
    assert len(done) == 2
    async with running(house.rounds.run):
        await house.post(PRAISES[0])  # what happens is heard of
        async with asyncio.timeout(60):
            while len(done) < 3:
                await asyncio.sleep(0.02)


async def test_a_yes_wakes_the_outbox_of_a_quiet_community(open_house: Callable[..., object]) -> None:
    async with open_house("undo_seconds: 0") as house:  # type: ignore[attr-defined] # as its fixture gives it
        house.store.sweep = lambda _: 3600.0
        async with running(house.outbox.run):
            card = await house.draft(PRAISES[0], platform="stage")
            await house.press(card, "approve")
            await told(house, "reply_sent")


async def test_the_more_communities_the_longer_the_pauses(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = town.app("lamp").store.sweep
    monkeypatch.setattr(communities, "LOOKS", 2)
    assert [sweep(seconds) for seconds in (1.0, 60.0)] == [1.0, 60.0]
    monkeypatch.setattr(communities, "LOOKS", 0.1)
    assert [sweep(seconds) for seconds in (1.0, 60.0)] == [20.0, 60.0]
