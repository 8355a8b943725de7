"""Where a message and a picture on Discord can be opened from the console."""

from collections.abc import AsyncIterator

import pytest

from bot.ports import Linked
from tests.integration.discord.harbor import PRAISE, Harbor, running


@pytest.fixture
async def harbor(tmp_path, empty_database, pipeline) -> AsyncIterator[Harbor]:
    async with running(tmp_path, empty_database, pipeline) as one:
        yield one


async def test_a_message_has_an_address_while_the_bot_sees_its_channel(harbor):
    platform = harbor.platform
    message = harbor.fake.post(harbor.general, harbor.robin, PRAISE)
    link = platform.message_link(harbor.general["id"], message["id"])
    assert link == f"https://discord.com/channels/{harbor.fake.world.guild['id']}/{harbor.general['id']}/{message['id']}"
    assert platform.message_link("123456789", message["id"]) is None
    assert isinstance(platform, Linked)
    assert set(platform.picture_origins) == {"https://cdn.discordapp.com", "https://media.discordapp.net"}
    await harbor.disconnect()
    assert platform.message_link(harbor.general["id"], message["id"]) is None
