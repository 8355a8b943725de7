"""Asks the language model about cards that wait, and puts what it says onto them. Nothing waits for this part."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from bot.assistant.port import Assistant, AssistantFault, Reply, Unanswered
from bot.circuit import Circuit
from bot.errors import StoreError
from bot.events import Happened
from bot.ports import Clock
from bot.queue import assisted
from bot.queue.assisted import Answer, Question
from bot.settings import AssistantSection, Settings
from bot.store import Connection, Store, assistant
from bot.store.assistant import End
from bot.worker import TookTooLong, Worker
from responders.assistant import (
    Brief,
    Given,
    Nonsense,
    Suggestion,
    brief,
    candidate,
    given,
    grounded,
    read_again,
    read_answer,
)
from responders.pipeline import Pipeline
from responders.selection.choose import SAME_ANSWER
from responders.selection.verdict import Case, dangerous
from responders.types import Candidate, CheckResult, Level, Proposal, Wording

log = structlog.get_logger()

AT_ONCE = 4
"""Questions that are open at once. The cards that wait for one are rows; nothing is queued in memory."""
LOOK = 5.0
"""Seconds between two looks for cards; a signal brings the next one forward."""
_IN_A_ROW = 3
"""Failures after which the model is left alone for a while."""
_FIRST_REST, _LONGEST_REST = timedelta(seconds=30), timedelta(minutes=10)
_WAKES = (
    Happened.DRAFT_WAITING,
    Happened.HOLD_LIFTED,
    Happened.ASSISTANT_ALLOWED,
    Happened.FAN_OPTED_IN,
)
_FAULTS = {
    AssistantFault.LATE: End.LATE,
    AssistantFault.DOWN: End.DOWN,
    AssistantFault.BUSY: End.BUSY,
    AssistantFault.REFUSED: End.REFUSED,
    AssistantFault.NONSENSE: End.NONSENSE,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Prepared:
    """A question, ready to be asked."""

    question: Question
    first: Proposal
    given: Given
    brief: Brief

    @property
    def characters(self) -> int:
        """Of all that is sent."""
        return len(self.brief.system) + len(self.brief.user)


class Helper:
    """Follows signals and reads rows. The desk and the intake do not know it."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Clock,
        pipeline: Callable[[], Pipeline],
        model: Assistant,
        *,
        section: AssistantSection,
        text_limit: Callable[[str], int],
    ) -> None:
        """`section` is that of the settings; `pipeline` gives the one in use; `text_limit` the longest reply of a
        platform."""
        self._section = section
        self._store = store
        self._settings = settings
        self._clock = clock
        self._pipeline = pipeline
        self._model = model
        self._text_limit = text_limit
        self._worker = Worker("assistant")
        self._calls: dict[str, asyncio.Task[None]] = {}
        """Draft -> its question."""
        self._later: set[str] = set()
        """Drafts that could not be asked about just now; until the next look."""
        self.circuit = Circuit("assistant", clock, most=_IN_A_ROW, first=_FIRST_REST, longest=_LONGEST_REST)

    @property
    def rests(self) -> str | None:
        """Why the model is left alone now, in a sentence; None while it is asked."""
        return self.circuit.why if self.circuit.resting else None

    async def run(self) -> None:
        """Until cancelled. Open questions end at once then; their cards stay as they are."""
        with self._store.signal(*_WAKES) as signal:
            heard = asyncio.ensure_future(signal.wait(LOOK))
            try:
                while True:
                    await self.begin()
                    await asyncio.wait({heard, *self._calls.values()}, return_when=asyncio.FIRST_COMPLETED)
                    self._tidy()
                    if heard.done():
                        heard.result()
                        self._later.clear()
                        heard = asyncio.ensure_future(signal.wait(LOOK))
            finally:
                ending = [heard, *self._calls.values()]
                self._calls = {}
                for task in ending:
                    task.cancel()
                await asyncio.gather(*ending, return_exceptions=True)

    def _tidy(self) -> None:
        """Take out what has ended. An error of the program ends this part, which is started again."""
        for draft_id, call in [*self._calls.items()]:
            if call.done():
                del self._calls[draft_id]
                call.result()

    async def begin(self) -> int:
        """Ask about as many cards as there is room for. Returns how many that are."""
        room = self.circuit.room(AT_ONCE, len(self._calls))
        if not room:
            return 0
        since, but = self._clock.now() - assisted.SINCE, {*self._calls, *self._later}
        found = await self._store.read(lambda c: assistant.candidates(c, since, room, but))
        self._calls |= {draft_id: asyncio.create_task(self._handle(draft_id)) for draft_id in found}
        return len(found)

    async def _handle(self, draft_id: str) -> None:
        try:
            asked = await self.ask(draft_id)
        except TookTooLong:
            asked = False
        except StoreError as error:
            log.warning("assistant_not_asked", why=str(error))
            asked = False
        if not asked:
            self._later.add(draft_id)

    async def ask(self, draft_id: str) -> bool:
        """Ask about one card, once. False if it was not asked about."""
        ready = await self._worker.run(partial(self._prepare, draft_id))
        if not isinstance(ready, _Prepared):
            if ready:
                await self._store.write(lambda c: assisted.leave_out(c, ready, self._section, self._clock.now()))
            return False
        question, now = ready.question, self._clock.now()
        if not await self._store.write(lambda c: assisted.claim(c, question, self._settings, ready.characters, now)):
            return False
        begun = time.monotonic()
        try:
            async with asyncio.timeout(self._section.timeout.total_seconds()):
                reply = await self._model.ask(ready.brief)
        except TimeoutError:
            await self._unanswered(question, Unanswered(AssistantFault.LATE, "It took too long.", retry=True), begun)
        except Unanswered as unanswered:
            await self._unanswered(question, unanswered, begun)
        except Exception as error:  # a fault of an assistant that is not ours
            log.exception("assistant_failed")
            sentence = f"The assistant failed ({type(error).__name__})."
            await self._unanswered(question, Unanswered(AssistantFault.DOWN, sentence, retry=True), begun)
        else:
            self.circuit.well()
            await self._answered(ready, reply, _spent(begun, reply))
        return True

    async def _unanswered(self, question: Question, why: Unanswered, begun: float) -> None:
        self.circuit.failed(str(why), at_once=why.reason is AssistantFault.BUSY)
        end, spent = _FAULTS[why.reason], _spent(begun)
        await self._store.write(lambda c: assisted.finish(c, question, end, self._clock.now(), **spent))

    async def _answered(self, ready: _Prepared, reply: Reply, spent: dict[str, Any]) -> None:
        """Read the answer, check it, and put it onto the card."""
        question, now = ready.question, self._clock.now()
        try:
            answer, blocked = await self._worker.run(partial(self._weigh, ready, reply.text))
        except (Nonsense, TookTooLong):
            await self._store.write(lambda c: assisted.finish(c, question, End.NONSENSE, now, **spent))
            return

        checks = sorted({check.id for check in blocked}) or None

        def operation(connection: Connection) -> None:
            end, read = assisted.take(connection, question, answer, self._settings, now)
            if checks and end is End.NOTHING:
                end = End.BLOCKED
            assisted.finish(connection, question, end, now, read=read, checks=checks, **spent)

        await self._store.write(operation)

    def _prepare(self, draft_id: str) -> _Prepared | Question | None:
        """On a thread: read the card and write the brief. A question alone is one that is never asked."""
        now, pipeline = self._clock.now(), self._pipeline()
        question = self._store.read_here(lambda c: assisted.look(c, draft_id, self._settings, now))
        if question is None:
            return None
        post, around = question.post.post, question.context
        first = pipeline.run(post, around)
        read = first.understanding
        one_answer = read.intent in SAME_ANSWER or question.draft.intent in SAME_ANSWER
        if not post.text.strip() or one_answer or dangerous(Case(post=post, context=around, understanding=read)):
            return question
        unsure = question.draft.kind == "handoff" and not question.draft.text
        uses = [use for use in self._section.uses if use == "wording" or unsure]
        if not uses:
            return question
        known = given(*question.seen, read, pipeline.library)
        return _Prepared(question=question, first=first, given=known, brief=brief(known, pipeline.library, uses))

    def _weigh(self, ready: _Prepared, text: str) -> tuple[Answer, list[CheckResult]]:
        """On a thread: what of an answer may come onto the card, and the checks that stopped its wording. Raises
        Nonsense."""
        pipeline, question = self._pipeline(), ready.question
        suggestion = read_answer(text, pipeline.library, ready.given.facts)
        wording, blocked = None, list[CheckResult]()
        if "wording" in self._section.uses:
            wording, blocked = self._worded(pipeline, ready, suggestion)
        reading = None
        if "reading" in self._section.uses:
            unknown = replace(question.context, history=None, credits={}, call_name=question.seen[1].call_name)
            reading = read_again(pipeline, question.post.post, unknown, ready.first, suggestion)
        return Answer(wording=wording, reading=reading, facts=pipeline.library.facts), blocked

    def _worded(
        self, pipeline: Pipeline, ready: _Prepared, suggestion: Suggestion
    ) -> tuple[Candidate | None, list[CheckResult]]:
        """The suggested reply with its remarks, or the checks that stop it."""
        found = candidate(suggestion, ready.given, model=self._section.model)
        if found is None:
            return None, []
        post, around = ready.question.post.post, ready.question.context
        wording = Wording(
            text=found.text,
            intent=ready.first.understanding.intent,
            quoted=found.quoted,
            sources=found.sources,
            template=found.template,
            variant=found.variant,
        )
        checks = [*self._bounds(found.text, post.platform), *grounded(found.text, ready.given)]
        checks += pipeline.check(wording, post, around) if not checks else ()
        blocked = [check for check in checks if check.level is Level.BLOCK]
        return (None if blocked else replace(found, checks=tuple(checks))), blocked

    def _bounds(self, text: str, platform: str) -> list[CheckResult]:
        limit = self._text_limit(platform)
        too_long = len(text.encode("utf-16-le")) // 2 > limit
        note = f"It is longer than the {limit} characters that can be sent."
        return [CheckResult(id="too-long", level=Level.BLOCK, note=note)] if too_long else []


def _spent(begun: float, reply: Reply | None = None) -> dict[str, Any]:
    took = {"took_ms": round(1000 * (time.monotonic() - begun))}
    return took if reply is None else {**took, "tokens_in": reply.tokens_in, "tokens_out": reply.tokens_out}
