"""What the inbox lists: views, filters, search, pages, counts."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import delete, insert, select, update

from bot.domain import Note
from bot.store import listing, notes
from bot.store.ids import new_id
from bot.store.listing import Selection, View
from bot.store.tables import drafts, posts
from responders.types import Place

PRAISE = "the new map is gorgeous"
CRISIS = "I want to kill myself"
OFFTOPIC = "fog again on the way to work"
MARA = Selection(me="mara")


async def ids(house, view=View.WAITING, **filters):
    """The ids of a view, all in one page."""
    selection = Selection(**{"me": "mara", "view": view, **filters})
    found = await house.desk.listing(selection, limit=200)
    listed = [getattr(card, "draft", card.post).id for card in found.cards]
    assert found.next is None
    assert listed == await house.store.read(lambda c: listing.first_ids(c, selection, 200))
    assert (await house.store.read(lambda c: listing.counts(c, selection)))[view] == len(listed)
    return listed


async def note(house, card, text="look", *, by="tom", names=()):
    kept = Note(id=new_id(), by=by, at=house.clock.now(), text=text, names=names)
    assert await house.store.write(lambda c: notes.add(c, kept, card["post"]["post_id"]))
    return kept.id


def draft_ids(*cards):
    return [card["draft_id"] for card in cards]


async def test_each_view_has_what_belongs_there(house):
    plain = await house.draft(PRAISE, fan="ada")
    urgent = await house.draft(CRISIS, fan="kim")
    later = await house.draft(PRAISE, fan="lee", channel="quay")
    await house.press(later, "snooze")
    sent = await house.sent(fan="max", channel="pier")
    skipped = await house.draft(PRAISE, fan="ben", channel="mole")
    await house.press(skipped, "reject")
    silent = await house.post(OFFTOPIC)
    await house.post("I will look at it", fan="tom", staff=True)
    assert await ids(house) == draft_ids(urgent, plain), "the urgent one first"
    assert await ids(house, View.URGENT) == draft_ids(urgent)
    assert await ids(house, View.SNOOZED) == draft_ids(later)
    assert await ids(house, View.DECIDED) == draft_ids(skipped, sent), "the newest first"
    assert await ids(house, View.ALL) == draft_ids(skipped, sent, later, urgent, plain)
    assert await ids(house, View.LEFT) == [silent], "what a teammate wrote was not left alone"
    assert await ids(house, View.MINE) == []


async def test_what_was_left_alone_says_why_until_it_gets_a_card_or_goes(house):
    wanted, deleted, forgotten = [await house.post(OFFTOPIC, fan=f"fan{n}") for n in range(3)]
    assert await ids(house, View.LEFT) == [forgotten, deleted, wanted]
    page = await house.desk.listing(replace(MARA, view=View.LEFT))
    assert all(left.reason.endswith(".") and left.post.post.text == OFFTOPIC for left in page.cards)
    await house.asked(wanted)
    await house.intake.delete(deleted)
    assert await ids(house, View.LEFT) == [forgotten]
    await house.desk.forget("stage", "fan2")
    assert await ids(house, View.LEFT) == []


async def test_mine_is_what_was_handed_to_me_what_i_opened_and_where_a_note_names_me(house):
    other, opened, named, given = [await house.draft(PRAISE, fan=f"fan{n}", channel=f"pier{n}") for n in range(4)]
    await house.press(other, "open", by="tom")
    await house.press(opened, "open")
    await note(house, named, names=("mara",))
    await note(house, other, names=("tom",))
    await house.press(given, "handover", by="tom", to="mara")
    mine = await house.draft_of(given["post"]["post_id"])
    assert set(await ids(house, View.MINE)) == set(draft_ids(opened, named, mine))
    await house.store.write(lambda c: notes.see(c, "mara", named["draft_id"], house.clock.now()))
    await house.press(await house.again(opened), "reject")
    assert await ids(house, View.MINE) == draft_ids(mine)
    assert await ids(house, View.MINE, me="nobody") == []


async def test_a_note_on_a_decided_card_brings_it_to_whom_it_names(house):
    card = await house.sent()
    await note(house, card, "@tom was that right?", by="mara", names=("tom",))
    assert await ids(house, View.MINE, me="tom") == draft_ids(card)


FILTERS = [
    {"channel": "pier"},
    {"channel": "quay"},
    {"platform": "stage", "channel": "pier"},
    {"platform": "discord"},
    {"reading": "crisis"},
    {"reading": "praise", "fan": "stage:ada"},
    {"fan": "stage:kim"},
    {"fan": "discord:kim"},
    {"fan": "kim"},
    {"language": "en"},
    {"language": "xx"},
]


async def test_filters_say_which(house):
    thread = {"channel": "thread7", "place": Place(name="quay", parent="quay", topic="Colours")}
    cards = [
        await house.draft(PRAISE, fan="ada", channel="pier"),
        await house.draft(CRISIS, fan="kim", channel="pier"),
        await house.draft(PRAISE, fan="ada", **thread),
    ]
    silent = await house.post(OFFTOPIC, fan="ada", channel="pier")
    fits = {"channel": "pier", "platform": "stage", "reading": "offtopic", "fan": "stage:ada", "language": "en"}
    holds = {
        "channel": lambda c, wanted: wanted in (c["post"]["channel"], c["post"]["place"]["name"]),
        "platform": lambda c, wanted: c["post"]["platform"] == wanted,
        "reading": lambda c, wanted: c["intent"] == wanted,
        "fan": lambda c, wanted: f"stage:{c['post']['author']['id']}" == wanted,
        "language": lambda _, wanted: wanted == "en",
    }
    for filters in FILTERS:
        wanted = {c["draft_id"] for c in cards if all(holds[name](c, value) for name, value in filters.items())}
        assert set(await ids(house, **filters)) == wanted, filters
        left = await ids(house, View.LEFT, **filters)
        assert left == ([silent] if filters.items() <= fits.items() else []), filters


WORDS = {
    "50% off_now": "is it 50% off_now or not? I like the new map, it is gorgeous",
    'quote\'s "x"; --': 'quote\'s "x"; -- the new map is gorgeous',
    "ÄRGER GROẞ": "kein Ärger groß, the new map is gorgeous",
    "ПРИВЕТ": "привет, the new map is gorgeous",
    "שלום": "the new map is gorgeous שלום לכולם",
    "🦊": "the new map is gorgeous 🦊",
    "back\\slash": "the new map is gorgeous back\\slash",
}


async def test_search_takes_every_word_as_it_stands_in_upper_or_lower_case(house):
    by_word = {word: await house.receive(text) for word, text in WORDS.items()}
    await house.quiet()
    for word, post_id in by_word.items():
        await house.store.write(
            lambda c, post_id=post_id: c.execute(
                update(posts).where(posts.c.id == post_id).values(action="silent", reason="So.")
            )
        )
        assert await ids(house, View.LEFT, q=word) == [post_id], word
        assert await ids(house, View.LEFT, q=word.lower()) == [post_id], word


NOBODYS = ["%", "_", "%%", "' OR 1=1 --", "x" * 8000, "%" * 200, "\\", "/", "\u202e", "\U0010ffff"]


async def test_a_search_for_what_nobody_wrote_finds_nothing(house):
    await house.draft(PRAISE)
    await house.post(OFFTOPIC)
    for q, view in product(NOBODYS, View):
        assert await ids(house, view, q=q) == [], (q[:20], view)


async def test_search_finds_names_and_what_we_said_and_forgets_what_is_no_longer_kept(house):
    card = await house.draft(PRAISE, name="Zoë Qwerty")
    await house.press(card, "edit", text="Nice to hear it, wanderer!")
    await house.send()
    assert await ids(house, View.ALL, q="zoË q") == draft_ids(card)
    assert await ids(house, View.ALL, q="WANDERER") == draft_ids(card)
    await house.press(card, "correct", text="Nice to hear it, traveller!")
    assert await ids(house, View.ALL, q="traveller") == draft_ids(card)
    await house.desk.forget("stage", "robin")
    for q in ("zoë", "wanderer", "traveller", "gorgeous"):
        assert await ids(house, View.ALL, q=q) == []


async def many(house, number, rnd):
    """Cards with many of the same priority and moment, in the order in which they are due."""
    first = datetime(2026, 1, 1, tzinfo=UTC)
    model = await house.draft(PRAISE)

    def write(connection):
        row = dict(connection.execute(select(drafts)).mappings().one())
        connection.execute(delete(drafts))
        rows = []
        for _ in range(number):
            moment = first + timedelta(seconds=rnd.choice([0, 1, 1, 2, 0.000001]))
            own = {"id": new_id(), "priority": rnd.choice([10, 10, 50, 80, 95]), "waiting_since": moment}
            rows.append({**row, **own, "created_at": moment, "decided_at": moment})
        connection.execute(insert(drafts), rows)
        return rows

    assert model
    return await house.store.write(write)


async def paged(house, selection, limit):
    """All pages, one after the other."""
    found, after = [], None
    while True:
        page = await house.desk.listing(selection, limit=limit, after=after)
        assert 0 < len(page.cards) <= limit
        found += [card.draft.id for card in page.cards]
        after = page.next
        if after is None:
            return found


async def test_pages_hold_every_card_once_in_order(house):
    limits = (1, 2, 3, 7, 60, 61)
    rows = await many(house, 60, random.Random(1))  # noqa: S311 - no secret
    due = [row["id"] for row in sorted(rows, key=lambda row: (-row["priority"], row["waiting_since"], row["id"]))]
    newest = [row["id"] for row in sorted(rows, key=lambda row: (row["created_at"], row["id"]), reverse=True)]
    for limit in limits:
        assert await paged(house, MARA, limit) == due, limit
        assert await paged(house, replace(MARA, view=View.ALL), limit) == newest, limit
    await house.store.write(lambda c: c.execute(update(drafts).values(state="rejected")))
    for limit in limits:
        assert await paged(house, replace(MARA, view=View.DECIDED), limit) == newest, limit


async def test_a_page_has_a_next_one_even_where_its_last_card_has_moved_or_is_gone(house):
    rows = await many(house, 30, random.Random(1))  # noqa: S311 - no secret
    due = [row["id"] for row in sorted(rows, key=lambda row: (-row["priority"], row["waiting_since"], row["id"]))]
    page = await house.desk.listing(MARA, limit=10)
    last = page.cards[-1].draft
    assert last.id == due[9]

    async def next_one():
        return [card.draft.id for card in (await house.desk.listing(MARA, limit=10, after=page.next)).cards]

    moved = {"priority": 1, "waiting_since": datetime(2030, 1, 1, tzinfo=UTC), "state": "snoozed"}
    await house.store.write(lambda c: c.execute(update(drafts).where(drafts.c.id == last.id).values(moved)))
    assert await next_one() == due[10:20]
    await house.store.write(lambda c: c.execute(delete(drafts).where(drafts.c.id.in_(due[:10]))))
    assert await next_one() == due[10:20]


BAD = [
    "",
    "~",
    "~~",
    "~~~",
    "x",
    "0123456789abcdef",
    "80~2026-01-01~",
    "80~yesterday~x",
    "~2026-01-01T00:00:00+00:00~x",
    f"{'9' * 30}~2026-01-01T00:00:00+00:00~x",
    f"{'9' * 6000}~2026-01-01T00:00:00+00:00~x",
    "80~9999-12-31T23:59:59-12:00~x",
    "80~0001-01-01T00:00:00+12:00~x",
    "80~2026-01-01T00:00:00+00:00~x~y",
    "1" * 8000,
    "🦊",
]


@pytest.mark.parametrize("view", View)
async def test_a_cursor_that_is_none_of_ours_is_refused_in_every_view(house, view):
    await house.draft(PRAISE)
    for after in BAD:
        with pytest.raises(ValueError, match="cursor is not one of ours"):
            await house.desk.listing(replace(MARA, view=view), after=after)


async def test_channels_to_choose_from_have_the_names_people_know(house):
    await house.draft(PRAISE, channel="c1", place=Place(name="Harbor talk"), fan="ada")
    thread = Place(name="Showcase", parent="c2", topic="My quilt")
    await house.draft(PRAISE, channel="t1", place=thread, fan="ben")
    await house.draft(PRAISE, channel="t2", place=thread, fan="kim")
    await house.draft(PRAISE, channel="zz", fan="lee")
    found = await house.store.read(lambda c: listing.channels(c, 50))
    assert [(one.id, one.name) for one in found] == [("c1", "Harbor talk"), ("c2", "Showcase"), ("zz", "zz")]
    assert len(await ids(house, channel="c2")) == 2


async def test_cards_are_found_by_their_ids_in_any_state_and_in_the_order_asked(house):
    first = await house.draft(PRAISE, fan="ada")
    second = await house.sent(fan="ben", channel="pier")
    found = await house.desk.cards([second["draft_id"], "0" * 16, first["draft_id"], "'; --"])
    assert [card.draft.id for card in found] == draft_ids(second, first)
    assert await house.desk.cards([]) == []


async def test_around_a_post_stand_the_messages_before_it_with_ours(house):
    early = await house.sent(fan="ada", channel="pier")
    for n in range(6):
        await house.post(f"{OFFTOPIC} {n}", fan=f"fan{n}", channel="pier")
    card = await house.draft(PRAISE, fan="ada", channel="pier", name="Ada")
    found = await house.desk.around(card["post"]["post_id"])
    assert [turn.text for turn in found.before] == [f"{OFFTOPIC} {n}" for n in range(1, 6)]
    assert [reply.text for reply in found.said] == [early["text"]]
    assert found.trace
    assert all(sentence.endswith(".") for sentence in found.trace)
    in_thread = await house.draft(CRISIS, fan="kim", channel="pier", reply_to=early["post"]["id"])
    turns = (await house.desk.around(in_thread["post"]["post_id"])).before
    assert [(turn.role, turn.text) for turn in turns] == [("fan", PRAISE), ("us", early["text"])]


async def test_nothing_stands_around_a_post_whose_fan_is_forgotten_and_another_fan_is_not_mistaken_for_them(house):
    gone = await house.sent(fan="ada")
    other = await house.sent(fan="ben", channel="pier")
    await house.desk.forget("stage", "ada")
    await house.desk.forget("stage", "ben")
    assert await house.desk.around(gone["post"]["post_id"]) is None
    assert await house.desk.around(other["post"]["post_id"]) is None
    assert await house.desk.around("0" * 16) is None
