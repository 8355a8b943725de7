"""The same words twice: checked again at the yes, told to the manager, and theirs to decide."""

import asyncio

import pytest

from tests.integration.conftest import LOVELY

PRAISE = "the new map is gorgeous"
CRISIS = "I want to kill myself"


def twins(card):
    return [w["note"] for w in card["warnings"] if w["id"] == "not-a-twin"]


async def two_with_one_text(house, **second):
    """Two cards with the same words: as the draft of one, and as another wording of the other."""
    first = await house.draft(PRAISE)
    later = await house.draft(LOVELY, **{"fan": "kim", **second})
    shared = min(texts(first) & texts(later))
    return [await lay(house, card, shared) for card in (first, later)]


def texts(card):
    return {card["text"], *(other["text"] for other in card["alternatives"])}


async def lay(house, card, text):
    if card["text"] == text:
        return card
    number = next(n for n, other in enumerate(card["alternatives"], start=1) if other["text"] == text)
    return await house.press(card, "reword", alternative=number)


@pytest.mark.parametrize("sent", [False, True])
async def test_the_second_yes_is_told_and_goes(house, sent):
    first, second = await two_with_one_text(house)
    assert first["text"] == second["text"]
    assert twins(await house.press(first, "approve")) == []
    if sent:
        await house.send()
    (note,) = twins(await house.press(second, "approve", by="tom"))
    assert "Nearly the same" in note
    await house.send()
    assert [d.text for d in house.stage.sent] == [first["text"]] * 2


async def test_the_same_words_to_the_same_fan_elsewhere(house):
    first, second = await two_with_one_text(house, fan="robin", channel="pier")
    await house.press(first, "approve")
    assert twins(await house.press(second, "approve"))


async def test_the_same_words_elsewhere_to_somebody_else(house):
    first, second = await two_with_one_text(house, channel="pier")
    await house.press(first, "approve")
    assert twins(await house.press(second, "approve")) == []


@pytest.mark.parametrize("ends", ["undo", "failed", "removed"])
async def test_what_nobody_will_read_counts_no_more(house, ends):
    first, second = await two_with_one_text(house)
    await house.press(first, "approve")
    if ends == "undo":
        await house.press(first, "undo")
    else:
        house.stage.script.extend(["refused"] if ends == "failed" else [])
        await house.send()
    if ends == "removed":
        await house.press(first, "remove")
        await house.send()
    assert twins(await house.press(second, "approve")) == []


async def test_two_managers_write_the_same_at_the_same_moment(house):
    """Both checks ran before either decision."""
    cards = [await house.draft(PRAISE), await house.draft(LOVELY, fan="kim")]
    both = await asyncio.gather(*(house.press(card, "edit", text="The harbor thanks you both.") for card in cards))
    assert sorted(len(twins(card)) for card in both) == [0, 1]


async def test_a_correction_to_words_that_stand_there_already(house):
    first, second = await house.sent(), await house.sent(LOVELY, fan="kim")
    assert twins(await house.press(second, "correct", text=first["text"]))


async def test_its_own_words_are_no_twin_of_a_correction(house):
    first = await house.sent()
    assert twins(await house.press(first, "correct", text=f"{first['text']} Yes.")) == []


async def test_the_true_answer_may_repeat(house):
    for fan in ("robin", "kim"):
        card = await house.draft("how do I save", fan=fan)
        assert twins(await house.press(card, "approve", slots={"tip": "Touch the red lamp."})) == []
    await house.send()
    assert len({d.text for d in house.stage.sent}) < 3


async def test_who_answers_somebody_in_danger_hears_no_advice_on_style(house):
    for fan in ("robin", "kim"):
        card = await house.draft(CRISIS, fan=fan)
        assert (await house.press(card, "edit", text="I am here, and I am listening."))["warnings"] == []


async def test_what_was_read_on_the_card_is_not_told_again(house):
    """Remarks on typed words are shown once, to whoever wrote them."""
    card = await house.draft(PRAISE)
    proposed = await house.press(card, "propose", text="Buy the shirt now, it is the best deal.")
    assert proposed["warnings"]
    assert (await house.press(proposed, "approve", by="tom"))["warnings"] == []
