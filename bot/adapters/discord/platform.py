"""Discord as the rest of the product sees it. Each connection has a fresh client."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any

import discord
import structlog

from bot.adapters.chat.connected import ConnectedPlatform
from bot.adapters.chat.parts import Parts
from bot.adapters.discord.cards import Cards
from bot.adapters.discord.gateway import TROUBLE, Client
from bot.adapters.discord.ingest import Ingest
from bot.adapters.discord.posts import NAME
from bot.adapters.discord.section import Discord
from bot.adapters.discord.send import DiscordSender
from bot.errors import GreenroomError
from bot.ports import Sender
from bot.settings import Settings
from responders.types import Attachment

log = structlog.get_logger()

PICTURES = re.compile(r"https://(cdn\.discordapp\.com|media\.discordapp\.net)/[!-~]*")
"""Addresses of what people attach. All readers of addresses agree on where these lead."""

BLIND = (
    "The message-content intent is not granted: the bot reads only what mentions it. Switch on Message Content Intent "
    "(Developer Portal, Bot) and start again, or answer other posts with the message command"
)
_OUTDATED = "Discord does not take what this version of Greenroom says to it; install the newest one and start again"
_FINAL: Mapping[int, str] = {
    4010: _OUTDATED,
    4011: "This bot is on so many servers that Discord wants it split up (sharding), which Greenroom cannot do; take "
    "it off servers that it does not answer on, and start again",
    4012: _OUTDATED,
    4013: _OUTDATED,
}
"""Close codes of the gateway after which we do not try again, and what a person does about them."""
_NO_TOKEN = 4004
"""The gateway's close code for a token that it does not take."""


def refused(settings: Settings) -> str:
    """What a person does about a token that Discord does not take."""
    return (
        f"Discord does not take {settings.variable(Discord.token)}; copy the token of the bot anew (Developer Portal, "
        "Bot, Reset Token) into the environment and start again. It must be a bot's token, never that of a person's "
        "account"
    )


class DiscordPlatform(ConnectedPlatform):
    """Reads channels and sends replies."""

    name = NAME
    section = Discord
    text_limit = 2000

    def __init__(self, parts: Parts) -> None:
        """Connects when it runs."""
        super().__init__(parts)
        self.cards = Cards(parts)
        self._message_content = True
        self._client: Client | None = None

    async def run(self) -> None:
        """Be connected until cancelled. Raises when the connection ends; a refused token is not tried again."""
        while True:
            token = self._token()
            client = Client(self._parts.settings, message_content=self._message_content, setup=self._set_up)
            ingest = client.ingest = Ingest(client, self._parts.store, self._parts.intake, self._parts.clock)
            try:
                await self._connect(client, ingest, token)
            except discord.PrivilegedIntentsRequired:
                self._message_content = False
                log.warning("discord_without_message_content", what=BLIND)
                continue
            except TROUBLE as error:
                why = str(error) or type(error).__name__
                raise GreenroomError(f"Discord cannot be reached ({why}); it is tried again.") from error
            finally:
                self._disconnected()
                self._client = None
            raise client.failure or GreenroomError("The connection to Discord ended; it is opened again.")

    def is_ready(self) -> bool:
        """True while the bot is connected and hears all channels that config.yaml names."""
        return self._client is not None and self._client.is_listening()

    def message_link(self, channel: str, message_id: str) -> str | None:
        """Opens a message; None while the bot does not see its channel."""
        inner, _, own = message_id.rpartition("/")  # of a post on stage: its channel and its own id
        place = inner or channel
        where = self._client.get_channel(int(place)) if self._client and place.isdecimal() else None
        guild = getattr(where, "guild", None)
        return f"https://discord.com/channels/{guild.id}/{place}/{own}" if guild else None

    async def picture_address(self, picture: Attachment) -> str | None:
        """Its own address, if it lies with Discord."""
        return picture.url if PICTURES.fullmatch(picture.url or "") else None

    async def _open(self) -> Sender | None:
        """Without a client that is being closed."""
        sender = await super()._open()
        return None if self._client is None or self._client.is_closed() else sender

    async def _connect(self, client: Client, ingest: Ingest, token: str) -> None:
        try:
            async with client, _beside(client, ingest.run()), _beside(client, self.cards.tell_commands(client)):
                await client.start(token)
        except discord.LoginFailure:
            raise self._refuse(refused(client.settings)) from None
        except discord.ConnectionClosed as error:
            if error.code == _NO_TOKEN:
                raise self._refuse(refused(client.settings)) from None
            if error.code in _FINAL:
                raise self._refuse(_FINAL[error.code]) from None
            raise

    async def _set_up(self, client: Client) -> None:
        if client.user is None or not client.user.bot:
            raise discord.LoginFailure
        await self.cards.setup(client)
        self._client = client
        self._connected(DiscordSender(client, self._parts.store, self._parts.intake))


@asynccontextmanager
async def _beside(client: Client, work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run something during the block. When it fails, the client is closed."""

    async def watched() -> None:
        try:
            await work
        except Exception as error:
            await client.fail(error)

    task = asyncio.create_task(watched())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
