"""Posts, edits, decisions, crashes and time in any order. After each step the laws must hold."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.adapters.web import views
from bot.domain import DELIVERY_MOVES, MOVES, Action, Cause, Delivery, DraftState, Refused, seal

pytestmark = pytest.mark.whole

LEGAL = {
    "draft": {(old, new) for (old, _), new in MOVES.items()}
    | {(DraftState.SNOOZED, new) for (old, _), new in MOVES.items() if old is DraftState.WAITING},  # woken on the way
    "delivery": DELIVERY_MOVES,
}
CODES = {
    "not_a_manager",
    "already_decided",
    "stale_revision",
    "withdrawn",
    "superseded",
    "expired",
    "too_late",
    "blocked",
    "bad_action",
}
TEXTS = {
    "praise": "the colours on the map are gorgeous",
    "question": "how do I save please",
    "complaint": "the game crashes when I open the inventory",
    "crisis": "I want to kill myself",
    "offtopic": "fog again on the way to work",
    "solved": "never mind, fixed it",
}
OUTCOMES = (
    "sent",
    "later",
    "lost for now",
    "refused",
    "unsure arrived",
    "unsure lost",
    "broke arrived",
    "broke lost",
    "cut off arrived",
    "cut off lost",
)
CHANGES = ("edit", "white space", "delete", "answer", "undo", "forget")
WHICH = st.integers(0, 2)
"""Which of the last things something happens to, the newest first. Stories get interesting only where steps meet."""
LETTERS = "abcdefghij"


def under_way(machine: Machine) -> bool:
    return bool(machine.rows("SELECT 1 FROM deliveries WHERE state IN ('held', 'sending')"))


def waiting(machine: Machine) -> bool:
    return bool(machine.rows("SELECT 1 FROM drafts WHERE state IN ('waiting', 'snoozed')"))


class Machine(RuleBasedStateMachine):
    """The product's laws and its tables of moves, against a model that only counts what was done."""

    build: ClassVar[Callable[[str], Any]]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.house = self.build("undo_seconds: 10, per_fan: 6/1d, per_channel: 12/1h, expire_after: 24h")
        self.house.database.record()
        self.run(self.house.open())
        self.count = itertools.count()
        self.posts: list[str] = []
        self.fan_of: dict[str, str] = {}
        self.words: dict[str, set[str]] = {}
        self.generation = dict.fromkeys(range(3), 0)
        self.cards: list[dict[str, Any]] = []
        self.barred: set[str] = set()
        self.forgotten: set[str] = set()
        self.arrived = 0
        self.answered_posts: set[str] = set()

    def run(self, work: Awaitable[Any]) -> Any:
        return self.runner.run(work)  # type: ignore[arg-type]  # every awaitable here is a coroutine

    def attempt(self, work: Awaitable[Any]) -> Any:
        """The result, or the refusal."""
        try:
            return self.run(work)
        except Refused as refused:
            note(f"refused: {refused.code} {refused.message}")
            return refused

    def teardown(self) -> None:
        self.run(self.house.close())
        self.house.database.close()
        self.runner.close()

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        return self.house.database.rows(query, *values)

    # What fans, staff and managers do

    def marker(self) -> str:
        return "zq" + "".join(LETTERS[int(digit)] for digit in str(next(self.count)))

    @rule(
        fan=st.integers(0, 2), channel=st.sampled_from("ab"), kind=st.sampled_from(sorted(TEXTS)), to=st.integers(0, 3)
    )
    def post(self, fan: int, channel: str, kind: str, to: int) -> None:
        self._post(fan, channel, TEXTS[kind], answers=self.posts[-to] if 0 < to <= len(self.posts) else None)

    @initialize()
    def begin(self) -> None:
        for fan in range(3):
            self._post(fan, "a", TEXTS["praise"])

    @rule(fan=st.integers(0, 2), channel=st.sampled_from("ab"), kind=st.sampled_from(["praise", "complaint"]))
    def post_what_is_drafted_for(self, fan: int, channel: str, kind: str) -> None:
        self._post(fan, channel, TEXTS[kind])

    def _post(self, fan: int, channel: str, text: str, answers: str | None = None, external_id: str = "") -> None:
        who, word = f"zqid{LETTERS[fan]}{self.generation[fan]}", self.marker()
        name = f"Zqname{LETTERS[fan]}{LETTERS[self.generation[fan] % 10]}"
        reply_to = None
        if answers:
            parent = self.rows("SELECT external_id, channel FROM posts WHERE id = ?", answers)[0]
            reply_to, channel = parent["external_id"], parent["channel"]
        post_id = self.run(
            self.house.post(f"{text} {word}", who, channel, name=name, reply_to=reply_to, external_id=external_id)
        )
        self.posts.append(post_id)
        self.fan_of[post_id] = who
        self.words.setdefault(who, {who, name.casefold()}).add(word)

    @precondition(lambda self: self.posts)
    @rule(which=WHICH, how=st.sampled_from(CHANGES))
    def change(self, which: int, how: str) -> None:
        self.run(self._change(self.pick(which), how))

    def pick(self, which: int) -> str:
        return self.lately("post_id", which) or self.posts[-1]

    def lately(self, column: str, which: int) -> str | None:
        """The post or draft to which something happened lately."""
        known = f"SELECT {column} AS id FROM events WHERE {column} IS NOT NULL"  # noqa: S608 - one of two columns
        found = [row["id"] for row in self.rows(f"{known} GROUP BY 1 ORDER BY max(seq) DESC LIMIT 3")]
        return found[which % len(found)] if found else None

    async def _change(self, post_id: str, how: str) -> None:
        row = self.rows("SELECT * FROM posts WHERE id = ?", post_id)[0]
        if how == "forget":
            await self._forget(self.fan_of.get(post_id, "staff"))
        elif how == "delete":
            await self.house.intake.delete(post_id)
        elif how == "answer":
            if not row["is_staff"]:
                self.answered_posts.add(post_id)
            await self.house.receive(
                "Try the green door.", "staff", row["channel"], name="Ida", staff=True, reply_to=row["external_id"]
            )
        elif how == "undo":
            for draft in self.rows("SELECT id, revision FROM drafts WHERE post_id = ?", post_id):
                with contextlib.suppress(Refused):
                    await self.house.press({"draft_id": draft["id"], "revision": draft["revision"]}, "undo")
            return
        elif how == "white space":
            await self.house.intake.edit(post_id, row["text"] + " ")
            return
        else:
            word = self.marker()
            if who := self.fan_of.get(post_id):  # a teammate goes on under the same name after being forgotten
                self.words.setdefault(who, set()).add(word)
            if not await self.house.intake.edit(post_id, f"{TEXTS['praise']} {word}"):
                return
        self._bar(post_id)

    def _bar(self, post_id: str) -> None:
        """From now on no earlier draft may reach the platform."""
        self.barred |= {r["id"] for r in self.rows("SELECT id FROM drafts WHERE post_id = ?", post_id)}

    async def _forget(self, who: str) -> None:
        for post_id in [p for p, fan in self.fan_of.items() if fan == who]:
            self._bar(post_id)
        await self.house.desk.forget("stage", who)
        self.forgotten.add(who)
        for fan in self.generation:
            if who == f"zqid{LETTERS[fan]}{self.generation[fan]}":
                self.generation[fan] += 1

    @rule(fan=st.integers(0, 2), channel=st.sampled_from("ab"))
    def delete_comes_first(self, fan: int, channel: str) -> None:
        external_id = f"early{next(self.count)}"
        self.run(self.house.intake.deleted("stage", channel, external_id))
        self._post(fan, channel, TEXTS["question"], external_id=external_id)
        gone = self.rows("SELECT deleted, text FROM posts WHERE external_id = ?", external_id)
        assert gone == [{"deleted": True, "text": ""}]

    @rule(fan=st.integers(0, 2))
    def opt_out(self, fan: int) -> None:
        who = f"zqid{LETTERS[fan]}{self.generation[fan]}"
        self.run(self.house.fans.answer("stop", "stage", who))
        self.words.setdefault(who, set()).discard(who)  # an opt-out is kept, with the id it is for
        self.generation[fan] += 1

    @precondition(lambda self: self.posts)
    @rule(which=WHICH)
    def ask_for_a_card(self, which: int) -> None:
        post_id = self.pick(which)
        gone = self.rows("SELECT 1 FROM posts WHERE id = ? AND (deleted OR NOT kept)", post_id)
        card = self.attempt(self.house.asked(post_id))
        if isinstance(card, Refused):
            assert card.code == "opted_out"
            return
        assert (card is None) == bool(gone)
        if card:
            self.cards.append(card)

    @precondition(lambda self: self.posts)
    @rule(
        data=st.data(),
        which=WHICH,
        old=st.booleans(),
        action=st.sampled_from(sorted(Action)),
        by=st.sampled_from(["mara", "tom", "tom", "eve"]),
        keyed=st.booleans(),
    )
    def press(self, data: st.DataObject, which: int, old: bool, action: str, by: str, keyed: bool) -> None:
        card = self._card(which, old)
        if card is None:
            return
        more = self._more(data, action, card)
        key = f"key{next(self.count)}" if keyed else None
        before = self._state()
        answer = self.attempt(self.house.press(card, action, by, key=key, **more))
        if isinstance(answer, Refused):
            assert answer.code in CODES
            assert self._state() == before, "a refusal changed something"
            return
        assert by != "eve"
        self.cards.append(answer)
        if key:
            again = self.run(self.house.press(card, action, by, key=key, **more))
            assert again == json.loads(json.dumps(answer))

    @rule(data=st.data(), which=WHICH)
    def yes(self, data: st.DataObject, which: int) -> None:
        self._press_new(data, which, "approve", of_waiting=True)

    @rule(data=st.data(), which=WHICH, action=st.sampled_from(["settle", "retry", "undo", "reject", "remove"]))
    def think_again(self, data: st.DataObject, which: int, action: str) -> None:
        self._press_new(data, which, action)

    def _press_new(self, data: st.DataObject, which: int, action: str, *, of_waiting: bool = False) -> None:
        card = self._waiting(which) if of_waiting else self._card(which, old=False)
        if card:
            self.attempt(self.house.press(card, action, **self._more(data, action, card)))

    def _card(self, which: int, old: bool) -> dict[str, Any] | None:
        if old and self.cards:
            return self.cards[-1 - which % len(self.cards)]
        found = self.lately("draft_id", which)
        return self.run(self.house.again({"draft_id": found})) if found else None

    def _waiting(self, which: int) -> dict[str, Any] | None:
        found, _ = self.run(self.house.desk.drafts())
        return views.card(found[which % len(found)]) if found else None

    def _more(self, data: st.DataObject, action: str, card: dict[str, Any]) -> dict[str, Any]:
        if action in ("edit", "propose", "correct"):
            return {"text": f"Our own words number {next(self.count)}."}
        if action in ("approve", "fill"):
            return {"slots": {slot["name"]: "Look behind the lamp." for slot in card["missing_slots"]}}
        if action == "settle":
            sent = self.rows(
                "SELECT nonce FROM deliveries WHERE draft_id = ? ORDER BY created_at DESC", card["draft_id"]
            )
            return {"arrived": bool(sent) and sent[0]["nonce"] in self.house.stage.nonces}
        if action == "relabel":
            return {"intent": data.draw(st.sampled_from(["praise", "complaint", "nonsense"]))}
        if action == "snooze":
            return {"minutes": data.draw(st.sampled_from([1, 60, 1440]))}
        return {"to": "tom"} if action == "handover" else {}

    def _state(self) -> tuple[list[Any], ...]:
        both = (self.rows("SELECT * FROM trail"), self.rows("SELECT * FROM events"))
        return tuple([tuple(row) for row in rows] for rows in both)

    # What time and the platform do

    @precondition(under_way)
    @rule(
        outcomes=st.lists(st.sampled_from(OUTCOMES), max_size=2),
        meanwhile=st.sampled_from((None, *CHANGES)),
        can_tell=st.booleans(),
    )
    def send(self, outcomes: list[str], meanwhile: str | None, can_tell: bool) -> None:
        self._send(outcomes, meanwhile, can_tell)

    @precondition(waiting)
    @rule(
        data=st.data(),
        which=WHICH,
        outcome=st.sampled_from(OUTCOMES[1:]),
        meanwhile=st.sampled_from(CHANGES),
        can_tell=st.booleans(),
    )
    def yes_and_trouble(self, data: st.DataObject, which: int, outcome: str, meanwhile: str, can_tell: bool) -> None:
        self._press_new(data, which, "approve", of_waiting=True)
        self._send([outcome], meanwhile, can_tell)

    @precondition(waiting)
    @rule(which=WHICH, how=st.sampled_from(CHANGES[:4]), action=st.sampled_from(["reject", "snooze", "approve"]))
    def press_change_and_undo(self, which: int, how: str, action: str) -> None:
        card = self._waiting(which)
        if card:
            self.attempt(self.house.press(card, action))
            self.run(self._change(card["post"]["post_id"], how))
            self.run(self.house.quiet())
            self.attempt(self.house.press(card, "undo"))

    def _send(self, outcomes: list[str], meanwhile: str | None, can_tell: bool) -> None:
        async def change(delivery: Delivery) -> None:
            self.note_arrivals()  # what arrived before this is not barred by it
            if meanwhile:
                await self._change(delivery.post_id, meanwhile)

        stage = self.house.stage
        stage.can_tell, stage.meanwhile = can_tell, change
        stage.script.clear()
        stage.script.extend(outcomes)
        self.run(self.house.send())
        stage.script.clear()
        stage.meanwhile = None

    @precondition(lambda self: self.posts)
    @rule(which=WHICH, cause=st.sampled_from([Cause.POST_EDITED, Cause.POST_DELETED, Cause.ANSWERED]))
    def send_when_the_platform_knows_more(self, which: int, cause: Cause) -> None:
        external_id = self.rows("SELECT external_id FROM posts WHERE id = ?", self.pick(which))[0]["external_id"]
        self.house.stage.gone[external_id] = cause
        self.run(self.house.send())
        assert not [
            d for d in self.house.stage.sent[self.arrived :] if d.kind == "send" and d.target.reply_to == external_id
        ]
        del self.house.stage.gone[external_id]

    @rule(seconds=st.sampled_from([9, 61, 61, 61, 700, 4000, 90_000, 700_000]))
    def wait(self, seconds: int) -> None:
        self.house.clock.move(seconds=seconds)
        self.run(self.house.rounds.once())

    @rule()
    def restart(self) -> None:
        self.run(self.house.restart())

    # What must always hold

    @invariant()
    def every_post_ends_with_a_reason(self) -> None:
        self.run(self.house.quiet())
        stored = {row["id"]: row for row in self.rows("SELECT * FROM posts")}
        assert set(self.posts) <= set(stored)
        for row in stored.values():
            assert row["action"], dict(row)
            assert row["reason"], dict(row)
            assert row["reason_code"], dict(row)

    @invariant()
    def only_what_was_approved_is_shown_and_once(self) -> None:
        self.note_arrivals()
        replies = [d.post_id for d in self.house.stage.sent if d.kind == "send"]
        assert len(replies) == len(set(replies)), "a post was answered twice"

    def note_arrivals(self) -> None:
        new = self.house.stage.sent[self.arrived :]
        self.arrived += len(new)
        for delivery in new:
            yes = self.rows("SELECT * FROM decisions WHERE id = ?", delivery.decision_id)[0]
            assert yes["seal"] == seal(delivery.text or "", delivery.target)
            assert yes["by"] in self.house.settings.managers
            assert yes["action"] in {"approve", "edit", "correct", "remove", "retry"}
            if delivery.kind == "send":
                assert delivery.draft_id not in self.barred, "the post changed before it was sent"
                assert delivery.post_id not in self.answered_posts

    @invariant()
    def moves_are_in_the_tables(self) -> None:
        for row in self.rows("SELECT * FROM trail"):
            assert row["old"] == row["new"] or (row["old"], row["new"]) in LEGAL[row["what"]], dict(row)
            assert row["new_revision"] >= row["old_revision"], dict(row)

    @invariant()
    def a_yes_and_its_delivery_belong_together(self) -> None:
        query = "SELECT d.state, (SELECT count(*) FROM deliveries x WHERE x.draft_id = d.id AND x.kind = 'send' AND "
        query += "x.state != 'recalled') AS sends FROM drafts d"
        for row in self.rows(query):
            assert row["sends"] == (row["state"] == "approved"), dict(row)

    @invariant()
    def one_draft_for_a_post_and_none_for_one_that_is_gone(self) -> None:
        live = "state IN ('waiting', 'snoozed', 'approved')"
        assert not self.rows(f"SELECT 1 FROM drafts WHERE {live} GROUP BY post_id HAVING count(*) > 1")  # noqa: S608 - ours
        gone = "post_id IN (SELECT id FROM posts WHERE deleted OR NOT kept)"
        assert not self.rows(f"SELECT 1 FROM drafts WHERE state IN ('waiting', 'snoozed') AND {gone}")  # noqa: S608 - ours
        assert not self.rows("SELECT 1 FROM drafts WHERE kind = 'handoff' AND state = 'expired'")

    @invariant()
    def facts_hold_no_words_and_the_forgotten_are_nowhere(self) -> None:
        facts = "\n".join(self.dump("events"))
        assert "zq" not in facts.casefold()
        if not self.forgotten:
            return
        everything = "\n".join(itertools.chain.from_iterable(self.dump(table) for table in self.tables())).casefold()
        for who in self.forgotten:
            assert [word for word in self.words.get(who, ()) if word in everything.split()] == []

    def tables(self) -> list[str]:
        return self.house.database.tables()

    def dump(self, table: str) -> Iterator[str]:
        for row in self.rows(f"SELECT * FROM {table}"):  # noqa: S608 - its name is from the database
            yield " ".join(str(value) for value in row.values()).translate(_WORDS_ONLY)


_WORDS_ONLY = {n: " " for n in range(128) if not chr(n).isalnum()}


def test_whatever_happens(build_house: Callable[[str], Any]) -> None:
    Machine.build = staticmethod(build_house)
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    limits = settings(
        max_examples=20, stateful_step_count=30, deadline=None, print_blob=True, suppress_health_check=checks
    )
    run_state_machine_as_test(Machine, settings=limits)
