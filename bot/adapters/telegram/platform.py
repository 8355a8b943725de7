"""Telegram as the rest of the product sees it: one client at a time, replaced by a fresh one whenever it ends."""

from __future__ import annotations

import asyncio
import contextlib

from telegram.error import InvalidToken

from bot.adapters.parts import Parts
from bot.adapters.telegram.api import NAME
from bot.adapters.telegram.cards import Cards
from bot.adapters.telegram.client import Client
from bot.adapters.telegram.feed import Feed
from bot.adapters.telegram.replies import AGAIN, REFUSED, Replies
from bot.domain import Delivery, NotSent, SendResult, SourceGone, Uncertain
from bot.errors import GreenroomError

MISSING = "platforms.telegram is enabled, but TELEGRAM_TOKEN is not in the environment; set it, or set enabled: auto"
MOMENT = 5.0
"""Seconds in which a connection is made, if it can be made at all."""


class TelegramPlatform:
    """Reads groups and sends replies."""

    name = NAME
    text_limit = 4096

    def __init__(self, parts: Parts) -> None:
        """Connects when it runs."""
        self.cards = Cards(parts)
        self._parts = parts
        self._refused: str | None = None
        self._client: Client | None = None
        self._replies: Replies | None = None
        self._up = asyncio.Event()

    async def run(self) -> None:
        """Be connected until cancelled. Raises when the connection ends; a refused token is not tried again."""
        if self._parts.settings.telegram_token is None:
            self._refused = MISSING
        if self._refused:
            raise GreenroomError(self._refused)
        parts = self._parts
        try:
            await Client(parts.settings, parts.store, parts.clock, setup=self._set_up).run()
        except InvalidToken:
            self._refused = REFUSED
            raise GreenroomError(REFUSED) from None  # the library names the token in what it says
        finally:
            self._up.clear()
            self._client = self._replies = None

    def is_ready(self) -> bool:
        """True while Telegram answers our questions for updates."""
        return self._client is not None and self._client.is_ready()

    async def source_gone(self, delivery: Delivery) -> SourceGone | NotSent | None:
        """Telegram tells of edits by itself, of deletions never, and cannot be asked: what the store knows is all."""
        return None if await self._open() else _away(delivery)

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
        return self._replies

    async def _set_up(self, client: Client) -> None:
        client.listener = Feed(client, self._parts)
        self._client = client
        self._replies = Replies(client, self._parts.store)
        await self.cards.setup(client)
        self._up.set()


def _away(delivery: Delivery) -> NotSent:
    return NotSent(reason="The bot is not connected to Telegram right now.", retry_after=AGAIN * 3**delivery.attempts)
