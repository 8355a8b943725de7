"""The books themselves: every mistake is noticed, and a power cut takes what was not synced."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.kill.__main__ import leave
from tests.kill.house import House
from tests.kill.ledger import Ledger
from tests.kill.process import FOG, Watch
from tests.kill.script import Script

pytestmark = pytest.mark.kill
FORGED = [
    ("DELETE FROM posts WHERE platform = 'web'", "was acknowledged and is not there"),
    ("UPDATE posts SET action = NULL", "is not judged"),
    ("UPDATE posts SET text = 'no'", "its fan wrote"),
    ("UPDATE posts SET kept = 0, text = ''", "somebody still needs them"),
    ("UPDATE decisions SET seal = 'another'", "nobody said yes to it"),
    ("UPDATE decisions SET action = 'reject'", "nothing is recorded"),
    ("INSERT INTO decisions (id, draft_id, revision, action, by, at) SELECT 'x' || substr(id, 2), draft_id, 1, 'edit', "
     "'tom', at FROM decisions WHERE action IN ('approve', 'edit')", "was approved twice"),
    ("UPDATE deliveries SET state = 'recalled'", "and its deliveries are"),
    ("UPDATE deliveries SET state = 'failed', error = NULL", "without a word why"),
    ("UPDATE deliveries SET text = 'no' WHERE state = 'sent'", "reads “no”"),
    ("UPDATE consents SET state = 'withdrawn'", "its author's yes does not count"),
    ("UPDATE deliveries SET state = 'recalled' WHERE reply_to = ''", "was shown 1 times, and its deliveries say 0"),
    ("DELETE FROM consents", "was sent without a consent"),
    ("DELETE FROM deliveries", "nothing became of it"),
    ("DELETE FROM cards WHERE surface = 'discord'", "is not known"),
    ("UPDATE drafts SET state = 'approved'", "offers an answer"),
    ("INSERT INTO inbox SELECT 'telegram', '1', '{}', at, 'why' FROM decisions LIMIT 1", "not handled: why"),
]  # fmt: skip
"""What is changed behind the program's back -> what the books say."""
UNDER_WAY = [
    ("UPDATE posts SET action = NULL", "not judged"),
    ("UPDATE deliveries SET state = 'held'", "on their way"),
    ("UPDATE drafts SET state = 'snoozed' WHERE state = 'waiting'", "cards not in line"),
    ("DELETE FROM cards", "waits without a card"),
    ("UPDATE posts SET author_name = 'qz-erased'", "is still stored"),
]


@contextlib.asynccontextmanager
async def settled(folder: Path) -> AsyncIterator[tuple[House, Ledger]]:
    """A quiet house where something happened on each platform, after the program has ended."""
    async with House(folder).open() as house:
        script, ledger = Script(house, "books"), Ledger(house)
        await house.start()
        await script.listening()
        for where in ("discord", "telegram", "web") * 4:
            await script.post(where)
        script.keeps = True
        for where in ("discord", "telegram"):
            await script.show(where)
        await leave(house, script, 2)
        await ledger.quiet()
        assert ledger.problems() == []
        house.kill("once it is quiet")
        await house.over()
        yield house, ledger


async def test_whatever_does_not_add_up_is_noticed(tmp_path: Path) -> None:
    async with settled(tmp_path) as (house, ledger):
        assert house.arrivals
        house.erased["qz-erased"] = "a fan asked"
        for forged, said in FORGED:
            with forging(house, forged):
                assert any(said in line for line in ledger.problems()), (forged, ledger.problems())
        for forged, said in UNDER_WAY:
            with forging(house, forged):
                assert any(said in line for line in ledger.under_way()), (forged, [*ledger.under_way()])
        assert ledger.problems() == []
        for again in (house.arrivals[0], house.arrivals[-1]):  # on both platforms, or one twice
            house.arrivals.append(again)
            assert any("has 2 replies" in line or "has 3 replies" in line for line in ledger.problems())
            house.arrivals.pop()


@contextlib.contextmanager
def forging(house: House, statement: str) -> Iterator[None]:
    """Something is changed for a while."""
    before = {file: file.read_bytes() for file in house.database.parent.glob("greenroom.db*")}
    with contextlib.closing(sqlite3.connect(house.database)) as found, found:
        found.execute("PRAGMA foreign_keys = OFF")
        found.execute(statement)
    try:
        yield
    finally:
        for file in house.database.parent.glob("greenroom.db*"):
            file.unlink()
        for file, content in before.items():
            file.write_bytes(content)


async def test_a_power_cut_takes_what_was_not_synced(tmp_path: Path) -> None:
    for synced in (True, False):
        folder = tmp_path / str(synced)
        folder.mkdir()
        async with House(folder).open() as house:
            script = Script(house, "power")
            await house.start(Watch(power=True, unsynced=not synced))
            await script.listening()
            body = {"id": "p", "channel": "plaza", "author": {"id": "fan", "name": "Robin"}, "text": FOG}
            answer = await house.call("POST", "/api/posts", json=body)
            assert answer is not None
            assert answer.status_code == 202
            house.kill("once it is quiet")
            await house.over()
            assert len(house.rows("SELECT 1 FROM posts")) == synced
