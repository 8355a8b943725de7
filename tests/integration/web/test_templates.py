"""The templates page: what can be said, what became of it, what would be drafted, and what is wrong in the files."""

import asyncio
import json
import re
import threading
from html import unescape
from itertools import product
from types import SimpleNamespace

import pytest

from responders.pipeline import build
from tests.integration.conftest import ANSWER, TEMPLATES
from tests.model import TEMPLATES as SHIPPED
from tests.model import reader

SECRET = "xylograph"  # noqa: S105 - a word that stands in no file of ours
LOOKS = "/templates/of/praise/praise_for_looks"
GERMAN = """\
---
answers_to: [die Karte ist wunderschön, die Farben sind herrlich, so schöne Bilder]
limits: {per_fan: 1/7d}
---
## variant: plain
Wie schön, dass sie dir gefällt.
## variant: glad
when: {mood: glad}
Da freuen wir uns mit.
"""
FACTS = """\
opening_hours: {en: from nine to five, de: von neun bis fünf}
fair: {value: in the boathouse, until: 2020-01-31}
"""
HOURS = """\
---
answers_to: [when are you open, what are your opening hours, are you open on saturdays]
source: the notice <b>at the door</b>
slots:
  hours: {from: facts.opening_hours, required: true}
examples:
  - {given: {post: "when are you open?"}, expect: {max_words: 20}}
---
## variant: plain
We're open {{ hours }}.
"""
FAIR = HOURS.replace("when are you open", "where is the fair").replace("opening_hours", "fair")
MORE = {
    **TEMPLATES,
    "de/praise/praise_for_looks.md": GERMAN,
    "facts.yaml": FACTS,
    "en/question/opening-hours.md": HOURS,
    "en/question/nightwatch.md": "---\nanswers_to: [who watches at night, is a guard there, who is on watch]\n"
    "handoff: Ask the desk before you name anybody.\n---\n",
}
PAGES = ("/templates", LOOKS, "/templates/preview", "/templates/check", "/templates/facts", "/templates/misread")


def text_of(html):
    """What a person reads."""
    return re.sub(r"\s+", " ", unescape(re.sub("<[^>]+>", " ", html)))


async def tried(browser, text, *, channel="web:lobby", name="Robin"):
    return await browser.post("/templates/preview", json={"text": text, "name": name, "channel": channel})


def replies(html):
    return [
        unescape(found) for found in re.findall(r'<blockquote class="reply"[^>]*>(.*?)</blockquote>', html, re.DOTALL)
    ]


async def test_a_situation_stands_side_by_side_with_its_conditions_and_files(light):
    async with light(texts=MORE) as greenroom, greenroom.browser() as browser:
        page = (await browser.get("/templates")).text
        assert LOOKS in page
        assert re.search(r'href="/templates"[^>]*aria-current="page"', page)
        page = (await browser.get(LOOKS)).text
        words = text_of(page)
        for said in ("Praises how it looks", "Wie schön, dass sie dir gefällt.", "Only for posts that sound glad."):
            assert said in words
        assert "Once in 7 days for one fan." in words
        assert "templates/de/praise/praise_for_looks.md" in words
        assert "greenroom templates preview templates/en/praise/praise_for_looks.md" in words
        assert words.count("Not used.") == len(replies(page))
        note = text_of((await browser.get("/templates/of/question/nightwatch")).text)
        assert "A person answers. Ask the desk before you name anybody." in note
        assert "No wording is written here: a person answers in their own words." in note
        assert "It is for posts like these:" in note
        listed = text_of((await browser.get("/templates/list")).text)
        assert "nightwatch no reply" in listed
        assert "praise for looks no reply" not in listed


SEARCHES = [
    ({"q": "WIE schön"}, ["praise_for_looks"], ["signed", "nightwatch"]),
    ({"q": "guard"}, ["nightwatch"], ["praise_for_looks"]),
    ({"q": "complaint"}, ["signed"], ["nightwatch"]),
    ({"language": "de"}, ["praise_for_looks"], ["signed", "nightwatch"]),
    ({"language": "de", "q": "guard"}, [], ["signed", "nightwatch", "praise_for_looks"]),
    ({"q": "<b>nowhere"}, [], ["signed"]),
]


async def test_the_list_is_searched_in_names_posts_and_wordings(light):
    async with light(texts=MORE) as greenroom, greenroom.browser() as browser:
        for (asked, there, away), path in product(SEARCHES, ("/templates/list", "/templates")):
            page = (await browser.get(path, params=asked)).text
            assert all(f"/{name}" in page for name in there), asked
            assert not any(f"/{name}" in page for name in away), asked
            assert "<b>nowhere" not in page
            assert ("Show all" in page) == (not there), asked
        assert (await browser.get("/templates/list", params={"language": "de'x"})).status_code == 422


async def test_an_unknown_situation_is_a_page_that_shows_the_others(light):
    async with light() as greenroom, greenroom.browser() as browser:
        for address in ("/templates/of/praise/nothing", "/templates/of/<b>/x"):
            answer = await browser.get(address)
            assert answer.status_code == 404
            assert "No file has this situation any more" in answer.text
            assert LOOKS in answer.text


async def test_what_became_of_a_wording_is_counted_beside_it(greenroom):
    first = await greenroom.draft("the new map is gorgeous", channel="harbor")
    second = await greenroom.draft("the art is stunning", channel="harbor")
    assert first["variant"] != second["variant"]
    assert (await greenroom.decide(first, "approve")).status_code == 200
    assert (await greenroom.decide(second, "edit", text="My own words for it.")).status_code == 200
    async with greenroom.browser() as browser:
        words = text_of((await browser.get(LOOKS)).text)
        assert "1 on cards 0 picked 1 sent as it is 0 edited 0 skipped" in words
        assert "1 on cards 0 picked 0 sent as it is 1 edited 0 skipped" in words
        words = text_of((await browser.get("/templates")).text)
        assert "2 sent" in words
        assert f"praise for looks {first['variant']} , en 1 0 1 0 0" in words


async def test_a_trial_shows_what_a_post_would_get_and_stores_nothing(greenroom):
    text = "the new map is gorgeous"

    async def rows():
        tables = ["posts", "drafts", "events", "deliveries", "decisions", "requests"]
        return await greenroom.app.store.read(
            lambda c: [c.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() for table in tables]  # noqa: S608
        )

    async with greenroom.browser() as browser:
        before = await rows()
        answer = await tried(browser, text)
        assert answer.status_code == 200, answer.text
        assert await rows() == before
        words = text_of(answer.text)
        assert "A reply is drafted; a manager decides." in words
        assert re.search(r"Reads as “praise for looks” \((sure|likely|a guess)\)", words)
        assert "templates/en/praise/praise_for_looks.md" in words
        assert 1 <= len(replies(answer.text)) <= 3

        draft = await greenroom.draft(text, channel="lobby")
        assert draft["text"] == replies(answer.text)[0], "the trial is the real pipeline"
        again = replies((await tried(browser, text)).text)
        assert draft["text"] not in again, "the real context: these words wait in the channel already"
        elsewhere = replies((await tried(browser, text, channel="web:elsewhere")).text)
        assert draft["text"] in elsewhere


async def test_a_trial_is_signed_by_whoever_tries_and_says_what_is_to_be_typed(greenroom):
    async with greenroom.browser() as browser:
        assert any(text.endswith("Mara") for text in replies((await tried(browser, "it crashes on start")).text))
        words = text_of((await tried(browser, "how do I save")).text)
        assert "Somebody has to type this first: What helps here?" in words
        words = text_of((await tried(browser, "i want to end it all tonight")).text)
        assert "Goes to a person." in words
        assert "No reply is offered." in words


TRIALS = [
    ({"text": " \u200b "}, 422),
    ({"text": "x" * 8001}, 422),
    ({"text": "hello", "channel": "lobby"}, 422),
    ({"text": "hello", "name": ""}, 422),
    ({"text": "hello\x00 \ud800", "name": "\u202e<b>"}, 200),
    ({"text": "hello", "channel": "discord:unknown"}, 200),
]


async def test_any_trial_is_answered_or_refused_in_a_sentence(light):
    headers = {"Content-Type": "application/json"}
    async with light() as greenroom, greenroom.browser() as browser:
        for body, status in TRIALS:
            whole = json.dumps({"name": "Robin", "channel": "web:lobby", **body})
            answer = await browser.post("/templates/preview", content=whole, headers=headers)
            assert answer.status_code == status, answer.text
            if status != 200:
                assert answer.json()["message"].endswith("."), body
            assert "<b>" not in answer.text


async def test_only_a_manager_may_try_and_not_without_end(light):
    async with light() as greenroom, greenroom.browser() as browser:
        body = {"text": "hello", "name": "Robin", "channel": "web:lobby"}
        assert (await greenroom.http.post("/templates/preview", json=body)).status_code == 403
        assert (await browser.post("/templates/preview", json=body, headers={"X-CSRF-Token": "no"})).status_code == 403
        answers = [
            (await browser.post("/templates/preview", json=body | {"text": " "})).status_code for _ in range(400)
        ]
        assert {*answers} == {422, 429}
        assert (await browser.get("/templates")).status_code == 200


async def test_while_a_trial_takes_long_everything_else_goes_on(greenroom):
    begun, go_on = threading.Event(), threading.Event()

    class Slow:
        name = "slow"

        def respond(self, post, context, understanding):
            begun.set()
            assert go_on.wait(30)
            return []

    async with greenroom.browser() as browser:
        content = greenroom.app.content
        content._set = SimpleNamespace(
            texts=content._set.texts,
            pipeline=build(content.pipeline.library, reads=reader().model(None)[0], responders=[Slow()]),
        )
        trial = asyncio.create_task(tried(browser, "the new map is gorgeous"))
        try:
            async with asyncio.timeout(20):
                while not begun.is_set():
                    if trial.done():
                        pytest.fail(f"the responder was never asked: {trial.result().text}")
                    await asyncio.sleep(0.01)
            async with greenroom.browser("tom") as other:
                assert (await other.get("/templates")).status_code == 200
            assert not trial.done()
        finally:
            go_on.set()
        assert (await trial).status_code == 200


async def test_the_check_follows_the_files(light, tmp_path):
    mine = tmp_path / "templates/en/praise/praise_for_looks.md"

    async def findings(browser, holds):
        async with asyncio.timeout(60):
            while not holds(found := text_of((await browser.get("/templates/check/findings")).text)):
                await asyncio.sleep(0.05)
        return found

    async with light() as greenroom, greenroom.browser() as browser:
        found = await findings(browser, lambda words: "No faults" in words)
        assert "Could be better" in found
        good = mine.read_text("utf-8")
        mine.write_text(good.replace("---\n##", "---\n## variant: broken\n{{ nothing }}\n##", 1), "utf-8")
        found = await findings(browser, lambda words: "The files have faults." in words)
        assert "templates/en/praise/praise_for_looks.md line 5 L03" in found
        page = text_of((await browser.get("/templates/check")).text)
        assert "Check 1" in page
        twins = "## variant: twin\nA long sentence about the map.\n## variant: twin-2\nA long sentence about maps.\n"
        mine.write_text(good.replace("---\n##", f"---\n{twins}##", 1), "utf-8")
        found = await findings(browser, lambda words: "variant twin-2" in words)
        assert "No faults: the files are in use." in found
        assert "L08" in found


async def test_what_came_with_greenroom_is_said_to_be_in_order(light):
    texts = {
        path.relative_to(SHIPPED).as_posix(): path.read_text("utf-8")
        for path in [*SHIPPED.glob("*.yaml"), *SHIPPED.glob("intents/*"), *SHIPPED.glob("en/thanks/*")]
    }
    async with light(texts=texts) as greenroom, greenroom.browser() as browser:
        words = text_of((await browser.get("/templates/check/findings")).text)
        assert "No faults, no warnings" in words
        assert "All came with Greenroom and were not changed." in words


async def test_facts_and_answers_say_until_when_and_what_is_mute(light):
    texts = MORE | ANSWER | {"en/question/fair.md": FAIR}
    async with light(texts=texts) as greenroom, greenroom.browser() as browser:
        page = (await browser.get("/templates/facts")).text
        words = text_of(page)
        assert "German: von neun bis fünf" in words
        assert "ended on 2020-01-31, not said any more" in words
        assert "Used for when are you open" in words
        assert "Source: the notice <b>at the door</b>" in words
        assert "<b>at the door" not in page
        assert words.count("Not said in English today") == 1


async def test_no_word_of_a_fan_is_shown(greenroom):
    draft = await greenroom.draft(f"the {SECRET} map is gorgeous", channel="lobby", author={"id": "x", "name": SECRET})
    assert (await greenroom.decide(draft, "edit", text=f"The {SECRET}, yes.")).status_code == 200
    async with greenroom.browser() as browser:
        for path in (*PAGES, "/templates/list", "/templates/check/findings"):
            answer = await browser.get(path)
            assert answer.status_code == 200
            assert SECRET not in answer.text, path
        for text in ("the new map is gorgeous", "how do I save", "me too", "it crashes on start"):
            assert SECRET not in (await tried(browser, text)).text
