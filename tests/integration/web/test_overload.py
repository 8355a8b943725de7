"""More posts than can be read: the API says when to come again, and what it has taken is never lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest

from bot.store import posts
from responders.pipeline import Pipeline
from responders.types import Context, Outcome, Post, Proposal, Reason, ReasonCode, Understanding

from .conftest import TOKEN, Greenroom

Start = Callable[..., AbstractAsyncContextManager[Greenroom]]
CLIENTS, POSTS = 64, 5_000
CHANNELS = 40


class Gated:
    """The pipeline behind a gate: nothing is read until it is opened."""

    def __init__(self, real: Pipeline) -> None:
        self._real = real
        self.library = real.library
        self.open = threading.Event()

    def run(self, post: Post, context: Context) -> Proposal:
        self.open.wait()
        return self._real.run(post, context)


class Quick:
    """A pipeline that leaves every post alone at once."""

    def __init__(self, real: Pipeline) -> None:
        self.library = real.library

    def run(self, _post: Post, _context: Context) -> Proposal:
        reason = Reason(code=ReasonCode.INTENT, sentence="It wants no answer.")
        return Proposal(outcome=Outcome.SILENT, reason=reason, understanding=Understanding())


@pytest.fixture
async def crowded(start: Start, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A Greenroom that reads nothing yet, and the gate."""
    monkeypatch.setattr("bot.intake.CROWDED", 5)
    async with start() as greenroom:
        gate = Gated(greenroom.app.content.pipeline)
        greenroom.app.intake._judge._pipeline = lambda: gate  # type: ignore[assignment, return-value]
        yield greenroom, gate
        gate.open.set()


def body(n: int) -> dict[str, Any]:
    author = {"id": f"f{n}", "name": "Robin"}
    return {"id": f"p{n}", "channel": f"c{n % CHANNELS}", "author": author, "text": f"lovely map {n}"}


async def test_when_too_many_posts_wait_the_next_one_is_asked_to_come_again(crowded: Any) -> None:
    greenroom, gate = crowded
    taken: list[str] = []
    while (answer := await greenroom.http.post("/api/posts", json=body(len(taken)))).status_code == 202:
        taken.append(answer.json()["post_id"])
        assert len(taken) <= 5, "those that are being read count, too, however many channels they are in"
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "5"
    assert answer.json() == {
        "error": "too_many",
        "message": "More posts wait than can be read at once; send this one again in 5 seconds.",
        "retry_after": 5,
    }
    waiting = await greenroom.app.store.read(posts.count_unjudged)
    assert waiting == len(taken), "nothing of the refused one is stored"
    assert (await greenroom.http.get(f"/api/posts/{taken[0]}")).status_code == 200, "only new posts are refused"
    gate.open.set()
    for post_id in taken:
        await greenroom.until(f"/api/posts/{post_id}", lambda found: found["action"])
    again = await greenroom.http.post("/api/posts", json=body(len(taken)))
    assert again.status_code == 202


async def test_the_description_names_it(crowded: Any) -> None:
    greenroom, _ = crowded
    described = (await greenroom.http.get("/api/openapi.json")).json()
    answers = described["paths"]["/api/posts"]["post"]["responses"]
    assert answers["429"]["headers"]["Retry-After"]["schema"] == {"type": "integer"}


@pytest.mark.whole
@pytest.mark.timeout(900)
async def test_a_flood_of_posts_from_many_clients_loses_none_that_was_taken(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 300
    monkeypatch.setattr("bot.intake.CROWDED", most)
    taken: dict[str, str] = {}
    held, refused = 0, 0
    numbers: Iterator[int] = iter(range(POSTS))
    async with start() as greenroom:
        intake = greenroom.app.intake
        quick = Quick(greenroom.app.content.pipeline)
        intake._judge._pipeline = lambda: quick  # type: ignore[assignment, return-value]
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with aiohttp.ClientSession(greenroom.base, headers=headers) as http:

            async def client() -> None:
                """Posts; of those that are refused it lets the most go, as a program in a hurry does."""
                nonlocal held, refused
                for n in numbers:
                    async with http.post("/api/posts", json=body(n)) as answer:
                        held = max(held, intake._in_memory())
                        if answer.status == 429:
                            assert answer.headers["Retry-After"] == "5"
                            refused += 1
                        else:
                            assert answer.status == 202, await answer.text()
                            taken[(await answer.json())["post_id"]] = f"p{n}"

            await asyncio.gather(*(client() for _ in range(CLIENTS)))
        async with asyncio.timeout(120):
            while await greenroom.app.store.read(posts.count_unjudged):
                await asyncio.sleep(0.05)
        stored = await greenroom.app.store.read(lambda c: {p.id: p for p in posts.some(c, list(taken))})
        assert {post_id: post.post.external_id for post_id, post in stored.items()} == taken
        assert {post.action for post in stored.values()} == {"silent"}
        assert len(taken) + refused == POSTS
        assert refused
        # Each client may have one on its way, and of each channel a sweep may find the post that is being read.
        assert held <= most + CLIENTS + CHANNELS
