"""One card at a time: put on the managers' channel, brought in line with its draft, and noted in the store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, cast
from weakref import WeakValueDictionary

import aiohttp
import discord

from bot.adapters.discord.client import Client
from bot.adapters.discord.faces import Card, Scene, face, fingerprint, settled
from bot.adapters.discord.posts import NAME
from bot.adapters.parts import Parts
from bot.desk.cards import WRITING_FOR
from bot.store import cards
from bot.store.cards import Shown

TROUBLE = (discord.DiscordException, aiohttp.ClientError, OSError)
"""What can go wrong with a request; another try may go well."""

Put = Callable[[discord.ui.LayoutView], Awaitable[object]]


class Board:
    """The managers' channel. `client` is the one that is connected now, or the last one."""

    def __init__(self, parts: Parts) -> None:
        """Nothing happens before there is a client."""
        self._parts = parts
        self.client: Client | None = None
        self.changes: dict[str, datetime] = {}
        """Draft -> when its card changes by itself."""
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @property
    def channel(self) -> Any:
        """Where the cards are; None while there is no connection, or where config.yaml names no channel we can see."""
        client = self.client
        if client is None or client.is_closed() or not client.is_ready() or not client.directory.cards:
            return None
        return client.get_channel(client.directory.cards) or client.get_partial_messageable(client.directory.cards)

    async def show(self, draft_id: str, put: Put | None = None) -> None:
        """Bring one card in line; `put` edits it by way of a press. Raises one of `TROUBLE`.

        One at a time for each draft: what is put on the screen last is what was read last.
        """
        async with self._locks.setdefault(draft_id, asyncio.Lock()):
            card = await self._parts.desk.draft(draft_id)
            shown = await self._parts.store.read(lambda c: cards.get(c, NAME, draft_id))
            if card is None or self.channel is None:
                return
            waiting = card["state"] == "waiting"
            if shown and shown.state == "snoozed" and waiting and put is None:
                await self.delete(shown.message_id)  # it is back: a new message is seen, an edited one is not
                shown = await self._send(card, instead_of=shown.message_id)
            elif shown:
                shown = await self._update(card, shown, put)
            elif waiting:
                shown = await self._send(card)
            if shown:
                await self._keep(card, shown)

    async def _update(self, card: Card, shown: Shown, put: Put | None) -> Shown | None:
        view = face(card, self._scene)
        if fingerprint(view) == shown.face:
            return shown
        new = _shown(card, shown.message_id, view)
        if put:
            try:
                await put(view)
            except TROUBLE:
                view = face(card, self._scene)  # a view is sent once only, see the store of views in the library
            else:
                return new
        try:
            await self.message(shown.message_id).edit(view=view)
        except discord.NotFound:  # a moderator deleted it, or the cards moved to another channel
            if card["state"] == "waiting":
                return await self._send(card, instead_of=shown.message_id)
            await self._parts.store.write(lambda c: cards.drop(c, NAME, shown.draft_id))
            return None
        except TROUBLE:
            unsure = replace(shown, face="", settled=False)
            await self._parts.store.write(lambda c: cards.keep(c, NAME, unsure))
            raise
        return new

    async def _send(self, card: Card, instead_of: str = "") -> Shown:
        """A new message. Its nonce makes a second try harmless; a card that comes again needs another one."""
        view = face(card, self._scene)
        manager = self._parts.settings.managers.get(card["assigned_to"] or "")
        pinged = [discord.Object(manager.discord)] if manager and manager.discord else []
        again = f"{int(instead_of) % 10**12:x}" if instead_of else ""
        message = await self.channel.send(
            view=view,
            nonce=f"c{card['draft_id'][: 12 if again else None]}{again}",
            allowed_mentions=discord.AllowedMentions(everyone=False, roles=False, users=pinged, replied_user=False),
            silent=self.quiet() and "crisis" not in card["risk"],
        )
        return _shown(card, str(message.id), view)

    async def _keep(self, card: Card, shown: Shown) -> None:
        await self._parts.store.write(lambda c: cards.keep(c, NAME, shown))
        self.changes.pop(shown.draft_id, None)
        if card["writing"]:
            self.changes[shown.draft_id] = self._parts.clock.now() + WRITING_FOR
        elif card["undo_until"] and card["state"] == "rejected":  # when a reply goes out, an event tells so
            self.changes[shown.draft_id] = datetime.fromisoformat(card["undo_until"])

    async def delete(self, message_id: str) -> None:
        """Take a message of ours away, if it is still there."""
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

    @property
    def _scene(self) -> Scene:
        return Scene(name_of=self._parts.desk.name_of, mention=self.mention, link=self._link)

    def mention(self, key: str) -> str:
        """A manager's mention, or name. Whether it pings is said where a message is sent."""
        manager = self._parts.settings.managers.get(key)
        return f"<@{manager.discord}>" if manager and manager.discord else self._parts.desk.name_of(key)

    def _link(self, post: Card) -> str | None:
        if post["platform"] != NAME or post["deleted"] or self.client is None:
            return None
        where: Any = self.client.get_channel(int(post["channel"])) or self.channel
        guild = getattr(where, "guild", None)
        return f"https://discord.com/channels/{guild.id}/{post['channel']}/{post['id']}" if guild else None

    def quiet(self) -> bool:
        """True in quiet hours: messages come without a sound then."""
        hours = self._parts.settings.replies.quiet_hours
        return hours is not None and hours.cover(self._parts.clock.now())


def _shown(card: Card, message_id: str, view: discord.ui.LayoutView) -> Shown:
    return Shown(
        draft_id=card["draft_id"],
        message_id=message_id,
        revision=card["revision"],
        state=card["state"],
        face=fingerprint(view),
        settled=settled(card),
    )
