"""What an operator changes reaches the cards on Discord: a fact in the files, and files with faults at a start."""

from __future__ import annotations

import shutil

import pytest

from bot.domain import Action, Command
from tests.integration.operators import HERE, MOVED, NEW, OLD, SAYS, texts, write

from .conftest import House, said, verbs

BROKEN = "place: ["
KEPT, MENDED = "The template files have faults.", "The template files are in order again"


@pytest.fixture
async def harbor(house: House) -> House:
    """Running, with templates that say where people meet."""
    house.undo = 30
    shutil.rmtree(house.folder / "templates")
    write(house.folder / "templates", texts(HERE, SAYS))
    await house.start()
    await house.listening()
    return house


def facts(house: House, text: str) -> None:
    write(house.folder / "templates", {"facts.yaml": text})


def told(house: House, words: str) -> int:
    """How often the managers' room was told this."""
    return sum(words in said(message) for message in house.fake.by_bot(house.room))


async def test_a_changed_fact_makes_the_card_anew(harbor: House) -> None:
    _, card = await harbor.ask("the new map is gorgeous")
    assert OLD in said(card)
    facts(harbor, MOVED)
    await harbor.until(lambda: "A fact in it has changed; it is drafted anew" in said(card))
    new = await harbor.card("the new map is gorgeous")
    assert NEW in said(new)
    assert "Drafted anew: the fact place has changed." in said(new)
    assert not verbs(card)


async def test_a_yes_is_taken_back(harbor: House) -> None:
    post, card = await harbor.ask("the new map is gorgeous")
    await harbor.approve(card)
    await harbor.until(lambda: "on its way" in said(card))
    facts(harbor, MOVED)
    new = await harbor.card("the new map is gorgeous")
    assert "The yes was taken back and this is drafted anew: the fact place has changed." in said(new)
    assert harbor.fake.replies_to(post) == []


async def test_a_managers_words_are_remarked_on(harbor: House) -> None:
    _, card = await harbor.ask("the new map is gorgeous")
    draft_id = harbor.rows("SELECT id FROM drafts")[0][0]
    own = f"We meet {OLD}. What do you like best?"
    await harbor.app.desk.decide(Command(draft_id=draft_id, revision=1, by="mara", action=Action.PROPOSE, text=own))
    await harbor.until(lambda: own in said(card))
    facts(harbor, MOVED)
    await harbor.until(lambda: "The fact place has changed since these words were written." in said(card))
    assert own in said(card)
    assert "send" in verbs(card)


async def test_a_start_with_faults_is_told_once_and_so_is_the_end_of_it(harbor: House) -> None:
    seen = "SELECT 1 FROM cursors WHERE platform = 'surface:discord' AND channel = 'seen'"
    await harbor.until(lambda: harbor.rows(seen))  # a room that was there before
    facts(harbor, BROKEN)
    for _ in range(2):
        await harbor.stop()
        await harbor.start()
        await harbor.until(lambda: told(harbor, KEPT))
    _, card = await harbor.ask("the new map is gorgeous")
    assert OLD in said(card), "it goes on with what was live last"
    assert (told(harbor, KEPT), told(harbor, MENDED)) == (1, 0)
    facts(harbor, MOVED)
    await harbor.until(lambda: told(harbor, MENDED))
    await harbor.until(lambda: any(NEW in said(one) for one in harbor.cards()))
    assert (told(harbor, KEPT), told(harbor, MENDED)) == (1, 1)
