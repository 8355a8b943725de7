"""No post is read before the model is loaded. Without it words are read, and edits go live all the same."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from bot import reader as module
from bot.content import Content
from bot.reader import VECTORS, NoReader, Reader, TextEncoder, load_reader
from responders.ports import Floats
from responders.types import Author, Context, Post, Understanding

PATIENCE = 60.0
NOW = datetime(2026, 5, 4, 18, 30, tzinfo=UTC)


class Counted:
    """The shipped model's loader, which counts how often it was asked and what was computed."""

    def __init__(self) -> None:
        self.loaded = 0
        self.computed: list[str] = []

    def __call__(self) -> Reader:
        self.loaded += 1
        real = load_reader()

        def network(text: str) -> Floats:
            self.computed.append(text)
            return np.asarray(real.encoder.encode_once(text), np.float32)

        return Reader(TextEncoder(network), real.heads, real.version)


def none() -> Reader:
    raise NoReader("the model is not there", "install it")


def read(content: Content, text: str) -> Understanding:
    post = Post(platform="web", channel="c", external_id="1", author=Author(id="1", name="R"), text=text, at=NOW)
    return content.pipeline.understand(post, Context(now=NOW, community="Lantern Harbor"))


def one_more(templates: Path) -> None:
    """Add a variant to a template."""
    file = templates / "en/praise/plain.md"
    file.write_text(file.read_text() + "## variant: more\nTell me more?\n")


async def nobody() -> None:
    """Stands in for whoever is told of changes."""


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not happened():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def watched(content: Content) -> AsyncIterator[None]:
    watching = asyncio.create_task(content.watch(nobody))
    yield
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching


async def test_the_first_pipeline_has_the_model_which_is_loaded_once(templates: Path, tmp_path: Path) -> None:
    counted = Counted()
    content = Content(templates, reader=counted, var=tmp_path)
    first = content.load()
    assert (counted.loaded, content.no_reader) == (1, None)
    assert read(content, "love it").situations, "only the model knows situations"
    assert (tmp_path / VECTORS).is_file()
    counted.computed.clear()
    async with watched(content):
        one_more(templates)
        await until(lambda: content.pipeline is not first)
    assert (counted.loaded, counted.computed) == (1, []), "an edit that adds no example computes nothing"
    assert read(content, "love it").situations


def test_examples_are_computed_once_for_all_starts(templates: Path, tmp_path: Path) -> None:
    Content(templates, reader=Counted(), var=tmp_path).load()
    counted = Counted()
    content = Content(templates, reader=counted, var=tmp_path)
    content.load()
    assert counted.computed == []
    kept = (tmp_path / VECTORS).read_bytes()
    read(content, "what a fan wrote")
    assert "what a fan wrote" in counted.computed
    assert (tmp_path / VECTORS).read_bytes() == kept


def test_the_first_start_of_all_keeps_them_too(templates: Path, tmp_path: Path) -> None:
    var = tmp_path / "var"
    Content(templates, reader=Counted(), var=var).start()
    assert (var / VECTORS).is_file()
    assert stat.S_IMODE(var.stat().st_mode) == 0o700


async def test_without_the_model_words_are_read_and_edits_go_live(templates: Path) -> None:
    content = Content(templates, reader=none)
    first = content.load()
    assert str(content.no_reader) == (
        "Posts are read by word patterns alone, less well, because the model is not there; install it."
    )
    understanding = read(content, "love it")
    assert (understanding.intent, understanding.situations) == ("praise", ())
    assert read(content, "i want to kill myself").risk == ("crisis",)
    async with watched(content):
        one_more(templates)
        await until(lambda: content.pipeline is not first)


def test_who_asks_for_no_model_gets_none(templates: Path) -> None:
    content = Content(templates)
    content.load()
    assert content.no_reader is None
    assert read(content, "love it").situations == ()


async def test_files_that_are_faulty_at_the_start_keep_the_model_for_later(templates: Path) -> None:
    file = templates / "intents/praise.yaml"
    good = file.read_text()
    counted = Counted()
    content = Content(templates, reader=counted)
    file.write_text("action: [")
    async with watched(content):
        await until(lambda: bool(content.faults))
        file.write_text(good)
        await until(lambda: not content.faults)
    assert counted.loaded == 1
    assert read(content, "love it").situations


def test_neither_model_nor_words_is_told_in_a_sentence(
    templates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.by_words, "__defaults__", (tmp_path,))
    with pytest.raises(module.GreenroomError, match=r"^Posts cannot be read, because words_only\.npz .*\.$"):
        Content(templates, reader=none).load()
