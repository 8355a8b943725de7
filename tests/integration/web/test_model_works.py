"""What became of a language model's words, and what they cost, stands beside the templates'."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot import settings
from bot.cli.works import as_dict, stats_lines
from bot.insights.coverage import mondays
from bot.insights.wordings import Became, Sent, WhatWorks, what_works
from bot.store import assistant, wordings
from bot.store.assistant import Used
from responders.types import ASSISTANT
from tests.fakes.assistant import MODEL, FakeAssistant, says
from tests.integration.web.conftest import CONFIG, PRAISE, Greenroom, Start

WORDS = "Thank you so much."


def block(fake: FakeAssistant) -> str:
    return f"""
assistant: {{{{endpoint: '{fake.endpoint}', model: {MODEL}, processor: a test}}}}
privacy: {{{{policy: A test may read what you write.}}}}
"""


async def card(greenroom: Greenroom) -> dict[str, Any]:
    """A card with the model's words on it."""
    draft = await greenroom.draft(PRAISE)
    has = await greenroom.until(
        f"/api/drafts/{draft['draft_id']}", lambda c: any(one["by_model"] for one in c["alternatives"])
    )
    number = next(n for n, one in enumerate(has["alternatives"], 1) if one["by_model"])
    answer = await greenroom.decide(has, "reword", alternative=number)
    assert answer.json()["text"] == WORDS
    return answer.json()  # type: ignore[no-any-return]


async def test_its_words_are_counted_like_any_others(start: Start) -> None:
    async with FakeAssistant().running() as fake:
        fake.rule = lambda _: says(WORDS)
        async with start(config=CONFIG + block(fake)) as greenroom:
            first, second = await card(greenroom), await card(greenroom)
            assert (await greenroom.decide(first, "approve")).status_code == 200
            edited = await greenroom.decide(second, "edit", text="Thank you so very much, Robin.")
            assert edited.status_code == 200
            store, parts = greenroom.app.store, greenroom.app.settings
            begun = mondays(datetime.now(UTC), parts.community.timezone, 2)
            counted = await store.read(lambda c: wordings.counted(c, begun))
            asked = await store.read(lambda c: assistant.used(c, begun[0]))
            told = what_works(counted, greenroom.app.content.pipeline.library, begun, parts.community.timezone)
            await store.write(lambda c: c.execute(assistant.calls.update().values(tokens_in=1_000_000, took_ms=3)))
            async with greenroom.browser() as browser:
                page = (await browser.get("/templates/works")).text
    (row,) = (one for one in as_dict(told, parts, asked)["wordings"] if one["template"] == ASSISTANT)
    assert (row["variant"], row["as_it_is"], row["edited"], row["picked"]) == (MODEL, 1, 1, 2)
    assert row["changed"] > 0
    assert as_dict(told, parts, asked)["language_model"]["tokens"] > 0
    lines = [*stats_lines(told, parts, asked=asked)]
    assert "assistant (written by a language model)" in lines
    assert f"  {MODEL}" in lines, "and not as a wording that is missing in the files"
    said = next(line for line in lines if line.startswith("The language model was asked about"))
    assert "on the card (2)" in said
    assert "tokens; " in lines[lines.index(said) + 1]
    assert "Written by a language model" in page
    assert f"<code>{MODEL}</code></span>" in page
    assert "on the card (2)" in page
    assert re.search(r"It took 2,000,\d{3} tokens, and under 0\.1 seconds an answer\.", page)


@pytest.mark.parametrize(
    ("took_ms", "told"), [(None, ""), (0, "under 0.1 seconds"), (99, "under 0.1 seconds"), (100, "0.1 seconds")]
)
def test_how_long_an_answer_took_is_told_in_words(took_ms: int | None, told: str) -> None:
    assert Used(took_ms=took_ms).took == told


def test_large_numbers_are_told_with_commas(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(undo_seconds=10, public_url=""), encoding="utf-8")
    assert Sent(as_it_is=1500, edited=500).words == "1,500 of 2,000 (75%)"
    became = Became(
        template="en/praise/any",
        variant="a",
        known=True,
        proposed=4000,
        replaced=1200,
        instead={("en/praise/any", "b"): 1200},
        skipped=1100,
        why={"": 1100},
        ended=1700,
    )
    told = WhatWorks(weeks=(), sent=(), wordings=(became,), unused=(), corrected=())
    lines = "\n".join(stats_lines(told, settings.load(path, {}), asked=Used(asked=3000, tokens=70_000)))
    for number in ("4,000 cards", "taken 1,200: b (1,200)", "skipped 1,100", "1,700 ended", "3,000 cards", "70,000"):
        assert number in lines
