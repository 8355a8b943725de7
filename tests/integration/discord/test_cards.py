"""Cards on Discord, pressed as managers press them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.adapters.discord.presses import TAKEN
from tests.integration.discord.mods_room import PRAISE, QUESTION, Room, labels, opened, text_of, verbs

PROMISE = "The two who drew it will write to you tomorrow."


@pytest.fixture
async def room(build_house) -> AsyncIterator[Room]:
    async with opened(build_house) as found:
        yield found


async def test_a_draft_gets_a_card_and_a_yes_sends_it(room):
    mara = room.person("Mara", "mara")
    card = await room.draft(PRAISE, name="Robin")
    message = await room.shown(card)
    assert "Robin" in text_of(message)
    assert f"> {PRAISE}" in text_of(message)
    assert card["text"] in text_of(message)
    assert labels(message) == ["Send", "Edit", "Other wording", "Skip", "Snooze", "Hand over", "Not this intent"]
    await room.press(mara, card, "send")
    assert await room.state(card) == "approved"
    assert verbs(await room.says(card, "Approved")) == ["undo"]
    await room.house.send()
    assert verbs(await room.says(card, "Sent")) == ["correct", "remove"]
    assert len(room.messages()) == 1


async def test_who_is_late_is_told_who_won_and_the_card_follows(room):
    mara, tom = room.person("Mara", "mara"), room.person("Tom", "tom")
    card = await room.draft()
    message = await room.shown(card)
    custom_ids = {v: f"card:{card['draft_id']}:1:{v}" for v in ("send", "skip")}
    await mara.click(message, custom_id=custom_ids["send"])
    late = await pressed_long_ago(room, tom, message, custom_ids["send"])
    assert late.followups[-1].ephemeral
    assert "Mara Quint approved this at" in late.followups[-1].content
    late = await pressed_long_ago(room, tom, message, custom_ids["skip"])
    assert "Mara Quint approved this at" in late.response.content


async def pressed_long_ago(room, who, message, custom_id):
    """A press on a button that was on this person's screen, and is there no more."""
    stored = room.env.backend.get_message(message.channel.id, message.id)
    kept = stored.components
    row = {"type": 1, "components": [{"type": 2, "style": 2, "label": "old", "custom_id": custom_id}]}
    stored.components = [{"type": 17, "components": [row]}]
    try:
        return await who.click(message, custom_id=custom_id)
    finally:
        if stored.components and stored.components[0]["components"] == [row]:
            stored.components = kept


async def test_an_edit_is_what_was_typed(room):
    mara = room.person("Mara", "mara")
    card = await room.draft(name="Robin")
    form = await room.press(mara, card, "edit")
    field = form.modal["components"][0]["component"]
    assert (field["value"], field["max_length"], form.modal["title"]) == (card["text"], 3500, "Reply to Robin")
    await room.says(card, "Mara Quint is writing")
    await mara.submit_modal(form, {"text": "Which corner of it did you find first?"})
    await room.says(card, "Approved")
    assert (await room.house.again(card))["text"] == "Which corner of it did you find first?"


async def test_who_opens_a_form_and_walks_away_is_not_writing_for_ever(room):
    mara = room.person("Mara", "mara")
    card = await room.draft()
    await room.press(mara, card, "edit")
    await room.says(card, "is writing")
    await room.moved(minutes=3)
    await room.until(lambda: "is writing" not in text_of(room.card_of(card)))


async def test_an_approved_reply_that_cannot_go_out_yet_leaves_the_cards_at_rest(room):
    mara = room.person("Mara", "mara")
    card = await room.draft()
    await room.press(mara, card, "send")
    await room.moved(seconds=30)
    reads = 0
    desk_draft = room.house.desk.draft

    async def counted(draft_id):
        nonlocal reads
        reads += 1
        return await desk_draft(draft_id)

    room.house.desk.draft = counted
    for _ in range(3):
        await room.poke()
    assert reads <= 3


async def test_two_managers_write_at_once_and_the_first_wins(room):
    mara, tom = room.person("Mara", "mara"), room.person("Tom", "tom")
    card = await room.draft()
    first, second = await room.press(mara, card, "edit"), await room.press(tom, card, "edit")
    assert first.modal["custom_id"] != second.modal["custom_id"]
    await tom.submit_modal(second, {"text": "Which part did you see first?"})
    lost = await mara.submit_modal(first, {"text": "Where were you when you saw it?"})
    assert "Tom approved this" in lost.followups[-1].content
    assert (await room.house.again(card))["text"] == "Which part did you see first?"


async def test_words_with_a_promise_go_out_by_one_press_and_the_remark_is_told_once(room):
    mara = room.person("Mara", "mara")
    card = await room.draft()
    form = await room.press(mara, card, "edit")
    told = await mara.submit_modal(form, {"text": PROMISE})
    decided = await room.house.again(card)
    assert (decided["state"], decided["text"]) == ("approved", PROMISE)
    (note,) = told.followups
    assert (note.ephemeral, verbs(note), text_of(note)) == (True, [], f"{TAKEN} Promises a time (“tomorrow”).")
    assert "Promises" not in text_of(await room.says(card, "Approved"))
    await room.house.send()
    await room.says(card, "Sent")
    form = await room.press(mara, card, "correct")
    told = await mara.submit_modal(form, {"text": f"{PROMISE} At noon."})
    assert [text_of(note) for note in told.followups] == [f"{TAKEN} Promises a time (“tomorrow”)."]
    await room.house.send()
    assert room.house.stage.sent[-1].text == f"{PROMISE} At noon."


async def test_words_that_draw_no_remark_need_no_answer(room):
    mara = room.person("Mara", "mara")
    card = await room.draft()
    form = await room.press(mara, card, "edit")
    told = await mara.submit_modal(form, {"text": "So glad you like it!!! 🎉🎉 Which one is yours? And why?"})
    assert await room.state(card) == "approved"
    assert told.followups == []


async def test_a_remark_on_what_fills_a_blank_is_told_once(room):
    mara = room.person("Mara", "mara")
    card = await room.draft(QUESTION)
    form = await room.press(mara, card, "fill")
    told = await mara.submit_modal(form, {"slot:tip": PROMISE})
    assert [text_of(note) for note in told.followups] == [f"{TAKEN} Promises a time (“tomorrow”)."]
    message = await room.says(card, PROMISE)
    assert "Promises" not in text_of(message)
    pressed = await room.press(mara, card, "send")
    assert (await room.state(card), pressed.followups) == ("approved", [])


async def test_who_answers_somebody_in_danger_hears_no_remarks(room):
    mara = room.person("Mara", "mara")
    card = await room.draft("I want to kill myself")
    assert card["risk"] == ["crisis"]
    form = await room.press(mara, card, "edit")
    told = await mara.submit_modal(form, {"text": f"I am so sorry. {PROMISE} Please reach out!"})
    assert await room.state(card) == "approved"
    assert told.followups == []


STOPS = ["@everyone look at this", "<@&77> look at this", "I am a human, promise.", "\u200b \u2060"]


@pytest.mark.parametrize("text", STOPS)
async def test_words_that_must_not_go_out_come_back_without_a_button(room, text):
    mara = room.person("Mara", "mara")
    card = await room.draft()
    form = await room.press(mara, card, "edit")
    told = await mara.submit_modal(form, {"text": text})
    assert await room.state(card) == "waiting"
    assert text in text_of(told.followups[-1])
    assert not verbs(told.followups[-1])


async def test_what_was_filled_in_and_must_not_go_out_comes_back(room):
    mara = room.person("Mara", "mara")
    card = await room.draft(QUESTION)
    form = await room.press(mara, card, "fill")
    told = await mara.submit_modal(form, {"slot:tip": "@everyone look at this"})
    assert await room.state(card) == "waiting"
    assert "@everyone look at this" in text_of(told.followups[-1])


async def test_typed_words_survive_a_card_that_changed_meanwhile(room):
    mara, tom = room.person("Mara", "mara"), room.person("Tom", "tom")
    card = await room.draft()
    form = await room.press(mara, card, "edit")
    await room.press(tom, card, "reword")
    told = await mara.submit_modal(form, {"text": "Which corner of it did you find first?"})
    assert "Which corner of it did you find first?" in text_of(told.followups[-1])
    assert "has changed since" in text_of(told.followups[-1])
    assert not verbs(told.followups[-1])


async def test_blanks_are_filled_in_a_form_and_looked_at_before_they_go(room):
    mara = room.person("Mara", "mara")
    card = await room.draft(QUESTION)
    assert "send" not in verbs(await room.shown(card))
    assert "What helps here?" in text_of(await room.shown(card))
    form = await room.press(mara, card, "fill")
    assert [c["label"] for c in form.modal["components"]] == ["What helps here?"]
    await mara.submit_modal(form, {"slot:tip": "Touch the lamp."})
    message = await room.says(card, "Touch the lamp.")
    assert await room.state(card) == "waiting"
    assert "send" in verbs(message)
    await room.press(mara, card, "send")
    await room.says(card, "Approved")
    assert "Touch the lamp." in (await room.house.again(card))["text"]


async def test_another_wording_is_laid_on_the_card(room):
    mara = room.person("Mara", "mara")
    card = await room.draft()
    await room.press(mara, card, "reword")
    other = card["alternatives"][0]["text"]
    assert other in text_of(await room.says(card, other))
    await room.press(mara, card, "send")
    assert (await room.house.again(card))["text"] == other


async def test_a_skip_has_a_reason_and_can_be_taken_back(room):
    mara = room.person("Mara", "mara")
    card = await room.draft()
    form = await room.press(mara, card, "skip")
    assert form.modal["components"][0]["component"]["options"][0]["default"]
    await mara.submit_modal(form, {"choice": ["the post was misread"]})
    await room.says(card, "Skipped")
    await room.press(mara, card, "undo")
    await room.says(card, card["text"])
    form = await room.press(mara, card, "skip")
    await mara.submit_modal(form, {"choice": ["no reply needed"]})
    await room.moved(seconds=11)
    await room.until(lambda: room.card_of(card) is None)  # nothing on it can be pressed any more
    assert "Skipped" in text_of(room.messages()[-1])


async def test_a_snoozed_card_shrinks_and_comes_back_as_a_new_message(room):
    mara = room.person("Mara", "mara")
    card = await room.draft()
    before = await room.shown(card)
    form = await room.press(mara, card, "snooze")
    await mara.submit_modal(form, {"choice": ["15"]})
    assert verbs(await room.says(card, "Snoozed")) == ["open"]
    await room.moved(minutes=16)
    after = await room.says(card, card["text"])
    assert after.id != before.id
    assert len(room.messages()) == 1
    await room.press(mara, card, "send")
    assert await room.state(card) == "approved"


async def test_a_snoozed_card_can_be_woken_where_it_stands(room):
    mara = room.person("Mara", "mara")
    card = await room.draft()
    form = await room.press(mara, card, "snooze")
    await mara.submit_modal(form, {"choice": ["60"]})
    before = await room.says(card, "Snoozed")
    await room.press(mara, card, "open")
    assert (await room.says(card, card["text"])).id == before.id


async def test_a_hand_over_names_one_person_once(room):
    mara, tom = room.person("Mara", "mara"), room.person("Tom", "tom")
    card = await room.draft()
    form = await room.press(mara, card, "handover")
    assert [o["label"] for o in form.modal["components"][0]["component"]["options"]] == [
        "anybody",
        "Mara Quint",
        "Tom",
        "Ida",
    ]
    await mara.submit_modal(form, {"choice": ["tom"]})
    await room.until(lambda: "Handed over" in text_of(room.messages()[0]))
    new = await room.house.draft_of(card["post"]["post_id"])
    message = await room.shown(new)
    assert f"for <@{tom.id}>" in text_of(message)
    assert verbs(message)[:2] == ["open", "edit"]
    assert allowed(room, "POST", "messages")[-1]["users"] == [tom.id]
    await room.press(tom, new, "open")
    await room.says(new, "Tom is writing")
    assert all(not a.get("users") and a["parse"] == [] for a in allowed(room, "PATCH", "messages"))


def allowed(room, method, path):
    """What may be pinged, in every request of this kind."""
    bodies = [r.json for r in room.env.http_requests if r.method == method and r.path.split("?")[0].endswith(path)]
    return [body.get("allowed_mentions", {"parse": []}) for body in bodies if body]


async def test_a_post_that_was_misread_is_read_anew_as_what_a_manager_says(room):
    mara = room.person("Mara", "mara")
    card = await room.draft(PRAISE)
    form = await room.press(mara, card, "relabel")
    offered = [o["value"] for o in form.modal["components"][0]["component"]["options"]]
    assert "praise" not in offered
    await mara.submit_modal(form, {"choice": ["question"]})
    await room.until(lambda: "Given another intent" in text_of(room.messages()[0]))
    await room.house.quiet()
    new = await room.house.draft_of(card["post"]["post_id"])
    assert new["intent"] == "question"
    await room.shown(new)


async def test_after_it_was_sent_it_can_be_corrected_and_removed(room):
    mara = room.person("Mara", "mara")
    card = await room.draft()
    await room.press(mara, card, "send")
    await room.house.send()
    await room.says(card, "Sent")
    form = await room.press(mara, card, "correct")
    assert form.modal["components"][0]["component"]["value"] == card["text"]
    await mara.submit_modal(form, {"text": "Which corner of the map did you see first?"})
    await room.house.send()
    await room.says(card, "Corrected")
    await room.press(mara, card, "remove")
    await room.house.send()
    await room.until(lambda: "Removed" in text_of(room.messages()[-1]))
    assert room.house.stage.shown == {}


async def test_what_may_have_arrived_is_settled_by_a_person(room):
    mara = room.person("Mara", "mara")
    card = await room.draft()
    await room.press(mara, card, "send")
    room.house.stage.script.append("unsure lost")
    await room.house.send()
    assert verbs(await room.says(card, "arrive?")) == ["arrived", "lost"]
    await room.press(mara, card, "lost")
    assert verbs(await room.says(card, "Not sent")) == ["retry", "undo"]
    await room.press(mara, card, "retry")
    await room.house.send()
    await room.says(card, "Sent")
    assert len(room.house.stage.sent) == 1


async def test_the_console_decides_and_the_card_follows(room):
    card = await room.draft()
    await room.house.press(card, "approve", by="tom")
    assert "Tom" in text_of(await room.says(card, "Approved"))
    other = await room.draft("love it", fan="kim")
    await room.house.intake.delete(other["post"]["post_id"])
    await room.until(lambda: "deleted the post" in text_of(room.messages()[-1]))
    assert "love it" not in text_of(room.messages()[-1])


async def test_a_stranger_is_told_kindly_and_noted_for_the_operator(room, capsys):
    kim = room.person("Kim: #1")
    card = await room.draft()
    told = await room.press(kim, card, "send")
    assert told.ephemeral
    assert str(kim.id) in told.response.content
    assert f'kim-1: {{name: "Kim: #1", discord: {kim.id}}}' in capsys.readouterr().out
    form = await room.press(kim, card, "edit")
    assert form.modal is None
    assert await room.state(card) == "waiting"


async def test_a_role_makes_a_manager_until_it_is_taken(room):
    rio = room.person("Rio", roles=("Mods",))
    card = await room.draft()
    await room.press(rio, card, "send")
    assert "Rio" in text_of(await room.says(card, "Approved"))
    decided = await room.house.again(card)
    assert decided["decided_by"] == f"discord:{rio.id}"
    await room.house.send()
    await room.says(card, "Sent")
    other = await room.draft("love it", fan="kim")
    room.env.backend.get_guild(room.guild.id).members[rio.id].role_ids.clear()
    told = await room.press(rio, other, "send")
    assert "Only the managers" in told.response.content
    await room.restart()
    assert room.house.desk.name_of(f"discord:{rio.id}") == "discord:" + str(rio.id)
    await room.house.desk.start()
    assert room.house.desk.name_of(f"discord:{rio.id}") == "Rio"


async def test_approve_one_then_press_another_then_edit_the_first(room):
    """The library forgets a pattern for the whole bot when a view it knows is changed and sent again."""
    mara = room.person("Mara", "mara")
    first, second = await room.draft(), await room.draft("love it", fan="kim")
    await room.press(mara, first, "send")
    await room.says(first, "Approved")
    await room.press(mara, second, "reword")
    await room.house.send()
    await room.says(first, "Sent")
    await room.press(mara, second, "send")
    await room.says(second, "Approved")
    form = await room.press(mara, first, "correct")
    await mara.submit_modal(form, {"text": "Which corner did you see first?"})
    await room.press(mara, second, "undo")
    await room.says(second, "love it")
    await room.press(mara, second, "send")
    assert await room.state(second) == "approved"


async def test_a_form_that_was_open_while_the_program_stopped(room):
    mara = room.person("Mara", "mara")
    card = await room.draft()
    form = await room.press(mara, card, "edit")
    await room.restart()
    await mara.submit_modal(form, {"text": "Which corner did you find first?"})
    await room.says(card, "Approved")
    assert (await room.house.again(card))["text"] == "Which corner did you find first?"


async def test_what_happened_while_it_was_down_is_shown_after_the_start(room):
    mara = room.person("Mara", "mara")
    first, second = await room.draft(), await room.draft("love it", fan="kim")
    await room.press(mara, second, "send")
    await room.house.send()
    await room.says(second, "Sent")
    await room.poke()
    await room.close()
    await room.house.press(first, "reject", reason="no")
    await room.house.press(await room.house.again(second), "remove")
    await room.house.send()
    third = await room.house.draft("best game this year", fan="ada")
    await room.restart()
    await room.shown(third)
    for words in ("Skipped", "Removed"):
        await room.until(lambda words=words: any(words in text_of(m) for m in room.messages()))
    assert len(room.messages()) == 3


async def test_a_card_that_could_not_be_changed_is_repaired(room):
    card = await room.draft()
    room.env.inject_error("PATCH", "/channels/*/messages/*", status=403, code=50001, times=1)
    await room.house.press(card, "approve", by="tom")
    await room.until(lambda: not room.env.backend.faults)
    assert "Approved" not in text_of(await room.shown(card))
    await room.moved(seconds=61)
    await room.says(card, "Approved")


async def test_a_card_that_could_not_be_sent_comes_later(room):
    room.env.inject_error("POST", "/channels/*/messages", status=403, code=50013, times=1)
    card = await room.house.draft(PRAISE)
    await room.until(lambda: not room.env.backend.faults)
    assert room.messages() == []
    await room.moved(seconds=61)
    await room.shown(card)
    assert len(room.messages()) == 1


async def test_a_card_that_a_moderator_deleted_comes_again(room):
    mara = room.person("Mara", "mara", roles=("Mods",))
    card = await room.draft()
    before = await room.shown(card)
    await mara.delete(before)
    await room.house.press(card, "reword")
    after = await room.shown(card)
    assert after.id != before.id


async def test_buttons_of_other_times_are_answered(room):
    mara = room.person("Mara", "mara")
    card = await room.draft()
    message = await room.shown(card)
    for custom_id in ("card:1:1:send", "card:0123456789abcdef:1:fly", "old-button", "card:0123456789abcdef:1:send\n"):
        told = await pressed_long_ago(room, mara, message, custom_id)
        assert "out of date" in told.response.content
    told = await pressed_long_ago(room, mara, message, "card:0123456789abcdef:1:send")
    assert "no such draft" in told.followups[-1].content
    told = await pressed_long_ago(room, mara, message, "card:0123456789abcdef:1:skip")
    assert "no such draft" in told.response.content


async def test_a_fans_words_have_no_power_over_the_card(room):
    text = "love it [the map](http://harbor.example) @everyone\n# BIG\n```\nend\n> quote <@1> " + "~~x~~ " * 400
    card = await room.draft(text, name="**Robin** [x](http://y)")
    shown = text_of(await room.shown(card))
    assert r"\[the map\](http" in shown
    assert "\n# BIG" not in shown
    assert len(shown) <= 4000
    assert all(a["parse"] == [] for a in allowed(room, "POST", "messages"))
