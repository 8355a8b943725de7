"""A fact that changes or ends reaches what waits: drafts are made anew, yeses are taken back, nothing old goes out."""

import pytest

from bot.domain import DeliveryState
from responders.pipeline import Pipeline, build
from tests.fakes.reads import Torn
from tests.integration.conftest import TORN, UNCLEAR
from tests.integration.operators import (
    ASKS,
    DATED,
    GONE,
    HERE,
    MAY_SAY,
    MOVED,
    NEW,
    OLD,
    PLAIN,
    SAYS,
    operators,
)
from tests.model import reader

POST = "the new map is gorgeous"


async def follow(house):
    """One round, and the judging that follows from it."""
    await house.rounds.once()
    await house.quiet()


async def anew(house, card):
    """The draft that replaced another."""
    await follow(house)
    return await house.draft_of(card["post"]["post_id"])


@pytest.fixture(scope="module")
def pipeline():
    """Templates for praise that say where people meet."""
    return operators(HERE, SAYS)


@pytest.fixture
async def harbor(house):
    """A house with these templates."""
    return house


@pytest.mark.parametrize("snoozed", [False, True])
async def test_a_changed_fact_makes_a_waiting_draft_anew(harbor, snoozed):
    old = await harbor.draft(POST)
    assert OLD in old["text"]
    if snoozed:
        await harbor.press(old, "snooze", minutes=60)
    harbor.clock.move(minutes=5)
    harbor.pipeline = operators(MOVED, SAYS)
    new = await anew(harbor, old)
    assert new["draft_id"] != old["draft_id"]
    assert (new["state"], new["revision"]) == ("waiting", 1)
    assert all(NEW in text and OLD not in text for text in [new["text"], *(a["text"] for a in new["alternatives"])])
    assert new["why"].startswith("Drafted anew: the fact place has changed. Reads as praise")
    assert new["waiting_since"] == old["waiting_since"], "the fan has waited all the time"
    gone = await harbor.again(old)
    assert (gone["state"], gone["cause"]) == ("superseded", "fact_changed")
    (event,) = await harbor.events("draft_superseded")
    assert (event.draft_id, event.data["cause"]) == (old["draft_id"], "fact_changed")
    assert (await harbor.refused(old, "approve")).code == "superseded"
    before = await harbor.events()
    await follow(harbor)
    assert await harbor.events() == before, "once is enough"


async def test_a_removed_fact_leaves_what_needs_none(harbor):
    harbor.pipeline = operators(HERE, SAYS, PLAIN)
    old = await harbor.draft(POST)
    harbor.pipeline = operators(GONE, PLAIN)
    new = await anew(harbor, old)
    assert (new["kind"], new["text"], new["alternatives"]) == ("draft", "Nobody has put it like that before.", [])
    assert new["draft_id"] != old["draft_id"]


async def test_what_somebody_saw_waiting_does_not_end_in_silence(harbor):
    old = await harbor.draft("love it")
    harbor.pipeline = operators(GONE)
    new = await anew(harbor, old)
    assert (new["kind"], new["state"], new["text"]) == ("handoff", "waiting", None)
    assert new["draft_id"] != old["draft_id"]


async def test_a_fact_runs_out_by_the_turn_of_the_day(harbor):
    harbor.pipeline = operators(DATED, SAYS, PLAIN)
    old = await harbor.draft(POST)
    assert OLD in str([old["text"], old["alternatives"]])
    harbor.clock.move(hours=11, minutes=59)
    await follow(harbor)
    assert (await harbor.again(old))["state"] == "waiting"
    harbor.clock.move(minutes=2)
    refused = await harbor.refused(old, "approve")
    assert (refused.code, refused.message) == (
        "stale_revision",
        "The fact place has changed since these words were written; look at the card again in a moment.",
    )
    new = await anew(harbor, old)
    assert OLD not in str([new["text"], new["alternatives"]])
    assert new["text"] == "Nobody has put it like that before."


async def test_an_alternative_that_took_the_fact_is_reason_enough(harbor):
    harbor.pipeline = operators(HERE, MAY_SAY)
    old = await harbor.draft(POST)
    texts = [old["text"], *(a["text"] for a in old["alternatives"])]
    assert len(texts) == 2
    if OLD in old["text"]:
        old = await harbor.press(old, "reword")
    assert (old["text"], OLD in old["alternatives"][0]["text"]) == (
        "What a kind thing to say. Which part is it for you?",
        True,
    )
    harbor.pipeline = operators(MOVED, MAY_SAY)
    new = await anew(harbor, old)
    assert sorted(NEW in text for text in [new["text"], new["alternatives"][0]["text"]]) == [False, True]


async def test_ready_replies_of_a_hand_off_are_made_anew(harbor):
    def torn(facts: str) -> Pipeline:
        library = operators(facts, SAYS).library
        return build(library, reads=Torn(reader().model(None)[0], TORN))

    harbor.pipeline = torn(HERE)
    old = await harbor.draft(UNCLEAR)
    assert (old["kind"], old["text"]) == ("handoff", None)
    assert any(OLD in a["text"] for a in old["alternatives"])
    harbor.pipeline = torn(MOVED)
    assert (await harbor.refused(old, "approve", alternative=1)).code == "stale_revision"
    new = await anew(harbor, old)
    assert new["kind"] == "handoff"
    assert any(NEW in a["text"] for a in new["alternatives"])
    assert OLD not in str(new["alternatives"])


async def test_a_managers_words_stay_and_are_remarked_on(harbor):
    card = await harbor.draft(POST)
    own = await harbor.press(card, "propose", text=f"We meet {OLD}. What do you like best?")
    before = await harbor.again(own)
    harbor.pipeline = operators(MOVED, SAYS)
    for action, more in (("approve", {}), ("edit", {"text": "Another text."})):
        assert (await harbor.refused(own, action, **more)).code == "stale_revision"
    assert await harbor.again(own) == before
    await follow(harbor)
    new = await harbor.again(card)
    assert (new["state"], new["text"]) == ("waiting", own["text"])
    assert new["revision"] == own["revision"] + 1
    assert new["why"].startswith("The fact place has changed since these words were written. Reads as praise")
    assert new["alternatives"] == []
    (event,) = await harbor.events("draft_outdated")
    assert (event.draft_id, event.data["facts"]) == (card["draft_id"], ["place"])
    assert (await harbor.refused(own, "approve")).code == "stale_revision", "the sentence was not seen"
    await follow(harbor)
    assert await harbor.again(card) == new, "told once"
    assert (await harbor.press(new, "approve"))["state"] == "approved"
    await harbor.send()
    assert [d.text for d in harbor.stage.sent] == [own["text"]]


async def test_words_typed_into_a_blank_stay(harbor):
    harbor.pipeline = operators(HERE, ASKS)
    card = await harbor.draft(POST)
    own = await harbor.press(card, "fill", slots={"wish": "Bring a lamp."})
    harbor.pipeline = operators(MOVED, ASKS)
    await follow(harbor)
    new = await harbor.again(card)
    assert (new["state"], new["text"]) == ("waiting", own["text"])
    assert "place has changed since" in new["why"]


async def test_a_yes_for_old_words_is_taken_back_and_they_are_made_anew(harbor):
    card = await harbor.draft(POST)
    await harbor.press(card, "approve")
    harbor.pipeline = operators(MOVED, SAYS)
    new = await anew(harbor, card)
    assert (new["state"], new["kind"]) == ("waiting", "draft")
    assert new["draft_id"] != card["draft_id"]
    assert new["why"].startswith("The yes was taken back and this is drafted anew: the fact place has changed.")
    assert (await harbor.again(card))["deliveries"][0]["state"] == "recalled"
    await harbor.send()
    assert harbor.stage.sent == []
    await harbor.press(new, "approve")
    await harbor.send()
    assert [d.text for d in harbor.stage.sent] == [new["text"]]


async def test_a_yes_for_a_managers_words_is_taken_back_and_they_wait(harbor):
    card = await harbor.draft(POST)
    text = f"We meet {OLD}. What do you like best?"
    await harbor.press(card, "edit", text=text)
    harbor.pipeline = operators(MOVED, SAYS)
    await follow(harbor)
    back = await harbor.again(card)
    assert (back["state"], back["text"], back["decided_by"]) == ("waiting", text, None)
    assert back["why"].startswith("The fact place has changed since these words were written.")
    assert back["deliveries"][0]["state"] == "recalled"
    await harbor.send()
    assert harbor.stage.sent == []
    await harbor.press(back, "approve")
    await harbor.send()
    assert [d.text for d in harbor.stage.sent] == [text]


@pytest.mark.parametrize("own", [False, True])
async def test_the_outbox_looks_once_more(harbor, own):
    card = await harbor.draft(POST)
    await (harbor.press(card, "edit", text=f"We meet {OLD}.") if own else harbor.press(card, "approve"))
    harbor.pipeline = operators(MOVED, SAYS)
    await harbor.send()  # before any round
    await harbor.quiet()
    assert harbor.stage.sent == []
    assert (await harbor.reply(card["post"]["post_id"])).state is DeliveryState.RECALLED
    now = await harbor.draft_of(card["post"]["post_id"])
    assert now["state"] == "waiting"
    assert (now["draft_id"] == card["draft_id"]) == own


async def test_a_failed_reply_is_not_tried_again_with_an_old_fact(harbor):
    card = await harbor.draft(POST)
    await harbor.press(card, "approve")
    harbor.stage.script.append("refused")
    await harbor.send()
    failed = await harbor.again(card)
    assert failed["deliveries"][0]["state"] == "failed"
    harbor.pipeline = operators(MOVED, SAYS)
    await harbor.press(failed, "retry")
    await harbor.send()
    await harbor.quiet()
    assert harbor.stage.sent == []
    assert NEW in (await harbor.draft_of(card["post"]["post_id"]))["text"]


async def test_what_is_out_or_under_way_is_left_alone(harbor):
    sent = await harbor.sent(POST)
    card = await harbor.draft(POST, fan="kim", channel="elsewhere")
    await harbor.press(card, "approve")
    harbor.stage.script.append("unsure")
    await harbor.send()
    harbor.pipeline = operators(MOVED, SAYS)
    await follow(harbor)
    assert (await harbor.again(sent))["deliveries"][0]["state"] == "sent"
    assert (await harbor.again(card))["deliveries"][0]["state"] == "uncertain"


async def test_other_changes_touch_nothing(harbor):
    card = await harbor.draft(POST)
    for facts in (
        f"place: {OLD}\ndoor: the red one",
        f"place: {{en: {OLD}, de: bei der roten Lampe}}\ndoor: x",
        f"place: {{value: {OLD}, until: 2026-12-31}}\ndoor: x",
    ):
        harbor.pipeline = operators(facts, SAYS)
        await follow(harbor)
        assert await harbor.again(card) == card
    assert (await harbor.press(card, "approve"))["state"] == "approved"


async def test_an_intent_that_a_manager_named_is_kept(harbor):
    card = await harbor.draft(POST)
    await harbor.press(card, "relabel", intent="praise")
    await harbor.quiet()
    named = await harbor.draft_of(card["post"]["post_id"])
    harbor.pipeline = operators(MOVED, SAYS)
    await anew(harbor, named)
    page = await harbor.store.post_page(card["post"]["post_id"])
    assert page.post.forced_intent == "praise"


async def test_an_undone_yes_is_looked_at_again(harbor):
    card = await harbor.draft(POST)
    await harbor.press(card, "reject")
    harbor.pipeline = operators(MOVED, SAYS)
    await follow(harbor)
    assert (await harbor.again(card))["state"] == "rejected"
    back = await harbor.press(card, "undo")
    new = await anew(harbor, back)
    assert NEW in new["text"]


async def test_a_stop_between_the_old_draft_and_the_new_one_loses_nothing(harbor):
    card = await harbor.draft(POST)
    harbor._judging.cancel()  # from now on nothing is judged
    harbor.pipeline = operators(MOVED, SAYS)
    await harbor.rounds.once()
    assert (await harbor.again(card))["state"] == "superseded"
    await harbor.restart()
    await harbor.quiet()
    new = await harbor.draft_of(card["post"]["post_id"])
    assert (new["state"], new["waiting_since"]) == ("waiting", card["waiting_since"])


@pytest.mark.parametrize("asleep", [0, 10])
async def test_expiry_goes_on_where_it_was_and_stands_still_in_a_snooze(harbor, asleep):
    old = await harbor.draft(POST)
    harbor.clock.move(hours=15)
    if asleep:
        await harbor.press(old, "snooze", minutes=24 * 60)
        harbor.clock.move(hours=asleep)
    harbor.pipeline = operators(MOVED, SAYS)
    new = await anew(harbor, old)
    harbor.clock.move(hours=8, minutes=50)
    await follow(harbor)
    assert (await harbor.again(new))["state"] == "waiting"
    harbor.clock.move(minutes=20)
    await follow(harbor)
    assert (await harbor.again(new))["state"] == "expired"
