"""A card that the program sent and could not note, because it was killed in between."""

from __future__ import annotations

import asyncio

import pytest

from tests.fakes.discord import SEND, Fault
from tests.integration.conftest import LOVELY

from .conftest import Json, Killable, said, verbs

pytestmark = pytest.mark.kill


async def killed_while_it_sends(house: Killable) -> Json:
    """The card, which Discord has and the program does not know of."""
    fault = house.fake.fail_next(SEND, Fault(None, after=True, hold=True, channel=house.room["id"]))
    house.fake.post(house.general, house.robin, f"<@{house.fake.world.bot['id']}> {LOVELY}")
    await asyncio.wait_for(fault.reached.wait(), 90)
    await house.kill()
    fault.go.set()
    house.fake.forget_nonces()  # minutes have passed
    assert house.rows("SELECT 1 FROM cards") == []
    (card,) = house.fake.by_bot(house.room)
    return card


async def test_it_is_the_card_again(running: Killable) -> None:
    house = running
    card = await killed_while_it_sends(house)
    await house.start()
    await house.until(lambda: house.rows("SELECT 1 FROM cards WHERE message_id = ? AND face != ''", card["id"]))
    assert house.fake.by_bot(house.room) == [card]
    await house.approve(card)
    await house.until(lambda: "Sent" in said(card))


async def test_what_it_shows_is_over(running: Killable) -> None:
    house = running
    card = await killed_while_it_sends(house)
    house.rows("UPDATE drafts SET state = 'withdrawn', cause = 'forgotten'")
    await house.start()
    await house.until(lambda: verbs(card) == {})
    assert LOVELY not in said(card)


async def test_another_one_was_sent_since(running: Killable) -> None:
    house = running
    card = await killed_while_it_sends(house)
    draft_id = house.rows("SELECT id FROM drafts")[0][0]
    newer = house.fake.world.add_message(
        house.room, house.fake.world.bot, "", components=card["components"], flags=card["flags"]
    )
    row = (draft_id, "discord", newer["id"], 1, "waiting", "", False)
    house.rows("INSERT INTO cards VALUES (?, ?, ?, ?, ?, ?, ?)", *row)
    await house.start()
    await house.until(lambda: house.fake.by_bot(house.room) == [newer])
