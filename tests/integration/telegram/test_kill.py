"""Killed at the worst moments and started again: nothing is lost, and a fan gets one reply."""

from __future__ import annotations

import asyncio
import signal

import pytest

from tests.fakes.telegram import POLL, SEND, Fault
from tests.integration.conftest import LOVELY, numbered

from .house import Json, Killable

pytestmark = pytest.mark.kill


async def test_between_the_yes_and_the_sending(killable: Killable) -> None:
    house = killable
    house.undo = 3
    await house.start()
    post, card = await house.ask(LOVELY)
    await house.approve(card)
    await house.until(lambda: house.rows("SELECT 1 FROM deliveries WHERE state = 'held'"))
    await house.kill()
    assert house.fake.replies_to(post) == []
    await house.start()
    await house.settled(post)
    assert len(house.fake.replies_to(post)) == 1
    await house.says(card, "Sent")


@pytest.mark.parametrize("arrived", [False, True], ids=["before Telegram has it", "after Telegram has it"])
async def test_between_the_sending_and_the_receipt(running: Killable, arrived: bool) -> None:
    house = running
    post, card = await house.ask(LOVELY)
    fault = house.fake.fail_next(SEND, Fault(None, after=arrived, hold=True, chat=house.harbor))
    await house.approve(card)
    await asyncio.wait_for(fault.reached.wait(), 90)
    await house.kill()
    fault.go.set()
    await house.start()
    await house.settled(post, "uncertain")
    assert len(house.fake.replies_to(post)) == int(arrived), "nobody but a person knows"
    await settle(house, card, post)
    assert len(house.fake.replies_to(post)) == 1
    await house.says(card, "Sent")


async def test_asked_to_stop_in_the_middle_of_a_send(running: Killable) -> None:
    """What was begun is finished and noted: nobody has to look into the chat afterwards."""
    house = running
    post, card = await house.ask(LOVELY)
    fault = house.fake.fail_next(SEND, Fault(0, after=True, hold=True, chat=house.harbor))
    await house.approve(card)
    await asyncio.wait_for(fault.reached.wait(), 90)
    ending = asyncio.create_task(house.program.end(signal.SIGTERM))
    await house.until(lambda: "stopping" in house.log)
    fault.go.set()
    assert await ending == 0, house.log
    assert len(house.fake.replies_to(post)) == 1
    assert house.rows("SELECT state FROM deliveries") == [("sent",)]
    await house.start()
    await house.says(card, "Sent")


async def settle(house: Killable, card: Json, post: Json) -> None:
    """Somebody looks into the chat, and says what is there."""
    arrived = bool(house.fake.replies_to(post))
    await house.press(card, "arrived" if arrived else "lost")
    if not arrived:
        await house.settled(post, "failed")
        await house.press(card, "retry")
    await house.settled(post)


async def test_an_update_whose_arrival_telegram_never_heard_of(running: Killable) -> None:
    house = running
    fault = house.fake.fail_next(POLL, Fault(0, after=True, hold=True))
    updates, before = house.fake.world.updates, house.fake.world.updates.polls
    house.fake.post(house.harbor, house.robin, "fog again on the way to work")  # ends the question that waits already
    await house.until(lambda: updates.polls > before)
    post = house.fake.post(house.harbor, house.robin, LOVELY)
    await asyncio.wait_for(fault.reached.wait(), 90)
    await house.kill()
    fault.go.set()
    assert house.posted(post) is None
    await house.start()
    await house.card(LOVELY)
    assert len(house.cards()) == 1


async def test_updates_that_were_stored_and_not_handled(running: Killable) -> None:
    house = running
    posts = hundred(house)
    await house.until(lambda: house.rows("SELECT 1 FROM inbox"))
    await house.kill()
    left = house.rows("SELECT update_id FROM inbox")
    assert left
    await house.start()
    await house.until(lambda: house.fake.world.updates.confirmed > max(int(number) for (number,) in left))
    await answered_for(house, posts)


async def test_a_hundred_posts_while_the_program_is_down(running: Killable) -> None:
    house = running
    await house.kill()
    posts = hundred(house)
    await house.start()
    await answered_for(house, posts)


def hundred(house: Killable) -> list[Json]:
    """Posts in a group and in a topic, from many fans."""
    topic = house.fake.topic(house.forum, "Builds", house.kim)
    fans = [house.fake.user(f"Fan {n}") for n in range(100)]
    return [
        house.fake.post(house.harbor, fan, numbered(n))
        if n % 2
        else house.fake.post(house.forum, fan, f"the lamp q{n}q is broken again", topic=topic)
        for n, fan in enumerate(fans)
    ]


async def answered_for(house: Killable, posts: list[Json]) -> None:
    """Until all of these posts are judged; each is there once, and has one draft at most."""
    await house.until(lambda: house.judged_posts() >= len(posts))
    stored = house.rows("SELECT channel, external_id, count(*) FROM posts GROUP BY channel, external_id")
    assert len(stored) == len(posts)
    assert {count for *_, count in stored} == {1}
    assert set(house.rows("SELECT count(*) FROM drafts WHERE state = 'waiting' GROUP BY post_id")) == {(1,)}
    await house.until(lambda: not house.rows("SELECT 1 FROM inbox"))


async def test_a_press_while_the_program_is_down(running: Killable) -> None:
    house = running
    post, card = await house.ask(LOVELY)
    await house.kill()
    pressing = asyncio.create_task(house.approve(card))
    await house.until(lambda: house.fake.world.updates.waiting)
    await house.start()
    await house.settled(post)
    await pressing
    assert len(house.fake.replies_to(post)) == 1


async def test_while_words_are_asked_for(running: Killable) -> None:
    house = running
    post, card = await house.ask(LOVELY)
    await house.press(card, "edit")
    question = await house.until(lambda: next(iter(asked(house)), None))
    await house.until(lambda: not house.rows("SELECT 1 FROM inbox"))  # else the press is not over, and comes again
    await house.kill()
    await house.start()
    words = "Which of the three piers do you go to when it rises?"
    house.fake.reply(question, house.mara, words)
    await house.says(card, words)
    assert house.fake.replies_to(post) == [], "words laid on a card are no yes"
    await house.approve(card)
    await house.settled(post)
    assert [reply["text"] for reply in house.fake.replies_to(post)] == [words]


def asked(house: Killable) -> list[Json]:
    """The bot's messages in the room that ask for words."""
    return [one for one in house.fake.by_bot(house.room) if "reply with the whole text" in one["text"]]
