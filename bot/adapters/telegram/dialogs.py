"""What managers are asked in the chat: menus on a card, and questions that they answer with a reply.

Nothing is kept in memory. A menu's buttons say what they mean. The store notes what a question asked for, as the data
of the button that asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

import telegram
from telegram import ForceReply, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters

from bot.adapters.chat import verbs
from bot.adapters.chat.asks import ME
from bot.adapters.chat.parts import Parts
from bot.adapters.chat.verbs import Pressed
from bot.adapters.telegram.api import NAME
from bot.adapters.telegram.board import Board, key
from bot.adapters.telegram.buttons import data, mark, parse
from bot.adapters.telegram.render import MOST_TEXT, Rendered, Text, cut, fan_keyboard, units
from bot.desk.view import CardView
from bot.people.fans import Answer
from bot.settings import Settings
from bot.store import Connection, cards
from responders.types import MissingSlot

Place = telegram.MaybeInaccessibleMessage
"""The message of a press. Of an old one Telegram tells only its chat and number."""

COLUMNS = 2
"""Of a menu with many choices."""
MANY = 6
HINT = 64
"""The longest hint in the field that a manager writes in, in characters (Bot API, ForceReply)."""
CAPTION = 1024
"""The longest words beside a file, in UTF-16 units (Bot API, sendDocument)."""
UNANSWERED = timedelta(days=1)
"""After that a question is no longer remembered."""
CONFIRMED = "yes"
"""The choice of a menu that only asks "really?"."""
GAP = "\n\n"
"""Stands between our heading and exact words."""
_ASKED = "asked:"


def menu(pressed: Pressed, choices: Mapping[str, str]) -> InlineKeyboardMarkup:
    """A second keyboard for a card; `choices`: value -> label."""

    def button(label: str, verb: str, choice: str = "") -> InlineKeyboardButton:
        made = data(verb, pressed.draft_id, pressed.revision, choice)
        return InlineKeyboardButton(cut(label, 34), callback_data=made)

    offered = [button(label, pressed.verb, mark(value)) for value, label in choices.items()]
    columns = COLUMNS if len(offered) > MANY else 1
    rows = [offered[start : start + columns] for start in range(0, len(offered), columns)]
    return InlineKeyboardMarkup([*rows, [button("« Back", "back")]])


def chosen(pressed: Pressed, choices: Mapping[str, str]) -> str | None:
    """The value that was picked in a menu; None when it is no longer offered."""
    return next((value for value in choices if mark(value) == pressed.choice), None)


def confirmation(heading: str, text: str, verb: str, pressed: Pressed, label: str) -> Rendered:
    """Words that wait for one more press. The button carries a hash of the text, and counts for no other text."""
    made = data(verb, pressed.draft_id, pressed.revision, mark(text))
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data=made)]])
    return Text().add(f"{heading}{GAP}{text}").rendered(keyboard)


def confirmed(message: Place | None, pressed: Pressed) -> str | None:
    """The words of such a button; None when the message has other words now."""
    shown = message.text if isinstance(message, telegram.Message) else None
    text = (shown or "").partition(GAP)[2]
    return text if text and mark(text) == pressed.choice else None


class Questions:
    """Messages that ask a manager for words."""

    def __init__(self, parts: Parts, board: Board) -> None:
        """Kept in the store, among the surface's notes."""
        self._parts = parts
        self._board = board
        self._asking = asyncio.Lock()

    async def ask(
        self, at: Place, who: telegram.User, pressed: Pressed, question: str, hint: str, *, quoted: str = ""
    ) -> None:
        """Ask `who` for words, below a card. Their field to write in opens by itself. Raises TelegramError.

        `pressed` is what the answer will be about. `quoted` is shown so that one tap copies it.
        """
        text = Text().person(cut(who.full_name, 60), who.id).add(f", {question}")
        if quoted:
            text.add(GAP).add(quoted, telegram.MessageEntity.PRE)
        # `selective`: the field opens only for the one who is named.
        field = ForceReply(selective=True, input_field_placeholder=cut(hint, HINT))
        async with self._asking:
            sent = await _send(self._board, at, text.rendered(), field)
            await self._parts.store.write(partial(_note, sent=sent, about=pressed, now=self._parts.clock.now()))

    async def asked(self, message: telegram.Message) -> Pressed | None:
        """What a message asked for; None when it asked for nothing, or too long ago."""
        if found := await self._noted(message):
            return found
        async with self._asking:  # perhaps it was answered before it was noted
            return await self._noted(message)

    async def _noted(self, message: telegram.Message) -> Pressed | None:
        notes = await self._parts.store.read(lambda c: cards.notes(c, NAME))
        return parse(notes.get(_key(message), ""))

    async def done(self, message: telegram.Message) -> None:
        """It is answered: forget it, and delete it from the chat."""
        await self._parts.store.write(lambda c: cards.forget_notes(c, NAME, _key(message)))
        await self._board.delete(key(message))


async def say(board: Board, to: Place, words: str | Rendered) -> None:
    """Reply to a message. Raises TelegramError."""
    rendered = words if isinstance(words, Rendered) else Text().add(cut(words, MOST_TEXT)).rendered()
    await _send(board, to, rendered, rendered.keyboard)


async def tell_fan(board: Board, to: Place, answer: Answer) -> None:
    """The answer to a fan's command or press, with its buttons and its file. Raises TelegramError."""
    bot, chat = to.get_bot(), to.chat.id
    keyboard = fan_keyboard(ME, answer.buttons)
    captioned = answer.file is not None and keyboard is None and units(answer.text) <= CAPTION
    if not captioned:
        await say(board, to, Text().add(cut(answer.text, MOST_TEXT)).rendered(keyboard))
    if answer.file is not None:
        file, caption = answer.file.encode(), answer.text if captioned else None
        await board.request(chat, lambda: bot.send_document(chat, file, caption=caption, filename="mydata.json"))


async def _send(
    board: Board, to: Place, rendered: Rendered, markup: InlineKeyboardMarkup | ForceReply | None
) -> telegram.Message:
    chat, bot = to.chat.id, to.get_bot()
    return await board.request(
        chat,
        lambda: bot.send_message(
            chat,
            rendered.text,
            entities=rendered.entities,
            # It goes to the topic of that message. No sound: whoever gets an answer is looking.
            reply_parameters=ReplyParameters(to.message_id, allow_sending_without_reply=True),
            reply_markup=markup,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            disable_notification=True,
        ),
        urgent=board.is_here(chat),
    )


def missing(card: CardView, pressed: Pressed) -> MissingSlot | None:
    """The blank to fill: the one that was asked for, else the first; None when all are filled."""
    return next((s for s in card.draft.missing if pressed.choice in ("", mark(s.name))), None)


def manager(settings: Settings, user: telegram.User) -> str:
    """The key of a manager, looked up each time. Raises Refused for anybody else."""
    return verbs.manager(settings, NAME, user.id, user.username or user.first_name, user.full_name)


def _note(connection: Connection, *, sent: telegram.Message, about: Pressed, now: datetime) -> None:
    cards.forget_notes(connection, NAME, _ASKED, before=now - UNANSWERED)
    made = data(about.verb, about.draft_id, about.revision, about.choice)
    cards.note(connection, NAME, now, **{_key(sent): made})


def _key(message: telegram.Message) -> str:
    return f"{_ASKED}{key(message)}"
