"""What managers are asked in the chat: menus on a card, and questions of ours that they answer by replying.

Nothing is kept in memory: a menu's buttons say all there is to say, and what a message of ours asked for is noted in
the store, in the words of the button that made it ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import structlog
import telegram
from telegram import ForceReply, InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity, ReplyParameters
from telegram.constants import MessageEntityType
from telegram.error import TelegramError

from bot.adapters.parts import Parts
from bot.adapters.surface.words import Card, cut
from bot.adapters.telegram.api import NAME, words
from bot.adapters.telegram.buttons import Pressed, data, mark, parse
from bot.store import cards

log = structlog.get_logger()

Place = telegram.Message | telegram.InaccessibleMessage
Entities = list[MessageEntity]

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


def confirmation(heading: str, text: str, verb: str, pressed: Pressed, label: str) -> tuple[str, InlineKeyboardMarkup]:
    """Words that wait for one more press, and their button: it carries a mark of the exact text, and is good for no
    other."""
    made = data(verb, pressed.draft_id, pressed.revision, mark(text))
    return f"{heading}{GAP}{text}", InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data=made)]])


def confirmed(message: Place | None, pressed: Pressed) -> str | None:
    """The words that a press on such a button is about; None where they are not the ones that it was made for."""
    shown = message.text if isinstance(message, telegram.Message) else None
    text = (shown or "").partition(GAP)[2]
    return text if text and mark(text) == pressed.choice else None


class Questions:
    """Messages of ours that are answered by a reply."""

    def __init__(self, parts: Parts) -> None:
        """Kept in the store, among the surface's notes."""
        self._parts = parts

    async def ask(
        self, at: Place, who: telegram.User, pressed: Pressed, question: str, hint: str, *, quoted: str = ""
    ) -> None:
        """Ask `who` for words below a card; the field to write in opens by itself. Raises TelegramError.

        `pressed` is what the answer will be about. `quoted` is shown so that one tap copies it.
        """
        bot = at.get_bot()
        name = cut(who.full_name, 60)
        text = f"{name}, {question}"
        entities = [MessageEntity(MessageEntityType.TEXT_MENTION, 0, _units(name), user=who)]
        if quoted:
            start = _units(f"{text}{GAP}")
            text = f"{text}{GAP}{quoted}"
            entities.append(MessageEntity(MessageEntityType.PRE, start, _units(quoted)))
        sent = await bot.send_message(
            at.chat.id,
            text,
            entities=entities,
            reply_parameters=ReplyParameters(at.message_id, allow_sending_without_reply=True),
            # Only the one who is named sees the field open.
            reply_markup=ForceReply(selective=True, input_field_placeholder=cut(hint, HINT)),
            disable_notification=True,
        )
        made = data(pressed.verb, pressed.draft_id, pressed.revision, pressed.choice)
        now = self._parts.clock.now()

        def note(connection: cards.Connection) -> None:
            cards.forget_notes(connection, NAME, _ASKED, before=now - UNANSWERED)
            cards.note(connection, NAME, now, **{_key(sent): made})

        await self._parts.store.write(note)

    async def asked(self, message: telegram.Message) -> Pressed | None:
        """What a message of ours asked for; None when it asked for nothing, or long ago."""
        notes = await self._parts.store.read(lambda c: cards.notes(c, NAME))
        return parse(notes.get(_key(message), ""))

    async def done(self, message: telegram.Message) -> None:
        """It is answered: it goes away, from the chat too."""
        await self._parts.store.write(lambda c: cards.forget_notes(c, NAME, _key(message)))
        await delete(message)


async def say(to: Place, text: str, keyboard: InlineKeyboardMarkup | None = None) -> None:
    """Reply to a message in a managers' chat. What cannot be said is logged, and changes nothing."""
    try:
        await to.get_bot().send_message(
            to.chat.id,
            cut(text, 4096),
            reply_parameters=ReplyParameters(to.message_id, allow_sending_without_reply=True),
            reply_markup=keyboard,
            link_preview_options=telegram.LinkPreviewOptions(is_disabled=True),
        )
    except TelegramError as error:
        log.warning("telegram_not_told", why=words(error, to.get_bot()))


async def delete(message: Place) -> None:
    """Take a message of ours away, where Telegram allows it."""
    bot = message.get_bot()
    try:
        await bot.delete_message(message.chat.id, message.message_id)
    except TelegramError as error:
        log.info("telegram_message_stays", why=words(error, bot))


def missing(card: Card, pressed: Pressed) -> Card | None:
    """The blank that an answer is for: the one that was asked for, else the first; None when all are filled."""
    slots: list[Card] = list(card["missing_slots"])
    return next((s for s in slots if pressed.choice in ("", mark(s["name"]))), None)


def _key(message: telegram.Message) -> str:
    return f"{_ASKED}{message.chat.id}:{message.message_id}"


def _units(text: str) -> int:
    """Length as Telegram counts it, in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2
