"""Ready replies of a hand-off on Discord: numbered, whole, each sent by one press."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.fakes.discord import texts
from tests.integration.conftest import ASKS, DARK, NEAREST, UNCLEAR, UNSURE, UNWRITTEN
from tests.integration.discord.conftest import House, said
from tests.integration.discord.conftest import verbs as pressable
from tests.integration.discord.mods_room import PRAISE, Room, labels, opened, text_of, verbs
from tests.integration.discord.test_cards import pressed_long_ago


@pytest.fixture
async def room(build_house, torn) -> AsyncIterator[Room]:
    """A room whose reader cannot tell what `UNCLEAR` is."""
    async with opened(build_house) as found:
        found.house.pipeline = torn
        yield found


async def test_they_are_listed_with_their_readings_and_one_press_sends_one(room):
    mara = room.person("Mara", "mara")
    card = await room.draft(UNCLEAR)
    message = await room.shown(card)
    praise, complaint, other = (a["text"] for a in card["alternatives"])
    shown = text_of(message)
    assert f"**1 for “praise for looks”:**\n{praise}" in shown
    assert f"**2 for “signed”:**\n{complaint}" in shown
    assert f"**3 for “praise for looks”, in other words:**\n{other}" in shown
    assert labels(message)[:5] == ["Send 1", "Send 2", "Send 3", "I have it", "Answer"]
    await room.press(mara, card, "send:2")
    await room.says(card, "Approved")
    await room.house.send()
    assert verbs(await room.says(card, "Sent")) == ["correct", "remove"]
    (sent,) = room.house.stage.sent
    assert sent.text == complaint.replace("[your name]", "Mara")


async def test_a_button_from_before_a_restart_sends_what_it_said(room):
    mara = room.person("Mara", "mara")
    card = await room.draft(UNCLEAR)
    await room.restart()
    await room.press(mara, card, "send:1")
    await room.says(card, "Approved")
    assert (await room.house.reply(card["post"]["post_id"])).text == card["alternatives"][0]["text"]


async def test_who_is_late_is_told_who_won(room):
    mara, tom = room.person("Mara", "mara"), room.person("Tom", "tom")
    card = await room.draft(UNCLEAR)
    message = await room.shown(card)
    await room.press(mara, card, "send:1")
    late = await pressed_long_ago(room, tom, message, f"card:{card['draft_id']}:1:send:2")
    assert "Mara Quint approved this at" in late.followups[-1].content
    await room.house.send()
    assert [sent.text for sent in room.house.stage.sent] == [card["alternatives"][0]["text"]]


async def test_one_with_a_blank_is_picked_and_filled_in(room, pipeline):
    room.house.pipeline = pipeline
    mara = room.person("Mara", "mara")
    card = await room.draft(ASKS)
    message = await room.shown(card)
    first, second = (a["text"] for a in card["alternatives"])
    assert f"**1 for “how do I save”:**\n-# Still to fill: What helps here?\n{first}" in text_of(message)
    assert "**2 for “how do I save”, in other words:**\n-# Still to fill: What helps here?\n" in text_of(message)
    assert second in text_of(message)
    assert labels(message)[:3] == ["I have it", "Answer", "Pick a reply"]
    await room.press(mara, card, "reword:1")
    message = await room.until(lambda: "fill" in verbs(room.card_of(card)) and room.card_of(card))
    assert first in text_of(message)
    assert "1 for “how do I save”" not in text_of(message)
    assert [label for label in labels(message) if label.startswith("Send")] == []
    form = await room.press(mara, card, "fill")
    await mara.submit_modal(form, {"slot:tip": "Touch the lamp."})
    await room.says(card, "Touch the lamp.")


async def test_a_press_on_what_a_fan_has_edited_is_told_so(room):
    mara = room.person("Mara", "mara")
    card = await room.draft(UNCLEAR)
    message = await room.shown(card)
    await room.house.intake.edit(card["post"]["post_id"], PRAISE)
    await room.house.quiet()
    told = await pressed_long_ago(room, mara, message, f"card:{card['draft_id']}:1:send:1")
    assert "edited the post" in told.followups[-1].content
    await room.house.send()
    assert room.house.stage.sent == []


async def test_a_number_that_a_card_never_had(room):
    mara = room.person("Mara", "mara")
    card = await room.draft(UNCLEAR)
    told = await pressed_long_ago(room, mara, await room.shown(card), f"card:{card['draft_id']}:1:send:9")
    assert "number 9" in told.followups[-1].content
    assert await room.state(card) == "waiting"


async def test_somebody_may_not_be_well(room):
    card = await room.draft(DARK)
    shown = text_of(await room.shown(card))
    assert f"### Somebody may not be well\n“{DARK}”" in shown
    assert "Needs a person" not in shown


@pytest.fixture
async def unsure(house: House) -> House:
    """The program around a Discord of our own, with two FAQ answers that are hard to tell apart."""
    house.operators_write(NEAREST)
    await house.start()
    await house.listening()
    return house


async def test_where_no_reply_is_written_the_nearest_answers_alone_are_at_hand(house):
    house.operators_write(UNWRITTEN)
    await house.start()
    await house.listening()
    _, card = await asked(house)
    assert "and no reply is written for that; the nearest answers are for “how do I save" in said(card)
    assert "Touch the red lamp." in said(card)
    assert "Have a look around." not in said(card)


def nth(card, number):
    """The text of a ready reply as the card shows it."""
    return next(text for text in texts(card) if text.startswith(f"**{number} ")).split("\n")[-1]


async def asked(house):
    """A fan's question that nobody speaks to, and its card."""
    return house.fake.post(house.general, house.robin, UNSURE), await house.card(UNSURE)


async def test_a_button_from_before_a_restart_over_discords_protocols(unsure):
    post, card = await asked(unsure)
    assert "**1 for “how do I save to the cloud”:**" in said(card)
    assert "**2 for “how do I save”:**" in said(card)
    assert {"send:1", "reword:2", "send:3"} <= set(pressable(card))
    custom_id, text = pressable(card)["send:3"], nth(card, 3)
    await unsure.stop()
    await unsure.start()
    await unsure.until(lambda: unsure.fake.gateway.sessions)
    await unsure.fake.press(card, custom_id, unsure.tom)
    await unsure.settled(post)
    assert [reply["content"] for reply in unsure.fake.replies_to(post)] == [text]


async def test_two_phones_at_once_over_discords_protocols(unsure):
    post, card = await asked(unsure)
    offered = [nth(card, 1), nth(card, 3)]
    pressed = await asyncio.gather(
        unsure.fake.press(card, pressable(card)["send:1"], unsure.mara),
        unsure.fake.press(card, pressable(card)["send:3"], unsure.tom),
    )
    await unsure.settled(post)
    (reply,) = unsure.fake.replies_to(post)
    await unsure.until(lambda: any(one.shown for one in pressed))
    winner = offered.index(reply["content"])
    assert [len(one.shown) for one in pressed] == [winner, 1 - winner], "only the loser is told something"
