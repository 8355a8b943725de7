"""What leaves the house, and what does not: seals, leases, tries, crashes."""

import asyncio
import contextlib
from itertools import pairwise

import pytest
from sqlalchemy import text as sql

from bot.domain import DeliveryState
from bot.hops import REGISTRY
from bot.outbox import Outbox
from bot.outbox.outbox import IN_FLIGHT, LONGEST_REST, MOST_FAILURES
from bot.store import deliveries
from tests.integration.conftest import Stage

PRAISE = "the new map is gorgeous"


async def approved(house, **more):
    card = await house.draft(PRAISE, **more)
    await house.press(card, "approve")
    return card


async def state(house, card):
    return (await house.reply(card["post"]["post_id"])).state


async def sent(house, *cards):
    return all([await state(house, card) is DeliveryState.SENT for card in cards])


def outbox_of(house, *stages):
    platforms = {stage.name: stage for stage in stages}
    return Outbox(house.store, house.settings, house.clock, platforms, lambda: house.pipeline)


@contextlib.asynccontextmanager
async def running(house):
    outbox = asyncio.create_task(house.outbox.run())
    try:
        yield
    finally:
        outbox.cancel()
        await asyncio.wait({outbox})


async def until(happened):
    async with asyncio.timeout(30):
        while not (found := happened()) or (asyncio.iscoroutine(found) and not await found):
            await asyncio.sleep(0.005)


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
    await house.outbox.once()  # after the start at once: whoever was sending is gone
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


async def test_an_outage_is_waited_out_with_growing_pauses(house):
    card = await approved(house)
    house.stage.away = True
    pauses = []
    house.clock.move(seconds=10)
    for _ in range(40):
        await house.outbox.once()
        delivery = await house.reply(card["post"]["post_id"])
        assert (delivery.state, delivery.error) == (DeliveryState.HELD, "not connected")
        pauses.append((delivery.due_at - house.clock.now()).total_seconds())
        house.clock.move(seconds=pauses[-1] + 0.001)
    assert pauses[0] < 5
    assert pauses[-1] == pytest.approx(60, abs=0.01)
    assert all(later > earlier - 0.01 for earlier, later in pairwise(pauses))
    house.stage.away = False
    await house.outbox.once()
    assert [d.text for d in house.stage.sent] == [card["text"]]


@pytest.mark.parametrize("own_words", [False, True])
async def test_what_cannot_leave_waits_no_longer_than_a_draft_may(open_house, own_words):
    """By then a draft has expired. A manager's answer to a hand-off does not expire, so somebody is told."""
    async with open_house("expire_after: 1h") as house:
        card = await house.draft("I want to kill myself" if own_words else PRAISE)
        await house.press(card, "approve" if not own_words else "edit", **({"text": "I am here."} if own_words else {}))
        house.stage.away = True
        for minutes in range(58):
            house.clock.move(minutes=1)
            await house.outbox.once()
            assert await state(house, card) is DeliveryState.HELD, minutes
        house.clock.move(minutes=3)
        await house.outbox.once()
        after = await house.again(card)
        if own_words:
            assert (after["state"], after["deliveries"][0]["state"]) == ("approved", "failed")
            assert "not connected" in after["deliveries"][0]["error"]
        else:
            assert (after["state"], after["deliveries"][0]["state"]) == ("expired", "recalled")
        assert house.stage.sent == []


async def test_a_correction_waits_out_an_outage_too(house):
    card = await house.sent()
    await house.press(card, "correct", text="The same in other words.")
    house.stage.away = True
    for _ in range(20):
        house.clock.move(minutes=1)
        await house.outbox.once()
    house.stage.away = False
    house.clock.move(minutes=1)
    await house.outbox.once()
    assert [d.kind for d in house.stage.sent] == ["send", "correct"]


@pytest.mark.parametrize("outcome", ["cut off arrived", "cut off lost"])
async def test_an_outage_right_after_a_crash_is_no_answer_either(house, outcome):
    """The platform is asked once it can answer."""
    card = await approved(house)
    house.stage.script.append(outcome)
    await house.send()
    house.stage.away = True
    for _ in range(20):
        house.clock.move(minutes=1)
        await house.outbox.once()
        assert await state(house, card) is DeliveryState.SENDING
    house.stage.away = False
    house.clock.move(minutes=1)
    await house.outbox.once()
    assert await state(house, card) is DeliveryState.SENT
    assert len(house.stage.sent) == 1


async def test_after_five_looks_without_an_answer_a_person_decides(house):
    card = await approved(house)
    house.stage.script.append("lost for now")
    await house.send()
    looks = 0
    while await state(house, card) is DeliveryState.SENDING:
        looks += 1
        assert looks < 9
        house.clock.move(minutes=1)
        house.stage.no_answer = True
        await house.outbox.once()
    assert (looks, await state(house, card)) == (4, DeliveryState.UNCERTAIN)


async def test_a_try_that_was_lost_is_forgotten_once_it_is_known_not_to_have_arrived(house):
    """A platform that answers 500 to each send, and each time says that nothing arrived, is having an outage."""
    card = await approved(house)
    house.clock.move(seconds=10)
    for _ in range(12):
        house.stage.script.append("lost for now")
        await house.outbox.once()
        house.clock.move(minutes=1)
        assert await state(house, card) is DeliveryState.SENDING
    await house.outbox.once()
    assert await state(house, card) is DeliveryState.SENT


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


async def test_a_receipt_that_cannot_be_kept_is_written_as_soon_as_it_can(house):
    """Nobody is asked, because the outcome is known, and the others go on meanwhile."""
    cards = [await approved(house, fan=f"fan{n}", channel=f"channel{n}") for n in range(3)]
    first = await house.reply(cards[0]["post"]["post_id"])
    house.database.refuse("UPDATE OF external_id", "deliveries", f"new.state = 'sent' AND new.id = '{first.id}'")
    house.stage.can_tell = False
    house.clock.move(seconds=10)
    async with running(house):
        await until(lambda: sent(house, *cards[1:]))
        assert await state(house, cards[0]) is DeliveryState.SENDING
        house.clock.move(minutes=5)
        house.database.allow("deliveries")
        await until(lambda: sent(house, cards[0]))
    assert len(house.stage.sent) == 3


async def test_a_slow_platform_holds_up_no_other(house):
    other = Stage("other")
    house.outbox = outbox_of(house, house.stage, other)
    house.stage.slow = {"harbor": asyncio.Event()}
    slow = await approved(house)
    house.clock.move(seconds=10)
    async with running(house):
        await until(lambda: house.stage.begun)
        quick = await approved(house, fan="kim", platform="other")
        house.clock.move(seconds=10)
        await until(lambda: sent(house, quick))
        assert await state(house, slow) is DeliveryState.SENDING
        house.stage.slow["harbor"].set()
        await until(lambda: sent(house, slow))


async def test_a_slow_reply_holds_up_no_other_of_its_platform(house):
    house.stage.slow = {"harbor": asyncio.Event()}
    slow = await approved(house)
    house.clock.move(seconds=10)
    async with running(house):
        await until(lambda: house.stage.begun)
        for n in range(IN_FLIGHT + 2):
            quick = await approved(house, fan=f"fan{n}", channel=f"channel{n}")
            house.clock.move(seconds=10)
            await until(lambda card=quick: sent(house, card))
        house.stage.slow["harbor"].set()
        await until(lambda: sent(house, slow))


async def test_only_so_many_are_on_their_way_at_once(house):
    gate = asyncio.Event()
    cards = [await approved(house, fan=f"fan{n}", channel=f"channel{n}") for n in range(IN_FLIGHT + 3)]
    house.stage.slow = {card["post"]["channel"]: gate for card in cards}
    house.clock.move(seconds=10)
    async with running(house):
        await until(lambda: len(house.stage.begun) == IN_FLIGHT)
        assert await house.store.read(deliveries.counts) == {"sending": IN_FLIGHT, "held": 3}
        gate.set()
        await until(lambda: sent(house, *cards))
    assert len(house.stage.sent) == len(cards)


async def test_a_receipt_and_the_next_claim_share_a_commit(house):
    cards = [await approved(house, fan=f"fan{n}", channel=f"channel{n}") for n in range(IN_FLIGHT + 1)]
    house.stage.slow = {card["post"]["channel"]: asyncio.Event() for card in cards}
    house.clock.move(seconds=10)
    async with running(house):
        await until(lambda: len(house.stage.begun) == IN_FLIGHT)
        before = REGISTRY.get_sample_value("greenroom_commit_seconds_count")
        house.stage.slow[house.stage.begun[0]].set()
        await until(lambda: len(house.stage.begun) == len(cards))
        assert REGISTRY.get_sample_value("greenroom_commit_seconds_count") == before + 1
        assert await house.store.read(deliveries.counts) == {"sent": 1, "sending": IN_FLIGHT}
        for gate in house.stage.slow.values():
            gate.set()
        await until(lambda: sent(house, *cards))


async def test_a_stop_lets_what_was_begun_end_and_begins_nothing_new(house):
    gate = asyncio.Event()
    house.stage.slow = {"harbor": gate}
    house.outbox = outbox_of(house, house.stage, Stage("other"))
    begun = await approved(house)
    house.clock.move(seconds=10)
    outbox = asyncio.create_task(house.outbox.run())
    await until(lambda: house.stage.begun)
    outbox.cancel()
    waiting = await approved(house, fan="kim", channel="elsewhere")
    house.clock.move(seconds=10)
    assert not outbox.done()
    gate.set()
    await asyncio.wait({outbox})
    assert outbox.cancelled()
    assert await state(house, begun) is DeliveryState.SENT
    assert await state(house, waiting) is DeliveryState.HELD
    assert house.stage.begun == ["harbor"]


async def test_stopped_at_any_moment_of_a_claim(house):
    """A claimed delivery is sent: else nobody could tell after the start whether it had been."""
    for n in range(12):
        card = await approved(house, fan=f"fan{n}", channel=f"channel{n}")
        house.clock.move(seconds=10)
        outbox = asyncio.create_task(house.outbox.run())
        for _ in range(n):
            await asyncio.sleep(0)
        outbox.cancel()
        await asyncio.wait({outbox})
        assert await state(house, card) in {DeliveryState.HELD, DeliveryState.SENT}


@pytest.mark.parametrize("back", [{"minutes": 20}, {"hours": 1}, {"days": 400}])
async def test_a_clock_that_was_set_back_while_the_program_stood_still(house, back):
    card = await approved(house)
    house.stage.script.append("cut off lost")
    other = await approved(house, fan="kim", channel="elsewhere")
    await house.send()
    house.clock.move(**{unit: -amount for unit, amount in back.items()})
    await house.restart()
    await house.outbox.once()
    await house.outbox.once()
    assert await state(house, card) is DeliveryState.SENT
    assert await state(house, other) is DeliveryState.SENT
    assert len(house.stage.sent) == 2


async def test_a_retry_is_a_yes_of_whoever_presses_it(house):
    card = await approved(house)
    house.stage.script.append("refused")
    await house.send()
    await house.press(card, "retry", by="tom")
    reply = await house.reply(card["post"]["post_id"])
    assert reply.approved_by == "tom"
    await house.outbox.once()
    assert await state(house, card) is DeliveryState.SENT


async def test_a_reply_that_was_refused_can_be_taken_back_and_written_anew(house):
    card = await approved(house)
    house.stage.script.append("refused")
    await house.send()
    card = await house.press(card, "undo")
    assert (card["state"], card["text"]) == ("waiting", card["text"])
    await house.press(card, "edit", text="Shorter.")
    await house.send()
    assert [d.text for d in house.stage.sent] == ["Shorter."]


async def test_a_platform_that_is_switched_off_waits_without_haste(house):
    await approved(house)
    house.clock.move(minutes=1)
    without = Outbox(house.store, house.settings, house.clock, {}, lambda: house.pipeline)
    assert await without.once() == 0
    await house.outbox.once()
    assert len(house.stage.sent) == 1


async def test_the_outbox_wakes_up_for_a_yes(open_house):
    async with open_house("undo_seconds: 0") as house:
        running = asyncio.create_task(house.outbox.run())
        try:
            for n in range(8):
                card = await approved(house, fan=f"fan{n}", channel=f"channel{n}")
                async with asyncio.timeout(10):
                    while await state(house, card) is not DeliveryState.SENT:
                        await asyncio.sleep(0.005)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        assert len(house.stage.sent) == 8


async def test_two_outboxes_on_one_store_send_once(house):
    for n in range(10):
        await approved(house, fan=f"fan{n}", channel=f"channel{n}")
    house.clock.move(seconds=10)
    other = Outbox(house.store, house.settings, house.clock, {"stage": house.stage}, lambda: house.pipeline)
    await asyncio.gather(house.outbox.once(), other.once())
    assert len(house.stage.sent) == len({d.post_id for d in house.stage.sent}) == 10


async def test_undo_and_the_outbox_at_the_very_same_moment(house):
    for n in range(15):
        card = await approved(house, fan=f"fan{n}", channel=f"channel{n}")
        house.clock.move(seconds=10)
        sent = len(house.stage.sent)
        undone, _ = await asyncio.gather(house.press(card, "undo"), house.outbox.once(), return_exceptions=True)
        went_out = len(house.stage.sent) > sent
        assert went_out != isinstance(undone, dict)
        assert (await house.again(card))["state"] == ("approved" if went_out else "waiting")


async def tries(house, *cards):
    return [(await house.reply(card["post"]["post_id"])).attempts for card in cards]


async def silenced(house, number):
    """That many replies wait for a platform that has just begun to rest."""
    house.stage.silent = True
    cards = [await approved(house, fan=f"fan{n}", channel=f"channel{n}") for n in range(number)]
    house.clock.move(seconds=10)
    await house.outbox.once()
    return cards


async def test_a_platform_that_does_not_answer_rests_and_is_tried_once(house):
    cards = await silenced(house, IN_FLIGHT + 4)
    assert len(house.stage.begun) == IN_FLIGHT
    await house.outbox.once()
    (resting,) = house.outbox.resting()
    assert (resting.platform, resting.why, resting.waiting) == ("stage", "no answer", 4)
    assert (await tries(house, *cards))[IN_FLIGHT:] == [0] * 4, "who waits spends no try"
    house.clock.move(seconds=8)
    await house.outbox.once()
    assert len(house.stage.begun) == IN_FLIGHT
    house.clock.move(seconds=3)
    await house.outbox.once()
    assert len(house.stage.begun) == IN_FLIGHT + 1, "one try shows whether it answers"
    (longer,) = house.outbox.resting()
    assert longer.until - house.clock.now() > resting.until - house.clock.now()
    house.stage.silent = False
    house.clock.move(seconds=60)
    await house.outbox.once()
    assert await sent(house, *cards)
    assert house.outbox.resting() == []
    assert len(house.stage.sent) == len(cards)


async def test_the_rest_of_a_platform_grows_to_its_bound(house):
    await silenced(house, MOST_FAILURES)
    begun = len(house.stage.begun)
    for _ in range(12):
        (resting,) = house.outbox.resting()
        rest = resting.until - house.clock.now()
        house.clock.move(seconds=rest.total_seconds())
        await house.outbox.once()
        assert len(house.stage.begun) == (begun := begun + 1)
    assert rest == pytest.approx(LONGEST_REST, abs=LONGEST_REST / 1000)


async def test_refusals_and_waits_that_were_asked_for_open_nothing(house):
    cards = [await approved(house, fan=f"fan{n}", channel=f"channel{n}") for n in range(20)]
    house.stage.script.extend(["refused", "later", "unsure lost", "lost for now"] * 5)
    await house.send()
    assert len(house.stage.begun) == len(cards)
    assert house.outbox.resting() == []


async def test_a_platform_that_rests_holds_up_no_other(house):
    other = Stage("other")
    house.outbox = outbox_of(house, house.stage, other)
    await silenced(house, IN_FLIGHT)
    async with running(house):
        quick = await approved(house, fan="kim", platform="other")
        house.clock.move(seconds=10)
        await until(lambda: sent(house, quick))
        house.stage.silent = False
        house.clock.move(seconds=600)  # also one that was tried twice is due
        await until(lambda: len(house.stage.sent) == IN_FLIGHT)
    assert house.outbox.resting() == []


async def test_a_platform_that_is_silent_for_good_is_left_in_time(open_house):
    """What waits while it rests expires like any other draft."""
    async with open_house("expire_after: 1h") as house:
        cards = await silenced(house, 12)
        for _ in range(75):
            house.clock.move(minutes=1)
            await house.outbox.once()
        states = {(await house.again(card))["state"] for card in cards}
        assert states == {"expired"}
        assert house.stage.sent == []


class Asked(Stage):
    """A platform that can be asked whether it answers."""

    def __init__(self):
        super().__init__()
        self.probes = 0

    async def probe(self):
        self.probes += 1
        return "still nothing" if self.silent else None


async def test_a_platform_that_can_be_asked_is_asked_before_a_reply_is_risked(house):
    house.stage = Asked()
    house.outbox = outbox_of(house, house.stage)
    cards = await silenced(house, IN_FLIGHT)
    for minutes in range(1, 4):
        house.clock.move(minutes=minutes)
        await house.outbox.once()
        assert (house.stage.probes, len(house.stage.begun)) == (minutes, IN_FLIGHT)
        assert house.outbox.resting()[0].why == "still nothing"
    house.stage.silent = False
    house.clock.move(minutes=5)
    await house.outbox.once()
    assert await sent(house, *cards)


async def test_a_call_that_never_returns_ends_and_counts(house, monkeypatch):
    monkeypatch.setattr("bot.outbox.outbox.LIMIT", 0.05)
    cards = [await approved(house, fan=f"fan{n}", channel=f"channel{n}") for n in range(MOST_FAILURES)]
    house.stage.slow = {f"channel{n}": asyncio.Event() for n in range(MOST_FAILURES)}
    await house.send()
    assert {await state(house, card) for card in cards} == {DeliveryState.UNCERTAIN}
    assert [one.platform for one in house.outbox.resting()] == ["stage"]
