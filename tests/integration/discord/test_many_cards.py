"""Many cards, calls for help, reminders and quiet hours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from bot.adapters.chat import loop as surface
from bot.store import cards as kept
from tests.integration.discord.mods_room import PRAISE, Room, labels, opened, text_of, verbs

DANGER = "I want to kill myself tonight"


@pytest.fixture
async def room(build_house) -> AsyncIterator[Room]:
    async with opened(build_house) as found:
        yield found


def cards(room: Room) -> list[str]:
    """The texts of the cards that wait, in the order in which they came."""
    return [text_of(m) for m in room.messages() if "edit" in verbs(m)]


def digest(room: Room) -> str:
    return "".join(text_of(m) for m in room.messages() if "more" in verbs(m))


async def burst(room: Room, number: int) -> None:
    """Posts that all come while the cards are not looked at."""
    await room.close()
    for n in range(number):
        await room.house.post(PRAISE, fan=f"fan{n}", channel=f"c{n}", name=f"Fan {n}")
    room.open(room.cards)


async def test_a_burst_is_a_few_cards_and_a_digest(room):
    mara = room.person("Mara", "mara")
    await burst(room, 25)
    await room.until(lambda: "15 more waiting" in digest(room))
    assert len(cards(room)) == surface.FEW
    assert "Fan 0" in cards(room)[0]
    assert "praise (15)" in digest(room)
    message = next(m for m in room.messages() if "edit" in verbs(m))
    await mara.click(message, custom_id=next(c["custom_id"] for c in buttons(message) if c["label"] == "Send"))
    await room.moved(seconds=6)
    await room.until(lambda: "14 more waiting" in digest(room))
    await room.until(lambda: any("Fan 10" in card for card in cards(room)))
    shown = next(m for m in room.messages() if "more" in verbs(m))
    assert labels(shown) == ["Show 10 more"]
    await mara.click(shown, custom_id="queue:more")
    await room.until(lambda: len(cards(room)) == 20)
    await room.moved(seconds=6)
    await room.until(lambda: "**4 more waiting" in digest(room))
    shown = next(m for m in room.messages() if "more" in verbs(m))
    assert labels(shown) == ["Show 4 more"]
    await mara.click(shown, custom_id="queue:more")
    await room.until(lambda: len(cards(room)) == 24)
    await room.moved(seconds=6)
    await room.until(lambda: not digest(room))


def buttons(message):
    return [c.to_dict() for row in message.components[0].children if hasattr(row, "children") for c in row.children]


async def test_strangers_cannot_call_up_cards(room):
    kim = room.person("Kim")
    await burst(room, 12)
    await room.until(lambda: digest(room))
    before = len(cards(room))
    told = await kim.click(next(m for m in room.messages() if "more" in verbs(m)), custom_id="queue:more")
    assert "Only the managers" in told.response.content
    assert len(cards(room)) == before


async def test_a_digest_is_found_again_after_a_restart(room):
    await burst(room, 14)
    await room.until(lambda: digest(room))
    await room.restart()
    await room.house.post(PRAISE, fan="late", channel="late")
    await room.moved(seconds=6)
    await room.until(lambda: "5 more waiting" in digest(room))
    assert sum("more" in verbs(m) for m in room.messages()) == 1


async def test_who_may_be_in_danger_comes_first_and_calls_until_somebody_has_it(room):
    mara, tom = room.person("Mara", "mara"), room.person("Tom", "tom")
    await burst(room, 12)
    await room.until(lambda: digest(room))
    card = await room.draft(DANGER, fan="ada")
    message = await room.shown(card)
    assert "Somebody may be in danger" in text_of(message)
    assert verbs(message)[0] == "open"
    await room.moved(seconds=1)
    await room.until(lambda: len(calls(room)) == 1)
    assert f"<@{mara.id}>" in calls(room)[0].content
    assert calls(room)[0].reference.message_id == message.id
    assert [m.id for m in calls(room)[0].mentions] == [mara.id]
    await room.moved(minutes=11)
    await room.until(lambda: len(calls(room)) == 2)
    await room.press(tom, card, "open")
    await room.says(card, "Tom is writing")
    await room.moved(minutes=11)
    await room.moved(minutes=11)
    assert len(calls(room)) == 2


def calls(room: Room):
    return [m for m in room.messages() if "in danger" in m.content]


async def test_calls_of_yesterday_are_not_made_up_for(room):
    await room.poke()
    await room.close()
    await room.house.post(DANGER, fan="ada")
    await room.house.rounds.once()
    room.house.clock.move(minutes=9)
    await room.house.rounds.once()
    room.house.clock.move(minutes=25)
    await room.house.rounds.once()
    await room.restart()
    await room.until(lambda: calls(room))
    await room.poke()
    assert len(calls(room)) == 1


async def test_a_restart_does_not_call_twice(room):
    card = await room.draft(DANGER)
    await room.moved(seconds=1)
    await room.until(lambda: calls(room))
    await room.restart()
    await room.shown(card)
    await room.poke()
    # This Discord in memory takes no notice of nonces: what was asked of it is what counts.
    assert len({m.nonce for m in calls(room)}) == 1


async def test_what_waits_is_reminded_of_once(room):
    await room.draft()
    await room.draft("love it", fan="kim")
    await room.moved(minutes=31)
    reminders = await room.until(lambda: [m for m in room.messages() if "waiting for an answer" in m.content])
    assert "2 posts are waiting for an answer, some for more than 30 minutes." in reminders[0].content
    await room.moved(minutes=31)
    assert sum("waiting for an answer" in m.content for m in room.messages()) == 1


async def test_quiet_hours_take_the_sound_away_but_not_from_a_crisis(build_house):
    async with opened(build_house, 'quiet_hours: "11:00-13:00"') as room:
        assert room.house.clock.now() < datetime(2026, 3, 1, 12, 1, tzinfo=UTC)
        quiet = await room.draft()
        loud = await room.draft(DANGER, fan="ada")
        assert (await room.shown(quiet)).flags.suppress_notifications
        assert not (await room.shown(loud)).flags.suppress_notifications
        await room.moved(hours=2)
        later = await room.draft("love it", fan="kim")
        assert not (await room.shown(later)).flags.suppress_notifications


async def test_more_cards_than_discord_lists_at_once_live_through_a_restart(room, monkeypatch):
    number = 110  # of messages it lists a hundred
    monkeypatch.setattr(surface, "FEW", number)
    mara = room.person("Mara", "mara")
    received = [
        await room.house.receive(PRAISE, fan=f"fan{n}", channel=f"c{n}", name=f"Fan {n}") for n in range(number)
    ]
    await room.house.quiet()
    drafts = [await room.house.draft_of(post_id) for post_id in received]
    while len(await room.house.store.read(lambda c: kept.unsettled(c, "discord"))) < number:
        await room.poke()
    assert len(cards(room)) == number
    await room.restart()
    for card in drafts[::10]:
        await room.press(mara, card, "send")
    states = [await room.state(card) for card in drafts]
    assert (states.count("approved"), states.count("waiting")) == (11, 99)
    assert len(room.messages()) == number
