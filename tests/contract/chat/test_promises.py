"""What every chat platform must keep, asked of each in the same words: a platform that passes may join."""

from __future__ import annotations

import httpx
import pytest

from bot.adapters.web.auth import signin_link
from tests.contract.chat.stages import Stage

PRAISE, LOVELY = "the new map is gorgeous", "the colours of the fog in the harbor are lovely"
OVER = ("The fan deleted the post",)


async def test_a_post_becomes_a_card_and_a_yes_sends_once(open_stage: Stage) -> None:
    stage = open_stage
    post = stage.post(PRAISE)
    card = await stage.card(PRAISE)
    assert stage.replies(post) == []
    await stage.press(card, "Send")
    card = await stage.says(card, "Sent")
    assert len(stage.replies(post)) == 1
    await stage.press(card, "Send") if "Send" in card.buttons else None
    assert stage.rows("SELECT state, external_id IS NOT NULL FROM deliveries") == [("sent", 1)]


async def test_words_that_changed_are_not_answered(open_stage: Stage) -> None:
    stage = open_stage
    post = stage.post(PRAISE)
    old = await stage.card(PRAISE)
    stage.edit(post, LOVELY)
    await stage.card(LOVELY)
    told = await stage.press(old, "Send")
    assert await stage.told(told)
    assert stage.replies(post) == []
    assert stage.rows("SELECT 1 FROM deliveries") == []


async def test_a_post_that_is_gone_is_not_answered(open_stage: Stage) -> None:
    stage = open_stage
    post = stage.post(PRAISE)
    card = await stage.card(PRAISE)
    stage.delete(post)
    if not stage.tells_of_deletes:
        await stage.press(card, "Send")
    await stage.says(card, *OVER)
    assert stage.replies(post) == []


async def test_of_two_managers_the_first_wins_and_the_second_is_told_who(open_stage: Stage) -> None:
    stage = open_stage
    post = stage.post(PRAISE)
    card = await stage.card(PRAISE)
    await stage.press(card, "Send", "mara")
    await stage.until(lambda: stage.rows("SELECT 1 FROM decisions"))
    late = await stage.press(card, "Send", "tom")
    await stage.told(late, "Mara Quint")
    await stage.says(card, "Sent")
    later = await stage.press(card, "Send", "tom")  # the button that Tom saw, though the card has others now
    await stage.told(later, "Mara Quint")
    assert len(stage.replies(post)) == 1
    assert stage.rows('SELECT "by" FROM decisions') == [("mara",)]


async def test_a_yes_can_be_taken_back(stage: Stage) -> None:
    await stage.start(undo=600)
    post = stage.post(PRAISE)
    card = await stage.card(PRAISE)
    await stage.press(card, "Send")
    card = await stage.until(lambda: (now := stage.now(card)) and "Undo" in now.buttons and now)
    await stage.press(card, "Undo")
    await stage.until(lambda: "Send" in stage.now(card).buttons)
    assert stage.replies(post) == []
    assert stage.rows("SELECT state FROM deliveries") == [("recalled",)]


async def test_a_skip_has_a_reason(open_stage: Stage) -> None:
    stage = open_stage
    post = stage.post(PRAISE)
    card = await stage.card(PRAISE)
    await stage.press(card, "Skip", pick="the post was misread")
    await stage.says(card, "Skipped")
    assert stage.rows("SELECT note FROM decisions") == [("the post was misread",)]
    assert stage.replies(post) == []


async def test_own_words_go_out_as_they_were_written(open_stage: Stage) -> None:
    stage = open_stage
    post = stage.post(PRAISE)
    card = await stage.card(PRAISE)
    await stage.write(card, "Which corner of it did you find first?")
    await stage.until(lambda: stage.replies(post))
    assert stage.replies(post) == ["Which corner of it did you find first?"]


async def test_who_is_no_manager_decides_nothing_and_is_told_so(open_stage: Stage) -> None:
    stage = open_stage
    post = stage.post(PRAISE)
    card = await stage.card(PRAISE)
    for told in (await stage.press(card, "Send", "kim"), await stage.write(card, "Mine!", "robin")):
        await stage.told(told, "Only the managers of Lantern Harbor can decide here")
    assert stage.rows("SELECT 1 FROM decisions") == []
    assert stage.replies(post) == []


@pytest.mark.parametrize("arrived", [True, False], ids=["it arrived", "it did not"])
async def test_the_connection_is_lost_while_a_reply_is_on_its_way(open_stage: Stage, arrived: bool) -> None:
    stage = open_stage
    post = stage.post(PRAISE)
    card = await stage.card(PRAISE)
    stage.lose(arrived=arrived)
    await stage.press(card, "Send")
    card = await stage.says(card, "Sent", "Did the reply arrive?")
    if "It is there" in card.buttons:  # the platform cannot tell: a person looks
        assert len(stage.replies(post)) == int(arrived)
        await stage.press(card, "It is there" if arrived else "It is not there")
        if not arrived:
            card = await stage.until(lambda: (now := stage.now(card)) and "Try again" in now.buttons and now)
            await stage.press(card, "Try again")
    await stage.says(card, "Sent")
    assert len(stage.replies(post)) == 1


async def test_what_is_written_while_the_connection_is_down_is_not_missed(open_stage: Stage) -> None:
    stage = open_stage
    stage.post(PRAISE)
    await stage.card(PRAISE)
    stage.disconnect()
    post = stage.post(LOVELY, "kim")
    card = await stage.card(LOVELY)
    await stage.press(card, "Send")
    await stage.until(lambda: stage.replies(post))


async def test_a_card_outlives_a_restart(stage: Stage) -> None:
    await stage.start()
    post = stage.post(PRAISE)
    card = await stage.card(PRAISE)
    await stage.until(lambda: stage.rows("SELECT 1 FROM cards"))
    await stage.stop()
    await stage.start()
    later = stage.post(LOVELY, "kim")
    await stage.card(LOVELY)
    assert [one.id for one in stage.cards() if PRAISE in one.text] == [card.id]
    await stage.press(card, "Send")
    await stage.says(card, "Sent")
    assert (len(stage.replies(post)), stage.replies(later)) == (1, [])


async def test_a_fan_wants_no_replies_and_wants_them_again(open_stage: Stage) -> None:
    stage = open_stage
    stage.post(PRAISE)
    card = await stage.card(PRAISE)
    await stage.told(await stage.command("stop"), "/start")
    await stage.says(card, "The fan wants no replies")
    stage.post(LOVELY)
    await stage.until(lambda: stage.rows("SELECT 1 FROM posts WHERE action IS NOT NULL") == [(1,), (1,)])
    assert stage.rows("SELECT 1 FROM drafts WHERE state = 'waiting'") == []
    await stage.told(await stage.command("start"), "again")
    stage.post("the new map is gorgeous, really")
    await stage.card("gorgeous, really")


async def test_the_console_says_where_a_link_to_it_can_be_had(open_stage: Stage) -> None:
    app = open_stage.app
    (on,) = app.settings.switched_on
    words = f"<code>/console</code> to the bot on {on.title()}"
    async with httpx.AsyncClient(base_url=app.base_url) as browser:
        link = signin_link(app.keys, app.base_url, "mara")
        for _ in range(2):  # it works once
            answer = await browser.post(link)
        assert f"{words}. Or run" in answer.text
        assert f"{words};" in (await browser.get("/team")).text
