"""One card at a time: put before the managers, brought in line with its draft, and noted in the store."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Generic, TypeVar
from weakref import WeakValueDictionary

import structlog

from bot.adapters.chat.calls import Call
from bot.adapters.chat.parts import Parts
from bot.adapters.chat.words import settled, told, wants_a_person
from bot.desk.cards import WRITING_FOR
from bot.desk.view import CardView
from bot.domain import Command, DraftState, Refused
from bot.store import cards
from bot.store.cards import Shown

log = structlog.get_logger()

Face = TypeVar("Face")
"""How a platform shows a card: what one message of its SDK is made of."""


class Gone(Exception):
    """A message of ours is not there any more, or can no longer be changed."""


class Board(ABC, Generic[Face]):
    """Where a platform shows the managers their cards. The abstract methods are its own part.

    Whatever goes to the platform raises one of `trouble` when it fails.
    """

    name: ClassVar[str]
    """Of the surface."""
    trouble: ClassVar[tuple[type[Exception], ...]]
    """What can go wrong with a request; another try may go well."""

    def __init__(self, parts: Parts) -> None:
        """Nothing happens before it is ready."""
        self._parts = parts
        self.changes: dict[str, datetime] = {}
        """Draft -> when its card changes by itself."""
        self._covered: dict[str, str] = {}
        """Draft -> the fingerprint of its card, on which a menu lies."""
        self._pressed: Counter[str] = Counter()
        """Drafts -> how many presses on their cards are under way."""
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @property
    @abstractmethod
    def ready(self) -> bool:
        """Whether something can be shown now."""

    def reaches(self, message_id: str) -> bool:
        """Whether a message of ours stands where the cards are now; elsewhere it is as good as gone."""
        return True

    def busy_for(self) -> float:
        """Seconds until something that is not urgent can be sent without waiting; asked for only when ready."""
        return 0.0

    @abstractmethod
    def face(self, card: CardView) -> Face:
        """How a draft looks now."""

    @abstractmethod
    def digest(self, counts: Mapping[str, int], oldest: datetime, step: int) -> Face:
        """One message in the place of many cards. `counts`: what waits, by kind; `step`: how many more are shown."""

    @abstractmethod
    def fingerprint(self, face: Face) -> str:
        """Of everything that a face shows."""

    @abstractmethod
    async def send_card(self, card: CardView, face: Face, *, instead_of: str, silent: bool) -> str:
        """Put a card up, and notify the one it was handed to; its message's id."""

    @abstractmethod
    async def send_digest(self, face: Face, *, silent: bool) -> str:
        """Put the digest up; its message's id."""

    @abstractmethod
    async def send_call(self, call: Call, *, silent: bool) -> None:
        """Say something beside the cards."""

    @abstractmethod
    async def edit(self, message_id: str, face: Face) -> None:
        """Change a message of ours. Raises `Gone` too."""

    @abstractmethod
    async def delete(self, message_id: str) -> None:
        """Take a message of ours away, if it is still there."""

    async def adopt(self) -> None:
        """Note the cards that stand there unnoted, because a stop came in between. Raises one of `trouble`.

        Does nothing on a platform that lets nobody look.
        """

    def explain(self, error: Exception) -> str:
        """What went wrong, for the operator's log."""
        return str(error) or type(error).__name__

    def quiet(self) -> bool:
        """True in quiet hours: messages come without a sound then."""
        hours = self._parts.settings.replies.quiet_hours
        local = self._parts.settings.community.local
        return hours is not None and hours.cover(local(self._parts.clock.now()))

    @contextmanager
    def pressed(self, draft_id: str) -> Iterator[None]:
        """While a press on its card is under way: the card then changes where it stands, whoever shows it first."""
        self._pressed[draft_id] += 1
        try:
            yield
        finally:
            self._pressed[draft_id] -= 1
            self._pressed += Counter()  # without those that are over

    async def show(self, draft_id: str, put: Callable[[Face], Awaitable[object]] | None = None) -> None:
        """Bring one card in line; `put` edits it by way of a press. Raises one of `trouble`.

        One at a time for each draft: what is put on the screen last is what was read last.
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

    async def try_show(self, draft_id: str, put: Callable[[Face], Awaitable[object]] | None = None) -> None:
        """As `show`, after a decision, which stands whatever becomes of this: the sweep repairs the card."""
        try:
            await self.show(draft_id, put)
        except Exception as error:
            log.warning("card_not_shown", surface=self.name, what=draft_id, why=self.explain(error))

    async def decide(
        self,
        command: Command,
        tell: Callable[[str], Awaitable[None]],
        *,
        name: str | None = None,
        refused: Callable[[Refused], Awaitable[None]] | None = None,
        put: Callable[[Face], Awaitable[object]] | None = None,
    ) -> None:
        """What a press means is asked of the desk, its presser is told what comes of it, and the card follows.

        `tell` gets the remarks, or nothing; `refused` what was refused, where it is told in another way. `name` and
        `put` are those of `Desk.decide` and `show`.
        """
        with self.pressed(command.draft_id):
            try:
                done = await self._parts.desk.decide(command, name=name)
            except Refused as error:
                await (refused(error) if refused else tell(error.message))
            else:
                await tell(told(done))
            await self.try_show(command.draft_id, put)

    async def invalidate(self, draft_id: str, *, menu: bool = False) -> None:
        """Its message shows something else for now: the next `show` brings it in line. A `menu` stays until the draft
        changes, or it is invalidated again.
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
        self, card: CardView, shown: Shown, put: Callable[[Face], Awaitable[object]] | None
    ) -> Shown | None:
        face = self.face(card)
        in_line = self.fingerprint(face) in (shown.face, self._covered.get(shown.draft_id))
        if in_line and self.reaches(shown.message_id):
            return shown
        self._covered.pop(shown.draft_id, None)
        new = self._shown(card, shown.message_id, face)
        if put:
            try:
                await put(face)
            except self.trouble:
                face = self.face(card)  # Discord's library wants a fresh one for each try
            else:
                return new
        try:
            await self.edit(shown.message_id, face)
        except Gone:  # somebody deleted it, or the cards moved to another channel
            if wants_a_person(card):
                return await self._send(card, instead_of=shown.message_id)
            if new.settled:
                await self._parts.store.write(lambda c: cards.drop(c, self.name, shown.draft_id))
                return None
            return replace(new, face="")  # nobody misses it yet; what comes of it may want a person again
        except self.trouble:
            unsure = replace(shown, face="", settled=False)
            await self._parts.store.write(lambda c: cards.keep(c, self.name, unsure))
            raise
        return new

    async def _send(self, card: CardView, instead_of: str = "") -> Shown:
        face = self.face(card)
        silent = self.quiet() and "crisis" not in card.draft.risk
        return self._shown(card, await self.send_card(card, face, instead_of=instead_of, silent=silent), face)

    def _shown(self, card: CardView, message_id: str, face: Face) -> Shown:
        return Shown(
            draft_id=card.draft.id,
            message_id=message_id,
            revision=card.draft.revision,
            state=str(card.draft.state),
            face=self.fingerprint(face),
            settled=settled(card),
        )

    async def _keep(self, card: CardView, shown: Shown) -> None:
        await self._parts.store.write(lambda c: cards.keep(c, self.name, shown))
        self.changes.pop(shown.draft_id, None)
        if card.writing:
            self.changes[shown.draft_id] = self._parts.clock.now() + WRITING_FOR
        elif card.undo_until and card.draft.state is DraftState.REJECTED:  # when a reply goes out, an event tells so
            self.changes[shown.draft_id] = card.undo_until
