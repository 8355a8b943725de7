"""What managers press: who may, what it means for the desk, and an answer in every case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import structlog
import telegram
from telegram.error import BadRequest, TelegramError

from bot.adapters.chat.parts import Parts
from bot.adapters.chat.verbs import OUT_OF_DATE, STUMBLED, Pressed, choices
from bot.adapters.chat.words import cut
from bot.adapters.telegram import buttons, dialogs
from bot.adapters.telegram.answers import NOT_HERE, TYPED, Answers
from bot.adapters.telegram.api import words
from bot.adapters.telegram.board import Board, key
from bot.adapters.telegram.dialogs import Place, manager_of, refusal
from bot.adapters.telegram.faces import Text, units
from bot.desk.view import CardView
from bot.domain import Refused

log = structlog.get_logger()

TOAST = 200
"""The longest answer to a press, in characters (Bot API, answerCallbackQuery)."""
_ASKS = frozenset({"edit", "fill", "correct"})
"""Buttons behind which words are asked for."""


class Presses:
    """For all clients: each update brings its own bot."""

    def __init__(self, parts: Parts, board: Board, more: Callable[[], None]) -> None:
        """`board` shows the cards, `more` asks for more of them."""
        self._parts = parts
        self._board = board
        self._more = more
        self._answers = Answers(parts, board)
        self.replied = self._answers.replied

    async def pressed(self, query: telegram.CallbackQuery) -> None:
        """A button of ours. It is answered in every case, after what is decided is stored."""
        try:
            await self._press(query)
        except Refused as refused:
            await _answer(query, refused.message)
        except TelegramError as error:
            log.warning("telegram_press_failed", why=words(error, query.get_bot()))
            await _answer(query, STUMBLED)
        except Exception:
            log.exception("telegram_press_failed")
            await _answer(query, STUMBLED)

    async def _press(self, query: telegram.CallbackQuery) -> None:
        by = manager_of(self._parts.settings, query.from_user)
        pressed = buttons.parse(query.data or "")
        if by is None:
            await _answer(query, refusal(self._parts.settings, query.from_user))
        elif query.data == buttons.MORE:
            await _answer(query)
            self._more()
        elif pressed is None:
            await _answer(query, OUT_OF_DATE)
        elif pressed.verb == "back":
            await _answer(query)
            await self._board.invalidate(pressed.draft_id)
            await self._board.try_show(pressed.draft_id)
        elif pressed.verb in buttons.MENUS:
            await self._menu(query, pressed, by)
        elif pressed.verb in _ASKS and not pressed.choice:
            await self._ask(query, pressed, by)
        elif pressed.verb == "correct":
            await self._correct(query, pressed, by)
        else:
            await self._decide(query, pressed, by, {"choice": pressed.choice})

    async def _decide(
        self, query: telegram.CallbackQuery, pressed: Pressed, by: str, fields: Mapping[str, str]
    ) -> None:
        await self._board.decide(pressed.command(by, fields), partial(_answer, query))
        if query.message and not await self._board.card_at(query.message):
            await self._board.delete(key(query.message))  # a copy that nobody keeps in line

    async def _menu(self, query: telegram.CallbackQuery, pressed: Pressed, by: str) -> None:
        """A menu lies on the card itself, and goes with the card's next change."""
        card = await self._parts.desk.draft(pressed.draft_id)
        if pressed.verb != "remove" and not (card and card.stands(pressed.revision)):
            card = (await self._parts.desk.decide(pressed.opened(by))).card
        offered = self._offered(pressed.verb, card)
        if pressed.choice:
            value = dialogs.chosen(pressed, offered)
            if value is None:
                raise Refused("bad_action", OUT_OF_DATE)
            await self._decide(query, pressed, by, {"choice": value})
            return
        await _answer(query)
        await self._board.invalidate(pressed.draft_id, menu=True)
        if query.message:
            await self._lay_menu(query.message, dialogs.menu(pressed, offered))

    async def _lay_menu(self, card: Place, menu: telegram.InlineKeyboardMarkup) -> None:
        bot, chat, number = card.get_bot(), card.chat.id, card.message_id
        try:
            await self._board.request(
                chat, lambda: bot.edit_message_reply_markup(chat, number, reply_markup=menu), urgent=True
            )
        except BadRequest as error:  # a second tap: the menu is there already
            log.info("telegram_menu_not_shown", why=words(error, bot))

    def _offered(self, verb: str, card: CardView | None) -> Mapping[str, str]:
        if card is None:
            raise Refused("not_found", OUT_OF_DATE)
        if verb == "remove":
            return {dialogs.CONFIRMED: "Yes, remove it"}
        return choices(verb, card, self._parts.settings.managers, self._parts.desk.intents())

    async def _ask(self, query: telegram.CallbackQuery, pressed: Pressed, by: str) -> None:
        """Words are asked for below the card; the others are told that somebody writes."""
        card = await self._parts.desk.draft(pressed.draft_id)
        if card is None:
            raise Refused("not_found", OUT_OF_DATE)
        if pressed.verb != "correct":
            card = (await self._parts.desk.decide(pressed.opened(by))).card
        elif not 0 < units(card.reply_text) <= TYPED:
            raise Refused("bad_action", NOT_HERE if card.reply_text else OUT_OF_DATE)
        await _answer(query)
        if query.message:
            await self._answers.question(query.message, query.from_user, pressed, card)
        await self._board.try_show(pressed.draft_id)

    async def _correct(self, query: telegram.CallbackQuery, pressed: Pressed, by: str) -> None:
        """The one more press: good for the words that stand above it, and no others."""
        text, message = dialogs.confirmed(query.message, pressed), query.message
        if text is None or message is None:
            raise Refused("bad_action", OUT_OF_DATE)
        await self._parts.desk.decide(pressed.command(by, {"text": text}))
        await _answer(query)
        face = Text().add(f"The correction is on its way:{dialogs.GAP}{text}").face()
        await self._board.edit(key(message), face)
        await self._board.try_show(pressed.draft_id)


async def _answer(query: telegram.CallbackQuery, words_: str = "") -> None:
    """For the presser alone. Telegram takes an answer for some seconds only; a later one changes nothing."""
    try:
        await query.answer(cut(words_, TOAST) or None, show_alert=bool(words_))
    except TelegramError as error:
        log.info("telegram_press_not_answered", why=words(error, query.get_bot()))
