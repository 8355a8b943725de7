"""Discord as the rest of the product sees it: one client at a time, replaced by a fresh one whenever it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any

import discord
import structlog

from bot.adapters.chat.connected import ConnectedPlatform
from bot.adapters.chat.doctor import no_token
from bot.adapters.chat.parts import Parts
from bot.adapters.discord.cards import Cards
from bot.adapters.discord.client import TROUBLE, Client
from bot.adapters.discord.feed import Feed
from bot.adapters.discord.posts import NAME
from bot.adapters.discord.replies import Replies
from bot.adapters.discord.section import Discord
from bot.errors import GreenroomError
from bot.ports import Sender

log = structlog.get_logger()

REFUSED = (
    "Discord does not take DISCORD_TOKEN; copy the token of the bot anew (Developer Portal, Bot, Reset Token) into the "
    "environment and start again. It must be a bot's token, never that of a person's account"
)
BLIND = (
    "The message-content intent is not granted: the bot reads only what mentions it. Switch on Message Content Intent "
    "(Developer Portal, Bot) and start again, or answer other posts with the message command"
)
_OUTDATED = "Discord does not take what this version of Greenroom says to it; install the newest one and start again"
_FINAL: Mapping[int, str] = {
    4004: REFUSED,
    4010: _OUTDATED,
    4011: "This bot is on so many servers that Discord wants it split up (sharding), which Greenroom cannot do; take "
    "it off servers that it does not answer on, and start again",
    4012: _OUTDATED,
    4013: _OUTDATED,
}
"""The gateway's close codes after which it is not asked again, and what a person does about them."""


class DiscordPlatform(ConnectedPlatform):
    """Reads channels and sends replies."""

    name = NAME
    title = Discord.title
    text_limit = 2000

    def __init__(self, parts: Parts) -> None:
        """Connects when it runs."""
        super().__init__()
        self.cards = Cards(parts)
        self._parts = parts
        self._message_content = True
        self._client: Client | None = None

    async def run(self) -> None:
        """Be connected until cancelled. Raises when the connection ends; a refused token is not tried again."""
        while True:
            if self._refused:
                raise GreenroomError(self._refused)
            client = Client(self._parts.settings, message_content=self._message_content, setup=self._set_up)
            feed = client.listener = Feed(client, self._parts.store, self._parts.intake, self._parts.clock)
            try:
                await self._connect(client, feed)
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

    async def _open(self) -> Sender | None:
        """Not by a client that is on its way out either."""
        sender = await super()._open()
        return None if self._client is None or self._client.is_closed() else sender

    async def _connect(self, client: Client, feed: Feed) -> None:
        token = self._parts.settings.token(Discord)
        if token is None:
            self._refused = no_token(Discord)
            raise GreenroomError(self._refused)
        try:
            async with client, _beside(client, feed.run()), _beside(client, self.cards.tell_commands(client)):
                await client.start(token)
        except discord.LoginFailure:
            self._refused = REFUSED
            raise GreenroomError(REFUSED) from None
        except discord.ConnectionClosed as error:
            self._refused = _FINAL.get(error.code)
            if self._refused is None:
                raise
            raise GreenroomError(self._refused) from None

    async def _set_up(self, client: Client) -> None:
        if client.user is None or not client.user.bot:
            raise discord.LoginFailure
        await self.cards.setup(client)
        self._client = client
        self._connected(Replies(client, self._parts.store, self._parts.intake))


@asynccontextmanager
async def _beside(client: Client, work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run something as long as the block; when it fails, the client ends."""

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
