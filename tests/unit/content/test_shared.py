"""What communities of one process share of their files: sets with the same texts, and the watcher."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bot import watching
from bot.content import Built
from bot.watching import Watcher


class Made:
    """Stands for a pipeline."""


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.01)


def test_the_same_texts_are_made_once_also_at_the_same_time() -> None:
    built, made, both = Built(), [], threading.Barrier(2)

    def make(_texts: Any) -> Any:
        made.append(Made())
        return made[-1]

    def get() -> Any:
        both.wait(60)
        return built.get({"a.md": "x"}, make, reads=True)

    with ThreadPoolExecutor() as pool:
        one, other = pool.submit(get), pool.submit(get)
    assert one.result() is other.result()
    assert len(made) == 1
    assert built.get({"a.md": "y"}, make, reads=True).pipeline is made[1]
    assert built.get({"a.md": "x"}, make, reads=False).pipeline is made[2]


def test_one_that_takes_long_keeps_no_other_waiting() -> None:
    built, go = Built(), threading.Event()

    def slow(_texts: Any) -> Any:
        go.wait(60)
        return Made()

    with ThreadPoolExecutor() as pool:
        held = pool.submit(built.get, {"a.md": "x"}, slow, reads=True)
        pool.submit(built.get, {"a.md": "y"}, lambda _: Made(), reads=True).result(60)
        assert not held.done()
        go.set()


def test_a_set_that_nobody_uses_is_let_go_of_and_a_fault_is_not_kept() -> None:
    built, made = Built(), []

    def make(_texts: Any) -> Any:
        made.append(1)
        if len(made) == 1:
            raise ValueError("a fault")
        return Made()

    with pytest.raises(ValueError, match="a fault"):
        built.get({"a.md": "x"}, make, reads=True)
    built.get({"a.md": "x"}, make, reads=True)
    gc.collect()
    built.get({"a.md": "x"}, make, reads=True)
    assert len(made) == 3


async def test_each_hears_of_its_own_folder_alone(tmp_path: Path) -> None:
    watcher, folders = Watcher(), [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        (folder / "sub").mkdir(parents=True)
    with watcher.on(folders[0]) as first, watcher.on(folders[1]) as second:
        await until(lambda: first.is_set() and second.is_set())
        first.clear()
        second.clear()
        (folders[0] / "sub" / "x.md").write_text("x", encoding="utf-8")
        await until(first.is_set)
        assert not second.is_set()


async def test_a_folder_that_joins_later_costs_the_others_no_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "POLL", 0.02)
    watcher, folders = Watcher(), [tmp_path / f"{n}" for n in range(4)]
    for folder in folders:
        folder.mkdir()
    with watcher.on(folders[0]) as first:
        await until(first.is_set)
        for n, folder in enumerate(folders[1:]):
            first.clear()
            with watcher.on(folder) as joined:
                (folders[0] / f"{n}.md").write_text("x", encoding="utf-8")
                await until(lambda: first.is_set() and joined.is_set())


async def test_a_system_that_watches_no_more_folders_is_told_and_they_are_read_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_folders: Path) -> AsyncIterator[Any]:
        raise OSError("OS file watch limit reached")
        yield

    monkeypatch.setattr(watching, "POLL", 0.01)
    monkeypatch.setattr(watching, "awatch", refuse)
    watcher, folders = Watcher(), [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    with watcher.on(folders[0]) as first, watcher.on(folders[1]) as second:
        for _ in range(3):
            await until(lambda: first.is_set() and second.is_set())
            first.clear()
            second.clear()


async def test_when_nobody_asks_any_more_nothing_is_watched(tmp_path: Path) -> None:
    watcher = Watcher()
    before = len(asyncio.all_tasks())
    with watcher.on(tmp_path) as changed:
        await until(changed.is_set)
    await until(lambda: len(asyncio.all_tasks()) == before)
    with watcher.on(tmp_path) as again:
        await until(again.is_set)
