"""A language model beside a chat platform: its words are marked and need a yes, and fans say no to it there."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.contract.chat.stages import Stage
from tests.fakes.assistant import MODEL, FakeAssistant, says

PRAISE = "the new map is gorgeous"
WORDS = "Thank you so much."


@pytest.fixture
async def fake() -> AsyncIterator[FakeAssistant]:
    async with FakeAssistant().running() as server:
        server.rule = lambda _: says(WORDS)
        yield server
        assert server.problems == []


@pytest.fixture
async def helped(stage: Stage, fake: FakeAssistant) -> Stage:
    stage.configure(f"assistant: {{endpoint: '{fake.endpoint}', model: {MODEL}, processor: our own server}}\n")
    await stage.start()
    return stage


async def test_its_words_are_marked_on_the_card_and_go_out_after_a_yes_to_them(helped: Stage) -> None:
    stage = helped
    post = stage.post(PRAISE)
    await stage.card(PRAISE)
    await stage.until(lambda: stage.rows("SELECT 1 FROM assistant_calls WHERE outcome = 'answered'"))
    await stage.until(lambda: [c for c in stage.cards() if "One more wording is by a language model." in c.text])
    while WORDS not in (card := await stage.card(PRAISE)).text:
        await stage.press(card, "Other wording")
        await stage.until(lambda text=card.text: [c for c in stage.cards() if PRAISE in c.text and c.text != text])
    assert "Written by a language model:" in card.text
    assert stage.replies(post) == []
    await stage.press(card, "Send")
    await stage.until(lambda: stage.replies(post) == [WORDS])


async def test_a_fan_says_no_to_it_and_yes_again(helped: Stage, fake: FakeAssistant) -> None:
    stage = helped
    assert "language model" in await stage.told(await stage.command("who"))
    await stage.told(await stage.command("noai"), "No language model")
    stage.post(PRAISE)
    await stage.card(PRAISE)
    stage.post("best game this year", "kim")
    await stage.until(lambda: fake.calls == 1)
    assert PRAISE not in fake.seen[0].words
    await stage.told(await stage.command("noai", words="off"), "again")
    await stage.until(lambda: fake.calls == 2)
    assert PRAISE in fake.seen[1].words
