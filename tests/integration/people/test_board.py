"""What managers do with topics, and what fans are told of it."""

from __future__ import annotations

import pytest

from bot.domain import Refused
from bot.events import Happened
from bot.people.board import Board
from bot.people.fans import FORGET
from bot.queue import voids
from bot.store import drafts, topics
from bot.store.ids import new_id
from bot.store.topics import TopicState

WISH = "how do i save my fog"


@pytest.fixture
async def board(community):
    house = community.house
    return Board(house.store, house.settings, house.clock, lambda: house.pipeline.library)


async def topic_of(community, *post_ids, name=""):
    """A topic of these posts, as if they were grouped."""
    topic_id, now = new_id(), community.house.clock.now()
    await community.house.store.write(lambda c: topics.add(c, topic_id, name, None, now))
    await hear(community, topic_id, *post_ids)
    return topic_id


async def hear(community, topic_id, *post_ids):
    rows = [{"post_id": each, "topic_id": topic_id, "at": community.house.clock.now()} for each in post_ids]
    await community.house.store.write(lambda c: c.execute(topics.voices.insert(), rows))


async def topic(community, topic_id):
    return await community.house.store.read(lambda c: topics.get(c, topic_id))


async def ends_as(community, cards):
    return [(await community.house.again(card))["state"] for card in cards]


async def test_each_fan_is_told_once_in_the_thread_of_their_latest_post(community, board):
    house = community.house
    first = await house.post(WISH, fan="ada")
    later = await house.post(f"{WISH} again", fan="ada")
    other = await house.post(WISH, fan="bo")
    topic_id = await topic_of(community, first, later, other)
    assert await board.mark(topic_id, TopicState.PLANNED, "saving the fog", "It is in the spring update.", "mara") == 2
    cards = sorted(await community.waiting("told_back"), key=lambda card: card["post"]["post_id"] != later)
    assert [card["post"]["post_id"] for card in cards] == [later, other]
    assert all("saving the fog" in card["text"] and "spring update" in card["text"] for card in cards)
    text = await community.send(cards[0])
    assert (await community.external(later), text) in [(to, said) for _, to, said in house.stage.shown.values()]
    # Marked again, nobody is told twice; somebody who came since is.
    newcomer = await house.post(WISH, fan="cy")
    await hear(community, topic_id, newcomer)
    await board.mark(topic_id, TopicState.PLANNED, "saving the fog", "It is in the spring update.", "mara")
    told = {card["post"]["post_id"] for card in await community.waiting("told_back")}
    assert told == {other, newcomer}


async def test_another_state_is_told_again(community, board):
    post = await community.house.post(WISH, fan="ada")
    topic_id = await topic_of(community, post)
    await board.mark(topic_id, TopicState.PLANNED, "fog", "Soon.", "mara")
    await community.send((await community.waiting("told_back"))[0])
    assert await board.mark(topic_id, TopicState.DONE, "fog", "It is out.", "mara") == 1


async def test_who_must_not_be_told_is_not(community, board):
    house = community.house
    kept = await house.post(WISH, fan="ada")
    staff = await house.post(WISH, fan="tess", staff=True)
    danger = await house.post("i want to die", fan="dee")
    deleted = await house.post(WISH, fan="del", external_id="gone")
    forgotten = await house.post(WISH, fan="fay")
    out = await house.post(WISH, fan="otto")
    topic_id = await topic_of(community, kept, staff, danger, deleted, forgotten, out)
    await house.intake.deleted("stage", "harbor", "gone")
    await house.fans.press("stage", "fay", FORGET)
    await house.fans.answer("stop", "stage", "otto")
    assert await board.mark(topic_id, TopicState.DONE, "fog", "It is out.", "mara") == 1
    assert [card["post"]["post_id"] for card in await community.waiting("told_back")] == [kept]
    assert (await topic(community, topic_id)).count == 4  # who opted out was heard all the same


async def test_a_fan_is_told_when_the_words_are_dropped_already(community, board):
    house = community.house
    topic_id = await topic_of(community, await house.post(WISH, fan="ada"))
    house.clock.move(days=8)
    await house.rounds.once()
    house.clock.move(minutes=2)
    await house.rounds.once()
    post = (await house.store.read(lambda c: topics.newest(c, topic_id, 1, kept=False)))[0]
    assert (post.kept, post.post.text) == (False, "")
    await board.mark(topic_id, TopicState.DONE, "saving the fog", "It is out.", "mara")
    card = (await community.waiting("told_back"))[0]
    house.clock.move(days=13)
    await house.rounds.once()
    assert "saving the fog" in await community.send(card)
    # What we said goes after its time as well, though the words of the post had gone before.
    house.clock.move(days=8)
    await house.rounds.once()
    house.clock.move(minutes=2)
    await house.rounds.once()
    assert (await house.store.read(lambda c: drafts.get(c, card["draft_id"]))).text is None


async def test_a_draft_waits_for_two_weeks_at_most(community, board):
    house = community.house
    topic_id = await topic_of(community, await house.post(WISH, fan="ada"))
    await board.mark(topic_id, TopicState.DONE, "fog", "It is out.", "mara")
    cards = await community.waiting("told_back")
    house.clock.move(days=14)
    await house.rounds.once()
    assert await ends_as(community, cards) == ["expired"]


async def test_a_mark_taken_back_withdraws_what_waits_and_what_is_not_sent_yet(community, board):
    house = community.house
    posts = [await house.post(WISH, fan=fan) for fan in ("ada", "bo", "cy")]
    topic_id = await topic_of(community, *posts)
    await board.mark(topic_id, TopicState.DONE, "fog", "It is out.", "mara")
    sent, held, waits = await community.waiting("told_back")
    await community.send(sent)
    await house.press(held, "approve")
    assert await board.unmark(topic_id, "tom") == 2
    assert await ends_as(community, [sent, held, waits]) == ["approved", "withdrawn", "withdrawn"]
    await house.send()
    assert len([d for d in house.stage.sent if d.text and "fog" in d.text]) == 1
    found = await topic(community, topic_id)
    assert (found.state, found.reason, found.decided_by) == (TopicState.OPEN, None, None)
    # Marked anew, only those who have not been told are.
    assert await board.mark(topic_id, TopicState.DONE, "fog", "It is out.", "mara") == 2


async def test_a_post_that_moves_takes_its_waiting_draft_from_the_desk(community, board):
    house = community.house
    one, two = await house.post(WISH, fan="ada"), await house.post(WISH, fan="bo")
    first, second = await topic_of(community, one, name="fog"), await topic_of(community, two, name="rain")
    await board.mark(first, TopicState.DONE, "fog", "It is out.", "mara")
    cards = await community.waiting("told_back")
    await board.merge(first, second, "mara")
    assert await ends_as(community, cards) == ["withdrawn"]
    assert await topic(community, first) is None
    merged = await topic(community, second)
    assert (merged.count, merged.name, merged.named_by) == (2, "fog", "mara")
    own = await board.move(one, None, "mara")
    assert ((await topic(community, second)).count, (await topic(community, own)).count) == (1, 1)
    await board.move(one, second, "mara")
    assert await topic(community, own) is None


async def test_a_fan_who_opts_out_is_not_told_what_waits(community, board):
    house = community.house
    topic_id = await topic_of(community, await house.post(WISH, fan="ada"))
    await board.mark(topic_id, TopicState.DONE, "fog", "It is out.", "mara")
    cards = await community.waiting("told_back")
    await house.store.write(lambda c: voids.opt_out(c, "stage", "ada", house.clock.now()))
    assert await ends_as(community, cards) == ["withdrawn"]


async def test_the_count_goes_down_when_a_fan_deletes_edits_or_is_forgotten(community):
    house = community.house
    posts = [await house.post(WISH, fan=fan, external_id=fan) for fan in ("ada", "bo", "cy", "dee")]
    topic_id = await topic_of(community, *posts)
    await house.intake.deleted("stage", "harbor", "ada")
    await house.intake.edited("stage", "harbor", "bo", "how do i save the lamp")
    await house.fans.press("stage", "cy", FORGET)
    assert (await topic(community, topic_id)).count == 1
    assert [voice["topic"] for voice in (await house.store.export("stage", "dee"))["voices"]] == [""]


@pytest.mark.parametrize(("name", "reason"), [("", "x"), ("  \n", "x"), ("x", " "), ("x" * 81, "x"), ("x", "x" * 301)])
async def test_a_mark_needs_words_that_fans_can_read(community, board, name, reason):
    topic_id = await topic_of(community, await community.house.post(WISH))
    with pytest.raises(Refused):
        await board.mark(topic_id, TopicState.DONE, name, reason, "mara")
    assert not await community.waiting("told_back")


async def test_what_is_gone_is_told_in_words(community, board):
    for step in (
        board.name("0" * 16, "fog", "mara"),
        board.assign("0" * 16, None, "mara"),
        board.mark("0" * 16, TopicState.DONE, "fog", "out", "mara"),
        board.unmark("0" * 16, "mara"),
        board.merge("0" * 16, "1" * 16, "mara"),
        board.move("0" * 16, None, "mara"),
    ):
        with pytest.raises(Refused):
            await step
    assert not await community.house.store.events_named(Happened.TOPIC_CHANGED, since=community.house.clock.now())
