"""Many cards, calls for help, reminders and quiet hours on Telegram."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bot.adapters.chat import loop
from tests.fakes.telegram import SEND, Fault

from .house import PRAISE, House, data_of, verbs

Json = dict[str, Any]
DANGER = "I want to kill myself tonight"


def poke(house: House) -> None:
    """The cards look around now."""
    signal = house.app.platforms["telegram"].cards._signal  # type: ignore[attr-defined] # Telegram's has cards
    if signal:
        signal.notify(frozenset())


async def in_time(house: House, happened: Callable[[], Any]) -> Any:
    """What happens as time passes: Telegram wants a pace, and a burst takes minutes. Time passes slowly enough for the
    cards: they look at all of them once a minute, and on a slow machine would do nothing else."""

    async def passing() -> Any:
        house.clock.move(seconds=2)
        poke(house)
        await asyncio.sleep(0.1)
        return happened()

    return await house.until(passing)


async def later(house: House, **time: float) -> None:
    """Later; the desk and the cards have seen it."""
    await house.moved(**time)
    poke(house)


def waiting(house: House) -> list[str]:
    """The cards that wait, in the order in which they came."""
    return [card["text"] for card in house.cards() if "edit" in verbs(card)]


def digest(house: House) -> Json | None:
    return next((card for card in house.cards() if "more" in verbs(card)), None)


def counts(house: House, number: int) -> bool:
    found = digest(house)
    return found is not None and found["text"].startswith(f"{number} more waiting")


def calls(house: House) -> list[Json]:
    return [one for one in house.fake.by_bot(house.room) if "Press “I have it”" in one["text"]]


async def burst(house: House, number: int) -> list[Json]:
    """Posts that came while nobody showed their cards."""
    house.cards_in = "null"
    await house.start()
    topic = house.fake.topic(house.forum, "Maps", house.kim)
    places: list[Json] = [{"chat": house.harbor}, {"chat": house.forum, "topic": topic}]
    fans = [house.fake.user(f"Fan {n}") for n in range(number)]
    posts = [house.fake.post(author=fan, text=PRAISE, **places[n % 2]) for n, fan in enumerate(fans)]
    for post in posts:
        await house.draft(post)
    await house.stop()
    house.cards_in = str(house.room["id"])
    await house.start()
    return posts


async def test_a_burst_is_a_few_cards_and_a_digest(house):
    posts = await burst(house, 25)
    await in_time(house, lambda: counts(house, 15))
    assert len(waiting(house)) == loop.FEW
    assert {"Fan 0", "Fan 1"} == {one.split(" in ")[0] for one in waiting(house)[:2]}
    assert "praise (15)" in digest(house)["text"]  # type: ignore[index] # it is there
    await house.decide(await house.draft(posts[0]), "approve")
    await in_time(house, lambda: counts(house, 14) and len(waiting(house)) == loop.FEW)
    shown = digest(house)
    assert shown
    await house.fake.press(shown, "more", house.mara)
    await in_time(house, lambda: len(waiting(house)) == 20 and counts(house, 4))
    await house.fake.press(shown, "more", house.tom)
    await in_time(house, lambda: len(waiting(house)) == 24 and digest(house) is None)


async def test_strangers_cannot_call_up_cards(house):
    await burst(house, 12)
    shown = await in_time(house, lambda: digest(house))
    told = await house.fake.press(shown, "more", house.kim)
    assert "Only the managers" in (told.text or "")
    assert len(waiting(house)) == loop.FEW


async def test_a_digest_is_found_again_after_a_restart(house):
    await burst(house, 14)
    await in_time(house, lambda: counts(house, 4))
    await house.until(lambda: house.rows("SELECT 1 FROM cursors WHERE channel = 'digest'"))
    await house.restart()
    await house.draft(house.fake.post(house.harbor, house.kim, PRAISE))
    await in_time(house, lambda: counts(house, 5))
    assert sum("more" in verbs(one) for one in house.cards()) == 1


async def test_a_digest_that_somebody_deleted_comes_again(house):
    await burst(house, 12)
    house.fake.delete(await in_time(house, lambda: digest(house)))
    await house.draft(house.fake.post(house.harbor, house.kim, PRAISE))
    await in_time(house, lambda: counts(house, 3))


async def test_who_may_be_in_danger_comes_first_and_calls_until_somebody_has_it(house):
    await burst(house, 12)
    await in_time(house, lambda: digest(house))
    house.fake.post(house.harbor, house.robin, DANGER)
    card = await in_time(house, lambda: next((one for one in house.cards() if DANGER in one["text"]), None))
    assert card["text"].startswith("Somebody may be in danger\n")
    assert next(iter(verbs(card))) == "open"
    await in_time(house, lambda: calls(house))
    call = calls(house)[0]
    named = [one["user"]["id"] for one in call["entities"] if one["type"] == "text_mention"]
    assert named == [house.mara["id"]]
    assert house.fake.replies_to(card) == [call]
    await later(house, minutes=10, seconds=1)
    await in_time(house, lambda: len(calls(house)) == 2)
    await house.decide(await house.draft(house.fake.messages(house.harbor)[-1]), "open", by="tom")
    await in_time(house, lambda: "Tom Weiss is writing" in card["text"])
    for _ in range(2):
        await later(house, minutes=11)
    await in_time(house, lambda: "is writing" not in card["text"])
    assert len(calls(house)) == 2


async def test_a_call_for_help_does_not_wait_for_its_turn(house):
    await burst(house, 25)
    await in_time(house, lambda: digest(house))
    pace = house.app.platforms["telegram"].cards.board.client.pace  # type: ignore[attr-defined] # Telegram's has cards
    for _ in range(20):
        pace.book(house.room["id"], f"{_}")
    assert pace.rest(house.room["id"]) > 30
    await house.draft(house.fake.post(house.harbor, house.kim, "love it, all of it"))
    house.fake.post(house.harbor, house.robin, DANGER)
    await house.until(lambda: calls(house))
    assert [DANGER in one["text"] for one in house.fake.by_bot(house.room)][-2:] == [True, False]
    assert pace.rest(house.room["id"]) > 10


async def test_a_restart_does_not_call_twice(house):
    await house.start()
    house.fake.post(house.harbor, house.robin, DANGER)
    await house.until(lambda: calls(house))
    noted = "SELECT 1 FROM cursors, events WHERE channel = 'seen' AND name = 'crisis_called' AND position + 0 >= seq"
    await house.until(lambda: house.rows(noted))
    await house.restart()
    house.fake.post(house.harbor, house.kim, PRAISE)
    await house.card(PRAISE)
    assert len(calls(house)) == 1


async def test_a_call_that_could_not_be_sent_is_tried_again(house):
    await house.start()
    house.fake.post(house.harbor, house.robin, DANGER)
    fault = Fault(status=500, chat=house.room, times=2)
    house.fake.fail_next(SEND, fault)
    await in_time(house, lambda: calls(house) and house.cards() and data_of(house.cards()[0], "open"))


async def test_what_waits_is_reminded_of_once(house):
    await house.start()
    await house.ask()
    await house.ask("love it, all of it", by=house.kim)

    def reminders() -> list[str]:
        return [one["text"] for one in house.fake.by_bot(house.room) if "waiting for an answer" in one["text"]]

    await later(house, minutes=31)
    assert (await house.until(reminders))[0].startswith("2 posts are waiting for an answer, some for more than 30 min")
    await later(house, minutes=31)
    house.fake.post(house.harbor, house.robin, "best game this year")
    await house.card("best game")
    assert len(reminders()) == 1


async def test_quiet_hours_take_the_sound_away_but_not_from_a_crisis(house):
    now = house.clock.now()
    hours = f"{(now.hour - 1) % 24:02}:00-{(now.hour + 2) % 24:02}:00"
    house.config = house.config.replace("replies: {{", f'replies: {{{{quiet_hours: "{hours}", ')
    await house.start()
    await house.ask()
    house.fake.post(house.harbor, house.robin, DANGER)
    await house.until(lambda: calls(house))
    silent = {one.asked["text"].split("\n")[0]: one.asked["disable_notification"] for one in house.fake.requests(SEND)}
    assert [quiet for text, quiet in silent.items() if text.startswith("Robin")] == [True]
    assert [quiet for text, quiet in silent.items() if "in danger" in text] == [False, False]


@pytest.mark.parametrize("lost", [1, 3])
async def test_cards_whose_answers_were_lost_are_all_in_line_in_the_end(house, lost):
    house.fake.fail_next(SEND, Fault(status=None, after=True, chat=house.room, times=lost))
    await house.start()
    posts = [house.fake.post(house.harbor, who, PRAISE) for who in (house.robin, house.kim)]
    drafts = [await house.draft(post) for post in posts]
    rows = "SELECT draft_id, message_id FROM cards"
    kept: dict[str, str] = dict(await in_time(house, lambda: len(found := house.rows(rows)) == 2 and found))
    for draft in drafts:
        await house.decide(draft, "approve")
    numbers = {int(kept[draft["draft_id"]].partition("/")[2]) for draft in drafts}

    def decided() -> bool:
        return all("send" not in verbs(one) for one in house.fake.by_bot(house.room) if one["message_id"] in numbers)

    await in_time(house, decided)
    assert len(house.fake.by_bot(house.room)) == 2 + lost
