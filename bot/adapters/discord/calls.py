"""Messages that events cause beside the cards: the call for help in a crisis, and the reminder of what waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import discord

from bot.adapters.discord.board import Board
from bot.adapters.discord.posts import NAME
from bot.adapters.parts import Parts
from bot.desk.rounds import CRISIS_EVERY
from bot.events import Event, Happened
from bot.store import cards


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One message. The nonce makes a second try harmless."""

    text: str
    nonce: str
    pings: int | None = None
    """The one account that is to be pinged."""
    about: int | None = None
    """The message of the card it is about."""
    silent: bool = False

    async def send(self, channel: Any) -> None:
        """Raises what the library raises."""
        pinged = [discord.Object(self.pings)] if self.pings else []
        about = self.about and discord.MessageReference(
            message_id=self.about, channel_id=channel.id, fail_if_not_exists=False
        )
        await channel.send(
            self.text,
            nonce=self.nonce,
            reference=about or None,
            silent=self.silent,
            allowed_mentions=discord.AllowedMentions(everyone=False, roles=False, users=pinged, replied_user=False),
        )


async def call_of(event: Event, parts: Parts, board: Board) -> Call | None:
    """The message that an event causes; None when it causes none, or none any more."""
    if event.name is Happened.CRISIS_CALLED and event.draft_id:
        return await _crisis(event, parts, board)
    if event.name is Happened.QUEUE_REMINDED:
        return await _reminder(event, parts, board)
    return None


async def _crisis(event: Event, parts: Parts, board: Board) -> Call | None:
    """Until somebody has it: calls that were missed while the program was down are not made up for."""
    draft_id = event.draft_id or ""
    card = await parts.desk.draft(draft_id)
    late = parts.clock.now() - event.at >= CRISIS_EVERY
    if card is None or card["state"] != "waiting" or card["opened_by"] or late:
        return None
    on_call = parts.settings.managers[parts.settings.on_call]
    shown = await parts.store.read(lambda c: cards.get(c, NAME, draft_id))
    who = board.mention(parts.settings.on_call)
    return Call(
        text=f"{who} Somebody may be in danger. Press “I have it” on the card, so that the others know.",
        nonce=f"call{event.seq}",
        pings=on_call.discord,
        about=int(shown.message_id) if shown else None,
    )


async def _reminder(event: Event, parts: Parts, board: Board) -> Call | None:
    waiting = (await parts.store.numbers())["drafts"].get("waiting", 0)
    after = parts.settings.replies.remind_after
    if not waiting or after is None or parts.clock.now() - event.at >= after:
        return None
    minutes = int(after.total_seconds() // 60)
    words = "1 post is" if waiting == 1 else f"{waiting} posts are"
    return Call(
        text=f"{words} waiting for an answer, some for more than {minutes} minutes. /queue lists them.",
        nonce=f"call{event.seq}",
        silent=board.quiet(),
    )
