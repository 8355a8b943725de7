"""The managers' channel on Discord, where the cards are."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import discord
import structlog

from bot.adapters.chat import board
from bot.adapters.chat.board import Gone
from bot.adapters.chat.calls import Call
from bot.adapters.chat.layout import Digest, Layout
from bot.adapters.chat.parts import Parts
from bot.adapters.discord.buttons import read
from bot.adapters.discord.gateway import TROUBLE, Client
from bot.adapters.discord.posts import NAME
from bot.adapters.discord.render import BUDGET, fingerprint, render, render_digest
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
    budget = BUDGET
    trouble = TROUBLE

    def __init__(self, parts: Parts) -> None:
        """Nothing happens before there is a client."""
        super().__init__(parts)
        self.client: Client | None = None
        self._unsure = True
        """There may be a card that is not noted."""

    def unanswered(self, error: Exception) -> bool:
        """Whether Discord could not be reached or failed on its side."""
        return isinstance(error, discord.DiscordServerError) or not isinstance(error, discord.DiscordException)

    @property
    def ready(self) -> bool:
        """Whether there is a channel."""
        return self.channel is not None

    @property
    def channel(self) -> Any:
        """The channel of the cards; None without a connection, or when config.yaml names none that the bot sees."""
        client = self.client
        if client is None or client.is_closed() or not client.is_ready() or not client.directory.cards:
            return None
        return client.get_channel(client.directory.cards) or client.get_partial_messageable(client.directory.cards)

    @property
    def _place(self) -> Any:
        """The channel of the cards. Raises ConnectionError when the connection ended meanwhile."""
        channel = self.channel
        if channel is None:
            raise ConnectionError("the bot is not connected to Discord right now")
        return channel

    def reaches(self, message_id: str) -> bool:
        """A message is never older than its channel. An older one was in a channel that was deleted and made anew."""
        return self.ready and int(message_id) > self.channel.id

    def render(self, layout: Layout) -> discord.ui.LayoutView:
        """See `bot.adapters.discord.render`."""
        return render(layout, self._account_of(layout.card.draft.assigned_to), self._link(layout.card.post))

    def render_digest(self, digest: Digest) -> discord.ui.LayoutView:
        """See `bot.adapters.discord.render`."""
        return render_digest(digest)

    def fingerprint(self, rendered: discord.ui.LayoutView) -> str:
        """See `bot.adapters.discord.render`."""
        return fingerprint(rendered)

    async def send_card(self, card: CardView, rendered: discord.ui.LayoutView, *, instead_of: str, silent: bool) -> str:
        """The nonce makes a second try harmless. A card that is sent anew needs another nonce."""
        again = f"{int(instead_of) % 10**12:x}" if instead_of else ""
        try:
            message = await self._place.send(
                view=rendered,
                nonce=f"c{card.draft.id[: 12 if again else None]}{again}",
                allowed_mentions=self._pinging(card.draft.assigned_to),
                silent=silent,
            )
        except TROUBLE:
            self._unsure = True
            raise
        return str(message.id)

    async def adopt(self) -> None:
        """Look through the newest messages at the start, and after a card could not be sent.

        Such a card may be there all the same. If its draft was decided since, nobody sends it again, and it would stay
        for ever with a fan's words on it.
        """
        if not self._unsure or self.client is None:
            return
        self._unsure, us = False, self.client.user
        try:
            for message in [one async for one in self._place.history(limit=LOOKED_THROUGH) if one.author == us]:
                await self._adopt(message)
        except discord.Forbidden:  # it is not needed to show cards
            log.warning("discord_history_closed", fix="give the bot Read Message History where the cards are")
        except TROUBLE:
            self._unsure = True
            raise

    async def _adopt(self, message: discord.Message) -> None:
        """Note the card that a message is. Of two cards of a draft the newer one stays."""
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

    async def send_digest(self, rendered: discord.ui.LayoutView, *, silent: bool) -> str:
        """Pings nobody."""
        return str((await self._place.send(view=rendered, silent=silent)).id)

    async def send_call(self, call: Call, *, silent: bool) -> None:
        """The nonce makes a second try harmless."""
        channel = self._place
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
        account = self._account_of(key)
        pinged = [discord.Object(account)] if account else []
        return discord.AllowedMentions(everyone=False, roles=False, users=pinged, replied_user=False)

    def explain(self, error: Exception) -> str:
        """See the base class."""
        if isinstance(error, discord.Forbidden):
            return f"{error}; give the bot View Channel, Send Messages and Read Message History where the cards are"
        return super().explain(error)

    async def edit(self, message_id: str, rendered: discord.ui.LayoutView) -> None:
        """See the base class."""
        try:
            await self.message(message_id).edit(view=rendered)
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
        return cast(discord.PartialMessage, self._place.get_partial_message(int(message_id)))

    async def link(self, draft_id: str) -> str | None:
        """The link to the card of a draft."""
        shown = await self._parts.store.read(lambda c: cards.get(c, NAME, draft_id))
        return self.message(shown.message_id).jump_url if shown and self.channel else None

    def _account_of(self, key: str | None) -> str | None:
        return self._parts.settings.account_of(key, NAME)

    def mention(self, key: str) -> str:
        """A manager's mention, or name. `allowed_mentions` of the message decides whether it pings."""
        account = self._account_of(key)
        return f"<@{account}>" if account else self._parts.desk.name_of(key)

    def _link(self, stored: StoredPost) -> str | None:
        post = stored.post
        if post.platform != NAME or stored.deleted or self.client is None:
            return None
        where: Any = self.client.get_channel(int(post.channel)) or self.channel
        guild = getattr(where, "guild", None)
        return f"https://discord.com/channels/{guild.id}/{post.channel}/{post.external_id}" if guild else None
