"""The managers' chat on Telegram, where the cards are."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
import telegram
from telegram import LinkPreviewOptions, ReplyParameters
from telegram.error import BadRequest, ChatMigrated, Forbidden, NetworkError, RetryAfter, TelegramError

from bot.adapters.chat import board
from bot.adapters.chat.board import Gone
from bot.adapters.chat.calls import Call
from bot.adapters.chat.layout import Digest, Layout
from bot.adapters.chat.parts import Parts
from bot.adapters.telegram.api import NAME, pause, words
from bot.adapters.telegram.gateway import Client
from bot.adapters.telegram.posts import chat_of
from bot.adapters.telegram.render import BUDGET, Rendered, Text, fingerprint, render, render_digest
from bot.desk.view import CardView
from bot.domain import StoredPost
from bot.store import cards
from bot.store.cards import Shown

log = structlog.get_logger()

TRIES = 3
"""Tries of a request that Telegram refuses for now (429). It did nothing, so another try is safe."""
KNOWN = 200
"""Messages of the bot that are remembered."""
LOST_AMONG = 20
"""The bot looks among so many of the last messages for a card whose answer was lost."""
MOVED = "This card has moved further down."
SUPERGROUP = "-100"
"""The ids of supergroups begin so; only their messages have links (t.me/c/...)."""
_GONE = ("message to edit not found", "message can't be edited", "message_id_invalid")
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_ADD = "add the bot to the group in platforms.telegram.cards"
_ADD_OR_START = f"{_ADD}; a manager named there must press Start"
_LET_WRITE = "let the bot write in the group in platforms.telegram.cards, or make it an administrator there"
_FIXES = {
    "thread not found": "the topic in platforms.telegram.cards is gone; name another one (CHAT/TOPIC), or the chat",
    "topic_": "the topic in platforms.telegram.cards is closed or gone; open it, or name another one (CHAT/TOPIC)",
    "initiate conversation": "the manager in platforms.telegram.cards must open the private chat and press Start",
    "blocked": "the manager in platforms.telegram.cards must unblock the bot and press Start",
    "deactivated": "what platforms.telegram.cards names is gone from Telegram; name another chat or manager",
    "chat was deleted": "what platforms.telegram.cards names is gone from Telegram; name another chat or manager",
    "chat not found": _ADD_OR_START,
    "peer_id_invalid": _ADD_OR_START,
    "not a member": _ADD,
    "kicked": _ADD,
    "channel_private": _ADD,
    "not enough rights": _LET_WRITE,
    "have no rights": _LET_WRITE,
    "administrator rights": _LET_WRITE,
    "_forbidden": _LET_WRITE,
    "chat_restricted": "Telegram has restricted the group in platforms.telegram.cards; name another one",
}
_Answer = TypeVar("_Answer")


class Board(board.Board[Rendered]):
    """`client` is the one that is connected now, or the last one.

    A card's message is known as CHAT/MESSAGE: each chat counts its own, and cards may move to another one.
    """

    name = NAME
    budget = BUDGET
    trouble = (TelegramError, OSError)

    def __init__(self, parts: Parts) -> None:
        """Nothing happens before there is a client."""
        super().__init__(parts)
        self.client: Client | None = None
        self._ours: deque[tuple[int, int]] = deque(maxlen=KNOWN)
        """(chat, message) of the last messages that Telegram confirmed."""
        self._lost_behind: tuple[int, int] | None = None
        """After this message there may be a card whose answer was lost."""
        self._under_way = 0

    def unanswered(self, error: Exception) -> bool:
        """Whether Telegram could not be reached or failed on its side. To the library a bad request is no answer."""
        return isinstance(error, NetworkError | OSError) and not isinstance(error, BadRequest)

    @property
    def ready(self) -> bool:
        """Whether the bot is connected, and config.yaml names a chat for the cards."""
        return self.client is not None and self.client.is_open() and self.client.directory.cards is not None

    def reaches(self, message_id: str) -> bool:
        """Whether it is in the chat of the cards, which may have become a supergroup, or be another one now."""
        return self.is_here(_place(message_id)[0])

    def busy_for(self) -> float:
        """Seconds until Telegram's pace lets us write here again."""
        client, chat = self.client, self.client.directory.cards if self.client else None
        return client.pace.rest(chat) if client and chat is not None else 0.0

    @property
    def _here(self) -> tuple[Client, int]:
        if self.client is None or self.client.directory.cards is None:
            raise OSError("the bot is not connected to Telegram, or there is no chat for the cards")
        return self.client, self.client.directory.cards

    def render(self, layout: Layout) -> Rendered:
        """See `bot.adapters.telegram.render`."""
        card, zone = layout.card, self._parts.settings.community.timezone
        assigned = self._account_of(card.draft.assigned_to)
        return render(layout, assigned=assigned, link=post_link(card.post), zone=zone)

    def render_digest(self, digest: Digest) -> Rendered:
        """See `bot.adapters.telegram.render`."""
        return render_digest(digest, self._parts.settings.community.timezone)

    def fingerprint(self, rendered: Rendered) -> str:
        """See `bot.adapters.telegram.render`."""
        return fingerprint(rendered)

    async def send_card(self, card: CardView, rendered: Rendered, *, instead_of: str, silent: bool) -> str:
        """Telegram does not recognise a second try: after a lost answer there may be two cards.

        Only the last one is kept in line. The other one is emptied once the id of a later message says where it is.
        After a restart it is deleted when somebody presses a button on it (`Presses`).
        """
        here = self.client.directory.cards if self.client else None
        before = max((one for one in self._ours if one[0] == here), default=None)
        try:
            return await self._post(rendered, silent=silent, urgent="crisis" in card.draft.risk)
        except (BadRequest, Forbidden, RetryAfter, ChatMigrated):
            raise  # certainly not sent
        except TelegramError:
            self._lost_behind = self._lost_behind or before
            raise

    async def send_digest(self, rendered: Rendered, *, silent: bool) -> str:
        """Pings nobody."""
        return await self._post(rendered, silent=silent)

    async def send_call(self, call: Call, *, silent: bool, urgent: bool = False) -> None:
        """As a reply to its card. Whoever is named is notified, even in a silent chat."""
        text = Text()
        if call.who:
            text.person(self._parts.desk.name_of(call.who), self._account_of(call.who)).add(": ")
        await self._post(
            text.add(call.text).rendered(), silent=silent, about=call.about, urgent=urgent or call.who is not None
        )

    async def _post(self, rendered: Rendered, *, silent: bool, about: str | None = None, urgent: bool = False) -> str:
        client, chat = self._here
        reply = None
        if about and _place(about)[0] == chat:
            reply = ReplyParameters(_place(about)[1], allow_sending_without_reply=True)
        message = await self.request(
            chat,
            lambda: client.bot.send_message(
                chat,
                rendered.text,
                entities=rendered.entities,
                message_thread_id=client.directory.cards_topic,
                disable_notification=silent,
                reply_parameters=reply,
                reply_markup=rendered.keyboard,
                link_preview_options=_NO_PREVIEW,
            ),
            urgent=urgent,
        )
        await self._empty_lost(client, chat, message.message_id)
        return key(message)

    async def _empty_lost(self, client: Client, chat: int, newest: int) -> None:
        """A card that is not kept in line must not keep a fan's words. A bot can edit only its own messages."""
        if self._lost_behind is None or self._under_way:  # it may be a message in flight
            return
        (there, first), self._lost_behind = self._lost_behind, None
        if there != chat:
            return
        for number in range(max(first + 1, newest - LOST_AMONG), newest):
            if (chat, number) not in self._ours:
                with contextlib.suppress(*self.trouble):
                    await self._empty(client, chat, number)

    async def edit(self, message_id: str, rendered: Rendered) -> None:
        """See the base class. Telegram removes a keyboard that an edit does not repeat."""
        (client, _), (chat, number) = self._here, _place(message_id)
        if not self.reaches(message_id):
            await self.delete(message_id)
            raise Gone
        try:
            await self.request(
                chat,
                lambda: client.bot.edit_message_text(
                    rendered.text,
                    chat,
                    number,
                    entities=rendered.entities,
                    reply_markup=rendered.keyboard,
                    link_preview_options=_NO_PREVIEW,
                ),
                urgent=True,  # a press must not wait; the loop has waited, see `busy_for`
            )
        except BadRequest as error:
            said = error.message.lower()
            if "not modified" in said:
                return
            if any(sign in said for sign in _GONE):
                raise Gone from error
            raise

    async def delete(self, message_id: str) -> None:
        """Delete a message of ours. One that is too old to delete (48 hours) is emptied."""
        (client, _), (chat, number) = self._here, _place(message_id)
        try:
            await self.request(chat, lambda: client.bot.delete_message(chat, number))
        except BadRequest as error:
            if "can't be deleted" in error.message.lower():
                with contextlib.suppress(BadRequest):  # it may be somebody else's, or gone meanwhile
                    await self._empty(client, chat, number)
        except (Forbidden, ChatMigrated):
            return  # the cards are elsewhere now

    async def _empty(self, client: Client, chat: int, number: int) -> None:
        await self.request(chat, lambda: client.bot.edit_message_text(MOVED, chat, number), urgent=True)

    async def request(self, chat: int, request: Callable[[], Awaitable[_Answer]], *, urgent: bool = False) -> _Answer:
        """Make a request in its turn, and again when Telegram asks us to wait."""
        if (client := self.client) is None:
            raise OSError("the bot is not connected to Telegram")
        for left in reversed(range(TRIES)):
            await client.pace.turn(chat, urgent=urgent)
            try:
                return await self._made(request)
            except RetryAfter as error:
                client.pace.hold(chat, pause(error))
                if not left:
                    raise
            except ChatMigrated as error:
                await client.migrated(chat, error.new_chat_id)
                raise
        raise AssertionError("not reached")

    async def _made(self, request: Callable[[], Awaitable[_Answer]]) -> _Answer:
        self._under_way += 1
        try:
            answer = await request()
        finally:
            self._under_way -= 1
        if isinstance(answer, telegram.Message):
            self._ours.append((answer.chat.id, answer.message_id))
        return answer

    def explain(self, error: Exception) -> str:
        """What went wrong, and what to do about it. Never shows the token."""
        why = words(error, self.client.bot) if self.client else str(error)
        fix = next((fix for sign, fix in _FIXES.items() if sign in why.lower()), "")
        return f"{why}; {fix}" if fix else why

    def is_here(self, chat: int) -> bool:
        """Whether the cards are in this chat."""
        return self.client is not None and self.client.directory.cards == chat

    async def card_at(self, message: telegram.MaybeInaccessibleMessage) -> Shown | None:
        """The card in a message; None for any other message, and for a copy that is not kept in line."""
        return await self._parts.store.read(lambda c: cards.at(c, NAME, key(message)))

    async def link(self, draft_id: str) -> str | None:
        """The link to the card of a draft; None when the chat has no links."""
        shown = await self._parts.store.read(lambda c: cards.get(c, NAME, draft_id))
        return message_link(*_place(shown.message_id)) if shown else None

    def _account_of(self, manager: str | None) -> int | None:
        account = self._parts.settings.account_of(manager, NAME)
        return int(account) if account else None


def key(message: telegram.MaybeInaccessibleMessage) -> str:
    """The id of a message in the store: CHAT/MESSAGE."""
    return f"{message.chat.id}/{message.message_id}"


def _place(message_id: str) -> tuple[int, int]:
    chat, _, number = message_id.partition("/")
    return int(chat), int(number)


def message_link(chat: int, number: int) -> str | None:
    """A link for those who are in its chat; only supergroups have links."""
    inner = str(chat).removeprefix(SUPERGROUP)
    return f"https://t.me/c/{inner}/{number}" if str(chat).startswith(SUPERGROUP) else None


def post_link(stored: StoredPost) -> str | None:
    """The link to a post. Its channel is CHAT, or CHAT/TOPIC."""
    post = stored.post
    if post.platform != NAME or stored.deleted or not post.external_id.isdecimal():
        return None
    return message_link(chat_of(post.channel), int(post.external_id))
