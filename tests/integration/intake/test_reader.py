"""Nothing is judged before the reader is ready: what was stored before waits for it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import app, settings
from bot.reader import Reader
from bot.store import NewPost, Store, posts
from bot.store.ids import new_id
from responders.types import Author, Post
from tests import model
from tests.integration.program import ROOT

TEXTS = ("love the harbor", "i want to kill myself", "my train is late again")


@pytest.mark.usefixtures("templates")
async def test_what_waits_at_a_start_is_read_by_the_model(write_config: Callable[..., Path]) -> None:
    parts = settings.load(write_config(), {})
    store = await Store.open(parts.store)
    ids = [new_id() for _ in TEXTS]
    for post_id, text in zip(ids, TEXTS, strict=True):
        now = datetime.now(UTC)
        author = Author(id=f"fan-{post_id}", name="Robin")
        post = Post(platform="web", channel="c", external_id=post_id, author=author, text=text, at=now)
        await store.add_post(NewPost(id=post_id, post=post, received_at=now))
    await store.close()
    loading, ready = threading.Event(), threading.Event()

    def slow() -> Reader:
        loading.set()
        ready.wait()
        return model.reader()

    built = app.build(parts, environ={}, reader=slow)
    starting = asyncio.create_task(built.__aenter__())
    await asyncio.to_thread(loading.wait)
    await asyncio.sleep(0)
    assert not starting.done(), "nothing is served, and nothing judged, before it can be read"
    ready.set()
    await starting
    try:
        async with asyncio.timeout(60):
            while await built.store.read(posts.count_unjudged):
                await asyncio.sleep(0.01)
        pages = [await built.store.post_page(post_id) for post_id in ids]
    finally:
        await built.__aexit__(None, None, None)
    for found in pages:
        assert found
        assert found.post.understanding
        assert found.post.understanding["situations"], "which words alone never tell"


@pytest.mark.parametrize("name", ["bot.reader", "training"])
def test_the_runtime_of_the_model_leaves_nothing_in_a_home_and_says_nothing(name: str, tmp_path: Path) -> None:
    code = f"import {name}, onnxruntime; onnxruntime.SessionOptions()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.rglob("*")) == []
