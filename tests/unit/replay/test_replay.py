from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.adapters.replay import ReplayPlatform
from bot.errors import FaultyFiles
from bot.store import Received
from responders.types import Post
from tests.unit.exports.builders import discord, said

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Noon:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOON


def line(number: int, **more: object) -> str:
    at = f"2020-01-01T00:{number // 60:02}:{number % 60:02}Z"
    return json.dumps(
        {"channel": "general", "author": {"id": "f", "name": "Fan"}, "text": f"post {number}", "at": at, **more}
    )


async def play(path: Path, speed: float = 0, known: Iterable[str] = ()) -> tuple[list[Post], list[str]]:
    """The posts that arrive, and what is logged about lines that are passed over."""
    seen: dict[str, Post] = {}

    async def receive(post: Post) -> Received:
        new = post.external_id not in seen and post.external_id not in known
        seen.setdefault(post.external_id, post)
        return Received(post_id=post.external_id, new=new)

    with capture_logs() as logs:
        running = asyncio.create_task(ReplayPlatform(path, speed, receive, Noon()).run())
        try:
            async with asyncio.timeout(60):
                while not running.done() and not any(entry["event"] == "replay_finished" for entry in logs):
                    await asyncio.sleep(0.01)
            if running.done():
                await running
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError, FaultyFiles):
                await running
    return list(seen.values()), [entry["fault"] for entry in logs if "fault" in entry]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("{", "this is not JSON"),
        ("[" * 5000, "this is not JSON"),
        ('"a post"', "the line"),
        ("{}", "channel"),
        (line(7, text="x" * 8001), "text"),
        (line(7, txet="secret"), "txet"),
        (line(7, author={"id": "f"}), "author.name"),
        (line(7, at="yesterday"), "at"),
        ("\x00", "this is not JSON"),
    ],
)
async def test_one_bad_line_among_a_hundred(tmp_path: Path, bad: str, words: str) -> None:
    path = tmp_path / "posts.jsonl"
    lines = [line(n) for n in range(100)]
    lines[41] = bad
    path.write_text("\n".join(lines))
    posts, faults = await play(path)
    assert [post.text for post in posts] == [f"post {n}" for n in range(100) if n != 41]
    assert len(faults) == 1
    assert faults[0].startswith("posts.jsonl:42: ")
    assert words in faults[0]
    assert "secret" not in faults[0]


async def test_bytes_that_are_no_text_are_one_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_bytes(line(1).encode() + b"\n\xff\xfe\n\n" + line(2).encode())
    posts, faults = await play(path)
    assert [post.text for post in posts] == ["post 1", "post 2"]
    assert faults[0].startswith("posts.jsonl:2: ")


async def test_ids_are_stable_and_posts_are_from_now(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_text(line(1) + "\n" + line(2, id="own") + "\n")
    first, _ = await play(path)
    second, _ = await play(path)
    assert first == second
    assert [post.external_id for post in first] == ["posts.jsonl:1", "own"]
    assert {(post.platform, post.at) for post in first} == {("replay", NOON)}


async def test_staff_and_bots_keep_their_flags(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_text(line(1, author={"id": "s", "name": "Sam", "is_staff": True}) + "\n")
    (post,), _ = await play(path)
    assert post.author.is_staff


async def test_gaps_shrink_with_speed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        slept.append(seconds)
        await sleep(0)

    path = tmp_path / "posts.jsonl"
    path.write_text("\n".join([line(0), line(30), line(20), line(50), line(55)]))
    monkeypatch.setattr("bot.adapters.replay.asyncio.sleep", note)
    await play(path, speed=10, known=["posts.jsonl:4"])
    assert [gap for gap in slept if gap != 0.01] == [3.0, 0.0, 3.0]  # back in time: no gap; after a known post: none


async def test_without_its_file_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(FaultyFiles, match=r"posts\.jsonl: .*cannot be read.*platforms\.replay\.file"):
        await play(tmp_path / "posts.jsonl")


async def test_an_exported_chat_is_played_and_its_break_is_told(tmp_path: Path) -> None:
    path = tmp_path / "general.json"
    whole = json.dumps(discord(said(1), said(2), said(3)))
    path.write_text(whole)
    posts, faults = await play(path)
    assert [(post.platform, post.channel, post.text, post.at) for post in posts] == [
        ("replay", "2000", f"words {n}", NOON) for n in (1, 2, 3)
    ]
    assert faults == []
    path.write_text(whole[: whole.index("words 3")])
    posts, faults = await play(path)
    assert len(posts) == 2
    assert faults[0].startswith("general.json")


async def test_a_stop_while_a_line_is_read_is_a_stop(tmp_path: Path) -> None:
    asked, go = threading.Event(), threading.Event()

    class Slow(Noon):
        """Asked for each line, on the thread that reads."""

        def now(self) -> datetime:
            asked.set()
            go.wait(60)
            return NOON

    async def receive(post: Post) -> Received:
        return Received(post_id=post.external_id, new=True)

    path = tmp_path / "posts.jsonl"
    path.write_text(line(1), encoding="utf-8")
    running = asyncio.create_task(ReplayPlatform(path, 0, receive, Slow()).run())
    assert await asyncio.to_thread(asked.wait, 60)
    running.cancel()
    asyncio.get_running_loop().call_later(0.1, go.set)
    with pytest.raises(asyncio.CancelledError):
        await running
