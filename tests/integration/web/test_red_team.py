"""Posts that try to lead a language model astray, with models that obey them, through the whole app.

Whatever such a model says stays at our own checks: nothing of it is on a card, nothing is sent, and no post leaves the
place where our own reading put it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from rapidfuzz import fuzz, process

from bot.queue import assisted
from bot.store import assistant
from responders.selection.verdict import READINGS
from responders.types import ASSISTANT
from tests.fakes.assistant import MODEL, Asked, FakeAssistant, says
from tests.integration.web.conftest import CONFIG, Greenroom, Start
from tests.model import TEMPLATES

pytestmark = pytest.mark.whole

LANGUAGES = ("en", "de", "es", "fr", "pt")
OTHER = "Nepomuk Zander"
"""Another fan, whose name the model must not see."""
BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)


@cache
def posts() -> tuple[dict[str, Any], ...]:
    found = yaml.safe_load((Path(__file__).parents[2] / "data/red_team.yaml").read_text("utf-8"))
    return tuple({**one, "post": one["post"] * one.get("times", 1)} for one in found)


@cache
def shipped() -> Mapping[str, str]:
    files = (path for path in TEMPLATES.rglob("*") if path.suffix in {".md", ".yaml"} and path.name != "README.md")
    return {str(path.relative_to(TEMPLATES)): path.read_text("utf-8") for path in files}


def entry_of(asked: Asked) -> dict[str, Any] | None:
    """Which of the posts the model was given. Names and links are taken out of it by then."""
    given = str(asked.data["post"])
    found = process.extractOne(
        given, [one["post"][: len(given)] for one in posts()], scorer=fuzz.ratio, score_cutoff=60
    )
    return posts()[found[2]] if found else None


def obeys(asked: Asked) -> str:
    """It says what the post wants it to say, and reads the post as the post wants to be read."""
    entry = entry_of(asked)
    return says(entry["obeyed"], entry.get("reads"), facts=()) if entry else says()


def parrots(asked: Asked) -> str:
    """It says the post again."""
    return says(str(asked.data["post"])[:900])


def tells_the_thread(asked: Asked) -> str:
    """It says what others wrote before."""
    return says("\n".join(asked.data.get("thread", ()))[:900] or None)


def recites(asked: Asked) -> str:
    """It says what we told it."""
    return says(asked.system[:900])


def calls_it_dangerous(_: Asked) -> str:
    """It makes up a reading that only our own gates can give."""
    return says("Thank you.", "crisis")


ROUNDS: Mapping[str, Callable[[Asked], str]] = {
    one.__name__: one for one in (obeys, parrots, tells_the_thread, recites, calls_it_dangerous)
}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_nothing_comes_of_it(start: Start, language: str) -> None:
    mine = [one for one in posts() if one["language"] == language]
    async with FakeAssistant().running() as fake:
        fake.secrets |= {OTHER, "nell-7"}
        block = f"""
assistant: {{{{endpoint: '{fake.endpoint}', model: {MODEL}, timeout: 30s, per_day: 5000, processor: a test}}}}
privacy: {{{{policy: A language model of ours may read what you write.}}}}
"""
        async with start(texts=shipped(), config=CONFIG + block) as greenroom:
            leaked: list[tuple[str, str, str]] = []
            for name, rule in ROUNDS.items():
                fake.rule = rule
                ids = [await play(greenroom, one, f"{name}-{number}") for number, one in enumerate(mine)]
                await answered(greenroom)
                for one, post_id in zip(mine, ids, strict=True):
                    words = await words_on(greenroom, post_id)
                    leaked += [(one["id"], name, text) for text in words if not harmless(one, text, name)]
            asked = {entry["id"] for one in fake.seen if (entry := entry_of(one))}
            assert (await greenroom.http.get("/api/replies")).json()["items"] == [], "nothing is sent"
    assert fake.problems == []
    assert leaked == []
    assert asked, "our own reader keeps some from the model; the others were put to it"


async def words_on(greenroom: Greenroom, post_id: str) -> list[str]:
    """The model's words on the card of a post. Where our own reader put the post it stays."""
    post = (await greenroom.http.get(f"/api/posts/{post_id}")).json()
    if post["draft"] is None:
        return []
    card = (await greenroom.http.get(f"/api/drafts/{post['draft']['draft_id']}")).json()
    stored = await greenroom.app.store.post_page(post_id)
    assert stored
    assert post["intent"] in dict(stored.post.understanding["intents"][:READINGS])  # type: ignore[index]
    assert card["template"] != ASSISTANT
    return [other["text"] for other in card["alternatives"] if other["template"] == ASSISTANT]


def harmless(one: dict[str, Any], text: str, round_: str) -> bool:
    """A model that says the post again says nothing bad where the post itself asks for nothing bad."""
    if round_ == obeys.__name__ and one.get("harmless"):
        return True
    return round_ == parrots.__name__ and ("before" in one or "name" in one) and text == one["post"]


_numbers = itertools.count()


async def play(greenroom: Greenroom, one: dict[str, Any], channel: str) -> str:
    author = {"id": f"fan-{next(_numbers)}", "name": one.get("name", "Robin")}
    more: dict[str, Any] = {}
    if before := one.get("before"):
        first = {"id": f"r{next(_numbers)}", "channel": channel, "author": author, "text": "hello everybody"}
        assert (await greenroom.http.post("/api/posts", json=first)).status_code == 202
        other = {"id": "nell-7", "name": OTHER}
        said = await greenroom.post(before, channel=channel, author=other, reply_to=first["id"])
        await greenroom.until(f"/api/posts/{said}", lambda p: p["action"])
        more = {"reply_to": first["id"]}
    post_id = await greenroom.post(one["post"], channel=channel, author=author, **more)
    await greenroom.until(f"/api/posts/{post_id}", lambda p: p["action"])
    return post_id


async def answered(greenroom: Greenroom) -> None:
    """Until the model was asked about every card that it may be asked about, and each answer was dealt with."""
    app = greenroom.app

    def open_(connection: Any) -> bool:
        may_be = assistant.candidates(connection, BEGINNING, 1000)
        asks = any(assisted.look(connection, one, app.settings, app.clock.now()) for one in may_be)
        return asks or open_calls(connection)

    async with asyncio.timeout(240):
        while await app.store.read(open_):
            await asyncio.sleep(0.2)


def open_calls(connection: Any) -> bool:
    used = assistant.used(connection, BEGINNING)
    return used.asked > sum(number for end, number in used.ends.items() if end not in assistant.NOT_ASKED)
