"""Telegram as the rest of the product sees it. Each connection has a fresh client."""

from __future__ import annotations

from telegram.error import InvalidToken, NetworkError, TelegramError

from bot.adapters.chat.connected import ConnectedPlatform
from bot.adapters.chat.parts import Parts
from bot.adapters.telegram.api import NAME, make_bot, words
from bot.adapters.telegram.board import message_link
from bot.adapters.telegram.cards import Cards
from bot.adapters.telegram.gateway import Client
from bot.adapters.telegram.ingest import Ingest
from bot.adapters.telegram.pace import Pace
from bot.adapters.telegram.pictures import file_address
from bot.adapters.telegram.posts import chat_of
from bot.adapters.telegram.section import Telegram
from bot.adapters.telegram.send import TelegramSender, refused
from responders.types import Attachment


class TelegramPlatform(ConnectedPlatform):
    """Reads groups and sends replies."""

    name = NAME
    section = Telegram
    text_limit = 4096

    def __init__(self, parts: Parts) -> None:
        """Connects when it runs."""
        super().__init__(parts)
        self.cards = Cards(parts)
        self._client: Client | None = None
        self._pace = Pace(parts.clock)
        """Of requests without a connection."""

    async def run(self) -> None:
        """Be connected until cancelled. Raises when the connection ends; a refused token is not tried again."""
        self._token()
        parts = self._parts
        try:
            await Client(parts.settings, parts.store, parts.clock, setup=self._set_up).run()
        except InvalidToken:
            raise self._refuse(refused(parts.settings)) from None  # the library names the token in what it says
        finally:
            self._disconnected()
            self._client = None

    def is_ready(self) -> bool:
        """True while Telegram answers our requests for updates."""
        return self._client is not None and self._client.is_ready()

    async def probe(self) -> str | None:
        """Asks who the bot is: a lost reply cannot be looked up on Telegram, so none should find out."""
        client = self._client
        if client is None or not client.is_open():
            return self._away()
        try:
            await client.bot.get_me()
        except NetworkError as error:
            return f"Telegram does not answer: {words(error, client.bot)}."
        except TelegramError:  # it answers; what it says is told where it matters
            return None
        return None

    def message_link(self, channel: str, message_id: str) -> str | None:
        """Opens a message for those who are in its chat; None where the chat has no links."""
        return message_link(chat_of(channel), int(message_id)) if message_id.isdecimal() else None

    async def picture_address(self, picture: Attachment) -> str | None:
        """Asks Telegram for it. A process that is not connected can do so, too, if it has the token."""
        settings, client = self._parts.settings, self._client
        if picture.file is None:
            return None
        if client and client.is_open():
            return await file_address(client.bot, client.pace, picture.file)
        if settings.token(Telegram) is None or self._refused:
            return None
        try:
            bot = make_bot(settings)
        except InvalidToken:
            return None
        async with bot.request:
            return await file_address(bot, self._pace, picture.file)

    async def _set_up(self, client: Client) -> None:
        client.ingest = Ingest(client, self._parts)
        self._client = client
        await self.cards.setup(client)
        self._connected(TelegramSender(client, self._parts.store))
