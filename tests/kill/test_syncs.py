"""A sync of the database stands between what is asked and each answer that says it is kept."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.fakes.telegram import ANSWER, buttons
from tests.kill.house import House
from tests.kill.process import FOG, PRAISE, Watch
from tests.kill.script import Script

pytestmark = pytest.mark.kill
MANY = 15
Window = tuple[str, int, int]
"""What was asked, and from when to when, in nanoseconds of the monotonic clock."""


async def test_nothing_is_acknowledged_before_it_is_synced(tmp_path: Path) -> None:
    async with House(tmp_path).open() as house:
        script = Script(house, "syncs")
        await house.start(Watch(times=True))
        await script.listening()
        windows = [
            *[window for n in range(MANY) for window in await web_post(house, n)],
            *[window for n in range(MANY) for window in await telegram_post(house, n)],
            *[window for n in range(MANY) for window in await telegram_press(house, n)],
        ]
        synced = [int(line) for line in (house.folder / "syncs").read_text(encoding="ascii").split()]
    unsynced = [what for what, begun, ended in windows if not any(begun < at < ended for at in synced)]
    assert len(windows) == 5 * MANY
    assert unsynced == []


async def web_post(house: House, n: int) -> list[Window]:
    """A post that nobody answers, one that waits for a yes, and the yes."""
    windows = []
    for words in (FOG, PRAISE):
        body = {"id": f"{words}{n}", "channel": f"plaza {n}", "author": {"id": f"f{n}", "name": "Robin"}}
        begun = time.monotonic_ns()
        answer = await house.call("POST", "/api/posts", json={**body, "text": words})
        windows.append((f"post {n} over the web", begun, time.monotonic_ns()))
        assert answer is not None
        assert answer.status_code == 202
    post_id = answer.json()["post_id"]
    while not (found := house.rows("SELECT id, revision FROM drafts WHERE post_id = ?", post_id)):
        await asyncio.sleep(0.01)
    body = {"revision": found[0][1], "by": "wim", "action": "edit", "text": f"Gladly, {n}."}
    begun = time.monotonic_ns()
    answer = await house.call("POST", f"/api/drafts/{found[0][0]}/decisions", json=body)
    assert answer is not None
    assert answer.status_code == 200
    return [*windows, (f"decision {n} over the web", begun, time.monotonic_ns())]


async def telegram_post(house: House, n: int) -> list[Window]:
    """A post is acknowledged by the next question for updates."""
    begun, updates = time.monotonic_ns(), house.telegram.world.updates
    house.telegram.post(house.harbor, house.telegram.user(f"Fan {n}"), FOG)
    number = updates.waiting[-1]["update_id"]
    while updates.confirmed <= number:
        await asyncio.sleep(0.005)
    return [(f"post {n} on Telegram", begun, next(at for at, offset in house.polls if offset > number))]


async def telegram_press(house: House, n: int) -> list[Window]:
    """A press is answered once what it decides is stored."""
    words = f"{PRAISE} qz{n}z"
    house.telegram.post(house.harbor, house.telegram.user(f"Fan {n}"), words)
    while not (card := next((one for one in house.telegram.cards(house.direct) if words in one["text"]), None)):
        await asyncio.sleep(0.01)
    begun = time.monotonic_ns()
    data = next(one for one in buttons(card) if one.startswith(("send:", "open:")))
    pressed = await house.telegram.press(card, data, house.mara)
    assert (pressed.answered.is_set(), pressed.text) == (True, None)
    return [(f"press {n} on Telegram", begun, house.newest[ANSWER])]
