"""From a manager's question to what a fan's yes leads to, and back, at every moment."""

from __future__ import annotations

import asyncio

import pytest

from bot.consent import Kind, State
from bot.domain import Cause, Purpose, Refused
from bot.people.asks import Asks
from bot.people.fans import FORGET
from bot.store import consents, drafts

LAMP = "the colours of the fog in the harbor are lovely"


async def asked(house, kind=Kind.STAGE):
    """A question that was sent; our id of the post, and the consent."""
    post_id = await house.post(LAMP)
    draft = await house.asks.propose(kind, post_id, "mara")
    card = await house.again({"draft_id": draft.id})
    await house.press(card, "approve")
    await house.send()
    found = await house.store.read(lambda c: consents.asked_by_draft(c, draft.id))
    return post_id, found


async def press(house, consent, *values, fan="robin"):
    answers = [await house.asks.press("stage", fan, consent.id, value) for value in values]
    return answers[-1]


async def on_stage(house, consent, *, send=True):
    """The fan says yes, a manager too; the card of the stage's draft."""
    await press(house, consent, "scope:here", "days:0", "as:shown")
    card = await house.again({"draft_id": (await offered(house, consent))[0]})
    await house.press(card, "approve")
    if send:
        await house.send()
    return card


async def offered(house, consent):
    return await house.store.read(lambda c: consents.drafts_needing(c, consent.id))


async def now(house, consent):
    return await house.store.read(lambda c: consents.get(c, consent.id))


async def shown_for(house, card):
    """What the platform shows of a draft."""
    found = await house.desk.draft(card["draft_id"])
    return [d.external_id for d in found.deliveries if d.external_id in house.stage.shown]


async def test_a_question_is_sent_with_its_buttons_after_a_managers_yes(house):
    post_id = await house.post(LAMP)
    draft = await house.asks.propose(Kind.STAGE, post_id, "mara")
    await house.send()
    assert not house.stage.sent
    card = await house.again({"draft_id": draft.id})
    await house.press(card, "edit", text="May we show your harbor to everybody?")
    await house.send()
    (sent,) = house.stage.sent
    assert [button.value for button in sent.buttons][-1] == "no"
    consent = await house.store.read(lambda c: consents.get(c, sent.ask_id))
    assert consent.asked_at
    assert consent.wording == "May we show your harbor to everybody?", "what they were really asked"


async def test_a_yes_puts_a_draft_on_the_desk_and_nothing_on_the_stage(house):
    _, consent = await asked(house)
    await press(house, consent, "scope:here", "days:30", "as:shown")
    (draft_id,) = await offered(house, consent)
    draft = await house.store.read(lambda c: drafts.get(c, draft_id))
    assert (draft.purpose, draft.state) == (Purpose.STAGE, "waiting")
    await house.send()
    assert len(house.stage.sent) == 1, "the question alone"


async def test_only_the_author_answers(house):
    _, consent = await asked(house)
    answer = await press(house, consent, "scope:here", fan="somebody")
    assert answer.buttons is None
    assert (await now(house, consent)).scope is None


async def test_the_same_press_twice_leads_to_one_draft(house):
    _, consent = await asked(house)
    await press(house, consent, "scope:here", "days:0")
    await asyncio.gather(*(press(house, consent, "as:shown") for _ in range(5)))
    assert len(await offered(house, consent)) == 1


@pytest.mark.parametrize("when", ["waits", "held", "in flight", "sent"])
async def test_taking_it_back_at_any_moment_leaves_nothing_on_stage(house, when):
    _, consent = await asked(house)
    if when == "waits":
        await press(house, consent, "scope:here", "days:0", "as:shown")
        card = await house.again({"draft_id": (await offered(house, consent))[0]})
    else:
        card = await on_stage(house, consent, send=when == "sent")
    if when == "in flight":
        house.stage.meanwhile = lambda _delivery: press(house, consent, "withdraw")
        await house.send()
        house.stage.meanwhile = None
    else:
        await press(house, consent, "withdraw")
    for _ in range(3):
        await house.send()
    assert (await now(house, consent)).state is State.WITHDRAWN
    assert (await now(house, consent)).work is None
    assert not await shown_for(house, card)
    after = await house.again(card)
    assert after["state"] == "withdrawn" or after["deliveries"][0]["kind"] == "remove"
    if after["state"] == "withdrawn":
        assert after["cause"] == Cause.CONSENT_ENDED
        assert (await house.refused(card, "approve")).code == "withdrawn"


async def test_a_yes_for_a_month_ends_by_itself(house):
    _, consent = await asked(house)
    await press(house, consent, "scope:here", "days:30", "as:shown")
    card = await house.again({"draft_id": (await offered(house, consent))[0]})
    await house.press(card, "approve")
    await house.send()
    assert await shown_for(house, card)
    house.clock.move(days=31)
    await house.rounds.once()
    await house.send()
    assert (await now(house, consent)).state is State.OVER
    assert not await shown_for(house, card)


async def test_a_draft_for_the_stage_cannot_be_approved_after_its_time(house):
    _, consent = await asked(house)
    await press(house, consent, "scope:here", "days:30", "as:shown")
    card = await house.again({"draft_id": (await offered(house, consent))[0]})
    house.clock.move(days=31)
    assert (await house.refused(card, "approve")).code in {"withdrawn", "expired"}


async def test_an_answer_of_the_team_does_not_void_a_question(house):
    post_id = await house.post(LAMP)
    draft = await house.asks.propose(Kind.STAGE, post_id, "mara")
    post = (await house.store.post_page(post_id)).post
    await house.post("how lovely", fan="tom", staff=True, reply_to=post.post.external_id)
    assert (await house.again({"draft_id": draft.id}))["state"] == "waiting"


async def test_a_question_about_a_deleted_post_is_withdrawn(house):
    post_id = await house.post(LAMP)
    draft = await house.asks.propose(Kind.STAGE, post_id, "mara")
    await house.intake.delete(post_id)
    assert (await house.again({"draft_id": draft.id}))["state"] == "withdrawn"
    with pytest.raises(Refused):
        await house.asks.propose(Kind.STAGE, post_id, "mara")


async def test_nobody_is_asked_twice_and_no_means_no(house):
    post_id, consent = await asked(house)
    with pytest.raises(Refused, match="being asked"):
        await house.asks.propose(Kind.STAGE, post_id, "mara")
    await press(house, consent, "no")
    with pytest.raises(Refused, match="said no"):
        await house.asks.propose(Kind.STAGE, post_id, "mara")


async def test_a_question_that_was_skipped_can_be_asked_later(house):
    post_id = await house.post(LAMP)
    draft = await house.asks.propose(Kind.STAGE, post_id, "mara")
    await house.press(await house.again({"draft_id": draft.id}), "reject", reason="not now")
    house.clock.move(hours=2)
    await house.rounds.once()
    again = await house.asks.propose(Kind.STAGE, post_id, "mara")
    assert again.id != draft.id


@pytest.mark.parametrize("who", ["staff", "opted out"])
async def test_who_is_not_asked(house, who):
    post_id = await house.post(LAMP, staff=who == "staff")
    if who == "opted out":
        await house.fans.answer("stop", "stage", "robin")
    with pytest.raises(Refused):
        await house.asks.propose(Kind.STAGE, post_id, "mara")


async def test_forgetting_takes_everything_down_and_leaves_no_trace(house):
    _, consent = await asked(house)
    card = await on_stage(house, consent)
    assert await shown_for(house, card)
    await house.fans.press("stage", "robin", FORGET)
    await house.send()
    assert not await shown_for(house, card)
    assert await now(house, consent) is None
    found = await house.desk.draft(card["draft_id"])
    assert not any(delivery.text for delivery in found.deliveries)
    assert found.draft.text is None


async def test_a_reply_of_ours_is_still_the_reply_when_more_is_said_about_the_post(house):
    card = await house.sent(LAMP)
    post_id = card["post"]["post_id"]
    draft = await house.asks.propose(Kind.STAGE, post_id, "mara")
    await house.press(await house.again({"draft_id": draft.id}), "approve")
    await house.send()
    page = await house.store.post_page(post_id)
    assert page.draft.id == card["draft_id"]
    assert page.reply.draft_id == card["draft_id"]


async def test_what_may_be_shown_is_kept_as_long_as_the_yes_counts(house):
    """A week after the post everything else loses its words."""
    _, consent = await asked(house)
    card = await on_stage(house, consent)
    house.clock.move(days=8)
    await house.rounds.once()
    assert (await house.again(card))["text"]
    await press(house, consent, "withdraw")
    await house.send()
    house.clock.move(minutes=2)
    await house.rounds.once()
    found = await house.desk.draft(card["draft_id"])
    assert (found.draft.text, found.post.post.text) == (None, "")


async def test_a_stage_post_leads_to_the_post_itself(house):
    house.asks = Asks(
        house.store,
        house.settings,
        house.clock,
        lambda: house.pipeline.library,
        lambda platform, channel, message: f"https://chat.example/{platform}/{channel}/{message}",
    )
    post_id, consent = await asked(house)
    card = await on_stage(house, consent)
    where = (await house.store.post_page(post_id)).post.target
    assert card["text"].endswith(f"https://chat.example/{where.platform}/{where.channel}/{where.reply_to}")


async def test_a_kept_answer_that_is_taken_back_says_what_stays(house):
    _, consent = await asked(house, Kind.ANSWER)
    await press(house, consent, "as:shown")
    assert "stays where it is" in (await press(house, consent, "withdraw")).text
