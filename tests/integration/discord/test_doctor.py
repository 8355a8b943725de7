"""`greenroom doctor` on Discord: each problem with its fix."""

from collections.abc import AsyncIterator

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot import settings
from bot.adapters.discord.doctor import check_online, checks
from tests.fakes.discord import TOKEN, FakeDiscord

CONFIG = """\
community: {{name: Lantern Harbor}}
managers: {{mara: {{name: Mara{mara}}}}}
on_call: mara
privacy: {{policy: Ask us.}}
platforms: {{discord: {{enabled: true, {section}}}}}
"""
FULL = "listen: [general], cards: mods"


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    hosts = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    async with FakeDiscord().running() as running:
        running.channel("general")
        running.channel("mods")
        yield running
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = hosts
    assert running.problems == []


@pytest.fixture
def online(write_config, fake):
    async def ask(section=FULL, token=TOKEN):
        local = f"api_base: {fake.api_base}, gateway_url: '{fake.gateway_url}'"
        path = write_config(CONFIG.format(section=f"{section}, {local}", mara=""))
        return await check_online(settings.load(path, {"DISCORD_TOKEN": token}))

    return ask


@pytest.mark.parametrize(
    ("section", "mara", "token", "says"),
    [
        (FULL, ", discord: 111111111111111111", "x", []),
        (FULL, "", "x", ["nobody may press"]),
        ("listen: [general]", "", "x", ["no chat for cards"]),
        ("cards: mods, manager_roles: [Mods]", "", "x", ["listens to nothing"]),
        (FULL + ", manager_roles: [Mods]", "", None, ["the token is missing"]),
        (FULL + ", manager_roles: [Mods], proxy_webhooks: [Tupper]", "", "x", ["“Tupper” is not an id"]),
    ],
)
def test_what_config_yaml_lacks(write_config, section, mara, token, says):
    path = write_config(CONFIG.format(section=section, mara=mara))
    found = checks(settings.load(path, {"DISCORD_TOKEN": token} if token else {}))
    assert [check.fix != "" for check in found if not check.ok] == [True] * len(says)
    assert all(words in check.result for words, check in zip(says, found, strict=False))
    assert bool(says) != any(check.ok for check in found)


async def test_all_is_well_and_the_invite_asks_for_no_more_than_needed(fake, online):
    found = await online()
    assert [check for check in found if check.ok is False] == []
    (invite,) = (check.fix for check in found if "client_id" in check.fix)
    assert f"client_id={fake.world.bot['id']}" in invite
    assert "scope=bot+applications.commands" in invite
    view, send, in_threads, history = 1 << 10, 1 << 11, 1 << 38, 1 << 16
    assert f"permissions={view | send | in_threads | history}" in invite


async def test_a_token_that_is_not_taken(online):
    (fault,) = await online(token="nonsense")  # noqa: S106 - it is meant to be wrong
    assert fault.ok is False
    assert "never that of a person's account" in fault.fix


async def test_without_the_intent(fake, online):
    fake.world.message_content = False
    found = await online()
    assert [check.ok for check in found if "mentions it" in check.result] == [None]


async def test_a_channel_that_is_not_there(online):
    found = await online("listen: [harbour], cards: mods")
    assert any(check.ok is False and "“harbour”" in check.result for check in found)


async def test_rights_that_are_missing(fake, online):
    channel = next(c for c in fake.world.channels.values() if c["name"] == "general")
    fake.world.deny(channel, "SEND_MESSAGES", "READ_MESSAGE_HISTORY")
    (fault,) = (check for check in await online() if check.ok is False)
    assert fault.result == "in #general the bot lacks: Send Messages, Read Message History"


async def test_nobody_answers(write_config):
    section = f"{FULL}, api_base: 'http://127.0.0.1:9/api/v10', gateway_url: 'ws://127.0.0.1:9/'"
    path = write_config(CONFIG.format(section=section, mara=""))
    hosts = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    try:
        (fault,) = await check_online(settings.load(path, {"DISCORD_TOKEN": TOKEN}))
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = hosts
    assert fault.ok is False
    assert "does not answer" in fault.result


async def test_commands_that_discord_does_not_know(fake, online):
    (told,) = [check for check in await online() if "commands" in check.result]
    assert told.ok is None
    assert "queue" in told.result
    for number, name in enumerate(told.result.partition(": ")[2].split(", ")):
        fake.world.commands[str(number)] = {
            "id": str(number), "application_id": fake.world.application, "version": "1", "name": name, "type": 1,
            "description": "x", "default_member_permissions": None, "options": [],
        }  # fmt: skip
    assert [check for check in await online() if "commands" in check.result] == []


async def test_the_stage_needs_the_same_rights(fake, online):
    stage = fake.channel("showcase")
    found = await online(f"{FULL}, stage: showcase")
    assert [check.result for check in found if "stage" in check.result] == [
        f"#showcase ({stage['id']}) is ready for the stage"
    ]
    fake.world.deny(stage, "SEND_MESSAGES")
    (fault,) = (check for check in await online(f"{FULL}, stage: showcase") if check.ok is False)
    assert fault.result == "in #showcase the bot lacks: Send Messages"
    found = await online("listen: [general], cards: mods, stage: general")
    assert any(check.result.endswith("is ready for posts and the stage") for check in found)
