"""The live page as a browser gets it: its pieces, its stream, and what a fan can do to it."""

import asyncio
import re

import pytest

from bot.console import live
from tests.integration.web.conftest import PRAISE
from tests.integration.web.test_pages import MARKUP

CRISIS = "i can't do this anymore, i want to end it all tonight"


def rows(html):
    """The ids of the posts on the page, in their order."""
    return re.findall(r'data-post="(\w+)"', html)


def flat(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.mark.parametrize("path", ["/live", "/live/figures", "/live/posts", "/live/stream"])
async def test_nobody_sees_it_without_a_session(light, path):
    async with light() as greenroom:
        greenroom.http.headers.pop("Authorization")
        assert (await greenroom.http.get(path)).status_code == 401


@pytest.mark.parametrize(
    "query", ["shown=x", "shown=0123456789ABCDEF", "shown=" + "0" * 15, "shown=" + ",".join(["0" * 16] * 31)]
)
async def test_ids_that_are_none_are_refused(light, query):
    async with light() as greenroom, greenroom.browser() as browser:
        assert (await browser.get(f"/live/posts?{query}")).status_code == 422
        assert (await browser.get("/live/figures?span=year")).status_code == 422


async def test_an_empty_house_says_so(light):
    async with light() as greenroom, greenroom.browser() as browser:
        page = await browser.get("/live")
        assert page.status_code == 200
        words = flat(page.text)
        for sentence in ("Nothing came in yet.", "Nobody waits for an answer.", "Nothing was left alone."):
            assert sentence in words
        assert "Sending at work" in words
        assert "Reader" in words
        assert len(page.content) < 150_000


async def test_each_post_stands_there_with_its_way_and_its_card(greenroom):
    card = await greenroom.draft()
    crisis = await greenroom.draft(CRISIS)
    left = await greenroom.post("we look at it", author={"id": "s", "name": "Sam", "is_staff": True})
    await greenroom.until(f"/api/posts/{left}", lambda post: post["action"])
    async with greenroom.browser() as browser:
        html = (await browser.get("/live/posts")).text
        assert rows(html) == [left, crisis["post"]["post_id"], card["post"]["post_id"]]
        assert f"#draft-{card['draft_id']}" in html
        assert "left alone: written by the team or a bot" in flat(html)
        await greenroom.decide(card, "approve")
        html = (await browser.get("/live/posts")).text
        assert "can still be undone until" in flat(html)
        numbers = flat((await browser.get("/live/figures?span=week")).text)
        assert "Mara Quint 1 0 0" in numbers
        assert "1 urgent" in numbers


async def test_the_address_of_a_card_finds_it_in_the_inbox(greenroom):
    card = await greenroom.draft()
    async with greenroom.browser() as browser:
        html = (await browser.get("/live/posts")).text
        address = re.search(r'href="(/inbox[^"]+)"', html)[1].replace("&amp;", "&")
        page = await browser.get(address.partition("#")[0])
        assert page.status_code == 200
        assert f'id="draft-{card["draft_id"]}"' in page.text


async def test_a_post_without_words_is_shown_without(greenroom):
    card = await greenroom.draft()
    await greenroom.http.delete(f"/api/posts/{card['post']['post_id']}")
    async with greenroom.browser() as browser:
        html = (await browser.get("/live/posts")).text
    assert "(deleted)" in html
    assert PRAISE not in html


async def test_no_text_of_the_live_page_ever_becomes_html(greenroom):
    body = {"channel": MARKUP, "author": {"id": MARKUP, "name": MARKUP}, "text": MARKUP, "id": MARKUP}
    post_id = (await greenroom.http.post("/api/posts", json=body)).json()["post_id"]
    await greenroom.until(f"/api/posts/{post_id}", lambda post: post["action"])
    async with greenroom.browser() as browser:
        html = (await browser.get("/live?span=week")).text
    assert "&lt;script&gt;x()" in html
    assert "<script>x()" not in html
    assert "id=x>" not in html


async def test_a_long_word_is_cut(greenroom):
    await greenroom.post("o" * 5000)
    async with greenroom.browser() as browser:
        assert "o" * (live.CUT + 1) not in (await browser.get("/live")).text


async def test_faults_in_the_operators_files_are_told(light, tmp_path):
    async with light() as greenroom, greenroom.browser() as browser:
        (tmp_path / "templates" / "en" / "praise" / "broken.md").write_text("---\nwhat: ever\n---\n{{ no", "utf-8")
        async with asyncio.timeout(60):
            while "the last good ones are in use" not in (html := (await browser.get("/live/figures")).text):
                await asyncio.sleep(0.05)
        assert "praise/broken.md" in html


# --- the stream


def opened(browser):
    """The stream, for as long as it takes."""
    return browser.stream("GET", "/live/stream", timeout=120)


async def next_change(lines):
    """Wait for a word of the stream."""
    async with asyncio.timeout(120):
        async for line in lines:
            if line == "event: changed":
                return


async def test_the_stream_tells_that_something_happened(light):
    async with light() as greenroom, greenroom.browser() as browser, opened(browser) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        for _ in range(3):
            await greenroom.post()
            await next_change(lines)


async def test_many_events_are_few_words(light):
    """What happens within a second is told together: 2,000 events in a minute are at most 60 words."""
    async with light() as greenroom, greenroom.browser() as browser, opened(browser) as answer:
        loop = asyncio.get_running_loop()
        began = loop.time()
        ids = await asyncio.gather(*(greenroom.post() for _ in range(50)))
        for post_id in ids:
            await greenroom.until(f"/api/posts/{post_id}", lambda post: post["action"])
        assert (await browser.post("/signout?everywhere=true")).status_code == 204
        await greenroom.post()  # the stream looks at the session before its next word, and ends
        told = [line async for line in answer.aiter_lines() if line == "event: changed"]
        assert 0 < len(told) <= (loop.time() - began) / live.AT_MOST_EVERY + 1


async def test_the_stream_ends_with_the_session(light):
    async with light() as greenroom, greenroom.browser() as browser, opened(browser) as answer:
        lines = answer.aiter_lines()
        assert (await browser.post("/signout?everywhere=true")).status_code == 204
        await greenroom.post()
        async with asyncio.timeout(30):
            assert "event: changed" not in [line async for line in lines]


async def test_the_stream_ends_when_the_server_stops(light):
    async with light() as greenroom, greenroom.browser() as browser, opened(browser) as answer:
        async with asyncio.timeout(30):
            await greenroom.app.web.stop()
            assert "event: changed" not in [line async for line in answer.aiter_lines()]
