"""The lobby's page, the sample evening behind it, and what a newcomer has done so far."""

import asyncio
import re

import pytest

from bot.adapters.web.platform import NAME
from bot.console.app import PAGES
from bot.console.evening import PICTURES, SAMPLES, Says, script
from bot.console.lobby import ENOUGH
from bot.domain import LOBBY
from bot.store import posts
from tests.integration.program import database
from tests.integration.web.conftest import PRAISE

ROBIN = {"id": "lobby-robin", "name": "Robin"}
STEPS = len(script())


async def begin(browser, seconds=0):
    return await browser.post("/lobby/evening", json={"seconds": seconds})


async def played(browser):
    """Wait until no evening plays; the page."""
    async with asyncio.timeout(60):
        while "data-playing" in (page := (await browser.get("/lobby")).text):
            await asyncio.sleep(0.02)
    return page


async def written(greenroom):
    """The posts of all channels of the lobby, those of each in order."""
    store = greenroom.app.store
    return await store.read(
        lambda c: [stored for channel in LOBBY for stored in posts.in_channel(c, NAME, channel, 200)]
    )


def message(page, words):
    """The message with these words, its HTML in one line; empty when there is none."""
    found = [part for part in re.findall(r'<li id="(?:post|reply)-.*?</li>', page, re.DOTALL) if words in part]
    assert len(found) <= 1, found
    return re.sub(r"\s+", " ", found[0]) if found else ""


async def fate(browser, words, told, channel="lobby"):
    """Wait until the page says this of a message."""
    async with asyncio.timeout(30):
        while True:
            found = message((await browser.get(f"/lobby?channel={channel}")).text, words)
            if told in found:
                return found
            await asyncio.sleep(0.02)


async def test_an_evening_is_written_as_its_script_says(light):
    async with light() as greenroom, greenroom.browser() as browser:
        answer = await begin(browser)
        assert (answer.status_code, answer.json()["total"]) == (202, STEPS)
        page = await played(browser)
        posts = await written(greenroom)
    assert "Play it again" in page
    assert len(posts) == sum(isinstance(step, Says) for step in script())
    assert {stored.post.channel for stored in posts} == set(LOBBY)
    ids = {stored.post.external_id: stored for stored in posts}
    answers = [stored for stored in posts if stored.post.reply_to]
    assert answers
    for stored in answers:
        assert ids[stored.post.reply_to].post.channel == stored.post.channel
        assert stored.thread == ids[stored.post.reply_to].thread
    assert [stored.deleted for stored in posts].count(True) == 1
    assert [stored.version for stored in posts].count(2) == 1
    assert [item.url for stored in posts for item in stored.post.attachments] == ["/static/samples/cottage.svg"]
    assert all(stored.post.author.id.startswith("evening-") for stored in posts if not stored.deleted)


async def test_a_second_press_while_it_plays_says_so_and_writes_nothing_twice(light):
    async with light() as greenroom, greenroom.browser() as browser:
        presses = await asyncio.gather(*(begin(browser, 600) for _ in range(5)))
        assert sorted(press.status_code for press in presses) == [202, 409, 409, 409, 409]
        refused = next(press.json() for press in presses if press.status_code == 409)
        assert refused["error"] == "plays_already"
        assert re.fullmatch(
            rf"The sample evening is playing already: \d+ of {STEPS} steps are done\.", refused["message"]
        )
        await browser.delete("/lobby/evening")
        assert len(await written(greenroom)) <= 1


async def test_an_evening_that_was_stopped_keeps_what_was_written_and_can_be_played_again(light):
    async with light() as greenroom, greenroom.browser() as browser:
        await begin(browser, 600)
        async with asyncio.timeout(30):
            while not (before := await written(greenroom)):
                await asyncio.sleep(0.02)
        assert "The sample evening is playing: 1 of" in (await browser.get("/lobby")).text
        for _ in range(2):  # a second press has nothing to stop
            assert (await browser.delete("/lobby/evening")).status_code == 204
        assert "data-playing" not in (await browser.get("/lobby")).text
        assert [stored.id for stored in await written(greenroom)] == [stored.id for stored in before]
        assert (await begin(browser)).status_code == 202
        await played(browser)
        assert len(await written(greenroom)) == len(before) + sum(isinstance(step, Says) for step in script())


async def test_it_stops_with_the_server(light, caplog):
    async with light() as greenroom, greenroom.browser() as browser:
        await begin(browser, 600)
        assert [task for task in asyncio.all_tasks() if task.get_name() == "sample evening"]
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "sample evening"]
    assert "sample evening" not in caplog.text


async def test_a_database_that_takes_nothing_ends_it_with_a_sentence(light, tmp_path, capfd):
    async with light() as greenroom, greenroom.browser() as browser:
        with database(tmp_path) as found:
            full = "BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
            found.execute(f"CREATE TRIGGER no_posts BEFORE INSERT ON posts {full}")
        await begin(browser)
        page = await played(browser)
        assert "The sample evening broke off:" in page
        assert "disk is full" in page
        with database(tmp_path) as found:
            found.execute("DROP TRIGGER no_posts")
        assert (await begin(browser)).status_code == 202
        assert "broke off" not in await played(browser)
    assert "Traceback" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("seconds", [-1, 3601, "60", None])
async def test_an_evening_has_a_length_that_makes_sense(light, seconds):
    async with light() as greenroom, greenroom.browser() as browser:
        answer = await begin(browser, seconds)
        assert (answer.status_code, answer.json()["error"]) == (422, "invalid")
        assert not await written(greenroom)


async def test_nobody_else_plays_or_stops_it(light):
    async with light() as greenroom, greenroom.browser() as browser:
        methods = ("POST", "DELETE")
        for method in methods:
            for headers in ({"Origin": "https://evil.example"}, {"X-CSRF-Token": "x"}):
                assert (await browser.request(method, "/lobby/evening", headers=headers)).status_code == 403
        browser.cookies.clear()
        for method in methods:
            assert (await browser.request(method, "/lobby/evening")).status_code == 401
        assert (await browser.get("/lobby/steps")).status_code == 401
        assert not await written(greenroom)


async def test_the_first_steps_are_those_of_this_manager(greenroom):
    async with greenroom.browser("mara") as mara, greenroom.browser("tom") as tom:

        async def steps(browser):
            return {name for name, done in (await browser.get("/lobby/steps")).json().items() if done}

        assert await steps(mara) == set()
        draft = await greenroom.draft(channel="lobby")
        approved = (await greenroom.decide(draft, "approve", by="mara")).json()
        assert (await steps(mara), await steps(tom)) == ({"send"}, set())
        await greenroom.decide({**draft, **approved}, "undo", by="tom")
        assert (await steps(mara), await steps(tom)) == ({"send"}, {"undo"})
        await begin(mara)
        await played(mara)
        assert (await steps(mara), await steps(tom)) == ({"send", "evening"}, {"undo", "evening"})


async def test_whoever_has_decided_twenty_cards_needs_no_first_steps(light):
    async with light() as greenroom, greenroom.browser() as mara, greenroom.browser("tom") as tom:
        for _ in range(ENOUGH):
            assert not (await mara.get("/lobby/steps")).json()["over"]
            await greenroom.decide(await greenroom.draft(), "reject")
        assert (await mara.get("/lobby/steps")).json()["over"]
        assert not (await tom.get("/lobby/steps")).json()["over"]


async def test_each_channel_is_a_page_of_its_own(light):
    async with light() as greenroom, greenroom.browser() as browser:
        for channel in LOBBY:
            await greenroom.post(f"this stands in {channel}.", channel=channel)
        for channel in LOBBY:
            page = (await browser.get(f"/lobby?channel={channel}")).text
            assert re.findall(r"this stands in ([\w-]+)\.", page) == [channel]
        elsewhere = (await browser.get("/lobby?channel=channel-0")).text
        assert "this stands in lobby." in elsewhere


async def test_what_became_of_a_post_and_of_its_reply(start):
    async with start(undo_seconds=0) as greenroom, greenroom.browser() as browser:
        draft = await greenroom.draft(channel="lobby-help", author=ROBIN)
        here = "lobby-help"
        link = re.search(r'href="(/inbox[^"]+)"', await fate(browser, PRAISE, "A draft waits", here))[1]
        assert f'id="{link.partition("#")[2]}"' in (await browser.get(link)).text
        text = (await greenroom.decide(draft, "approve")).json()["text"]
        assert "by Mara Quint" in await fate(browser, 'class="message fan"', "Answered", here)
        reply = message((await browser.get(f"/lobby?channel={here}")).text, 'class="message us"')
        assert text.replace("'", "&#39;") in reply
        assert re.search(r'class="quoted cut"><a href="#post-\w+">\s*<b dir="auto">Robin</b>', reply)
        sent = (await greenroom.http.get(f"/api/drafts/{draft['draft_id']}")).json()
        await greenroom.decide({**draft, **sent}, "correct", text="Glad that you like the new map.")
        await fate(browser, "Glad that you like the new map.", "edited", here)
        sent = (await greenroom.http.get(f"/api/drafts/{draft['draft_id']}")).json()
        await greenroom.decide({**draft, **sent}, "remove")
        gone = await fate(browser, 'class="message us"', "Removed by the team", here)
        assert "Glad that you like" not in gone
        assert "data-do" not in gone
        await fate(browser, 'class="message fan"', "The reply was removed", here)


async def test_edited_and_deleted_posts_look_so(light):
    async with light() as greenroom, greenroom.browser() as browser:
        post_id = await greenroom.post("the first words", channel="lobby", author=ROBIN)
        assert "edited" not in message((await browser.get("/lobby")).text, "the first words")
        await browser.patch(f"/api/posts/{post_id}", json={"text": "the second words"})
        assert "edited" in message((await browser.get("/lobby")).text, "the second words")
        await browser.delete(f"/api/posts/{post_id}")
        page = (await browser.get("/lobby")).text
        gone = message(page, f"post-{post_id}")
        assert "Deleted by its author" in gone
        assert "Robin" not in page.partition("<form")[0]
        assert "the second words" not in page
        assert "data-do" not in gone


async def test_what_was_left_alone_says_why_and_offers_a_card(start):
    async with start() as greenroom, greenroom.browser() as browser:
        first = await greenroom.post(PRAISE, channel="lobby", id="one")
        await greenroom.post("the light is great, how did you do that", channel="lobby", reply_to="one")
        found = await fate(browser, "how did you do that", "Left alone")
        assert "Fans are talking with each other." in found
        assert 'data-do="card"' in found
        post_id = re.search(r'data-post="(\w+)"', found)[1]
        assert (await browser.post(f"/api/posts/{post_id}/card", json={})).status_code == 200
        asked = await fate(browser, "how did you do that", "Waits for a person")
        assert 'data-do="card"' not in asked
        await fate(browser, f'id="post-{first}"', "A draft waits")


async def test_only_our_own_pictures_are_shown_in_place(light):
    ours = PICTURES[0].model_dump()
    others = [
        {"kind": "image", "url": "https://evil.example/a.png", "title": "a"},
        {"kind": "image", "url": "/static/samples/../../api/events"},
        {"kind": "image", "url": "//evil.example/static/samples/cottage.svg"},
        {"kind": "link", "url": "javascript:alert(1)"},
    ]
    async with light() as greenroom, greenroom.browser() as browser:
        await greenroom.post("with pictures", channel="lobby-showcase", attachments=[ours, *others])
        shown = message((await browser.get("/lobby?channel=lobby-showcase")).text, "with pictures")
        assert re.findall(r'src="([^"]+)"', shown) == [ours["url"]]
        assert "evil.example" not in shown
        assert "javascript:" not in shown
        for picture in PICTURES:
            answer = await browser.get(picture.url)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")


async def test_the_samples_can_do_nothing_but_be_looked_at():
    """A browser that opens one as a page would run what is in it."""
    folder = PAGES / "static" / "samples"
    assert {file.name for file in folder.iterdir()} == set(SAMPLES)


async def test_no_text_of_a_message_becomes_html_on_any_channel(light, subtests):
    markup = "<img src=x onerror=x()>\"'"
    async with light() as greenroom, greenroom.browser() as browser:
        for channel in LOBBY:
            first = await greenroom.post(
                markup,
                channel=channel,
                id=f"{markup}{channel}",
                author={"id": markup, "name": markup},
                attachments=[{"kind": "image", "url": markup, "title": markup}],
            )
            await greenroom.post("below", channel=channel, reply_to=f"{markup}{channel}", author=ROBIN)
            with subtests.test(channel=channel):
                page = (await browser.get(f"/lobby?channel={channel}")).text
                assert first in page
                assert page.count("&lt;img src=x onerror=x()&gt;") >= 4
                assert "<img src=x" not in page
        assert "<img src=x" not in (await browser.get(f"/lobby?channel={markup}")).text
