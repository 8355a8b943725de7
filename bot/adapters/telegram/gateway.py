"""The connection to Telegram: who the bot is, what it listens to, and who handles an update."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
import telegram
from telegram.error import InvalidToken, TelegramError

from bot.adapters.telegram.api import NAME, make_bot, words
from bot.adapters.telegram.directory import Directory, look_up
from bot.adapters.telegram.pace import Pace
from bot.adapters.telegram.updates import Updates
from bot.errors import GreenroomError
from bot.ports import Clock
from bot.settings import Settings
from bot.store import Store, chats

if TYPE_CHECKING:
    from bot.adapters.telegram.commands import Commands
    from bot.adapters.telegram.ingest import Ingest
    from bot.adapters.telegram.presses import Presses

log = structlog.get_logger()

SILENT = timedelta(seconds=75)
"""When Telegram answers no request for updates for so long, the connection is stuck."""

PRIVACY = (
    "Privacy mode is on: in groups the bot sees only commands, mentions of it and replies to it. That is enough to "
    "answer who asks it; to read everything, let @BotFather switch it off (/setprivacy, Disable), then remove the bot "
    "from the group and add it again, or make it an administrator there"
)


Setup = Callable[["Client"], Awaitable[None]]
"""Prepares a fresh client after its login and before the first update."""


class Client:
    """Good for one connection."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, setup: Setup | None = None) -> None:
        """Not connected yet. `setup` is called once."""
        self.settings = settings
        self.bot = make_bot(settings)
        self.directory = Directory()
        self.pace = Pace(clock)
        self.ingest: Ingest | None = None
        self.presses: Presses | None = None
        self.commands: Commands | None = None
        self._store = store
        self._clock = clock
        self._setup = setup
        self._updates: Updates | None = None

    @property
    def me(self) -> telegram.User:
        """Who the bot is; known after the login."""
        return self.bot.bot

    def is_open(self) -> bool:
        """True while requests can be made: logged in, and not closed."""
        return self._updates is not None

    def is_ready(self) -> bool:
        """True while Telegram answers."""
        return self._updates is not None and self._clock.now() - self._updates.heard_at < SILENT

    async def run(self) -> None:
        """Log in, then handle updates until cancelled. Raises GreenroomError and InvalidToken."""
        try:
            await self.login()
            try:
                self._updates = Updates(self.bot, self._store, self._clock, self._handle, self._is_command)
                if self._setup:
                    await self._setup(self)
                await self._updates.run()
            finally:
                self._updates = None
        except InvalidToken:
            raise
        except TelegramError as error:
            raise GreenroomError(f"Telegram does not answer: {words(error, self.bot)}; it is asked again.") from None
        finally:
            await self.bot.shutdown()

    async def login(self) -> None:
        """Find out who the bot is and what config.yaml names. Raises TelegramError; the caller shuts the bot down."""
        await self.bot.initialize()
        await self.look_around()
        log.info("telegram_connected", account=self.me.username, listening=len(self.directory.listened))
        if not self.me.can_read_all_group_messages:
            log.info("telegram_privacy_mode", what=PRIVACY)

    async def look_around(self) -> None:
        """Find the chats of config.yaml, and log what is missing."""
        moved = await self._store.read(lambda c: chats.moved(c, NAME))
        before = self.directory
        self.directory = await look_up(self.settings, self.bot.get_chat, moved)
        for fault in self.directory.faults:
            if fault not in before.faults:
                log.warning("telegram_config", fault=fault)

    async def _handle(self, update: telegram.Update, *more: telegram.Update) -> None:
        """Hand an update to whoever handles it. The updates of an album come together."""
        if update.callback_query:
            if self.presses:
                await self.presses.pressed(update.callback_query)
            return
        if self.ingest is None:
            return
        if update.my_chat_member:
            await self.ingest.placed(update.my_chat_member)
        elif update.edited_message:
            await self.ingest.edited(update.edited_message)
        else:
            messages = list(filter(None, (one.message or one.channel_post for one in (update, *more))))
            if messages:
                await self._message(*messages)

    def _is_command(self, message: telegram.Message) -> bool:
        return self.commands is not None and self.commands.is_command(message)

    async def _message(self, message: telegram.Message, *more: telegram.Message) -> None:
        if message.migrate_to_chat_id:
            await self.migrated(message.chat.id, message.migrate_to_chat_id)
        elif message.migrate_from_chat_id:
            await self.migrated(message.migrate_from_chat_id, message.chat.id)
        elif (self.commands and await self.commands.command(message)) or (
            self.presses and await self.presses.replied(message)
        ):
            return
        elif self.ingest:
            await self.ingest.message(message, *more)

    async def migrated(self, old_chat: int, new_chat: int) -> None:
        """A group has another id: a notice said so, or a refusal (`telegram.error.ChatMigrated`)."""
        if self.ingest:
            await self.ingest.migrated(old_chat, new_chat)
