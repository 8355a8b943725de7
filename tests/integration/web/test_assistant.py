"""The language model in the whole program: what the pages, the API and the numbers say of it."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from bot.errors import GreenroomError
from tests.fakes.assistant import MODEL, FakeAssistant, says
from tests.integration.web.conftest import CONFIG, Greenroom, Start

WORDS = "Thank you so much."
MARK = "Written by a language model"
ONE_MORE = "One more wording is by a language model."


@dataclass
class Helped:
    greenroom: Greenroom
    fake: FakeAssistant

    async def card(self, **more: Any) -> dict[str, Any]:
        """A draft that the model has seen, or was not shown."""
        draft = await self.greenroom.draft(**more)
        return await self.greenroom.until(f"/api/drafts/{draft['draft_id']}", lambda d: len(d["alternatives"]) > 2)


@pytest.fixture
async def helped(start: Start) -> AsyncIterator[Helped]:
    async with FakeAssistant().running() as fake:
        fake.rule = lambda _: says(WORDS)
        block = f"assistant: {{{{endpoint: '{fake.endpoint}', model: {MODEL}, processor: our own server}}}}\n"
        async with start(config=f"{CONFIG}{block}") as running:
            yield Helped(running, fake)
        assert fake.problems == []


def flat(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


async def test_its_words_are_marked_in_the_api_and_on_the_card(helped: Helped) -> None:
    card = await helped.card()
    assert [other["by_model"] for other in card["alternatives"]] == [False, False, True]
    assert card["by_model"] is False
    async with helped.greenroom.browser() as browser:
        page = f"/inbox/cards?ids={card['draft_id']}"
        before = (await browser.get(page)).text
        assert MARK not in before
        assert 'class="reply by-model"' not in before
        assert ONE_MORE in before
        laid = (await helped.greenroom.decide(card, "reword", alternative=3)).json()
        assert (laid["text"], laid["by_model"]) == (WORDS, True)
        shown = (await browser.get(page)).text
        assert f"{MARK} {WORDS}" in flat(shown)
        assert 'class="reply by-model"' in shown
        assert ONE_MORE not in shown


async def test_live_the_numbers_and_the_audit_count_what_it_was_asked(helped: Helped) -> None:
    await helped.card()
    async with helped.greenroom.browser() as browser:
        live = flat((await browser.get("/live")).text)
        assert "Asked today: 1 of 500 questions a day" in live
        assert "On the card 1" in live
        assert "Language model at work" in live
        audit = flat((await browser.get("/team/audit")).text)
        assert re.search(rf"Asked the language model about a post: {MODEL} at 127.0.0.1, \d+ characters", audit)
        assert "What became of what the language model said: on the card" in audit
        assert WORDS not in audit
    numbers = (await helped.greenroom.http.get("/metrics")).text
    assert 'greenroom_assistant_today{outcome="answered"} 1.0' in numbers
    assert 'greenroom_assistant_today{outcome="down"} 0.0' in numbers
    assert "greenroom_assistant_left_today 499.0" in numbers
    assert "greenroom_assistant_rests 0.0" in numbers


async def test_a_fans_no_is_kept_over_http_and_from_the_lobby(helped: Helped) -> None:
    http = helped.greenroom.http
    author = {"id": "a/b", "name": "Sam"}
    assert (await http.put("/api/noai/web/a/b")).status_code == 204
    assert (await http.get("/api/fans/web/a/b")).json()["assistant_declined_at"]
    await helped.greenroom.draft(author=author)
    async with helped.greenroom.browser() as browser:
        assert "/noai" in (await browser.get("/lobby")).text
        answer = await browser.post("/lobby/commands", json={"fan": "lobby-x", "text": "/noai"})
        assert "No language model" in answer.json()["text"]
        for words, told in (
            ("/NoAI OFF", "again"),
            ("/NOAI maybe", "Nothing has changed. Write /noai"),
            ("/NOAI", "No language model"),
        ):
            answer = await browser.post("/lobby/commands", json={"fan": "lobby-x", "text": words})
            assert told in answer.json()["text"]
        answer = await browser.post("/lobby/commands", json={"fan": "lobby-x", "text": "/nonsense at all"})
        assert answer.status_code == 404
        assert "There is no command /nonsense;" in answer.json()["message"]
    await helped.greenroom.draft(author={"id": "lobby-x", "name": "Kim"}, channel="lobby")
    await helped.card(author={"id": "last", "name": "Ada"})
    assert helped.fake.calls == 1
    assert (await http.delete("/api/noai/web/a/b")).status_code == 204
    await helped.greenroom.until(
        "/api/drafts", lambda found: sum(len(d["alternatives"]) > 2 for d in found["items"]) == 2
    )
    assert helped.fake.calls == 2


async def test_without_a_model_nobody_is_told_of_one(light: Start) -> None:
    async with light() as greenroom, greenroom.browser() as browser:
        assert "noai" not in (await browser.get("/lobby")).text
        answer = await browser.post("/lobby/commands", json={"fan": "lobby-x", "text": "/noai"})
        assert answer.status_code == 404
        assert "anguage model" not in (await browser.get("/live")).text
        assert "assistant" not in (await greenroom.http.get("/metrics")).text


async def test_only_the_process_with_the_desk_asks(start: Start) -> None:
    async with FakeAssistant().running() as fake:
        block = f"assistant: {{{{endpoint: '{fake.endpoint}', model: {MODEL}, processor: our own server}}}}\n"
        async with start(config=f"{CONFIG}{block}", only=("web",), reader=None) as running:
            assert running.app.helper is None


async def test_run_refuses_a_model_of_which_fans_cannot_read(start: Start) -> None:
    block = "assistant: {{endpoint: 'http://127.0.0.1:1/v1', model: small, processor: our own server}}\n"
    async with start(config=f"{CONFIG}{block}", reader=None) as running:
        app = running.app
    for policy, starts in ((None, False), ("We keep nothing.", False), ("It is run on OUR own server.", True)):
        app.settings = app.settings.model_copy(
            update={"privacy": app.settings.privacy.model_copy(update={"policy": policy})}
        )
        said: list[str] = []
        running_app = asyncio.create_task(app.run(said.append))
        async with asyncio.timeout(60):
            while not running_app.done() and not said:
                await asyncio.sleep(0.01)
        if starts:
            assert "is running" in said[0]
            running_app.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running_app
            faulthandler.cancel_dump_traceback_later()  # a process that has stopped ends soon: this one goes on
        else:
            with pytest.raises(GreenroomError, match=r"privacy\.policy"):
                await running_app
            assert said == []
