"""The figures of the command line, of a real database, also while it is open elsewhere."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from bot.settings import load
from bot.store import NewPost, Store
from bot.store.ids import new_id
from bot.store.tables import posts
from responders.types import Author, Post

Run = Callable[..., tuple[int, str, str]]
Write = Callable[..., Path]


async def _fill(store: Store, intents: list[str], answered: int, ago: timedelta) -> None:
    """Questions that went to a person; the first of them were answered before we read them."""
    at = datetime.now(UTC) - ago
    ids = []
    for number, intent in enumerate(intents):
        author = Author(id=f"fan{number}", name="Robin")
        post = Post(platform="stage", channel="harbor", external_id=new_id(), author=author, text="x", at=at)
        ids.append((new_id(), intent))
        await store.add_post(NewPost(id=ids[-1][0], post=post, received_at=at))
    for number, (post_id, intent) in enumerate(ids):
        values = {"intent": intent, "action": "silent", "reason_code": "answered"}
        if number >= answered:
            values |= {"action": "handoff", "reason_code": "intent"}
        chosen = update(posts).where(posts.c.id == post_id).values(values)
        await store.write(lambda c, chosen=chosen: c.execute(chosen))


def test_it_tells_by_week_and_reading_while_greenroom_runs(greenroom: Run, write_config: Write) -> None:
    path = write_config()

    async def while_it_runs() -> tuple[list[tuple[int, str, str]], bytes]:
        store = await Store.open(load(path, {}).store)
        try:
            await _fill(store, ["question"] * 12 + ["wish"] * 3, 9, timedelta(weeks=2))
            await _fill(store, ["question"] * 2, 1, timedelta(hours=2))
            before = (path.parent / "var/greenroom.db").read_bytes()
            said = [await asyncio.to_thread(greenroom, "report", *more, "--config", path) for more in ([], ["--json"])]
            return said, before
        finally:
            await store.close()

    ((status, out, err), (also, scripted, _)), _ = asyncio.run(while_it_runs())
    assert (status, also, err) == (0, 0, "")
    lines = [re.split(r"\s{2,}", line) for line in out.splitlines()]
    rows = {line[0]: line[1:] for line in lines}
    assert sorted(rows["all"]) == ["-", "-", "1/1", "9/15 (60%)"]
    assert "9/12 (75%)" in rows["question"]
    assert "0/3" in rows["wish"]
    assert out.rstrip().endswith("Not counted: 0 that a person skipped, and 1 that wait for less than 1 day.")
    assert "\x1b" not in out
    told = json.loads(scripted)
    assert [sum(week[kind] for week in told["weeks"]) for kind in ("answered", "nothing", "open", "skipped")] == [
        10,
        6,
        1,
        0,
    ]
    assert {name for week in told["weeks"] for name in week["readings"]} == {"question", "wish"}


def test_nothing_is_written_and_a_stopped_greenroom_tells_the_same(greenroom: Run, write_config: Write) -> None:
    path = write_config()

    async def once() -> None:
        await (await Store.open(load(path, {}).store)).close()

    asyncio.run(once())
    file = path.parent / "var/greenroom.db"
    before = file.read_bytes()
    status, out, _ = greenroom("report", "--weeks", "1", "--config", path)
    assert (status, file.read_bytes()) == (0, before)
    assert re.search(r"^all\s+-$", out, re.MULTILINE)


@pytest.mark.parametrize("weeks", ["0", "53", "x"])
def test_bad_wishes_are_refused(greenroom: Run, write_config: Write, weeks: str) -> None:
    assert greenroom("report", "--weeks", weeks, "--config", write_config())[0] == 2


def test_without_a_database_it_says_so_and_makes_none(greenroom: Run, write_config: Write) -> None:
    path = write_config()
    status, _, err = greenroom("report", "--config", path)
    assert (status, "there is no database yet" in err) == (2, True)
    assert not (path.parent / "var/greenroom.db").exists()


def test_what_is_no_database_is_named_in_a_sentence(greenroom: Run, write_config: Write) -> None:
    path = write_config()
    file = path.parent / "var/greenroom.db"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"no database, only words " * 100)
    status, _, err = greenroom("report", "--config", path)
    assert (status, err.count("\n")) == (2, 1)
    assert "is damaged or is not a database" in err
