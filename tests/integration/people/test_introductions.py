"""Two fans who want the same known are introduced if both say yes. Nobody learns of the other's no."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.consent import State
from bot.domain import Refused
from bot.people import introductions
from bot.people.introductions import Pair, alike
from bot.queue import forgetting, voids
from tests.integration.people.conftest import Community

INES, BRAM = ("ines", "I play on Linux"), ("bram", "plays on linux")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Plays on Linux", "plays on linux!", True),
        ("plays on Linux", "I play on Linux", True),
        ("makes paper lanterns", "I make paper lanterns", True),
        ("灯笼", "灯笼", True),
        ("makes lanterns", "makes lamps", False),
        ("I make lanterns", "I make videos", False),
        ("!!", "!!", False),
        ("", "", False),
    ],
)
def test_what_is_the_same_thing(one, other, same):
    assert alike(one, other) is same


@given(st.text(), st.text())
def test_the_same_for_both_and_always_like_oneself(one, other):
    assert alike(one, other) == alike(other, one)
    assert alike(one, one) == any(sign.isalnum() for sign in one.casefold())


async def pairs(community: Community) -> list[Pair]:
    now = community.house.clock.now()
    return await community.house.store.read(lambda c: introductions.found(c, now))


async def both_wrote(community: Community) -> None:
    for fan, thing in (INES, BRAM):
        await community.remember(fan, "likes tea and rain" if fan == "ines" else "collects stamps", thing)
        await community.house.post("made a lantern", fan=fan, name=fan.title())


async def both_asked(community: Community, *, send: bool = True) -> None:
    await both_wrote(community)
    (pair,) = await pairs(community)
    await community.house.asks.introduce(pair.first.post.id, pair.second.post.id, "mara")
    for card in await community.waiting("ask") if send else []:
        await community.send(card)


async def introduced(community: Community) -> str:
    """Both said yes, and so did a manager; the text."""
    await both_asked(community)
    await community.say("ines", "yes")
    assert await community.waiting("introduction") == []
    await community.say("bram", "yes")
    (card,) = await community.waiting("introduction")
    return await community.send(card)


async def test_both_say_yes_and_one_message_names_both(community):
    await both_asked(community)
    texts = [sent.text for sent in community.house.stage.sent]
    assert not any(name in text for text in texts for name in ("Ines", "Bram")), "neither question names the other"
    await community.say("bram", "yes")
    await community.say("ines", "yes")
    (card,) = await community.waiting("introduction")
    assert {card["post"]["author"]["id"]} < {"ines", "bram"}
    text = await community.send(card)
    assert "Ines" in text
    assert "Bram" in text
    assert await pairs(community) == []
    for fan in ("ines", "bram"):  # a press that comes twice makes no second message
        await community.say(fan, "yes")
    assert await community.waiting("introduction") == []


async def test_the_name_that_they_chose_stands_there(community):
    await community.remember("bram", called="Captain B")
    assert "Captain B" in await introduced(community)


@pytest.mark.parametrize("first", ["ines", "bram"])
async def test_a_no_ends_it_and_the_other_hears_nothing(community, first):
    await both_asked(community)
    other = {"ines": "bram", "bram": "ines"}[first]
    before = len(community.house.stage.sent)
    expected = await community.say(other, "yes")
    await community.say(first, "no")
    await community.house.send()
    assert len(community.house.stage.sent) == before
    assert await community.waiting("introduction") == []
    assert await pairs(community) == []
    exported = str(await community.house.store.export("stage", other))
    assert State.NO not in exported.split("'")
    assert expected.text == (await community.say(other, "yes")).text


async def test_after_a_no_the_other_is_not_asked_any_more(community):
    await both_asked(community, send=False)
    cards = {card["post"]["author"]["id"]: card for card in await community.waiting("ask")}
    await community.send(cards["ines"])
    await community.say("ines", "no")
    assert await community.waiting("ask") == []
    assert (await community.house.again(cards["bram"]))["cause"] == "consent_ended"


async def test_the_answer_of_whoever_was_asked_reads_the_same_after_a_no(community):
    await both_asked(community)
    await community.say("ines", "no")
    assert "Thank you" in (await community.say("bram", "yes")).text
    assert await community.waiting("introduction") == []


@pytest.mark.parametrize("fan", ["ines", "bram"])
async def test_taken_back_while_it_waits(community, fan):
    await both_asked(community)
    for each in ("ines", "bram"):
        await community.say(each, "yes")
    (card,) = await community.waiting("introduction")
    await community.say(fan, "withdraw")
    assert (await community.house.again(card))["cause"] == "consent_ended"


@pytest.mark.parametrize("how", ["withdraw", "forget"])
@pytest.mark.parametrize("fan", ["ines", "bram"])
async def test_taken_back_after_it_was_sent_it_is_removed(community, fan, how):
    house = community.house
    text = await introduced(community)
    assert any(text == shown for _, _, shown in house.stage.shown.values())
    if how == "withdraw":
        await community.say(fan, "withdraw")
    else:
        await forgetting.forget(house.store, "stage", fan, house.clock.now())
    await house.send()
    assert not any(text == shown for _, _, shown in house.stage.shown.values())


async def test_taken_back_while_it_is_in_flight(community):
    house = community.house
    await both_asked(community)
    for each in ("ines", "bram"):
        await community.say(each, "yes")
    (card,) = await community.waiting("introduction")

    async def meanwhile(delivery):
        house.stage.meanwhile = None
        await community.say("bram", "withdraw")

    await house.press(card, "approve")
    house.stage.meanwhile = meanwhile
    await house.send()
    await house.send()
    assert "Bram" not in str(house.stage.shown)


async def test_who_is_not_offered_to_managers(community):
    house = community.house
    await both_wrote(community)
    now = house.clock.now()
    assert len(await pairs(community)) == 1
    await house.store.write(lambda c: voids.opt_out(c, "stage", "bram", now))
    assert await pairs(community) == [], "a fan who wants no answers"
    await house.fans.answer("start", "stage", "bram")
    await house.post("I want to die", fan="ines")
    assert await pairs(community) == [], "a fan whose newest post is at a gate"
    await house.post("made a lantern", fan="ines")
    assert len(await pairs(community)) == 1
    house.clock.move(days=15)
    assert await pairs(community) == [], "fans who have not written lately"


async def test_a_fan_who_did_not_ask_to_be_remembered_is_never_offered(community):
    await community.remember(*INES)
    for fan in ("ines", "bram"):
        await community.house.post("made a lantern, plays on linux", fan=fan)
    assert await pairs(community) == []


async def test_a_pair_is_asked_once_even_if_two_managers_press(community):
    await both_wrote(community)
    (pair,) = await pairs(community)
    await community.house.asks.introduce(pair.first.post.id, pair.second.post.id, "mara")
    with pytest.raises(Refused, match="cannot be asked any more"):
        await community.house.asks.introduce(pair.second.post.id, pair.first.post.id, "tom")
    assert len(await community.waiting("ask")) == 2


async def test_a_post_that_went_is_answered_no_more(community):
    house = community.house
    await both_asked(community)
    await community.say("ines", "yes")
    await house.intake.deleted("stage", "harbor", await community.external((await community.consent("ines")).post_id))
    await community.say("bram", "yes")
    assert await community.waiting("introduction") == [], "there is nothing of theirs to answer"


async def test_with_a_newer_post_it_answers_that(community):
    house = community.house
    await both_asked(community)
    await community.say("ines", "yes")
    newer = await house.post("made a kite", fan="ines", name="Ines")
    await house.intake.deleted("stage", "harbor", await community.external((await community.consent("ines")).post_id))
    await community.say("bram", "yes")
    (card,) = await community.waiting("introduction")
    assert card["post"]["post_id"] in {newer, (await community.consent("bram")).post_id}
    assert "Ines" in await community.send(card)
