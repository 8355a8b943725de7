"""An operator's change reaches the console and the live view: a fact, and files with faults at a start."""

import asyncio
import re

import pytest

from bot.errors import FaultyFiles
from tests.integration.operators import HERE, MOVED, NEW, OLD, SAYS, texts, write
from tests.integration.program import database

BROKEN = "place: ["


async def until(browser, words, gone=""):
    """The inbox, once it has `words` and not `gone`."""
    async with asyncio.timeout(60):
        while words not in (page := (await browser.get("/inbox")).text) or (gone and gone in page):
            await asyncio.sleep(0.05)
    return page


async def test_a_changed_fact_makes_the_card_anew(start, tmp_path):
    async with start(texts=texts(HERE, SAYS)) as greenroom, greenroom.browser() as browser:
        old = await greenroom.draft()
        assert OLD in await until(browser, old["text"])
        write(tmp_path / "templates", {"facts.yaml": MOVED})
        page = await until(browser, NEW)
        assert "Drafted anew: the fact place has changed." in page
        refused = await greenroom.decide(old, "approve")
        assert refused.status_code == 409
        assert refused.json()["error"] == "superseded"


async def test_a_managers_words_are_remarked_on(start, tmp_path):
    own = f"We meet {OLD}. What do you like best?"
    async with start(texts=texts(HERE, SAYS)) as greenroom, greenroom.browser() as browser:
        await greenroom.decide(await greenroom.draft(), "propose", text=own)
        write(tmp_path / "templates", {"facts.yaml": MOVED})
        assert own in await until(browser, "The fact place has changed since these words were written.")


async def test_a_start_with_faults_runs_on_what_was_live_last_and_says_so(start, tmp_path):
    async with start(texts=texts(HERE, SAYS)) as greenroom:
        ready = (await greenroom.http.get("/readyz")).json()
        assert ready["templates_in_use"] == "those of the files"
        assert "greenroom_template_faults 0.0" in (await greenroom.http.get("/metrics")).text
    write(tmp_path / "templates", {"facts.yaml": BROKEN})
    async with start(texts={}) as greenroom, greenroom.browser() as browser:
        page = await until(browser, "the last good templates stay in use")
        assert "templates/facts.yaml:1" in page
        answer = await greenroom.http.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (200, "ready")
        assert answer.json()["templates_in_use"] == "the last good ones, because the files have faults"
        assert re.search(r"^greenroom_template_faults [1-9]", (await greenroom.http.get("/metrics")).text, re.MULTILINE)
        assert OLD in (await greenroom.draft())["text"]
        write(tmp_path / "templates", {"facts.yaml": MOVED})
        await until(browser, NEW, gone="the last good templates stay in use")
        assert "greenroom_template_faults 0.0" in (await greenroom.http.get("/metrics")).text
    async with start(texts={}):
        with database(tmp_path) as found:
            told = [row[0] for row in found.execute("SELECT name FROM events WHERE name LIKE 'templates%'")]
    assert told == ["templates_kept_in_use", "templates_mended"], "each once"


async def test_a_start_with_faults_and_nothing_kept_stops(start, tmp_path):
    with pytest.raises(FaultyFiles, match=r"templates/facts\.yaml:1"):
        async with start(texts=texts(BROKEN, SAYS)):
            pass
