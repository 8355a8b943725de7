"""A surge of complaints or of one topic: told once when it begins, and once when it is over."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from bot.console import surge as surge_of_console
from bot.events import Happened
from bot.insights.watch import Watch
from bot.store import answers, events
from bot.store.ids import new_id
from bot.store.tables import topics, voices
from tests.integration.store.test_queries import asked, scanned, some_of_everything

BROKEN, PRAISE = "the game crashes on start", "the new map is gorgeous"


async def surges(house, watch):
    """What was told so far, after another look."""
    house.clock.move(minutes=1)
    await watch.once()
    found = await house.events("surge_began", "surge_ended")
    return [(event.name, event.data.get("topic"), event.data["number"], event.data["usual"]) for event in found]


async def complaints(house, number, text=BROKEN):
    return [await house.post(text, fan=f"fan{n}", channel=f"pier{n}") for n in range(number)]


@pytest.fixture
async def old(house):
    """A house that has heard of fans for ten days."""
    await house.post(PRAISE)
    house.clock.move(days=10)
    return house


async def test_it_is_told_once_when_it_begins_and_once_when_it_is_over(old):
    watch = Watch(old.store, old.settings, old.clock)
    await complaints(old, 4)
    assert await surges(old, watch) == []
    await complaints(old, 3)
    began = ("surge_began", None, 7, 0.0)
    assert await surges(old, watch) == [began]
    assert await surges(old, Watch(old.store, old.settings, old.clock)) == [began], "also after a restart"
    old.clock.move(minutes=57)
    await complaints(old, 3)
    old.clock.move(minutes=3)
    assert await surges(old, watch) == [began], "three are fewer, but not calm yet"
    old.clock.move(hours=1)
    assert await surges(old, watch) == [began, ("surge_ended", None, 0, 0.0)]
    await complaints(old, 5)
    assert len(await surges(old, watch)) == 3


async def shown(house):
    """What the console says surges, with the ids of its cards."""
    found = await house.store.read(lambda c: surge_of_console.surges(c, house.clock.now()))
    return [(one.topic, one.since, [draft.id for draft, _ in one.cards]) for one in found]


async def test_the_console_shows_it_with_its_newest_cards_while_it_lasts(old):
    watch = Watch(old.store, old.settings, old.clock)
    assert await shown(old) == []
    ids = await complaints(old, 6)
    await surges(old, watch)
    cards = [(await old.draft_of(post))["draft_id"] for post in ids]
    ((topic, since, linked),) = await shown(old)
    (began,) = await old.events("surge_began")
    assert (topic, since) == (None, began.at)
    assert len(linked) == surge_of_console.SHOWN
    assert set(linked) <= set(cards)
    old.clock.move(hours=3)
    await surges(old, watch)
    assert await shown(old) == []


async def test_without_a_week_of_history_nothing_is_said(house):
    await house.post(PRAISE)
    house.clock.move(days=6, hours=23)
    await complaints(house, 9)
    assert await surges(house, Watch(house.store, house.settings, house.clock)) == []


async def test_what_is_usual_at_this_hour_is_no_surge(house):
    watch = Watch(house.store, house.settings, house.clock)
    for _ in range(8):
        await complaints(house, 6)
        house.clock.move(days=1)
    await complaints(house, 8)
    assert await surges(house, watch) == []
    await complaints(house, 7)
    (told,) = await surges(house, watch)
    assert told == ("surge_began", None, 15, 6.0)


async def test_praise_and_the_lobby_do_not_count(old):
    watch = Watch(old.store, old.settings, old.clock)
    await complaints(old, 8, PRAISE)
    for n in range(8):
        await old.post(BROKEN, fan=f"l{n}", platform="web", channel="lobby")
    assert await surges(old, watch) == []


async def test_a_topic_surges_by_itself(old):
    watch = Watch(old.store, old.settings, old.clock)
    ids = await complaints(old, 6, PRAISE)
    topic, now = new_id(), old.clock.now()
    row = {"id": topic, "name": "The map", "state": "open", "created_at": now}

    def gather(connection):
        connection.execute(insert(topics), row)
        connection.execute(insert(voices), [{"post_id": post, "topic_id": topic, "at": now} for post in ids])

    await old.store.write(gather)
    assert await surges(old, watch) == [("surge_began", topic, 6, 0.0)]
    since = now - timedelta(hours=1)
    examples = await old.store.read(lambda c: answers.topic_drafts(c, topic, since, 3))
    assert len(examples) == 3
    await old.store.write(lambda c: c.exec_driver_sql("DELETE FROM voices"))
    assert (await surges(old, watch))[1:] == [("surge_ended", topic, 0, 0.0)]


async def test_it_looks_once_a_minute_and_reads_no_large_table_from_end_to_end(old):
    await some_of_everything(old)
    watch = Watch(old.store, old.settings, old.clock)
    old.clock.move(days=1, hours=10)
    with asked(old) as found:
        await watch.once()
        number = len(found)
        await watch.once()
        assert len(found) == number
        await old.store.read(lambda c: answers.coverage(c, [old.clock.now() - timedelta(days=28)]))
        since = old.clock.now() - timedelta(hours=1)
        await old.store.read(lambda c: answers.complaint_drafts(c, since, 3))
        await old.store.read(lambda c: answers.topic_drafts(c, "0" * 16, since, 3))
    assert await scanned(old, found) == {}
    assert await old.store.read(lambda c: events.first(c, Happened.POST_RECEIVED))
