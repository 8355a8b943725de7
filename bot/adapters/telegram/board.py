"""The managers' chat on Telegram: where the cards are, and how they get there."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TypeVar

import structlog
import telegram
from telegram import LinkPreviewOptions, ReplyParameters
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError

from bot.adapters.chat import board
from bot.adapters.chat.board import Gone
from bot.adapters.chat.calls import Call
from bot.adapters.chat.parts import Parts
from bot.adapters.telegram import faces
from bot.adapters.telegram.api import NAME, pause, words
from bot.adapters.telegram.client import Client
from bot.adapters.telegram.faces import Face, Scene, Text
from bot.adapters.telegram.posts import chat_of
from bot.desk.view import CardView
from bot.domain import StoredPost
from bot.store import cards
from bot.store.cards import Shown

log = structlog.get_logger()

TRIES = 3
"""Of a request that Telegram asks us to make later (429): it was not carried out, so another try is safe."""
KNOWN = 200
"""Messages of ours that are remembered."""
LOST_AMONG = 20
"""Of the last messages in a chat; a card whose answer was lost is looked for among them."""
MOVED = "This card has moved: it stands further down."
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


class Board(board.Board[Face]):
    """`client` is the one that is connected now, or the last one.

    A card's message is known as CHAT/MESSAGE: each chat counts its own, and cards may move to another one.
    """

    name = NAME
    trouble = (TelegramError, OSError)

    def __init__(self, parts: Parts) -> None:
        """Nothing happens before there is a client."""
        super().__init__(parts)
        self.client: Client | None = None
        self._ours: deque[tuple[int, int]] = deque(maxlen=KNOWN)
        """(chat, message) of the last ones that Telegram said it has."""
        self._lost_behind: tuple[int, int] | None = None
        """Behind this one stands perhaps a card of ours whose answer was lost."""
        self._under_way = 0

    @property
    def ready(self) -> bool:
        """Whether the bot is connected, and config.yaml names a chat for the cards."""
        return self.client is not None and self.client.is_open() and self.client.directory.cards is not None

    def reaches(self, message_id: str) -> bool:
        """Whether it is in the chat of the cards: that may have become a supergroup, or be another one now."""
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

    def face(self, card: CardView) -> Face:
        """See `faces.face`."""
        zone = self._parts.settings.community.timezone
        scene = Scene(name_of=self._parts.desk.name_of, account_of=self._account_of, link=post_link, zone=zone)
        return faces.face(card, scene)

    def digest(self, counts: Mapping[str, int], oldest: datetime, step: int) -> Face:
        """See `faces.digest`."""
        return faces.digest(counts, oldest, step, self._parts.settings.community.timezone)

    def fingerprint(self, face: Face) -> str:
        """See `faces.fingerprint`."""
        return faces.fingerprint(face)

    async def send_card(self, card: CardView, face: Face, *, instead_of: str, silent: bool) -> str:
        """Telegram knows no second try of the same message: where an answer is lost, there may be two cards.

        Only the last one is kept in line. The other one is emptied as soon as another message tells where it stands;
        what is left after a restart is taken away when somebody presses on it (`Presses`).
        """
        here = self.client.directory.cards if self.client else None
        before = max((one for one in self._ours if one[0] == here), default=None)
        try:
            return await self._post(face, silent=silent, urgent="crisis" in card.draft.risk)
        except (BadRequest, Forbidden, RetryAfter, ChatMigrated):
            raise  # it is not there, for certain
        except TelegramError:
            self._lost_behind = self._lost_behind or before
            raise

    async def send_digest(self, face: Face, *, silent: bool) -> str:
        """Pings nobody."""
        return await self._post(face, silent=silent)

    async def send_call(self, call: Call, *, silent: bool, urgent: bool = False) -> None:
        """As a reply to its card; the one who is named is notified even in a silent chat."""
        text = Text()
        if call.who:
            text.person(self._parts.desk.name_of(call.who), self._account_of(call.who)).add(": ")
        await self._post(
            text.add(call.text).face(), silent=silent, about=call.about, urgent=urgent or call.who is not None
        )

    async def _post(self, face: Face, *, silent: bool, about: str | None = None, urgent: bool = False) -> str:
        client, chat = self._here
        reply = None
        if about and _place(about)[0] == chat:
            reply = ReplyParameters(_place(about)[1], allow_sending_without_reply=True)
        message = await self.request(
            chat,
            lambda: client.bot.send_message(
                chat,
                face.text,
                entities=face.entities,
                message_thread_id=client.directory.cards_topic,
                disable_notification=silent,
                reply_parameters=reply,
                reply_markup=face.keyboard,
                link_preview_options=_NO_PREVIEW,
            ),
            urgent=urgent,
        )
        await self._empty_lost(client, chat, message.message_id)
        return key(message)

    async def _empty_lost(self, client: Client, chat: int, newest: int) -> None:
        """A fan's words are not to be kept on a card that nobody keeps in line. A bot can edit no message of others."""
        if self._lost_behind is None or self._under_way:  # what is under way may stand there, too
            return
        (there, first), self._lost_behind = self._lost_behind, None
        if there != chat:
            return
        for number in range(max(first + 1, newest - LOST_AMONG), newest):
            if (chat, number) not in self._ours:
                with contextlib.suppress(*self.trouble):
                    await self._empty(client, chat, number)

    async def edit(self, message_id: str, face: Face) -> None:
        """See the base class. A keyboard that is not given again is taken away; what is not modified is as it was."""
        (client, _), (chat, number) = self._here, _place(message_id)
        if not self.reaches(message_id):
            await self.delete(message_id)
            raise Gone
        try:
            await self.request(
                chat,
                lambda: client.bot.edit_message_text(
                    face.text,
                    chat,
                    number,
                    entities=face.entities,
                    reply_markup=face.keyboard,
                    link_preview_options=_NO_PREVIEW,
                ),
                urgent=True,  # by a press; the loop has waited for its turn, see `busy_for`
            )
        except BadRequest as error:
            said = error.message.lower()
            if "not modified" in said:
                return
            if any(sign in said for sign in _GONE):
                raise Gone from error
            raise

    async def delete(self, message_id: str) -> None:
        """Take a message of ours away; one that Telegram lets nobody delete any more (48 hours) is emptied."""
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
        """Make a request when its turn has come, as often as Telegram asks us to make it later."""
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
                if client.listener:
                    await client.listener.migrated(chat, error.new_chat_id)
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
        """What went wrong and what to do about it, without the token."""
        why = words(error, self.client.bot) if self.client else str(error)
        fix = next((fix for sign, fix in _FIXES.items() if sign in why.lower()), "")
        return f"{why}; {fix}" if fix else why

    def is_here(self, chat: int) -> bool:
        """Whether the cards are in this chat."""
        return self.client is not None and self.client.directory.cards == chat

    async def card_at(self, message: telegram.MaybeInaccessibleMessage) -> Shown | None:
        """The card that a message is; None for any other message, and for a copy that is not kept in line."""
        return await self._parts.store.read(lambda c: cards.at(c, NAME, key(message)))

    async def link(self, draft_id: str) -> str | None:
        """Where the card of a draft stands; None where the chat has no links."""
        shown = await self._parts.store.read(lambda c: cards.get(c, NAME, draft_id))
        return message_link(*_place(shown.message_id)) if shown else None

    def _account_of(self, manager: str) -> int | None:
        account = self._parts.settings.account_of(manager, NAME)
        return int(account) if account else None


def key(message: telegram.MaybeInaccessibleMessage) -> str:
    """What a message of ours is called in the store: CHAT/MESSAGE."""
    return f"{message.chat.id}/{message.message_id}"


def _place(message_id: str) -> tuple[int, int]:
    chat, _, number = message_id.partition("/")
    return int(chat), int(number)


def message_link(chat: int, number: int) -> str | None:
    """Opens a message for those who are in its chat; only supergroups have such links."""
    inner = str(chat).removeprefix(SUPERGROUP)
    return f"https://t.me/c/{inner}/{number}" if str(chat).startswith(SUPERGROUP) else None


def post_link(stored: StoredPost) -> str | None:
    """Where a post stands; its channel is CHAT, or CHAT/TOPIC."""
    post = stored.post
    if post.platform != NAME or stored.deleted or not post.external_id.isdecimal():
        return None
    return message_link(chat_of(post.channel), int(post.external_id))
