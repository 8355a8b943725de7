"""Plays the month: fans write, managers decide like people, and what the story wants happens on its days."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import singledispatchmethod

from bot.adapters.web.platform import NAME
from bot.consent import Kind, State
from bot.desk.view import CardView
from bot.domain import Action, Alternative, Command, Draft, Purpose, Refused
from bot.people import memory
from bot.people.fans import FORGET
from bot.store import consents, topics
from tests.demo.books import Books
from tests.demo.script import (
    ANSWERS,
    AsksFor,
    Forgets,
    Holds,
    Introduces,
    Lifts,
    Marks,
    Presses,
    Remembers,
    Says,
    Step,
    Topic,
    Writes,
)
from tests.demo.town import LONG, Town, fan_id

HOUR = timedelta(hours=1)
DAY, NIGHT = timedelta(minutes=30), timedelta(hours=2)
"""How often somebody looks at the desk by day, and how often time is let pass by night."""
WAKING = range(7, 23)
EARLY, LATE = range(7, 14), range(14, 23)
"""Mara has the early hours, Tom the late ones."""
GIVES_UP = timedelta(days=4)
"""After so long a manager closes a card that they had left."""
SOON = timedelta(minutes=2)
"""Within this time what was erased is gone from the disk."""
AT_ONCE = 3
"""Drafts that are on their way when a hold begins."""
SENDS, SKIPS = 0.88, 0.06
"""How often a manager sends a draft as it is, and skips one."""
_NUMBERS = {"first": 1, "second": 2, "third": 3}


class Month:
    """One month of a town, the same for the same seed."""

    def __init__(self, town: Town, seed: int = 1) -> None:
        self.town = town
        self.seed = seed
        self.refused: Counter[str] = Counter()
        """What the desk, and the rules for asking fans, did not allow: code -> how often."""
        self.traces: list[str] = []
        """Where something was left of a fan, right after they were forgotten."""
        self._passed: set[str] = set()
        """Drafts that managers looked at and left."""
        self._thought: datetime | None = None

    async def play(self, steps: Iterable[Step], until: timedelta = LONG) -> None:
        """Everything up to a time since the start."""
        for step in steps:
            if step.after > until:
                break
            await self._until(self.town.start + step.after)
            await self._happen(step)
        await self._until(self.town.start + until)
        await self.town.think()
        await self.town.pass_time()

    async def _until(self, moment: datetime) -> None:
        """Let time pass, with people at the desk."""
        clock = self.town.clock
        while (left := moment - clock.now()) > timedelta():
            pause = DAY if self._hour() in WAKING else NIGHT
            clock.move_to(clock.now() + min(pause, left))
            if left < pause:
                return
            await self._look()

    async def _look(self) -> None:
        await self.town.pass_time()
        now = self.town.clock.now()
        if self._thought is None or now - self._thought >= HOUR:
            self._thought = now
            await self.town.think()
        if self._hour() in WAKING:
            await self._decide_all()

    def _hour(self) -> int:
        return self.town.settings.community.local(self.town.clock.now()).hour

    # What happens.

    @singledispatchmethod
    async def _happen(self, step: Step) -> None:
        raise TypeError(type(step).__name__)

    @_happen.register
    async def _(self, step: Says) -> None:
        await self.town.post(step)
        await self.town.watch.once()
        if step.written:
            await self._decide_all()

    @_happen.register
    async def _(self, step: Remembers) -> None:
        fans, fan = self.town.fans, fan_id(step.remembers)
        await fans.answer("remember", NAME, fan)
        await fans.press(NAME, fan, memory.YES)
        if step.name:
            await fans.answer("callme", NAME, fan, step.name)
        for thing in step.things:
            await fans.answer("remember", NAME, fan, thing)

    @_happen.register
    async def _(self, step: Forgets) -> None:
        await self.town.fans.press(NAME, fan_id(step.forgets), FORGET)
        clock = self.town.clock
        clock.move_to(clock.now() + SOON)
        await self.town.pass_time()
        await self.town.think()
        self.traces += Books(self.town.settings, [*self.town.written.values(), step]).traces()

    @_happen.register
    async def _(self, step: AsksFor) -> None:
        post = self.town.ids[step.about]
        draft = await self.town.asks.propose(step.ask, post, step.by, incentive=step.incentive)
        await self._send(draft, step.by)

    @_happen.register
    async def _(self, step: Introduces) -> None:
        first, second = (fan_id(fan) for fan in step.introduce)
        await self.town.asks.introduce(*await self._newest_posts(first, second), step.by)
        for draft in await self._waiting():
            if draft.draft.purpose is Purpose.ASK:
                await self._send(draft.draft, step.by)

    async def _newest_posts(self, first: str, second: str) -> tuple[str, str]:
        by_fan = {fan_id(step.fan): post for post, step in self.town.written.items()}
        return by_fan[first], by_fan[second]

    @_happen.register
    async def _(self, step: Presses) -> None:
        fan = fan_id(step.fan)
        asked = await self.town.store.read(lambda c: consents.of_fan(c, NAME, fan))
        wanted = {State.ASKED, State.YES} if step.presses == ["withdraw"] else {State.ASKED}
        open_ = [one for one in asked if one.kind is step.to and one.state in wanted and one.asked_at]
        for value in step.presses:
            await self.town.asks.press(NAME, fan, open_[-1].id, value)
        await self.town.pass_time()
        await self.town.think()

    @_happen.register
    async def _(self, step: Writes) -> None:
        post = self.town.ids[step.credit]
        given = await self.town.store.read(lambda c: consents.of_post(c, post, Kind.ANSWER))
        text = (ANSWERS / step.file).read_text("utf-8").replace("{credit}", given[0].id)
        (self.town.settings.templates / "en/question" / step.file).write_text(text, encoding="utf-8")
        self.town.content.load()

    @_happen.register
    async def _(self, step: Holds) -> None:
        for card in (await self._waiting())[-AT_ONCE:]:  # these are approved, and not sent yet
            if card.draft.text:
                await self._command(card.draft, "tom", Action.APPROVE)
        await self.town.desk.hold(step.by, step.hold)

    @_happen.register
    async def _(self, step: Lifts) -> None:
        await self.town.desk.lift(step.by)

    @_happen.register
    async def _(self, step: Topic) -> None:
        topic = await self._topic_of(step.topic)
        await self.town.board.name(topic, step.name, step.by)
        await self.town.board.assign(topic, step.team, step.by)

    @_happen.register
    async def _(self, step: Marks) -> None:
        topic = await self._topic_of(step.mark)
        found = await self.town.store.read(lambda c: topics.get(c, topic))
        assert found
        await self.town.board.mark(topic, step.to, found.name, step.reason, step.by)

    async def _topic_of(self, post: str) -> str:
        await self.town.think()
        found = await self.town.store.read(lambda c: topics.topic_of(c, self.town.ids[post]))
        assert found, f"{post} is in no topic"
        return found

    # Who decides, and how.

    async def _waiting(self) -> list[CardView]:
        found, _ = await self.town.desk.drafts(limit=200)
        return found

    async def _decide_all(self) -> None:
        """Somebody goes through the desk, the oldest first, and leaves what they do not know how to answer."""
        by = "mara" if self._hour() in EARLY else "tom"
        if await self.town.desk.on_hold():
            return
        for card in await self._waiting():
            if card.draft.id not in self._passed:
                await self._decide(card, by)
            elif self.town.clock.now() - card.draft.created_at > GIVES_UP and not card.draft.risk:
                await self._press(card.draft, by, Action.REJECT)

    async def _decide(self, card: CardView, by: str) -> None:
        draft, step = card.draft, self.town.written[card.post.id]
        chance = random.Random(f"{self.seed}:{card.post.post.external_id}:{draft.purpose}").random()  # noqa: S311 - a story
        if draft.purpose is not Purpose.REPLY:
            await self._send(draft, by)
        elif step.does == "skip":
            await self._press(draft, by, Action.REJECT)
        elif step.does == "leave":
            self._passed.add(draft.id)
        elif step.written:
            await self._press(draft, by, Action.EDIT, text=step.written)
        elif draft.risk:
            await self._press(draft, by, Action.OPEN)  # somebody writes to them elsewhere
            self._passed.add(draft.id)
        elif draft.kind == "draft" and not draft.missing and chance < SENDS:
            await self._send(draft, by)
        elif draft.kind == "handoff":
            await self._answer_by_hand(card, step, by)
        elif chance > 1 - SKIPS:
            await self._press(draft, by, Action.REJECT)
        else:
            self._passed.add(draft.id)

    async def _answer_by_hand(self, card: CardView, step: Says, by: str) -> None:
        """A card without a text: a fitting ready reply is sent. Questions that nobody here can answer are left, and
        the rest needs no answer."""
        fitting = [number for number, one in enumerate(card.ready, 1) if self._fits(one, card.post.intent)]
        chosen = _NUMBERS.get(step.does or "", next(iter(fitting), None))
        if chosen:
            await self._press(card.draft, by, Action.APPROVE, alternative=chosen)
        elif card.post.intent in ("question", "complaint"):
            self._passed.add(card.draft.id)
        else:
            await self._press(card.draft, by, Action.REJECT)

    def _fits(self, ready: Alternative, intent: str | None) -> bool:
        template = self.town.content.pipeline.library.by_key[ready.template]
        return not ready.missing and template.intent == intent and (intent != "question" or template.is_faq)

    async def _send(self, draft: Draft, by: str) -> None:
        await self._press(draft, by, Action.APPROVE)

    async def _press(self, draft: Draft, by: str, action: Action, **more: object) -> None:
        """A press, and the undo window passes."""
        await self._command(draft, by, action, **more)
        clock = self.town.clock
        clock.move_to(clock.now() + timedelta(seconds=self.town.settings.replies.undo_seconds + 1))
        await self.town.outbox.once()
        await self.town.read()

    async def _command(self, draft: Draft, by: str, action: Action, **more: object) -> None:
        command = Command(draft_id=draft.id, revision=draft.revision, by=by, action=action, **more)  # type: ignore[arg-type]
        try:
            await self.town.desk.decide(command)
        except Refused as refused:
            self.refused[f"{refused.code}: {refused.message}"] += 1
            self._passed.add(draft.id)
