"""Who deserved an answer and has none: in the inbox, once a day by an event, and in the report."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import update

from bot.consent import Consent, Kind, State
from bot.domain import Cause, Refused
from bot.insights import coverage
from bot.insights.watch import Watch
from bot.store import answers, consents, figures, listing
from bot.store.answers import Outcome
from bot.store.listing import Selection, View
from bot.store.tables import drafts, posts

PRAISE, QUESTION, BROKEN = "the new map is gorgeous", "how do I save my game?", "the game crashes every time I open it"
OFFTOPIC = "fog again on the way to work"
DAY = {"days": 1, "minutes": 1}


async def waiting(house):
    """The ids of the posts that have waited too long, as the inbox lists them."""
    selection = Selection(me="mara", view=View.UNANSWERED, overdue=house.clock.now() - timedelta(days=1))
    page = await house.desk.listing(selection, limit=200)
    ids = [card.post.id for card in page.cards]
    counted = (await house.store.read(lambda c: listing.counts(c, selection)))[View.UNANSWERED]
    assert counted == len(ids)
    assert ids == await house.store.read(lambda c: listing.first_ids(c, selection, 200))
    assert all(card.overdue for card in page.cards)
    return ids


async def outcome(house):
    """What the report says became of the posts."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    found = await house.store.read(lambda c: answers.coverage(c, [start]))
    return {one.outcome: sum(o.number for o in found if o.outcome == one.outcome) for one in found}


async def external(house, post_id):
    return (await house.store.post_page(post_id)).post.post.external_id


async def read_as(house, post_id, intent):
    """As if the reader had read it so."""
    await house.store.write(lambda c: c.execute(update(posts).where(posts.c.id == post_id).values(intent=intent)))


async def test_who_waits_longer_than_a_day_is_listed_who_waits_longest_first(house):
    first = await house.post(QUESTION)
    second = await house.post(BROKEN, fan="kim")
    await house.post(OFFTOPIC, fan="lee")
    await house.post("I look into it", fan="tom", staff=True)
    assert await waiting(house) == []
    house.clock.move(**DAY)
    fresh = await house.post(PRAISE, fan="max")
    assert await waiting(house) == [first, second]
    house.clock.move(**DAY)
    await house.rounds.once()  # all drafts have expired by now
    assert await waiting(house) == [first, second, fresh]
    assert await outcome(house) == {Outcome.NOTHING: 3}


async def test_pages_of_the_list_follow_each_other(house):
    ids = [await house.post(QUESTION, fan=f"fan{n}", channel=f"pier{n}") for n in range(5)]
    house.clock.move(**DAY)
    found, after = [], None
    for _ in range(3):
        selection = Selection(me="mara", view=View.UNANSWERED, overdue=house.clock.now() - timedelta(days=1))
        page = await house.desk.listing(selection, limit=2, after=after)
        found += [card.post.id for card in page.cards]
        after = page.next
    assert (found, after) == (ids, None)


async def test_our_reply_is_an_answer_also_when_it_was_removed(house):
    card = await house.sent()
    house.clock.move(**DAY)
    assert await waiting(house) == []
    await house.press(card, "remove")
    await house.send()
    assert await waiting(house) == []
    assert await outcome(house) == {Outcome.ANSWERED: 1}


async def test_a_reply_that_never_arrived_is_none(house):
    card = await house.draft(PRAISE)
    await house.press(card, "approve")
    house.stage.script.append("refused")
    await house.send()
    house.clock.move(**DAY)
    assert await waiting(house) == [card["post"]["post_id"]]


@pytest.mark.parametrize("native", [True, False], ids=["by reply", "later in its thread"])
async def test_a_teammate_has_answered_it(house, native):
    post = await house.post(QUESTION)
    other = post if native else await house.post("same here", fan="kim", reply_to=await external(house, post))
    await house.post("press the red lamp", fan="tom", staff=True, reply_to=await external(house, other))
    house.clock.move(**DAY)
    assert post not in await waiting(house)


async def test_a_bot_is_no_teammate(house):
    post = await house.post(QUESTION)
    await house.post("beep", fan="b", staff=True, reply_to=await external(house, post))
    await house.store.write(lambda c: c.execute(update(posts).where(posts.c.author_id == "b").values(is_bot=True)))
    await house.store.write(lambda c: c.exec_driver_sql("UPDATE drafts SET cause = NULL"))
    house.clock.move(**DAY)
    assert await waiting(house) == [post]


@pytest.mark.parametrize(
    ("answer", "thanks", "answered"),
    [
        ("helping", None, True),
        ("crosstalk", None, False),
        ("crosstalk", "thanks", True),
        ("crosstalk", "question", False),
    ],
)
async def test_a_good_answer_of_another_fan_counts(house, answer, thanks, answered):
    post = await house.post(QUESTION)
    reply = await house.post("touch the lamp", fan="kim", reply_to=await external(house, post))
    await read_as(house, reply, answer)
    if thanks:
        said = await house.post("oh that did it", reply_to=await external(house, reply))
        await read_as(house, said, thanks)
    house.clock.move(**DAY)
    assert (post not in await waiting(house)) is answered


async def test_nobody_answers_themselves_and_a_deleted_answer_is_none(house):
    post = await house.post(QUESTION)
    own = await house.post("I mean the new one", reply_to=await external(house, post))
    await read_as(house, own, "helping")
    other = await house.post("touch the lamp", fan="kim", reply_to=await external(house, post))
    await read_as(house, other, "helping")
    house.clock.move(**DAY)
    assert post not in await waiting(house)
    await house.intake.delete(other)
    assert post in await waiting(house)


async def test_a_person_who_skips_it_has_decided(house):
    card = await house.draft(QUESTION)
    await house.press(card, "reject")
    house.clock.move(**DAY)
    assert await waiting(house) == []
    assert await outcome(house) == {Outcome.SKIPPED: 1}
    await house.asked(card["post"]["post_id"])
    assert await waiting(house) == [card["post"]["post_id"]], "somebody wants a card for it again"


async def test_who_wants_no_replies_and_what_is_gone_is_not_listed(house):
    await house.post(QUESTION, fan="kim")
    await house.fans.answer("stop", "stage", "kim")
    deleted, forgotten = await house.post(QUESTION, fan="lee"), await house.post(QUESTION, fan="max")
    await house.intake.delete(deleted)
    house.clock.move(**DAY)
    assert await waiting(house) == [forgotten]
    await house.desk.forget("stage", "max")
    assert await waiting(house) == []


async def test_the_lobby_is_for_trying_things_out(house):
    await house.post(QUESTION, platform="web", channel="lobby-help")
    ours = await house.post(QUESTION, platform="web", channel="help", fan="kim")
    house.clock.move(**DAY)
    assert await waiting(house) == [ours]


async def test_the_thanks_of_somebody_else_say_nothing(house):
    post = await house.post(QUESTION)
    reply = await house.post("touch the lamp", fan="kim", reply_to=await external(house, post))
    await read_as(house, reply, "crosstalk")
    said = await house.post("oh that did it", fan="lee", reply_to=await external(house, reply))
    await read_as(house, said, "thanks")
    house.clock.move(**DAY)
    assert post in await waiting(house)


@pytest.mark.parametrize("cause", [Cause.ANSWERED, Cause.RESOLVED])
async def test_what_ended_by_an_answer_or_by_itself_is_settled(house, cause):
    card = await house.draft(QUESTION)
    house.database.change(f"UPDATE drafts SET cause = '{cause}'")  # noqa: S608 - one of ours
    house.clock.move(**DAY)
    assert card["post"]["post_id"] not in await waiting(house)


async def test_a_card_for_it_is_one_press_away(house):
    post = await house.post(QUESTION)
    house.clock.move(**DAY)
    await house.rounds.once()
    card = await house.asked(post)
    assert card["state"] == "waiting"
    assert card["text"] or card["kind"] == "handoff"
    assert await waiting(house) == [post], "a card is no answer yet"
    await house.press(card, "edit", text="Touch the lamp.")
    await house.send()
    assert await waiting(house) == []


@pytest.mark.parametrize("hours", [25, 24 * 5], ids=["it waits", "its draft has expired"])
async def test_a_post_that_needs_no_answer_is_settled_by_one_press_and_can_be_taken_back(house, hours):
    post = await house.post(QUESTION)
    house.clock.move(hours=hours)
    await house.rounds.once()
    assert await waiting(house) == [post]
    decided = await house.intake.needs_no_answer(post, "mara")
    assert (decided.by, decided.card.draft.state, decided.card.post.id) == ("mara", "rejected", post)
    assert await waiting(house) == []
    assert await outcome(house) == {Outcome.SKIPPED: 1}
    again = await house.intake.needs_no_answer(post, "tom")
    assert (again.by, again.card.draft.id) == ("mara", decided.card.draft.id), "a second press changes nothing"
    assert len(await house.events("draft_rejected")) == 1
    await house.press(await house.draft_of(post), "undo")
    assert await waiting(house) == [post]
    assert (await house.draft_of(post))["state"] == "waiting"


async def test_only_a_manager_settles_a_post_and_not_under_an_approved_reply(house):
    post = await house.post(QUESTION)
    house.clock.move(days=5)
    await house.rounds.once()
    before = await house.events()
    with pytest.raises(Refused, match="is not a manager"):
        await house.intake.needs_no_answer(post, "robin")
    assert await house.events() == before, "nothing was drafted for it"
    assert await house.intake.needs_no_answer("0" * 16, "mara") is None
    await house.press(await house.asked(post), "edit", text="Touch the lamp.")
    with pytest.raises(Refused, match="You approved this"):
        await house.intake.needs_no_answer(post, "mara")


async def test_a_card_that_waits_is_opened_and_not_asked_for(house):
    await house.post(QUESTION)
    gone = await house.post(BROKEN, fan="kim", channel="pier")
    house.clock.move(**DAY)
    await house.store.write(lambda c: c.execute(update(drafts).where(drafts.c.post_id == gone).values(state="expired")))
    selection = Selection(me="mara", view=View.UNANSWERED, overdue=house.clock.now() - timedelta(days=1))
    first, second = (await house.desk.listing(selection)).cards
    assert first.reply.id == (await house.draft_of(first.post.id))["draft_id"]
    assert second.reply is None


@pytest.mark.parametrize(
    ("text", "risk", "askable"), [(PRAISE, [], True), (BROKEN, [], False), (PRAISE, ["minor"], False)]
)
async def test_nobody_is_asked_about_a_complaint_nor_at_a_gate_nor_twice(house, text, risk, askable):
    post = await house.post(text)
    house.clock.move(**DAY)
    await house.store.write(
        lambda c: c.execute(update(posts).where(posts.c.id == post).values(understanding={"risk": risk}))
    )

    async def offered():
        selection = Selection(me="mara", view=View.UNANSWERED, overdue=house.clock.now() - timedelta(days=1))
        (left,) = (await house.desk.listing(selection)).cards
        card = await house.desk.draft(left.reply.id)
        return left.askable, card.askable

    assert await offered() == (askable, askable)
    asked = Consent(
        id="c" * 16,
        kind=Kind.STAGE,
        state=State.NO,
        platform="stage",
        fan_id="robin",
        wording="May we?",
        created_at=house.clock.now(),
        post_id=post,
    )
    await house.store.write(lambda c: consents.add(c, asked))
    assert await offered() == (False, False)


def at(house, **local):
    """Move the clock on to this time of day."""
    now = house.clock.now()
    then = now.replace(minute=0, second=0, microsecond=0, **local)
    house.clock.move(seconds=((then - now).total_seconds()) % 86_400)


@pytest.fixture
def watch(house):
    """Starts the watch anew: `watch.begin()` as after a restart, `await watch.look()`."""

    def begin():
        now.one = Watch(house.store, house.settings, house.clock)

    async def look():
        house.clock.move(minutes=1)
        await now.one.once()
        return [event.data for event in await house.events("unanswered_listed")]

    now = SimpleNamespace(begin=begin, look=look)
    begin()
    return now


async def test_it_is_told_once_in_the_morning_with_numbers_only(house, watch):
    await house.post(QUESTION)
    await house.post(QUESTION, fan="kim", channel="pier")
    await house.post(BROKEN, fan="kim")
    house.clock.move(days=1)
    at(house, hour=7)
    house.clock.move(days=1)
    assert await watch.look() == []
    at(house, hour=9)
    told = await watch.look()
    assert told == [{"posts": 3, "kinds": {"question": 2}}], "one entry a person, and no id"
    assert await watch.look() == told
    watch.begin()
    assert await watch.look() == told, "also not after a restart"
    at(house, hour=8)
    assert await watch.look() == told
    at(house, hour=9)
    assert len(await watch.look()) == 2


async def test_a_post_that_needs_no_answer_is_not_in_the_daily_list(house, watch):
    settled = await house.post(QUESTION)
    await house.post(BROKEN, fan="kim", channel="pier")
    house.clock.move(days=2)
    await house.intake.needs_no_answer(settled, "mara")
    at(house, hour=9)
    assert await watch.look() == [{"posts": 1, "kinds": {"complaint": 1}}]


async def test_nothing_is_told_when_nobody_waits_nor_in_the_evening(house, watch):
    at(house, hour=9)
    assert await watch.look() == []
    await house.post(QUESTION)
    house.clock.move(days=1)
    at(house, hour=18)
    watch.begin()
    assert await watch.look() == []


async def test_the_live_page_says_who_got_an_answer_and_what_waits(house):
    await house.sent()
    unread = await house.post(BROKEN, fan="kim")
    house.clock.move(**DAY)
    await house.post(QUESTION, fan="lee")
    now = house.clock.now()
    begun = coverage.mondays(now, UTC, 4)
    overdue = now - timedelta(days=1)
    rows = await house.store.read(lambda c: answers.coverage(c, coverage.cuts(begun, overdue)))
    told = coverage.coverage(rows, begun, overdue, UTC)
    assert sum(share.answered for share in told.total) == 1
    assert sum(share.nothing for share in told.total) == 1
    assert sum(share.open for share in told.total) == 1
    assert unread in await waiting(house)
    kinds = await house.store.read(figures.waiting_kinds)
    assert sum(kind.number for kind in kinds) == 2
