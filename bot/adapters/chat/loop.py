"""The loop that shows cards, a `bot.ports.Surface`. It does one thing at a time, the most urgent first.

Call for help, show the next card, bring a card in line with its draft, keep the digest. The sweep tries again what
could not be shown.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Generic

import structlog

from bot.adapters.chat.board import Board, Gone, Rendered
from bot.adapters.chat.calls import CALLS, ON_ALL_CARDS, Call, call_of
from bot.adapters.chat.layout import digest
from bot.adapters.chat.parts import Parts
from bot.circuit import Circuit
from bot.domain import Draft
from bot.events import Event
from bot.stopping import finished
from bot.store import Signal, cards
from responders.said import said

log = structlog.get_logger()

SWEEP = timedelta(seconds=60)
"""Time between two looks at all cards that may still change, and until a failed card is tried again."""
FEW = 10
"""Cards that are shown at once. When more drafts wait, a digest stands for the rest."""
DIGEST_EVERY = timedelta(seconds=5)
RECONNECT = 1.0
"""Seconds between two looks for a connection."""
REQUEST = 45.0
"""Seconds for one thing: a platform that never answers must not hold up a call for help."""
MOST_FAILURES = 5
"""After so many requests without an answer the platform rests."""
FIRST_REST, LONGEST_REST = timedelta(seconds=10), timedelta(minutes=1)
MOST_CALLS = 100
"""Calls that wait to be sent. While they are so many, no more events are read."""
MANY = 500
"""Hidden drafts that a digest counts."""
_CALL, _DIGEST, _UNNOTED = "call", "digest", "unnoted"


class CardLoop(Generic[Rendered]):
    """One for a surface and the process."""

    def __init__(self, parts: Parts, board: Board[Rendered]) -> None:
        """Nothing happens before it runs, and the board is ready."""
        self.name = board.name
        self._parts = parts
        self._board = board
        self._signal: Signal | None = None
        self._seen = 0
        """The last event that was read."""
        self._noted = -1
        """The last event that is noted in the store. After a restart the later ones are read again."""
        self._stale: dict[str, None] = {}
        """Drafts whose cards may be out of line, in order."""
        self._calls: deque[Event] = deque()
        self._later: dict[str, datetime] = {}
        """What could not be shown, a draft or `_CALL` or `_DIGEST` or `_UNNOTED` -> when to try again."""
        self._crowded = False
        """More drafts wait than cards are shown."""
        self._extra = 0
        """Cards that a manager asked for beyond the few."""
        self._digest: tuple[str, str] | None = None
        """Its message and fingerprint."""
        self._swept: datetime | None = None
        self._circuit = Circuit(
            f"{board.name} cards", parts.clock, most=MOST_FAILURES, first=FIRST_REST, longest=LONGEST_REST
        )

    def more(self) -> None:
        """A manager wants more cards."""
        self._extra += FEW
        if self._signal:
            self._signal.notify(frozenset())

    async def run(self) -> None:
        """Until cancelled. Without a connection it waits for one."""
        await self._take_up()
        taken_up = True
        with self._parts.store.signal() as self._signal:
            while True:
                if not self._board.ready:
                    taken_up = False
                    await self._signal.wait(RECONNECT)
                elif not taken_up:
                    await self._take_up()
                    taken_up = True
                elif rest := await finished(self._step()):
                    await self._signal.wait(rest)

    async def _take_up(self) -> None:
        """Go on where the cards were left, by this process or by another one."""
        store = self._parts.store
        notes = await store.read(lambda c: cards.notes(c, self.name))
        left = int(notes["seen"]) if "seen" in notes else self._seen or await store.last_event()
        self._seen = max(self._seen, left)
        self._calls = deque(call for call in self._calls if call.seq > left)
        self._swept = None
        self._digest = (notes["digest"], "") if notes.get("digest") else None
        self._crowded = self._digest is not None

    async def _step(self) -> float:
        """Do the most urgent thing. Returns the seconds until the next one is due."""
        if self._circuit.resting:
            return RECONNECT
        await self._sweep()
        await self._take_in()
        if await self._call():
            return 0
        if busy := self._board.busy_for():  # the board must not wait: a call for help must find the loop free
            return min(busy, RECONNECT)
        if await self._next() or await self._align():
            return 0
        await self._count()
        return self._rest()

    async def _sweep(self) -> None:
        """From time to time: look at all cards that may still change, and note how far the events are read."""
        now = self._parts.clock.now()
        if self._swept and now < self._swept + SWEEP:
            return
        self._swept = now
        await self._tried(_UNNOTED, self._board.adopt())
        await self._look_at_all()
        await self._mark(self._calls[0].seq - 1 if self._calls else self._seen)

    async def _look_at_all(self) -> None:
        self._stale |= dict.fromkeys(await self._parts.store.read(lambda c: cards.unsettled(c, self.name)))

    async def _take_in(self) -> None:
        now, changes = self._parts.clock.now(), self._board.changes
        self._later = {what: when for what, when in self._later.items() if when > now}
        for draft_id in [d for d, when in changes.items() if when <= now]:
            del changes[draft_id]
            self._stale[draft_id] = None
        if len(self._calls) >= MOST_CALLS:
            return
        for event in await self._parts.store.events(after=self._seen):
            self._seen = event.seq
            if event.draft_id:
                self._stale[event.draft_id] = None
            if event.name in CALLS:
                self._calls.append(event)
            if event.name in ON_ALL_CARDS:
                await self._look_at_all()

    def _rest(self) -> float:
        """Seconds until something is due."""
        now = self._parts.clock.now()
        due = min([now + SWEEP, *self._board.changes.values(), *self._later.values()])
        return max(0.05, (due - now).total_seconds())

    async def _call(self) -> bool:
        """Send the messages that events cause. False when there is nothing to send."""
        while self._calls and _CALL not in self._later:
            about = self._calls[0].draft_id
            if about and about not in self._later:
                await self._tried(about, self._board.show(about))  # its card comes before the call that names it
            call = await call_of(self._calls[0], self._parts, self.name)
            if call and call.examples:
                call = await self._linked(call)
            silent = self._board.quiet() and call is not None and call.who is None
            if call and not await self._tried(_CALL, self._board.send_call(call, silent=silent)):
                return False
            done = self._calls.popleft()
            if call:
                await self._mark(done.seq)
                return True
        return False

    async def _linked(self, call: Call) -> Call:
        """The call with links to its examples, each on its own line. They get their cards first."""
        lines = [call.text]
        for draft_id in call.examples:
            if draft_id not in self._later:
                await self._tried(draft_id, self._board.show(draft_id))
            if link := await self._board.link(draft_id):
                lines.append(link)
        return replace(call, text="\n".join(lines))

    async def _next(self) -> bool:
        waiting = await self._parts.store.read(lambda c: cards.cardless(c, self.name, FEW + 1, self._later))
        self._crowded = bool(waiting) and (self._crowded or len(waiting) > FEW)
        if not waiting or not await self._room(waiting[0]):
            return False
        await self._tried(waiting[0].id, self._board.show(waiting[0].id))
        return True

    async def _room(self, draft: Draft) -> bool:
        """Whether this card may be shown now. Of many, only a few are shown at once; a risk never waits."""
        if draft.risk or not self._crowded:
            return True
        if self._extra:
            self._extra -= 1
            return True
        return await self._parts.store.read(lambda c: cards.count_open(c, self.name)) < FEW

    async def _align(self) -> bool:
        draft_id = next((d for d in self._stale if d not in self._later), None)
        if draft_id is None:
            return False
        del self._stale[draft_id]
        if await self._parts.store.read(lambda c: cards.get(c, self.name, draft_id)):
            await self._tried(draft_id, self._board.show(draft_id))
        return True

    async def _tried(self, what: str, work: Awaitable[None]) -> bool:
        again = self._parts.clock.now() + SWEEP
        try:
            async with asyncio.timeout(REQUEST):
                await work
        except self._board.trouble as error:  # each holds an OSError, as a TimeoutError is
            why = self._board.explain(error)
            log.warning("card_not_shown", surface=self.name, what=what, why=why)
            if self._board.unanswered(error):
                self._circuit.failed(why)
            self._later[what] = again
            if what not in (_CALL, _DIGEST, _UNNOTED):
                self._stale[what] = None
            return False
        if self._circuit.trying:
            self._circuit.well()
        return True

    async def _count(self) -> None:
        """Keep the digest in line: one message for all drafts without a card."""
        if _DIGEST in self._later:
            return
        store, crowded = self._parts.store, self._crowded
        hidden = await store.read(lambda c: cards.cardless(c, self.name, MANY, self._later)) if crowded else []
        if hidden:
            await self._tried(_DIGEST, self._show_digest(hidden))
        elif self._digest:
            await self._tried(_DIGEST, self._board.delete(self._digest[0]))
            self._digest = None
            await self._note(digest="")

    async def _show_digest(self, hidden: list[Draft]) -> None:
        kinds = Counter(said(draft.risk[0] if draft.risk else draft.intent or "hand-off") for draft in hidden)
        rendered = self._board.render_digest(digest(kinds, min(draft.waiting_since for draft in hidden), FEW))
        print_ = self._board.fingerprint(rendered)
        if self._digest and self._digest[1] == print_:
            return
        message_id = self._digest[0] if self._digest else None
        if message_id:
            try:
                await self._board.edit(message_id, rendered)
            except Gone:
                self._digest = None
                return
        else:
            message_id = await self._board.send_digest(rendered, silent=self._board.quiet())
            await self._note(digest=message_id)
        self._digest = (message_id, print_)
        self._later[_DIGEST] = self._parts.clock.now() + DIGEST_EVERY

    async def _mark(self, seen: int) -> None:
        """Note how far the events are read, so that no call is repeated after a restart."""
        if self._noted != seen:
            self._noted = seen
            await self._note(seen=str(seen))

    async def _note(self, **values: str) -> None:
        now = self._parts.clock.now()
        await self._parts.store.write(lambda c: cards.note(c, self.name, now, **values))
