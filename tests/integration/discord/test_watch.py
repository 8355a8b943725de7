"""A surge and people who wait too long, as the managers' channel hears of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.events import Happened
from bot.insights.watch import Watch
from bot.store import events
from tests.integration.discord.mods_room import PRAISE, QUESTION, Room, opened
from tests.integration.discord.test_commands import ask

BROKEN = "it crashes on start"


@pytest.fixture
async def room(build_house) -> AsyncIterator[Room]:
    async with opened(build_house, 'quiet_hours: "00:00-23:59"') as found:
        yield found


async def happened(room: Room, name: Happened, **data: Any) -> None:
    now = room.house.clock.now()
    await room.house.store.write(lambda c: events.append(c, name, now, **data))


def said(room: Room, words: str) -> list[Any]:
    return [m for m in room.messages() if words in m.content]


async def test_a_surge_calls_the_manager_on_call_once_with_three_cards_also_at_night(room):
    mara = room.person("Mara", "mara")
    for n in range(5):
        await room.shown(await room.draft(BROKEN, fan=f"fan{n}", channel=f"pier{n}"))
    await happened(room, Happened.SURGE_BEGAN, topic=None, number=14, usual=2.3)
    (call,) = await room.until(lambda: said(room, "complaints in the last hour"))
    first, *links = call.content.splitlines()
    assert first == f"<@{mara.id}> 14 complaints in the last hour; usual at this time of day are 2.3."
    assert len({*links}) == 3
    assert all(link.startswith("https://discord.com/channels/") for link in links)
    assert [user.id for user in call.mentions] == [mara.id]
    assert not call.flags.suppress_notifications
    await room.restart()
    await room.poke()
    assert len(said(room, "complaints in the last hour")) == 1


async def test_a_surge_that_is_long_over_calls_nobody(room):
    await room.close()
    await happened(room, Happened.SURGE_BEGAN, topic=None, number=9, usual=0.0)
    room.house.clock.move(hours=1)
    await room.restart()
    await room.poke()
    await happened(room, Happened.SURGE_BEGAN, topic="0123456789abcdef", number=6, usual=0.5)
    (call,) = await room.until(lambda: said(room, "in the last hour"))
    assert "6 posts on one topic in the last hour" in call.content, "a topic that is gone has no name"


async def test_who_waits_too_long_is_told_and_listed_with_cards(room):
    mara, kim = room.person("Mara", "mara", roles=("Mods",)), room.person("Kim")
    await room.house.post(QUESTION, fan="ada", name="Ada")
    await room.house.post(PRAISE, fan="ben", name="Ben", channel="pier")
    assert (await ask(room, mara, "unanswered")).content == "Nobody has waited too long."
    await room.moved(days=1, minutes=1)
    watch = Watch(room.house.store, room.house.settings, room.house.clock)
    await watch.once()
    (call,) = await room.until(lambda: said(room, "waited for longer"))
    assert call.content == (
        "2 people have waited for longer than a day: 1 with praise, 1 question. /unanswered lists them."
    )
    assert call.flags.suppress_notifications
    assert "unanswered" not in kim.available_commands(room.general)
    heading, *lines = (await ask(room, mara, "unanswered")).content.splitlines()
    assert heading == "**2 without an answer**"
    assert ["Ada" in lines[0], "Ben" in lines[1]] == [True, True], "who waits longest comes first"
    assert all("[card](https://discord.com/channels/" in line for line in lines)
    assert room.house.clock.now().hour == 12
