"""What happens on its own: waking, expiring, reminding, calling for help, dropping words."""

from datetime import timedelta

import pytest
from sqlalchemy import text as sql

PRAISE = "the new map is gorgeous"
CRISIS = "I want to kill myself"


async def test_a_snoozed_draft_wakes_when_its_time_is_up(house):
    card = await house.draft(PRAISE)
    await house.press(card, "snooze", minutes=30)
    house.clock.move(minutes=29)
    await house.rounds.once()
    assert (await house.again(card))["state"] == "snoozed"
    house.clock.move(minutes=1)
    await house.rounds.once()
    assert (await house.again(card))["state"] == "waiting"
    assert len(await house.events("draft_woken")) == 1


async def test_the_expiry_clock_stands_still_while_a_draft_sleeps(house):
    card = await house.draft(PRAISE)
    house.clock.move(hours=20)
    await house.press(card, "snooze", minutes=600)
    house.clock.move(hours=10)
    await house.rounds.once()
    house.clock.move(hours=3)
    await house.rounds.once()
    assert (await house.again(card))["state"] == "waiting"
    house.clock.move(hours=1, seconds=1)
    await house.rounds.once()
    assert (await house.again(card))["state"] == "expired"
    assert (await house.refused(card, "approve")).code == "expired"


async def test_what_is_held_expires_and_is_not_sent(open_house):
    async with open_house("undo_seconds: 3600, expire_after: 30m") as house:
        card = await house.draft(PRAISE)
        await house.press(card, "approve")
        house.clock.move(minutes=31)
        await house.rounds.once()
        after = await house.again(card)
        assert (after["state"], after["deliveries"][0]["state"]) == ("expired", "recalled")


@pytest.mark.parametrize("rounds_first", [True, False])
async def test_what_became_too_old_while_the_program_stood_still_is_not_sent(house, rounds_first):
    card = await house.draft(PRAISE)
    await house.press(card, "approve")
    house.clock.move(days=2)
    await house.restart()
    if rounds_first:
        await house.rounds.once()
    await house.outbox.once()
    assert house.stage.sent == []
    assert (await house.again(card))["state"] == "expired"


async def test_a_hand_off_never_expires(house):
    card = await house.draft(CRISIS)
    house.clock.move(days=30)
    await house.rounds.once()
    after = await house.again(card)
    assert (after["state"], after["post"]["text"]) == ("waiting", CRISIS)


async def test_a_sent_reply_with_a_held_correction_does_not_expire(house):
    card = await house.sent()
    house.clock.move(days=2)
    await house.press(card, "correct", text="Where did you find that?")
    await house.rounds.once()
    await house.send()
    assert (await house.reply(card["post"]["post_id"])).text == "Where did you find that?"


async def test_a_waiting_batch_is_reminded_of_once(house):
    for n in range(3):
        await house.draft(PRAISE, fan=f"fan{n}", channel=f"channel{n}")
    for minutes in (29, 2, 60):
        house.clock.move(minutes=minutes)
        await house.rounds.once()
    assert [event.data for event in await house.events("queue_reminded")] == [{"waiting": 3}]


async def test_no_reminders_when_they_are_switched_off(open_house):
    async with open_house("remind_after: null") as house:
        await house.draft(PRAISE)
        house.clock.move(hours=5)
        await house.rounds.once()
        assert await house.events("queue_reminded") == []


async def test_a_crisis_is_called_at_once_and_every_ten_minutes_until_somebody_opens_it(house):
    card = await house.draft(CRISIS)
    calls = []
    for _ in range(5):
        await house.rounds.once()
        calls.append(len(await house.events("crisis_called")))
        house.clock.move(minutes=5)
    assert calls == [1, 1, 2, 2, 3]
    assert (await house.events("crisis_called"))[0].data == {"on_call": "mara"}
    await house.press(card, "open", by="tom")
    house.clock.move(hours=1)
    await house.rounds.once()
    assert len(await house.events("crisis_called")) == 3
    assert await house.events("queue_reminded") == []


async def test_a_crisis_that_came_during_a_long_stop_still_reaches_a_person(house):
    post_id = await house.store_only(CRISIS)
    house.clock.move(days=3)
    await house.restart()
    await house.quiet()
    card = await house.draft_of(post_id)
    assert (card["kind"], card["state"]) == ("handoff", "waiting")


async def test_a_draft_that_comes_too_late_is_not_made(house):
    post_id = await house.store_only(PRAISE)
    house.clock.move(days=3)
    await house.restart()
    await house.quiet()
    page = await house.store.post_page(post_id)
    assert (page.post.action, page.post.reason_code) == ("silent", "too_old")
    assert (await house.asked(post_id))["kind"] == "draft", "when a manager asks for it, there is one"


async def rows(house, table):
    query = sql(f"SELECT * FROM {table}")  # noqa: S608 - a name from this file
    return await house.store.read(lambda c: [dict(row) for row in c.execute(query).mappings()])


async def test_words_go_after_their_time_and_hashes_stay(house):
    card = await house.sent()
    await house.draft("love the harbor", fan="kim", channel="pier")
    post_id = card["post"]["post_id"]
    house.clock.move(days=8)
    await house.rounds.once()
    drafts = await rows(house, "drafts")
    assert {(d["text"], d["recipe"], d["alternatives"]) for d in drafts} == {(None, None, None)}
    assert {(d["opener"], d["text_hash"], d["why"]) for d in drafts} == {(None, None, "Its text is no longer kept.")}
    assert {p["text"] for p in await rows(house, "posts")} == {""}
    assert {(d["text"], len(d["seal"])) for d in await rows(house, "deliveries")} == {(None, 64)}
    assert {(d["text"], d["draft_text"]) for d in await rows(house, "decisions")} == {(None, None)}
    page = await house.store.post_page(post_id)
    assert (page.post.action, page.post.post.author.id, page.reply.state) == ("draft", "robin", "sent")
    assert (await house.refused(card, "correct", text="Too late.")).code == "too_late"
    assert await house.asked(post_id) is None
    assert not await house.intake.edit(post_id, "new words that nobody would drop")
    await house.press(card, "remove")
    await house.send()
    assert house.stage.shown == {}


async def test_words_that_somebody_still_needs_are_kept(house):
    handoff = await house.draft(CRISIS)
    unsure = await house.draft(PRAISE, fan="kim", channel="pier")
    await house.press(unsure, "approve")
    house.stage.script.append("unsure lost")
    await house.send()
    house.clock.move(days=8)
    await house.rounds.once()
    assert (await house.again(handoff))["post"]["text"] == CRISIS
    assert (await house.again(unsure))["deliveries"][0]["text"] == unsure["text"]


async def test_the_words_of_a_crisis_go_once_it_is_closed(house):
    card = await house.draft(CRISIS)
    await house.press(card, "reject")
    house.clock.move(seconds=5)
    await house.rounds.once()
    assert (await house.press(card, "undo"))["post"]["text"] == CRISIS, "while it can be taken back, it is kept"
    await house.press(await house.again(card), "reject")
    house.clock.move(minutes=2)
    await house.rounds.once()
    assert (await house.again(card))["post"]["text"] == ""


async def test_old_facts_go_and_their_numbers_are_not_used_again(house):
    await house.draft(PRAISE)
    last = await house.store.last_event()
    house.clock.move(days=401)
    await house.rounds.once()
    await house.draft("love the harbor", fan="kim")
    left = await house.events()
    assert left[0].seq > last
    assert all(event.at > house.clock.now() - timedelta(days=1) for event in left)
