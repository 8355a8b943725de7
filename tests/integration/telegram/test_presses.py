"""What managers press on Telegram, and what they reply to a card or to a question of ours."""

from __future__ import annotations

from typing import Any

import pytest

from bot.adapters.telegram.answers import FILLED, NO_CARD, ONLY_TEXT, READ_IT
from bot.adapters.telegram.buttons import mark
from tests.fakes.telegram import ANSWER, SEND, Fault, buttons

from .house import PRAISE, QUESTION, House, data_of, verbs

Json = dict[str, Any]
OWN = "The two who drew it will hear of this."
PROMISE = "The two who drew it will write to you tomorrow."
REMARK = "Promises a time (“tomorrow”)."
TWO_BLANKS = """\
---
answers_to: [how do I save]
source: the desk
slots:
  tip: {from: ask_approver, ask: "What helps here?", required: true}
  more: {from: ask_approver, ask: "Where is it written?", required: true}
examples:
  - {given: {post: "how do I save"}, expect: {max_words: 20}}
---
## variant: good
Good one. {{ tip }} {{ more }}
## variant: fair
Fair to ask. {{ tip }} {{ more }}
"""


@pytest.fixture
async def room(house: House) -> House:
    """Running, with time to take a decision back."""
    house.undo = 30
    await house.start()
    return house


async def waiting(house: House, words: str = PRAISE) -> tuple[Json, Json]:
    """A draft, and its card."""
    post, card = await house.ask(words)
    return await house.draft(post), card


async def state(house: House, draft: Json, *states: str) -> Json:
    """Until the draft is in one of these states."""

    async def found() -> Json | None:
        now = await house.again(draft)
        return now if now["state"] in states else None

    return await house.until(found)  # type: ignore[no-any-return]


async def said(house: House, words: str) -> Json:
    """The newest message of the bot in the managers' room that has these words."""
    return await house.until(  # type: ignore[no-any-return]
        lambda: next((one for one in reversed(house.fake.by_bot(house.room)) if words in one["text"]), None)
    )


async def pick(house: House, card: Json, verb: str, value: str, by: Json | None = None) -> Any:
    """Open a menu and choose."""
    await house.press(card, verb, by)
    await house.until(lambda: data_of(card, f"{verb}={mark(value)}"))
    return await house.press(card, f"{verb}={mark(value)}", by)


def questions(house: House) -> list[Json]:
    """What the bot asked in the managers' room so that the field to write in opens."""
    asked = [one.asked for one in house.fake.requests(SEND)]
    return [one for one in asked if one.get("reply_markup", {}).get("force_reply")]


async def sent(house: House) -> tuple[Json, Json, Json]:
    """A post that was answered: the post, its draft and its card."""
    post, card = await house.ask()
    draft = await house.draft(post)
    await house.approve(card)
    await house.delivery(draft, "sent")
    await house.says(card, "Sent")
    return post, draft, card


async def test_a_press_sends_and_can_be_taken_back(room):
    draft, card = await waiting(room)
    press = await room.press(card, "send")
    assert not press.failed
    assert not press.text
    await state(room, draft, "approved")
    await room.press(card, "undo", room.tom)
    now = await state(room, draft, "waiting")
    assert now["revision"] == 2
    await room.until(lambda: "send" in verbs(card))


async def test_another_wording_is_another_revision(room):
    draft, card = await waiting(room)
    old = data_of(card, "send")
    await room.press(card, "reword")
    await room.until(lambda: draft["text"] not in card["text"])
    late = await room.fake.press(card, old, room.tom)
    assert "changed" in late.text
    assert late.alert
    assert (await room.again(draft))["state"] == "waiting"


@pytest.mark.parametrize(
    ("verb", "value", "becomes"),
    [
        ("skip", "the wording is not right", "rejected"),
        ("snooze", "60", "snoozed"),
        ("handover", "tom", "superseded"),
        ("handover", "-", "superseded"),
        ("relabel", "question", "superseded"),
    ],
)
async def test_menus_lie_on_the_card(room, verb, value, becomes):
    draft, card = await waiting(room)
    await room.press(card, verb)
    await room.until(lambda: set(verbs(card)) == {verb, "back"})
    await room.press(card, "back")
    await room.until(lambda: "send" in verbs(card))
    press = await pick(room, card, verb, value)
    assert not press.text
    now = await state(room, draft, becomes)
    if verb == "handover":
        follower = await room.until(lambda: room.rows("SELECT assigned_to FROM drafts WHERE kind = 'handoff'"))
        assert follower == [(None if value == "-" else value,)]
    if verb == "snooze":
        assert now["snoozed_until"]


async def test_a_menu_dies_with_its_revision_and_with_a_restart(room):
    draft, card = await waiting(room)
    await room.press(card, "skip")
    await room.until(lambda: "back" in verbs(card))
    choice = data_of(card, "skip")
    await room.decide(draft, "reword", by="tom")
    await room.until(lambda: "send" in verbs(card))
    assert "changed" in (await room.fake.press(card, choice, room.mara)).text
    await room.press(card, "snooze")
    await room.until(lambda: "back" in verbs(card))
    await room.restart()
    await room.until(lambda: "send" in verbs(card))


async def test_a_choice_that_is_not_offered_any_more_is_answered(room):
    draft, card = await waiting(room)
    gone = f"handover:{draft['draft_id']}:1:{mark('somebody who left')}"
    assert "out of date" in (await room.fake.press(card, gone, room.mara)).text
    assert (await room.again(draft))["state"] == "waiting"


async def test_a_reply_to_the_card_is_laid_on_it_and_sent_by_a_press(room):
    draft, card = await waiting(room)
    room.fake.reply(card, room.tom, f"  {OWN} ")
    await room.says(card, OWN)
    now = await room.again(draft)
    assert (now["state"], now["text"], now["revision"]) == ("waiting", OWN, 2), "a reply alone sends nothing"
    told = await said(room, READ_IT)
    assert told in room.fake.replies_to(card), "a tap leads to the card"
    await room.approve(card)
    assert (await state(room, draft, "approved"))["decided_by"] == "mara"
    await room.delivery(draft, "sent")
    assert room.fake.by_bot(room.harbor)[-1]["text"] == OWN


async def test_words_with_a_promise_go_out_by_one_press_and_the_remark_is_told_once(room):
    draft, card = await waiting(room)
    room.fake.reply(card, room.mara, PROMISE)
    await room.says(card, PROMISE)
    assert (await said(room, READ_IT))["text"] == f"{READ_IT} {REMARK}"
    assert REMARK not in card["text"]
    press = await room.press(card, "send")
    assert not press.text
    assert (await state(room, draft, "approved"))["text"] == PROMISE
    assert sum(REMARK in one.get("text", "") for one in room.fake.by_bot(room.room)) == 1


async def test_who_answers_somebody_in_danger_hears_no_remarks(room):
    draft, card = await waiting(room, "I want to kill myself")
    assert draft["risk"] == ["crisis"]
    words = f"I am so sorry. {PROMISE} Please reach out!"
    room.fake.reply(card, room.mara, words)
    await room.says(card, words)
    assert (await said(room, READ_IT))["text"] == READ_IT
    await room.press(card, "send")
    assert (await state(room, draft, "approved"))["text"] == words


STOPS = ["I am a human, I promise, and it is fixed by Monday", "@everyone look", "<@&77> look", "\u2060\u200b"]


@pytest.mark.parametrize("words", STOPS)
async def test_words_that_cannot_be_sent_are_refused_and_stay_with_their_writer(room, words):
    draft, card = await waiting(room)
    mine = room.fake.reply(card, room.mara, words)
    refused = await room.until(lambda: room.fake.replies_to(mine))
    assert READ_IT not in refused[0]["text"]
    assert (await room.again(draft))["revision"] == 1
    assert mine in room.fake.messages(room.room)


async def test_edit_asks_for_the_whole_text_and_the_others_see_who_writes(room):
    draft, card = await waiting(room)
    await room.press(card, "edit", room.tom)
    await room.says(card, "Tom Weiss is writing")
    question = await said(room, "whole text")
    asked = questions(room)[-1]
    assert asked["reply_markup"]["selective"]
    assert [one["user"]["id"] for one in asked["entities"]] == [room.tom["id"]]
    await room.restart()
    room.fake.reply(question, room.tom, OWN)
    await room.says(card, OWN)
    await room.until(lambda: question not in room.fake.by_bot(room.room))
    assert (await room.again(draft))["text"] == OWN
    assert "is writing" not in card["text"]


async def test_words_for_an_older_text_are_not_laid_over_a_newer_one(room):
    draft, card = await waiting(room)
    await room.press(card, "edit")
    question = await said(room, "whole text")
    await room.decide(draft, "reword", by="tom")
    mine = room.fake.reply(question, room.mara, OWN)
    refused = await room.until(lambda: room.fake.replies_to(mine))
    assert "changed" in refused[0]["text"]
    assert OWN not in card["text"]


async def test_blanks_are_asked_for_one_after_the_other(house):
    (house.folder / "templates" / "en/question/tip.md").write_text(TWO_BLANKS, encoding="utf-8")
    await house.start()
    draft, card = await waiting(house, QUESTION)
    assert "send" not in verbs(card)
    await house.press(card, "fill")
    first = await said(house, "Mara, What helps here?")
    await house.restart()
    mine = house.fake.reply(first, house.mara, "Touch the lamp.")
    await house.says(card, "Touch the lamp.")
    second = (await house.until(lambda: house.fake.replies_to(mine)))[0]
    assert "Where is it written?" in second["text"]
    house.fake.reply(second, house.tom, "On the wall.")
    await house.says(card, "Touch the lamp. On the wall.")
    await said(house, READ_IT)
    await house.until(
        lambda: first not in house.fake.by_bot(house.room) and second not in house.fake.by_bot(house.room)
    )
    assert (await house.again(draft))["state"] == "waiting", "what was typed is read before it goes"
    await house.approve(card)
    await state(house, draft, "approved")


async def test_a_blank_is_filled_once(house):
    await house.start()
    draft, card = await waiting(house, QUESTION)
    await house.press(card, "fill")
    question = await said(house, "Mara, What helps here?")
    house.fake.reply(question, house.mara, "x" * 4090)
    too_long = await said(house, "4,096")
    assert too_long
    house.fake.reply(question, house.mara, "Touch the lamp.")
    await house.says(card, "Touch the lamp.")
    late = house.fake.reply(question, house.tom, "No, the door.")
    refused = await house.until(lambda: house.fake.replies_to(late))
    assert refused[0]["text"] in (NO_CARD, FILLED) or "changed" in refused[0]["text"]
    assert "Touch the lamp." in (await house.again(draft))["text"]


async def test_a_sent_reply_is_corrected_with_one_more_press(room):
    post, draft, card = await sent(room)
    await room.press(card, "correct")
    question = await said(room, "as it should stand")
    assert draft["text"] in question["text"]
    room.fake.reply(question, room.mara, OWN)
    shown = await said(room, "The reply will read:")
    assert room.fake.replies_to(post)[0]["text"] == draft["text"], "a reply alone changes nothing"
    press = await room.press(shown, "correct", room.tom)
    assert not press.failed
    await room.until(lambda: not buttons(shown))
    await room.delivery(draft, "sent")
    await room.until(lambda: room.fake.replies_to(post)[0]["text"] == OWN)
    await room.says(card, "Corrected")


async def test_a_yes_to_a_correction_is_for_the_words_above_it(room):
    _, draft, card = await sent(room)
    forged = f"correct:{draft['draft_id']}:{draft['revision']}:{mark('other words')}"
    await room.press(card, "correct")
    question = await said(room, "as it should stand")
    room.fake.reply(question, room.mara, OWN)
    shown = await said(room, "The reply will read:")
    for message, inaccessible in ((shown, False), (shown, True), (card, False)):
        data = forged if not inaccessible else data_of(shown, "correct")
        press = await room.fake.press(message, data, room.mara, inaccessible=inaccessible)
        assert "out of date" in press.text
    assert len((await room.again(draft))["deliveries"]) == 1


async def test_a_remark_on_a_correction_stands_above_it_before_the_press(room):
    post, draft, card = await sent(room)
    await room.press(card, "correct")
    room.fake.reply(await said(room, "as it should stand"), room.mara, PROMISE)
    shown = await said(room, "The reply will read:")
    assert shown["text"] == f"{REMARK} The reply will read:\n\n{PROMISE}"
    press = await room.press(shown, "correct")
    assert not press.text
    await room.delivery(draft, "sent")
    await room.until(lambda: room.fake.replies_to(post)[0]["text"] == PROMISE)


async def test_a_correction_that_cannot_be_sent_is_refused_at_once_and_asked_for_still(room):
    post, draft, card = await sent(room)
    await room.press(card, "correct")
    question = await said(room, "as it should stand")
    mine = room.fake.reply(question, room.mara, "@everyone I am a human")
    (refused,) = await room.until(lambda: room.fake.replies_to(mine))
    assert "ping a crowd" in refused["text"]
    assert "who or what is writing" in refused["text"]
    room.fake.reply(question, room.mara, OWN)
    await room.press(await said(room, "The reply will read:"), "correct")
    await room.delivery(draft, "sent")
    await room.until(lambda: room.fake.replies_to(post)[0]["text"] == OWN)


async def test_removing_is_confirmed(room):
    post, draft, card = await sent(room)
    await room.press(card, "remove")
    await room.until(lambda: set(verbs(card)) == {"remove", "back"})
    assert room.fake.replies_to(post)
    await room.press(card, f"remove={mark('yes')}")
    await state(room, draft, "approved")
    room.clock.move(seconds=31)
    await room.until(lambda: not room.fake.replies_to(post))
    await room.says(card, "Removed")


@pytest.mark.parametrize("verb", ["arrived", "lost"])
async def test_a_person_settles_what_nobody_knows(room, verb):
    post, card = await room.ask()
    draft = await room.draft(post)
    room.fake.fail_next(SEND, Fault(None, after=True, chat=room.harbor))
    await room.approve(card)
    await room.delivery(draft, "uncertain")
    await room.until(lambda: verb in verbs(card))
    await room.press(card, verb)
    if verb == "lost":
        await room.until(lambda: "retry" in verbs(card))
        assert len(room.fake.replies_to(post)) == 1, "nothing goes out by itself"
    else:
        await room.says(card, "Sent")
    assert len(room.fake.replies_to(post)) == 1


async def test_a_hand_off_is_taken_and_answered_in_own_words(room):
    draft, card = await waiting(room)
    await pick(room, card, "handover", "-")
    theirs = await room.until(
        lambda: next((one for one in room.cards() if "open" in verbs(one) and one is not card), None)
    )
    await room.press(theirs, "open", room.tom)
    await room.says(theirs, "Tom Weiss is writing")
    room.fake.reply(theirs, room.tom, OWN)
    await room.says(theirs, OWN)
    await room.approve(theirs, room.tom)
    await room.until(lambda: room.rows("SELECT 1 FROM deliveries WHERE text = ?", OWN))
    assert (await room.again(draft))["state"] == "superseded"


OLD = ["send:0123456789abcdef:1", "skip:0123456789abcdef:1", "edit:0123456789abcdef:1", "send", "card:9", "more"]


async def test_buttons_from_another_time_are_answered(room):
    _, card = await waiting(room)
    for data in OLD:
        press = await room.fake.press(card, data, room.mara)
        assert not press.failed, data
        assert bool(press.text) is (data != "more"), data


async def test_an_old_card_can_be_pressed_though_it_cannot_be_read(room):
    draft, card = await waiting(room)
    press = await room.fake.press(card, data_of(card, "send"), room.mara, inaccessible=True)
    assert not press.text
    await state(room, draft, "approved")
    await room.says(card, "Approved")


async def test_a_copy_of_a_card_goes_when_it_is_pressed(room):
    draft, card = await waiting(room)
    copy = room.fake.post(room.room, room.fake.world.bot, "a copy", reply_markup=card["reply_markup"])
    await room.press(copy, "send")
    await state(room, draft, "approved")
    await room.says(card, "Approved")
    await room.until(lambda: copy not in room.fake.messages(room.room))


async def test_telegram_takes_no_answer_any_more_and_the_decision_stands(room):
    draft, card = await waiting(room)
    room.fake.fail_next(ANSWER, Fault(400, description="Bad Request: query is too old and response timeout expired"))
    room.fake.answer_within = 0.3
    await room.press(card, "send")
    await state(room, draft, "approved")
    await room.says(card, "Approved")


async def test_what_is_no_text_and_what_is_no_card_is_answered(room):
    draft, card = await waiting(room)
    picture = room.fake.reply(card, room.mara, "", photo=True)
    assert (await room.until(lambda: room.fake.replies_to(picture)))[0]["text"] == ONLY_TEXT
    room.fake.reply(card, room.mara, OWN)
    pointer = await said(room, READ_IT)
    stray = room.fake.reply(pointer, room.mara, "thanks")
    assert (await room.until(lambda: room.fake.replies_to(stray)))[0]["text"] == NO_CARD
    assert (await room.again(draft))["text"] == OWN


async def test_copied_words_lose_what_made_them_harmless_on_the_card(room):
    draft, card = await waiting(room)
    room.fake.reply(card, room.mara, "Ask @\N{WORD JOINER}robin about /\N{WORD JOINER}maps")
    await room.says(card, "Ask")
    assert (await room.again(draft))["text"] == "Ask @robin about /maps"


async def test_cards_in_the_direct_chat_with_one_manager(house):
    house.cards_in = "mara"
    house.fake.start(house.mara)
    await house.start()
    direct = house.fake.direct(house.mara)
    post = house.fake.post(house.harbor, house.robin, PRAISE)
    draft = await house.draft(post)
    card = await house.card(PRAISE, direct)
    house.fake.post(direct, house.mara, OWN)
    await house.until(lambda: any(one.get("text") == NO_CARD for one in house.fake.by_bot(direct)))
    house.fake.reply(card, house.mara, OWN)
    await house.says(card, OWN)
    await house.press(card, "send")
    await state(house, draft, "approved")
