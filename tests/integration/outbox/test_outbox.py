"""What leaves the house, and what does not: seals, leases, tries, crashes."""

import asyncio

import pytest
from sqlalchemy import text as sql

from bot.domain import DeliveryState
from bot.outbox import Outbox

PRAISE = "the new map is gorgeous"


async def approved(house, **more):
    card = await house.draft(PRAISE, **more)
    await house.press(card, "approve")
    return card


async def state(house, card):
    return (await house.reply(card["post"]["post_id"])).state


OUTCOMES = [
    ("sent", DeliveryState.SENT, 1),
    ("later", DeliveryState.HELD, 0),
    ("refused", DeliveryState.FAILED, 0),
    ("unsure arrived", DeliveryState.UNCERTAIN, 1),
    ("unsure lost", DeliveryState.UNCERTAIN, 0),
    ("broke arrived", DeliveryState.UNCERTAIN, 1),
    ("broke lost", DeliveryState.UNCERTAIN, 0),
]


@pytest.mark.parametrize(("outcome", "ends", "arrived"), OUTCOMES)
async def test_what_the_platform_answers(house, outcome, ends, arrived):
    card = await approved(house)
    house.stage.script.append(outcome)
    await house.send()
    assert await state(house, card) is ends
    assert len(house.stage.sent) == arrived


@pytest.mark.parametrize("outcome", ["cut off arrived", "cut off lost"])
@pytest.mark.parametrize("can_tell", [True, False])
async def test_cut_off_between_send_and_receipt(house, outcome, can_tell):
    card = await approved(house)
    house.stage.script.append(outcome)
    house.stage.can_tell = can_tell
    await house.send()
    assert await state(house, card) is DeliveryState.SENDING
    await house.outbox.once()
    assert await state(house, card) is DeliveryState.SENDING, "the lease is not over"
    house.clock.move(seconds=60)
    await house.outbox.once()
    await house.outbox.once()
    assert await state(house, card) is (DeliveryState.SENT if can_tell else DeliveryState.UNCERTAIN)
    assert len(house.stage.sent) == (1 if can_tell or outcome == "cut off arrived" else 0)


async def test_nothing_goes_before_the_undo_window_is_over(house):
    card = await approved(house)
    house.clock.move(seconds=9)
    await house.outbox.once()
    assert await state(house, card) is DeliveryState.HELD


async def test_a_wait_that_the_platform_asked_for_is_kept(house):
    await approved(house)
    house.stage.script.append("later")
    await house.send()
    house.clock.move(seconds=4)
    await house.outbox.once()
    assert house.stage.sent == []
    house.clock.move(seconds=1)
    await house.outbox.once()
    assert len(house.stage.sent) == 1


async def test_after_five_tries_a_person_decides(house):
    card = await approved(house)
    house.stage.script.extend(["later"] * 9)
    for _ in range(9):
        await house.send()
    assert await state(house, card) is DeliveryState.FAILED
    assert len(house.stage.script) == 4


TAMPERED = [
    "UPDATE deliveries SET text = 'Buy our shirts'",
    "UPDATE deliveries SET channel = 'elsewhere'",
    "UPDATE deliveries SET reply_to = 'p99'",
    "UPDATE deliveries SET approved_by = 'eve'",
    "UPDATE decisions SET by = 'eve'",
    "UPDATE decisions SET seal = NULL",
    "UPDATE decisions SET by = 'gone'; UPDATE deliveries SET approved_by = 'gone'",
]


@pytest.mark.parametrize("tampering", TAMPERED)
async def test_what_is_not_what_was_approved_is_not_sent(house, tampering):
    card = await approved(house)
    for statement in tampering.split("; "):
        await house.store.write(lambda c, s=statement: c.execute(sql(s)))
    await house.send()
    assert house.stage.sent == []
    assert await state(house, card) is DeliveryState.FAILED


CHANGES = ["edit", "delete", "native reply", "in thread"]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("when", ["held", "while sending", "after a wait"])
async def test_void_on_change(house, change, when):
    card = await approved(house)
    post = card["post"]

    async def happens(_=None):
        if change == "edit":
            await house.intake.edit(post["post_id"], "the new map is ugly")
        elif change == "delete":
            await house.intake.delete(post["post_id"])
        elif change == "native reply":
            await house.receive("Hello.", fan="ida", staff=True, reply_to=post["id"])
        else:
            await house.receive("I agree.", fan="kim", reply_to=post["id"], external_id="kims")
            await house.receive("Hello both.", fan="ida", staff=True, reply_to="kims")

    if when == "held":
        await happens()
    elif when == "while sending":
        house.stage.meanwhile = happens
        house.stage.script.append("later")
        await house.send()
        house.stage.meanwhile = None
    else:
        house.stage.script.append("later")
        await house.send()
        await happens()
    await house.quiet()
    after = await house.again(card)
    assert (await house.refused(card, "undo")).code == after["state"] or when == "held"
    await house.send()
    assert house.stage.sent == []
    after = await house.again(card)
    assert (after["state"], after["deliveries"][0]["state"]) == (
        "superseded" if change == "edit" else "withdrawn",
        "recalled",
    )
    if change == "edit":
        assert (await house.draft_of(post["post_id"]))["draft_id"] != card["draft_id"], "a new run follows"


async def test_only_white_space_changed(house):
    card = await approved(house)

    async def edit(_):
        await house.intake.edit(card["post"]["post_id"], PRAISE + "\n")

    house.stage.meanwhile = edit
    house.stage.script.append("later")
    await house.send()
    house.stage.meanwhile = None
    await house.intake.edit(card["post"]["post_id"], PRAISE)
    await house.send()
    assert [d.text for d in house.stage.sent] == [card["text"]]


async def test_an_edit_that_comes_too_late_changes_nothing(house):
    card = await house.sent()
    await house.intake.edit(card["post"]["post_id"], "the new map is ugly")
    await house.quiet()
    assert (await house.again(card))["state"] == "approved"
    assert (await house.draft_of(card["post"]["post_id"]))["draft_id"] == card["draft_id"]


async def test_one_that_breaks_does_not_stop_the_others(house):
    cards = [await approved(house, fan=f"fan{n}", channel=f"channel{n}") for n in range(5)]
    house.stage.script.extend(["sent", "broke lost", "later", "refused", "sent"])
    await house.send()
    assert [await state(house, card) for card in cards] == ["sent", "uncertain", "held", "failed", "sent"]


async def test_one_that_cannot_be_noted_does_not_cut_off_the_others(house):
    cards = [await approved(house, fan=f"fan{n}", channel=f"channel{n}") for n in range(3)]
    first = await house.reply(cards[0]["post"]["post_id"])
    trigger = "CREATE TRIGGER full BEFORE UPDATE OF external_id ON deliveries WHEN new.state = 'sent' AND "
    trigger += f"new.id = '{first.id}' BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    await house.store.write(lambda c: c.execute(sql(trigger)))
    with pytest.raises(Exception, match="full"):
        await house.send()
    await asyncio.sleep(0.05)
    assert [await state(house, card) for card in cards] == ["sending", "sent", "sent"]
    await house.store.write(lambda c: c.execute(sql("DROP TRIGGER full")))
    house.clock.move(seconds=60)
    await house.outbox.once()
    assert await state(house, cards[0]) is DeliveryState.SENT
    assert len(house.stage.sent) == 3


async def test_a_platform_that_is_switched_off_waits_without_haste(house):
    await approved(house)
    house.clock.move(minutes=1)
    without = Outbox(house.store, house.settings, house.clock, {}, lambda: house.pipeline)
    assert await without.once() == 0
    assert await without._pause() == 1.0
    await house.outbox.once()
    assert len(house.stage.sent) == 1


async def test_the_outbox_wakes_up_for_a_yes(open_house):
    async with open_house("undo_seconds: 0") as house:
        running = asyncio.create_task(house.outbox.run())
        try:
            for n in range(20):
                card = await approved(house, fan=f"fan{n}", channel=f"channel{n}")
                async with asyncio.timeout(10):
                    while await state(house, card) is not DeliveryState.SENT:
                        await asyncio.sleep(0.005)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        assert len(house.stage.sent) == 20


async def test_two_outboxes_on_one_store_send_once(house):
    for n in range(30):
        await approved(house, fan=f"fan{n}", channel=f"channel{n}")
    house.clock.move(seconds=10)
    other = Outbox(house.store, house.settings, house.clock, {"stage": house.stage}, lambda: house.pipeline)
    await asyncio.gather(house.outbox.once(), other.once())
    assert len(house.stage.sent) == len({d.post_id for d in house.stage.sent}) == 30


async def test_undo_and_the_outbox_at_the_very_same_moment(house):
    for n in range(15):
        card = await approved(house, fan=f"fan{n}", channel=f"channel{n}")
        house.clock.move(seconds=10)
        sent = len(house.stage.sent)
        undone, _ = await asyncio.gather(house.press(card, "undo"), house.outbox.once(), return_exceptions=True)
        went_out = len(house.stage.sent) > sent
        assert went_out != isinstance(undone, dict)
        assert (await house.again(card))["state"] == ("approved" if went_out else "waiting")
