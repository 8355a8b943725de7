"""The managers' channel on Discord: where the cards are, and how they get there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

import discord
import structlog

from bot.adapters.chat import board
from bot.adapters.chat.board import Gone
from bot.adapters.chat.calls import Call
from bot.adapters.chat.parts import Parts
from bot.adapters.discord import faces
from bot.adapters.discord.buttons import read
from bot.adapters.discord.client import TROUBLE, Client
from bot.adapters.discord.posts import NAME
from bot.desk.view import CardView
from bot.domain import StoredPost
from bot.store import cards
from bot.store.cards import Shown

log = structlog.get_logger()

LOOKED_THROUGH = 200
"""Messages, the newest."""


class Board(board.Board[discord.ui.LayoutView]):
    """`client` is the one that is connected now, or the last one."""

    name = NAME
    trouble = TROUBLE

    def __init__(self, parts: Parts) -> None:
        """Nothing happens before there is a client."""
        super().__init__(parts)
        self.client: Client | None = None
        self._unsure = True
        """A card may stand there that is not noted."""

    @property
    def ready(self) -> bool:
        """Whether there is a channel."""
        return self.channel is not None

    @property
    def channel(self) -> Any:
        """Where the cards are; None while there is no connection, or where config.yaml names no channel we can see."""
        client = self.client
        if client is None or client.is_closed() or not client.is_ready() or not client.directory.cards:
            return None
        return client.get_channel(client.directory.cards) or client.get_partial_messageable(client.directory.cards)

    def reaches(self, message_id: str) -> bool:
        """No message is older than its channel: that of a channel which was deleted, and made anew, is gone."""
        return self.ready and int(message_id) > self.channel.id

    def face(self, card: CardView) -> discord.ui.LayoutView:
        """A fresh view each time, as the library needs it."""
        return faces.face(card, faces.Scene(name_of=self._parts.desk.name_of, mention=self.mention, link=self._link))

    def digest(self, counts: Mapping[str, int], oldest: datetime, step: int) -> discord.ui.LayoutView:
        """See `faces.digest`."""
        return faces.digest(counts, oldest, step)

    def fingerprint(self, face: discord.ui.LayoutView) -> str:
        """See `faces.fingerprint`."""
        return faces.fingerprint(face)

    async def send_card(self, card: CardView, face: discord.ui.LayoutView, *, instead_of: str, silent: bool) -> str:
        """Its nonce makes a second try harmless; a card that comes again needs another one."""
        again = f"{int(instead_of) % 10**12:x}" if instead_of else ""
        try:
            message = await self.channel.send(
                view=face,
                nonce=f"c{card.draft.id[: 12 if again else None]}{again}",
                allowed_mentions=self._pinging(card.draft.assigned_to),
                silent=silent,
            )
        except TROUBLE:
            self._unsure = True
            raise
        return str(message.id)

    async def adopt(self) -> None:
        """Look through the newest messages at the start, and after a card whose sending failed.

        Without it, one that nobody sends again because it was decided meanwhile would wait there for ever, with a
        fan's words on it.
        """
        if not self._unsure or self.client is None:
            return
        self._unsure, us = False, self.client.user
        try:
            for message in [one async for one in self.channel.history(limit=LOOKED_THROUGH) if one.author == us]:
                await self._adopt(message)
        except discord.Forbidden:  # it is not needed to show cards
            log.warning("discord_history_closed", fix="give the bot Read Message History where the cards are")
        except TROUBLE:
            self._unsure = True
            raise

    async def _adopt(self, message: discord.Message) -> None:
        """Of two cards of a draft the newer one stays."""
        items = discord.ui.LayoutView.from_message(message).walk_children()
        pressed = next(filter(None, (read(str(getattr(item, "custom_id", ""))) for item in items)), None)
        if pressed is None or await self._parts.desk.draft(pressed.draft_id) is None:
            return
        draft_id, own = pressed.draft_id, str(message.id)
        async with self._locks.setdefault(draft_id, asyncio.Lock()):
            shown = await self._parts.store.read(lambda c: cards.get(c, NAME, draft_id))
            if shown and int(shown.message_id) >= message.id:
                if shown.message_id != own:
                    await self.delete(own)
                return
            found = Shown(
                draft_id=draft_id, message_id=own, revision=pressed.revision, state="", face="", settled=False
            )
            await self._parts.store.write(lambda c: cards.keep(c, NAME, found))
            if shown:
                await self.delete(shown.message_id)

    async def send_digest(self, face: discord.ui.LayoutView, *, silent: bool) -> str:
        """Pings nobody."""
        return str((await self.channel.send(view=face, silent=silent)).id)

    async def send_call(self, call: Call, *, silent: bool) -> None:
        """The nonce makes a second try harmless."""
        channel = self.channel
        about = call.about and discord.MessageReference(
            message_id=int(call.about), channel_id=channel.id, fail_if_not_exists=False
        )
        await channel.send(
            f"{self.mention(call.who)} {call.text}" if call.who else call.text,
            nonce=call.nonce,
            reference=about or None,
            silent=silent,
            allowed_mentions=self._pinging(call.who),
        )

    def _pinging(self, key: str | None) -> discord.AllowedMentions:
        """This manager, where they have an account here, and nobody else."""
        account = self._parts.settings.account_of(key, NAME)
        pinged = [discord.Object(account)] if account else []
        return discord.AllowedMentions(everyone=False, roles=False, users=pinged, replied_user=False)

    def explain(self, error: Exception) -> str:
        """See the base class."""
        if isinstance(error, discord.Forbidden):
            return f"{error}; give the bot View Channel, Send Messages and Read Message History where the cards are"
        return super().explain(error)

    async def edit(self, message_id: str, face: discord.ui.LayoutView) -> None:
        """See the base class."""
        try:
            await self.message(message_id).edit(view=face)
        except discord.NotFound as error:
            raise Gone from error

    async def delete(self, message_id: str) -> None:
        """See the base class."""
        try:
            await self.message(message_id).delete()
        except discord.NotFound:
            return

    def message(self, message_id: str) -> discord.PartialMessage:
        """A message of the managers' channel."""
        return cast(discord.PartialMessage, self.channel.get_partial_message(int(message_id)))

    async def link(self, draft_id: str) -> str | None:
        """Where the card of a draft stands."""
        shown = await self._parts.store.read(lambda c: cards.get(c, NAME, draft_id))
        return self.message(shown.message_id).jump_url if shown and self.channel else None

    def mention(self, key: str) -> str:
        """A manager's mention, or name. Whether it pings is said where a message is sent."""
        account = self._parts.settings.account_of(key, NAME)
        return f"<@{account}>" if account else self._parts.desk.name_of(key)

    def _link(self, stored: StoredPost) -> str | None:
        post = stored.post
        if post.platform != NAME or stored.deleted or self.client is None:
            return None
        where: Any = self.client.get_channel(int(post.channel)) or self.channel
        guild = getattr(where, "guild", None)
        return f"https://discord.com/channels/{guild.id}/{post.channel}/{post.external_id}" if guild else None
