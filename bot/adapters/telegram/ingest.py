"""Telegram's updates to the intake. Telegram tells of edits, but not of deletions, or of older messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import structlog
import telegram
from telegram.constants import ChatMemberStatus, ChatType

from bot.adapters.chat.parts import Parts
from bot.adapters.telegram.api import NAME
from bot.adapters.telegram.gateway import Client
from bot.adapters.telegram.posts import (
    by_a_person,
    channel_of,
    mentions_us,
    part_of,
    post_of,
    readable,
    text_of,
    topic_named,
)
from bot.queue import voids
from bot.settings import Listen
from bot.store import Connection, cards, chats, parts
from bot.store import posts as stored

log = structlog.get_logger()

MOST_IN_CHAT = 10_000
"""Posts that are withdrawn at once when the bot is removed from a chat. Retention takes the older ones."""
_GONE = {ChatMemberStatus.LEFT, ChatMemberStatus.BANNED}


class Ingest:
    """Hears of messages, by one client."""

    def __init__(self, client: Client, parts: Parts) -> None:
        """Made with its client."""
        self._client = client
        self._parts = parts
        self._topics: dict[str, str] = {}
        """Channel of a topic -> its title, once a message has told it."""
        self._told: set[int] = set()

    async def message(self, *messages: telegram.Message) -> None:
        """Store what a person wrote in a chat we listen to."""
        first = messages[0]
        listen = self._client.directory.listened.get(first.chat.id)
        if listen is None:
            if any(mentions_us(message, self._client.me) for message in messages):
                self._tell_unlisted(first.chat)
            return
        named = topic_named(first)
        if named:
            self._topics[channel_of(first)] = named
        if by_a_person(first) and any(map(readable, messages)):
            await self._receive(messages, listen)

    async def edited(self, message: telegram.Message) -> None:
        """Store the new words. When an edit first mentions the bot, it is a new post."""
        listen = self._client.directory.listened.get(message.chat.id)
        if listen is None or not by_a_person(message):
            return
        if message.media_group_id and await self._join([message]):
            return
        channel, own = channel_of(message), str(message.message_id)
        if await self._parts.intake.edited(NAME, channel, own, text_of(message), at=message.edit_date):
            return
        known = await self._parts.store.read(lambda c: stored.by_external(c, NAME, channel, own))
        if known is None and mentions_us(message, self._client.me):
            await self._receive([message], listen)

    async def asked(self, message: telegram.Message) -> str | None:
        """The id of the post that a manager points at, in any chat; None when no person wrote it."""
        if not (by_a_person(message) and readable(message)):
            return None
        listen = self._client.directory.listened.get(message.chat.id) or Listen(channel=str(message.chat.id))
        return await self._receive([message], listen)

    async def migrated(self, old_chat: int, new_chat: int) -> None:
        """A group became a supergroup: what is stored gets its new id, see `bot/store/chats.py`.

        Telegram is not asked about it: a request that fails here would set the update aside.
        """
        directory, now = self._client.directory, self._parts.clock.now()
        self._client.directory = directory.moved(old_chat, new_chat)

        def operation(connection: Connection) -> bool:
            if chats.moved(connection, NAME).get(old_chat) == new_chat:
                return False
            chats.move(connection, NAME, str(old_chat), str(new_chat), now)
            if directory.cards == old_chat:
                cards.drop_all(connection, NAME)  # nobody can edit them any more: the cards are sent again
            return True

        new = await self._parts.store.write(operation)
        if new and (old_chat in directory.listened or directory.cards == old_chat):
            log.warning(
                "telegram_group_became_supergroup",
                chat_id=old_chat,
                fix=f"write {new_chat} instead of {old_chat} in config.yaml; until then Greenroom remembers it",
            )

    async def placed(self, change: telegram.ChatMemberUpdated) -> None:
        """The bot was added to a chat: log how to list it. It was removed: its posts are withdrawn."""
        chat, now = change.chat, change.new_chat_member.status
        if chat.type == ChatType.PRIVATE:
            return
        if now not in _GONE:
            self._tell_unlisted(chat)
            return
        if chat.id not in self._client.directory.listened:
            return
        log.warning("telegram_sent_away", chat=chat.title, chat_id=chat.id, fix="add the bot to the group again")
        for channel, own in await self._parts.store.read(
            partial(chats.said_in, platform=NAME, chat=str(chat.id), limit=MOST_IN_CHAT)
        ):
            await self._parts.intake.deleted(NAME, channel, own)

    async def _receive(self, messages: Sequence[telegram.Message], listen: Listen) -> str:
        above = messages[0].reply_to_message
        if above and above.is_automatic_forward:  # privacy mode hides a channel's post, but not from its comments
            await self._receive([above], listen)
        album = messages[0].media_group_id
        if album and (known := await self._join(messages)):
            return known
        topic = self._topics.get(channel_of(messages[0]), "")
        post = post_of(messages, listen, self._client.directory, self._client.me, topic)
        post_id = (await self._parts.intake.receive(post)).post_id
        if album:
            await self._join(messages, post_id)
        elif changed := messages[0].edit_date:  # the post may be stored with older words
            await self._parts.intake.edited(NAME, post.channel, post.external_id, post.text, at=changed)
        return post_id

    async def _join(self, messages: Sequence[telegram.Message], new: str | None = None) -> str | None:
        """Add parts of an album to its post. Returns its id, None when there is none. `new` was made of these parts."""
        first, now = messages[0], self._parts.clock.now()
        channel, album = channel_of(first), str(first.media_group_id)
        found = [part_of(message) for message in messages]
        if new:
            found = [replace(part, attachments=()) for part in found]  # the post has them already

        def operation(connection: Connection) -> str | None:
            post = stored.get(connection, new) if new else parts.post_of(connection, NAME, channel, album)
            if post:
                voids.album_grew(connection, post, album, found, now)
            return post.id if post else None

        return await self._parts.store.write(operation)

    def _tell_unlisted(self, chat: telegram.Chat) -> None:
        directory = self._client.directory
        if chat.type == ChatType.PRIVATE or chat.id in self._told or chat.id in (*directory.listened, directory.cards):
            return
        self._told.add(chat.id)
        if chat.type == ChatType.CHANNEL:
            log.warning(
                "telegram_channel_not_read",
                chat=chat.title,
                chat_id=chat.id,
                fix="comments are read in the group that is linked to the channel: add the bot there",
            )
            return
        log.warning(
            "telegram_chat_not_listed",
            chat=chat.title,
            chat_id=chat.id,
            config_line=f"platforms: {{telegram: {{listen: [{chat.id}]}}}}",
        )
