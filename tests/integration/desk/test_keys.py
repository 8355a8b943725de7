"""Idempotency-Key: the same answer again, and only to the same request."""

import asyncio

import pytest

from bot.domain import Action, Command, Refused

PRAISE = "the new map is gorgeous"


async def test_a_decision_is_made_once(house):
    card = await house.draft(PRAISE)
    first = await house.press(card, "approve", key="k")
    await house.send()
    assert await house.press(card, "approve", key="k") == first
    await house.restart()
    assert await house.press(card, "approve", key="k") == first
    assert len(house.stage.sent) == 1


async def test_at_the_same_moment(house):
    card = await house.draft(PRAISE)
    answers = await asyncio.gather(*(house.press(card, "approve", key="k") for _ in range(10)))
    assert all(answer == answers[0] for answer in answers)
    assert len(await house.events("draft_approved")) == 1


async def test_a_refusal_is_given_again_too(house):
    card = await house.draft(PRAISE)
    first = await house.keyed(card, "edit", text="@everyone look", key="k")
    assert (first["status"], first["body"]["error"]) == (422, "blocked")
    await house.press(card, "reject")
    assert await house.keyed(card, "edit", text="@everyone look", key="k") == first
    late = await house.keyed(card, "approve", key="l")
    await house.press(card, "undo")
    assert await house.keyed(card, "approve", key="l") == late
    assert (late["status"], late["body"]["decided_by"]) == (409, "mara")


async def test_no_decision_without_its_answer(house):
    """The answer is stored in the transaction of the decision: if that fails, nothing was decided."""
    card = await house.draft(PRAISE)
    command = Command(draft_id=card["draft_id"], revision=card["revision"], by="mara", action=Action.APPROVE)

    def broken(outcome):
        raise LookupError(outcome)

    with pytest.raises(LookupError):
        await house.desk.decide_once(command, "k", broken)
    assert await house.again(card) == card
    assert await house.events("draft_approved") == []
    assert (await house.press(card, "approve", key="k"))["state"] == "approved"


async def test_another_request_under_the_same_key(house):
    card = await house.draft(PRAISE)
    await house.press(card, "open", key="k")
    for action, more in (("approve", {}), ("open", {"by": "tom"}), ("edit", {"text": "Hm."})):
        refused = await house.refused(card, action, key="k", **more)
        assert refused.code == "bad_action"
        assert "Idempotency-Key" in refused.message
    assert (await house.again(card))["state"] == "waiting"


async def test_posts(house):
    first = await house.post(PRAISE, key="k")
    assert await house.post(PRAISE, key="k") == first, "though the second had another id and time"
    with pytest.raises(Refused, match="Idempotency-Key"):
        await house.post("love it", key="k")
    assert len(await house.events("post_received")) == 1


async def test_a_key_is_free_again_after_a_day(house):
    first = await house.post(PRAISE, key="k")
    house.clock.move(hours=25)
    await house.rounds.once()
    assert await house.post("love it", key="k") != first
