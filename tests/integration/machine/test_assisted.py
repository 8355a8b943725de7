"""The same story with a language model beside it, which answers well, badly, late or not at all, while everything else
goes on. The same laws must hold, and those of the model."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from bot import settings as config
from bot.assistant.helper import Helper
from bot.assistant.port import Assistant, AssistantFault, Reply, Unanswered
from bot.domain import Refused
from bot.store import assistant
from responders.assistant import Brief
from responders.pipeline import Pipeline
from responders.types import ASSISTANT
from tests.fakes.assistant import says
from tests.integration.conftest import UNCLEAR, House, Stage
from tests.integration.machine.test_machine import CHANGES, LETTERS, TEXTS, WHICH, Machine, waiting

pytestmark = pytest.mark.whole

BLOCK = "assistant: {endpoint: 'http://127.0.0.1:1/v1', model: small-model, processor: our own}\n"
WORDED = (TEXTS["praise"], TEXTS["question"], TEXTS["complaint"], UNCLEAR, UNCLEAR)
HOW = (
    "thanks",
    "thanks",
    "echo",
    "echo",
    "invents",
    "praise",
    "praise",
    "complaint",
    "crisis",
    "nonsense",
    "late",
    "killed",
)
MEANWHILE = (None, None, None, *CHANGES, "noai", "stop", "approve", "reject", "open", "propose", "snooze")


class Scripted(Assistant):
    """A model that says what the story wants, and shows what it was given."""

    name = "scripted"

    def __init__(self, given: Callable[[Brief], Awaitable[None]]) -> None:
        self.given = given
        self.how = "thanks"

    async def ask(self, brief: Brief) -> Reply:
        await self.given(brief)
        if self.how == "late":
            raise Unanswered(AssistantFault.LATE, "It has no time.", retry=True)
        if self.how == "killed":
            raise asyncio.CancelledError
        post = json.loads(brief.user)["post"]
        answers = {
            "thanks": says("Thank you so much."),
            "echo": says(post),
            "invents": says("@everyone It is fixed on Friday, see https://harbor.example"),
            "nonsense": "{",
        }
        return Reply(text=answers.get(self.how, says("Thank you.", self.how)), tokens_in=7, tokens_out=3)

    async def aclose(self) -> None:
        pass


class Assisted(Machine):
    """`Machine` with the model."""

    pipeline: ClassVar[Pipeline]

    def __init__(self) -> None:
        super().__init__()
        house: House = self.house
        in_use = {"model": "small-model", "host": "127.0.0.1"}
        self.run(house.store.write(lambda c: assistant.switch(c, in_use, house.clock.now())))
        self.model = Scripted(self._given)
        self.asked: set[str] = set()
        """Drafts that the model was asked about."""
        self.no: set[str] = set()
        """Fans whose words it must not see."""
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        self.asking: str | None = None
        """The draft that is asked about."""
        self.moved: Any = None
        """That draft as it was when the model answered."""
        self.wrong: list[AssertionError] = []
        """What was wrong with a question. The program goes on when a model fails, so it is told after that."""

    # What fans say of it

    @rule(fan=st.integers(0, 2), off=st.booleans())
    def say_noai(self, fan: int, off: bool) -> None:
        who = f"zqid{LETTERS[fan]}{self.generation[fan]}"
        self.run(self._noai(who, off))

    async def _noai(self, who: str, off: bool = False) -> None:
        await self.house.fans.answer("noai", "stage", who, "off" if off else "")
        self.no = self.no - {who} if off else self.no | {who}

    @rule(fan=st.integers(0, 2))
    def opt_out(self, fan: int) -> None:
        self.no.add(f"zqid{LETTERS[fan]}{self.generation[fan]}")
        super().opt_out(fan)

    # What the model does

    @rule(
        fan=st.integers(0, 2),
        channel=st.sampled_from("ab"),
        text=st.sampled_from(WORDED),
        how=st.sampled_from(HOW),
        meanwhile=st.sampled_from(MEANWHILE),
        to=st.integers(0, 4),
    )
    def post_and_ask(self, fan: int, channel: str, text: str, how: str, meanwhile: str | None, to: int) -> None:
        self._post(fan, channel, text, answers=self.posts[-to] if 0 < to <= len(self.posts) else None)
        found = self.rows("SELECT * FROM drafts WHERE post_id = ?", self.posts[-1])
        if found:
            self._consult(found[0], how, meanwhile, twice=False)

    @rule(fan=st.integers(0, 2), channel=st.sampled_from("ab"), how=st.sampled_from(("praise", "complaint")))
    def post_what_is_unclear(self, fan: int, channel: str, how: str) -> None:
        self.post_and_ask(fan, channel, UNCLEAR, how, None, 0)

    @precondition(waiting)
    @rule(which=WHICH, how=st.sampled_from(HOW), meanwhile=st.sampled_from(MEANWHILE), twice=st.booleans())
    def ask_about_any(self, which: int, how: str, meanwhile: str | None, twice: bool) -> None:
        found = self.rows("SELECT * FROM drafts WHERE state IN ('waiting', 'snoozed') ORDER BY created_at DESC")
        self._consult(found[which % len(found)], how, meanwhile, twice)

    def _consult(self, draft: Any, how: str, meanwhile: str | None, twice: bool) -> None:
        who = self.fan_of.get(draft["post_id"])

        async def happen() -> None:
            if meanwhile in CHANGES:
                await self._change(draft["post_id"], str(meanwhile))
            elif meanwhile == "noai" and who:
                await self._noai(who)
            elif meanwhile == "stop" and who:
                await self._stop(who)
            elif meanwhile:
                more = {"propose": {"text": "Our own words."}, "snooze": {"minutes": 60}}.get(meanwhile, {})
                card = await self.house.again({"draft_id": draft["id"]})
                try:
                    await self.house.press(card, meanwhile, **more)
                except Refused as refused:
                    note(f"refused: {refused.code}")

        self.model.how, self.meanwhile, self.asking, self.moved = how, happen, draft["id"], None
        self.run(self._ask(draft["id"], twice))
        self.asking = None
        for wrong in self.wrong:
            raise wrong
        if how == "killed":
            self.run(self.house.restart())
        elif self.moved is not None:
            self._compare(draft, self.moved, self._row(draft["id"]))

    async def _stop(self, who: str) -> None:
        """As in `opt_out`: an opt-out is kept, with the id it is for."""
        await self.house.fans.answer("stop", "stage", who)
        self.no.add(who)
        self.words[who].discard(who)
        for fan in self.generation:
            self.generation[fan] += who == f"zqid{LETTERS[fan]}{self.generation[fan]}"

    async def _ask(self, draft_id: str, twice: bool) -> None:
        """Two processes at once may come upon the same card."""
        working = [self._helper().ask(draft_id) for _ in range(1 + twice)]
        for ended in await asyncio.gather(*working, return_exceptions=True):
            if isinstance(ended, BaseException) and not isinstance(ended, asyncio.CancelledError):
                raise ended

    def _helper(self) -> Helper:
        house: House = self.house
        section = house.settings.assistant
        assert section
        parts = (house.store, house.settings, house.clock, lambda: house.pipeline, self.model)
        return Helper(*parts, section=section, text_limit=lambda _: Stage.text_limit)

    async def _given(self, brief: Brief) -> None:
        """What the model is given, at the moment it is."""
        try:
            self._look_at(brief)
        except AssertionError as wrong:
            self.wrong.append(wrong)
            raise
        if self.meanwhile:
            await self.meanwhile()
            await self.house.quiet()  # an answer of the team counts once it is read
        self.moved = self._row(self.asking or "")

    def _look_at(self, brief: Brief) -> None:
        draft = self._row(self.asking or "")
        assert draft["id"] not in self.asked, "asked twice"
        self.asked.add(draft["id"])
        assert draft["state"] == "waiting", dict(draft)
        assert (draft["risk"], draft["opened_by"], draft["own_words"]) == (None, None, 0), dict(draft)
        words = set(re.findall(r"\w+", brief.user.casefold()))
        assert TEXTS["crisis"] not in brief.user
        author = self.fan_of[draft["post_id"]]
        assert author not in self.no
        for who, theirs in self.words.items():
            names = {word for word in theirs if word.startswith(("zqid", "zqname"))}
            assert not words & (theirs if who in self.no | self.forgotten else names if who != author else {who})

    def _row(self, draft_id: str) -> Any:
        return self.rows("SELECT * FROM drafts WHERE id = ?", draft_id)[0]

    def _compare(self, before: Any, moved: Any, after: Any) -> None:
        """An answer changes a card only if nothing else did meanwhile. A wording takes nothing away, and a reading
        never comes to a card that somebody has opened."""
        if dict(moved) == dict(after):
            return
        who = self.fan_of[before["post_id"]]
        assert who not in self.no | self.forgotten
        assert (moved["revision"], moved["state"]) == (before["revision"], after["state"])
        if after["revision"] == moved["revision"]:
            kept, now = json.loads(moved["alternatives"] or "[]"), json.loads(after["alternatives"])
            assert now[:-1] == kept
            assert now[-1]["template"] == ASSISTANT
            changed = {name for name in dict(after) if after[name] != moved[name]}
            assert changed <= {"alternatives", "updated_at"}, changed
        else:
            assert after["revision"] == moved["revision"] + 1
            assert (before["kind"], moved["opened_by"]) == ("handoff", None)
            assert after["template"] != ASSISTANT, "its words are never laid on the card by themselves"

    @precondition(waiting)
    @rule(which=WHICH, look=st.booleans())
    def take_its_words(self, which: int, look: bool) -> None:
        """A manager says yes to a wording of the model, in one press or after it was put on the card."""
        found = [
            (row["id"], number, other["text"])
            for row in self.rows("SELECT id, alternatives FROM drafts WHERE state = 'waiting'")
            for number, other in enumerate(json.loads(row["alternatives"] or "[]"), 1)
            if other["template"] == ASSISTANT
        ]
        if not found:
            return
        draft_id, number, text = found[which % len(found)]
        card = self.run(self.house.again({"draft_id": draft_id}))
        if card["text"] is not None or look:
            old, laid = card, self.attempt(self.house.press(card, "reword", alternative=number))
            assert not isinstance(laid, Refused)
            assert laid["text"] == text
            stale = self.attempt(self.house.press(old, "approve"))
            assert isinstance(stale, Refused), "a yes to the words before is no yes to these"
            done = self.attempt(self.house.press(laid, "approve"))
        else:
            done = self.attempt(self.house.press(card, "approve", alternative=number))
        note(f"the model's words: {done if isinstance(done, Refused) else done['state']}")
        if not isinstance(done, Refused):
            assert [d["text"] for d in done["deliveries"] if d["state"] != "recalled"] == [text]


def test_whatever_happens_with_a_model(build_house: Callable[[str], House], torn: Pipeline) -> None:
    def build(replies: str) -> House:
        house = build_house(replies)
        path = house.settings.path
        path.write_text(path.read_text(encoding="utf-8") + BLOCK, encoding="utf-8")
        house.settings, house.pipeline = config.load(path, {}), torn
        return house

    Assisted.build = staticmethod(build)
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    limits = settings(
        max_examples=30, stateful_step_count=40, deadline=None, print_blob=True, suppress_health_check=checks
    )
    run_state_machine_as_test(Assisted, settings=limits)
