"""Replies that cannot go yet: they wait for room, for the network, for Discord, and then go once and in order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from discord.http import Route

from bot.adapters.discord import requests, send
from bot.domain import NotSent, Uncertain
from bot.store import deliveries
from tests.fakes.discord import SEND, Fault
from tests.integration.discord.harbor import PRAISE, Harbor, running

NOWHERE = "http://127.0.0.1:9/api/v10"


@pytest.fixture
async def harbor(tmp_path, empty_database, pipeline) -> AsyncIterator[Harbor]:
    async with running(tmp_path, empty_database, pipeline) as one:
        yield one


async def waiting(harbor, number):
    """Fans' messages with their cards."""
    fans = [harbor.fake.member(f"Fan {n}") for n in range(number)]
    messages = [harbor.fake.post(harbor.general, fan, f"{PRAISE} {n}") for n, fan in enumerate(fans)]
    return messages, [await harbor.draft(message) for message in messages]


async def test_more_replies_than_a_long_window_has_room_for_all_go_in_their_order(harbor, monkeypatch):
    """As with a limit of some messages in a minute, only faster."""
    monkeypatch.setattr(requests, "LONGEST_WAIT", 0.2)
    harbor.fake.http.window = 2.0
    harbor.fake.http.scarce[SEND, harbor.general["id"]] = 3
    messages, cards = await waiting(harbor, 8)
    for card in cards:
        await harbor.press(card, "edit", text=f"Thank you, {card['post']['author']['name']}!")

    async def all_answered():
        return all(harbor.fake.replies_to(message) for message in messages)

    await harbor.until(all_answered)
    assert [len(harbor.fake.replies_to(message)) for message in messages] == [1] * 8
    sends = harbor.fake.requests(SEND)
    assert [one.status for one in sends] == [200] * 8, "no request more than there was room for"
    assert [str(one.body["message_reference"]["message_id"]) for one in sends] == [m["id"] for m in messages]


async def test_a_window_longer_than_the_longest_wait_is_used_as_long_as_there_is_room(harbor):
    """The very first reply begins a window of a minute; the second one has room in it."""
    harbor.fake.http.window = 60.0
    harbor.fake.http.scarce[SEND, harbor.general["id"]] = 2
    _, cards = await waiting(harbor, 3)
    for card in cards[:2]:
        await harbor.press(card, "edit", text=f"Thank you, {card['post']['author']['name']}!")
        await harbor.delivery(card, "sent")
    await harbor.press(cards[2], "edit", text="Thank you!")

    async def put_off():
        newest = (await harbor.again(cards[2]))["deliveries"][0]
        return newest["state"] == "held" and newest["error"]

    assert "asks us to wait" in await harbor.until(put_off)
    assert len(harbor.fake.requests(SEND)) == 2


async def test_a_limit_that_only_discord_knows_of(harbor):
    harbor.fake.fail_next(SEND, Fault(429, retry_after=45.0))
    (message,), (card,) = await waiting(harbor, 1)
    await harbor.press(card, "edit", text=f"Thank you, {card['post']['author']['name']}!")
    await harbor.delivery(card, "sent")
    assert [one.status for one in harbor.fake.requests(SEND)] == [429, 200]
    assert len(harbor.fake.replies_to(message)) == 1


async def test_a_wall_before_discord(harbor):
    harbor.fake.fail_next(SEND, Fault(429, via=False))
    (message,), (card,) = await waiting(harbor, 1)
    await harbor.press(card, "edit", text=f"Thank you, {card['post']['author']['name']}!")
    await harbor.delivery(card, "sent")
    assert len(harbor.fake.replies_to(message)) == 1


@pytest.fixture
async def on_its_way(harbor):
    """A delivery as the outbox claims it, while nothing is sent."""
    _, (card,) = await waiting(harbor, 1)
    await harbor.disconnect()
    await harbor.press(card, "edit", text=f"Thank you, {card['post']['author']['name']}!")
    harbor.connect()
    (found,) = await harbor.store.read(lambda c: deliveries.of_draft(c, card["draft_id"]))
    await harbor.until(harbor.caught_up)
    return found


@pytest.mark.parametrize("kind", ["send", "correct", "remove"])
async def test_what_did_not_leave_this_machine_is_known_not_to_have_arrived(harbor, on_its_way, kind, monkeypatch):
    monkeypatch.setattr(Route, "BASE", NOWHERE)
    result = await harbor.platform.deliver(replace(on_its_way, kind=kind, external_id="1"))
    assert isinstance(result, NotSent)
    assert (result.retry_after or 0) > 0
    assert "cannot be reached" in result.reason


async def test_an_outage_of_the_network_is_no_persons_job(harbor, monkeypatch):
    (message,), (card,) = await waiting(harbor, 1)
    here = Route.BASE
    monkeypatch.setattr(Route, "BASE", NOWHERE)
    await harbor.press(card, "edit", text=f"Thank you, {card['post']['author']['name']}!")
    for _ in range(8):
        before = await delays(harbor)

        async def again(before=before):
            harbor.clock.move(seconds=60)
            return await delays(harbor) > before

        await harbor.until(again)
    monkeypatch.setattr(Route, "BASE", here)
    await harbor.delivery(card, "sent")
    assert len(harbor.fake.replies_to(message)) == 1


async def delays(harbor) -> int:
    """How often a reply was put off."""
    return [e.name for e in await harbor.store.events(after=0, limit=9999)].count("reply_delayed")


UNCLEAR = [Fault(None, after=True), Fault(503, after=True), Fault(500, after=True, times=5), Fault(200, hold=True)]


@pytest.mark.parametrize("fault", UNCLEAR, ids=["cut", "503", "500", "no answer"])
async def test_what_left_is_not_called_unsent(harbor, on_its_way, fault, monkeypatch):
    monkeypatch.setattr(send, "SEND", 0.5)
    harbor.fake.fail_next(SEND, fault)
    assert isinstance(await harbor.platform.deliver(on_its_way), Uncertain)


async def test_who_waits_because_discord_said_so_has_sent_nothing(harbor, on_its_way, monkeypatch):
    monkeypatch.setattr(send, "SEND", 0.5)
    harbor.fake.fail_next(SEND, Fault(429, retry_after=20.0))
    assert isinstance(await harbor.platform.deliver(on_its_way), NotSent)
