"""Many managers press at once: decisions in group commits against one commit each."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from bench.figures import Figure, figure, ratios
from bench.scenes import Scene, fans_write, scene, slow_disk, waiting_drafts

from bot.domain import Action, Command
from bot.store import writer

ROUNDS, DECISIONS, CALLERS = 3, 250, 64


async def measure() -> list[Figure]:
    """Rates and ratios on this disk and on a slow one."""
    with tempfile.TemporaryDirectory() as folder:
        async with scene(Path(folder)) as on:
            new_posts = fans_write(["the fog in the last level is lovely"])
            ids = iter(await waiting_drafts(on, list(itertools.islice(new_posts, ROUNDS * 4 * DECISIONS))))
            here, slow = await _arms(on, ids, contextlib.nullcontext), await _arms(on, ids, slow_disk)
    return [
        figure("decide: 64 callers", "decisions/s", here[0]),
        figure("decide: grouped / commit per decision", "x", ratios(*here)),
        figure("decide, sync +2 ms: 64 callers", "decisions/s", slow[0]),
        figure("decide, sync +2 ms: grouped / commit per decision", "x", ratios(*slow), at_least=10),
    ]


async def _arms(
    on: Scene, ids: Iterator[str], disk: type[contextlib.AbstractContextManager[None]]
) -> tuple[list[float], list[float]]:
    grouped, alone = [], []
    for _ in range(ROUNDS):
        with disk():
            grouped.append(await _approve(on, list(itertools.islice(ids, DECISIONS))))
            with mock.patch.object(writer, "GROUP", 1):
                alone.append(await _approve(on, list(itertools.islice(ids, DECISIONS))))
    return grouped, alone


async def _approve(on: Scene, ids: list[str]) -> float:
    left = iter(ids)

    async def press() -> None:
        for draft_id in left:
            await on.desk.decide(Command(draft_id=draft_id, revision=1, by="manager", action=Action.APPROVE))

    begun = time.perf_counter()
    await asyncio.gather(*(press() for _ in range(CALLERS)))
    return len(ids) / (time.perf_counter() - begun)
