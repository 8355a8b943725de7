"""The commands of fans and managers, on every platform. The platform reads the command and shows the answer."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic

import structlog

from bot.adapters.chat.board import Board, Rendered
from bot.adapters.chat.calls import Call
from bot.adapters.chat.parts import Parts
from bot.desk.view import CardView
from bot.domain import Refused
from bot.people.fans import NOT_REPORTED, Answer
from bot.store import answers, cards
from bot.store.ids import new_id

log = structlog.get_logger()

LISTED = 10
"""Posts that /queue and /unanswered name."""
WHO_WAITS = "Who has waited too long for an answer"
"""What /unanswered does."""
NOTHING = "There is no post of a person to answer here, or it is gone."
OPENS = "A link to the console, for you alone"
"""What /console does."""
LINK = "It signs you in once, within ten minutes. Do not pass it on."
BY_ROLE = (
    "You decide here because of your role. The console is for managers whom config.yaml names; ask the operator to add "
    "you there."
)
HOLDS = "Keep everything back: the reason; or lift, to end it"
"""What /hold does."""
LIFT = "lift"
HOW_TO_HOLD = "Say why, so that the others know: /hold and the reason. /hold lift ends it."
LIFTED = "The hold is over. What was approved before it waits for a new yes."
NO_ADDRESS = (
    "The console has no address that can be opened from here; the operator must set web.public_url in config.yaml."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """What /queue and /unanswered say."""

    waiting: int
    shown: Sequence[CardView]
    """The first of them."""
    label: str = "waiting"
    nothing: str = "Nothing is waiting."

    @property
    def heading(self) -> str:
        """Its first line."""
        return f"{self.waiting} {self.label}" if self.waiting else self.nothing

    @property
    def rest(self) -> str:
        """Its last line; empty where all are shown."""
        more = self.waiting - len(self.shown)
        return f"… and {more} more" if more > 0 else ""


class Asked(Generic[Rendered]):
    """For one surface."""

    def __init__(self, parts: Parts, board: Board[Rendered]) -> None:
        """`board` shows the cards."""
        self._parts = parts
        self._board = board

    async def fan(self, command: str, fan_id: str, words: str, report: Callable[[str, str], str]) -> Answer:
        """The answer to a fan, which only they may see. A report goes to the managers; `report` makes its text of the
        fan's words and the key of the manager it is for.
        """
        answer = await self._parts.fans.answer(command, self._board.name, fan_id, words)
        if answer.report and not await self._laid(report(answer.report, answer.report_to)):
            return Answer(text=NOT_REPORTED)
        return answer

    async def _laid(self, text: str) -> bool:
        if not self._board.ready:
            return False
        try:
            await self._board.send_call(Call(text=text, nonce=f"report{new_id()}"), silent=self._board.quiet())
        except self._board.trouble as error:
            log.warning("report_not_shown", surface=self._board.name, why=self._board.explain(error))
            return False
        return True

    async def queue(self) -> Queue:
        """What waits for a yes."""
        waiting = (await self._parts.store.numbers())["drafts"].get("waiting", 0)
        page = (await self._parts.desk.drafts(limit=LISTED))[0] if waiting else ()
        return Queue(waiting=waiting, shown=page)

    async def unanswered(self) -> Queue:
        """Who has waited too long for an answer, the longest first. Those who are named get a card, if they have none.

        Each is read again for that, one after the other.
        """
        before = self._parts.clock.now() - self._parts.settings.replies.answer_within
        found = await self._parts.store.read(lambda c: answers.unanswered(c, before))
        shown = []
        for post in found[:LISTED]:
            with contextlib.suppress(Refused):  # answered, gone or opted out meanwhile
                shown.append(await self.card_for(post.post_id))
        return Queue(waiting=len(found), shown=shown, label="without an answer", nothing="Nobody has waited too long.")

    async def hold(self, by: str, words: str, *, name: str | None = None) -> str:
        """Keep everything back for the reason in `words`, or end that with “lift”. Returns the answer to a manager.

        `name` is that of `Desk.decide`. Raises Refused.
        """
        words, desk = words.strip(), self._parts.desk
        if not words:
            raise Refused("bad_action", HOW_TO_HOLD)
        if words.casefold() == LIFT:
            await desk.lift(by, name=name)
            return LIFTED
        count = await desk.hold(by, words, name=name)
        again = "1 approved text waits" if count == 1 else f"{count} approved texts wait"
        return f"Nothing is sent now. {again} for a new yes. /hold lift ends it."

    async def card_for(self, post_id: str | None) -> CardView:
        """Make and show a card for a post that a manager points at. Raises Refused."""
        card = await self._parts.intake.card_for(post_id) if post_id else None
        if card is None:
            raise Refused("not_found", NOTHING)
        await self._board.try_show(card.draft.id)
        return card

    def console(self, manager: str) -> str:
        """A link that signs a manager in; it must reach only them. Raises Refused."""
        if manager not in self._parts.settings.managers:
            raise Refused("not_a_manager", BY_ROLE)
        link = self._parts.signin_link(manager)
        if link is None:
            raise Refused("bad_action", NO_ADDRESS)
        return link

    async def tell_once(self, said: object, tell: Callable[[], Awaitable[object]]) -> None:
        """Tell the platform of our commands when they have changed. `said` describes them, as JSON."""
        print_ = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
        name, store = self._board.name, self._parts.store
        if (await store.read(lambda c: cards.notes(c, name))).get("commands") == print_:
            return
        await tell()
        now = self._parts.clock.now()
        await store.write(lambda c: cards.note(c, name, now, commands=print_))
