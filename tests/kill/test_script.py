"""The people of the story: what a platform does not take from them, they do again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.kill.house import House
from tests.kill.script import Script

pytestmark = pytest.mark.kill


async def test_a_press_that_discord_gave_up_is_made_again(tmp_path: Path) -> None:
    async with House(tmp_path).open() as house:
        script = Script(house, "again")
        await house.start()
        await script.listening()
        soon, house.discord.answer_within = house.discord.answer_within, 0.0
        shown = asyncio.create_task(script.show("discord"))
        while sum("the author presses" in line for line in house.history) < 2 and not shown.done():
            await asyncio.sleep(0.01)
        house.discord.answer_within = soon
        await shown
