"""Words are kept as long as somebody may need them, and no longer, also when a reply does not get through."""

import pytest

PRAISE = "the new map is gorgeous"
CRISIS = "I want to kill myself"
ANSWER = "I am here, and I am listening."


async def failed(house, post, action="approve", **more):
    card = await house.draft(post)
    await house.press(card, action, **more)
    house.stage.script.append("refused")
    await house.send()
    return await house.again(card)


async def minutes_later(house):
    house.clock.move(minutes=2)
    await house.rounds.once()


async def test_the_words_of_a_crisis_whose_answer_was_refused(house):
    card = await failed(house, CRISIS, "edit", text=ANSWER)
    for _ in range(3):
        await minutes_later(house)
    after = await house.again(card)
    assert (after["post"]["text"], after["deliveries"][0]["text"]) == (CRISIS, ANSWER)
    await house.press(after, "retry")
    await house.send()
    assert [d.text for d in house.stage.sent] == [ANSWER]
    await minutes_later(house)
    assert (await house.again(card))["post"]["text"] == ""


async def test_they_go_once_it_is_taken_back_and_closed(house):
    card = await failed(house, CRISIS, "edit", text=ANSWER)
    card = await house.press(card, "undo")
    await minutes_later(house)
    assert (await house.again(card))["post"]["text"] == CRISIS
    await house.press(card, "reject")
    await minutes_later(house)
    after = await house.again(card)
    assert (after["post"]["text"], after["text"], after["deliveries"][0]["text"]) == ("", None, None)


@pytest.mark.parametrize("kind", ["correct", "remove"])
async def test_a_change_that_failed_and_was_made_after_all(house, kind):
    card = await house.draft(CRISIS)
    await house.press(card, "edit", text=ANSWER)
    await house.send()
    more = {"text": "I am here."} if kind == "correct" else {}
    await house.press(card, kind, **more)
    house.stage.script.append("refused")
    await house.send()
    await minutes_later(house)
    assert (await house.again(card))["post"]["text"] == CRISIS
    await house.press(card, kind, **more)
    await house.send()
    await minutes_later(house)
    assert (await house.again(card))["post"]["text"] == ""


async def test_what_would_come_too_late_anyway_is_not_kept_for_ever(house):
    card = await failed(house, PRAISE)
    house.clock.move(days=7)
    await house.rounds.once()
    assert (await house.again(card))["post"]["text"] == PRAISE
    house.clock.move(days=2)
    await house.rounds.once()
    after = await house.again(card)
    assert (after["post"]["text"], after["deliveries"][0]["text"]) == ("", None)
