"""What managers are asked in the chat: menus on a card, and questions of ours that they answer by replying.

Nothing is kept in memory: a menu's buttons say all there is to say, and what a message of ours asked for is noted in
the store, in the words of the button that made it ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

import telegram
from telegram import ForceReply, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters

from bot.adapters.chat.parts import Parts
from bot.adapters.chat.verbs import Pressed, not_listed
from bot.adapters.telegram.api import NAME
from bot.adapters.telegram.board import Board, key
from bot.adapters.telegram.buttons import data, mark, parse
from bot.adapters.telegram.faces import MOST_TEXT, Face, Text, cut
from bot.desk.view import CardView
from bot.settings import Settings
from bot.store import Connection, cards
from responders.types import MissingSlot

Place = telegram.MaybeInaccessibleMessage
"""A message as it comes with a press, or one so old that Telegram only says where it stands."""

COLUMNS = 2
"""Of a menu with many choices."""
MANY = 6
HINT = 64
"""The longest hint in the field that a manager writes in, in characters (Bot API, ForceReply)."""
UNANSWERED = timedelta(days=1)
"""After that a question is no longer remembered."""
CONFIRMED = "yes"
"""The choice of a menu that only asks whether it is meant."""
GAP = "\n\n"
"""Between a heading of ours and words that are shown word for word."""
_ASKED = "asked:"


def menu(pressed: Pressed, choices: Mapping[str, str]) -> InlineKeyboardMarkup:
    """A second keyboard for the card of a press; `choices`: value -> what its button says."""

    def button(label: str, verb: str, choice: str = "") -> InlineKeyboardButton:
        made = data(verb, pressed.draft_id, pressed.revision, choice)
        return InlineKeyboardButton(cut(label, 34), callback_data=made)

    offered = [button(label, pressed.verb, mark(value)) for value, label in choices.items()]
    columns = COLUMNS if len(offered) > MANY else 1
    rows = [offered[start : start + columns] for start in range(0, len(offered), columns)]
    return InlineKeyboardMarkup([*rows, [button("« Back", "back")]])


def chosen(pressed: Pressed, choices: Mapping[str, str]) -> str | None:
    """The value that was picked in a menu; None for one that is no longer offered."""
    return next((value for value in choices if mark(value) == pressed.choice), None)


def confirmation(heading: str, text: str, verb: str, pressed: Pressed, label: str) -> Face:
    """Words that wait for one more press. Their button carries a mark of the exact text, and is good for no other."""
    made = data(verb, pressed.draft_id, pressed.revision, mark(text))
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data=made)]])
    return Text().add(f"{heading}{GAP}{text}").face(keyboard)


def confirmed(message: Place | None, pressed: Pressed) -> str | None:
    """The words that a press on such a button is about; None where they are not the ones that it was made for."""
    shown = message.text if isinstance(message, telegram.Message) else None
    text = (shown or "").partition(GAP)[2]
    return text if text and mark(text) == pressed.choice else None


class Questions:
    """Messages of ours that are answered by a reply."""

    def __init__(self, parts: Parts, board: Board) -> None:
        """Kept in the store, among the surface's notes."""
        self._parts = parts
        self._board = board
        self._asking = asyncio.Lock()

    async def ask(
        self, at: Place, who: telegram.User, pressed: Pressed, question: str, hint: str, *, quoted: str = ""
    ) -> None:
        """Ask `who` for words below a card; the field to write in opens by itself. Raises TelegramError.

        `pressed` is what the answer will be about. `quoted` is shown so that one tap copies it.
        """
        text = Text().person(cut(who.full_name, 60), who.id).add(f", {question}")
        if quoted:
            text.add(GAP).add(quoted, telegram.MessageEntity.PRE)
        # `selective`: only the one who is named sees the field open.
        field = ForceReply(selective=True, input_field_placeholder=cut(hint, HINT))
        async with self._asking:
            sent = await _send(self._board, at, text.face(), field)
            await self._parts.store.write(partial(_note, sent=sent, about=pressed, now=self._parts.clock.now()))

    async def asked(self, message: telegram.Message) -> Pressed | None:
        """What a message of ours asked for; None when it asked for nothing, or long ago."""
        if found := await self._noted(message):
            return found
        async with self._asking:  # it may just have been sent, and answered before it was noted
            return await self._noted(message)

    async def _noted(self, message: telegram.Message) -> Pressed | None:
        notes = await self._parts.store.read(lambda c: cards.notes(c, NAME))
        return parse(notes.get(_key(message), ""))

    async def done(self, message: telegram.Message) -> None:
        """It is answered: it goes away, from the chat too."""
        await self._parts.store.write(lambda c: cards.forget_notes(c, NAME, _key(message)))
        await self._board.delete(key(message))


async def say(board: Board, to: Place, words: str | Face) -> None:
    """Reply to a message. Raises TelegramError."""
    face = words if isinstance(words, Face) else Text().add(cut(words, MOST_TEXT)).face()
    await _send(board, to, face, face.keyboard)


async def _send(
    board: Board, to: Place, face: Face, markup: InlineKeyboardMarkup | ForceReply | None
) -> telegram.Message:
    chat, bot = to.chat.id, to.get_bot()
    return await board.request(
        chat,
        lambda: bot.send_message(
            chat,
            face.text,
            entities=face.entities,
            # It lands in the topic of what it answers. Without a sound: whoever is answered is looking.
            reply_parameters=ReplyParameters(to.message_id, allow_sending_without_reply=True),
            reply_markup=markup,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            disable_notification=True,
        ),
        urgent=board.is_here(chat),
    )


def missing(card: CardView, pressed: Pressed) -> MissingSlot | None:
    """The blank that an answer is for: the one that was asked for, else the first; None when all are filled."""
    return next((s for s in card.draft.missing if pressed.choice in ("", mark(s.name))), None)


def manager_of(settings: Settings, user: telegram.User | None) -> str | None:
    """The key of a manager of config.yaml, looked up each time; None for anybody else."""
    return settings.manager_of(NAME, str(user.id)) if user else None


def refusal(settings: Settings, user: telegram.User) -> str:
    """What somebody who may not decide is told; the operator reads in the log how to change that."""
    return not_listed(settings, NAME, user.id, user.username or user.first_name, user.full_name)


def _note(connection: Connection, *, sent: telegram.Message, about: Pressed, now: datetime) -> None:
    cards.forget_notes(connection, NAME, _ASKED, before=now - UNANSWERED)
    made = data(about.verb, about.draft_id, about.revision, about.choice)
    cards.note(connection, NAME, now, **{_key(sent): made})


def _key(message: telegram.Message) -> str:
    return f"{_ASKED}{key(message)}"
