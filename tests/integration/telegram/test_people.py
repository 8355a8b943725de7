"""Managers press at once on Telegram, fans change their minds, and people turn up who may not decide."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.adapters.telegram.answers import HIDDEN
from bot.people.fans import Fans

from .house import PRAISE, House, data_of, verbs

Json = dict[str, Any]
OWN = "The two who drew it will hear of this."


async def test_two_managers_press_at_once(open_house: House) -> None:
    house = open_house
    post, card = await house.ask()
    button = data_of(card, "send")
    assert button
    presses = await asyncio.gather(*(house.fake.press(card, button, who) for who in (house.mara, house.tom)))
    assert not any(press.failed for press in presses)
    await house.settled(post)
    assert len(house.fake.replies_to(post)) == 1
    won, lost = sorted(presses, key=lambda press: len(press.text or ""))
    assert not won.text
    assert "approved this" in lost.text
    name = lost.text.split(" approved")[0]
    assert name in ("Mara Quint", "Tom Weiss")
    await house.says(card, name)


async def test_everybody_decides_something_else_at_once(open_house: House) -> None:
    house = open_house
    post, card = await house.ask()
    draft = await house.draft(post)
    known = [data_of(card, verb) or "" for verb in ("send", "reword", "edit", "skip")]
    await asyncio.gather(
        *(house.fake.press(card, data, who) for data, who in itertools.product(known, (house.mara, house.tom)))
    )
    house.fake.reply(card, house.tom, OWN)
    after = await house.judged(house.fake.post(house.harbor, house.kim, "fog again on the way to work"))
    assert after.action == "silent"
    rows = house.rows("SELECT count(*) FROM decisions WHERE draft_id = ? AND seal IS NOT NULL", draft["draft_id"])
    assert rows in ([(0,)], [(1,)])
    assert len(house.fake.replies_to(post)) <= 1


async def test_words_of_ones_own_while_somebody_approves(house: House) -> None:
    house.undo = 30
    await house.start()
    post, card = await house.ask()
    draft = await house.draft(post)
    await house.press(card, "send", house.tom)
    mine = house.fake.reply(card, house.mara, OWN)
    told = (await house.until(lambda: house.fake.replies_to(mine)))[0]
    assert "Tom Weiss approved this" in told["text"]
    now = await house.draft(post, "approved")
    assert now["text"] == draft["text"], "the yes is bound to what Tom saw"
    assert mine in house.fake.messages(house.room), "what Mara wrote is not lost"


async def test_somebody_who_is_no_manager_presses(open_house: House) -> None:
    house = open_house
    post, card = await house.ask()
    draft = await house.draft(post)
    with capture_logs() as logs:
        told = [await house.press(card, verb, house.kim) for verb in ("send", "edit", "skip", "snooze", "handover")]
    assert all(str(house.kim["id"]) in one.text and one.alert and len(one.text) <= 200 for one in told)
    lines = [one for one in logs if one["event"] == "telegram_manager_not_listed"]
    assert lines[0]["config_line"].endswith(f"telegram: {house.kim['id']}}}}}")
    assert (await house.draft(post))["revision"] == draft["revision"]
    assert "send" in verbs(card)
    assert not house.fake.replies_to(post)


async def test_somebody_who_is_no_manager_replies_and_is_told_once(open_house: House) -> None:
    house = open_house
    post, card = await house.ask()
    first, second = (house.fake.reply(card, house.kim, OWN) for _ in range(2))
    told = (await house.until(lambda: house.fake.replies_to(first)))[0]
    assert str(house.kim["id"]) in told["text"]
    mine = house.fake.reply(card, house.mara, "Lovely, the lot of you.")
    await house.says(card, "Lovely, the lot of you.")
    assert not house.fake.replies_to(second)
    assert mine in house.fake.messages(house.room)
    assert OWN not in (await house.draft(post))["text"]


async def test_whom_telegram_hides_cannot_be_a_manager(open_house: House) -> None:
    house = open_house
    post, card = await house.ask()
    hidden = house.fake.reply(card, house.room, OWN)
    assert (await house.until(lambda: house.fake.replies_to(hidden)))[0]["text"] == HIDDEN
    assert (await house.draft(post))["text"] != OWN


async def test_a_reply_of_a_fan_to_our_reply_is_a_post(open_house: House) -> None:
    house = open_house
    post, card = await house.ask()
    await house.approve(card)
    await house.settled(post)
    answer = house.fake.reply(house.fake.replies_to(post)[0], house.robin, "love the harbor")
    stored = await house.judged(answer)
    assert stored.post.reply_to == str(house.fake.replies_to(post)[0]["message_id"])


async def test_a_message_with_the_number_of_a_card_in_another_chat_is_no_card(open_house: House) -> None:
    house = open_house
    post, card = await house.ask()
    await house.ask("love it", by=house.kim)
    await house.approve(card)
    await house.settled(post)
    ours = house.fake.replies_to(post)[0]
    third, waiting = await house.ask("the fog in the last level is lovely")
    assert waiting["message_id"] == ours["message_id"], "each chat counts its own"
    house.fake.reply(ours, house.mara, OWN)
    await house.judged(house.fake.post(house.harbor, house.kim, "fog again on the way to work"))
    assert (await house.draft(third))["revision"] == 1


async def test_the_fan_edits_and_the_old_card_sends_nothing(open_house: House) -> None:
    house = open_house
    post, card = await house.ask()
    button = data_of(card, "send")
    assert button
    house.fake.edit(post, "how do I save")
    await house.says(card, "The fan edited the post")
    late = await house.fake.press(card, button, house.mara)
    assert late.text == "The fan has edited the post; a new draft follows."
    await house.card("how do I save")
    assert not house.fake.replies_to(post)


async def test_pressing_one_card_leaves_the_others_alive(open_house: House) -> None:
    house = open_house
    first, card_a = await house.ask("the fog in the last level is lovely")
    second, card_b = await house.ask("love it", by=house.kim)
    await house.press(card_a, "skip")
    await house.approve(card_b, house.tom)
    await house.settled(second)
    assert set(verbs(card_a)) == {"skip", "back"}
    await house.press(card_a, "back")
    await house.approve(card_a)
    await house.settled(first)


async def test_only_the_one_who_is_asked_is_named(open_house: House) -> None:
    house = open_house
    house.fake.post(house.harbor, house.robin, f"@mara @everyone look, {PRAISE}")
    card = await house.card(PRAISE)
    await house.press(card, "edit", house.tom)
    await house.until(lambda: any("whole text" in one["text"] for one in house.fake.by_bot(house.room)))
    house.fake.reply(card, house.mara, OWN)
    await house.says(card, OWN)
    named = [
        (one["type"], one.get("user", {}).get("id"))
        for message in house.fake.by_bot(house.room)
        for one in message.get("entities", ())
        if one["type"] in ("mention", "text_mention", "bot_command")
    ]
    assert named == [("text_mention", house.tom["id"])]


@pytest.mark.parametrize("verb", ["send", "edit", "skip"])
async def test_a_card_whose_post_is_gone_for_us_is_answered(open_house: House, verb: str) -> None:
    house = open_house
    post, card = await house.ask()
    data = data_of(card, verb)
    assert data
    draft = await house.draft(post)
    fans = Fans(house.app.store, house.app.settings, house.app.clock)
    await fans.answer("stop", "telegram", str(house.robin["id"]))
    press = await house.fake.press(card, data, house.mara)
    assert press.text == "The fan wants no replies."
    assert (await house.draft(post, "withdrawn"))["draft_id"] == draft["draft_id"]
