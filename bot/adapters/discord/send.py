"""Replies on Discord: send, correct, remove. Looks at the post before, and afterwards whether the reply arrived."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

import discord
import structlog

from bot.adapters.chat.connected import NO_NUMBER, RETRY_DELAY
from bot.adapters.discord.directory import find
from bot.adapters.discord.gateway import TROUBLE, Client
from bot.adapters.discord.posts import NAME, is_as_stored, readable, text_of
from bot.adapters.discord.render import fan_buttons
from bot.adapters.discord.requests import Flight, watched
from bot.adapters.discord.section import Discord
from bot.domain import Cause, Delivery, NotSent, SendResult, Sent, SourceGone, Target, Uncertain, clean
from bot.intake import Intake
from bot.store import Store, deliveries, posts

log = structlog.get_logger()

LOOK, SEND = 15.0, 40.0
"""Seconds to look at the post, and to send: together less than the outbox waits. The library tries a busy Discord again
by itself, for half a minute."""
MOST_READ = 300
"""Messages that are read to find our reply."""
SKEW = timedelta(minutes=5)
"""How far our clock and Discord's may be apart."""
REMOVED_SINCE = "0"
"""The id we note for a reply that was deleted before we knew its id. No message has it."""

STEP, LATE = 0.5, 5.0
"""Seconds until a reply that waits for an older one is tried again; after how many the older one is passed."""

_TROUBLE = (*TROUBLE, RuntimeError)
"""RuntimeError: the client was closed meanwhile."""

_NO_STAGE = (
    "Discord shows the bot no text channel “{}”, or more than one; mend `stage` in config.yaml, or the channel's name, "
    "then press Try again."
)
UNKNOWN_CHANNEL, UNKNOWN_MESSAGE = 10003, 10008
_FIXES: Mapping[int, str] = {
    50001: "Discord does not let the bot see this channel; give its role View Channel there, then press Try again.",
    50013: "The bot may not write here; give its role Send Messages, Send Messages in Threads and Read Message History "
    "in this channel, then press Try again.",
    50083: "The thread is archived; open it again on Discord, then press Try again.",
    160002: "The bot may not reply here; give its role Read Message History in this channel, then press Try again.",
    160005: "The thread is locked; unlock it on Discord, then press Try again.",
    40058: "The author of this forum post has not finished it yet; press Try again in a minute.",
    20028: "Too many messages go into this channel at once; press Try again in a minute.",
}
"""Discord's codes (topics/opcodes-and-status-codes, JSON) and what a person does about them."""


@dataclass(slots=True)
class _Turn:
    """Replies go into a channel one by one, older ones first."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: dict[str, tuple[datetime, float]] = field(default_factory=dict)
    """Delivery -> when it was approved, and when (monotonic) Discord takes it."""

    def put_off(self, delivery: Delivery, seconds: float) -> NotSent:
        """Discord does not take it yet."""
        self.waiting[delivery.id] = (delivery.created_at, time.monotonic() + seconds)
        return NotSent(reason="Discord asks us to wait.", retry_after=seconds, full=True)

    def behind(self, delivery: Delivery) -> float:
        """Seconds until the older ones are gone; 0 when it is next."""
        self.waiting.pop(delivery.id, None)
        now = time.monotonic()
        self.waiting = {one: (at, due) for one, (at, due) in self.waiting.items() if due + LATE > now}
        older = [due - now for at, due in self.waiting.values() if at < delivery.created_at]
        return max(STEP, max(older) + STEP) if older else 0


class DiscordSender:
    """A `bot.ports.Sender` by one client. It raises nothing that Discord answers."""

    def __init__(self, client: Client, store: Store, intake: Intake) -> None:
        """Made with its client."""
        self._client = client
        self._store = store
        self._intake = intake
        self._turns: dict[str, _Turn] = {}

    async def source_gone(self, delivery: Delivery) -> SourceGone | NotSent | None:
        """Is the post still there, with the same words? Stores a change that no event told us of.

        What goes on stage may be about a post of another platform, at which nobody can look from here.
        """
        source = delivery.target if delivery.target.reply_to else await self._post_of(delivery)
        return await self._look_at(source, delivery) if source else None

    async def _look_at(self, source: Target, delivery: Delivery) -> SourceGone | NotSent | None:
        try:
            async with asyncio.timeout(LOOK), self._turn(delivery).lock:
                channel = await self._client.channel(int(source.channel))
                message = await channel.fetch_message(int(source.reply_to))
        except discord.NotFound:
            await self._intake.deleted(NAME, source.channel, source.reply_to)
            return SourceGone(cause=Cause.POST_DELETED)
        except _TROUBLE as error:
            refused = self._refusal(error)
            if isinstance(refused, NotSent | SourceGone):
                return refused
            return NotSent(reason=f"Discord gave no answer: {_words(error)}.", retry_after=RETRY_DELAY, unanswered=True)
        if not readable(message):  # without the message-content intent there is nothing to compare
            return None
        known = await self._store.read(lambda c: posts.by_external(c, NAME, source.channel, source.reply_to))
        if known is None or is_as_stored(message, known):
            return None
        text = text_of(message)
        await self._intake.edited(NAME, source.channel, source.reply_to, text, at=message.edited_at)
        same_words = clean(text).split() == known.post.text.split()
        return None if same_words else SourceGone(cause=Cause.POST_EDITED)

    async def _post_of(self, delivery: Delivery) -> Target | None:
        stored = await self._store.read(lambda c: posts.get(c, delivery.post_id))
        return stored.target if stored and stored.post.platform == NAME else None

    async def deliver(self, delivery: Delivery) -> SendResult:
        """One try. A repeated send carries the same nonce, so that Discord answers with the first message."""
        if delivery.kind != "send" and not delivery.external_id:
            return NotSent(reason=NO_NUMBER)
        if self._channel(delivery) is None:
            again = None if self._sees_all() else RETRY_DELAY
            return NotSent(reason=_NO_STAGE.format(delivery.target.channel), retry_after=again)
        act = {"send": self._post, "correct": self._correct, "remove": self._remove}[delivery.kind]
        turn = self._turn(delivery)
        with watched() as flight:
            try:
                async with asyncio.timeout(SEND), turn.lock:
                    wait = turn.behind(delivery)
                    return turn.put_off(delivery, wait) if wait else await act(delivery)
            except _TROUBLE as error:
                return self._failed(delivery, error, flight, turn)

    async def look_up(self, delivery: Delivery) -> SendResult:
        """What became of a try: by the channel's history for a send, by the message itself for a change."""
        look = self._find if delivery.kind == "send" else self._compare
        if self._channel(delivery) is None:
            again = None if self._sees_all() else RETRY_DELAY
            return Uncertain(reason=_NO_STAGE.format(delivery.target.channel), retry_after=again, asked=False)
        try:
            async with asyncio.timeout(SEND):
                return await look(delivery)
        except _TROUBLE as error:
            refused = self._refusal(error)
            if isinstance(refused, NotSent) and not refused.full:
                return Uncertain(reason=f"The bot cannot look whether it arrived: {_words(error)}.")
            return Uncertain(
                reason=f"Discord gave no answer: {_words(error)}.",
                retry_after=RETRY_DELAY,
                asked=False,
                unanswered=refused is None,
            )

    def _turn(self, delivery: Delivery) -> _Turn:
        return self._turns.setdefault(delivery.target.channel, _Turn())

    def _channel(self, delivery: Delivery) -> int | None:
        """The channel of our message. That of the stage has the name or id that config.yaml gives it; once something
        stands there, the receipt has its id."""
        channel, _, _ = (delivery.external_id or "").rpartition("/")
        if channel or delivery.target.reply_to:
            return int(channel or delivery.target.channel)
        found = find(delivery.target.channel, self._client.guilds, [])
        return found.id if found else None

    def _sees_all(self) -> bool:
        """False while there may be channels that Discord has not told of yet."""
        return self._client.is_ready() and not any(guild.unavailable for guild in self._client.guilds)

    def _messages(self, delivery: Delivery) -> Any:
        return self._client.get_partial_messageable(self._channel(delivery) or 0)

    def _own(self, delivery: Delivery) -> Any:
        """The message of ours that a delivery changes."""
        return self._messages(delivery).get_partial_message(_number(delivery))

    async def _post(self, delivery: Delivery) -> SendResult:
        target = delivery.target
        if not target.reply_to:
            return await self._show(delivery)
        reference = discord.MessageReference(
            message_id=int(target.reply_to), channel_id=int(target.channel), fail_if_not_exists=True
        )
        sent = await self._messages(delivery).send(
            delivery.text,
            reference=reference,
            nonce=delivery.nonce,
            allowed_mentions=discord.AllowedMentions(everyone=False, users=False, roles=False, replied_user=True),
            view=fan_buttons(delivery.ask_id, delivery.buttons) if delivery.ask_id else None,
        )
        return Sent(external_id=str(sent.id))

    async def _show(self, delivery: Delivery) -> SendResult:
        """On stage: it answers nothing, pings nobody, and its links have no previews."""
        nobody = discord.AllowedMentions.none()
        sent = await self._messages(delivery).send(
            delivery.text, nonce=delivery.nonce, allowed_mentions=nobody, suppress_embeds=True
        )
        return Sent(external_id=f"{sent.channel.id}/{sent.id}")

    async def _correct(self, delivery: Delivery) -> SendResult:
        """The buttons under a question stay: an edit of the words leaves them."""
        try:
            await self._own(delivery).edit(content=delivery.text, allowed_mentions=discord.AllowedMentions.none())
        except discord.NotFound:
            return NotSent(reason="The reply was deleted on Discord; there is nothing left to correct.")
        return Sent(external_id=delivery.external_id or "")

    async def _remove(self, delivery: Delivery) -> SendResult:
        try:
            await self._own(delivery).delete()
        except discord.NotFound:
            log.info("discord_reply_already_removed", delivery_id=delivery.id)
        return Sent(external_id=delivery.external_id or "")

    async def _find(self, delivery: Delivery) -> SendResult:
        """Our own message with this text that answers the post, or nothing on stage. It cannot be older than the yes.

        A question may stand below the same post, so a message that is known as another one's does not count.
        """
        source, ours = int(delivery.target.reply_to or 0), self._client.user
        begun = discord.utils.time_snowflake(delivery.created_at - SKEW)
        count = 0
        history = self._messages(delivery).history(
            after=discord.Object(max(source, begun)), limit=MOST_READ, oldest_first=True
        )
        async for message in history:
            count += 1
            answers = message.reference.message_id if message.reference else 0
            if message.author != ours or answers != source or message.content.split() != (delivery.text or "").split():
                continue
            receipt = str(message.id) if source else f"{message.channel.id}/{message.id}"
            if not await self._store.read(partial(deliveries.has_receipt, platform=NAME, external_id=receipt)):
                return Sent(external_id=receipt)
        if count >= MOST_READ:
            return Uncertain(
                reason="So much was written since that the bot did not find out; look whether it is there."
            )
        return NotSent(reason="It did not arrive on Discord.", retry_after=0)

    async def _compare(self, delivery: Delivery) -> SendResult:
        try:
            message = await self._messages(delivery).fetch_message(_number(delivery))
        except discord.NotFound:
            message = None
        if delivery.kind == "remove":
            done = message is None
        elif message is None:
            return NotSent(reason="The reply was deleted on Discord; there is nothing left to correct.")
        else:
            done = message.content == delivery.text
        if done:
            return Sent(external_id=delivery.external_id or "")
        return NotSent(reason="It did not arrive on Discord.", retry_after=0)

    def _failed(self, delivery: Delivery, error: Exception, flight: Flight, turn: _Turn) -> SendResult:
        """What is known of a try that failed."""
        refused = self._refusal(error)
        if flight.open and (refused is None or isinstance(refused, NotSent)):
            log.warning("discord_answer_lost", delivery_id=delivery.id, attempt=delivery.attempts, why=_words(error))
            reason = f"Discord gave no answer: {_words(error)}."
            return Uncertain(reason=reason, retry_after=RETRY_DELAY, unanswered=refused is None)
        if isinstance(refused, NotSent) and refused.full:
            return turn.put_off(delivery, refused.retry_after or STEP)
        reason = f"Discord cannot be reached from here: {_words(error)}."
        return refused or NotSent(reason=reason, retry_after=RETRY_DELAY, unanswered=True)

    def _refusal(self, error: Exception) -> SendResult | None:
        """What Discord says for certain; None when it did not say whether it took the message."""
        if isinstance(error, discord.RateLimited):
            return NotSent(reason="Discord asks us to wait.", retry_after=error.retry_after, full=True)
        if isinstance(error, discord.HTTPException) and error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return self._no(error)
        return None

    def _no(self, error: discord.HTTPException) -> SendResult:
        if error.status == HTTPStatus.TOO_MANY_REQUESTS:
            return NotSent(reason="Discord asks us to wait.", retry_after=60, full=True)
        if error.code == UNKNOWN_CHANNEL or _says_unknown_reference(error):
            return SourceGone(cause=Cause.POST_DELETED)
        if error.code == UNKNOWN_MESSAGE:  # the answer to a nonce whose message is there no more
            log.info("discord_reply_removed_since")
            return Sent(external_id=REMOVED_SINCE)
        if error.status == HTTPStatus.UNAUTHORIZED:
            token = self._client.settings.variable(Discord.token)
            return NotSent(reason=f"Discord does not take {token}; set a new one, start again, then press Try again.")
        return NotSent(reason=_FIXES.get(error.code) or f"Discord refuses it: {_words(error)}")


def _number(delivery: Delivery) -> int:
    """The id of our message on Discord."""
    return int((delivery.external_id or "0").rpartition("/")[2])


def _says_unknown_reference(error: discord.HTTPException) -> bool:
    """A send that answers a message which is gone: 400, code 50035, REPLIES_UNKNOWN_MESSAGE."""
    return "message_reference" in error.text and "unknown message" in error.text.casefold()


def _words(error: Exception) -> str:
    if isinstance(error, discord.HTTPException):
        return f"{error.status} {error.text.splitlines()[0] if error.text else error.response.reason}"[:200]
    if isinstance(error, TimeoutError):
        return "it took too long"
    return str(error)[:200] or type(error).__name__
