"""The public page has managers' words alone, and follows the board."""

from __future__ import annotations

import pytest

from bot.insights.heard_page import HeardPage
from bot.people.board import Board
from bot.store import topics
from bot.store.ids import new_id
from bot.store.topics import TopicState

SAID = "zebra quagga crashes"


class Site:
    def __init__(self, house):
        self.house = house
        self.page = HeardPage(house.store, house.settings)
        self.board = Board(house.store, house.settings, house.clock, lambda: house.pipeline.library)
        self.file = house.settings.public_pages / "heard/index.html"

    async def topic(self, name=""):
        topic_id, now = new_id(), self.house.clock.now()
        post = await self.house.post(SAID, name="Adabella")
        row = {"post_id": post, "topic_id": topic_id, "at": now}

        def operation(connection):
            topics.add(connection, topic_id, name, "crash_in_use", now)
            connection.execute(topics.voices.insert(), row)

        await self.house.store.write(operation)
        return topic_id

    async def html(self):
        await self.page.once()
        return self.file.read_text(encoding="utf-8")


@pytest.fixture
async def site(community):
    return Site(community.house)


async def test_nothing_is_written_before_something_is_marked(site):
    await site.topic("crash in use")
    await site.page.once()
    assert not site.file.exists()


async def test_marked_topics_stand_there_by_state_and_nothing_of_fans(site):
    one, two = await site.topic("crash in use"), await site.topic()
    await site.board.mark(one, TopicState.DONE, "Crashes <on> the boat", "Mended & out since Monday.", "mara")
    await site.board.mark(two, TopicState.PLANNED, "A photo mode", "In the spring.", "mara")
    html = await site.html()
    assert "Crashes &lt;on&gt; the boat" in html
    assert html.index("Done</h2>") < html.index("Crashes") < html.index("Planned</h2>") < html.index("A photo mode")
    assert "Not planned" not in html
    assert not [word for word in ("zebra", "quagga", "Adabella", "Mara", "mara") if word in html]
    assert site.file.stat().st_mode & 0o777 == 0o644


async def test_a_mark_taken_back_leaves_the_page(site):
    topic_id = await site.topic("crash in use")
    await site.board.mark(topic_id, TopicState.DONE, "Crashes", "Mended.", "mara")
    assert "Mended." in await site.html()
    await site.board.unmark(topic_id, "mara")
    assert "Mended." not in await site.html()


async def test_a_page_of_the_operators_is_used_and_a_broken_one_is_not(site):
    topic_id = await site.topic()
    await site.board.mark(topic_id, TopicState.DONE, "Crashes", "Mended.", "mara")
    own = site.house.settings.templates / "pages/heard.html"
    own.parent.mkdir(parents=True)
    own.write_text("our own: {{ topics[0].name }}", encoding="utf-8")
    assert await site.html() == "our own: Crashes"
    own.write_text("broken {{ nothing.here }}", encoding="utf-8")
    assert "You said, we did" in await site.html()
