"""The inbox over HTTP: pages, fragments, the stream, presence, notes."""

import asyncio
import contextlib
import json
import re
from datetime import UTC, datetime

import httpx
import pytest

from bot.console import WebServer, create_app
from bot.events import Happened
from bot.store import events
from bot.store.listing import View
from tests.integration.web.conftest import PRAISE

CRISIS = "i can't do this anymore, i want to end it all tonight"


def shown(html):
    """The ids of the drafts and posts whose cards a page or fragment has, in its order."""
    return re.findall(r'<article[^>]* id="(?:draft|post)-(\w+)"', html)


def more(html):
    found = re.search(r'<a id="more"[^>]* href="([^"]+)"', html)
    return found and found[1].replace("&amp;", "&")


@contextlib.asynccontextmanager
async def following(browser, path="/inbox/stream", **headers):
    """The events of a stream as they come: (name, data, id)."""
    async with browser.stream("GET", path, headers=headers, timeout=60) as answer:
        assert answer.status_code == 200

        async def read():
            told = {}
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if line:
                    told[name] = value
                elif "event" in told:
                    yield told["event"], json.loads(told["data"]), told.get("id")
                    told = {}

        yield read()


async def until(told, holds):
    """The first event that holds."""
    async with asyncio.timeout(60):
        async for name, data, number in told:
            if holds(name, data):
                return data, number
    raise AssertionError("the stream has ended")


async def test_every_view_has_its_page_and_counts_of_all(light):
    async with light() as greenroom, greenroom.browser() as browser:
        card = await greenroom.draft(CRISIS)
        for view in (*View, "nonsense", ""):
            page = await browser.get("/inbox", params={"view": view})
            assert page.status_code == 200
            has = view in {"urgent", "waiting", "all", "nonsense", ""}
            assert shown(page.text) == ([card["draft_id"]] if has else []), view
        state = (await browser.get("/inbox/state")).json()
        assert state["ids"] == [card["draft_id"]]
        assert state["urgent"] == 1
        assert state["counts"] == {**dict.fromkeys(View, 0), "urgent": 1, "waiting": 1, "all": 1}


async def test_more_goes_on_where_the_page_ends_and_keeps_the_filters(light):
    async with light() as greenroom, greenroom.browser() as browser:
        made = [(await greenroom.draft(channel="pier & quay"))["draft_id"] for _ in range(27)]
        await greenroom.draft(channel="elsewhere")
        page = (await browser.get("/inbox", params={"channel": "pier & quay"})).text
        address = more(page)
        assert len(shown(page)) == 25
        following = await browser.get(address.replace("/inbox?", "/inbox/more?"))
        assert "<html" not in following.text
        assert more(following.text) is None
        assert shown(page) + shown(following.text) == made
        assert shown((await browser.get(address)).text) == made[25:]


async def test_a_cursor_of_no_page_begins_anew(light, subtests):
    async with light() as greenroom, greenroom.browser() as browser:
        card = await greenroom.draft()
        for after in ("x", "80~2026-01-01~x", "🦊", "a" * 8000, "80~9999-12-31T23:59:59-12:00~x"):
            with subtests.test(after=after[:40]):
                page = await browser.get("/inbox", params={"after": after, "q": "map"})
                assert (page.status_code, page.headers["location"]) == (303, "/inbox?view=waiting&q=map")
                assert shown((await browser.get(page.headers["location"])).text) == [card["draft_id"]]
                refused = await browser.get("/inbox/more", params={"after": after})
                assert (refused.status_code, refused.json()["error"]) == (422, "invalid")


HOSTILE = ["%", "_", "'\"<script>", "</template>", "\u202eabc", "שלום", "🦊" * 50, "x" * 8000, "\ud800", "a\nb", "&a=b"]


@pytest.mark.whole
async def test_any_filter_is_an_inbox(light, subtests):
    async with light() as greenroom, greenroom.browser() as browser:
        await greenroom.draft()
        for value in HOSTILE:
            encoded = "".join(f"%{byte:02X}" for byte in value.encode("utf-8", "surrogatepass"))
            for name in ("q", "channel", "platform", "reading", "language", "fan"):
                for path in ("/inbox", "/inbox/more", "/inbox/state"):
                    with subtests.test(path=path, name=name, value=ascii(value)[:40]):
                        page = await browser.get(f"{path}?{name}={encoded}&view=waiting")
                        assert page.status_code == 200
                        assert "<script>" not in page.text
                        assert shown(page.text) == []


async def test_cards_come_by_their_ids_as_they_are_now(light):
    async with light() as greenroom, greenroom.browser() as browser:
        waiting, decided = await greenroom.draft(CRISIS), await greenroom.draft(CRISIS)
        assert (await greenroom.decide(decided, "reject")).status_code == 200
        ids = f"{decided['draft_id']},nonsense,,{waiting['draft_id']},{waiting['draft_id']}"
        page = await browser.get("/inbox/cards", params={"ids": ids})
        assert shown(page.text) == [decided["draft_id"], waiting["draft_id"]]
        states = re.findall(r'data-state="(\w+)"', page.text)
        assert states == ["rejected", "waiting"]
        assert shown((await browser.get("/inbox/cards")).text) == []
        many = ",".join([*(f"{n:016x}" for n in range(50)), waiting["draft_id"]])
        assert shown((await browser.get("/inbox/cards", params={"ids": many})).text) == [], "the first fifty only"


async def test_around_a_card_and_around_a_post_that_was_left_alone(light):
    async with light() as greenroom, greenroom.browser() as browser:
        await greenroom.post("<b>before</b> it", channel="pier")
        card = await greenroom.draft(CRISIS, channel="pier")
        page = await browser.get(f"/inbox/cards/{card['draft_id']}/around")
        assert page.status_code == 200
        assert "&lt;b&gt;before&lt;/b&gt; it" in page.text
        assert (await browser.get(f"/inbox/posts/{card['post']['post_id']}/around")).text == page.text
        for path in ("/inbox/cards/x/around", "/inbox/posts/x/around"):
            answer = await browser.get(path)
            assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


async def test_a_note_is_kept_shown_and_removed(light):
    async with light() as greenroom, greenroom.browser() as mara, greenroom.browser("tom") as tom:
        card = await greenroom.draft(CRISIS)
        address = f"/inbox/posts/{card['post']['post_id']}/notes"
        written = await mara.post(address, json={"text": "  <i>call</i> her, @Tom and @nobody  "})
        assert written.status_code == 201
        assert "&lt;i&gt;call&lt;/i&gt; her" in written.text
        (note,) = (await greenroom.http.get(f"/api/drafts/{card['draft_id']}")).json()["notes"]
        assert (note["by"], note["text"], note["names"]) == ("mara", "<i>call</i> her, @Tom and @nobody", ["tom"])
        assert (await mara.get("/inbox/state?view=mine")).json()["ids"] == []
        assert (await tom.get("/inbox/state?view=mine")).json()["ids"] == [card["draft_id"]]
        looking = {"draft_id": card["draft_id"], "doing": "looking"}
        assert (await tom.post("/inbox/presence", json=looking)).status_code == 204
        assert (await tom.get("/inbox/state?view=mine")).json()["ids"] == [], "he has seen it"
        not_his = await tom.delete(f"/inbox/notes/{note['id']}")
        assert (not_his.status_code, not_his.json()["error"]) == (403, "not_yours")
        assert (await mara.delete(f"/inbox/notes/{note['id']}")).status_code == 204
        assert (await mara.delete(f"/inbox/notes/{note['id']}")).status_code == 404
        assert (await greenroom.http.get(f"/api/drafts/{card['draft_id']}")).json()["notes"] == []


async def test_a_note_has_words(light):
    async with light() as greenroom, greenroom.browser() as browser:
        card = await greenroom.draft(CRISIS)
        for text in ("", "  ", "\u200b\u200b", "x" * 2001, None, 5, "\u0000"):
            answer = await browser.post(f"/inbox/posts/{card['post']['post_id']}/notes", json={"text": text})
            assert (answer.status_code, answer.json()["error"]) == (422, "invalid"), text
        assert (await greenroom.http.get(f"/api/drafts/{card['draft_id']}")).json()["notes"] == []


async def test_nothing_is_changed_without_a_session_of_our_own_page(light):
    async with light() as greenroom, greenroom.browser() as browser:
        card = await greenroom.draft(CRISIS)
        address = f"/inbox/posts/{card['post']['post_id']}/notes"
        del browser.headers["X-CSRF-Token"]
        for method, path, body in (
            ("POST", address, {"text": "x"}),
            ("POST", "/inbox/presence", {"draft_id": None}),
            ("DELETE", "/inbox/notes/x", None),
        ):
            assert (await browser.request(method, path, json=body)).status_code == 403
            assert (await greenroom.http.request(method, path, json=body)).status_code == 422, "nobody is named"
            async with httpx.AsyncClient(base_url=greenroom.base, timeout=60) as nobody:
                assert (await nobody.request(method, path, json=body)).status_code == 401
        assert (await greenroom.http.get(f"/api/drafts/{card['draft_id']}")).json()["notes"] == []


async def test_the_stream_tells_which_cards_have_changed(light):
    async with light() as greenroom, greenroom.browser() as browser, following(browser) as told:
        card = await greenroom.draft(CRISIS)
        data, number = await until(told, lambda name, data: name == "changed" and data["urgent"])
        assert data["urgent"] == [card["draft_id"]]
        await browser.post(f"/inbox/posts/{card['post']['post_id']}/notes", json={"text": "look"})
        data, _ = await until(told, lambda name, _: name == "changed")
        assert data == {"drafts": [card["draft_id"]], "posts": [], "urgent": []}
        async with following(browser, **{"Last-Event-ID": number}) as again:
            data, _ = await until(again, lambda name, _: name == "changed")
            assert data["drafts"] == [card["draft_id"]], "what was missed is told"


async def test_a_stream_begins_now_where_its_number_says_nothing(light):
    async with light() as greenroom, greenroom.browser() as browser:
        await greenroom.draft(CRISIS)
        async with following(browser, **{"Last-Event-ID": "9" * 20}) as told:
            card = await greenroom.draft(PRAISE)
            data, _ = await until(told, lambda name, data: name == "changed" and card["draft_id"] in data["drafts"])
            assert data["urgent"] == [], "the crisis was before it"
        for number in ("", "x", "-1", "٣"):
            answer = await browser.get("/inbox/stream", headers={"Last-Event-ID": number.encode()})
            assert answer.status_code == 422, number


@pytest.mark.parametrize(("path", "stream"), [("/inbox", "/inbox/stream"), ("/live", "/live/stream")])
async def test_what_happens_between_a_page_and_its_stream_is_told(light, path, stream):
    async with light() as greenroom, greenroom.browser() as browser:
        seen = re.search(r'<meta name="seen" content="(\d+)">', (await browser.get(path)).text)[1]
        await greenroom.draft(CRISIS)
        async with following(browser, f"{stream}?after={seen}") as told:
            data, number = await until(told, lambda name, _: name == "changed")
        assert int(number) > int(seen)
        assert path == "/live" or data["drafts"]


async def test_what_happens_between_the_lobby_and_its_stream_is_told(light):
    async with light() as greenroom, greenroom.browser() as browser:
        seen = re.search(r'<meta name="seen" content="(\d+)">', (await browser.get("/lobby")).text)[1]
        post = await greenroom.post(PRAISE)
        async with following(browser, f"/api/events?after={seen}") as told:
            data, _ = await until(told, lambda name, _: name == "post_received")
        assert data["post_id"] == post


async def flood(greenroom, number):
    """So many cards change at once."""
    now = datetime.now(UTC)

    def write(connection):
        for n in range(number):
            events.append(connection, Happened.DRAFT_OPENED, now, draft_id=f"{n:016x}", post_id=f"{n:016x}")

    await greenroom.app.store.write(write)


async def test_two_thousand_events_are_a_few_words(light):
    async with light() as greenroom, greenroom.browser() as browser, following(browser) as told:
        await flood(greenroom, 2000)
        data, _ = await until(told, lambda name, _: name == "changed")
        assert data["more"] is True
        assert len(data["drafts"]) == 50
        card = await greenroom.draft(CRISIS)
        data, _ = await until(told, lambda name, data: name == "changed" and card["draft_id"] in data["drafts"])
        assert "more" not in data, "nothing of the 2,000 is told a second time"


async def test_who_reads_slowly_is_told_less_and_holds_up_nobody(light):
    async with (
        light() as greenroom,
        greenroom.browser() as slow,
        greenroom.browser("tom") as quick,
        following(slow) as late,
        following(quick) as told,
    ):
        for _ in range(3):
            await flood(greenroom, 2000)
            await until(told, lambda name, data: name == "changed" and data["more"])
            assert (await quick.get("/inbox", timeout=60)).status_code == 200
        card = await greenroom.draft(CRISIS)
        counted = 0

        def is_there(name, data):
            nonlocal counted
            counted += name == "changed"
            return name == "changed" and card["draft_id"] in data["drafts"]

        await until(late, is_there)
        assert counted <= 6, "one for each flood, and those of the post"


async def test_a_stream_ends_with_its_session(light):
    async with light() as greenroom, greenroom.browser() as browser, following(browser) as told:
        assert (await browser.post("/signout")).status_code == 204
        async with asyncio.timeout(60):
            assert [name async for name, _, _ in told] == []


async def test_others_are_seen_on_cards_and_not_oneself(light):
    async with light() as greenroom, greenroom.browser() as mara, greenroom.browser("tom") as tom:
        card = (await greenroom.draft(CRISIS))["draft_id"]
        async with following(mara) as hers, following(tom) as his:
            await mara.post("/inbox/presence", json={"draft_id": card, "doing": "writing"})
            await tom.post("/inbox/presence", json={"draft_id": card})
            told, _ = await until(his, lambda name, _: name == "presence")
            assert told == {card: [{"name": "Mara Quint", "doing": "writing"}]}
            told, _ = await until(hers, lambda name, _: name == "presence")
            assert told == {card: [{"name": "Tom", "doing": "looking"}]}
            await mara.post("/inbox/presence", json={"draft_id": None})
            assert (await until(his, lambda name, _: name == "presence"))[0] == {}
            async with following(tom) as late:
                await tom.post("/inbox/presence", json={"draft_id": None})
                await mara.post("/inbox/presence", json={"draft_id": card})
                assert (await until(late, lambda name, _: name == "presence"))[0][card][0]["doing"] == "looking"


async def test_one_who_vanishes_is_gone_from_the_card(light):
    async with light() as greenroom, greenroom.browser() as mara, greenroom.browser("tom") as tom:
        server = WebServer(create_app(greenroom.app._deps(), presence_seconds=0.5), "127.0.0.1", 0)
        await server.start()
        base = f"http://127.0.0.1:{server.port}"
        headers = {"Origin": base, "X-CSRF-Token": mara.headers["X-CSRF-Token"]}
        async with (
            httpx.AsyncClient(base_url=base, cookies=mara.cookies, headers=headers, timeout=60) as hers,
            httpx.AsyncClient(base_url=base, cookies=tom.cookies, timeout=60) as his,
            following(his) as told,
        ):
            seen = asyncio.create_task(until(told, lambda name, _: name == "presence"))
            while not seen.done():
                assert (await hers.post("/inbox/presence", json={"draft_id": "d"})).status_code == 204
            assert (await seen)[0] == {"d": [{"name": "Mara Quint", "doing": "looking"}]}
            assert (await until(told, lambda name, _: name == "presence"))[0] == {}
        await server.stop()


async def test_a_press_repeated_after_a_dead_connection_counts_once(light):
    async with light() as greenroom, greenroom.browser() as browser:
        card = await greenroom.draft(CRISIS)
        body = {"revision": card["revision"], "action": "edit", "text": "I am here."}
        address, headers = f"/api/drafts/{card['draft_id']}/decisions", {"Idempotency-Key": "press-1"}
        first = await browser.post(address, json=body, headers=headers)
        again = await browser.post(address, json=body, headers=headers)
        assert first.status_code == again.status_code == 200
        assert first.json() == again.json()
        assert len((await greenroom.http.get(f"/api/drafts/{card['draft_id']}")).json()["deliveries"]) == 1
