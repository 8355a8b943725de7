"""Ready replies of a hand-off on Telegram: numbered, whole, each sent by one press."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.fakes.telegram import buttons
from tests.integration.conftest import NEAREST, UNSURE, UNWRITTEN

from .house import PRAISE, House, data_of, verbs

Json = dict[str, Any]


@pytest.fixture
async def room(house: House) -> House:
    """Running, with two FAQ answers that are hard to tell apart."""
    house.operators_write(NEAREST)
    house.undo = 30
    await house.start()
    return house


async def waiting(house: House, by: Json | None = None) -> tuple[Json, Json, Json]:
    """A post, its hand-off, and the card."""
    post, card = await house.ask(UNSURE, by=by)
    return post, await house.draft(post), card


async def test_they_are_listed_with_their_readings_and_one_press_sends_one(room):
    post, draft, card = await waiting(room)
    first, blank, third = draft["alternatives"]
    for number, other in ((1, first), (3, third)):
        assert f"\n\n{number} {other['reading']}:\n{other['text']}" in card["text"]
    assert f"\n\n2 for “how do I save”:\nStill to fill: What helps here?\n{blank['text']}" in card["text"]
    labels = [one["text"] for row in card["reply_markup"]["inline_keyboard"] for one in row]
    assert labels[:5] == ["Send 1", "Send 3", "I have it", "Answer", "Pick a reply"]
    assert all(len(data.encode()) <= 64 for data in buttons(card))
    await room.press(card, "send=3", room.tom)
    await room.says(card, "Approved, the reply is on its way · Tom Weiss")
    await room.delivery(draft, "sent")
    (reply,) = room.fake.replies_to(post)
    assert reply["text"] == third["text"]


async def test_where_no_reply_is_written_the_nearest_answers_alone_are_at_hand(house):
    house.operators_write(UNWRITTEN)
    await house.start()
    _, draft, card = await waiting(house)
    assert "and no reply is written for that; the nearest answers are for “how do I save" in card["text"]
    assert "Touch the red lamp." in card["text"]
    assert {other["template"].rpartition("/")[2] for other in draft["alternatives"]} == {"tip", "lamp", "cloud"}


async def test_a_button_from_before_a_restart_sends_what_it_said(room):
    post, draft, card = await waiting(room)
    await room.restart()
    await room.press(card, "send=1")
    await room.says(card, "Approved")
    await room.delivery(draft, "sent")
    assert [one["text"] for one in room.fake.replies_to(post)] == [draft["alternatives"][0]["text"]]


async def test_two_phones_at_once(room):
    post, draft, card = await waiting(room)
    first, second = await asyncio.gather(
        room.fake.press(card, data_of(card, "send=1"), room.mara),
        room.fake.press(card, data_of(card, "send=3"), room.tom),
    )
    await room.says(card, "Approved")
    done = await room.again(draft)
    winner = "Mara Quint" if done["decided_by"] == "mara" else "Tom Weiss"
    assert [winner in told for told in (first.text or "", second.text or "") if told] == [True]
    await room.delivery(draft, "sent")
    assert [one["text"] for one in room.fake.replies_to(post)] == [done["text"]]


async def test_one_with_a_blank_is_picked_and_filled_in(room):
    _, draft, card = await waiting(room)
    await room.press(card, "reword")
    await room.until(lambda: "fill" in verbs(card))
    assert draft["alternatives"][1]["text"] in card["text"]
    assert "1 for “how do I save" not in card["text"]
    assert "send" not in verbs(card)


async def test_a_press_on_what_a_fan_has_edited_is_told_so(room):
    post, _, card = await waiting(room)
    data = data_of(card, "send=1")
    room.fake.edit(post, PRAISE)
    await room.says(card, "The fan edited the post")
    told = await room.fake.press(card, data, room.mara)
    assert "edited the post" in told.text
    assert room.fake.replies_to(post) == []


@pytest.mark.parametrize(("choice", "said"), [("9", "number 9"), ("yes", "out of date"), ("0", "number 0")])
async def test_a_number_that_a_card_never_had(room, choice, said):
    _, draft, card = await waiting(room)
    told = await room.fake.press(card, f"send:{draft['draft_id']}:1:{choice}", room.mara)
    assert said in told.text
    assert (await room.again(draft))["state"] == "waiting"


async def test_a_stranger_sends_nothing(room):
    post, draft, card = await waiting(room)
    told = await room.fake.press(card, data_of(card, "send=1"), room.kim)
    assert "Only the managers" in told.text
    assert (await room.again(draft))["state"] == "waiting"
    assert room.fake.replies_to(post) == []
