"""Replies on Telegram: send, correct, remove.

Telegram recognises no repeated send and does not tell what arrived. So after a lost answer nothing is sent again: a
person looks into the chat and decides.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Mapping

import httpx
import structlog
import telegram
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter, TelegramError

from bot.adapters.chat.connected import NO_NUMBER, RETRY_DELAY
from bot.adapters.telegram.api import NotTelegram, pause, words
from bot.adapters.telegram.directory import place_of
from bot.adapters.telegram.gateway import Client
from bot.adapters.telegram.posts import chat_of
from bot.adapters.telegram.render import fan_keyboard
from bot.adapters.telegram.section import Telegram
from bot.domain import BY_FAN, Cause, Delivery, NotSent, SendResult, Sent, SourceGone, Uncertain
from bot.settings import Settings
from bot.store import Store, posts

log = structlog.get_logger()

SEND = 45.0
"""Seconds for one try: less than the outbox waits."""
SHORT = 2.0
"""Seconds that a reply waits for its turn in a chat. The outbox sees to a longer wait."""
LONG_POST = 120
"""Of a post with so many characters, a reply quotes the words it speaks of."""
QUOTED = (12, 200)
"""A quotation has at least and at most so many characters. Telegram takes up to 1,024."""

MOVED = (
    "The group became a supergroup since, in which older messages can be neither answered nor changed; answer in the "
    "chat by hand."
)
SLOW_MODE = "Slow mode lets the bot write here only now and then; an administrator is free of it."
UNKNOWN = "Telegram refuses it and says “{}”; look into the chat, answer there by hand, or press Try again."
TAKEN_BACK = "This was taken back by the person it was about."
"""Stands in place of a message that cannot be deleted any more."""
LOST = "Telegram gave no answer, and it can't be asked whether the reply arrived; look into the chat, and say so here."

_NO_STAGE = (
    "Nobody knows the chat that `stage` in config.yaml names; write the id of a chat there (or CHAT/TOPIC), start "
    "again, then press Try again."
)
_AT = re.compile(r"@(?=\w)")
_NO_PREVIEW = telegram.LinkPreviewOptions(is_disabled=True)
_UNREACHED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
"""Errors of a connection that was never made."""
_SOURCE_GONE = (
    "message to be replied not found",
    "replied message not found",
    "message to reply not found",
    "reply message not found",
    "reply_message_id_invalid",
    "reply_to_message_id_invalid",
)
_AGAIN = "then press Try again."
_MAY_NOT_WRITE = f"The bot may not write here; let its members send messages, or make it an administrator, {_AGAIN}"
_NOT_IN = f"The bot is not in this group any more; add it again, {_AGAIN}"
_BLOCKED = "This person blocked the bot, so nothing of ours reaches them; that is their wish."
_NO_ACCOUNT = "This person's Telegram account is gone; there is nobody left to answer."
_NO_CHAT = f"Telegram does not let the bot into this chat; add it to the group again, {_AGAIN}"
_TOPIC_GONE = "The topic was deleted; there is nobody left to answer there."
_TOO_LONG = "Telegram takes 4,096 characters, and an emoji counts as two or more; make it shorter."
_EMPTY = "Telegram sees no words in this reply; write some, and send it again."
_REPLY_GONE = "The reply was deleted on Telegram; there is nothing left to change."
_NOT_OURS = "Telegram lets the bot change only what it wrote itself; this message is somebody else's."
_TOO_OLD = "Telegram lets a bot delete only what is less than 48 hours old; delete it by hand in the chat."
_FIXES: Mapping[str, str] = {
    # What becomes of a message that is there already.
    "message can't be deleted": _TOO_OLD,
    "message_delete_forbidden": _TOO_OLD,
    "rights to delete": "The bot may not delete messages here; delete it by hand in the chat.",
    "message to edit not found": _REPLY_GONE,
    "message can't be edited": "Telegram does not let the bot change this message any more.",
    "message_edit_time_expired": "Telegram does not let the bot change this message any more; it is too old.",
    "message_author_required": _NOT_OURS,
    # The people, but for a group that says the like of itself.
    "group is deactivated": "The group was deleted, or moved; there is nobody left to answer there.",
    "blocked by the user": _BLOCKED,
    "user_is_blocked": _BLOCKED,
    "deactivated": _NO_ACCOUNT,
    "initiate conversation": "This person never opened the private chat with the bot; they must press Start first.",
    "messages to bots": "This is a bot, and Telegram lets bots say nothing to one another.",
    # The chat.
    "group chat was deleted": "The group was deleted; there is nobody left to answer there.",
    "upgraded to a supergroup": MOVED,
    "kicked": f"The bot was sent away from this group; add it again, {_AGAIN}",
    "user_banned_in_channel": "Telegram has taken from the bot the right to write in groups; ask @SpamBot why.",
    "not a member": _NOT_IN,
    "channel_private": _NOT_IN,
    "chat_forbidden": _NOT_IN,
    "chat not found": _NO_CHAT,
    "peer_id_invalid": _NO_CHAT,
    "chat_id_invalid": _NO_CHAT,
    "channel_invalid": _NO_CHAT,
    "chat_restricted": "Telegram has restricted this group, and nobody can write there now; answer when that is over.",
    "need administrator rights": f"Only administrators write here; make the bot one, {_AGAIN}",
    "chat_admin_required": f"Only administrators write here; make the bot one, {_AGAIN}",
    "not enough rights": _MAY_NOT_WRITE,
    "have no rights": _MAY_NOT_WRITE,
    "have no write access": _MAY_NOT_WRITE,
    "chat_write_forbidden": _MAY_NOT_WRITE,
    "chat_guest_send_forbidden": f"Only members write here; add the bot to the group, {_AGAIN}",
    "_forbidden": _MAY_NOT_WRITE,  # CHAT_SEND_PLAIN_FORBIDDEN and its like: what kind of message may not be sent
    "payment_required": f"Writing here costs Telegram Stars; make the bot an administrator, {_AGAIN}",
    "topic_closed": f"The topic is closed; open it again on Telegram, {_AGAIN}",
    "topic_deleted": _TOPIC_GONE,
    "topic_id_invalid": _TOPIC_GONE,
    "thread not found": _TOPIC_GONE,
    # The text.
    "is too long": _TOO_LONG,
    "message_too_long": _TOO_LONG,
    "text is empty": _EMPTY,
    "must be non-empty": _EMPTY,
    "message_empty": _EMPTY,
    "parse entities": "Telegram cannot read marks in this text; write it without them, and send it again.",
    "entity": "Telegram cannot read marks in this text; write it without them, and send it again.",
    "frozen": "Telegram has frozen the bot's account; its owner can ask @SpamBot why.",
}
"""Words in Telegram's refusals, and what a person does about them. The first match counts. They are not documented, and
change."""
_UNDELETABLE = ("message can't be deleted", "message_delete_forbidden", "rights to delete")
_SLOW_MODE = re.compile(r"slowmode_wait_(\d{1,6})", re.ASCII)
_MESSAGE_GONE = "message_id_invalid"
"""The message is gone: the fan's for a reply, ours for a change."""


def refused(settings: Settings) -> str:
    """What a person does about a token that Telegram does not take."""
    return (
        f"Telegram does not take {settings.variable(Telegram.token)}; copy the token of the bot anew (@BotFather, "
        "/token) into the environment and start again"
    )


class TelegramSender:
    """A `bot.ports.Sender` by one client. It raises nothing that Telegram answers."""

    def __init__(self, client: Client, store: Store) -> None:
        """Made with its client."""
        self._client = client
        self._store = store

    async def source_gone(self, delivery: Delivery) -> None:
        """Nothing to ask: Telegram tells of edits by itself, and never of deletions."""

    async def deliver(self, delivery: Delivery) -> SendResult:
        """One try, in the chat's turn. After a lost answer a reply is uncertain; a change is made again."""
        numbers = (delivery.target.reply_to or "0", delivery.external_id or "0")
        if not all(
            number.isdecimal() for number in numbers
        ):  # a message of before its group moved, see bot/store/chats.py
            return NotSent(reason=MOVED)
        if delivery.kind != "send" and not delivery.external_id:
            return NotSent(reason=NO_NUMBER)
        place = self._place(delivery)
        if place is None:
            return NotSent(reason=_NO_STAGE)
        chat, _ = place
        while (rest := self._client.pace.book(chat, delivery.id)) > 0:
            if rest > SHORT:
                why = "Telegram takes only so many messages a minute into one chat."
                return NotSent(reason=why, retry_after=rest, full=True)
            await asyncio.sleep(min(rest, 0.1))
        if not self._client.is_open():
            return NotSent(reason="The connection to Telegram is just being closed.", retry_after=0)
        act = {"send": self._post, "correct": self._correct, "remove": self._remove}[delivery.kind]
        return await self._try(act(delivery, chat), delivery, chat)

    async def look_up(self, delivery: Delivery) -> SendResult:
        """After a try that was cut off, nobody can tell whether a reply arrived. A change is made again."""
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
            return self._no(error, delivery)
        except InvalidToken:
            return NotSent(reason=f"{refused(self._client.settings)}, then press Try again.")
        except (TelegramError, TimeoutError) as error:
            return self._unanswered(error, delivery)

    def _place(self, delivery: Delivery) -> tuple[int, int | None] | None:
        """The chat, and the topic where the message names none by what it answers."""
        target, client = delivery.target, self._client
        if target.reply_to:
            return chat_of(target.channel), None
        return place_of(target.channel, client.settings.chat(Telegram).stage, client.directory)

    async def _post(self, delivery: Delivery, chat: int) -> SendResult:
        if not delivery.target.reply_to:
            return await self._show(delivery)
        quote = await self._quote(delivery)
        if quote:
            try:
                return await self._send(delivery, chat, quote)
            except BadRequest as error:
                if "quote" not in str(error).casefold():
                    raise
        return await self._send(delivery, chat, None)

    async def _send(self, delivery: Delivery, chat: int, quote: tuple[str, int] | None) -> SendResult:
        """No topic is named: a reply goes where its post is, and Telegram would refuse a wrong topic."""
        reply = telegram.ReplyParameters(
            message_id=int(delivery.target.reply_to),
            allow_sending_without_reply=False,
            quote=quote and quote[0],
            quote_position=quote and quote[1],
        )
        sent = await self._client.bot.send_message(
            chat,
            delivery.text or "",
            reply_parameters=reply,
            reply_markup=_keyboard(delivery),
            link_preview_options=_NO_PREVIEW,
        )
        return Sent(external_id=str(sent.message_id))

    async def _show(self, delivery: Delivery) -> SendResult:
        """On stage: it answers nothing, notifies nobody, and its links have no previews."""
        chat, topic = self._place(delivery) or (0, None)
        sent = await self._client.bot.send_message(
            chat, _words(delivery), message_thread_id=topic, link_preview_options=_NO_PREVIEW
        )
        return Sent(external_id=str(sent.message_id))

    async def _quote(self, delivery: Delivery) -> tuple[str, int] | None:
        """The words of a long post that the reply speaks of, and their position, in UTF-16 units."""
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
        """An edit takes the buttons away that it does not repeat."""
        number, keyboard = int(delivery.external_id or 0), _keyboard(delivery)
        try:
            await self._client.bot.edit_message_text(
                _words(delivery), chat, number, reply_markup=keyboard, link_preview_options=_NO_PREVIEW
            )
        except BadRequest as error:
            if "not modified" not in str(error).casefold():
                raise
        return Sent(external_id=delivery.external_id or "")

    async def _remove(self, delivery: Delivery, chat: int) -> SendResult:
        number, bot = int(delivery.external_id or 0), self._client.bot
        try:
            await bot.delete_message(chat, number)
        except BadRequest as error:
            said = str(error).casefold()
            if "to delete not found" in said:
                log.info("telegram_reply_already_removed", delivery_id=delivery.id)
            elif delivery.approved_by == BY_FAN and any(phrase in said for phrase in _UNDELETABLE):
                await self._empty(chat, number)
            else:
                raise
        return Sent(external_id=delivery.external_id or "")

    async def _empty(self, chat: int, number: int) -> None:
        """A bot may edit its message for longer than it may delete it. What a fan takes back must not stay."""
        try:
            await self._client.bot.edit_message_text(TAKEN_BACK, chat, number, link_preview_options=_NO_PREVIEW)
        except BadRequest as error:
            if "not modified" not in str(error).casefold():
                raise

    def _no(self, error: TelegramError, delivery: Delivery) -> SendResult:
        """What Telegram says for certain."""
        said = str(error).casefold()
        named = (_MESSAGE_GONE,) if delivery.kind == "send" else ()
        if any(phrase in said for phrase in (*_SOURCE_GONE, *named)):
            return SourceGone(cause=Cause.POST_DELETED)
        if slow := _SLOW_MODE.search(said):
            return NotSent(reason=SLOW_MODE, retry_after=float(slow[1]), full=True)
        fix = next((fix for phrase, fix in _FIXES.items() if phrase in said), None)
        if fix is None and _MESSAGE_GONE in said:
            fix = _REPLY_GONE
        return NotSent(reason=fix or UNKNOWN.format(words(error, self._client.bot)))

    def _unanswered(self, error: Exception, delivery: Delivery) -> SendResult:
        """Try again only what certainly did not reach Telegram."""
        why = words(error, self._client.bot)
        if isinstance(error, NotTelegram) and error.refused:
            return NotSent(reason=f"Telegram cannot be reached: {why}.", retry_after=0, unanswered=True)
        if isinstance(error.__cause__, _UNREACHED):
            return NotSent(reason="Telegram cannot be reached from here.", retry_after=0, unanswered=True)
        log.warning("telegram_answer_lost", delivery_id=delivery.id, kind=delivery.kind, why=why)
        if delivery.kind != "send":
            return Uncertain(reason=f"Telegram gave no answer: {why}", retry_after=RETRY_DELAY, unanswered=True)
        return Uncertain(reason=LOST, unanswered=True)


def _keyboard(delivery: Delivery) -> telegram.InlineKeyboardMarkup | None:
    return fan_keyboard(delivery.ask_id, delivery.buttons) if delivery.ask_id else None


def _words(delivery: Delivery) -> str:
    """The text. On stage a name in it notifies nobody: what nobody sees stands behind each @."""
    text = delivery.text or ""
    return text if delivery.target.reply_to else _AT.sub("@\N{WORD JOINER}", text)
