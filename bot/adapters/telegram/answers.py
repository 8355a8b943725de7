"""What managers reply to a card or a question. The card shows their words, and a press there sends them.

A reply is never a yes: it is a `propose`, a `fill`, or words for a correction that are shown again.
"""

from __future__ import annotations

import re

import structlog
import telegram
from telegram.constants import ChatType

from bot.adapters.chat.calls import Call
from bot.adapters.chat.parts import Parts
from bot.adapters.chat.verbs import OUT_OF_DATE, Pressed, command_of
from bot.adapters.chat.words import one_line, told
from bot.adapters.telegram import buttons, dialogs
from bot.adapters.telegram.api import NAME, words
from bot.adapters.telegram.board import Board
from bot.adapters.telegram.dialogs import Place, Questions, manager, say
from bot.adapters.telegram.render import cut, units
from bot.desk.view import CardView, Decided
from bot.domain import Refused, clean
from bot.store import cards

log = structlog.get_logger()

TYPED = 3500
"""The longest text that can be shown beside what the checks say, in UTF-16 units."""
NOTED = 500
"""Room for what they say."""
READ_IT = "It is on the card now: read it there, then press Send."
NO_CARD = "This is no card, or not one any more. Reply to a card to lay your words on it; /queue shows what is waiting."
ONLY_TEXT = "Only text can be sent from here; please write it as a message."
HIDDEN = (
    "Telegram hides who you are here, so your words cannot count. Switch off “Remain anonymous” for yourself in this "
    "group, or use the web console."
)
FILLED = "That is filled in already; look at the card."
NOT_HERE = "The whole text is longer than can be shown here; please use the web console."
_DISARMED = re.compile("(?<=[@/#$])\N{WORD JOINER}")
"""What `render.disarmed` adds. A manager may have copied it."""


class Answers:
    """For all clients: each message brings its own bot."""

    def __init__(self, parts: Parts, board: Board) -> None:
        """`board` shows the cards."""
        self._parts = parts
        self._board = board
        self._questions = Questions(parts, board)
        self._told: set[int] = set()
        """Who has been told that they may not decide: once is enough."""

    async def replied(self, message: telegram.Message) -> bool:
        """True for a reply to a card or to a question of ours, which is no post.

        In a direct chat, too, words count only as a reply: nobody guesses which card they are for. When Telegram does
        not take our answer, that is logged; the manager sees on the card whether it has their words.
        """
        try:
            try:
                return await self._replied(message)
            except Refused as refused:
                await say(self._board, message, refused.message)
                return True
        except self._board.trouble as error:
            log.warning("telegram_reply_not_answered", why=words(error, message.get_bot()))
            return True

    async def _replied(self, message: telegram.Message) -> bool:
        to = message.reply_to_message
        if to is None and message.chat.type == ChatType.PRIVATE and self._board.is_here(message.chat.id):
            raise Refused("not_found", NO_CARD)
        if to is None or to.from_user is None or to.from_user.id != message.get_bot().id:
            return False
        asked = await self._questions.asked(to)
        about = asked or await self._about(to)
        if about is None and not self._board.is_here(message.chat.id):
            return False
        user = message.from_user
        by = self._parts.settings.manager_of(NAME, str(user.id)) if user else None
        if by is None or user is None:
            self._turn_away(message)
        elif about is None:
            raise Refused("not_found", NO_CARD)
        elif not message.text:
            raise Refused("bad_action", ONLY_TEXT)
        else:
            await self._take(message, user, about, by, question=to if asked else None)
        return True

    async def question(self, at: Place, who: telegram.User, pressed: Pressed, card: CardView) -> None:
        """Ask for the whole text, or for the first blank that is open."""
        ask, slot = self._questions.ask, next(iter(card.draft.missing), None)
        if pressed.verb == "edit":
            await ask(at, who, pressed, "reply with the whole text as it should be sent.", "The whole reply")
        elif pressed.verb == "correct":
            words = "reply with the whole text as it should stand. This is what it says, a tap copies it:"
            await ask(at, who, pressed, words, "The whole reply", quoted=card.reply_text)
        elif slot:
            blank = Pressed(
                draft_id=pressed.draft_id, revision=card.draft.revision, verb="fill", choice=buttons.mark(slot.name)
            )
            await ask(at, who, blank, one_line(slot.ask), one_line(slot.ask))
        else:
            await self._point_at(pressed.draft_id)

    async def _take(
        self, message: telegram.Message, who: telegram.User, about: Pressed, by: str, question: telegram.Message | None
    ) -> None:
        """Take the words of a manager. After a refusal the question stays open. Raises Refused."""
        text = _DISARMED.sub("", clean(message.text or "")).strip()
        try:
            if about.verb == "correct":
                await self._confirm(message, text, about)
            else:
                await self._lay(message, who, about, by, text)
        except Refused:
            await self._board.try_show(about.draft_id)
            raise
        if question:
            await self._questions.done(question)

    async def _confirm(self, message: telegram.Message, text: str, about: Pressed) -> None:
        if units(text) > TYPED:
            raise Refused("bad_action", NOT_HERE)
        found = await self._parts.desk.remarks(about.draft_id, text)
        if found is None:
            raise Refused("not_found", OUT_OF_DATE)
        if found.stops:
            raise Refused("blocked", " ".join(found.stops))
        heading = one_line(cut(" ".join(found.remarks), NOTED))
        heading = f"{heading} The reply will read:".strip()
        await say(self._board, message, dialogs.confirmation(heading, text, "correct", about, "Send the correction"))

    async def _lay(self, message: telegram.Message, who: telegram.User, about: Pressed, by: str, text: str) -> None:
        """Put the words on the card. Then ask for the next blank, or point at the card and give the remarks.
        Raises Refused."""
        if about.verb == "fill":
            done = await self._fill(about, by, text)
        else:
            proposed = command_of("propose", about.draft_id, about.revision, by, {"text": text})
            done = await self._parts.desk.decide(proposed)
        await self._board.try_show(about.draft_id)
        if about.verb == "fill" and done.card.draft.missing:
            await self.question(message, who, about, done.card)
        else:
            await self._point_at(about.draft_id, told(done))

    async def _fill(self, about: Pressed, by: str, text: str) -> Decided:
        card = await self._parts.desk.draft(about.draft_id)
        slot = card and dialogs.missing(card, about)
        if card and card.stands(about.revision) and not slot:
            raise Refused("bad_action", FILLED)
        name = slot.name if slot else ""  # the desk refuses a draft that is over or has changed
        return await self._parts.desk.decide(
            command_of("fill", about.draft_id, about.revision, by, {f"slot:{name}": text})
        )

    async def _point_at(self, draft_id: str, remarks: str = "") -> None:
        """A reply to the card, at the end of the chat: a tap leads to the card."""
        shown = await self._parts.store.read(lambda c: cards.get(c, NAME, draft_id))
        call = Call(text=f"{READ_IT} {remarks}".strip(), nonce="", about=shown.message_id if shown else None)
        await self._board.send_call(call, silent=True, urgent=True)

    async def _about(self, message: telegram.Message) -> Pressed | None:
        """The card in a message, for which words are a new text."""
        shown = await self._board.card_at(message)
        return Pressed(draft_id=shown.draft_id, revision=shown.revision, verb="edit") if shown else None

    def _turn_away(self, message: telegram.Message) -> None:
        """Refuse somebody who may not decide, or whom Telegram hides, once. Raises Refused."""
        user = message.from_user
        who = message.sender_chat or user
        if who is None or who.id in self._told:
            return
        self._told.add(who.id)
        if message.sender_chat or user is None:
            raise Refused("not_a_manager", HIDDEN)
        manager(self._parts.settings, user)
