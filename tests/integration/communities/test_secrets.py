"""What is said of a secret names the variable that one sets for this community, with its key before it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route
from structlog.testing import capture_logs

from bot import settings
from bot.adapters.discord.doctor import check_online as ask_discord
from bot.adapters.telegram.doctor import check_online as ask_telegram
from bot.adapters.web.doctor import checks as web_checks
from bot.insights import mail
from tests.fakes import discord, telegram
from tests.integration.communities.conftest import PRAISE, Folder, Run, Town, until

SOME_DAY = datetime(2026, 3, 2, tzinfo=UTC)


class _Chat:
    """A platform of ours, where lamp has a bot."""

    def __init__(self, fake: Any, variable: str, token: str, section: str, channel: Any, send: str) -> None:
        self.fake = fake
        self.variable = variable
        self.token = token
        self.section = section
        self.channel = channel
        self.send = send


@contextlib.asynccontextmanager
async def _discord() -> AsyncIterator[_Chat]:
    hosts = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    async with discord.FakeDiscord().running() as fake:
        channel = fake.channel("general")
        section = f"{{discord: {{listen: [general], api_base: '{fake.api_base}', gateway_url: '{fake.gateway_url}'}}}}"
        yield _Chat(fake, "DISCORD_TOKEN", discord.TOKEN, section, channel, discord.SEND)
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = hosts


@contextlib.asynccontextmanager
async def _telegram() -> AsyncIterator[_Chat]:
    async with telegram.FakeTelegram().running() as fake:
        fake.privacy(on=False)
        channel = fake.supergroup("Harbor")
        section = f"{{telegram: {{listen: [{channel['id']}], api_base: '{fake.api_base}'}}}}"
        yield _Chat(fake, "TELEGRAM_TOKEN", telegram.TOKEN, section, channel, telegram.SEND)


@pytest.fixture(params=[_discord, _telegram], ids=["discord", "telegram"])
async def chat(request: pytest.FixtureRequest, folder: Folder) -> AsyncIterator[_Chat]:
    async with request.param() as found:
        folder.add("lamp", privacy="{policy: ours}", platforms=found.section)
        yield found


async def test_a_token_that_is_refused(chat: _Chat, folder: Folder, run: Run) -> None:
    wrong = {f"LAMP__{chat.variable}": "12345:another"}
    with capture_logs() as logs:
        async with run(wrong):
            await until(lambda: [line for line in logs if line["event"] == "part_stopped"])
    (stopped, *_) = [line for line in logs if line["event"] == "part_stopped"]
    assert f"does not take LAMP__{chat.variable}" in stopped["why"]
    found = settings.load(folder.path / "lamp" / "config.yaml", wrong)
    ask = ask_discord if "DISCORD" in chat.variable else ask_telegram
    (fault,) = await ask(found)
    assert f"does not take LAMP__{chat.variable}" in fault.fix


async def test_a_reply_that_is_refused_because_of_its_token(chat: _Chat, run: Run) -> None:
    async with run({f"LAMP__{chat.variable}": chat.token}) as town:
        await until(town.app("lamp").platforms[chat.variable.partition("_")[0].lower()].is_ready)  # type: ignore[attr-defined] # it is Watched
        fan = chat.fake.member("Robin") if "DISCORD" in chat.variable else chat.fake.user("Robin")
        chat.fake.fail_next(chat.send, (discord if "DISCORD" in chat.variable else telegram).Fault(status=401))
        chat.fake.post(chat.channel, fan, PRAISE)
        delivery = await _refused(town)
    assert f"does not take LAMP__{chat.variable}" in delivery["error"]


async def _refused(town: Town) -> Any:
    """The delivery of the one card, once it has failed after the yes."""
    async with town.script("lamp") as client, asyncio.timeout(60):
        while not (waiting := (await client.get("/api/drafts")).json()["items"]):
            await asyncio.sleep(0.02)
        card = f"/api/drafts/{waiting[0]['draft_id']}"
        yes = {"revision": waiting[0]["revision"], "by": "mara", "action": "approve"}
        assert (await client.post(f"{card}/decisions", json=yes)).status_code == 200
        while (newest := (await client.get(card)).json()["deliveries"][0])["state"] != "failed":
            await asyncio.sleep(0.02)
        return newest


async def test_the_password_of_mail(folder: Folder) -> None:
    block = "{host: 127.0.0.1, port: 9, sender: a@b.example, user: fans}"
    found = settings.load(folder.add("lamp", mail=block), {"GREENROOM_MAIL_PASSWORD": "of another"})
    assert found.mail
    assert mail.checks(found)[0].fix == "put the password into the environment as LAMP__GREENROOM_MAIL_PASSWORD"
    letter = mail.letter(found.mail, "c@d.example", "x", "y", key="k", at=SOME_DAY)
    with pytest.raises(mail.MailTrouble, match="as LAMP__GREENROOM_MAIL_PASSWORD"):
        mail.send(found, found.mail, letter)


async def test_the_token_of_the_web(folder: Folder, run: Run) -> None:
    weak = {"LAMP__GREENROOM_WEB_TOKEN": "abc"}
    path = folder.add("lamp")
    assert web_checks(settings.load(path, weak))[0].result.startswith("LAMP__GREENROOM_WEB_TOKEN can be guessed")
    async with run(weak) as town, town.at(town.host("lamp"), Authorization="Bearer wrong") as client:
        said = (await client.get("/api/drafts")).json()["message"]
    assert said == "The bearer token is wrong; it is in var/web_token or LAMP__GREENROOM_WEB_TOKEN."
