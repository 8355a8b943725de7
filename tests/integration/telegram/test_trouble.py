"""Answers are lost, updates are broken, Telegram asks to wait: nothing is missed, nothing is said twice."""

from __future__ import annotations

import pytest

from tests.fakes.telegram import EDIT, POLL, SEND, Fault
from tests.integration.conftest import LOVELY, numbered

from .house import PRAISE, House, Json, Killable, data_of

LOST = [
    ("500 without effect", Fault(500), False),
    ("502 after the write", Fault(502, after=True), True),
    ("cut before the write", Fault(None), False),
    ("cut after the write", Fault(None, after=True), True),
]


@pytest.mark.parametrize(("name", "fault", "arrived"), LOST, ids=[row[0] for row in LOST])
async def test_the_answer_to_a_send_is_lost_and_a_person_looks(
    open_house: House, name: str, fault: Fault, arrived: bool
) -> None:
    house = open_house
    post, card = await house.ask()
    fault.chat = house.harbor
    house.fake.fail_next(SEND, fault)
    await house.approve(card)
    await house.until(lambda: data_of(card, "arrived"))
    await house.settled(post, "uncertain")
    assert len(house.fake.replies_to(post)) == int(arrived)
    if arrived:
        await house.press(card, "arrived", house.tom)
    else:
        await house.press(card, "lost", house.tom)
        house.clock.move(seconds=10)  # not so fast, the pace of cards says
        await house.press(card, "retry", house.tom)
    await house.settled(post)
    assert len(house.fake.replies_to(post)) == 1
    await house.says(card, "Sent")


async def test_a_poison_update_in_the_middle_of_a_hundred(house: House) -> None:
    fans = [house.fake.user(f"Fan {n}") for n in range(99)]
    posts = [house.fake.post(house.harbor, fan, numbered(n)) for n, fan in enumerate(fans[:50])]
    poison = house.fake.poison()
    posts += [house.fake.post(house.harbor, fan, numbered(n)) for n, fan in enumerate(fans[50:], 50)]
    await house.start()
    await house.until(lambda: house.judged_posts() == len(posts) == 99)
    await house.until(lambda: house.fake.world.updates.confirmed > poison)
    await house.until(lambda: len(house.rows("SELECT 1 FROM inbox")) == 1)
    ((update_id, why),) = house.rows("SELECT update_id, set_aside FROM inbox")
    assert update_id == str(poison)
    assert "chat_instance" in why
    assert house.rows("SELECT count(*) FROM events WHERE name = 'update_set_aside'") == [(1,)]
    await house.restart()
    late = house.fake.post(house.harbor, house.robin, PRAISE)
    await house.judged(late)
    assert len(house.rows("SELECT 1 FROM inbox")) == 1, "it is not tried again"


async def test_a_chat_that_must_wait_holds_up_no_other_one(open_house: House) -> None:
    house = open_house
    waiting = house.fake.post(house.harbor, house.robin, PRAISE)
    moving: list[Json] = [house.fake.post(house.forum, house.kim, numbered(n)) for n in range(3)]
    held = house.fake.fail_next(SEND, Fault(429, retry_after=40, chat=house.harbor))
    await house.decide(await house.draft(waiting), "approve")
    await held.reached.wait()
    for post in moving:
        await house.decide(await house.draft(post), "approve")
        await house.settled(post)
    assert house.fake.replies_to(waiting) == []
    house.clock.move(seconds=41)
    await house.settled(waiting)
    assert len(house.fake.replies_to(waiting)) == 1


async def test_a_webhook_of_another_program_is_taken_away(house: House) -> None:
    house.fake.webhook("https://bot.example/hook")
    post = house.fake.post(house.harbor, house.robin, PRAISE)
    await house.start()
    await house.judged(post)
    assert len(house.fake.requests("deleteWebhook")) == 1


async def test_the_token_stands_nowhere(running: Killable) -> None:
    """Whatever goes wrong, and whatever an operator may read of it."""
    house = running
    post, card = await house.ask(LOVELY)
    for call in (POLL, SEND, EDIT, POLL):
        house.fake.fail_next(call, Fault(None))
    await house.approve(card)
    await house.settled(post, "uncertain")
    house.fake.poison()
    await house.until(lambda: house.rows("SELECT 1 FROM inbox WHERE set_aside IS NOT NULL"))
    house.fake.http.token = "700000001:another"  # noqa: S105 - it opens nothing
    await house.until(lambda: "part_stopped" in house.log)
    secret = house.token.partition(":")[2]
    assert secret not in house.log
    assert house.rows("SELECT 1 FROM inbox WHERE raw || set_aside LIKE ?", f"%{secret}%") == []
