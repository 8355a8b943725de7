"""What an operator changes reaches the cards on Telegram: a fact in the files, and files with faults at a start."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import Any

import pytest

from tests.integration.operators import DATED, HERE, MOVED, NEW, OLD, PLAIN, SAYS, texts, write

from .house import House, verbs

Json = dict[str, Any]
BROKEN = "place: ["
KEPT, MENDED = "The template files have faults.", "The template files are in order again"


@pytest.fixture
async def harbor(house: House) -> House:
    """Running, with templates that say where people meet."""
    house.undo = 30
    shutil.rmtree(house.folder / "templates")
    write(house.folder / "templates", texts(HERE, SAYS))
    await house.start()
    return house


def facts(house: House, text: str) -> None:
    write(house.folder / "templates", {"facts.yaml": text})


def told(house: House, words: str) -> int:
    """How often the managers' room was told this."""
    return sum(words in message.get("text", "") for message in house.fake.by_bot(house.room))


async def test_a_changed_fact_makes_the_card_anew(harbor: House) -> None:
    _, card = await harbor.ask()
    assert OLD in card["text"]
    facts(harbor, MOVED)
    await harbor.says(card, "A fact in it has changed; it is drafted anew")
    new = await harbor.card(NEW)
    assert "Drafted anew: the fact place has changed." in new["text"]
    assert not verbs(card)


async def test_a_fact_runs_out_while_nobody_edits_anything(house: House) -> None:
    shutil.rmtree(house.folder / "templates")
    day = f"{house.clock.now():%Y-%m-%d}"
    write(house.folder / "templates", texts(DATED.replace("2026-03-01", day), SAYS, PLAIN))
    await house.start()
    post, card = await house.ask()
    midnight = (house.clock.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    await house.moved(seconds=(midnight - house.clock.now()).total_seconds() + 1)
    await house.says(card, "A fact in it has changed")
    draft = await house.draft(post)
    assert OLD not in str(draft["text"])


async def test_a_managers_words_are_remarked_on(harbor: House) -> None:
    post, card = await harbor.ask()
    own = f"We meet {OLD}. What do you like best?"
    await harbor.decide(await harbor.draft(post), "propose", text=own)
    await harbor.says(card, own)
    facts(harbor, MOVED)
    await harbor.says(card, "The fact place has changed since these words were written.")
    assert own in card["text"]
    assert "send" in verbs(card)


async def test_a_start_with_faults_is_told_once_and_so_is_the_end_of_it(harbor: House) -> None:
    seen = "SELECT 1 FROM cursors WHERE platform = 'surface:telegram' AND channel = 'seen'"
    await harbor.until(lambda: harbor.rows(seen))  # a room that was there before
    facts(harbor, BROKEN)
    for _ in range(2):
        await harbor.restart()
        await harbor.until(lambda: told(harbor, KEPT))
    _, card = await harbor.ask()
    assert OLD in card["text"], "it goes on with what was live last"
    assert (told(harbor, KEPT), told(harbor, MENDED)) == (1, 0)
    facts(harbor, MOVED)
    await harbor.until(lambda: told(harbor, MENDED))
    await harbor.card(NEW)
    assert (told(harbor, KEPT), told(harbor, MENDED)) == (1, 1)
