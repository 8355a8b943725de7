"""A surge and people who wait too long, as the managers' chat hears of them."""

from __future__ import annotations

from typing import Any

from bot.events import Happened
from bot.store import events

from .house import House
from .test_commands import answer, quiet
from .test_many_cards import in_time

BROKEN = "it crashes on start"


async def happened(house: House, name: Happened, **data: Any) -> None:
    now = house.clock.now()
    await house.app.store.write(lambda c: events.append(c, name, now, **data))


def said(house: House, words: str) -> list[Any]:
    return [one for one in house.fake.by_bot(house.room) if words in one["text"]]


async def test_a_surge_calls_the_manager_on_call_with_cards(open_house):
    house = open_house
    await house.ask(BROKEN)
    await happened(house, Happened.SURGE_BEGAN, topic=None, number=14, usual=2.3)
    (call,) = await in_time(house, lambda: said(house, "complaints in the last hour"))
    first, link = call["text"].splitlines()
    assert first == "Mara Quint: 14 complaints in the last hour; usual at this time of day are 2.3."
    assert link.startswith("https://t.me/c/")


async def test_who_waits_too_long_is_listed_with_cards_and_not_where_fans_read(open_house):
    house = open_house
    empty = house.fake.post(house.room, house.mara, "/unanswered")
    assert (await answer(house, empty))["text"] == "Nobody has waited too long."
    await house.ask()
    await house.moved(days=1, minutes=1)
    await happened(house, Happened.UNANSWERED_LISTED, posts=1, kinds={"praise": 1})
    await in_time(house, lambda: said(house, "1 person has waited for longer than a day: 1 with praise."))
    listed = await answer(house, house.fake.post(house.room, house.mara, "/unanswered"))
    assert "1 without an answer" in listed["text"]
    assert "Robin: praise" in listed["text"]
    assert "t.me/c/" in next(e["url"] for e in listed["entities"] if e["type"] == "text_link")
    house.fake.post(house.harbor, house.kim, "/unanswered")
    assert await quiet(house) == []
