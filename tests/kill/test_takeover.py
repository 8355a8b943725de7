"""Two real processes on one PostgreSQL: what the one held when it is killed, the other has soon; a rolling restart."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.store.postgres import PRESENT
from tests import databases
from tests.fakes.discord import SEND as DISCORD_SEND
from tests.kill.__main__ import look
from tests.kill.house import PLAZA, WEB_TOKEN, House, Trap
from tests.kill.ledger import Ledger
from tests.kill.process import FOG, PRAISE, Program
from tests.kill.script import Script

pytestmark = pytest.mark.kill
BOTH = ((), ())
BOUND = 120.0
"""Seconds in which everything must be taken over on a busy machine. It is 15 where nothing else runs."""
MANY = 20
THERE = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = ?"


@pytest.fixture(scope="module")
def server() -> Iterator[databases.Server]:
    with databases.server(f"takeover-{os.getpid()}", in_haste=False) as address:
        yield databases.Server(address)


@pytest.fixture
def database(server: databases.Server) -> Iterator[databases.Served]:
    with contextlib.closing(server.empty()) as made:
        yield made


async def until(happened: Callable[[], Any]) -> Any:
    async with asyncio.timeout(BOUND):
        while not (found := happened()):
            await asyncio.sleep(0.02)
        return found


async def tell(program: Program, number: int) -> str:
    """Post to this process; returns our id."""
    body = {"id": f"w{number}", "channel": PLAZA, "author": {"id": "fan", "name": "Robin"}, "text": FOG}
    headers = {"Authorization": f"Bearer {WEB_TOKEN}"}
    async with httpx.AsyncClient(base_url=program.address, headers=headers, timeout=60) as client:
        answer = await client.post("/api/posts", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["post_id"])


async def test_what_a_killed_process_held_another_has_soon(tmp_path: Path, database: databases.Served) -> None:
    """One is connected to both chat platforms, reads a channel, and has a reply in flight; then it is gone."""
    async with House(tmp_path, database, layout=((),), in_haste=False).open() as house:
        script = Script(house, "takeover")
        await house.start()
        await script.listening()
        await until(lambda: house.connected_to("telegram") == 0)
        await script.post("discord", PRAISE)
        said = house.posts[-1]
        draft = "SELECT d.id, d.revision, d.text FROM drafts d JOIN posts p ON p.id = d.post_id WHERE p.external_id = ?"
        ((draft_id, revision, text),) = await until(lambda: house.rows(draft, said.external_id))
        house.layout = BOTH
        await house.start()
        first, second = house.programs
        assert [house.connected_to(one) for one in ("discord", "telegram")] == [0, 0]

        told = [await tell(first, number) for number in range(MANY)]
        house.trap = Trap(f"{DISCORD_SEND} (fans)", "is taken")
        card = {"draft_id": draft_id, "revision": revision, "text": text, "post": {"post_id": "", "text": ""}}
        assert await script.decide(card, "approve")
        while first.alive:
            told.append(await tell(second, len(told)))  # which leaves the channel to the first
        begun, seconds = time.monotonic(), dict[str, float]()
        assert house.rows("SELECT state FROM deliveries WHERE draft_id = ?", draft_id) == [("sending",)]
        await script.post("telegram", PRAISE)
        on_telegram = house.posts[-1]

        judged = "SELECT 1 FROM posts WHERE external_id = ? AND action IS NOT NULL"
        unjudged = "SELECT 1 FROM posts WHERE channel = ? AND action IS NULL"
        sent = "SELECT 1 FROM deliveries WHERE draft_id = ? AND state = 'sent'"
        there: dict[str, Callable[[], Any]] = {
            "Discord's gateway": lambda: house.connected_to("discord") == 1,
            "Telegram's token": lambda: house.connected_to("telegram") == 1,
            "a post on Telegram": lambda: house.rows(judged, on_telegram.external_id),
            "the channel": lambda: not house.rows(unjudged, PLAZA),
            "the reply in flight": lambda: house.rows(sent, draft_id),
        }

        async def time_of(what: str) -> None:
            await until(there[what])
            seconds[what] = time.monotonic() - begun

        await asyncio.gather(*map(time_of, there))
        for what, taken in seconds.items():
            sys.stdout.write(f"{what}: {taken:.1f} seconds\n")
        assert {our_id for (our_id,) in house.rows("SELECT id FROM posts WHERE channel = ?", PLAZA)} == set(told)
        assert len([a for a in house.arrivals if a.reply_to == said.external_id]) == 1, (
            "it was looked up, not sent again"
        )


async def test_a_rolling_restart_loses_and_doubles_nothing(tmp_path: Path, database: databases.Served) -> None:
    """Each of two processes is stopped and started in turn while people write, press and decide."""
    async with House(tmp_path, database, layout=BOTH).open() as house:
        script, ledger = Script(house, "rolling"), Ledger(house)
        await house.start()
        await script.listening()
        people = [asyncio.create_task(w()) for w in (script._fans, script._mara, script._tom, script._wim)]
        for turn in range(2):
            enough, house.doomed = house.requests + 40, turn
            await until(lambda enough=enough: house.requests > enough)  # type: ignore[misc]
            assert await house.stop().ended(BOUND) == 0
            await house.over()
            await house.start()
            assert house.rows(THERE, PRESENT) == [(len(BOTH),)]
        for task in people:
            task.cancel()
        ended = await asyncio.gather(*people, return_exceptions=True)
        assert [error for error in ended if not isinstance(error, asyncio.CancelledError)] == []
        await look(house, script, ledger)
        assert ledger.counts["cards without a row"] == 0


async def test_a_start_waits_for_a_server_that_recovers(tmp_path: Path, database: databases.Served) -> None:
    """It dies before a start, and when a start has just been seen by it."""
    async with House(tmp_path, database).open() as house:
        for _ in range(3):
            database.crash()
            starting = asyncio.create_task(house.start())
            await until(lambda starting=starting: house.rows(THERE, PRESENT) != [(0,)] or starting.done())  # type: ignore[misc]
            database.crash()
            await starting
            house.kill_all("after a start")
            await house.over()
            await until(lambda: house.rows(THERE, PRESENT) == [(0,)])
