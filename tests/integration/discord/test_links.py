"""Where a message and a picture on Discord can be opened from the console."""

from collections.abc import AsyncIterator

import pytest

from bot.ports import Linked
from responders.types import Attachment
from tests.integration.discord.harbor import PRAISE, Harbor, running


@pytest.fixture
async def harbor(tmp_path, empty_database, pipeline) -> AsyncIterator[Harbor]:
    async with running(tmp_path, empty_database, pipeline) as one:
        yield one


async def test_a_message_has_an_address_while_the_bot_sees_its_channel(harbor):
    platform = harbor.platform
    message = harbor.fake.post(harbor.general, harbor.robin, PRAISE)
    link = platform.message_link(harbor.general["id"], message["id"])
    assert (
        link == f"https://discord.com/channels/{harbor.fake.world.guild['id']}/{harbor.general['id']}/{message['id']}"
    )
    assert platform.message_link("123456789", message["id"]) is None
    assert isinstance(platform, Linked)
    await harbor.disconnect()
    assert platform.message_link(harbor.general["id"], message["id"]) is None


ELSEWHERE = [
    "https://cdn.discordapp.com.evil.example/a.png",
    "https://evil.example/cdn.discordapp.com/a.png",
    "https://evilcdn.discordapp.com/a.png",
    "https://cdn.discordapp.com@evil.example/a.png",
    "https://evil.example@cdn.discordapp.com/a.png",
    "https://user:pass@cdn.discordapp.com/a.png",
    "https://cdn.discordapp.com:8443/a.png",
    "https://cdn.discordapp.com\\@evil.example/a.png",
    "https://cdn.discordapp.com%2f@evil.example/a.png",
    "https://cdn.discordapp.com./a.png",
    "https://cdn.discordapp.c\u043em/a.png",
    "http://cdn.discordapp.com/a.png",
    "ftp://cdn.discordapp.com/a.png",
    "//cdn.discordapp.com/a.png",
    "cdn.discordapp.com/a.png",
    "https:///a.png",
    "https://[",
    "https://127.0.0.1/a.png",
    "https://169.254.169.254/latest/meta-data",
    "file:///etc/passwd",
    "data:image/png;base64,AAAA",
    "javascript:alert(1)",
    "https://cdn.discordapp.com\r\nHost: evil/a.png",
    "\ud800",
    "x" * 9000,
    "",
]


async def test_only_pictures_that_lie_with_discord_have_an_address(harbor, subtests):
    for url in ("https://cdn.discordapp.com/a.png?ex=1&hm=x", "https://media.discordapp.net/x/a.png"):
        assert await harbor.platform.picture_address(Attachment(kind="image", url=url)) == url
    assert await harbor.platform.picture_address(Attachment(kind="image")) is None
    for url in ELSEWHERE:
        with subtests.test(url=ascii(url)):
            assert await harbor.platform.picture_address(Attachment(kind="image", url=url)) is None
