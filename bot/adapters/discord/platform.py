"""Discord as the rest of the product sees it: one client at a time, replaced by a fresh one whenever it ends."""

from __future__ import annotations

import asyncio
import contextlib

import discord
import structlog

from bot.adapters.discord.cards import Cards
from bot.adapters.discord.client import Client
from bot.adapters.discord.feed import Feed
from bot.adapters.discord.posts import NAME
from bot.adapters.discord.replies import AGAIN, Replies
from bot.adapters.parts import Parts
from bot.domain import Delivery, NotSent, SendResult, SourceGone, Uncertain
from bot.errors import GreenroomError

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
MOMENT = 5.0
"""Seconds in which a connection is made, if it can be made at all."""
_BAD_TOKEN = 4004
"""The gateway's close code for a token that it does not take."""


class DiscordPlatform:
    """Reads channels and sends replies."""

    name = NAME
    text_limit = 2000

    def __init__(self, parts: Parts) -> None:
        """Connects when it runs."""
        self.cards = Cards(parts)
        self._parts = parts
        self._message_content = True
        self._refused: str | None = None
        self._client: Client | None = None
        self._replies: Replies | None = None
        self._up = asyncio.Event()

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
                self._up.clear()
                self._client = self._replies = None
            raise client.failure or GreenroomError("The connection to Discord ended; it is opened again.")

    def new_client(self) -> Client:
        """A client that is not connected yet, wired to the intake."""
        parts = self._parts
        client = Client(parts.settings, message_content=self._message_content, setup=self._set_up)
        client.listener = Feed(client, parts.store, parts.intake, parts.clock)
        return client

    async def source_gone(self, delivery: Delivery) -> SourceGone | NotSent | None:
        """See `Replies.source_gone`."""
        replies = await self._open()
        return await replies.source_gone(delivery) if replies else _away(delivery)

    async def deliver(self, delivery: Delivery) -> SendResult:
        """See `Replies.deliver`."""
        replies = await self._open()
        return await replies.deliver(delivery) if replies else _away(delivery)

    async def look_up(self, delivery: Delivery) -> SendResult:
        """See `Replies.look_up`."""
        replies = await self._open()
        if replies:
            return await replies.look_up(delivery)
        away = _away(delivery)
        return Uncertain(reason=away.reason, retry_after=away.retry_after)

    async def _open(self) -> Replies | None:
        """What sends. After a start the outbox is the first to be ready: a connection in the making is waited for."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0 if self._refused else MOMENT):
                await self._up.wait()
        return None if self._client is None or self._client.is_closed() else self._replies

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
        self._replies = Replies(client, self._parts.store, self._parts.intake)
        self._up.set()


def _away(delivery: Delivery) -> NotSent:
    return NotSent(reason="The bot is not connected to Discord right now.", retry_after=AGAIN * 3**delivery.attempts)
