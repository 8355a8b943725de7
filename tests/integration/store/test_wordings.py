"""What became of each wording, counted from real cards and real decisions."""

from datetime import timedelta

from bot.store import wordings
from bot.store.wordings import Use
from tests.integration.conftest import PRAISES, UNCLEAR
from tests.integration.store.test_queries import asked, scanned, some_of_everything

LOOKS = "en/praise/praise_for_looks"


async def counted(house, days=30):
    found = await house.store.read(lambda c: wordings.uses(c, house.clock.now() - timedelta(days=days)))
    return {(use.template, use.variant): use for use in found}


def sums(uses):
    return {name: sum(getattr(use, name) for use in uses.values()) for name in Use.__slots__[2:]}


async def test_each_decision_counts_for_the_wording_that_lay_on_the_card(house):
    cards = [await house.draft(text, fan=f"fan{n}", channel=f"channel{n}") for n, text in enumerate(PRAISES[:5])]
    await house.press(cards[0], "approve")
    await house.press(cards[1], "edit", text="Something of my own.")
    await house.press(cards[2], "reject")
    await house.press(cards[3], "reword", alternative=1)
    reworded = await house.again(cards[3])
    await house.press(reworded, "approve")
    uses = await counted(house)
    assert sums(uses) == {"laid": 5, "picked": 1, "as_it_is": 2, "edited": 1, "skipped": 1}
    picked = uses[LOOKS, reworded["variant"]]
    assert (picked.picked, picked.as_it_is) == (1, 1)
    assert reworded["variant"] != cards[3]["variant"]
    edited = uses[LOOKS, cards[1]["variant"]]
    assert edited.edited == 1


async def test_what_was_taken_back_is_not_counted_as_sent_or_skipped(house):
    card = await house.draft(PRAISES[0])
    await house.press(card, "approve")
    await house.press(await house.again(card), "undo")
    assert sums(await counted(house)) == {"laid": 1, "picked": 0, "as_it_is": 0, "edited": 0, "skipped": 0}


async def test_a_ready_reply_that_a_person_chose_is_picked(house, torn):
    house.pipeline = torn
    card = await house.draft(UNCLEAR)
    assert (card["kind"], card["text"]) == ("handoff", None)
    assert await counted(house) == {}
    await house.press(card, "approve", alternative=1)
    assert sums(await counted(house)) == {"laid": 1, "picked": 1, "as_it_is": 1, "edited": 0, "skipped": 0}


async def test_older_cards_are_not_counted(house):
    await house.press(await house.draft(PRAISES[0]), "approve")
    house.clock.move(days=31)
    assert await counted(house) == {}
    assert sums(await counted(house, days=32))["laid"] == 1


async def test_a_channel_stands_where_its_newest_post_says(house):
    assert await house.store.read(lambda c: wordings.place_of(c, "stage", "harbor")) is None
    await house.post("the fog is lovely")
    place = await house.store.read(lambda c: wordings.place_of(c, "stage", "harbor"))
    assert place is not None


async def test_no_count_reads_a_large_table_from_end_to_end(house):
    await some_of_everything(house)
    with asked(house) as found:
        await counted(house)
        await house.store.read(lambda c: wordings.place_of(c, "stage", "harbor"))
    assert found
    assert await scanned(house, found) == {}
