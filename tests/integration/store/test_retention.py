"""How long rows are kept, and that a clock which jumps drops nothing."""

import asyncio
from itertools import pairwise

import pytest
from sqlalchemy import text as sql

from bot.desk.rounds import Rounds
from bot.queue import retention
from bot.store import cursors
from bot.store.engine import reading
from tests.databases import ON_SERVER

PRAISE = "the new map is gorgeous"
CRISIS = "I want to kill myself"


async def count(house, *tables):
    def read(connection):
        return {name: connection.execute(sql(f"SELECT count(*) FROM {name}")).scalar() for name in tables}  # noqa: S608

    return await house.store.read(read)


def stopped(connection):
    return cursors.load(connection, cursors.RETENTION).get(cursors.STOPPED)


HANGING = ("posts", "drafts", "decisions", "deliveries", "cards", "requests", "tombstones")


async def test_rows_go_after_their_time_with_all_that_hangs_on_them(house):
    card = await house.draft(PRAISE)
    await house.press(card, "approve", key="key")
    await house.send()
    await house.press(await house.draft("love it", channel="pier"), "reject")
    await house.intake.deleted("stage", "pier", "never seen")
    house.clock.move(days=200)
    await house.rounds.once()
    await house.post("thank you", reply_to=(await house.reply(card["post"]["post_id"])).external_id)
    house.clock.move(days=164)
    await house.rounds.once()
    assert (await count(house, "posts"))["posts"] == 3
    house.clock.move(days=2)
    await house.rounds.once()
    left = await count(house, *HANGING)
    assert (left["posts"], left["decisions"], left["deliveries"], left["tombstones"]) == (1, 0, 0, 0)
    await house.post("a new one", channel="pier")
    if not ON_SERVER:  # PostgreSQL lets no such row stay
        assert house.database.rows("PRAGMA foreign_key_check") == []


async def test_what_somebody_still_needs_keeps_its_row(house):
    handoff = await house.draft(CRISIS)
    unsure = await house.draft(PRAISE, fan="kim", channel="pier")
    await house.press(unsure, "approve")
    house.stage.script.append("unsure lost")
    await house.send()
    house.clock.move(days=4000)
    await house.rounds.once()
    assert (await house.again(handoff))["post"]["text"] == CRISIS
    assert (await house.again(unsure))["deliveries"][0]["state"] == "uncertain"


async def test_many_rows_go_in_small_groups_and_others_write_in_between(house, monkeypatch):
    """For a fan's wish and for retention: other writers wait for one group, not for all."""
    for n in range(450):
        await house.store_only(f"{PRAISE} {n}")
    seen = []
    original = house.store.database.writer._transaction

    def noting(group):
        done = original(group)
        with reading(house.store.database.engine) as connection:
            seen.append(connection.execute(sql("SELECT count(*) FROM posts WHERE author_id = 'robin'")).scalar())
        return done

    house.store.database.writer._transaction = noting
    forgetting = asyncio.create_task(house.desk.forget("stage", "robin"))
    await house.store.first_use("in between", house.clock.now())
    await forgetting
    steps = sorted({before - after for before, after in pairwise(seen)})
    assert 0 < steps[-1] <= 200
    assert seen[-1] == 0


class Leaping:
    """A clock that says that it jumped."""

    leapt = False

    def __call__(self):
        return self.leapt


@pytest.fixture
def leaping(house):
    told = Leaping()
    house.rounds = Rounds(house.store, house.settings, house.clock, lambda: house.pipeline, told)
    return told


async def kept(house, post_id):
    page = await house.store.post_page(post_id)
    return page is not None and page.post.kept


async def test_a_clock_that_jumps_drops_nothing_until_a_person_says_that_it_is_right(house, leaping):
    post_id = await house.post("fog again", fan="kim")
    await house.rounds.once()
    leaping.leapt = True
    house.clock.move(days=365 * 73)
    for _ in range(3):
        await house.rounds.once()
        house.clock.move(minutes=2)
    assert await kept(house, post_id)
    assert "greenroom clock" in house.rounds.in_doubt
    assert await house.store.read(stopped) == house.rounds.in_doubt
    assert len(await house.events()) == 2, "the trail is kept too"
    retention.confirm(house.settings.var, house.clock.now())
    await house.rounds.once()
    assert not await kept(house, post_id)
    assert house.rounds.in_doubt is None
    assert await house.store.read(stopped) is None
    house.clock.move(days=2)
    await house.rounds.once()
    assert house.rounds.in_doubt, "and it counts once"


async def test_a_clock_that_is_set_right_again_needs_nobody(house, leaping):
    post_id = await house.post("fog again", fan="kim")
    await house.rounds.once()
    leaping.leapt = True
    house.clock.move(days=20_000)
    await house.rounds.once()
    assert house.rounds.in_doubt
    house.clock.move(days=-20_000)
    house.clock.move(minutes=3)
    await house.rounds.once()
    assert await kept(house, post_id)
    house.clock.move(minutes=3)
    house.rounds = Rounds(house.store, house.settings, house.clock, lambda: house.pipeline)
    await house.rounds.once()
    assert house.rounds.in_doubt is None


@pytest.mark.parametrize(("days", "believed"), [(8, True), (29, True), (31, False), (365 * 73, False)])
async def test_after_a_restart_nobody_can_tell_a_long_stop_from_a_jump(house, days, believed):
    post_id = await house.post("fog again", fan="kim")
    await house.rounds.once()
    house.clock.move(days=days)
    await house.restart()
    await house.rounds.once()
    assert (await kept(house, post_id)) is not believed
    assert (house.rounds.in_doubt is None) is believed
    await house.restart()
    house.clock.move(minutes=2)
    await house.rounds.once()
    assert (house.rounds.in_doubt is None) is believed, "another restart is no confirmation"


async def test_a_machine_that_slept_is_no_jump(house, leaping):
    post_id = await house.post("fog again", fan="kim")
    await house.rounds.once()
    house.clock.move(days=9)
    await house.rounds.once()
    assert not await kept(house, post_id)


async def test_a_confirmation_for_another_jump_counts_for_nothing(house, leaping):
    await house.rounds.once()
    retention.confirm(house.settings.var, house.clock.now())
    leaping.leapt = True
    house.clock.move(days=365 * 73)
    await house.rounds.once()
    assert house.rounds.in_doubt
    (house.settings.var / "clock_confirmed").write_text("yesterday", encoding="ascii")
    house.clock.move(minutes=2)
    await house.rounds.once()
    assert house.rounds.in_doubt
