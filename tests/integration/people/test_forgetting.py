"""Whatever a fan said yes to, in whatever order: after /forget nothing of them is left, and nothing is remembered that
nobody said yes to."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import tempfile
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from bot.consent import Kind
from bot.content import Content
from bot.domain import Refused
from bot.people import memory
from bot.people.fans import FORGET
from bot.store import consents, people
from responders.pipeline import Pipeline, build
from tests.integration.operators import PLAIN, texts, write
from tests.integration.people.conftest import ROOT, Own
from tests.integration.people.test_memory import REMEMBERING

ACCOUNTS = (("stage", "zqida"), ("telegram", "zqidb"), ("stage", "zqidc"))
ACCOUNT = st.sampled_from(ACCOUNTS)
LETTERS = "abcdefghij"
COMMANDS = ("stop", "start", "mydata", "link")


@cache
def remembering() -> Pipeline:
    """Reads praise, speaks of what is remembered, and has the shipped words for questions."""
    notices = (ROOT / "templates/en/people").glob("*.md")
    shipped = {f"en/people/{path.name}": path.read_text(encoding="utf-8") for path in notices}
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), {**texts("", REMEMBERING, PLAIN), **shipped})
        library = Content(Path(folder)).load().library
    return build(library, reads=Own({"lovely": "praise"}))


class Forgetting(RuleBasedStateMachine):
    """Two platforms, three accounts, a manager who says yes to everything."""

    open_house: ClassVar[Callable[[], Any]]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.house = self.open_house()
        self.house.pipeline = remembering()
        self.run(self.house.open())
        self.count = itertools.count()
        self.said: dict[tuple[str, str], set[str]] = {account: {account[1]} for account in ACCOUNTS}
        self.posts: list[str] = []
        self.code = "nothing"

    def run(self, work: Awaitable[Any]) -> Any:
        return self.runner.run(work)  # type: ignore[arg-type]  # every awaitable here is a coroutine

    def attempt(self, work: Awaitable[Any]) -> None:
        try:
            self.run(work)
        except Refused as refused:
            note(refused.message)

    def teardown(self) -> None:
        self.run(self.house.close())
        self.house.database.close()
        self.runner.close()

    def word(self, account: tuple[str, str]) -> str:
        """A word that only this account has said."""
        word = "zq" + "".join(LETTERS[int(digit)] for digit in str(next(self.count)))
        self.said[account].add(word)
        return word

    def says(self, account: tuple[str, str], command: str, words: str = "") -> Any:
        answer = self.run(self.house.fans.answer(command, *account, words))
        assert len(answer.text) <= 2000
        assert all(len(button.value) <= 24 and button.value.isascii() for button in answer.buttons)
        return answer

    @initialize()
    def begin(self) -> None:
        for account in ACCOUNTS[:2]:
            self.remember(account)
            self.tell(account)
        self.post(ACCOUNTS[0], spoken_to=True)
        self.post(ACCOUNTS[1], spoken_to=False)

    @rule(account=ACCOUNT, spoken_to=st.booleans())
    def post(self, account: tuple[str, str], spoken_to: bool) -> None:
        platform, fan = account
        text = f"the lanterns are lovely {self.word(account)}"
        name = self.word(account).capitalize()
        self.posts.append(self.run(self.house.post(text, fan, name=name, platform=platform, mentions_us=spoken_to)))

    @rule(account=ACCOUNT, yes=st.booleans())
    def remember(self, account: tuple[str, str], yes: bool = True) -> None:
        self.says(account, "remember")
        self.run(self.house.fans.press(*account, memory.YES if yes else memory.NO))

    @rule(account=ACCOUNT)
    def tell(self, account: tuple[str, str]) -> None:
        self.says(account, "remember", f"I paint lanterns {self.word(account)}")
        self.says(account, "callme", f"Mx {self.word(account).capitalize()}")

    @rule(account=ACCOUNT, command=st.sampled_from(COMMANDS))
    def command(self, account: tuple[str, str], command: str) -> None:
        answer = self.says(account, command)
        if found := re.search(r"code is (\w+)", answer.text):
            self.code = found[1]

    @rule(account=ACCOUNT)
    def use_the_code(self, account: tuple[str, str]) -> None:
        self.says(account, "link", self.code)

    @rule(account=ACCOUNT, other=ACCOUNT)
    def link(self, account: tuple[str, str], other: tuple[str, str]) -> None:
        self.command(account, "link")
        self.use_the_code(other)

    @rule(account=ACCOUNT, teller=ACCOUNT, forget=st.booleans())
    def speak_of_it_and_take_it_back(self, account: tuple[str, str], teller: tuple[str, str], forget: bool) -> None:
        """A reply says what the fan told us on another account; then the fan is remembered no more."""
        self.link(teller, account)
        self.post(account, spoken_to=True)
        self.a_manager_says_yes()
        for button in self.says(account, "mydata").buttons:
            if button.value.startswith(memory.BACK):
                self.run(self.house.fans.press(*account, button.value))
        if forget:
            self.forget(teller, during_a_send=False)

    @rule(account=ACCOUNT, which=st.integers(0, 9))
    def press_a_button(self, account: tuple[str, str], which: int) -> None:
        if buttons := self.says(account, "mydata").buttons:
            self.run(self.house.fans.press(*account, buttons[which % len(buttons)].value))

    @rule(which=st.integers(0, 3), kind=st.sampled_from([Kind.STAGE, Kind.ANSWER]))
    def a_manager_asks(self, which: int, kind: Kind) -> None:
        self.attempt(self.house.asks.propose(kind, self.posts[-1 - which % len(self.posts)], "mara"))

    @rule(send=st.booleans())
    def a_manager_says_yes(self, send: bool = True) -> None:
        waiting = "SELECT id AS draft_id, revision FROM drafts WHERE state = 'waiting'"
        for card in self.house.database.rows(waiting):
            self.attempt(self.house.press(card, "approve"))
        if send:
            self.run(self.house.send())

    @rule(
        account=ACCOUNT, value=st.sampled_from(["scope:here", "days:0", "as:", "as:own", "as:shown", "no", "withdraw"])
    )
    def the_fan_answers(self, account: tuple[str, str], value: str) -> None:
        for consent in self.run(self.house.store.read(lambda c: consents.of_fan(c, *account))):
            if consent.post_id:
                self.run(self.house.asks.press(*account, consent.id, value))

    @rule(account=ACCOUNT, forget=st.booleans())
    def shown_on_stage(self, account: tuple[str, str], forget: bool) -> None:
        self.post(account, spoken_to=False)
        self.a_manager_asks(0, Kind.STAGE)
        self.a_manager_says_yes()
        for value in ("scope:here", "days:0", "as:shown"):
            self.the_fan_answers(account, value)
        self.a_manager_says_yes()
        if forget:
            self.forget(account, during_a_send=False)

    @rule(outcome=st.sampled_from(["sent", "later", "refused"]))
    def send(self, outcome: str) -> None:
        self.house.stage.script.append(outcome)
        self.run(self.house.send())
        self.house.stage.script.clear()

    @rule(hours=st.sampled_from([1, 30, 24 * 8]))
    def time_passes(self, hours: int) -> None:
        self.house.clock.move(hours=hours)
        self.run(self.house.rounds.once())
        self.run(self.house.quiet())

    @rule(account=ACCOUNT, during_a_send=st.booleans())
    def forget(self, account: tuple[str, str], during_a_send: bool) -> None:
        person = self.run(self.house.store.read(lambda c: people.of(c, *account)))
        linked = person.accounts if person else (account,)

        async def forget(_: object = None) -> None:
            self.house.stage.meanwhile = None
            await self.house.fans.press(*account, FORGET)

        if during_a_send:
            self.house.stage.meanwhile = forget
            self.run(self.house.send())
        if self.house.stage.meanwhile or not during_a_send:
            self.run(forget())
        for _ in range(3):  # what was on stage is taken down
            self.run(self.house.send())
        for one in linked:
            self.is_nowhere(one)
            self.said[one] = {one[1]}

    def is_nowhere(self, account: tuple[str, str]) -> None:
        """No table, file or export has a word, a name or the id of an account, but for the opt-out that they wished."""
        look = self.house.database
        opted_out = bool(look.rows("SELECT 1 FROM fans WHERE fan_id = ? AND opted_out_at IS NOT NULL", account[1]))
        for table in look.tables():
            rows = str([[*row.values()] for row in look.rows(f"SELECT * FROM {table}")]).casefold()  # noqa: S608 - of the database
            for word in self.said[account]:
                allowed = opted_out and (table, word) == ("fans", account[1])
                assert allowed or not re.search(rf"{word}(?![a-j])", rows), (table, word)
        export = self.run(self.house.store.export(*account))
        rest = {name: value for name, value in export.items() if value and name not in {"platform", "fan_id"}}
        assert rest.keys() <= {"opted_out_at"}, json.dumps(rest)
        on_stage = (
            "SELECT d.external_id FROM deliveries d JOIN drafts ON drafts.id = d.draft_id WHERE purpose = 'stage'"
        )
        shown = {row["external_id"] for row in look.rows(on_stage)} & self.house.stage.shown.keys()
        for message in shown:
            text = self.house.stage.shown[message][2].casefold()
            assert not any(re.search(rf"{word}(?![a-j])", text) for word in self.said[account])

    @invariant()
    def memory_stands_on_a_yes(self) -> None:
        """Who is remembered said so on each account, who did not is not, and nothing hangs in the air."""

        def check(connection: Any) -> None:
            known = people.everybody(connection)
            assert all(person.accounts and len(person.things) <= memory.MOST_THINGS for person in known)
            remembered = {account for person in known for account in person.accounts}
            given = {(one.platform, one.fan_id) for one in consents.given(connection, Kind.MEMORY)}
            assert remembered == given

        self.run(self.house.store.read(check))
        for table in ("things", "honours", "link_codes"):
            hanging = f"SELECT 1 FROM {table} WHERE person_id NOT IN (SELECT id FROM people)"  # noqa: S608 - one of three
            assert not self.house.database.rows(hanging)

    @invariant()
    def no_draft_that_waits_lacks_its_yes(self) -> None:
        lacking = (
            "SELECT drafts.id FROM drafts JOIN uses ON uses.draft_id = drafts.id JOIN consents "
            "ON consents.id = consent_id WHERE drafts.state IN ('waiting', 'snoozed') AND consents.state != 'yes'"
        )
        assert not self.house.database.rows(lacking)


@pytest.mark.whole
def test_whatever_a_fan_said_yes_to(build_house: Callable[[], Any]) -> None:
    Forgetting.open_house = staticmethod(build_house)
    run_state_machine_as_test(
        Forgetting,
        settings=settings(
            max_examples=10, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
