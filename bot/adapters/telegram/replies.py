"""Replies out: send, correct, remove. Telegram recognises no repeated send and lets nobody look what arrived, so a lost
answer is never followed by another try: a person looks into the chat and settles it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping

import httpx
import structlog
import telegram
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter, TelegramError, TimedOut

from bot.adapters.connected import AGAIN
from bot.adapters.telegram.api import pause, words
from bot.adapters.telegram.client import Client
from bot.adapters.telegram.posts import chat_of
from bot.domain import Cause, Delivery, NotSent, SendResult, Sent, SourceGone, Uncertain
from bot.store import Store, posts

log = structlog.get_logger()

SEND = 45.0
"""Seconds for one try: less than the outbox waits."""
SHORT = 2.0
"""Seconds that a reply waits here for its turn in a chat; what has to wait longer is given back to the outbox."""
LONG_POST = 120
"""Characters from which on a reply quotes the words of the post that it speaks of."""
QUOTED = (12, 200)
"""Characters that are worth quoting; Telegram takes up to 1,024."""

REFUSED = (
    "Telegram does not take TELEGRAM_TOKEN; copy the token of the bot anew (@BotFather, /token) into the environment "
    "and start again"
)
MOVED = (
    "The group became a supergroup since, in which older messages can be neither answered nor changed; answer in the "
    "chat by hand"
)
LOST = "Telegram gave no answer, and it can't be asked whether the reply arrived; look into the chat, and say so here."

_NO_PREVIEW = telegram.LinkPreviewOptions(is_disabled=True)
_UNREACHED = (httpx.ConnectError, httpx.ConnectTimeout)
"""There was no connection to begin with."""
_SOURCE_GONE = (
    "message to be replied not found",
    "replied message not found",
    "message to reply not found",
    "reply_message_id_invalid",
)
_FIXES: Mapping[str, str] = {
    "not enough rights": "The bot may not write here; let its members send messages, or make it an administrator, then "
    "press Try again.",
    "have no rights": "The bot may not write here; let its members send messages, or make it an administrator, then "
    "press Try again.",
    "chat_write_forbidden": "The bot may not write here; let its members send messages, or make it an administrator, "
    "then press Try again.",
    "chat not found": "Telegram does not let the bot into this chat; add it to the group again, then press Try again.",
    "kicked": "The bot was sent away from this group; add it again, then press Try again.",
    "not a member": "The bot is not in this group any more; add it again, then press Try again.",
    "topic_closed": "The topic is closed; open it again on Telegram, then press Try again.",
    "topic_deleted": "The topic was deleted; there is nobody left to answer there.",
    "message thread not found": "The topic was deleted; there is nobody left to answer there.",
    "message is too long": "Telegram takes 4,096 characters, and an emoji counts as two or more; make it shorter.",
    "message can't be deleted": "Telegram lets a bot delete only what is less than 48 hours old; delete it by "
    "hand in the chat.",
    "message to edit not found": "The reply was deleted on Telegram; there is nothing left to correct.",
    "message_id_invalid": "The reply was deleted on Telegram; there is nothing left to correct.",
    "message can't be edited": "Telegram does not let the bot change this message any more.",
}
"""Words of Telegram's refusals, and what a person does about them. They are documented nowhere and change."""


class Replies:
    """Sends by one client. Nothing here raises for what Telegram answers."""

    def __init__(self, client: Client, store: Store) -> None:
        """Made with its client."""
        self._client = client
        self._store = store

    async def source_gone(self, delivery: Delivery) -> None:
        """Telegram tells of edits by itself, of deletions never, and cannot be asked: what the store knows is all."""

    async def deliver(self, delivery: Delivery) -> SendResult:
        """One try, in the chat's turn. A reply whose answer was lost stays uncertain; changes may be made twice."""
        numbers = (delivery.target.reply_to, delivery.external_id or "0")
        if not all(number.isdecimal() for number in numbers):  # set off when its group moved, see bot/store/chats.py
            return NotSent(reason=MOVED)
        chat = chat_of(delivery.target.channel)
        while (rest := self._client.pace.book(chat, delivery.id)) > 0:
            if rest > SHORT:
                why = "Telegram takes only so many messages a minute into one chat."
                return NotSent(reason=why, retry_after=rest, full=True)
            await asyncio.sleep(min(rest, 0.1))
        act = {"send": self._post, "correct": self._correct, "remove": self._remove}[delivery.kind]
        return await self._try(act(delivery, chat), delivery, chat)

    async def look_up(self, delivery: Delivery) -> SendResult:
        """After a try that was cut off: nobody can tell whether a reply arrived; a change is simply made again."""
        if delivery.kind == "send":
            return Uncertain(reason=LOST)
        return NotSent(reason="It is done again: a second time changes nothing.", retry_after=0)

    async def _try(self, act: Awaitable[SendResult], delivery: Delivery, chat: int) -> SendResult:
        try:
            async with asyncio.timeout(SEND):
                return await act
        except RetryAfter as error:
            self._client.pace.hold(chat, pause(error))
            return NotSent(reason="Telegram asks us to wait with this chat.", retry_after=pause(error), full=True)
        except ChatMigrated as error:
            await self._client.migrated(chat, error.new_chat_id)
            return NotSent(reason=MOVED)
        except (BadRequest, Forbidden) as error:
            return self._no(error)
        except InvalidToken:
            return NotSent(reason=f"{REFUSED}, then press Try again.")
        except (TelegramError, TimeoutError) as error:
            return self._unanswered(error, delivery)

    async def _post(self, delivery: Delivery, chat: int) -> SendResult:
        quote = await self._quote(delivery)
        if quote:
            try:
                return await self._send(delivery, chat, quote)
            except BadRequest as error:
                if "quote" not in str(error).casefold():
                    raise
        return await self._send(delivery, chat, None)

    async def _send(self, delivery: Delivery, chat: int, quote: tuple[str, int] | None) -> SendResult:
        """No topic is named: a reply stands where its post stands, and a wrong topic would be refused."""
        reply = telegram.ReplyParameters(
            message_id=int(delivery.target.reply_to),
            allow_sending_without_reply=False,
            quote=quote and quote[0],
            quote_position=quote and quote[1],
        )
        sent = await self._client.bot.send_message(
            chat, delivery.text or "", reply_parameters=reply, link_preview_options=_NO_PREVIEW
        )
        return Sent(external_id=str(sent.message_id))

    async def _quote(self, delivery: Delivery) -> tuple[str, int] | None:
        """The words of a long post that the reply speaks of, and where they stand in it, in UTF-16 units."""
        post = await self._store.read(lambda c: posts.get(c, delivery.post_id))
        if post is None or len(post.post.text) < LONG_POST:
            return None
        details = (post.understanding or {}).get("details")
        for said in details.values() if isinstance(details, Mapping) else ():
            start = post.post.text.find(str(said))
            if start >= 0 and QUOTED[0] <= len(str(said)) <= QUOTED[1]:
                return str(said), len(post.post.text[:start].encode("utf-16-le")) // 2
        return None

    async def _correct(self, delivery: Delivery, chat: int) -> SendResult:
        number = int(delivery.external_id or 0)
        try:
            await self._client.bot.edit_message_text(
                delivery.text or "", chat, number, link_preview_options=_NO_PREVIEW
            )
        except BadRequest as error:
            if "not modified" not in str(error).casefold():
                raise
        return Sent(external_id=delivery.external_id or "")

    async def _remove(self, delivery: Delivery, chat: int) -> SendResult:
        try:
            await self._client.bot.delete_message(chat, int(delivery.external_id or 0))
        except BadRequest as error:
            if "to delete not found" not in str(error).casefold():
                raise
            log.info("telegram_reply_already_removed", delivery_id=delivery.id)
        return Sent(external_id=delivery.external_id or "")

    def _no(self, error: TelegramError) -> SendResult:
        """What Telegram says for certain."""
        said = str(error).casefold()
        if any(phrase in said for phrase in _SOURCE_GONE):
            return SourceGone(cause=Cause.POST_DELETED)
        fix = next((fix for phrase, fix in _FIXES.items() if phrase in said), None)
        return NotSent(reason=fix or f"Telegram refuses it: {words(error, self._client.bot)}")

    def _unanswered(self, error: Exception, delivery: Delivery) -> SendResult:
        """Only what certainly never left this machine is tried again."""
        why = words(error, self._client.bot)
        if isinstance(error.__cause__, _UNREACHED):
            return NotSent(
                reason="Telegram cannot be reached from here.", retry_after=AGAIN * max(1, delivery.attempts)
            )
        if isinstance(error, TimedOut) and isinstance(error.__cause__, httpx.PoolTimeout):
            return NotSent(reason="The bot is busy; it is tried again.", retry_after=AGAIN)
        log.warning("telegram_answer_lost", delivery_id=delivery.id, kind=delivery.kind, why=why)
        if delivery.kind != "send":
            return Uncertain(reason=f"Telegram gave no answer: {why}", retry_after=AGAIN)
        return Uncertain(reason=LOST)
