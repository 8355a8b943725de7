"""Cards in a managers' chat on Telegram: each in line with its draft, whatever happens around it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from bot.adapters.telegram.board import MOVED
from bot.store import cards as kept
from tests.fakes.telegram import EDIT, SEND, Fault, buttons

from .house import PRAISE, House, verbs

Json = dict[str, Any]


@pytest.fixture
async def room(house: House) -> House:
    """Running, with time to take a decision back."""
    house.undo = 30
    await house.start()
    return house


def poke(house: House) -> None:
    """The cards look around now."""
    house.app.platforms["telegram"].cards.more()  # type: ignore[attr-defined] # Telegram's has cards


async def later(house: House, **time: float) -> None:
    """Later; the desk and the cards have seen it."""
    await house.moved(**time)
    poke(house)


async def in_time(house: House, happened: Callable[[], Any]) -> Any:
    """What happens when time passes, whatever is under way now."""

    async def passing() -> Any:
        await later(house, seconds=5)
        return happened()

    return await house.until(passing)


async def waiting(house: House, words: str = PRAISE, **more: Any) -> tuple[Json, Json]:
    """A draft, and its card in the managers' chat."""
    post, card = await house.ask(words, **more)
    return await house.draft(post), card


def entities(message: Json, kind: str) -> list[Json]:
    return [one for one in message.get("entities", ()) if one["type"] == kind]


def asked(house: House, call: str) -> list[Json]:
    """What was asked of the managers' chat."""
    return [one.asked for one in house.fake.requests(call) if one.asked["chat_id"] == house.room["id"]]


async def test_a_draft_gets_a_card_that_follows_it(room):
    draft, card = await waiting(room)
    assert card["text"].startswith("Robin in Lantern Harbor · ")
    assert card["text"].endswith(f"Reply\n{draft['text']}")
    assert list(verbs(card)) == ["send", "edit", "reword", "skip", "snooze", "handover", "relabel"]
    assert entities(card, "blockquote")
    assert entities(card, "text_link")[0]["url"] == f"https://t.me/c/{str(room.harbor['id'])[4:]}/{draft['post']['id']}"
    assert asked(room, SEND)[0]["link_preview_options"] == {"is_disabled": True}
    await room.decide(draft, "approve", by="tom")
    await room.says(card, "Approved, the reply is on its way · Tom Weiss")
    assert list(verbs(card)) == ["undo"]
    assert PRAISE not in card["text"]
    assert "Robin" not in card["text"]
    await room.delivery(draft, "sent")
    await room.says(card, "Sent · Tom Weiss")
    assert list(verbs(card)) == ["correct", "remove"]
    assert len(room.fake.by_bot(room.room)) == 1


async def test_who_writes_stands_on_it_and_not_for_ever(room):
    draft, card = await waiting(room)
    await room.decide(draft, "open", by="tom")
    await room.says(card, "Tom Weiss is writing")
    await later(room, minutes=3)
    await room.until(lambda: "is writing" not in card["text"])
    assert "send" in verbs(card), "an edit keeps the buttons"


async def test_what_is_over_cannot_be_pressed_any_more(room):
    draft, card = await waiting(room)
    await room.decide(draft, "reject", by="tom", reason="no reply needed")
    await room.says(card, "Skipped · Tom Weiss")
    assert list(verbs(card)) == ["undo"]
    await later(room, seconds=31)
    await room.until(lambda: not buttons(card))


async def test_a_fan_who_edits_the_post_gets_a_new_card(room):
    post, card = await room.ask()
    room.fake.edit(post, "I really love the new map")
    await room.says(card, "The fan edited the post; it is read anew")
    assert PRAISE not in card["text"]
    assert "send" in verbs(await room.card("I really love the new map"))


async def test_a_snoozed_card_comes_back_as_a_new_message(room):
    draft, card = await waiting(room)
    await room.decide(draft, "snooze", minutes=15)
    await room.says(card, "Snoozed, back ")
    assert list(verbs(card)) == ["open"]
    await later(room, minutes=16)
    again = await room.card(PRAISE)
    assert again["message_id"] > card["message_id"]
    assert room.fake.by_bot(room.room) == [again]


async def test_a_card_too_old_to_be_deleted_is_emptied(room):
    draft, card = await waiting(room)
    await room.decide(draft, "snooze", minutes=15)
    await room.says(card, "Snoozed")
    card["date"] -= 49 * 3600
    await later(room, minutes=16)
    await room.card(PRAISE)
    assert (card["text"], buttons(card)) == ("This card has moved further down.", {})


async def test_a_card_that_somebody_deleted_comes_again_while_it_waits(room):
    draft, card = await waiting(room)
    room.fake.delete(card)
    draft = await room.decide(draft, "reword")
    again = await room.card(PRAISE)
    assert again["text"].endswith(draft["text"])
    room.fake.delete(again)
    await room.decide(draft, "approve")
    await in_time(room, lambda: not room.rows("SELECT 1 FROM cards"))
    assert room.fake.by_bot(room.room) == []


@pytest.mark.parametrize(("status", "verb"), [(502, "arrived"), (403, "retry")])
async def test_a_card_that_somebody_deleted_comes_again_when_the_reply_wants_a_person(room, status, verb):
    draft, card = await waiting(room)
    room.fake.fail_next(SEND, Fault(status=status, description="Forbidden: odd", chat=room.harbor))
    await room.decide(draft, "approve")
    await room.says(card, "Approved")
    room.fake.delete(card)
    await in_time(room, lambda: any(verb in verbs(one) for one in room.cards()))
    assert len(room.fake.by_bot(room.room)) == 1


async def test_a_card_whose_answer_was_lost_keeps_no_words_of_a_fan(room):
    first, card = await waiting(room)
    said = room.fake.post(room.room, room.tom, "what a day")
    room.fake.fail_next(SEND, Fault(status=None, after=True, chat=room.room))
    second = await room.draft(room.fake.post(room.harbor, room.kim, "love the harbor"))
    copy = await room.card("love the harbor")
    await in_time(room, lambda: room.rows("SELECT 1 FROM cards WHERE draft_id = ?", second["draft_id"]))
    await room.until(lambda: copy["text"] == MOVED)
    assert buttons(copy) == {}
    assert [len(verbs(one)) > 1 for one in room.fake.by_bot(room.room)] == [True, False, True]
    assert (said["text"], first["text"] in card["text"]) == ("what a day", True)


async def test_a_press_does_not_wait_for_what_nobody_waits_for(room):
    _, card = await waiting(room)
    for _ in range(12):
        await room.press(card, "skip")
        await room.until(lambda: "back" in verbs(card), seconds=3)
        await room.press(card, "back")
        await room.until(lambda: "send" in verbs(card), seconds=3)
    asked_ = room.fake.post(room.room, room.mara, "/queue")
    await room.until(lambda: room.fake.replies_to(asked_), seconds=3)


async def test_what_is_not_modified_is_in_line(room):
    draft, card = await waiting(room)
    board = room.app.platforms["telegram"].cards.board
    await board.invalidate(draft["draft_id"])
    await board.show(draft["draft_id"])
    shown = await room.app.store.read(lambda c: kept.get(c, "telegram", draft["draft_id"]))
    assert (room.fake.requests(EDIT)[-1].status, bool(shown.face)) == (400, True)
    assert room.fake.by_bot(room.room) == [card]


async def test_a_menu_on_a_card_stays_through_the_sweep_until_the_draft_changes(room):
    draft, card = await waiting(room)
    await room.press(card, "snooze")
    await room.until(lambda: "back" in verbs(card))
    board = room.app.platforms["telegram"].cards.board
    await board.show(draft["draft_id"])
    assert "back" in verbs(card)
    await room.press(card, "back")
    await room.until(lambda: "send" in verbs(card))
    await room.press(card, "skip")
    await room.until(lambda: "back" in verbs(card))
    await room.decide(draft, "reword")
    await room.until(lambda: "send" in verbs(card))


@pytest.mark.parametrize(
    "fault", [{"status": 500}, {"status": None}, {"status": 400, "description": "Bad Request: odd"}]
)
async def test_a_card_that_could_not_be_sent_comes_later(room, fault):
    room.fake.fail_next(SEND, Fault(**fault, chat=room.room))
    post = room.fake.post(room.harbor, room.robin, PRAISE)
    await room.draft(post)
    await room.until(lambda: asked(room, SEND))
    assert room.fake.by_bot(room.room) == []
    assert await in_time(room, lambda: room.fake.by_bot(room.room))
    await room.card(PRAISE)
    assert len(room.fake.by_bot(room.room)) == 1


@pytest.fixture
async def patient(house: House) -> House:
    """Running, with so much time to take a decision back that a card says nothing new meanwhile."""
    house.undo = 3600
    await house.start()
    return house


async def test_a_card_that_could_not_be_changed_is_repaired(patient):
    draft, card = await waiting(patient)
    patient.fake.fail_next(EDIT, Fault(status=502))
    await patient.decide(draft, "approve")
    await patient.until(lambda: asked(patient, EDIT))
    assert "Approved" not in card["text"]
    await in_time(patient, lambda: "Approved" in card["text"])


async def test_an_edit_whose_answer_was_lost_does_no_harm(patient):
    draft, card = await waiting(patient)
    patient.fake.fail_next(EDIT, Fault(status=None, after=True))
    await patient.decide(draft, "approve")
    await patient.says(card, "Approved")
    await in_time(patient, lambda: len(asked(patient, EDIT)) == 2)
    assert patient.fake.requests(EDIT)[-1].status == 400, "not modified: it was there"
    await later(patient, seconds=3600)
    await patient.delivery(draft, "sent")
    await patient.says(card, "Sent")


async def test_a_wait_that_telegram_asks_for_is_kept_and_nothing_is_lost(room):
    room.fake.fail_next(SEND, Fault(status=429, retry_after=30, chat=room.room))
    post = room.fake.post(room.harbor, room.robin, PRAISE)
    await room.draft(post)
    await room.until(lambda: asked(room, SEND))
    assert room.fake.by_bot(room.room) == []
    await in_time(room, lambda: room.fake.by_bot(room.room))
    assert len(asked(room, SEND)) == 2


async def test_cards_lie_in_a_topic(house):
    forum = house.fake.forum("Mods' forum")
    topic = house.fake.topic(forum, "Cards", house.mara)
    house.cards_in = f'"{forum["id"]}/{topic}"'
    await house.start()
    house.fake.post(house.harbor, house.robin, PRAISE)
    card = await house.card(PRAISE, forum)
    assert card["message_thread_id"] == topic


async def test_the_general_topic_is_left_out(house):
    forum = house.fake.forum("Mods' forum")
    house.cards_in = f'"{forum["id"]}/1"'
    await house.start()
    house.fake.post(house.harbor, house.robin, PRAISE)
    card = await house.card(PRAISE, forum)
    assert "message_thread_id" not in card


async def told(house: House, capsys: pytest.CaptureFixture[str], words: str) -> str:
    """What the operator's log says, once it says this."""
    said = ""

    def heard() -> bool:
        nonlocal said
        said += capsys.readouterr().out
        return words in said

    await house.until(heard)
    return said


async def test_a_topic_that_is_gone_is_told_with_the_fix_and_tried_again(house, capsys):
    forum = house.fake.forum("Mods' forum")
    topic = house.fake.topic(forum, "Cards", house.mara)
    house.cards_in = f'"{forum["id"]}/{topic}"'
    made = house.fake.world.rooms[forum["id"]].messages.pop(topic)
    await house.start()
    house.fake.post(house.harbor, house.robin, PRAISE)
    await told(house, capsys, "name another one (CHAT/TOPIC), or the chat")
    house.fake.world.rooms[forum["id"]].messages[topic] = made
    await in_time(house, lambda: house.fake.by_bot(forum))


async def test_cards_in_the_private_chat_of_a_manager_who_must_press_start(house, capsys):
    house.cards_in = "mara"
    await house.start()
    house.fake.post(house.harbor, house.robin, PRAISE)
    said = await told(house, capsys, "must open the private chat and press Start")
    assert house.token not in said
    house.fake.start(house.mara)
    chat = house.fake.direct(house.mara)
    await in_time(house, lambda: house.cards(chat))
    assert "send" in verbs(await house.card(PRAISE, chat))


async def test_the_managers_group_becomes_a_supergroup(house):
    house.room = house.fake.group("Mods")
    house.cards_in = str(house.room["id"])
    await house.start()
    first, old = await waiting(house)
    house.room = house.fake.migrate(house.room, house.mara)
    await in_time(house, house.cards)
    new = await house.card(PRAISE)
    assert new is not old
    await house.decide(first, "approve")
    await house.says(new, "Approved")
    await house.restart()
    house.fake.post(house.harbor, house.kim, "love the harbor")
    await house.card("love the harbor")
    assert len(house.fake.by_bot(house.room)) == 2


async def test_a_hand_over_notifies_one_person_once(room):
    draft, _ = await waiting(room)
    await room.decide(draft, "handover", to="tom")
    card = await room.card("for Tom Weiss")
    assert [one["user"]["id"] for one in entities(card, "text_mention")] == [room.tom["id"]]
    assert not [one for one in asked(room, SEND)[:-1] if entities(one, "text_mention")]
    assert list(verbs(card))[:2] == ["open", "edit"]


async def test_names_in_a_post_notify_nobody_in_the_managers_chat(room):
    room.fake.post(room.harbor, room.robin, "love it @tomweiss /forget <b>x **y** 👩‍🚀 https://x.example/a")
    card = await room.card("tomweiss")
    assert "<b>x **y** 👩‍🚀 https://x.example/a" in card["text"]
    assert not entities(card, "mention")
    assert not entities(card, "bot_command")


async def test_names_and_titles_hold_no_link_and_turn_no_words(room):
    fan = room.fake.user("Mara.example.com \u202eand #vip /queue @tom")
    topic = room.fake.topic(room.forum, "https://example.org/signin", fan)
    document = {"file_id": "f", "file_unique_id": "u", "file_name": "http://example.net/approve.html"}
    said = room.fake.post(room.forum, fan, "the old map was small", topic=topic)
    more = {"quote": "old map", "reply_to": said, "topic": topic}
    room.fake.post(room.forum, fan, PRAISE, document=document | {"caption": ""}, **more)
    card = await room.card(PRAISE)
    assert "example" in card["text"]
    assert "\u202e" not in card["text"]
    assert [
        one["type"] for one in card["entities"] if one["type"] in ("mention", "bot_command", "hashtag", "url")
    ] == []


async def test_a_reply_that_may_have_arrived_asks_for_a_look(house):
    await house.start()
    draft, card = await waiting(house)
    house.fake.fail_next(SEND, Fault(status=502, after=True, chat=house.harbor))
    await house.decide(draft, "approve")
    await house.says(card, "Did the reply arrive? Look in the channel.")
    assert list(verbs(card)) == ["arrived", "lost"]


async def test_after_a_restart_each_card_is_there_once_and_in_line(room):
    first, one = await waiting(room)
    second, two = await waiting(room, "love the harbor", by=room.kim)
    await room.decide(first, "reject", reason="no reply needed")
    await room.says(one, "Skipped")
    await room.stop()
    ours = room.fake.by_bot(room.room)
    missed = room.fake.post(room.harbor, room.robin, "best game this year")
    await room.start()
    await room.card("best game this year")
    assert [message for message in room.fake.by_bot(room.room) if message in ours] == [one, two]
    assert len(room.fake.by_bot(room.room)) == 3
    await room.decide(second, "approve")
    await room.says(two, "Approved")
    assert await room.draft(missed)


async def test_cards_that_move_to_another_chat_come_anew_there(room):
    draft, _ = await waiting(room)
    old, room.room = room.room, room.fake.supergroup("Mods' new room")
    room.cards_in = str(room.room["id"])
    await room.restart()
    card = await room.card(PRAISE)
    assert room.fake.by_bot(old) == []
    await room.decide(draft, "approve")
    await room.says(card, "Approved")


async def test_two_looks_at_one_card_do_not_send_it_twice(room):
    post = room.fake.post(room.harbor, room.robin, PRAISE)
    draft = await room.draft(post)
    board = room.app.platforms["telegram"].cards.board
    await asyncio.gather(*(board.show(draft["draft_id"]) for _ in range(4)))
    assert len(room.fake.by_bot(room.room)) == 1
