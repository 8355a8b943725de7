"""What managers and fans press on Telegram, and what they are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import structlog
import telegram
from telegram.error import BadRequest, TelegramError

from bot.adapters.chat import asks
from bot.adapters.chat.asks import FanPressed
from bot.adapters.chat.parts import Parts
from bot.adapters.chat.verbs import ASKS, OUT_OF_DATE, Pressed, choices
from bot.adapters.chat.words import cut
from bot.adapters.telegram import buttons, dialogs
from bot.adapters.telegram.answers import NOT_HERE, TYPED, Answers
from bot.adapters.telegram.api import NAME, words
from bot.adapters.telegram.board import Board, key
from bot.adapters.telegram.dialogs import Place, manager
from bot.adapters.telegram.render import Text, fan_keyboard, units
from bot.desk.view import CardView
from bot.domain import Refused

log = structlog.get_logger()

TOAST = 200
"""The longest answer to a press, in characters (Bot API, answerCallbackQuery)."""
_ASKS = frozenset({"edit", "fill", "correct"})
"""Buttons that ask for words."""


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
        """A button of ours. Telegram hears the answer after the decision is stored."""
        if by_fan := asks.read(query.data or ""):
            work = self._by_fan(query, by_fan)
            await self._board.answered(work, partial(_answer, query), stumbled=asks.STUMBLED)
        else:
            await self._board.answered(self._press(query), partial(_answer, query))

    async def _by_fan(self, query: telegram.CallbackQuery, pressed: FanPressed) -> None:
        """A question to a fan, or an answer to their command. Only they see what comes of it."""
        who, parts, message = str(query.from_user.id), self._parts, query.message
        if pressed.about == asks.ME:
            answer = await parts.fans.press(NAME, who, pressed.value)
            await _answer(query)
            if message:
                await self._lay(message, None)
                await dialogs.tell_fan(self._board, message, answer)
            return
        done = await parts.asks.press(NAME, who, pressed.about, pressed.value)
        await _answer(query, done.text)
        if done.buttons is not None and message:
            await self._lay(message, fan_keyboard(pressed.about, done.buttons))

    async def _press(self, query: telegram.CallbackQuery) -> None:
        by = manager(self._parts.settings, query.from_user)
        pressed = buttons.parse(query.data or "")
        if query.data == buttons.MORE:
            await _answer(query)
            self._more()
        elif pressed is None:
            raise Refused("bad_action", OUT_OF_DATE)
        elif pressed.verb in ASKS:
            await self._board.ask_author(pressed, by, partial(_answer, query))
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
            await self._board.delete(key(query.message))  # a copy that is not kept in line

    async def _menu(self, query: telegram.CallbackQuery, pressed: Pressed, by: str) -> None:
        """A menu replaces the card's buttons until the card changes."""
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
            await self._lay(query.message, dialogs.menu(pressed, offered))

    async def _lay(self, message: Place, keyboard: telegram.InlineKeyboardMarkup | None) -> None:
        """Change the buttons of a message."""
        bot, chat, number = message.get_bot(), message.chat.id, message.message_id
        try:
            await self._board.request(
                chat, lambda: bot.edit_message_reply_markup(chat, number, reply_markup=keyboard), urgent=True
            )
        except BadRequest as error:  # a second tap: they are there already
            log.info("telegram_buttons_not_changed", why=words(error, bot))

    def _offered(self, verb: str, card: CardView | None) -> Mapping[str, str]:
        if card is None:
            raise Refused("not_found", OUT_OF_DATE)
        if verb == "remove":
            return {dialogs.CONFIRMED: "Yes, remove it"}
        return choices(verb, card, self._parts.settings.managers, self._parts.desk.intents())

    async def _ask(self, query: telegram.CallbackQuery, pressed: Pressed, by: str) -> None:
        """Ask for words below the card. The card tells the others that somebody writes."""
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
        """Send the correction that the message shows."""
        text, message = dialogs.confirmed(query.message, pressed), query.message
        if text is None or message is None:
            raise Refused("bad_action", OUT_OF_DATE)
        await self._parts.desk.decide(pressed.command(by, {"text": text}))
        await _answer(query)
        rendered = Text().add(f"The correction is on its way:{dialogs.GAP}{text}").rendered()
        await self._board.edit(key(message), rendered)
        await self._board.try_show(pressed.draft_id)


async def _answer(query: telegram.CallbackQuery, words_: str = "") -> None:
    """Only whoever pressed sees it. Telegram takes an answer for some seconds; a late one is only logged."""
    try:
        await query.answer(cut(words_, TOAST) or None, show_alert=bool(words_))
    except TelegramError as error:
        log.info("telegram_press_not_answered", why=words(error, query.get_bot()))
