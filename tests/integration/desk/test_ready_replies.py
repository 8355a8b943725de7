"""A hand-off with ready replies of different readings: one press sends one of them, and nothing else."""

import asyncio
import json

import pytest
from sqlalchemy import select, update

from bot.domain import DeliveryState, seal
from bot.store import drafts, tables
from responders.pipeline import Pipeline, build
from responders.types import CheckResult, Level, Understanding
from responders.understanding import build_analyzers
from responders.voice import default_checks
from tests.integration.conftest import ASKS, DARK, UNCLEAR
from tests.model import reader

PRAISE = "the new map is gorgeous"
CRISIS = "I want to kill myself"
AS_PRAISE, AS_COMPLAINT = 1, 2
FOR_LOOKS, FOR_SIGNED = "for “praise for looks”", "for “signed”"


@pytest.fixture
async def unclear(house, torn):
    """A house whose reader cannot tell what `UNCLEAR` is."""
    house.pipeline = torn
    return house


async def test_an_unclear_post_is_handed_over_with_a_reply_for_each_reading(unclear):
    card = await unclear.draft(UNCLEAR)
    assert (card["kind"], card["text"], card["risk"]) == ("handoff", None, [])
    assert [a["reading"] for a in card["alternatives"]] == [FOR_LOOKS, FOR_SIGNED, f"{FOR_LOOKS}, in other words"]
    assert len({a["text"] for a in card["alternatives"]}) == 3
    assert all(a["text"] and a["template"] and a["checks"] for a in card["alternatives"])
    assert (await unclear.draft(PRAISE))["alternatives"][0]["reading"] == ""


async def test_one_press_sends_it(unclear):
    card = await unclear.draft(UNCLEAR)
    chosen, *rest = card["alternatives"]
    done = await unclear.press(card, "approve", alternative=AS_PRAISE)
    assert (done["state"], done["text"], done["template"]) == ("approved", chosen["text"], chosen["template"])
    assert [a["text"] for a in done["alternatives"]] == [a["text"] for a in rest]
    reply = await unclear.reply(card["post"]["post_id"])
    assert (reply.text, reply.state, reply.approved_by) == (chosen["text"], DeliveryState.HELD, "mara")
    assert reply.seal == seal(chosen["text"], reply.target)
    decision = await unclear.store.read(lambda c: drafts.decision(c, reply.decision_id))
    assert (decision.action, decision.text, decision.seal) == ("approve", chosen["text"], reply.seal)
    assert decision.draft_text is None, "nothing else had been proposed"
    told = [e.name for e in await unclear.events() if e.draft_id == card["draft_id"]]
    assert sorted(told) == ["draft_approved", "draft_waiting", "reply_held"]
    await unclear.send()
    assert [d.text for d in unclear.stage.sent] == [chosen["text"]]


async def test_it_is_signed_by_who_presses(unclear):
    card = await unclear.draft(UNCLEAR)
    assert "[your name]" in card["alternatives"][AS_COMPLAINT - 1]["text"]
    await unclear.press(card, "approve", by="tom", alternative=AS_COMPLAINT)
    assert (await unclear.reply(card["post"]["post_id"])).text.endswith(" Tom")


async def test_a_blank_is_filled_first(house):
    card = await house.draft(ASKS)
    assert (card["kind"], card["text"]) == ("handoff", None)
    assert [a["reading"] for a in card["alternatives"]] == [
        "for “how do I save”",
        "for “how do I save”, in other words",
    ]
    assert [[s["name"] for s in a["missing_slots"]] for a in card["alternatives"]] == [["tip"], ["tip"]]
    refused = await house.refused(card, "approve", alternative=1)
    assert (refused.code, refused.checks[0].id) == ("blocked", "missing-slot")
    assert "What helps here?" in refused.message
    assert await house.again(card) == card
    done = await house.press(card, "approve", alternative=1, slots={"tip": "Touch the lamp."})
    assert "Touch the lamp." in done["text"]
    assert "[" not in done["text"]


TYPED = [{"mood": "good"}, {"tip": "@everyone look"}, {"tip": "x" * 3000}, {"tip": " \u200b "}, {"more": "Enough."}]


@pytest.mark.parametrize("slots", TYPED)
async def test_what_is_typed_is_looked_at_as_ever(house, slots):
    card = await house.draft(ASKS)
    refused = await house.refused(card, "approve", alternative=1, slots=slots)
    assert refused.code in ("blocked", "bad_action")
    assert await house.again(card) == card


async def test_nothing_is_typed_where_there_is_no_blank(unclear):
    card = await unclear.draft(UNCLEAR)
    refused = await unclear.refused(card, "approve", alternative=AS_PRAISE, slots={"tip": "Touch the lamp."})
    assert refused.code == "bad_action"
    assert await unclear.again(card) == card


class Remarks:
    """A check that always has something to say."""

    id = "remark"

    def check(self, _wording, _post, _context) -> CheckResult:
        return CheckResult(id=self.id, level=Level.WARN, note="Read it once more.")


async def test_typed_words_with_a_remark_go_out_by_one_press(house, torn_reader):
    library = house.pipeline.library
    house.pipeline = build(library, reads=reader().model(None)[0], checks=[Remarks()])
    card = await house.draft(ASKS)
    assert [a["checks"][0]["note"] for a in card["alternatives"]] == ["Read it once more."] * 2
    more = {"alternative": 1, "slots": {"tip": "Touch the lamp."}}
    assert (await house.press(card, "approve", **more))["warnings"]
    house.pipeline = build(library, reads=torn_reader, checks=[Remarks()])
    other = await house.draft(UNCLEAR, fan="kim")
    assert (await house.press(other, "approve", alternative=AS_PRAISE))["warnings"]


@pytest.mark.parametrize("number", [-1, 0, 4, 99, 2**40])
async def test_a_number_that_is_not_there(unclear, number):
    card = await unclear.draft(UNCLEAR)
    events = len(await unclear.events())
    refused = await unclear.refused(card, "approve", alternative=number)
    assert (refused.code, refused.message.count(".")) == ("bad_action", 1)
    assert f"number {number} " in refused.message
    assert await unclear.again(card) == card
    assert len(await unclear.events()) == events


async def test_without_a_number_there_is_nothing_to_send(unclear):
    card = await unclear.draft(UNCLEAR)
    assert (await unclear.refused(card, "approve")).code == "blocked"
    assert await unclear.again(card) == card


async def test_a_hand_off_without_ready_replies(unclear):
    card = await unclear.draft(CRISIS)
    assert card["alternatives"] == []
    assert (await unclear.refused(card, "approve", alternative=1)).code == "bad_action"


@pytest.mark.parametrize("how", ["drafted", "proposed", "reworded", "undone"])
async def test_a_card_with_a_text_of_its_own_is_approved_as_it_is_or_not(unclear, how):
    card = await unclear.draft(PRAISE if how == "drafted" else UNCLEAR)
    if how == "proposed":
        card = await unclear.press(card, "propose", text="Where did you find that?")
    elif how == "reworded":
        card = await unclear.press(card, "reword")
    elif how == "undone":
        await unclear.press(card, "edit", text="Where did you find that?")
        card = await unclear.press(card, "undo")
        assert (card["kind"], card["text"]) == ("handoff", "Where did you find that?")
    card = await unclear.again(card)
    refused = await unclear.refused(card, "approve", alternative=1)
    assert (refused.code, refused.message.count(".")) == ("bad_action", 1)
    assert await unclear.again(card) == card
    assert (await unclear.press(card, "approve"))["text"] == card["text"]


async def test_two_phones_at_once_and_one_reply(unclear):
    for n in range(10):
        card = await unclear.draft(UNCLEAR, fan=f"fan{n}", channel=f"channel{n}")
        both = await asyncio.gather(
            unclear.press(card, "approve", by="mara", alternative=AS_PRAISE),
            unclear.press(card, "approve", by="tom", alternative=AS_COMPLAINT),
            return_exceptions=True,
        )
        (won,) = [answer for answer in both if isinstance(answer, dict)]
        (lost,) = [answer for answer in both if not isinstance(answer, dict)]
        assert (lost.code, lost.draft.decided_by) == ("already_decided", won["decided_by"])
        reply = await unclear.reply(card["post"]["post_id"])
        assert (reply.text, reply.approved_by) == (won["text"], won["decided_by"])
    await unclear.send()
    assert len(unclear.stage.sent) == 10


async def test_the_same_press_twice_is_one_reply(unclear):
    card = await unclear.draft(UNCLEAR)
    both = await asyncio.gather(*(unclear.press(card, "approve", alternative=AS_PRAISE, key="one") for _ in range(2)))
    assert both[0] == both[1]
    await unclear.send()
    assert len(unclear.stage.sent) == 1


async def test_a_key_stands_for_one_number(unclear):
    card = await unclear.draft(UNCLEAR)
    await unclear.press(card, "approve", alternative=AS_PRAISE, key="one")
    for other in ({"alternative": AS_COMPLAINT}, {}):
        refused = await unclear.refused(card, "approve", key="one", **other)
        assert "another request" in refused.message


AGAIN = f"{UNCLEAR} again"


@pytest.mark.parametrize("text", ["the fog in the last level is lovely", "fog again on the way to work", AGAIN])
async def test_the_post_is_edited_between_the_look_and_the_press(unclear, text):
    card = await unclear.draft(UNCLEAR)
    await unclear.intake.edit(card["post"]["post_id"], text)
    assert (await unclear.refused(card, "approve", alternative=AS_PRAISE)).code == "superseded"
    await unclear.quiet()
    await unclear.send()
    assert unclear.stage.sent == []


async def test_the_post_is_edited_at_the_moment_of_the_press(unclear):
    for n in range(10):
        card = await unclear.draft(UNCLEAR, fan=f"fan{n}", channel=f"channel{n}")
        await asyncio.gather(
            unclear.press(card, "approve", alternative=AS_PRAISE),
            unclear.intake.edit(card["post"]["post_id"], "fog again on the way to work"),
            return_exceptions=True,
        )
    await unclear.quiet()
    await unclear.send()
    assert unclear.stage.sent == []


async def test_a_colleague_lays_another_reply_on_the_card_meanwhile(unclear):
    card = await unclear.draft(UNCLEAR)
    laid = await unclear.press(card, "reword", by="tom", alternative=AS_COMPLAINT)
    assert laid["text"] == card["alternatives"][AS_COMPLAINT - 1]["text"]
    assert (await unclear.refused(card, "approve", alternative=AS_PRAISE)).code == "stale_revision"
    pressed = await asyncio.gather(
        unclear.press(await unclear.draft(UNCLEAR, fan="kim"), "reword"),
        unclear.press(laid, "approve", revision=laid["revision"] + 1, alternative=1),  # a guess at what is to come
        return_exceptions=True,
    )
    assert pressed[1].code == "stale_revision"


async def test_it_can_be_taken_back_and_another_one_chosen(unclear):
    card = await unclear.draft(UNCLEAR)
    done = await unclear.press(card, "approve", alternative=AS_PRAISE)
    undone = await unclear.press(done, "undo", by="tom")
    assert (undone["state"], undone["revision"], undone["text"]) == ("waiting", 2, done["text"])
    assert [a["reading"] for a in undone["alternatives"]] == [FOR_SIGNED, f"{FOR_LOOKS}, in other words"]
    other = await unclear.press(undone, "reword", alternative=1)
    await unclear.press(other, "approve")
    await unclear.send()
    assert [d.text for d in unclear.stage.sent] == [other["text"].replace("[your name]", "Mara")]


async def test_a_snoozed_hand_off_is_answered_by_one_press(unclear):
    card = await unclear.press(await unclear.draft(UNCLEAR), "snooze")
    assert (await unclear.press(card, "approve", alternative=AS_PRAISE))["state"] == "approved"


async def test_it_lives_through_a_restart_and_an_older_version(unclear):
    card = await unclear.draft(UNCLEAR)
    await unclear.restart()
    assert await unclear.again(card) == card

    def as_of_old(connection):
        stored = connection.execute(select(tables.drafts.c.alternatives)).scalar_one()
        old = [{name: value for name, value in one.items() if name != "reading"} for one in stored]
        connection.execute(update(tables.drafts).values(alternatives=old))

    await unclear.store.write(as_of_old)
    assert [a["reading"] for a in (await unclear.again(card))["alternatives"]] == ["", "", ""]
    done = await unclear.press(card, "approve", alternative=AS_PRAISE)
    assert done["text"] == card["alternatives"][0]["text"]


async def test_words_that_are_dropped_take_the_readings_along(unclear):
    card = await unclear.draft(UNCLEAR)
    await unclear.press(card, "approve", alternative=AS_PRAISE)
    await unclear.send()
    unclear.clock.move(days=30)
    await unclear.rounds.once()
    gone = await unclear.again(card)
    assert (gone["text"], gone["alternatives"]) == (None, [])
    assert (await unclear.refused(card, "approve", alternative=1)).code == "already_decided"


async def test_what_raised_a_gate_stands_on_the_card(unclear):
    card = await unclear.draft(CRISIS)
    assert card["risk"] == ["crisis"]
    (alarm,) = card["alarms"]
    assert set(alarm) == {"gate", "chance", "part"}
    assert (alarm["gate"], alarm["part"]) == ("crisis", CRISIS)
    assert (await unclear.draft(PRAISE))["alarms"] == []


async def test_somebody_who_may_not_be_well(unclear):
    card = await unclear.draft(DARK)
    assert (card["kind"], card["risk"], card["alternatives"]) == ("handoff", [], [])
    assert [(a["gate"], a["part"]) for a in card["alarms"]] == [("crisis", DARK)]


@pytest.mark.parametrize("how", ["time", "forget", "delete"])
async def test_the_words_that_raised_it_go_with_the_post(unclear, how):
    card = await unclear.draft(CRISIS)
    assert card["alarms"]
    assert CRISIS in json.dumps(card)
    if how == "time":
        await unclear.press(card, "reject")
        unclear.clock.move(days=30)
        await unclear.rounds.once()
    elif how == "forget":
        await unclear.desk.forget("stage", "robin")
    else:
        await unclear.intake.delete(card["post"]["post_id"])
    gone = await unclear.again(card)
    assert (gone["alarms"], gone["unread"]) == ([], [])
    assert CRISIS not in json.dumps(gone)


async def test_what_could_not_be_read_is_named(unclear, torn):
    class Broken:
        def analyze(self, _post, _context, _so_far) -> Understanding:
            raise RuntimeError("broken")

    library = torn.library
    analyzers = [*build_analyzers(library), ("the weather", Broken())]
    unclear.pipeline = Pipeline(library, analyzers, (), default_checks(library.word_lists))
    card = await unclear.draft(PRAISE)
    assert (card["kind"], card["unread"]) == ("handoff", ["the weather"])
