"""The board in the console, as a browser talks to it."""

import pytest

from bot.store import topics
from bot.store.ids import new_id
from bot.store.posts import posts
from tests.integration.web.conftest import CONFIG

TEAMS = CONFIG + "teams: {{shop: {{title: The shop}}}}\n"
MARKUP = "<b>bold</b> & the lamp went by the fog"


@pytest.fixture
async def house(light):
    async with light(config=TEAMS) as greenroom, greenroom.browser() as mara:
        yield greenroom, mara


async def topic(greenroom, *post_ids, name=""):
    topic_id, now = new_id(), greenroom.app.clock.now()

    def operation(connection):
        topics.add(connection, topic_id, name, None, now)
        rows = [{"post_id": each, "topic_id": topic_id, "at": now} for each in post_ids]
        connection.execute(topics.voices.insert(), rows)
        connection.execute(posts.update().where(posts.c.id.in_(post_ids)).values(intent="complaint"))

    await greenroom.app.store.write(operation)
    return topic_id


async def test_a_topic_is_named_passed_on_marked_and_opened_again(house):
    greenroom, mara = house
    one, two = await greenroom.post(MARKUP), await greenroom.post(MARKUP)
    topic_id = await topic(greenroom, one, two, name="complaints of 1 March")
    page = (await mara.get("/heard")).text
    assert f'<h2 id="name-{topic_id}" dir="auto">complaints of 1 March</h2>' in page
    assert page.count('required value=""') == 2, "fans read no name that no manager chose"
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "<b>bold" not in page
    address = f"/heard/topics/{topic_id}"
    assert (await mara.put(f"{address}/name", json={"name": "the lamp"})).status_code == 204
    assert (await mara.put(f"{address}/team", json={"team": "shop"})).status_code == 204
    page = (await mara.get("/heard/topics")).text
    assert page.count("the lamp") >= 2
    assert "The shop</span>" in page
    marked = await mara.put(f"{address}/mark", json={"state": "done", "name": "the lamp", "reason": "It is lit."})
    assert marked.json() == {"drafts": 2}
    assert "It is lit." not in (await mara.get("/heard/topics")).text
    done = (await mara.get("/heard/topics?state=done")).text
    assert "It is lit." in done
    assert "2 drafts wait in the inbox" in done
    assert (await mara.delete(f"{address}/mark")).json() == {"drafts": 2}
    audit = (await mara.get("/team/audit")).text
    assert "Changed a topic: done" in audit
    assert "It is lit." not in audit


async def test_posts_are_moved_and_topics_merged(house):
    greenroom, mara = house
    one, two = await greenroom.post(MARKUP), await greenroom.post(MARKUP)
    first = await topic(greenroom, one, two, name="first")
    moved = await mara.put(f"/heard/posts/{one}/topic", json={"topic_id": None})
    own = moved.json()["topic_id"]
    assert own != first
    assert (await mara.post(f"/heard/topics/{own}/merge", json={"into": first})).status_code == 204
    assert (await mara.post(f"/heard/topics/{own}/merge", json={"into": first})).status_code == 404


REFUSED = [
    ("PUT", "name", {"name": " "}, 422),
    ("PUT", "team", {"team": "nobody-here"}, 422),
    ("PUT", "mark", {"state": "open", "name": "x", "reason": "y"}, 422),
    ("PUT", "mark", {"state": "gone", "name": "x", "reason": "y"}, 422),
    ("PUT", "mark", {"state": "done", "name": "x"}, 422),
    ("POST", "merge", {"into": "0000000000000000"}, 404),
]


async def test_what_cannot_be_done_is_refused_in_a_sentence(house):
    greenroom, mara = house
    topic_id = await topic(greenroom, await greenroom.post(MARKUP))
    for method, path, body, status in REFUSED:
        answer = await mara.request(method, f"/heard/topics/{topic_id}/{path}", json=body)
        assert answer.status_code == status, body
        assert answer.json()["message"].endswith("."), body


async def test_nobody_else_sees_or_changes_the_board(house):
    greenroom, mara = house
    topic_id = await topic(greenroom, await greenroom.post(MARKUP))
    async with greenroom.browser("tom") as tom:
        tom.cookies.clear()
        assert (await tom.get("/heard/topics")).status_code in (303, 401)
        assert (await tom.put(f"/heard/topics/{topic_id}/name", json={"name": "x"})).status_code == 401
    del mara.headers["X-CSRF-Token"]
    assert (await mara.put(f"/heard/topics/{topic_id}/name", json={"name": "x"})).status_code == 403
