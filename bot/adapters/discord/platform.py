"""Discord as the rest of the product sees it: one client at a time, replaced by a fresh one whenever it ends."""

from __future__ import annotations

import discord
import structlog

from bot.adapters.connected import ConnectedPlatform
from bot.adapters.discord.cards import Cards
from bot.adapters.discord.client import Client
from bot.adapters.discord.feed import Feed
from bot.adapters.discord.posts import NAME
from bot.adapters.discord.replies import Replies
from bot.adapters.parts import Parts
from bot.errors import GreenroomError
from bot.ports import Sender

log = structlog.get_logger()

REFUSED = (
    "Discord does not take DISCORD_TOKEN; copy the token of the bot anew (Developer Portal, Bot, Reset Token) into the "
    "environment and start again. It must be a bot's token, never that of a person's account"
)
MISSING = "platforms.discord is enabled, but DISCORD_TOKEN is not in the environment; set it, or set enabled: auto"
BLIND = (
    "The message-content intent is not granted: the bot reads only what mentions it. Switch on Message Content Intent "
    "(Developer Portal, Bot) and start again, or answer other posts with the message command"
)
_BAD_TOKEN = 4004
"""The gateway's close code for a token that it does not take."""


class DiscordPlatform(ConnectedPlatform):
    """Reads channels and sends replies."""

    name = NAME
    title = "Discord"
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
            client = self.new_client()
            try:
                await self._connect(client)
            except discord.PrivilegedIntentsRequired:
                self._message_content = False
                log.warning("discord_without_message_content", what=BLIND)
                continue
            finally:
                self._disconnected()
                self._client = None
            raise client.failure or GreenroomError("The connection to Discord ended; it is opened again.")

    def new_client(self) -> Client:
        """A client that is not connected yet, wired to the intake."""
        parts = self._parts
        client = Client(parts.settings, message_content=self._message_content, setup=self._set_up)
        client.listener = Feed(client, parts.store, parts.intake, parts.clock)
        return client

    async def _open(self) -> Sender | None:
        """Not by a client that is on its way out either."""
        sender = await super()._open()
        return None if self._client is None or self._client.is_closed() else sender

    async def _connect(self, client: Client) -> None:
        token = self._parts.settings.discord_token
        if token is None:
            self._refused = MISSING
            raise GreenroomError(MISSING)
        try:
            async with client:
                await client.start(token.get_secret_value())
        except discord.LoginFailure:
            self._refused = REFUSED
            raise GreenroomError(REFUSED) from None
        except discord.ConnectionClosed as error:
            if error.code != _BAD_TOKEN:
                raise
            self._refused = REFUSED
            raise GreenroomError(REFUSED) from None

    async def _set_up(self, client: Client) -> None:
        if client.user is None or not client.user.bot:
            raise discord.LoginFailure
        await self.cards.setup(client)
        self._client = client
        self._connected(Replies(client, self._parts.store, self._parts.intake))
