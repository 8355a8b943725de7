"""Queries of loops and pages use an index, and a long page takes as many as a short one."""

import re
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event

from bot.domain import Note
from bot.events import Happened
from bot.store import cards, deliveries, fans, listing, notes, posts, totals
from bot.store.cards import Shown
from bot.store.ids import new_id
from bot.store.listing import Selection, View
from tests.databases import ON_SERVER

PRAISE = "the new map is gorgeous"
LARGE = (
    "posts",
    "drafts",
    "deliveries",
    "decisions",
    "events",
    "cards",
    "requests",
    "tombstones",
    "parts",
    "notes",
    "mentions",
)
"""The tables that grow with each post."""
FEW = ("ix_posts_unjudged", "ix_posts_gate", "ix_deliveries_due", "ix_cards_unsettled")
"""Indexes of open work, which is never much. They may be read from end to end."""
COUNTING = re.compile(r"SELECT (drafts|deliveries)\.state, count\(\*\) AS number FROM \1 GROUP BY \1\.state")
"""The metrics count all states. This reads an index from end to end, and no row."""

IN_ORDER = re.compile(r"SCAN (drafts USING (COVERING )?INDEX|posts USING INDEX ix_posts_left_alone)")
"""A page of the inbox reads an index in its order until it is full. Its counts and channels read one to its end."""


UNJUDGED = "WHERE posts.action IS NULL AND NOT posts.deleted ORDER BY posts.received_at LIMIT"


@contextmanager
def asked(house):
    """Collects the statements that the store runs meanwhile, with their values."""
    found = []

    def note(_connection, _cursor, statement, values, _context, many):
        statement = " ".join(statement.split())
        if statement.startswith(("SELECT pg_", "SELECT set_config")):  # the turn of a write, its community
            return
        if UNJUDGED in statement:  # intake looks for these from time to time
            return
        found.append((statement, values[0] if many else values))

    event.listen(house.store.database.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(house.store.database.engine, "before_cursor_execute", note)


async def plan(house, statement, values):
    """The steps of a statement. PostgreSQL tells them as if reading a table from end to end cost most: these are
    small."""

    def read(connection):
        cursor = connection.connection.cursor()
        if not ON_SERVER:
            return [row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
        cursor.execute("SET LOCAL enable_seqscan = off")
        steps = cursor.execute(f"EXPLAIN (COSTS OFF) {statement}", values).fetchall()
        connection.rollback()
        return [re.sub(r"^.*Seq Scan on", "SCAN", step[0]) for step in steps]

    return await house.store.read(read)


async def scanned(house, found):
    """The statements that read a large table from end to end."""
    bad = {}
    for statement, values in found:
        if not statement.startswith(("SELECT", "UPDATE", "DELETE")) or COUNTING.fullmatch(statement):
            continue
        for step in await plan(house, statement, values):
            if re.match(rf"SCAN ({'|'.join(LARGE)})\b", step) and not step.endswith(FEW):
                bad[statement] = step
    return bad


async def some_of_everything(house):
    """A thread, a sent reply, one that failed, one skipped, a hand-off and a draft that wait."""
    card = await house.sent()
    message = (await house.reply(card["post"]["post_id"])).external_id
    await house.post("thank you", reply_to=message)
    failed = await house.draft("love the harbor", channel="pier")
    await house.press(failed, "approve")
    house.stage.script.append("refused")
    await house.send()
    await house.press(await house.draft("the art is stunning", channel="quay"), "reject")
    await house.draft("I want to kill myself", fan="kim")
    return await house.draft(PRAISE, fan="lee", channel="mole")


async def rounds(house, _card):
    house.clock.move(minutes=2)
    await house.rounds.once()


async def a_post(house, _card):
    await house.post(PRAISE, fan="new", channel="pier")


async def a_thread(house, card):
    kim = await house.post("the sound is broken", fan="kim", reply_to=card["post"]["id"])
    await house.post(
        "I will look at it", fan="tom", staff=True, reply_to=(await house.store.post_page(kim)).post.post.external_id
    )


async def an_edit_and_a_delete(house, card):
    await house.intake.edit(card["post"]["post_id"], f"{PRAISE}, really")
    await house.quiet()
    await house.intake.deleted("stage", card["post"]["channel"], card["post"]["id"])


async def sending(house, card):
    await house.press(card, "approve", key="once")
    await house.send()


async def pages(house, card):
    for state in ("waiting", "snoozed", "approved"):
        page, _ = await house.desk.drafts(state=state)
        if page:
            await house.desk.drafts(state=state, after=page[0].draft.id)
    await house.desk.decided()
    await house.desk.draft(card["draft_id"])
    for channel in (None, "harbor"):
        page, _ = await house.store.replies(channel=channel)
        await house.store.replies(channel=channel, after=page[0].id if page else None)
    await house.store.read(lambda c: posts.in_channel(c, "stage", "harbor", 50))
    await house.store.read(lambda c: deliveries.in_channel(c, "stage", "harbor", 50))
    await house.store.post_page(card["post"]["post_id"])
    await house.store.events(after=1)
    await house.store.events_named(Happened.DRAFT_RELABELLED, since=house.clock.now() - timedelta(days=30))
    await house.store.last_event()
    await house.store.numbers()
    await house.store.read(totals.queues)
    await house.store.read(lambda c: totals.since(c, 1, 500))


async def the_inbox(house, card):
    note = Note(id=new_id(), by="tom", at=house.clock.now(), text="look", names=("mara",))
    await house.store.write(lambda c: notes.add(c, note, card["post"]["post_id"]))
    for view in View:
        page = await house.desk.listing(Selection(me="mara", view=view), limit=1)
        await house.desk.listing(Selection(me="mara", view=view), limit=1, after=page.next)
    await house.desk.listing(Selection(me="mara", fan="stage:robin"))
    await house.desk.cards([card["draft_id"]])
    await house.desk.around(card["post"]["post_id"])
    await house.store.read(lambda c: listing.counts(c, Selection(me="mara")))
    await house.store.read(lambda c: listing.channels(c, 50))
    await house.store.read(lambda c: notes.has_unseen(c, "mara"))
    await house.store.write(lambda c: notes.see(c, "mara", card["draft_id"], house.clock.now()))
    await house.store.write(lambda c: notes.remove(c, note.id, "tom", house.clock.now()))


async def a_surface(house, card):
    shown = Shown(draft_id=card["draft_id"], message_id="1", revision=1, state="waiting", face="", settled=False)
    await house.store.write(lambda c: cards.keep(c, "stage", shown))
    for query in (
        lambda c: cards.unsettled(c, "stage"),
        lambda c: cards.cardless(c, "stage", 11, ["x"]),
        lambda c: cards.count_open(c, "stage"),
        lambda c: cards.at(c, "stage", "1"),
        lambda c: cards.notes(c, "stage"),
    ):
        await house.store.read(query)


async def a_fan(house, _card):
    await house.store.export("stage", "robin")
    await house.fans.answer("stop", "stage", "kim")
    await house.desk.forget("stage", "robin")


async def rows_of_years(house, _card):
    await house.store.write(lambda c: fans.drop_rows(c, house.clock.now()))
    await house.store.write(lambda c: fans.drop_tombstones(c, house.clock.now()))


@pytest.mark.parametrize(
    "what",
    [rounds, a_post, a_thread, an_edit_and_a_delete, sending, pages, a_surface, a_fan, rows_of_years],
    ids=lambda what: what.__name__,
)
async def test_no_question_reads_a_large_table_from_end_to_end(house, what):
    card = await some_of_everything(house)
    with asked(house) as found:
        await what(house, card)
    assert found
    assert await scanned(house, found) == {}


@pytest.mark.sqlite
async def test_the_inbox_reads_no_table_from_end_to_end(house):
    card = await some_of_everything(house)
    with asked(house) as found:
        await the_inbox(house, card)
    steps = (await scanned(house, found)).values()
    assert [step for step in steps if not IN_ORDER.match(step)] == []


@pytest.mark.sqlite
async def test_whether_a_teammate_answered_is_not_looked_for_in_the_whole_channel(house):
    card = await some_of_everything(house)
    delivery = (await house.store.post_page(card["post"]["post_id"])).post
    with asked(house) as found:
        await house.store.read(lambda c: posts.has_staff_answer(c, delivery))
    steps = [step for statement, values in found for step in await plan(house, statement, values)]
    assert any("reply_to=?" in step for step in steps), steps


async def statements(house, number):
    """How many statements a page takes with this many cards on it."""
    with asked(house) as found:
        page, _ = await house.desk.drafts(limit=number)
    assert len(page) == number
    return len(found), page


async def test_a_page_of_20_cards_takes_as_many_statements_as_one_of_3(house):
    for n in range(25):
        await house.receive(f"look at map {n}", fan="tom", staff=True, external_id=f"root{n}")
        await house.receive(f"{PRAISE} {n}", fan=f"fan{n}", reply_to=f"root{n}")
    await house.quiet()
    few, _ = await statements(house, 3)
    many, page = await statements(house, 20)
    assert few == many
    own = [(f"look at map {card.post.post.author.id.removeprefix('fan')}",) for card in page]
    assert [tuple(turn.text for turn in card.thread) for card in page] == own
    for card in (page[0], *page[-5:]):
        alone = await house.desk.draft(card.draft.id)
        assert alone == card
    with asked(house) as found:
        await house.desk.decided(limit=100)
    assert len(found) <= few


async def test_a_page_of_the_inbox_and_the_next_take_as_many_statements_for_20_cards_as_for_3(house):
    for n in range(25):
        await house.receive(f"look at map {n}", fan="tom", staff=True, external_id=f"root{n}")
        await house.receive(f"{PRAISE} {n}", fan=f"fan{n}", reply_to=f"root{n}")
    await house.quiet()
    waiting = Selection(me="mara", q="MAP")

    async def page(limit, after=None):
        with asked(house) as found:
            page = await house.desk.listing(waiting, limit=limit, after=after)
        return len(found), page

    few, first = await page(3)
    many, _ = await page(20)
    following, second = await page(3, first.next)
    assert few == many == following
    for card in second.cards:
        note = Note(id=new_id(), by="tom", at=house.clock.now(), text="look", names=("mara", "tom"))
        await house.store.write(lambda c, card=card, note=note: notes.add(c, note, card.post.id))
    noted, again = await page(20)
    assert noted == many
    assert sum(len(card.notes) for card in again.cards) == 3
    with asked(house) as found:
        assert (await house.store.read(lambda c: listing.counts(c, waiting)))[View.WAITING] == 25
    assert len([statement for statement, _ in found if statement != "BEGIN"]) == 1


async def test_the_thread_of_a_card_is_the_nearest_twenty_before_it_with_our_replies(house):
    first = await house.sent(fan="kim", external_id="root")
    for n in range(30):
        await house.post(f"yes {n}", fan=f"fan{n}", reply_to="root")
    card = await house.draft("I want to kill myself", fan="lee", reply_to="root")
    texts = [turn["text"] for turn in card["thread"]]
    assert texts == [f"yes {n}" for n in range(10, 30)], "and none of our replies to what is not among them"
    early = await house.draft_of(first["post"]["post_id"])
    assert early["thread"] == []
