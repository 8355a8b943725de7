"""What the live page counts, from a real database with real posts, drafts and replies."""

from collections import Counter
from datetime import UTC, timedelta

import pytest

from bot.console import figures as sums
from bot.console import live
from bot.console.figures import Count, calendar
from bot.domain import DraftState
from bot.store import figures
from responders.types import Place
from tests.databases import ON_SERVER
from tests.integration.store.test_queries import PRAISE, asked, plan, scanned, some_of_everything


async def counted(house, span="today"):
    when = calendar(house.clock.now(), UTC)
    return await house.store.read(lambda c: live._count(c, when, span, house.clock.now(), house.desk.name_of))


async def followed(house, number=30, also=()):
    return await house.store.read(lambda c: figures.travels(c, number, also))


async def everything(house):
    """All that the page asks for."""
    await counted(house, "week")
    newest = await followed(house, 3)
    await followed(house, 1, [travel.post.id for travel in newest])


async def test_no_figure_reads_a_large_table_from_end_to_end(house):
    await some_of_everything(house)
    with asked(house) as found:
        await everything(house)
    assert found
    assert await scanned(house, found) == {}


@pytest.mark.sqlite
async def test_the_events_of_a_post_are_not_looked_for_among_all_of_their_name(house):
    await some_of_everything(house)
    with asked(house) as found:
        await followed(house)
    of_posts = [(statement, values) for statement, values in found if "events.post_id IN" in statement]
    steps = [step for statement, values in of_posts for step in await plan(house, statement, values)]
    assert any("ix_events_post_id" in step for step in steps)
    assert not any("ix_events_name_at" in step for step in steps)


async def test_the_page_takes_as_many_statements_for_many_posts_as_for_few(house):
    await some_of_everything(house)
    with asked(house) as few:
        await everything(house)
    for n in range(21):
        card = await house.draft(f"{PRAISE} {n}", fan=f"fan{n}", channel=f"channel{n % 7}")
        if n % 3:
            what = {"action": "edit", "text": f"Thank you, number {n}."} if n % 2 else {"action": "reject"}
            await house.press(card, by="tom" if n % 5 else "mara", **what)
    await house.send()
    with asked(house) as many:
        await everything(house)
    assert len(many) == len(few)
    if not ON_SERVER:  # PostgreSQL plans by what it has counted by then, which is chance in tests as short as these
        assert await scanned(house, many) == {}


async def test_the_day_of_a_community(house):
    """Each kind of outcome and decision once, counted where a manager looks for it."""
    sent = await house.sent(fan="ann")
    await house.press(await house.draft("love the harbor", fan="ben", channel="pier"), "reject", by="tom")
    edited = await house.draft("the art is stunning", fan="cat", channel="quay")
    await house.press(edited, "edit", text="Thank you, that is good to hear.")
    await house.send()
    await house.draft("I want to kill myself", fan="dan")
    await house.post("fog again on the way to work", fan="eve")
    await house.post("we look at it", fan="staff", staff=True)
    found, waiting = await counted(house)
    assert found.today == Counter(
        {
            Count.CAME_IN: 5,
            Count.DRAFTED: 3,
            Count.PERSON: 1,
            Count.LEFT_ALONE: 1,
            Count.SENT: 2,
            Count.YES: 2,
            Count.EDITED: 1,
            Count.SKIPPED: 1,
        }
    ), "what the team writes is not counted"
    assert (waiting.number, waiting.urgent) == (1, 1)
    assert waiting.ages[0] == ("under 15 min", 1)
    assert [row.name for row in found.people] == ["Mara Quint", "Tom"]
    assert [row.name for row in found.channels] == ["harbor", "pier", "quay"]
    assert sum(number for _, number in found.reasons) == 1
    assert found.yes_today.number == 2
    assert sent["state"] == "approved"


async def test_yesterday_is_not_today_and_stays_in_the_week(house):
    await house.sent()
    house.clock.move(days=1)
    found, _ = await counted(house)
    assert found.today == Counter()
    assert (found.channels, found.people, found.reasons) == ((), (), ())
    assert (found.days[-2][Count.SENT], found.yes_week.number, found.yes_today.number) == (1, 1, 0)
    week, _ = await counted(house, "week")
    assert [row.counts[Count.SENT] for row in week.platforms] == [1]
    house.clock.move(days=7)
    week, _ = await counted(house, "week")
    assert (week.platforms, week.yes_week.number) == ((), 0)


async def test_what_is_taken_back_was_no_yes(house):
    card = await house.draft(PRAISE)
    await house.press(card, "approve")
    assert (await counted(house))[0].yes_today.number == 1
    await house.press(card, "undo")
    found, waiting = await counted(house)
    assert (found.yes_today.number, found.people, waiting.number) == (0, (), 1)


async def test_a_reply_that_somebody_settles_is_sent_once_if_it_arrived(house):
    house.stage.can_tell = False
    for channel, arrived in (("harbor", True), ("pier", False)):
        card = await house.draft(PRAISE, fan=channel, channel=channel)
        await house.press(card, "approve")
        house.stage.script.append("unsure")
        await house.send()
        await house.press(await house.again(card), "settle", arrived=arrived)
    found, _ = await counted(house)
    assert found.today[Count.SENT] == 1
    assert {row.name: row.counts[Count.SENT] for row in found.channels} == {"harbor": 1, "pier": 0}
    await house.press(await house.again(card), "retry")
    await house.send()
    assert (await counted(house))[0].today[Count.SENT] == 2


async def test_a_correction_and_a_removal_are_no_further_replies(house):
    card = await house.sent()
    await house.press(card, "correct", text="Thank you for that.")
    await house.send()
    await house.press(await house.again(card), "remove")
    await house.send()
    assert (await counted(house))[0].today[Count.SENT] == 1


@pytest.mark.parametrize(("minutes", "band"), [(14, 0), (16, 1), (61, 2), (241, 3), (1441, 4)])
async def test_what_waits_is_in_the_band_of_its_age(open_house, minutes, band):
    async with open_house("expire_after: 3d") as house:
        await house.draft(PRAISE)
        house.clock.move(minutes=minutes)
        found = await house.store.read(lambda c: figures.waiting(c, house.clock.now(), sums.AGES))
        assert [(one.band, one.number) for one in found] == [(band, 1)]


async def test_snoozed_drafts_wait_for_nobody(house):
    await house.press(await house.draft(PRAISE), "snooze", minutes=60)
    _, waiting = await counted(house)
    assert (waiting.number, waiting.snoozed) == (0, 1)


async def test_a_channel_goes_by_the_name_that_people_know(house):
    await house.post(PRAISE, channel="123456789", place=Place(name="art-corner"))
    await house.post(PRAISE, fan="kim", channel="123456789")
    found, _ = await counted(house)
    assert [(row.name, row.counts[Count.CAME_IN]) for row in found.channels] == [("art-corner", 2)]


# --- posts on their way


async def test_the_newest_posts_and_those_asked_for(house):
    ids = [await house.post(PRAISE, fan=f"fan{n}", channel=f"c{n}") for n in range(5)]
    assert [travel.post.id for travel in await followed(house, 2)] == [ids[4], ids[3]]
    assert [travel.post.id for travel in await followed(house, 2, [ids[0], "0" * 16])] == [ids[4], ids[3], ids[0]]


async def test_a_post_goes_with_its_newest_draft_and_that_drafts_reply(house):
    card = await house.draft(PRAISE)
    await house.press(card, "approve")
    await house.press(card, "undo")
    again = await house.again(card)
    await house.press(again, "approve")
    await house.send()
    (travel,) = await followed(house)
    assert travel.draft.state is DraftState.APPROVED
    assert travel.delivery.sent_at
    assert travel.post.received_at < travel.judged_at < travel.delivery.created_at
    assert travel.delivery.created_at + timedelta(seconds=10) <= travel.sending_at <= travel.delivery.sent_at


async def test_a_draft_that_was_handed_over_gives_way_to_the_new_one(house):
    card = await house.sent("love the harbor", channel="pier")
    other = await house.draft(PRAISE)
    await house.press(other, "handover", to="tom")
    (handed, first) = await followed(house)
    assert (handed.draft.assigned_to, handed.delivery) == ("tom", None)
    assert first.draft.id == card["draft_id"]
