"""The longest page of cards, each with a thread before it."""

from __future__ import annotations

import itertools
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.figures import Figure, figure
from bench.scenes import Scene, fans_write, scene, waiting_drafts
from sqlalchemy import Engine, event

PAGE, SHORT, ROUNDS = 200, 40, 7


async def measure() -> list[Figure]:
    """CPU of a page, so that neighbours do not count, and its statements beside those of a shorter one."""
    with tempfile.TemporaryDirectory() as folder:
        async with scene(Path(folder)) as on:
            talk = itertools.islice(fans_write(["the fog in the last level is lovely"], channels=20), 3 * PAGE)
            last: dict[str, str] = {}
            some = []
            for post in talk:
                some.append(replace(post, reply_to=last.get(post.channel)))
                last[post.channel] = post.external_id
            await waiting_drafts(on, some)
            rounds = [await _page(on, PAGE) for _ in range(ROUNDS)]
            _, fewer = await _page(on, SHORT)
    statements = [number for _, number in rounds]
    return [
        figure(f"cards: CPU of a page of {PAGE}", "ms", [ms for ms, _ in rounds], at_most=50),
        figure(f"cards: statements for {PAGE}", "", statements),
        figure(f"cards: statements for {PAGE} / for {SHORT}", "x", [n / fewer for n in statements], at_most=1),
    ]


async def _page(on: Scene, limit: int) -> tuple[float, float]:
    """Milliseconds of CPU, and statements, of a page."""
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    begun = time.process_time()
    cards, _ = await on.desk.drafts(limit=limit)
    seconds = time.process_time() - begun
    event.remove(Engine, "before_cursor_execute", note)
    if len(cards) != limit or not any(card.thread for card in cards):
        raise RuntimeError("this page is not what was to be measured")
    return seconds * 1e3, len([one for one in said if one.startswith(("SELECT", "WITH"))])
