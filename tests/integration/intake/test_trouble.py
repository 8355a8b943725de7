"""What becomes of a post when judging it fails or hangs, or when it comes late or out of order."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.worker import MOST
from responders.pipeline import Pipeline, build
from responders.types import Context, Post, Proposal
from tests.integration.conftest import START, House, numbered
from tests.model import reader

PRAISE = "the colours on the map are gorgeous"
QUESTION = "how do I save"
CURSED = "the art is stunning"
DANGER = "i want to kill myself"


def cursed(house: House) -> None:
    """From now on the database refuses the result of the cursed post."""
    house.database.refuse("UPDATE OF action", "posts", f"new.text = '{CURSED}'")


class Hanging:
    """A pipeline that hangs on some posts until they are let go."""

    def __init__(self, real: Pipeline, hangs: Callable[[Post], bool]) -> None:
        self._real = real
        self._hangs = hangs
        self.library = real.library
        self.begun = 0
        self.go = threading.Event()

    def run(self, post: Post, context: Context) -> Proposal:
        if self._hangs(post):
            self.begun += 1
            self.go.wait()
        return self._real.run(post, context)


@pytest.fixture
async def hanging(house: House) -> AsyncIterator[Hanging]:
    found = Hanging(house.pipeline, lambda post: post.text == CURSED)
    house.pipeline = found  # type: ignore[assignment]  # it has what the intake asks for
    yield found
    found.go.set()


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.002)


async def page(house: House, post_id: str) -> Any:
    found = await house.store.post_page(post_id)
    assert found
    return found


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every wait of a second or more is over at once."""
    for name, seconds in (("_FIRST_PAUSE", 0.01), ("_LONGEST_PAUSE", 0.05), ("_SWEEP", 0.05)):
        monkeypatch.setattr(f"bot.intake.{name}", seconds)


@pytest.mark.usefixtures("soon")
async def test_a_post_whose_transaction_fails_is_tried_again_without_a_restart(house: House) -> None:
    cursed(house)
    with capture_logs() as told:
        post_id = await house.receive(CURSED)
        await until(lambda: [line for line in told if line["event"] == "post_not_judged"])
        other = await house.receive(PRAISE)
        async with asyncio.timeout(60):  # in the same channel, behind it
            while not (await page(house, other)).post.action:
                await asyncio.sleep(0.002)
    assert (await page(house, post_id)).post.action is None
    house.database.allow("posts")
    await house.quiet()
    assert (await page(house, post_id)).post.action == "draft"


@pytest.mark.usefixtures("soon")
async def test_a_post_that_never_can_be_judged_goes_to_a_person(house: House) -> None:
    """Its draft is refused each time; a hand-off is not."""
    of_post = f"(SELECT text FROM posts WHERE id = new.post_id) = '{CURSED}'"  # noqa: S608 - ours
    house.database.refuse("INSERT", "drafts", f"new.text IS NOT NULL AND {of_post}")
    card = await house.draft(CURSED)
    assert (card["kind"], card["priority"]) == ("handoff", 80)
    assert "read it yourself" in card["why"]
    assert (await house.draft(PRAISE, channel="pier"))["kind"] == "draft"


@pytest.mark.usefixtures("soon")
async def test_a_database_that_is_away_counts_for_no_post(house: House) -> None:
    house.database.refuse("UPDATE", "posts")
    with capture_logs() as told:
        post_id = await house.receive(CURSED)
        await until(lambda: len([line for line in told if line["event"] == "post_not_judged"]) > 12)
    house.database.allow("posts")
    await house.quiet()
    assert (await house.draft_of(post_id))["kind"] == "draft"


async def test_the_pauses_grow(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("bot.intake._FIRST_PAUSE", 0.01)
    monkeypatch.setattr("bot.intake._LONGEST_PAUSE", 0.04)
    house.database.refuse("UPDATE", "posts")
    post_id = await house.receive(CURSED)
    async with asyncio.timeout(60):
        while pauses[-2:] != [0.04, 0.04]:
            trouble = house.intake._trouble.get(post_id)
            pauses += [trouble.pause] if trouble and trouble.waits else []
            await asyncio.sleep(0.001)
    assert pauses == sorted(pauses)
    house.database.allow("posts")
    await house.quiet()
    assert not house.intake._trouble


async def test_a_post_that_fell_through_is_found_by_the_sweep(
    open_house: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.intake._SWEEP", 0.02)
    async with open_house() as house:
        await house.quiet()
        post_id = await house.store_only(PRAISE)
        await house.quiet()
        assert (await page(house, post_id)).post.action == "draft"


async def test_what_is_begun_three_times_goes_to_a_person_unread(house: House, hanging: Hanging) -> None:
    """As if reading it ended the process each time."""
    post_id = await house.receive(CURSED)
    for times in (1, 2, 3):
        await until(lambda times=times: hanging.begun == times)
        await house.restart()
    other = await house.receive(PRAISE, channel="pier")
    await house.quiet()
    assert hanging.begun == 3
    assert (await page(house, other)).post.action == "draft"
    card = await house.draft_of(post_id)
    assert (card["kind"], card["state"], card["text"]) == ("handoff", "waiting", None)
    assert "read it yourself" in card["why"]
    assert card["priority"] >= 80


async def test_restarts_alone_count_for_no_post(house: House, hanging: Hanging) -> None:
    """A post that only waited behind the hanging one was not begun."""
    await house.receive(CURSED)
    await until(lambda: hanging.begun == 1)
    behind = [await house.receive(PRAISE, fan=f"fan-{n}") for n in range(3)]
    for times in (2, 3):
        await house.restart()
        await until(lambda times=times: hanging.begun == times)
    await house.restart()
    await house.quiet()
    assert [(await page(house, post_id)).post.action for post_id in behind] == ["draft"] * 3


async def test_a_post_that_is_edited_often_is_read_each_time(house: House) -> None:
    post_id = await house.post(PRAISE)
    for n in range(5):
        await house.intake.edit(post_id, f"{PRAISE} {n}")
        await house.quiet()
    assert (await house.draft_of(post_id))["kind"] == "draft"


@pytest.mark.parametrize("asked", [False, True])
async def test_a_post_that_takes_too_long_holds_up_no_other(
    house: House, hanging: Hanging, monkeypatch: pytest.MonkeyPatch, *, asked: bool
) -> None:
    monkeypatch.setattr("bot.worker.LONGEST", 2.0)
    post_id = await (house.store_only(CURSED) if asked else house.receive(CURSED))
    card = await house.asked(post_id) if asked else None
    behind = await house.receive(PRAISE)
    await house.quiet()
    assert (await page(house, behind)).post.action == "draft"
    card = card or await house.draft_of(post_id)
    assert (card["kind"], card["text"]) == ("handoff", None)
    assert "read it yourself" in card["why"]
    assert card["priority"] >= 80


async def test_when_nothing_can_be_read_any_more_people_get_the_posts(
    house: House, hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.worker.LONG", 0.1)
    monkeypatch.setattr("bot.worker.LONGEST", 0.2)
    cursed = [await house.draft(CURSED, fan=f"fan-{n}", channel=f"channel-{n}") for n in range(MOST)]
    card = await house.draft(PRAISE)
    assert {one["kind"] for one in (card, *cursed)} == {"handoff"}
    assert "read it yourself" in card["why"]
    assert "restart Greenroom" in await house.intake.late()
    hanging.go.set()
    await until(lambda: not house.intake._judge.stuck)
    assert await house.intake.late() is None
    assert (await house.draft(PRAISE, fan="kim", channel="pier"))["kind"] == "draft"


async def test_memory_holds_only_so_many_posts_and_the_rest_is_found_in_the_store(
    open_house: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.intake.MOST_IN_MEMORY", 6)
    monkeypatch.setattr("bot.intake.CROWDED", 4)
    async with open_house() as house:
        hanging = Hanging(house.pipeline, lambda _: True)
        house.pipeline = hanging
        held = []
        for n in range(30):
            await house.receive(numbered(n), fan=f"fan-{n}", channel=f"channel-{n % 3}")
            held.append(house.intake._in_memory())
        assert house.intake.crowded
        waits = asyncio.create_task(house.intake.room())
        hanging.go.set()
        await house.quiet()
        await waits
        assert max(held) == 6
        assert not house.intake.crowded
        order = [event.post_id for event in await house.events("post_judged")]
        found = {post_id: (await page(house, post_id)).post.post for post_id in order}
        for channel in ("channel-0", "channel-1", "channel-2"):
            texts = [found[post_id].text for post_id in order if found[post_id].channel == channel]
            assert texts == [numbered(n) for n in range(30) if f"channel-{n % 3}" == channel]


async def test_after_a_start_more_posts_wait_than_fit_in_memory(
    open_house: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.intake.MOST_IN_MEMORY", 5)
    async with open_house() as house:
        await house.quiet()
        ids = [await house.store_only(numbered(n)) for n in range(20)]
        await house.restart()
        await house.quiet()
        posts = [(await page(house, post_id)).post for post_id in ids]
        assert {post.action for post in posts} <= {"draft", "handoff"}
        assert not [post for post in posts if "could not read" in post.reason]
        assert not house.intake.crowded


async def test_a_stuck_reader_is_told_once_and_when_it_is_over(
    open_house: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.intake._SWEEP", 0.01)
    with capture_logs() as told:
        async with open_house() as house:
            hanging = Hanging(house.pipeline, lambda post: post.text == CURSED)
            house.pipeline = hanging
            assert await house.intake.late() is None
            await house.receive(CURSED)
            await until(lambda: hanging.begun == 1)
            house.clock.move(seconds=29)
            assert await house.intake.late() is None
            house.clock.move(seconds=2)
            assert "31 seconds" in await house.intake.late()
            await until(lambda: [line for line in told if line["event"] == "posts_wait"])
            hanging.go.set()
            await house.quiet()
            await until(lambda: [line for line in told if line["event"] == "posts_no_longer_wait"])
            assert await house.intake.late() is None
    assert [line["event"] for line in told].count("posts_wait") == 1


async def test_what_fails_is_told_once_an_hour(house: House) -> None:
    class Oilless:
        name = "oilless"

        def respond(self, *_: Any) -> Any:
            raise RuntimeError("no lamp oil")

    house.pipeline = build(house.pipeline.library, reads=reader().model(None)[0], responders=(Oilless(),))
    with capture_logs() as told:
        for n in range(3):
            await house.post(PRAISE, fan=f"fan-{n}")
        house.clock.move(hours=2)
        await house.post(PRAISE)
    failed = [line["what"] for line in told if line["event"] == "reader_part_failed"]
    assert failed == ["responder oilless failed: RuntimeError"] * 2


async def test_an_old_post_that_is_judged_anew_has_not_waited_long(house: House, hanging: Hanging) -> None:
    post_id = await house.post(PRAISE)
    house.clock.move(days=3)
    await house.intake.edit(post_id, CURSED)
    await until(lambda: hanging.begun == 1)
    assert await house.intake.waiting() < timedelta(seconds=1)


async def test_what_hits_a_gate_does_so_when_the_pipeline_fails_behind_it(house: House) -> None:
    real = house.pipeline

    class Broken:
        library = real.library
        understand = real.understand

        def run(self, post: Post, context: Context) -> Proposal:
            raise RecursionError

    house.pipeline = Broken()  # type: ignore[assignment]  # as above
    card = await house.draft(DANGER)
    assert (card["risk"][0], card["priority"], card["kind"]) == ("crisis", 100, "handoff")
    assert (await page(house, await house.post("We wrote to them.", staff=True))).post.action == "silent"


EDITED = [START + timedelta(seconds=n) for n in range(4)]


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))], ids=str)
async def test_the_newest_edit_wins_in_whatever_order_they_come(house: House, order: tuple[int, ...]) -> None:
    post_id = await house.post(PRAISE, external_id="p")
    texts = [f"{PRAISE}, edit {n}" for n in range(3)]
    for n in order:
        assert await house.intake.edited("stage", "harbor", "p", texts[n], at=EDITED[n])
    await house.quiet()
    assert (await page(house, post_id)).post.post.text == texts[2]
    assert (await house.draft_of(post_id))["post"]["text"] == texts[2]


async def test_an_edit_that_comes_late_changes_nothing(house: House) -> None:
    post_id = await house.post(PRAISE, external_id="p")
    await house.intake.edited("stage", "harbor", "p", f"{PRAISE} still", at=EDITED[2])
    await house.quiet()
    before, events = await page(house, post_id), await house.events()
    assert await house.intake.edited("stage", "harbor", "p", "older words", at=EDITED[1]), "it is ours all the same"
    await house.quiet()
    assert (await page(house, post_id), await house.events()) == (before, events)


async def test_the_same_words_at_a_later_time_count_too(house: House) -> None:
    """Changed and changed back: the edit in between may come last."""
    post_id = await house.post(PRAISE, external_id="p")
    await house.intake.edited("stage", "harbor", "p", PRAISE, at=EDITED[2])
    await house.intake.edited("stage", "harbor", "p", "in between", at=EDITED[1])
    assert (await page(house, post_id)).post.post.text == PRAISE


@pytest.mark.parametrize("at", [None, EDITED[0]])
async def test_of_edits_at_the_same_time_the_one_that_came_last_wins(house: House, at: Any) -> None:
    """Telegram's times have no fractions; on the web nobody gives a time."""
    post_id = await house.post(PRAISE, external_id="p")
    for _ in range(5):
        edits = (house.intake.edited("stage", "harbor", "p", f"{PRAISE} {n}", at=at) for n in range(20))
        await asyncio.gather(*edits)
        assert (await page(house, post_id)).post.post.text == f"{PRAISE} 19"


@pytest.mark.whole
def test_edits_in_any_order_end_with_the_newest(build_house: Callable[..., House]) -> None:
    edit = st.tuples(st.integers(0, 3), st.integers(0, 5))

    @settings(max_examples=25, deadline=None)
    @given(st.lists(edit, min_size=1, max_size=8))
    def holds(edits: list[tuple[int, int]]) -> None:
        async def play() -> str:
            house = build_house()
            await house.open()
            try:
                post_id = await house.receive(PRAISE, external_id="p")
                for second, word in edits:
                    await house.intake.edited("stage", "harbor", "p", f"{PRAISE} {word}", at=EDITED[second])
                return str((await page(house, post_id)).post.post.text)
            finally:
                await house.close()

        newest = max(enumerate(edits), key=lambda pair: (pair[1][0], pair[0]))[1]
        assert asyncio.run(play()) == f"{PRAISE} {newest[1]}"

    holds()


async def test_how_old_a_post_is_counts_from_when_it_was_written(house: House) -> None:
    """The platform brings it now, after a long stop."""
    day, now = house.settings.replies.expire_after, house.clock.now()
    late = await page(house, await house.post(PRAISE, at=now - day - timedelta(minutes=1)))
    assert (late.post.action, late.post.reason_code, late.draft) == ("silent", "too_old", None)
    nearly = await house.draft(CURSED, fan="kim", channel="pier", at=now - day + timedelta(hours=1))
    found = await page(house, nearly["post"]["post_id"])
    assert found.draft.expires_at == found.post.post.at + day
    grave = await page(house, await house.post(DANGER, at=now - 2 * day))
    assert grave.post.action == "handoff", "what needs a person never expires"


async def test_a_post_from_the_future_is_from_now(house: House) -> None:
    card = await house.draft(PRAISE, at=house.clock.now() + timedelta(days=300))
    found = await page(house, card["post"]["post_id"])
    assert found.draft.expires_at == found.post.received_at + house.settings.replies.expire_after


async def test_an_old_post_that_was_edited_just_now_is_new(house: House) -> None:
    day = house.settings.replies.expire_after
    post_id = await house.post("fog again on the way to work", external_id="p", at=house.clock.now() - 3 * day)
    edited_at = house.clock.now() - timedelta(hours=1)
    await house.intake.edited("stage", "harbor", "p", PRAISE, at=edited_at)
    await house.quiet()
    assert (await page(house, post_id)).draft.expires_at == edited_at + day


OPEN = [
    "got it working on my phone, pc still broken",
    "fixed now? no.",
    "it works now and then",
    "found it again, the bug is back",
    "nvm the last one, this one is worse",
    "works now, until it crashes",
    "läuft jetzt ab und zu",
    "ya funciona a veces",
    "ça marche maintenant mais pas sur pc",
    "forget it, i want my money back",
]
SETTLED = [
    "never mind, fixed it",
    "thank you all, it works now!",
    "sorry, solved it myself",
    "danke, hat sich erledigt",
    "gracias, ya lo arreglé",
    "laissez tomber, merci",
    "já resolvi, obrigado pela ajuda",
]


async def test_only_what_says_nothing_else_settles_what_was_asked(house: House) -> None:
    for n, text in enumerate((*OPEN, *SETTLED)):
        where = {"fan": f"fan{n}", "channel": f"channel{n}"}
        asked = await house.draft(QUESTION, **where)
        await house.post(text, **where)
        assert (await house.again(asked))["state"] == ("withdrawn" if text in SETTLED else "waiting"), text


async def test_what_settles_nothing_leaves_no_question_silent(house: House) -> None:
    """It comes before the question was judged."""
    for n, text in enumerate(OPEN):
        now, where = house.clock.now(), {"fan": f"fan{n}", "channel": f"channel{n}"}
        await house.post(text, at=now + timedelta(seconds=1), **where)
        found = await page(house, await house.post(QUESTION, at=now, **where))
        assert found.post.action != "silent", text
