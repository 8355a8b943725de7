"""Managers press at once, fans change their minds."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from tests.fakes.discord import SEND, Fault
from tests.integration.conftest import LOVELY

from .conftest import House, said, sender, verbs


async def test_two_managers_press_at_once(open_house: House) -> None:
    house = open_house
    post, card = await house.ask(LOVELY)
    button = sender(card)
    presses = await asyncio.gather(*(house.fake.press(card, button, who) for who in (house.mara, house.tom)))
    assert not any(press.failed for press in presses)
    await house.settled(post)
    await house.until(lambda: any(press.text for press in presses))
    assert len(house.fake.replies_to(post)) == 1
    won, lost = sorted(presses, key=lambda press: len(press.text))
    name = {house.mara["user"]["id"]: "Mara Quint", house.tom["user"]["id"]: "Tom Weiss"}[won.member["user"]["id"]]
    assert won.text == ""
    assert name in lost.text
    await house.until(lambda: name in said(card))


async def test_pressing_one_card_leaves_the_others_alive(open_house: House) -> None:
    house = open_house
    first, card_a = await house.ask(LOVELY)
    second, card_b = await house.ask("the lamp of the lighthouse is so warm")
    third, card_c = await house.ask("the colours of the water in the bay are amazing")
    await house.approve(card_a)
    await house.settled(first)
    await house.until(lambda: "correct" in verbs(card_a))
    await house.approve(card_b)
    await house.settled(second)
    opened = await house.fake.press(card_a, verbs(card_a)["correct"], house.tom)
    await house.write(opened, "Which pier do you go to when it rises?", house.tom)
    await house.until(lambda: "pier" in house.fake.replies_to(first)[0]["content"])
    await house.approve(card_c)
    await house.settled(third)


async def test_somebody_who_is_no_manager_presses(open_house: House) -> None:
    house = open_house
    post, card = await house.ask(LOVELY)
    with capture_logs() as logs:
        pressed = await house.fake.press(card, sender(card), house.robin)
    assert house.robin["user"]["id"] in pressed.text
    assert house.robin["user"]["id"] in str(logs)
    assert house.fake.replies_to(post) == []
    assert "edit" in verbs(card)


async def test_the_fan_deletes_before_the_yes(open_house: House) -> None:
    house = open_house
    post, card = await house.ask(LOVELY)
    button = sender(card)
    house.fake.delete(post)
    pressed = await house.fake.press(card, button, house.mara)
    await house.until(lambda: "deleted the post" in said(card))
    assert not pressed.failed
    assert house.fake.by_bot(house.general) == []


async def test_the_fan_deletes_during_the_sending(open_house: House) -> None:
    house = open_house
    post, card = await house.ask(LOVELY)
    fault = house.fake.fail_next(SEND, Fault(0, hold=True, channel=house.general["id"]))
    await house.approve(card)
    await asyncio.wait_for(fault.reached.wait(), 90)
    house.fake.delete(post)
    fault.go.set()
    await house.until(lambda: "deleted the post" in said(card))
    assert house.fake.by_bot(house.general) == []


async def test_the_fan_deletes_after_the_yes(house: House) -> None:
    house.undo = 3
    await house.start()
    await house.listening()
    post, card = await house.ask(LOVELY)
    await house.approve(card)
    await house.until(lambda: house.rows("SELECT 1 FROM deliveries WHERE state = 'held'"))
    house.fake.delete(post)
    await house.settled(post, "recalled")
    await house.until(lambda: "deleted the post" in said(card))
    assert house.fake.by_bot(house.general) == []


async def test_the_fan_edits_and_the_old_card_sends_nothing(open_house: House) -> None:
    house = open_house
    post, card = await house.ask(LOVELY)
    button = sender(card)
    house.fake.edit(post, f"<@{house.fake.world.bot['id']}> the lamp of the lighthouse is broken")
    pressed = await house.fake.press(card, button, house.mara)
    await house.card("lamp of the lighthouse")
    assert not pressed.failed
    await house.until(lambda: "edited the post" in said(card))
    assert house.fake.by_bot(house.general) == []


async def test_a_teammate_answers_by_hand(open_house: House) -> None:
    house = open_house
    post, card = await house.ask(LOVELY)
    house.fake.post(house.general, house.tom, "it is, is it not", reply_to=post)
    await house.until(lambda: "teammate" in said(card))


async def test_nobody_is_pinged_but_the_fan(open_house: House) -> None:
    house = open_house
    who = f"<@{house.fake.world.bot['id']}>"
    post = house.fake.post(house.general, house.robin, f"{who} {LOVELY} @everyone")
    card = await house.card("fog in the harbor")
    assert house.fake.pings(card) == set()
    await house.approve(card)
    await house.settled(post)
    assert house.fake.pings(house.fake.replies_to(post)[0]) <= {house.robin["user"]["id"]}


@pytest.mark.parametrize("custom_id", ["card:0:0:dance", "approve_1", f"card:{'0' * 16}:1:send"])
async def test_a_button_from_another_time_is_answered(open_house: House, custom_id: str) -> None:
    house = open_house
    button = {"type": 2, "style": 1, "label": "Send", "custom_id": custom_id, "id": 2}
    rows = [{"type": 1, "id": 1, "components": [button]}]
    old = house.fake.world.add_message(house.room, house.fake.world.bot, "", components=rows)
    pressed = await house.fake.press(old, custom_id, house.mara)
    assert not pressed.failed
    await house.until(lambda: pressed.text)


COMMANDS = ["who", "privacy", "mydata", "forget", "stop", "start", "report"]


@pytest.mark.parametrize("name", COMMANDS)
async def test_fans_ask_and_only_they_are_answered(open_house: House, name: str) -> None:
    house = open_house
    await house.until(lambda: house.fake.world.commands)
    offered = next(one for one in house.fake.world.commands.values() if one["name"] == name)
    options = {one["name"]: "it was rude" for one in offered["options"] if one.get("required")}
    before = len(house.fake.messages(house.general))
    asked = await house.fake.command(name, house.general, house.robin, **options)
    await house.until(lambda: asked.text)
    assert len(house.fake.messages(house.general)) == before


async def test_a_card_for_a_post_that_was_left_alone(open_house: House) -> None:
    house = open_house
    post = house.fake.post(house.general, house.robin, "fog again on the way to work")
    await house.until(lambda: (row := house.posted(post)) and row[1] == "silent")
    commands = [one["name"] for one in house.fake.world.commands.values() if one["type"] == 3]
    asked = await house.fake.command(commands[0], house.general, house.tom, on=post)
    assert not asked.failed
    card = await house.card("fog again on the way to work")
    opened = await house.fake.press(card, verbs(card)["edit"], house.tom)
    await house.write(opened, "Six it is. Which pier?", house.tom)
    await house.settled(post)
