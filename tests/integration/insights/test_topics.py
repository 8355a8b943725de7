"""Posts are grouped into topics as they come, by the real model's vectors."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bot.insights.topics import Topics
from bot.people.board import Board
from bot.people.fans import FORGET
from bot.store import posts, topics
from responders.pipeline import build
from responders.understanding.normalise import encodable
from responders.understanding.trained import unit
from tests.fakes.reader import FakeReads, Says
from tests.model import reader

CRASH = Says(intents={"complaint": 0.95}, situations=(("crash_in_use", "complaint", 0.9),))
READ = {
    "kill myself": "crisis",
    "crash": CRASH,
    "stürzt": CRASH,
    "dark mode": "complaint",
    "dunkelmodus": "complaint",
    "where is": "question",
    "gorgeous": "praise",
    "lost": "complaint",
}
CRASHES = ("the app crashes every time i open it", "it crashes whenever i start the app", "die app stürzt jedes mal ab")


def vectors(texts):
    return unit(np.stack([reader().encoder.encode_once(encodable(text)) for text in texts]))


class Hears:
    """The house, with what groups its posts."""

    def __init__(self, house):
        self.house = house
        self.topics = Topics(house.store, house.settings, house.clock, vectors)
        self.board = Board(house.store, house.settings, house.clock, lambda: house.pipeline.library)

    async def post(self, *texts, **more):
        return [await self.house.post(text, fan=f"fan-{text}", **more) for text in texts]

    async def found(self):
        """Topics, once all posts are grouped: (name, count)."""
        await self.topics.once()
        return [(topic.name, topic.count) for topic in await self.house.store.read(topics.every)]

    async def only(self):
        await self.topics.once()
        (topic,) = await self.house.store.read(topics.every)
        return topic

    def start_again(self):
        self.topics = Topics(self.house.store, self.house.settings, self.house.clock, vectors)


@pytest.fixture
async def hears(build_house, pipeline):
    house = build_house()
    praise = tuple(template for template in pipeline.library.templates if template.intent == "praise")
    house.pipeline = build(replace(pipeline.library, templates=praise), reads=FakeReads(READ))
    await house.open()
    yield Hears(house)
    await house.close()


async def test_what_several_fans_say_becomes_a_topic_and_one_voice_waits(hears):
    await hears.post(CRASHES[0], "please add a dark mode", "the new map is gorgeous")
    assert await hears.found() == []
    await hears.post(CRASHES[1])
    assert await hears.found() == [("crash in use", 2)]
    await hears.post(CRASHES[2], "bitte einen dunkelmodus")
    assert sorted(await hears.found()) == [("complaints of 1 March", 2), ("crash in use", 3)]


async def test_a_start_computes_the_vectors_again_and_finds_the_same(hears):
    await hears.post(*CRASHES[:2])
    before = await hears.only()
    hears.start_again()
    assert await hears.only() == before
    await hears.post(CRASHES[2])
    hears.start_again()
    assert (await hears.only()).count == 3


async def test_who_is_in_danger_the_team_and_answered_questions_are_in_no_topic(hears):
    await hears.post("the crash makes me kill myself", "this crash, i kill myself")
    await hears.post(*CRASHES[:2], staff=True)
    assert await hears.found() == []


async def test_an_edited_post_leaves_its_topic_and_is_grouped_anew(hears):
    await hears.post(CRASHES[0], CRASHES[1])
    await hears.house.post(CRASHES[2], fan="ada", external_id="changes")
    assert (await hears.only()).count == 3
    await hears.house.intake.edited("stage", "harbor", "changes", "the new map is gorgeous")
    await hears.house.quiet()
    assert (await hears.only()).count == 2


async def test_a_post_that_a_manager_reads_otherwise_leaves_its_topic(hears):
    await hears.post(*CRASHES)
    assert (await hears.only()).count == 3
    found = await hears.house.post("a crash and a crash, gorgeous", fan="zoe")
    await hears.topics.once()
    await hears.house.store.write(
        lambda c: c.execute(posts.posts.update().where(posts.posts.c.id == found).values(intent="praise"))
    )
    await hears.topics.once()
    assert await hears.house.store.read(lambda c: topics.topic_of(c, found)) is None


async def test_nothing_of_the_forgotten_stays_in_memory_and_an_empty_topic_goes(hears):
    for text in CRASHES[:2]:
        await hears.house.post(text, fan="ada")
    assert (await hears.only()).count == 2
    await hears.house.fans.press("stage", "ada", FORGET)
    assert await hears.found() == []
    assert not hears.topics._read


async def test_a_topic_goes_on_when_the_words_of_its_first_posts_are_dropped(hears):
    house = hears.house
    for post_id in await hears.post(*CRASHES[:2]):
        await house.press(await house.draft_of(post_id), "reject")
    before = await hears.only()
    house.clock.move(days=8)
    await house.rounds.once()
    house.clock.move(minutes=2)
    await house.rounds.once()
    await hears.post("this app crashes each time i open it", "it crashes when i open the app")
    after = await hears.only()
    assert (after.id, after.count) == (before.id, 4)
    assert len(hears.topics._read) == 2


async def test_what_managers_merge_and_move_stays_where_they_put_it(hears):
    await hears.post(*CRASHES[:2])
    mode = await hears.post("please add a dark mode", "bitte einen dunkelmodus")
    await hears.topics.once()
    by_name = {topic.name: topic.id for topic in await hears.house.store.read(topics.every)}
    await hears.board.merge(by_name["complaints of 1 March"], by_name["crash in use"], "mara")
    assert await hears.found() == [("crash in use", 4)]
    await hears.board.move(mode[0], None, "mara")
    await hears.board.name(await hears.house.store.read(lambda c: topics.topic_of(c, mode[0])), "dark mode", "mara")
    await hears.board.move(mode[1], await hears.house.store.read(lambda c: topics.topic_of(c, mode[0])), "mara")
    hears.start_again()
    assert sorted(await hears.found()) == [("crash in use", 2), ("dark mode", 2)]
    await hears.post("when do we get a dark mode please")
    assert sorted(await hears.found()) == [("crash in use", 2), ("dark mode", 3)]


async def test_without_the_model_nothing_is_grouped_and_nothing_is_lost(hears):
    await hears.post(*CRASHES)
    hears.topics = Topics(hears.house.store, hears.house.settings, hears.house.clock, lambda _: None)
    assert await hears.found() == []
    hears.start_again()
    assert (await hears.only()).count == 3


async def test_a_question_counts_only_where_we_had_no_answer(hears):
    asked = await hears.post("where is the key", "where is the key to the door", "where is this key please")
    set_ = posts.posts.update().where(posts.posts.c.id == asked[0]).values(action="draft")
    await hears.house.store.write(lambda c: c.execute(set_))
    assert await hears.found() == [("questions of 1 March", 2)]


SAVES = (
    "my save is lost since update 2.0, all of it",
    "updated to 2.0 and my save is lost",
    "patch 2.0 broke all my saves, they are lost",
    "lost all my progress when i started the new version",
    "the update wiped my save, six weeks of work lost",
    "lost every save on this machine, nothing loads",
)


@pytest.mark.parametrize("together", [True, False])
async def test_a_crowd_that_says_one_thing_in_many_ways_is_one_topic(hears, together):
    if together:
        await hears.post(*SAVES)
    for text in () if together else SAVES:
        await hears.post(text)
        await hears.topics.once()
    assert await hears.found() == [("complaints of 1 March", len(SAVES))]
    await hears.post("please add a dark mode", "where is the key")
    assert await hears.found() == [("complaints of 1 March", len(SAVES))]


async def test_one_voice_is_found_by_a_later_one_that_is_like_it(hears):
    await hears.post(SAVES[0], "please add a dark mode")
    assert await hears.found() == []
    await hears.post(SAVES[1])
    assert await hears.found() == [("complaints of 1 March", 2)]


async def test_a_topic_keeps_its_first_name_when_its_words_are_gone_and_can_still_be_named(hears):
    house = hears.house
    tokyo = house.settings.community.model_copy(update={"timezone": ZoneInfo("Asia/Tokyo")})
    house.settings = house.settings.model_copy(update={"community": tokyo})
    hears.start_again()
    house.clock.move(hours=4)  # it is one at night there
    for post_id in await hears.post(*SAVES[:2]):
        await house.press(await house.draft_of(post_id), "reject")
    house.clock.move(days=1)
    topic = await hears.only()
    assert topic.name == "complaints of 2 March"
    house.clock.move(days=8)
    await house.rounds.once()
    hears.start_again()
    assert await hears.only() == topic
    await hears.board.name(topic.id, "lost saves", "mara")
    assert await hears.found() == [("lost saves", 2)]


async def test_a_post_on_its_own_is_called_by_what_it_was_read_as(hears):
    posts_ = await hears.post("please add a dark mode", "bitte einen dunkelmodus")
    await hears.topics.once()
    await hears.board.move(posts_[1], None, "mara")
    assert await hears.found() == [("complaints of 1 March", 1)] * 2
