"""Posts are read with the encoder as soon as it is there, and without it when it is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import numpy as np

from bot.content import Content
from bot.encoder import DIMENSIONS, NoEncoder, SentenceEncoder
from responders.ports import Floats

PATIENCE = 60.0


def letters(texts: list[str]) -> Floats:
    """A crude model: which letters a text has."""
    rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        row[[ord(c) % DIMENSIONS for c in text]] = 1
        row[0] = 1
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def one_more(templates: Path) -> None:
    """Add a variant to a template."""
    file = templates / "en/praise/plain.md"
    file.write_text(file.read_text() + "## variant: more\nTell me more?\n")


def none() -> SentenceEncoder:
    raise NoEncoder("the package is not installed", "install it")


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not happened():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def watched(content: Content) -> AsyncIterator[None]:
    watching = asyncio.create_task(content.watch())
    yield
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching


async def test_the_first_pipeline_does_not_wait_for_the_encoder(templates: Path, tmp_path: Path) -> None:
    go = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow() -> SentenceEncoder:
        asyncio.run_coroutine_threadsafe(go.wait(), loop).result()
        return SentenceEncoder(letters)

    content = Content(templates, encoder=slow, var=tmp_path / "var")
    without = content.load()
    async with watched(content):
        go.set()
        await until(lambda: content.pipeline is not without)
        assert content.no_encoder is None
        with_it = content.pipeline
        one_more(templates)
        await until(lambda: content.pipeline is not with_it)


async def test_without_an_encoder_edits_go_live_all_the_same(templates: Path) -> None:
    content = Content(templates, encoder=none)
    first = content.load()
    async with watched(content):
        await until(lambda: content.no_encoder is not None)
        one_more(templates)
        await until(lambda: content.pipeline is not first)
    assert str(content.no_encoder) == (
        "Posts are read by word patterns alone, less well, because the package is not installed; install it."
    )


async def test_an_encoder_that_comes_while_the_files_are_faulty_is_used_once_they_are_mended(templates: Path) -> None:
    file = templates / "intents/praise.yaml"
    good = file.read_text()
    content = Content(templates, encoder=lambda: SentenceEncoder(letters))
    without = content.load()
    file.write_text("action: [")
    async with watched(content):
        await until(lambda: bool(content.faults))
        assert content.pipeline is without
        file.write_text(good)
        await until(lambda: content.pipeline is not without)


def test_a_command_waits_for_it(templates: Path) -> None:
    content = Content(templates, encoder=lambda: SentenceEncoder(letters))
    best = content.load_best()
    assert content.load() is best
    assert Content(templates, encoder=none).load_best().library.intents.keys() == best.library.intents.keys()
