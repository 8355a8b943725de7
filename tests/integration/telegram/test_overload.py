"""Telegram fails, hangs and comes back: the web goes on, replies wait without a try, and managers read why."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest

from bot.adapters.chat import loop
from bot.adapters.telegram import updates
from bot.adapters.telegram.updates import Updates
from bot.adapters.web.auth import signin_link
from bot.outbox.outbox import MOST_FAILURES
from tests.fakes.telegram import SEND, Fault
from tests.integration.conftest import numbered
from tests.integration.made import post

from .house import PRAISE, House, Json

ME = "getMe"


async def approved(house: House, n: int) -> tuple[Json, Json]:
    """A fan's post in the harbor, and its draft after the yes."""
    message = house.fake.post(house.harbor, house.fake.user(f"Fan {n}"), numbered(n))
    return message, await house.decide(await house.draft(message), "approve")


async def silenced(house: House, number: int = MOST_FAILURES) -> None:
    """Telegram answers 502 to each reply until it rests."""
    house.fake.fail_next(SEND, Fault(502, times=10_000, chat=house.harbor))
    house.fake.fail_next(ME, Fault(502, times=10_000))
    for n in range(number):
        message, _ = await approved(house, n)
        await house.settled(message, "uncertain")
    await house.until(house.app.outbox.resting)


def tries(house: House, draft: Json) -> Any:
    return house.rows("SELECT state, attempts FROM deliveries WHERE draft_id = ?", draft["draft_id"])


def well(house: House) -> None:
    """Telegram answers again."""
    house.fake.http.faults.clear()


async def test_telegram_rests_and_the_web_goes_on(open_house: House) -> None:
    house = open_house
    await silenced(house)
    message, draft = await approved(house, 99)
    lobby = post(platform="web", channel="lobby", external_id="w1", text=PRAISE, at=house.clock.now())
    post_id = (await house.app.intake.receive(lobby)).post_id

    async def drafted() -> Any:
        page = await house.app.store.post_page(post_id)
        return page and page.draft

    waiting = await house.until(drafted)
    answer = await house.again({"draft_id": waiting.id})
    await house.decide(answer, "approve")
    await house.delivery(answer, "sent")
    assert tries(house, draft) == [("held", 0)]
    for _ in range(3):  # it is asked who the bot is, and no reply is risked
        asked = len(house.fake.requests(ME))
        house.clock.move(minutes=3)
        await house.until(lambda asked=asked: len(house.fake.requests(ME)) > asked)
    assert tries(house, draft) == [("held", 0)]
    well(house)
    await house.delivery(draft, "sent")
    assert len(house.fake.replies_to(message)) == 1
    assert house.app.outbox.resting() == []


async def test_managers_read_that_telegram_rests(open_house: House) -> None:
    house = open_house
    await silenced(house)
    await approved(house, 99)
    await house.until(lambda: any(one.waiting for one in house.app.outbox.resting()))
    async with httpx.AsyncClient(base_url=house.app.base_url, timeout=60) as http:
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()["telegram"]) == (503, False)
        assert re.fullmatch(r"rests until \S+, because: Telegram .*", ready.json()["telegram_error"])
        assert 'greenroom_circuit_open{platform="telegram"} 1.0' in (await http.get("/metrics")).text
        await http.post(signin_link(house.app.keys, house.app.base_url, "mara"))
        for path in ("/inbox", "/live", "/resting"):
            page = (await http.get(path)).text
            assert "<b>Telegram does not answer</b>" in page
            assert re.search(r">1 reply waits; next try in \d+ s</span>", page)
        assert "does not answer; 1 reply waits" in (await http.get("/live/figures")).text
        well(house)
        house.clock.move(minutes=5)
        await house.until(lambda: not house.app.outbox.resting())
        assert "does not answer" not in (await http.get("/inbox")).text
        assert 'greenroom_circuit_open{platform="telegram"} 0.0' in (await http.get("/metrics")).text


async def test_a_card_that_telegram_never_answers_holds_up_no_other(
    open_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "REQUEST", 0.3)
    house = open_house
    hangs = house.fake.fail_next(SEND, Fault(status=0, hold=True, chat=house.room))
    house.fake.post(house.harbor, house.robin, PRAISE)
    await hangs.reached.wait()
    house.fake.post(house.harbor, house.kim, numbered(1))
    await house.card(numbered(1))
    assert not hangs.go.is_set()


async def test_cards_that_cannot_be_shown_do_not_pile_up(open_house: House) -> None:
    house = open_house
    fault = house.fake.fail_next(SEND, Fault(502, times=10_000, chat=house.room))
    posts = [house.fake.post(house.harbor, house.fake.user(f"Fan {n}"), numbered(n)) for n in range(9)]
    for message in posts:
        await house.draft(message)
    into_room = [one for one in house.fake.requests(SEND) if one.asked["chat_id"] == house.room["id"]]
    assert len(into_room) <= loop.MOST_FAILURES
    await house.until(lambda: 10_000 - fault.times == loop.MOST_FAILURES)
    well(house)

    async def all_shown() -> bool:
        await house.moved(seconds=30)
        return all(any(numbered(n) in card["text"] for card in house.cards()) for n in range(9))

    await house.until(all_shown)


async def test_telegram_is_asked_for_no_more_than_can_be_handled(
    open_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one busy chat, whose posts wait for each other."""
    monkeypatch.setattr(updates, "MOST_AT_WORK", 10)
    house, app = open_house, open_house.app
    assert app.platforms["telegram"]._client  # type: ignore[attr-defined]
    bot = app.platforms["telegram"]._client.bot  # type: ignore[attr-defined]
    await house.until(lambda: house.fake.world.updates.polls)
    go, handled = asyncio.Event(), 0

    async def handle(*_: Any) -> None:
        nonlocal handled
        await go.wait()
        handled += 1

    reading = Updates(bot, app.store, app.clock, handle, lambda _: False)
    found = [
        {
            "update_id": 900_000 + n,
            "message": {"message_id": n + 1, "date": 1, "chat": {"id": -5, "type": "group", "title": "Busy"}},
        }
        for n in range(30)
    ]
    taking = asyncio.create_task(reading._take_in(found, None))
    await house.until(lambda: reading._at_work == len(found))
    assert not taking.done(), "the next request waits"
    go.set()
    assert await taking == 900_030
    await house.until(lambda: handled == len(found))
    await house.until(lambda: not reading._at_work)
