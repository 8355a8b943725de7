"""Connections break, answers are lost, Discord says no: nothing is missed, nothing is said twice."""

from __future__ import annotations

import pytest

from bot.adapters.discord import replies
from tests.fakes.discord import SEND, Fault
from tests.integration.conftest import LOVELY

from .conftest import House, Killable, said, verbs


@pytest.mark.parametrize("resumable", [True, False])
async def test_fifty_posts_are_missed(open_house: House, resumable: bool) -> None:
    open_house.fake.disconnect(resumable=resumable)
    await open_house.answers_for(open_house.fifty())
    assert open_house.fake.gateway.resumed == resumable


LOST = [
    ("500 without effect", Fault(500)),
    ("500 after the write", Fault(500, after=True)),
    ("503 after the write", Fault(503, after=True)),
    ("cut before the write", Fault(None)),
    ("cut after the write", Fault(None, after=True)),
    ("429", Fault(429, retry_after=0.3)),
]


@pytest.mark.parametrize(("name", "fault"), LOST, ids=[row[0] for row in LOST])
async def test_the_answer_to_a_send_is_lost(
    open_house: House, monkeypatch: pytest.MonkeyPatch, name: str, fault: Fault
) -> None:
    monkeypatch.setattr(replies, "AGAIN", 0.1)
    house = open_house
    post, card = await house.ask(LOVELY)
    fault.channel = house.general["id"]
    house.fake.fail_next(SEND, fault)
    await house.approve(card)
    await house.settled(post)
    assert len(house.fake.replies_to(post)) == 1
    nonces = {one.body["nonce"] for one in house.fake.requests(SEND) if one.path["channel"] == house.general["id"]}
    assert len(nonces) == 1


async def test_nobody_can_tell_and_a_person_looks(open_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replies, "AGAIN", 0.05)
    house = open_house
    post, card = await house.ask(LOVELY)
    house.fake.fail_next(SEND, Fault(None, times=99, channel=house.general["id"]))
    house.fake.fail_next("GET /channels/{channel}/messages", Fault(503, times=99, channel=house.general["id"]))
    await house.approve(card)
    await house.until(lambda: "lost" in verbs(card))
    assert house.fake.replies_to(post) == []
    house.fake.http.faults.clear()
    await house.fake.press(card, verbs(card)["lost"], house.tom)
    await house.until(lambda: "retry" in verbs(card))
    await house.fake.press(card, verbs(card)["retry"], house.tom)
    await house.settled(post)
    assert len(house.fake.replies_to(post)) == 1


REFUSALS = [
    ("SEND_MESSAGES", "Send Messages"),
    ("READ_MESSAGE_HISTORY", "Read Message History"),
]


@pytest.mark.parametrize(("permission", "fix"), REFUSALS)
async def test_discord_says_no_and_a_person_tries_again(open_house: House, permission: str, fix: str) -> None:
    house = open_house
    post, card = await house.ask(LOVELY)
    house.fake.world.deny(house.general, permission)
    await house.approve(card)
    await house.until(lambda: "retry" in verbs(card))
    assert fix in said(card)
    assert house.fake.replies_to(post) == []
    house.fake.world.deny(house.general)
    await house.fake.press(card, verbs(card)["retry"], house.tom)
    await house.settled(post)
    assert len(house.fake.replies_to(post)) == 1


async def test_a_malformed_event_ends_the_client_and_not_the_bot(open_house: House) -> None:
    house = open_house
    house.fake.gateway.malformed("MESSAGE_CREATE", {"id": "1", "channel_id": house.general["id"]})
    missed = house.fake.post(house.general, house.robin, LOVELY)
    await house.until(lambda: house.fake.gateway.identified == 2)
    await house.until(lambda: (row := house.posted(missed)) and row[1])
    card = await house.card("fog in the harbor")
    await house.approve(card)
    await house.settled(missed)
    assert len(house.fake.replies_to(missed)) == 1


async def test_a_wrong_token_is_not_tried_again(killable: Killable) -> None:
    house = killable
    house.token = "another.token"  # noqa: S105 - it opens nothing
    await house.launch()
    await house.until(lambda: house.log.count("part_stopped") >= 3)
    assert [one.status for one in house.fake.http.seen] == [401]
    assert "DISCORD_TOKEN" in house.log
    assert "Traceback" not in house.log


async def test_the_gateway_refuses_the_token(killable: Killable) -> None:
    house = killable
    house.fake.gateway.token = "changed.meanwhile"  # noqa: S105 - it opens nothing
    await house.launch()
    await house.until(lambda: house.log.count("part_stopped") >= 3)
    assert len(house.fake.requests("GET /users/@me")) == 1
    assert "Traceback" not in house.log


async def test_without_the_message_content_intent_it_answers_who_speaks_to_it(killable: Killable) -> None:
    house = killable
    house.fake.world.message_content = False
    await house.start()
    await house.listening()
    unseen = house.fake.post(house.general, house.robin, "nobody spoke to the bot")
    post, card = await house.ask(LOVELY)
    assert house.posted(unseen) is None
    assert "Message Content Intent" in house.log
    await house.approve(card)
    await house.settled(post)
