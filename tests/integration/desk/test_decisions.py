"""Each move of a draft: what a press does, what it leaves behind, and what is refused."""

import asyncio
from dataclasses import replace

import pytest

from bot.desk.view import Remarks
from bot.domain import Action, DeliveryState, seal
from responders.library.model import Template, Variant
from responders.pipeline import build
from tests.model import reader

PRAISE = "the new map is gorgeous"
QUESTION = "how do I save"
COMPLAINT = "the game crashes when I open the inventory"
CRISIS = "I want to kill myself"

MOVES = [
    # action, what comes with it, state afterwards, revision afterwards, the event
    ("approve", {}, "approved", 1, "draft_approved"),
    ("edit", {"text": "Where did you find that?"}, "approved", 1, "draft_approved"),
    ("reword", {}, "waiting", 2, "draft_reworded"),
    ("propose", {"text": "Where did you find that?"}, "waiting", 2, "draft_proposed"),
    ("fill", {}, "waiting", 2, "draft_filled"),
    ("open", {}, "waiting", 1, "draft_opened"),
    ("reject", {"reason": "not now"}, "rejected", 1, "draft_rejected"),
    ("snooze", {"minutes": 5}, "snoozed", 1, "draft_snoozed"),
    ("handover", {"to": "tom"}, "superseded", 1, "draft_handed_over"),
    ("relabel", {"intent": "complaint"}, "superseded", 1, "draft_relabelled"),
]


@pytest.mark.parametrize(("action", "more", "state", "revision", "event"), MOVES)
@pytest.mark.parametrize("snoozed", [False, True])
async def test_what_a_press_does(house, action, more, state, revision, event, snoozed):
    card = await house.draft(PRAISE)
    if snoozed:
        card = await house.press(card, "snooze")
    after = await house.press(card, action, **more)
    assert (after["state"], after["revision"]) == (state, revision)
    told = [e.name for e in await house.events() if e.draft_id == card["draft_id"]]
    assert told[-1] == event or event in told  # a delivery's event may follow
    assert told.count("draft_woken") == snoozed
    assert all(e.by == "mara" for e in await house.events(event))


async def test_a_yes_is_bound_to_text_target_and_person(house):
    card = await house.draft(PRAISE)
    await house.press(card, "approve", by="tom")
    reply = await house.reply(card["post"]["post_id"])
    assert reply.text == card["text"]
    assert reply.seal == seal(card["text"], reply.target)
    assert (reply.target.platform, reply.target.reply_to) == ("stage", card["post"]["id"])
    assert (reply.approved_by, reply.state) == ("tom", DeliveryState.HELD)
    await house.send()
    assert [d.text for d in house.stage.sent] == [card["text"]]


@pytest.mark.parametrize("first", ["approve", "reject"])
async def test_the_second_is_told_who_decided(house, first):
    card = await house.draft(PRAISE)
    await house.press(card, first, by="mara")
    for action, more in (("approve", {}), ("edit", {"text": "Hm."}), ("reject", {}), ("open", {}), ("snooze", {})):
        refused = await house.refused(card, action, by="tom", **more)
        assert (refused.code, refused.draft.decided_by) == ("already_decided", "mara")
        assert "Mara Quint" in refused.message
        assert refused.draft.decided_at


async def test_two_managers_at_once_and_one_wins(house):
    for n in range(20):
        card = await house.draft(PRAISE, fan=f"fan{n}", channel=f"channel{n}")
        both = await asyncio.gather(
            house.press(card, "approve", by="mara"),
            house.press(card, "edit", by="tom", text="Hello there."),
            return_exceptions=True,
        )
        won = [answer for answer in both if isinstance(answer, dict)]
        assert len(won) == 1
        reply = await house.reply(card["post"]["post_id"])
        assert reply.approved_by == won[0]["decided_by"]


REFUSED = [
    ({"by": "nobody"}, "approve", {}, "not_a_manager"),
    ({}, "handover", {"to": "nobody"}, "bad_action"),
    ({}, "relabel", {"intent": "nonsense"}, "bad_action"),
    ({}, "relabel", {}, "bad_action"),
    ({}, "reword", {"alternative": 9}, "bad_action"),
    ({}, "snooze", {"minutes": 0}, "bad_action"),
    ({}, "snooze", {"minutes": 1441}, "bad_action"),
    ({}, "fill", {"slots": {"mood": "good"}}, "bad_action"),
    ({}, "approve", {"slots": {"mood": "good"}}, "bad_action"),
    ({}, "edit", {}, "blocked"),
    ({}, "edit", {"text": "\u200b \n"}, "blocked"),
    ({}, "edit", {"text": "x" * 2001}, "blocked"),
    ({}, "propose", {"text": ""}, "blocked"),
    ({}, "settle", {"arrived": True}, "bad_action"),
    ({}, "retry", {}, "bad_action"),
    ({}, "correct", {"text": "Hm."}, "bad_action"),
    ({}, "remove", {}, "bad_action"),
    ({}, "undo", {}, "too_late"),
    ({"revision": 2}, "approve", {}, "stale_revision"),
    ({"revision": 2}, "open", {}, "stale_revision"),
]


@pytest.mark.parametrize(("who", "action", "more", "code"), REFUSED)
async def test_a_refusal_changes_nothing(house, who, action, more, code):
    card = await house.draft(PRAISE)
    events = len(await house.events())
    refused = await house.refused(card, action, **who, **more)
    assert refused.code == code
    assert refused.message
    assert await house.again(card) == card
    assert len(await house.events()) == events


async def test_an_unknown_draft(house):
    assert (await house.refused({"draft_id": "0" * 16, "revision": 1}, "approve")).code == "not_found"


async def test_a_decision_that_waited_in_the_queue_is_for_what_was_seen(house):
    """Words are checked before the transaction. What changed in between must not be sent unseen."""
    card = await house.draft(PRAISE)
    pressed = await asyncio.gather(
        house.press(card, "reword"),
        house.press(card, "approve", by="tom", revision=2),  # a guess at the revision to come
        return_exceptions=True,
    )
    after = await house.again(card)
    reply = await house.reply(card["post"]["post_id"])
    if reply:
        assert reply.text == after["text"]
    else:
        assert getattr(pressed[1], "code", None) == "stale_revision"


async def test_every_wording_comes_round_again(house):
    card = await house.draft(PRAISE)
    wordings = [card["text"], *(a["text"] for a in card["alternatives"])]
    seen = [card["text"]]
    for _ in wordings:
        card = await house.press(card, "reword")
        seen.append(card["text"])
    assert seen == [*wordings, wordings[0]]
    assert card["revision"] == 1 + len(wordings)


async def test_a_wording_can_be_chosen_by_number(house):
    card = await house.draft(PRAISE)
    second = card["alternatives"][1]["text"]
    assert (await house.press(card, "reword", alternative=2))["text"] == second


async def test_a_reworded_draft_asks_again_for_what_was_typed(house):
    card = await house.draft(QUESTION)
    assert [slot["ask"] for slot in card["missing_slots"]] == ["What helps here?"]
    card = await house.press(card, "fill", slots={"tip": "The lamp saves."})
    assert (card["missing_slots"], "The lamp saves." in card["text"]) == ([], True)
    card = await house.press(await house.press(card, "reword"), "reword")
    assert "The lamp saves." not in card["text"]
    assert [slot["name"] for slot in card["missing_slots"]] == ["tip"]


async def test_blanks_are_filled_before_it_goes_out(house):
    card = await house.draft(QUESTION)
    refused = await house.refused(card, "approve")
    assert (refused.code, refused.checks[0].id) == ("blocked", "missing-slot")
    assert "What helps here?" in refused.message
    approved = await house.press(card, "approve", slots={"tip": "Touch the lamp."})
    assert "Touch the lamp." in approved["text"]
    assert "[" not in approved["text"]


async def test_filled_then_approved_by_somebody_else(house):
    card = await house.draft(QUESTION)
    filled = await house.press(card, "fill", slots={"tip": "Touch the lamp."})
    await house.press(filled, "approve", by="tom")
    reply = await house.reply(card["post"]["post_id"])
    assert "Touch the lamp." in reply.text


async def test_braces_and_endless_words_in_a_blank(house):
    card = await house.draft(QUESTION)
    filled = await house.press(card, "fill", slots={"tip": "{{ 7 * 7 }} {% for x in y %}"})
    assert "{{ 7 * 7 }} {% for x in y %}" in filled["text"]
    for action in ("fill", "approve"):
        refused = await house.refused(filled, action, slots={"tip": "x" * 9000})
        assert refused.code == "blocked"


async def test_the_signer_is_who_decides(house):
    card = await house.draft(COMPLAINT)
    assert "[your name]" in card["text"]
    await house.press(card, "approve", by="mara")
    reply = await house.reply(card["post"]["post_id"])
    assert reply.text.endswith("Mara")
    undone = await house.press(card, "undo", by="tom")
    assert "[your name]" in undone["text"]
    await house.press(undone, "approve", by="tom")
    assert (await house.reply(card["post"]["post_id"])).text.endswith("Tom")


@pytest.mark.parametrize("action", ["edit", "propose"])
async def test_the_place_for_a_name_in_own_words_is_the_name_of_who_wrote_them(house, action):
    card = await house.draft(COMPLAINT)
    after = await house.press(card, action, by="mara", text=f"Truly. {card['text']}")
    assert "your name" not in after["text"]
    assert after["text"].endswith("Mara")


@pytest.mark.parametrize("action", ["edit", "propose"])
async def test_a_blank_of_the_card_in_own_words_is_not_sent(house, action):
    card = await house.draft(QUESTION)
    blank = await house.press(card, "reword", alternative=1)
    assert "[What helps here?]" in blank["text"]
    refused = await house.refused(blank, action, text=f"Hello. {blank['text']}")
    assert (refused.code, refused.message) == ("blocked", "Still to fill: What helps here?")
    assert (await house.desk.remarks(blank["draft_id"], blank["text"])).stops == ("Still to fill: What helps here?",)


@pytest.mark.parametrize("action", ["approve", "edit", "propose"])
async def test_without_a_name_nothing_is_signed(house, action):
    house.settings.managers["mara"] = house.settings.managers["mara"].model_copy(update={"name": "Manager"})
    card = await house.draft(COMPLAINT)
    text = {} if action == "approve" else {"text": card["text"]}
    refused = await house.refused(card, action, **text)
    assert refused.code == "blocked"
    assert "config.yaml" in refused.message
    assert (await house.press(card, "edit", text="So sorry to hear that."))["state"] == "approved"


async def test_proposed_words_are_shown_then_approved(house):
    card = await house.draft(PRAISE)
    proposed = await house.press(card, "propose", text="Where did you find that?")
    assert (proposed["text"], proposed["state"]) == ("Where did you find that?", "waiting")
    assert not await house.reply(card["post"]["post_id"])
    assert (await house.refused(card, "approve")).code == "stale_revision"
    await house.press(proposed, "approve", by="tom")
    await house.send()
    assert [d.text for d in house.stage.sent] == ["Where did you find that?"]


REMARKED = [
    ("We will fix this tomorrow at noon.", "Promises a time (“tomorrow”)."),
    ("Only this week: a discount.", "Sounds like advertising (“discount”)."),
    ("Sorry for the inconvenience.", "Sounds like a service desk (“sorry for the inconvenience”)."),
    ("Don't forget to tag us.", "Asks the fan to do something for us (“dont forget to tag us”)."),
]


@pytest.mark.parametrize(("text", "remark"), REMARKED)
async def test_a_remark_on_own_words_stops_nothing(house, text, remark):
    card = await house.draft(PRAISE)
    sent = await house.press(card, "edit", text=text)
    assert (sent["state"], sent["text"], [c["note"] for c in sent["warnings"]]) == ("approved", text, [remark])
    await house.send()
    assert [d.text for d in house.stage.sent] == [text]


@pytest.mark.parametrize(("text", "remark"), REMARKED)
async def test_a_remark_stands_beside_words_on_the_card(house, text, remark):
    card = await house.draft(PRAISE)
    laid = await house.press(card, "propose", text=text)
    assert [c["note"] for c in laid["checks"] if c["level"] == "warn"] == [remark]
    assert laid["own_words"]
    assert (await house.press(laid, "approve", by="tom"))["state"] == "approved"


@pytest.mark.parametrize(("text", "remark"), REMARKED)
async def test_a_remark_on_what_fills_a_blank(house, text, remark):
    card = await house.draft(QUESTION)
    assert not card["own_words"]
    filled = await house.press(card, "fill", slots={"tip": text})
    assert [c["note"] for c in filled["warnings"]] == [remark]
    assert filled["own_words"]
    assert (await house.press(filled, "approve"))["state"] == "approved"


async def test_a_correction_with_a_remark_is_one_press_too(house):
    card = await house.sent()
    changed = await house.press(card, "correct", text=REMARKED[0][0])
    assert [c["note"] for c in changed["warnings"]] == [REMARKED[0][1]]
    await house.send()
    assert (await house.again(card))["deliveries"][0]["text"] == REMARKED[0][0]


STOPS = ["@everyone look", "<@&77> look", "I am a human, promise.", "I'm not a bot.", "", " \u200b", "x" * 2001]


@pytest.mark.parametrize("text", STOPS)
@pytest.mark.parametrize("action", ["edit", "propose"])
async def test_own_words_that_never_go_out(house, text, action):
    card = await house.draft(PRAISE)
    refused = await house.refused(card, action, text=text)
    assert refused.code == "blocked"
    assert {str(check.level) for check in refused.checks} == {"block"}
    assert await house.again(card) == card


@pytest.mark.parametrize("text", STOPS[:4])
async def test_blocked_words_in_a_blank(house, text):
    card = await house.draft(QUESTION)
    for action in ("fill", "approve"):
        assert (await house.refused(card, action, slots={"tip": text})).code == "blocked"
    assert await house.again(card) == card


@pytest.mark.parametrize("post", [CRISIS, "my lawyer will sue you"])
async def test_nothing_is_remarked_on_where_a_gate_holds_the_post(house, post):
    card = await house.draft(post)
    assert card["risk"]
    words = "Please reach out: we will call you tomorrow. Sorry for the inconvenience!"
    assert await house.desk.remarks(card["draft_id"], words) == Remarks(stops=(), remarks=())
    laid = await house.press(card, "propose", text=words)
    assert (laid["warnings"], [c for c in laid["checks"] if c["level"] != "pass"]) == ([], [])
    sent = await house.press(laid, "edit", text=words)
    assert (sent["state"], sent["warnings"]) == ("approved", [])
    other = await house.draft(post, fan="kim")
    assert (await house.refused(other, "edit", text="@here somebody is in danger")).code == "blocked"


async def test_what_would_be_said_of_words_that_are_being_written(house):
    card = await house.draft(PRAISE)
    for text, remark in REMARKED:
        assert await house.desk.remarks(card["draft_id"], text) == Remarks(stops=(), remarks=(remark,))
    for text in STOPS:
        found = await house.desk.remarks(card["draft_id"], text)
        assert (len(found.stops), found.remarks) == (1, ())
    assert await house.desk.remarks(card["draft_id"], "So glad you like it!") == Remarks(stops=(), remarks=())
    assert await house.desk.remarks("0" * 16, "So glad you like it!") is None
    assert await house.again(card) == card


async def test_a_hand_off_is_answered_in_own_words_or_closed(house):
    card = await house.draft(CRISIS)
    assert (card["kind"], card["text"]) == ("handoff", None)
    assert (await house.refused(card, "approve")).code == "blocked"
    answered = await house.press(card, "edit", text="Please call somebody you trust.")
    assert answered["state"] == "approved"
    other = await house.draft(CRISIS, fan="kim")
    assert (await house.press(other, "reject", reason="called them"))["state"] == "rejected"


async def test_handing_over_makes_a_hand_off(house):
    card = await house.draft(PRAISE)
    await house.press(card, "handover", to="tom")
    new = await house.draft_of(card["post"]["post_id"])
    assert (new["kind"], new["state"], new["assigned_to"], new["text"]) == ("handoff", "waiting", "tom", None)
    assert "Mara Quint" in new["why"]
    assert "Tom" in new["why"]
    assert (await house.refused(card, "approve")).code == "superseded"


async def test_relabelling_runs_again_with_that_intent(house):
    card = await house.draft(PRAISE)
    await house.press(card, "relabel", intent="complaint")
    await house.quiet()
    new = await house.draft_of(card["post"]["post_id"])
    assert (new["intent"], new["state"]) == ("complaint", "waiting")
    assert new["draft_id"] != card["draft_id"]


async def test_an_old_hand_off_that_is_relabelled_or_edited_is_not_dropped(house):
    card = await house.draft(CRISIS)
    house.clock.move(days=3)
    await house.intake.edit(card["post"]["post_id"], CRISIS + " tonight")
    await house.quiet()
    new = await house.draft_of(card["post"]["post_id"])
    assert (new["kind"], new["state"]) == ("handoff", "waiting")
    await house.press(new, "relabel", intent="praise")
    await house.quiet()
    assert (await house.draft_of(card["post"]["post_id"]))["state"] == "waiting"


@pytest.mark.parametrize("action", ["approve", "edit"])
async def test_undo_of_a_yes_in_time(house, action):
    card = await house.draft(PRAISE)
    approved = await house.press(card, action, text="Where did you find that?" if action == "edit" else None)
    assert approved["undo_until"]
    undone = await house.press(card, "undo", by="tom", revision=77)
    assert (undone["state"], undone["revision"], undone["text"]) == ("waiting", 2, approved["text"])
    assert (await house.refused(card, "approve")).code == "stale_revision"
    await house.send()
    assert house.stage.sent == []
    await house.press(undone, "approve")
    await house.send()
    assert len(house.stage.sent) == 1


async def test_undo_of_a_yes_too_late(house):
    card = await house.sent()
    assert (await house.refused(card, "undo")).code == "too_late"
    assert (await house.again(card))["state"] == "approved"


@pytest.mark.parametrize(("seconds", "code"), [(9.9, None), (10, "too_late"), (3600, "too_late")])
async def test_undo_of_a_no(house, seconds, code):
    card = await house.draft(PRAISE)
    await house.press(card, "reject")
    house.clock.move(seconds=seconds)
    if code:
        assert (await house.refused(card, "undo")).code == code
    else:
        assert (await house.press(card, "undo"))["state"] == "waiting"


async def test_nothing_can_be_undone_without_an_undo_window(open_house):
    async with open_house("undo_seconds: 0") as house:
        card = await house.draft(PRAISE)
        await house.press(card, "reject")
        assert (await house.refused(card, "undo")).code == "too_late"
        other = await house.draft(PRAISE, fan="kim")
        await house.press(other, "approve")
        await house.outbox.once()
        assert len(house.stage.sent) == 1


@pytest.mark.parametrize("change", ["edit", "delete", "answer", "forget", "handed a card"])
async def test_a_no_cannot_be_undone_once_the_post_moved_on(house, change):
    card = await house.draft(PRAISE)
    post_id = card["post"]["post_id"]
    await house.press(card, "reject")
    if change == "edit":
        await house.intake.edit(post_id, "fog again on the way to work")
    elif change == "delete":
        await house.intake.delete(post_id)
    elif change == "answer":
        await house.post("Hello.", fan="ida", staff=True, reply_to=card["post"]["id"])
    elif change == "forget":
        await house.desk.forget("stage", "robin")
    else:
        await house.intake.card_for(post_id)
    await house.quiet()
    assert (await house.refused(card, "undo")).code == "too_late"


async def test_every_action_is_in_these_tables():
    told = {row[0] for row in MOVES} | {"undo", "settle", "retry", "correct", "remove"}
    assert told == {str(action) for action in Action}


def _answer(name, ask, text):
    said = Variant(name="a", source=text, line=1)
    place = {"key": f"en/question/{name}", "path": f"en/question/{name}.md", "id": name}
    asked = {"answers_to": (ask,), "source": "the desk"}
    return Template(**place, **asked, intent="question", locale="en", variants=(said,), slots={}, examples=())


async def test_the_nearest_answers_are_picked_on_a_hand_off(house):
    answers = (
        _answer("parking", "where can i park the car", "Behind the mill."),
        _answer("refund", "how do i get my money back", "Write to the desk."),
        _answer("sizes", "which sizes do you sell", "All but the largest."),
    )
    library = replace(house.pipeline.library, templates=answers)
    house.pipeline = build(library, reads=reader().model(None)[0], checks=())
    card = await house.draft("how do I save the game?")
    assert (card["kind"], card["text"], len(card["alternatives"])) == ("handoff", None, 3)
    nearest = card["alternatives"][0]["text"]
    card = await house.press(card, "reword")
    assert (card["kind"], card["text"], len(card["alternatives"])) == ("draft", nearest, 2)
    await house.press(card, "approve")
    assert (await house.reply(card["post"]["post_id"])).text == nearest
