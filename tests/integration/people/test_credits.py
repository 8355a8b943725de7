"""A fan who helped another one is thanked in the thread, once, after a manager's yes."""

from __future__ import annotations

import pytest

from bot.queue import voids
from bot.store import Connection
from bot.store.tables import honours
from tests.integration.people.conftest import Community

ASKS, HELPS, THANKS, WORKS = (
    "how do I save?",
    "press the red lamp twice",
    "thank you so much!",
    "never mind, it works now",
)


async def helped(community: Community, last: str = THANKS, to: str = "helper", **more: object) -> str:
    """One asks, another helps, the first says so; the helper's post."""
    question = await community.house.post(ASKS, fan="asker")
    answer = await community.answer(question, HELPS, "helper", name="Ines", **more)
    if to == "nobody":
        await community.house.post(last, fan="asker")
    else:
        await community.answer({"helper": answer, "self": question}[to], last, "asker")
    return answer


@pytest.mark.parametrize(("last", "to"), [(THANKS, "helper"), (THANKS, "self"), (THANKS, "nobody"), (WORKS, "nobody")])
async def test_a_fan_who_helped_is_credited(community, last, to):
    answer = await helped(community, last, to)
    (card,) = await community.waiting("credit")
    assert card["post"]["post_id"] == answer
    assert "thread" in card["why"]
    text = await community.send(card)
    sent = community.house.stage.sent[-1]
    assert (sent.target.channel, sent.target.reply_to) == ("harbor", await community.external(answer))
    assert "Ines" in text


async def test_once_in_a_thread_however_often_they_are_thanked(community):
    answer = await helped(community)
    await community.answer(answer, THANKS, "somebody")
    (card,) = await community.waiting("credit")
    await community.house.press(card, "reject")
    await community.answer(answer, THANKS, "another")
    assert await community.waiting("credit") == []


async def test_two_helpers_of_one_thread_are_each_credited_by_a_thanks_to_them(community):
    question = await community.house.post(ASKS, fan="asker")
    for fan in ("ines", "bram"):
        answer = await community.answer(question, HELPS, fan)
        await community.answer(answer, THANKS, "asker")
    found = [card["post"]["text"] + card["post"]["author"]["id"] for card in await community.waiting("credit")]
    assert len(found) == 2, found


async def test_nobody_guesses_which_of_two_answers_worked(community):
    question = await community.house.post(ASKS, fan="asker")
    for fan in ("ines", "bram"):
        await community.answer(question, HELPS, fan)
    await community.house.post(WORKS, fan="asker")
    assert await community.waiting("credit") == []


@pytest.mark.parametrize("more", [{"staff": True}, {"fan": "asker"}], ids=["staff", "oneself"])
async def test_no_credit_for_the_team_or_for_oneself(community, more):
    question = await community.house.post(ASKS, fan="asker")
    answer = await community.answer(question, HELPS, **{"fan": "helper", **more})
    await community.answer(answer, THANKS, "asker")
    assert await community.waiting("credit") == []


async def test_thanks_to_a_reply_of_ours_credit_no_fan(community):
    house = community.house
    question = await house.post(ASKS, fan="asker")
    await community.answer(question, HELPS, "helper")
    card = await house.asked(question)
    await house.press(card, "edit", text="It saves by itself.")
    await house.send()
    ours = next(iter(house.stage.shown))
    await house.post(THANKS, fan="asker", reply_to=ours)
    assert await community.waiting("credit") == []


async def test_no_credit_near_a_gate_or_for_a_fan_who_wants_no_replies(community):
    house = community.house
    question = await house.post("how do I save? I want to die", fan="asker")
    answer = await community.answer(question, HELPS, "helper")
    await community.answer(answer, THANKS, "asker")
    now = house.clock.now()
    await house.store.write(lambda c: voids.opt_out(c, "stage", "quiet", now))
    question = await house.post(ASKS, fan="another")
    answer = await community.answer(question, HELPS, "quiet")
    await community.answer(answer, THANKS, "another")
    assert await community.waiting("credit") == []


@pytest.mark.parametrize("how", ["opts out", "deletes it"])
async def test_a_credit_is_withdrawn_when_the_helper_opts_out_or_deletes_the_post(community, how):
    house = community.house
    answer = await helped(community)
    now = house.clock.now()
    assert await community.waiting("credit")
    if how == "opts out":
        await house.store.write(lambda c: voids.opt_out(c, "stage", "helper", now))
    else:
        await house.intake.deleted("stage", "harbor", await community.external(answer))
    assert await community.waiting("credit") == []


async def test_only_a_helper_who_asked_to_be_remembered_finds_it_noted(community):
    def noted(connection: Connection) -> list[tuple[str, str]]:
        return [(row.person_id, row.kind) for row in connection.execute(honours.select())]

    await helped(community)
    (card,) = await community.waiting("credit")
    await community.send(card)
    assert await community.house.store.read(noted) == []
    person = await community.remember("helper", called="Ines the Patient")
    await helped(community)
    (card,) = await community.waiting("credit")
    assert await community.house.store.read(noted) == []
    assert "Ines the Patient" in await community.send(card)
    assert await community.house.store.read(noted) == [(person, "helped")]
