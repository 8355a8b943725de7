"""The crisis hold: one switch, and nothing is sent until it is lifted."""

from __future__ import annotations

from bot.queue import hold
from bot.store import holds

PRAISE = "the new map is gorgeous"
MORE = "the art is stunning"


async def begin(house, reason="A storm; we look at everything again."):
    at = house.clock.now()
    return await house.store.write(lambda c: hold.begin(c, "mara", reason, at))


async def lift(house):
    at = house.clock.now()
    return await house.store.write(lambda c: holds.lift(c, "tom", at))


async def approved(house, text=PRAISE, **more):
    card = await house.draft(text, **more)
    await house.press(card, "approve")
    return card


async def test_what_was_approved_waits_again_in_one_step(house):
    first, second = await approved(house), await approved(house, MORE, fan="kim")
    assert await begin(house) == 2
    assert [(await house.again(card))["state"] for card in (first, second)] == ["waiting", "waiting"]
    await house.send()
    assert house.stage.sent == []


async def test_every_open_card_says_so_and_no_yes_is_taken(house):
    card = await house.draft(PRAISE)
    await begin(house, "A storm")
    found = await house.desk.draft(card["draft_id"])
    assert found.hold == "A storm"
    refused = await house.refused(card, "approve")
    assert (refused.code, "A storm" in refused.message, "Mara" in refused.message) == ("on_hold", True, True)
    assert (await house.again(card))["state"] == "waiting"


async def test_what_comes_back_from_its_flight_stays_back(house):
    """A reply that the platform put off while the hold began waits again, too."""
    card = await approved(house)
    house.stage.script.append("later")

    async def storm(_delivery):
        await begin(house)

    house.stage.meanwhile = storm
    await house.send()
    house.stage.meanwhile = None
    house.clock.move(seconds=30)
    await house.send()
    assert house.stage.sent == []
    assert (await house.again(card))["state"] == "waiting"


async def test_after_it_is_lifted_a_new_yes_sends(house):
    card = await approved(house)
    await begin(house)
    assert await begin(house) is None, "one hold at a time"
    assert await lift(house)
    assert not await lift(house)
    await house.send()
    assert house.stage.sent == [], "the old yes was taken back"
    await house.press(await house.again(card), "approve")
    await house.send()
    assert len(house.stage.sent) == 1


async def test_a_correction_is_kept_back_and_a_removal_is_not(house):
    card = await house.sent(PRAISE)
    other = await house.sent(MORE, fan="kim")
    await house.press(await house.again(card), "correct", text="How lovely that you say so.")
    await house.press(await house.again(other), "remove")
    await begin(house)
    await house.send()
    assert [delivery.kind for delivery in house.stage.sent] == ["send", "send", "remove"]
    assert (await house.refused(await house.again(card), "correct", text="Thank you.")).code == "on_hold"


async def test_a_failed_reply_is_not_tried_again_meanwhile(house):
    card = await approved(house)
    house.stage.script.append("refused")
    await house.send()
    await begin(house)
    assert (await house.refused(await house.again(card), "retry")).code == "on_hold"
