"""What became of each wording, counted from real cards and real decisions."""

import sqlite3
from dataclasses import replace
from datetime import UTC, timedelta

from sqlalchemy import select

from bot.insights.wordings import Sent, became, what_works
from bot.queue import assisted
from bot.store import assistant, fans, migrate, wordings
from bot.store.tables import drafts
from responders.types import ReasonCode
from tests.databases import of_version
from tests.integration.conftest import PRAISES, UNCLEAR
from tests.integration.store.test_queries import asked, scanned, some_of_everything

LOOKS = "en/praise/praise_for_looks"
HOUR = timedelta(hours=1)
COUNTS = ("proposed", "picked", "replaced", "as_it_is", "edited", "skipped", "open", "ended")


async def counted(house, days=30):
    found = await house.store.read(lambda c: wordings.cards(c, [house.clock.now() - timedelta(days=days)]))
    return {(one.template, one.variant): one for one in became(found, ())}


def sums(uses):
    for one in uses.values():  # every card is somewhere
        gone = one.replaced + one.as_it_is + one.edited + one.skipped + one.open + one.ended
        assert one.proposed + one.picked == gone
    return {name: total for name in COUNTS if (total := sum(getattr(use, name) for use in uses.values()))}


async def some(house, number):
    return [await house.draft(text, fan=f"fan{n}", channel=f"channel{n}") for n, text in enumerate(PRAISES[:number])]


async def test_each_decision_counts_for_the_wording_that_lay_on_the_card(house):
    cards = await some(house, 5)
    await house.press(cards[0], "approve")
    await house.press(cards[1], "edit", text="Something of my own.")
    await house.press(cards[2], "reject", reason="the wording is not right")
    await house.press(cards[3], "reword", alternative=1)
    reworded = await house.again(cards[3])
    await house.press(reworded, "approve")
    uses = await counted(house)
    assert sums(uses) == {
        "proposed": 5, "picked": 1, "replaced": 1, "as_it_is": 2, "edited": 1, "skipped": 1, "open": 1
    }  # fmt: skip
    picked = uses[LOOKS, reworded["variant"]]
    assert (picked.picked, picked.as_it_is) == (1, 1)
    first = uses[LOOKS, cards[3]["variant"]]
    assert first.instead == {(LOOKS, reworded["variant"]): 1}
    assert uses[LOOKS, cards[1]["variant"]].changed > 0.5
    assert {why for one in uses.values() for why in one.why} == {"the wording is not right"}


async def test_what_was_taken_back_is_not_counted_as_sent_or_skipped(house):
    cards = await some(house, 3)
    await house.press(cards[0], "approve")
    await house.press(cards[1], "reject", reason="no reply needed")
    await house.press(cards[2], "reword", alternative=1)
    assert (await counted(house))[LOOKS, cards[2]["variant"]].replaced == 1
    back = await house.again(cards[2])
    number = next(n for n, one in enumerate(back["alternatives"], 1) if one["variant"] == cards[2]["variant"])
    await house.press(back, "reword", alternative=number)
    for card in cards[:2]:
        await house.press(await house.again(card), "undo")
    uses = await counted(house)
    assert sums(uses) == {"proposed": 3, "open": 3}
    assert not any(one.why for one in uses.values())


async def test_words_that_were_typed_and_then_approved_are_an_edit_too(house):
    """As on Telegram: the words are put on the card first, twice even, and then get their yes."""
    card = await house.draft(PRAISES[0])
    await house.press(card, "propose", text="Not yet.")
    await house.press(await house.again(card), "propose", text=f"{card['text']} Truly.")
    await house.press(await house.again(card), "approve")
    (use,) = (await counted(house)).values()
    assert (use.edited, use.as_it_is) == (1, 0)
    assert use.changed == 1 / (len(card["text"].split()) + 1)


async def test_an_edit_that_changes_nothing_is_none(house):
    card = await house.draft(PRAISES[0])
    await house.press(card, "edit", text=f"  {card['text']} ")
    assert sums(await counted(house)) == {"proposed": 1, "as_it_is": 1}


async def test_an_edit_that_was_taken_back_is_measured_against_the_wording(house):
    card = await house.draft(PRAISES[0])
    await house.press(card, "edit", text="Quite another text.")
    await house.press(await house.again(card), "undo")
    await house.press(await house.again(card), "edit", text=card["text"])
    assert sums(await counted(house)) == {"proposed": 1, "as_it_is": 1}


async def test_another_wording_forgets_what_was_written_over_the_first(house):
    card = await house.draft(PRAISES[0])
    await house.press(card, "propose", text="Quite another text.")
    await house.press(await house.again(card), "reword", alternative=1)
    again = await house.again(card)
    await house.press(again, "approve")
    uses = await counted(house)
    assert sums(uses) == {"proposed": 1, "replaced": 1, "picked": 1, "as_it_is": 1}
    assert uses[LOOKS, again["variant"]].changed is None


async def test_a_ready_reply_that_a_person_chose_is_picked(house, torn):
    house.pipeline = torn
    card = await house.draft(UNCLEAR)
    assert (card["kind"], card["text"]) == ("handoff", None)
    assert await counted(house) == {}
    await house.press(card, "approve", alternative=1)
    assert sums(await counted(house)) == {"picked": 1, "as_it_is": 1}


async def test_a_wording_that_comes_by_a_second_reading_was_proposed_not_picked(house, torn, pipeline):
    house.pipeline = torn
    await house.store.write(lambda c: assistant.switch(c, {"model": "small"}, house.clock.now()))
    card = await house.draft(UNCLEAR)
    sure = await house.store.read(lambda c: assisted.look(c, card["draft_id"], house.settings, house.clock.now()))
    proposal = pipeline.run(replace(sure.post.post, text=PRAISES[0]), sure.context)
    answer = assisted.Answer(reading=proposal)
    await house.store.write(lambda c: assisted.take(c, sure, answer, house.settings, house.clock.now()))
    assert (await house.again(card))["text"] == proposal.candidate.text
    assert sums(await counted(house)) == {"proposed": 1, "open": 1}


async def test_older_cards_are_not_counted(house):
    await house.press(await house.draft(PRAISES[0]), "approve")
    house.clock.move(days=31)
    assert await counted(house) == {}
    assert sums(await counted(house, days=32)) == {"proposed": 1, "as_it_is": 1}


async def test_reasons_in_other_words_are_not_kept(house):
    """They may hold what the fan said."""
    card = await house.draft(PRAISES[0])
    await house.press(card, "reject", reason="Ida Berg again")
    (use,) = (await counted(house)).values()
    assert use.why == {"": 1}


async def test_everything_is_still_counted_when_the_words_are_gone(house):
    cards = await some(house, 4)
    await house.press(cards[0], "approve")
    await house.press(cards[1], "edit", text=f"{cards[1]['text']} Truly.")
    await house.press(cards[2], "reject", reason="no reply needed")
    await house.press(cards[3], "reword", alternative=1)
    await house.press(await house.again(cards[3]), "edit", text="My own.")
    before = await counted(house)
    assert len(await house.store.read(lambda c: wordings.edits(c, house.clock.now() - HOUR))) == 2
    ids = await house.store.read(lambda c: c.execute(select(drafts.c.post_id)).scalars().all())
    await house.store.write(lambda c: fans.drop_words(c, ids, ReasonCode.INTENT, "Its time was over.", anonymous=True))
    assert await counted(house) == before
    assert await house.store.read(lambda c: wordings.edits(c, house.clock.now() - HOUR)) == []
    kept = await house.store.read(lambda c: c.execute(select(drafts.c.proposed)).scalars().all())
    assert kept == [None] * 4


async def test_an_edit_comes_with_what_was_said_around_it(house):
    card = await house.draft(PRAISES[0], fan="fan0")
    await house.press(card, "edit", text="Something of my own.")
    (edit,) = await house.store.read(lambda c: wordings.edits(c, house.clock.now() - HOUR))
    assert (edit.sent, edit.proposed.text, edit.by) == ("Something of my own.", card["text"], "mara")
    assert edit.post == PRAISES[0]
    assert PRAISES[0] in edit.around
    assert edit.names


async def test_weeks_and_corrections_are_told(house):
    cards = await some(house, 3)
    await house.press(cards[0], "approve")
    await house.press(cards[1], "relabel", intent="question")
    begun = [house.clock.now() - timedelta(days=7), house.clock.now() - HOUR]
    await house.press(cards[2], "edit", text="Something of my own.")
    found = await house.store.read(lambda c: wordings.counted(c, begun))
    told = what_works(found, house.pipeline.library, begun, UTC)
    assert told.sent == (Sent(), Sent(as_it_is=1, edited=1))
    (corrected,) = told.corrected
    assert (corrected.reading, corrected.times, corrected.to[0].really) == ("praise", 1, "question")
    assert corrected.cards >= 3
    lain = {(one.template, one.variant) for one in told.wordings}
    assert lain.isdisjoint(told.unused)
    assert len(lain) + len(told.unused) == sum(len(t.variants) for t in house.pipeline.library.templates)
    assert told.wordings[0].known


async def test_a_channel_stands_where_its_newest_post_says(house):
    assert await house.store.read(lambda c: wordings.place_of(c, "stage", "harbor")) is None
    await house.post("the fog is lovely")
    place = await house.store.read(lambda c: wordings.place_of(c, "stage", "harbor"))
    assert place is not None


async def test_no_count_reads_a_large_table_from_end_to_end(house):
    await some_of_everything(house)
    with asked(house) as found:
        await house.store.read(lambda c: wordings.counted(c, [house.clock.now() - timedelta(days=30)]))
        await house.store.read(lambda c: wordings.edits(c, house.clock.now() - timedelta(days=30)))
        await house.store.read(lambda c: wordings.place_of(c, "stage", "harbor"))
    assert found
    assert await scanned(house, found) == {}


def test_an_older_database_tells_what_it_still_knows(tmp_path):
    """Nobody knows which wording lay first on a card that was reworded. Reasons in own words are left out."""
    file = tmp_path / "old.db"
    engine = of_version(f"sqlite:///{file}", "0008")
    rows = (
        ("plain", "intent", "approved", ""),
        ("reworded", "intent", "approved", ""),
        ("picked", "low", "approved", ""),
    )
    skipped = (("listed", "intent", "rejected", "no reply needed"), ("own", "intent", "rejected", "Ida again"))
    with sqlite3.connect(file) as database:
        for name, reason, state, note in rows + skipped:
            database.execute(
                "INSERT INTO posts (id, platform, channel, external_id, thread, author_id, author_name, is_staff, "
                "is_bot, text, mentions_us, at, received_at, version, deleted, kept) VALUES (?, 'p', 'c', ?, ?, 'f', "
                "'F', 0, 0, '', 0, '2026-01-01', '2026-01-01', 1, 0, 1)",
                (name, name, name),
            )
            database.execute(
                "INSERT INTO drafts (id, post_id, platform, channel, fan_id, kind, state, revision, priority, "
                "reason_code, why, created_at, waiting_since, own_words, follow_up, template, variant) VALUES (?, ?, "
                "'p', 'c', 'f', "
                "'draft', ?, 1, 1, ?, '', '2026-01-01', '2026-01-01', 0, 0, 'en/praise/any', ?)",
                (name, name, state, reason, name),
            )
            database.execute(
                "INSERT INTO decisions (id, draft_id, revision, action, by, at, note) VALUES (?, ?, 1, ?, 'mara', "
                "'2026-01-01', ?)",
                (name, name, "reject" if note else "approve", note or None),
            )
        database.execute(
            "INSERT INTO events (at, name, post_id, draft_id) VALUES ('2026-01-01', 'draft_reworded', 'reworded', "
            "'reworded')"
        )
    database.close()
    migrate.bring_up(engine)
    with engine.connect() as connection:
        found = connection.execute(select(drafts.c.id, drafts.c.first_variant, drafts.c.skip_reason)).all()
    engine.dispose()
    assert {name: (first, reason) for name, first, reason in found} == {
        "plain": ("plain", None),
        "reworded": (None, None),
        "picked": (None, None),
        "listed": ("listed", "no reply needed"),
        "own": ("own", None),
    }
