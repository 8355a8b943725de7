"""Telegram as the rest of the product sees it: one client at a time, replaced by a fresh one whenever it ends."""

from __future__ import annotations

from telegram.error import InvalidToken

from bot.adapters.chat.connected import ConnectedPlatform
from bot.adapters.chat.doctor import no_token
from bot.adapters.chat.parts import Parts
from bot.adapters.telegram.api import NAME
from bot.adapters.telegram.cards import Cards
from bot.adapters.telegram.client import Client
from bot.adapters.telegram.feed import Feed
from bot.adapters.telegram.replies import REFUSED, Replies
from bot.adapters.telegram.section import Telegram
from bot.errors import GreenroomError


class TelegramPlatform(ConnectedPlatform):
    """Reads groups and sends replies."""

    name = NAME
    title = Telegram.title
    text_limit = 4096

    def __init__(self, parts: Parts) -> None:
        """Connects when it runs."""
        super().__init__()
        self.cards = Cards(parts)
        self._parts = parts
        self._client: Client | None = None

    async def run(self) -> None:
        """Be connected until cancelled. Raises when the connection ends; a refused token is not tried again."""
        if self._parts.settings.token(Telegram) is None:
            self._refused = no_token(Telegram)
        if self._refused:
            raise GreenroomError(self._refused)
        parts = self._parts
        try:
            await Client(parts.settings, parts.store, parts.clock, setup=self._set_up).run()
        except InvalidToken:
            self._refused = REFUSED
            raise GreenroomError(REFUSED) from None  # the library names the token in what it says
        finally:
            self._disconnected()
            self._client = None

    def is_ready(self) -> bool:
        """True while Telegram answers our questions for updates."""
        return self._client is not None and self._client.is_ready()

    async def _set_up(self, client: Client) -> None:
        client.listener = Feed(client, self._parts)
        self._client = client
        await self.cards.setup(client)
        self._connected(Replies(client, self._parts.store))
