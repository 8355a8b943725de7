"""The client of one connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from bot import settings
from bot.adapters.discord.gateway import Client

CONFIG = """\
community: {name: Lantern Harbor}
managers: {mara: {name: Mara, discord: 111111111111111111}}
on_call: mara
platforms: {discord: {listen: [general]}}
"""


async def test_one_that_is_closed_starts_no_handler(write_config: Callable[[str], Path]) -> None:
    async with Client(settings.load(write_config(CONFIG), {}), message_content=True) as client:
        client.dispatch("disconnect")
        assert len(asyncio.all_tasks()) == 2
        await asyncio.sleep(0)
    client.dispatch("disconnect")
    assert asyncio.all_tasks() == {asyncio.current_task()}
