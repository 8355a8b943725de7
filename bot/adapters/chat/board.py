"""The managers' cards, one at a time: sent, brought in line with their drafts, and noted in the store."""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Generic, TypeVar
from weakref import WeakValueDictionary

import structlog

from bot.adapters.chat.calls import Call
from bot.adapters.chat.layout import Budget, Digest, Layout, layout
from bot.adapters.chat.parts import Parts
from bot.adapters.chat.verbs import ASKS, ON_A_CARD, OUT_OF_DATE, STUMBLED, Pressed
from bot.adapters.chat.words import settled, told, wants_a_person
from bot.desk.cards import WRITING_FOR
from bot.desk.view import CardView
from bot.domain import Command, DraftState, Refused
from bot.hops import CARD_SHOWN_SECONDS, Hop, hop
from bot.store import cards
from bot.store.cards import Shown

log = structlog.get_logger()

Rendered = TypeVar("Rendered")
"""A platform's rendered message: one message of its SDK."""


class Gone(Exception):
    """A message of ours is not there any more, or can no longer be changed."""


class Board(ABC, Generic[Rendered]):
    """The place on a platform where managers see their cards. The platform fills in the abstract methods.

    A method that sends or changes something raises one of `trouble` when it fails.
    """

    name: ClassVar[str]
    """Of the surface."""
    budget: ClassVar[Budget]
    """The room in one of its messages."""
    trouble: ClassVar[tuple[type[Exception], ...]]
    """What can go wrong with a request; another try may go well."""

    def __init__(self, parts: Parts) -> None:
        """Nothing happens before it is ready."""
        self._parts = parts
        self.changes: dict[str, datetime] = {}
        """Draft -> when its card changes by itself."""
        self._covered: dict[str, str] = {}
        """Draft -> the fingerprint of its card, while a menu is on it."""
        self._pressed: Counter[str] = Counter()
        """Draft -> how many presses on its card are being handled."""
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @property
    @abstractmethod
    def ready(self) -> bool:
        """Whether something can be shown now."""

    def reaches(self, message_id: str) -> bool:
        """Whether a message of ours is in the chat where the cards are now."""
        return True

    def busy_for(self) -> float:
        """Seconds until a message that is not urgent can be sent. Called only when ready."""
        return 0.0

    @abstractmethod
    def render(self, layout: Layout) -> Rendered:
        """A card's message."""

    @abstractmethod
    def render_digest(self, digest: Digest) -> Rendered:
        """The digest's message."""

    @abstractmethod
    def fingerprint(self, rendered: Rendered) -> str:
        """A hash of everything that a message shows."""

    @abstractmethod
    async def send_card(self, card: CardView, rendered: Rendered, *, instead_of: str, silent: bool) -> str:
        """Send a card and notify the manager it was handed to. Returns the message's id."""

    @abstractmethod
    async def send_digest(self, rendered: Rendered, *, silent: bool) -> str:
        """Send the digest. Returns the message's id."""

    @abstractmethod
    async def send_call(self, call: Call, *, silent: bool) -> None:
        """Say something beside the cards."""

    @abstractmethod
    async def edit(self, message_id: str, rendered: Rendered) -> None:
        """Change a message of ours. Raises `Gone` too."""

    @abstractmethod
    async def delete(self, message_id: str) -> None:
        """Delete a message of ours, if it is still there."""

    async def link(self, draft_id: str) -> str | None:
        """The address of the card of a draft; None where it has none, as on a platform without addresses."""
        return None

    async def adopt(self) -> None:
        """Find the cards that were sent and not noted before a stop, and note them. Raises one of `trouble`.

        Does nothing on a platform that does not let a bot look.
        """

    def explain(self, error: Exception) -> str:
        """What went wrong, for the operator's log."""
        return str(error) or type(error).__name__

    def unanswered(self, error: Exception) -> bool:
        """Whether the platform could not be reached or failed on its side. False if it refused something."""
        return isinstance(error, OSError)

    def quiet(self) -> bool:
        """True in quiet hours: messages come without a sound then."""
        hours = self._parts.settings.replies.quiet_hours
        local = self._parts.settings.community.local
        return hours is not None and hours.cover(local(self._parts.clock.now()))

    @contextlib.contextmanager
    def pressed(self, draft_id: str) -> Iterator[None]:
        """While a press on its card is handled, the card is edited where it is and not sent anew."""
        self._pressed[draft_id] += 1
        try:
            yield
        finally:
            self._pressed[draft_id] -= 1
            self._pressed += Counter()  # drops the zeros

    async def show(self, draft_id: str, put: Callable[[Rendered], Awaitable[object]] | None = None) -> None:
        """Bring one card in line with its draft; `put` edits it as the answer to a press. Raises one of `trouble`.

        The cards of a draft are shown one at a time, so the last one shown is the last one read.
        """
        async with self._locks.setdefault(draft_id, asyncio.Lock()):
            card = await self._parts.desk.draft(draft_id)
            shown = await self._parts.store.read(lambda c: cards.get(c, self.name, draft_id))
            if card is None or not self.ready:
                return
            if shown and shown.state == "snoozed" and card.waits and not self._pressed[draft_id]:
                await self.delete(shown.message_id)  # it is back: a new message is seen, an edited one is not
                shown = await self._send(card, instead_of=shown.message_id)
            elif shown:
                shown = await self._update(card, shown, put)
            elif card.waits:
                shown = await self._send(card)
            if shown:
                await self._keep(card, shown)

    async def try_show(self, draft_id: str, put: Callable[[Rendered], Awaitable[object]] | None = None) -> None:
        """As `show`, after a decision, which stands whatever becomes of this: the sweep repairs the card."""
        try:
            await self.show(draft_id, put)
        except Exception as error:
            log.warning("card_not_shown", surface=self.name, what=draft_id, why=self.explain(error))

    async def answered(
        self, work: Awaitable[object], tell: Callable[[str], Awaitable[object]], *, stumbled: str = STUMBLED
    ) -> None:
        """Do what somebody asks by a press or a command; whatever goes wrong, they are told a sentence."""
        try:
            await work
        except Refused as refused:
            await tell(refused.message)
        except self.trouble as error:
            log.warning("press_failed", surface=self.name, why=self.explain(error))
            await tell(stumbled)
        except Exception:
            log.exception("press_failed", surface=self.name)
            await tell(stumbled)

    async def decide(
        self,
        command: Command,
        tell: Callable[[str], Awaitable[None]],
        *,
        name: str | None = None,
        refused: Callable[[Refused], Awaitable[None]] | None = None,
        put: Callable[[Rendered], Awaitable[object]] | None = None,
    ) -> None:
        """Let the desk decide, tell whoever pressed what came of it, and bring the card in line.

        `tell` gets the remarks, perhaps none. `refused` gets a refusal; without it, `tell` does. `name` and `put` are
        those of `Desk.decide` and `show`.
        """
        with self.pressed(command.draft_id):
            try:
                done = await self._parts.desk.decide(command, name=name)
            except Refused as error:
                await (refused(error) if refused else tell(error.message))
            else:
                await tell(told(done))
            await self.try_show(command.draft_id, put)

    async def ask_author(
        self, pressed: Pressed, by: str, tell: Callable[[str], Awaitable[None]], *, name: str | None = None
    ) -> None:
        """Put a question to the author of a card's post on the desk; it gets a card of its own. Raises Refused."""
        card = await self._parts.desk.draft(pressed.draft_id)
        if card is None:
            raise Refused("not_found", OUT_OF_DATE)
        await self._parts.desk.meet(by, name)
        try:
            await self._parts.asks.propose(ASKS[pressed.verb], card.post.id, by)
        except Refused:
            await self.try_show(pressed.draft_id)  # the post's words may be gone since
            raise
        await tell(ON_A_CARD)

    async def invalidate(self, draft_id: str, *, menu: bool = False) -> None:
        """Note that its message shows something else now, so that the next `show` edits it.

        A `menu` stays until the draft changes, or the card is invalidated again.
        """
        async with self._locks.setdefault(draft_id, asyncio.Lock()):
            shown = await self._parts.store.read(lambda c: cards.get(c, self.name, draft_id))
            covered = self._covered.pop(draft_id, "")
            if shown:
                if menu:
                    self._covered[draft_id] = shown.face or covered
                other = replace(shown, face="", settled=False)
                await self._parts.store.write(lambda c: cards.keep(c, self.name, other))

    async def _update(
        self, card: CardView, shown: Shown, put: Callable[[Rendered], Awaitable[object]] | None
    ) -> Shown | None:
        rendered = self._rendered(card)
        in_line = self.fingerprint(rendered) in (shown.face, self._covered.get(shown.draft_id))
        if in_line and self.reaches(shown.message_id):
            return shown
        self._covered.pop(shown.draft_id, None)
        new = self._shown(card, shown.message_id, rendered)
        if put:
            with contextlib.suppress(*self.trouble):
                await put(rendered)
                return new
        try:
            await self.edit(shown.message_id, rendered)
        except Gone:  # somebody deleted it, or the cards moved to another channel
            if wants_a_person(card):
                return await self._send(card, instead_of=shown.message_id)
            if new.settled:
                await self._parts.store.write(lambda c: cards.drop(c, self.name, shown.draft_id))
                return None
            return replace(new, face="")  # it is sent anew if it needs a person again
        except self.trouble:
            unsure = replace(shown, face="", settled=False)
            await self._parts.store.write(lambda c: cards.keep(c, self.name, unsure))
            raise
        return new

    async def _send(self, card: CardView, instead_of: str = "") -> Shown:
        rendered = self._rendered(card)
        silent = self.quiet() and "crisis" not in card.draft.risk
        with hop(Hop.CARD, post_id=card.post.id, draft_id=card.draft.id):
            message_id = await self.send_card(card, rendered, instead_of=instead_of, silent=silent)
        if not instead_of:
            waited = self._parts.clock.now() - card.draft.created_at
            CARD_SHOWN_SECONDS.labels(self.name).observe(max(0.0, waited.total_seconds()))
        return self._shown(card, message_id, rendered)

    def _rendered(self, card: CardView) -> Rendered:
        return self.render(layout(card, self.budget, self.name, self._parts.desk.name_of))

    def _shown(self, card: CardView, message_id: str, rendered: Rendered) -> Shown:
        return Shown(
            draft_id=card.draft.id,
            message_id=message_id,
            revision=card.draft.revision,
            state=str(card.draft.state),
            face=self.fingerprint(rendered),
            settled=settled(card),
        )

    async def _keep(self, card: CardView, shown: Shown) -> None:
        await self._parts.store.write(lambda c: cards.keep(c, self.name, shown))
        self.changes.pop(shown.draft_id, None)
        if card.writing:
            self.changes[shown.draft_id] = self._parts.clock.now() + WRITING_FOR
        elif card.undo_until and card.draft.state is DraftState.REJECTED:  # when a reply goes out, an event tells so
            self.changes[shown.draft_id] = card.undo_until
