"""What is measured: made-up posts, and the parts of the product around a fresh database."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Engine, event

from bot import settings
from bot.content import Content
from bot.desk import Desk
from bot.domain import StoredPost
from bot.intake import Intake
from bot.queue import moves
from bot.reader import load_reader
from bot.store import Connection, NewPost, Store, posts
from bot.store.ids import new_id
from responders.pipeline import Pipeline
from responders.types import Author, Candidate, Context, Outcome, Post, Proposal, Reason, ReasonCode, Understanding

ROOT = Path(__file__).parents[2]
CHANNELS, FANS = 200, 2_000
SLOW_SYNC = 0.002
"""Seconds that an ordinary cloud disk takes for a sync."""
CONFIG = """\
community: {name: Lantern Harbor}
web: {bind: "127.0.0.1:0"}
managers: {manager: {name: Manager}}
on_call: manager
replies: {undo_seconds: 3600, per_fan: null, per_channel: null}
"""


def texts() -> list[str]:
    """The operators' own examples of what fans write, over all intents."""
    files = sorted((ROOT / "templates" / "intents").glob("*.yaml"))
    read = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]
    by_intent = [intent["examples"]["en"] for intent in read]
    return [text for row in itertools.zip_longest(*by_intent) for text in row if isinstance(text, str)]


def fans_write(words: list[str], *, channels: int = CHANNELS, fans: int = FANS) -> Iterator[Post]:
    """Posts without end, spread over channels and fans."""
    for n in itertools.count():
        yield Post(
            platform="web",
            channel=f"channel-{n * 7919 % channels}",
            external_id=f"m{n}",
            author=Author(id=f"fan-{n * 104729 % fans}", name="Robin"),
            text=words[n % len(words)],
            at=datetime.now(UTC),
        )


def new(post: Post) -> NewPost:
    """A post as the intake hands it to the store."""
    return NewPost(id=new_id(), post=post, received_at=post.at)


class WallClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Aware, in UTC."""
        return datetime.now(UTC)


@dataclass
class Timed:
    """When each post's outcome was durable, by our id for it; seconds of `perf_counter`."""

    at: dict[str, float] = field(default_factory=dict)
    waiting: dict[str, asyncio.Event] = field(default_factory=dict)

    async def done(self, post_id: str) -> float:
        """Wait for a post's outcome."""
        if post_id not in self.at:
            await self.waiting.setdefault(post_id, asyncio.Event()).wait()
        return self.at[post_id]


class TimedIntake(Intake):
    """The intake, with a stopwatch behind the last hop."""

    timed: Timed

    async def _process(self, post_id: str, *, new: bool) -> None:
        await super()._process(post_id, new=new)
        self.timed.at[post_id] = time.perf_counter()
        if post_id in self.timed.waiting:
            self.timed.waiting.pop(post_id).set()


@dataclass
class Scene:
    """Store, desk and intake as the product wires them, without a web server."""

    settings: settings.Settings
    store: Store
    desk: Desk
    intake: TimedIntake
    pipeline: Pipeline


@contextlib.asynccontextmanager
async def scene(folder: Path, store_url: str = "") -> AsyncIterator[Scene]:
    """A scene around the database at `store_url`, or else one in `folder`."""
    config = folder / "config.yaml"
    config.write_text(f"{CONFIG}store: {store_url}\n" if store_url else CONFIG, encoding="utf-8")
    read = settings.load(config, {})
    content = Content(ROOT / "templates", reader=load_reader)
    pipeline = content.load()
    clock = WallClock()
    store = await Store.open(read.store)
    desk = Desk(store, read, clock, lambda: pipeline, lambda _platform: 4096)
    intake = TimedIntake(store, read, clock, desk, lambda: pipeline)
    intake.timed = Timed()
    try:
        yield Scene(read, store, desk, intake, pipeline)
    finally:
        await intake.close()
        await store.close()


@contextlib.contextmanager
def slow_disk() -> Iterator[None]:
    """Every commit takes as long as on an ordinary cloud disk. The raw arms sleep by themselves."""

    def sleep(_connection: Any) -> None:
        time.sleep(SLOW_SYNC)

    event.listen(Engine, "commit", sleep)
    try:
        yield
    finally:
        event.remove(Engine, "commit", sleep)


PRAISE = Proposal(
    outcome=Outcome.DRAFT,
    reason=Reason(code=ReasonCode.INTENT, sentence="Reads as praise."),
    understanding=Understanding(intent="praise", confidence=0.9, intents=(("praise", 0.9), ("thanks", 0.1))),
    candidate=Candidate(text="Which part of it stays with you most?", template="en/praise/plain", variant="which"),
)


async def waiting_drafts(on: Scene, some: list[Post]) -> list[str]:
    """Store posts with a draft each, past the pipeline; the drafts' ids."""

    def add(connection: Connection, batch: list[Post]) -> list[str]:
        stored = [new(post) for post in batch]
        posts.add_many(connection, stored)
        return [_draft(connection, one) for one in stored]

    ids: list[str] = []
    for first in range(0, len(some), 500):
        batch = some[first : first + 500]
        ids += await on.store.write(lambda c, batch=batch: add(c, batch))  # type: ignore[misc]
    return ids


def _draft(connection: Connection, one: NewPost) -> str:
    stored = StoredPost(id=one.id, post=one.post, thread=one.id, version=1, received_at=one.received_at)
    around = Context(now=one.received_at, community="Lantern Harbor")
    posts.judge(connection, stored, PRAISE, one.received_at)
    draft = moves.submit(connection, stored, PRAISE, around, around.now + settings.Replies().expire_after)
    assert draft
    return draft.id
