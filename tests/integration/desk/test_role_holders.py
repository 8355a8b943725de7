"""Managers by role. Only the surface that looked can vouch for them."""

from __future__ import annotations

import pytest

from bot import settings
from bot.domain import Action, Command, Refused
from tests.integration.discord.mods_room import CONFIG

RIO = "discord:42"


@pytest.fixture
async def house(build_house):
    house = build_house()
    house.settings.path.write_text(CONFIG.format(replies="undo_seconds: 10"), encoding="utf-8")
    house.settings = settings.load(house.settings.path, {})
    await house.open()
    yield house
    await house.close()


def command(card, by=RIO):
    return Command(draft_id=card["draft_id"], revision=card["revision"], by=by, action=Action.APPROVE)


@pytest.mark.parametrize(("by", "name"), [(RIO, None), ("discord:x", "Rio"), ("rio", "Rio"), ("telegram:42", "Rio")])
async def test_nobody_vouches_for_a_stranger(house, by, name):
    card = await house.draft("the new map is gorgeous")
    with pytest.raises(Refused) as refused:
        await house.desk.decide(command(card, by), name=name)
    assert refused.value.code == "not_a_manager"
    assert (await house.again(card))["state"] == "waiting"


async def test_their_yes_goes_out_under_their_name(house):
    card = await house.draft("the new map is gorgeous")
    await house.desk.decide(command(card), name="Rio Santos")
    await house.restart()
    await house.desk.start()
    await house.send()
    sent = await house.again(card)
    assert sent["deliveries"][0]["state"] == "sent"
    assert house.desk.name_of(sent["decided_by"]) == "Rio Santos"
    with pytest.raises(Refused, match="Rio Santos approved this"):
        await house.press(sent, "reject")


async def test_their_yes_is_void_once_no_role_decides_any_more(house):
    card = await house.draft("the new map is gorgeous")
    await house.desk.decide(command(card), name="Rio")
    text = house.settings.path.read_text(encoding="utf-8").replace("manager_roles: [Mods]", "manager_roles: []")
    house.settings.path.write_text(text, encoding="utf-8")
    house.settings = settings.load(house.settings.path, {})
    await house.restart()
    await house.send()
    delivery = (await house.again(card))["deliveries"][0]
    assert delivery["state"] == "failed"
    assert "is not a manager any more" in delivery["error"]


async def test_a_new_name_is_kept(house):
    for name, text in (("Rio", "the new map is gorgeous"), ("Rio S.", "love it")):
        await house.desk.decide(command(await house.draft(text, fan=name)), name=name)
    await house.restart()
    await house.desk.start()
    assert house.desk.name_of(RIO) == "Rio S."
