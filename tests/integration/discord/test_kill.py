"""Killed at the worst moments and started again: one reply for the fan, and every card still works."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import pytest

from tests.fakes.discord import SEND, Fault
from tests.integration.conftest import LOVELY, numbered

from .conftest import Killable, quoted, said, verbs

pytestmark = pytest.mark.kill


async def test_between_the_yes_and_the_sending(killable: Killable) -> None:
    house = killable
    house.undo = 3
    await house.start()
    await house.listening()
    post, card = await house.ask(LOVELY)
    await house.approve(card)
    await house.until(lambda: house.rows("SELECT 1 FROM deliveries WHERE state = 'held'"))
    await house.kill()
    assert house.fake.replies_to(post) == []
    await house.start()
    await house.settled(post)
    assert len(house.fake.replies_to(post)) == 1
    await house.until(lambda: "Sent" in said(card))


MOMENTS = [
    ("before Discord has it", False, False, 1),
    ("after Discord has it", True, False, 1),
    ("after Discord has it, found minutes later", True, True, 1),
]


@pytest.mark.parametrize(("name", "after", "minutes_later", "replies"), MOMENTS, ids=[row[0] for row in MOMENTS])
async def test_between_the_sending_and_the_receipt(
    running: Killable, name: str, after: bool, minutes_later: bool, replies: int
) -> None:
    house = running
    post, card = await house.ask(LOVELY)
    fault = house.fake.fail_next(SEND, Fault(None, after=after, hold=True, channel=house.general["id"]))
    await house.approve(card)
    await asyncio.wait_for(fault.reached.wait(), 90)
    await house.kill()
    fault.go.set()
    if minutes_later:
        house.fake.forget_nonces()
    await house.start()
    await house.settled(post)
    answers = house.fake.replies_to(post)
    assert len(answers) == replies
    assert house.rows("SELECT external_id FROM deliveries WHERE state = 'sent'") == [(answers[0]["id"],)]


async def test_asked_to_stop_in_the_middle_of_a_send(running: Killable) -> None:
    """What was begun is finished and noted."""
    house = running
    post, card = await house.ask(LOVELY)
    fault = house.fake.fail_next(SEND, Fault(0, hold=True, channel=house.general["id"]))
    await house.approve(card)
    await asyncio.wait_for(fault.reached.wait(), 90)
    ending = asyncio.create_task(house.program.end(signal.SIGTERM))
    await house.until(lambda: "stopping" in house.log)
    fault.go.set()
    assert await ending == 0, house.log
    (answer,) = house.fake.replies_to(post)
    assert house.rows("SELECT state, external_id FROM deliveries") == [("sent", answer["id"])], house.log


async def test_while_a_form_is_open(running: Killable) -> None:
    house = running
    post, card = await house.ask(LOVELY)
    opened = await house.fake.press(card, verbs(card)["edit"], house.mara)
    await house.kill()
    await house.start()
    await house.until(lambda: house.fake.gateway.sessions)
    await house.until(lambda: "is writing" in said(card))
    assert opened.modal["components"][0]["component"]["value"], "the draft stands in it"
    words = "Which of the three piers do you go to when it rises?"
    await house.write(opened, words)
    await house.settled(post)
    assert [reply["content"] for reply in house.fake.replies_to(post)] == [words]


async def test_two_hundred_cards_and_twenty_of_them_pressed_after_a_restart(running: Killable) -> None:
    house, count = running, 200
    fans = [house.fake.member(f"Fan {n}") for n in range(count)]
    bot = f"<@{house.fake.world.bot['id']}>"
    posts = [house.fake.post(house.general, fan, f"{bot} {numbered(n)}") for n, fan in enumerate(fans)]
    await all_shown(house, count)
    await house.kill()
    await house.start()
    cards = {quoted(card): card for card in house.cards()}
    assert len(cards) == len(house.cards()) == count
    chosen = range(3, count, 10)
    for n in chosen:
        card = cards[f"> @Greenroom {numbered(n)}"]
        ready = next((custom_id for verb, custom_id in verbs(card).items() if verb.startswith("send")), None)
        if ready:
            await house.fake.press(card, ready, house.tom)
        else:  # in a manager's own words
            opened = await house.fake.press(card, verbs(card)["edit"], house.tom)
            await house.write(opened, f"Which corner of number {n} do you look at first?", house.tom)
    for n in chosen:
        await house.settled(posts[n])
    assert [len(house.fake.replies_to(post)) for post in posts] == [int(n in chosen) for n in range(count)]


async def all_shown(house: Killable, count: int) -> None:
    """Ask for the next ten until every card is there."""

    def more() -> Any:
        for one in house.fake.by_bot(house.room):
            if "more" in verbs(one):
                return one
        return None

    while len(house.cards()) < count:
        before = len(house.cards())
        digest = await house.until(lambda: more() or len(house.cards()) == count)
        if digest is not True:
            await house.fake.press(digest, verbs(digest)["more"], house.mara)
            await house.until(lambda before=before: len(house.cards()) > before)


async def test_the_fan_deletes_while_nobody_is_connected(killable: Killable) -> None:
    house = killable
    house.undo = 3
    await house.start()
    await house.listening()
    post, card = await house.ask(LOVELY)
    await house.approve(card)
    await house.until(lambda: house.rows("SELECT 1 FROM deliveries WHERE state = 'held'"))
    await house.kill()
    house.fake.delete(post)
    await house.start()
    await house.until(lambda: "deleted the post" in said(card))
    assert house.fake.by_bot(house.general) == []


async def test_fifty_posts_while_the_program_is_down(running: Killable) -> None:
    house = running
    await house.kill()
    posts = house.fifty()
    await house.start()
    await house.answers_for(posts)
