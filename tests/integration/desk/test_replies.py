"""After the yes: settle, retry, correct and remove."""

import pytest
from sqlalchemy import select

from bot.domain import Cause, DeliveryState
from bot.store.tables import decisions

PRAISE = "the new map is gorgeous"


async def uncertain(house, outcome="unsure lost"):
    card = await house.draft(PRAISE)
    await house.press(card, "approve")
    house.stage.script.append(outcome)
    await house.send()
    assert (await house.reply(card["post"]["post_id"])).state is DeliveryState.UNCERTAIN
    return card


@pytest.mark.parametrize(("arrived", "state"), [(True, "sent"), (False, "failed")])
async def test_a_person_settles_what_nobody_knows(house, arrived, state):
    card = await uncertain(house)
    assert (await house.refused(card, "settle")).code == "bad_action"
    assert (await house.refused(card, "undo")).code == "too_late"
    after = await house.press(card, "settle", by="tom", arrived=arrived)
    assert after["deliveries"][0]["state"] == state
    assert (await house.refused(card, "settle", arrived=True)).code == "too_late"
    await house.send()
    assert house.stage.sent == []


async def test_what_did_not_arrive_is_sent_again_once(house):
    card = await uncertain(house)
    await house.press(card, "settle", arrived=False)
    await house.press(card, "retry", by="tom")
    await house.send()
    assert len(house.stage.sent) == 1
    assert (await house.refused(card, "retry")).code == "too_late"


async def test_a_retry_has_its_tries_again(house):
    card = await house.draft(PRAISE)
    await house.press(card, "approve")
    house.stage.script.append("refused")
    await house.send()
    assert (await house.reply(card["post"]["post_id"])).state is DeliveryState.FAILED
    await house.press(card, "retry")
    house.stage.script.append("later")
    await house.send()
    assert (await house.reply(card["post"]["post_id"])).state is DeliveryState.HELD
    await house.send()
    assert len(house.stage.sent) == 1


@pytest.mark.parametrize("change", ["edit", "delete", "answer"])
@pytest.mark.parametrize("when", ["uncertain", "failed"])
async def test_what_did_not_arrive_ends_with_its_post(house, when, change):
    card = await uncertain(house)
    post_id = card["post"]["post_id"]
    if when == "failed":
        await house.press(card, "settle", arrived=False)
    if change == "edit":
        await house.intake.edit(post_id, "the game crashes when I open the inventory")
    elif change == "delete":
        await house.intake.delete(post_id)
    else:
        await house.post("Hello.", fan="ida", staff=True, reply_to=card["post"]["id"])
    if when == "uncertain":
        await house.press(card, "settle", arrived=False)
    await house.quiet()
    after = await house.again(card)
    assert (after["state"], after["deliveries"][0]["state"]) == (
        "superseded" if change == "edit" else "withdrawn",
        "recalled",
    )
    assert (await house.refused(card, "retry")).code == after["state"]
    if change == "edit":
        new = await house.draft_of(post_id)
        assert (new["state"], new["intent"]) == ("waiting", "complaint")


async def test_a_sent_reply_is_corrected(house):
    card = await house.sent()
    post_id = card["post"]["post_id"]
    changed = await house.press(card, "correct", by="tom", text="Where did you find that?")
    assert (await house.reply(post_id)).text == card["text"], "not before it arrived"
    assert (await house.refused(changed, "correct", text="Another one.")).code == "too_late"
    await house.send()
    reply = await house.reply(post_id)
    assert (reply.text, reply.state) == ("Where did you find that?", DeliveryState.SENT)
    assert list(house.stage.shown.values()) == [("harbor", card["post"]["id"], "Where did you find that?")]
    assert len(await house.events("reply_corrected")) == 1


async def test_a_correction_is_taken_back_while_it_is_held(house):
    card = await house.sent()
    await house.press(card, "correct", text="Where did you find that?")
    undone = await house.press(card, "undo", by="tom")
    assert (undone["state"], undone["revision"]) == ("approved", card["revision"] + 1)
    decided = await house.store.read(lambda c: list(c.execute(select(decisions.c.action, decisions.c.by))))
    assert ("undo", "tom") in decided, "who took it back is recorded like any decision"
    await house.send()
    assert (await house.reply(card["post"]["post_id"])).text == card["text"]
    await house.press(undone, "correct", text="How far in are you now?")
    await house.send()
    assert (await house.reply(card["post"]["post_id"])).text == "How far in are you now?"


@pytest.mark.parametrize("change", ["correct", "remove"])
async def test_a_change_that_was_tried_is_not_taken_back(house, change):
    """It may have arrived: not every platform can tell."""
    card = await house.sent()
    await house.press(card, change, **({"text": "Where did you find that?"} if change == "correct" else {}))
    house.stage.script.append("later")
    await house.send()
    tried = await house.again(card)
    assert tried["undo_until"] is None
    assert (await house.refused(tried, "undo")).code == "too_late"
    house.clock.move(minutes=1)
    await house.send()
    assert (await house.reply(card["post"]["post_id"])).text == (
        "Where did you find that?" if change == "correct" else card["text"]
    )


async def test_a_reply_is_removed(house):
    card = await house.sent()
    card = await house.press(card, "correct", text="Where did you find that?")
    await house.send()
    card = await house.press(card, "remove")
    await house.send()
    assert house.stage.shown == {}
    assert (await house.reply(card["post"]["post_id"])).state is DeliveryState.REMOVED
    for action in ("remove", "correct", "undo"):
        assert (await house.refused(card, action, text="Again.")).code == "too_late"


@pytest.mark.parametrize(("outcome", "state"), [("refused", "failed"), ("unsure arrived", "uncertain")])
async def test_a_change_that_fails_leaves_the_reply_as_it_was(house, outcome, state):
    card = await house.sent()
    before = card["text"]
    card = await house.press(card, "correct", text="Where did you find that?")
    house.stage.script.append(outcome)
    await house.send()
    after = await house.again(card)
    assert [d["state"] for d in after["deliveries"]] == [state, "sent"]
    assert (await house.reply(card["post"]["post_id"])).text == before
    if state == "failed":
        await house.press(card, "retry")
        await house.send()
    else:
        await house.press(card, "settle", arrived=True)
    assert (await house.reply(card["post"]["post_id"])).text == "Where did you find that?"


async def test_a_correction_may_follow_an_edit_of_the_post(house):
    card = await house.sent()
    await house.intake.edit(card["post"]["post_id"], "the new map is ugly")
    await house.quiet()
    assert len((await house.again(card))["deliveries"]) == 1
    await house.press(card, "correct", text="Sorry to hear that.")
    await house.send()
    assert (await house.reply(card["post"]["post_id"])).text == "Sorry to hear that."


@pytest.mark.parametrize("cause", [Cause.POST_EDITED, Cause.POST_DELETED, Cause.ANSWERED])
async def test_the_platform_knew_more_than_we_did(house, cause):
    card = await house.draft(PRAISE)
    await house.press(card, "approve")
    house.stage.gone[card["post"]["id"]] = cause
    await house.send()
    assert house.stage.sent == []
    after = await house.again(card)
    assert after["state"] == ("superseded" if cause is Cause.POST_EDITED else "withdrawn")
    await house.quiet()
    newest = await house.draft_of(card["post"]["post_id"])
    assert (newest["draft_id"] != card["draft_id"]) == (cause is Cause.POST_EDITED)
