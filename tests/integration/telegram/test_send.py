"""Replies on Telegram: once each, to the right post, and never a guess about what became of them."""

import asyncio
from datetime import timedelta

import pytest

from bot.outbox.outbox import MOST_FAILURES
from tests.fakes.telegram import DELETE, EDIT, SEND, Fault
from tests.fakes.telegram.gate import Gate
from tests.integration.program import database

from .house import PRAISE


async def approved(house, text=PRAISE, chat=None, **more):
    """A fan's message and its draft, right after the yes."""
    message = house.fake.post(chat or house.harbor, house.robin, text, **more)
    draft = await house.draft(message)
    return message, await house.decide(draft, "approve")


def sent_into(house, chat):
    """The requests that would have put something into a chat."""
    return [one for one in house.fake.requests(SEND) if one.asked["chat_id"] == chat["id"]]


async def test_a_reply_answers_its_post_without_a_preview(open_house):
    house = open_house
    message = house.fake.post(house.harbor, house.robin, PRAISE)
    draft = await house.draft(message)
    words = "Thank you! <b>All of *it* is 🦋 _new_."
    await house.decide(draft, "edit", text=words)
    await house.delivery(draft, "sent")
    (reply,) = house.fake.replies_to(message)
    assert (reply["text"], reply.get("entities", [])) == (words, [])
    (asked,) = (one.asked for one in sent_into(house, house.harbor))
    assert asked["reply_parameters"]["allow_sending_without_reply"] is False
    assert asked["link_preview_options"] == {"is_disabled": True}
    assert not {"message_thread_id", "parse_mode"} & asked.keys()


async def test_a_reply_in_a_topic_and_one_in_the_general_topic(open_house):
    house = open_house
    moths = house.fake.topic(house.forum, "Paper moths", house.robin)
    for topic in (moths, None):
        message, draft = await approved(house, chat=house.forum, topic=topic)
        await house.delivery(draft, "sent")
        (reply,) = house.fake.replies_to(message)
        place = ("is_topic_message", reply.get("is_topic_message")), ("topic", message.get("message_thread_id"))
        assert place == (("is_topic_message", topic and True), ("topic", topic))


async def test_a_comment_is_answered_where_it_stands(open_house):
    house = open_house
    forward = house.fake.channel_post(house.fake.channel("Harbor News", house.harbor), "The winter map is out.")
    comment = house.fake.reply(forward, house.robin, PRAISE)
    draft = await house.draft(comment)
    await house.decide(draft, "approve")
    await house.delivery(draft, "sent")
    assert len(house.fake.replies_to(comment)) == 1


LONG = f"{'well, ' * 25}the lighthouse with the paper moths is gorgeous"


@pytest.mark.parametrize("changed", [False, True])
async def test_a_long_post_is_quoted_where_the_words_still_stand_there(open_house, changed):
    house = open_house
    message = house.fake.post(house.harbor, house.robin, f"🦋 {LONG}")
    draft = await house.draft(message)
    with database(house.folder) as found:
        found.execute(
            "UPDATE posts SET understanding = json_set(understanding, '$.details.thing', ?) WHERE external_id = ?",
            ("the lighthouse with the paper moths", f"{message['message_id']}"),
        )
    if changed:  # nobody told us yet
        message["text"] = LONG.replace("moths", "boats")
    await house.decide(draft, "edit", text="They were folded by hand.")
    await house.delivery(draft, "sent")
    (reply,) = house.fake.replies_to(message)
    assert reply.get("quote", {}).get("text") == (None if changed else "the lighthouse with the paper moths")


async def test_correct_and_remove(open_house):
    house = open_house
    message, draft = await approved(house)
    await house.delivery(draft, "sent")
    await house.decide(draft, "correct", text="Thank you, truly.")
    await house.delivery(draft, "sent")
    assert [one["text"] for one in house.fake.replies_to(message)] == ["Thank you, truly."]
    await house.decide(draft, "remove")
    await house.until(lambda: house.fake.replies_to(message) == [])
    await house.delivery(draft, "sent")


async def test_a_correction_whose_answer_is_lost_is_made_again(open_house):
    house = open_house
    message, draft = await approved(house)
    await house.delivery(draft, "sent")
    house.fake.fail_next(EDIT, Fault(status=None, after=True, chat=house.harbor))
    await house.decide(draft, "correct", text="Thank you, truly.")
    await house.delivery(draft, "sent")
    assert [one["text"] for one in house.fake.replies_to(message)] == ["Thank you, truly."]


async def test_what_is_too_old_to_be_removed_is_a_persons_to_remove(open_house):
    house = open_house
    message, draft = await approved(house)
    await house.delivery(draft, "sent")
    refusal = Fault(status=400, description="Bad Request: message can't be deleted")
    house.fake.fail_next(DELETE, refusal)
    await house.decide(draft, "remove")
    assert "48 hours" in (await house.delivery(draft, "failed"))["error"]
    assert len(house.fake.replies_to(message)) == 1


@pytest.mark.parametrize(("status", "after"), [(None, True), (None, False), (500, True), (500, False), (502, True)])
async def test_a_lost_answer_is_never_followed_by_another_try(open_house, status, after):
    house = open_house
    house.fake.fail_next(SEND, Fault(status=status, after=after, chat=house.harbor))
    message, draft = await approved(house)
    uncertain = await house.delivery(draft, "uncertain")
    assert "look into the chat" in uncertain["error"]
    house.clock.move(hours=1)
    await house.app.outbox.once()
    there = len(house.fake.replies_to(message))
    assert (there, len(sent_into(house, house.harbor))) == (int(after), 1)
    await house.decide(draft, "settle", arrived=bool(there))
    if there:
        await house.delivery(draft, "sent")
    else:
        await house.delivery(draft, "failed")
        await house.decide(draft, "retry")
        await house.delivery(draft, "sent")
    assert len(house.fake.replies_to(message)) == 1


async def test_telegram_asks_to_wait_with_one_chat_and_no_other_one_waits(open_house):
    house = open_house
    wait = Fault(status=429, chat=house.harbor, description="Too Many Requests: retry after 40", retry_after=40)
    house.fake.fail_next(SEND, wait)
    late, held = await approved(house)
    await house.until(lambda: len(sent_into(house, house.harbor)) == 1)
    other, free = await approved(house, chat=house.forum)
    await house.settled(other)
    assert house.fake.replies_to(late) == []
    assert (await house.again(held))["deliveries"][0]["state"] == "held"
    assert free["draft_id"] != held["draft_id"]
    await house.delivery(held, "sent")
    assert len(house.fake.replies_to(late)) == 1


async def test_no_room_is_no_try(open_house):
    house = open_house
    wait = Fault(
        status=429, chat=house.harbor, description="Too Many Requests: retry after 40", retry_after=40, times=8
    )
    house.fake.fail_next(SEND, wait)
    message, draft = await approved(house)
    await house.delivery(draft, "sent")
    assert len(sent_into(house, house.harbor)) == 9
    assert len(house.fake.replies_to(message)) == 1


async def test_many_replies_into_one_group_keep_the_pace_and_all_arrive(open_house):
    house = open_house
    messages, drafts = [], []
    for n in range(24):
        messages.append(house.fake.post(house.harbor, house.fake.user(f"Fan {n}"), f"{PRAISE} {n}"))
        drafts.append(await house.draft(messages[-1]))
        await house.decide(drafts[-1], "edit", text=f"Thank you for number {n}.")
    start = house.clock.now()
    assert len(sent_into(house, house.harbor)) < 20
    for draft in drafts:
        await house.delivery(draft, "sent")
    assert house.clock.now() - start > timedelta(seconds=40)
    assert [len(house.fake.replies_to(message)) for message in messages] == [1] * 24


async def test_a_post_that_is_gone_is_not_answered(open_house):
    house = open_house
    message = house.fake.post(house.harbor, house.robin, PRAISE)
    draft = await house.draft(message)
    house.fake.delete(message)
    await house.decide(draft, "approve")
    await house.draft(message, "withdrawn")
    assert house.fake.by_bot(house.harbor) == []


REFUSALS = [
    (403, "Forbidden: bot was kicked from the supergroup chat", "sent away from this group"),
    (403, "Forbidden: bot was kicked from the group chat", "sent away from this group"),
    (403, "Forbidden: bot is not a member of the supergroup chat", "not in this group"),
    (403, "Forbidden: bot was blocked by the user", "blocked the bot"),
    (403, "Forbidden: user is deactivated", "account is gone"),
    (403, "Forbidden: bot can't initiate conversation with a user", "press Start"),
    (403, "Forbidden: bot can't send messages to bots", "is a bot"),
    (403, "Forbidden: the group chat was deleted", "group was deleted"),
    (403, "Forbidden: CHAT_WRITE_FORBIDDEN", "may not write here"),
    (400, "Bad Request: chat not found", "into this chat"),
    (400, "Bad Request: PEER_ID_INVALID", "into this chat"),
    (400, "Bad Request: CHAT_ID_INVALID", "into this chat"),
    (400, "Bad Request: CHANNEL_PRIVATE", "not in this group"),
    (400, "Bad Request: USER_IS_BLOCKED", "blocked the bot"),
    (400, "Bad Request: INPUT_USER_DEACTIVATED", "account is gone"),
    (400, "Bad Request: group is deactivated", "group was deleted"),
    (400, "Bad Request: group chat was upgraded to a supergroup chat", "became a supergroup"),
    (400, "Bad Request: not enough rights to send text messages to the chat", "may not write here"),
    (400, "Bad Request: have no rights to send a message", "may not write here"),
    (400, "Bad Request: CHAT_SEND_PLAIN_FORBIDDEN", "may not write here"),
    (400, "Bad Request: CHAT_RESTRICTED", "restricted this group"),
    (400, "Bad Request: CHAT_ADMIN_REQUIRED", "Only administrators"),
    (400, "Bad Request: need administrator rights in the channel chat", "Only administrators"),
    (400, "Bad Request: USER_BANNED_IN_CHANNEL", "@SpamBot"),
    (400, "Bad Request: TOPIC_CLOSED", "topic is closed"),
    (400, "Bad Request: TOPIC_DELETED", "topic was deleted"),
    (400, "Bad Request: message thread not found", "topic was deleted"),
    (400, "Bad Request: message is too long", "4,096"),
    (400, "Bad Request: MESSAGE_TOO_LONG", "4,096"),
    (400, "Bad Request: message text is empty", "no words"),
    (400, "Bad Request: can't parse entities: Unsupported start tag", "marks in this text"),
    (400, "Bad Request: something new", "says “Something new”"),
    (400, "Bad Request: SOMETHING_NEW_42", "says “Something_new_42”"),
    (401, "Unauthorized", "TELEGRAM_TOKEN"),
]


async def test_each_refusal_is_told_in_words_with_what_to_do_and_can_be_tried_again(open_house):
    house = open_house
    message, draft = None, None
    for status, description, says in REFUSALS:
        house.fake.fail_next(SEND, Fault(status=status, description=description, chat=house.harbor))
        if draft is None:
            message, draft = await approved(house)
        else:
            await house.decide(draft, "retry")
        error = (await house.delivery(draft, "failed"))["error"]
        assert says in error, description
        assert error[0].isupper()
        assert error.endswith(".")
        code = description.partition(": ")[2] or description
        assert code not in error or "new" in code.casefold()
    await house.decide(draft, "retry")
    await house.delivery(draft, "sent")
    assert len(house.fake.replies_to(message)) == 1


@pytest.mark.parametrize(
    "description",
    ["message to be replied not found", "reply message not found", "REPLY_MESSAGE_ID_INVALID", "MESSAGE_ID_INVALID"],
)
async def test_a_refusal_because_the_post_is_gone_ends_its_draft(open_house, description):
    house = open_house
    house.fake.fail_next(SEND, Fault(status=400, description=f"Bad Request: {description}", chat=house.harbor))
    message, _ = await approved(house)
    await house.draft(message, "withdrawn")


@pytest.mark.parametrize(
    ("call", "action", "description", "says"),
    [
        (EDIT, "correct", "MESSAGE_ID_INVALID", "nothing left to change"),
        (EDIT, "correct", "message to edit not found", "nothing left to change"),
        (EDIT, "correct", "message can't be edited", "does not let the bot change"),
        (EDIT, "correct", "MESSAGE_AUTHOR_REQUIRED", "somebody else's"),
        (DELETE, "remove", "MESSAGE_DELETE_FORBIDDEN", "48 hours"),
        (DELETE, "remove", "not enough rights to delete a message", "may not delete"),
    ],
)
async def test_a_change_that_is_refused_is_told_in_words(open_house, call, action, description, says):
    house = open_house
    _, draft = await approved(house)
    await house.delivery(draft, "sent")
    house.fake.fail_next(call, Fault(status=400, description=f"Bad Request: {description}", chat=house.harbor))
    await house.decide(draft, action, **({"text": "Thank you, truly."} if action == "correct" else {}))
    assert says in (await house.delivery(draft, "failed"))["error"]


PAGE = "<html><body><h1>{} of a proxy</h1></body></html>"
WAITS = [
    Fault(429, description="Too Many Requests", page=PAGE, times=7),
    Fault(503, description="Service Unavailable", times=7),
    Fault(503, page=PAGE, times=7),
    Fault(403, page=PAGE, times=7),
    Fault(404, page=PAGE, times=7),
    Fault(407, page=PAGE, times=7),
    Fault(400, description="Bad Request: SLOWMODE_WAIT_30", times=7),
]


@pytest.mark.parametrize("fault", WAITS, ids=lambda fault: f"{fault.status} {'page' if fault.page else 'json'}")
async def test_what_certainly_did_not_reach_telegram_waits_and_goes_out_once(open_house, fault):
    """More often than five times, which used to make it a person's job."""
    house = open_house
    fault.chat = house.harbor
    house.fake.fail_next(SEND, fault)
    message, draft = await approved(house)
    await house.delivery(draft, "sent")
    assert len(sent_into(house, house.harbor)) == 8
    assert len(house.fake.replies_to(message)) == 1
    assert house.rows("SELECT count(*) FROM events WHERE name = 'reply_failed'") == [(0,)]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(200, page=PAGE, after=True),
        Fault(200, page='{"ok":true,"result":{"message_id":7,"da', after=True),
        Fault(200, page="[]", after=True),
        Fault(200, page='{"ok":true}', after=True),
        Fault(408, page=PAGE, after=True),
        Fault(500, page=PAGE, after=True),
        Fault(502, page=PAGE, after=True),
        Fault(504, page=PAGE, after=True),
    ],
    ids=lambda fault: f"{fault.status} {fault.page[:12]}",
)
async def test_what_may_have_reached_telegram_is_never_sent_again(open_house, fault):
    house = open_house
    fault.chat = house.harbor
    house.fake.fail_next(SEND, fault)
    message, draft = await approved(house)
    assert "look into the chat" in (await house.delivery(draft, "uncertain"))["error"]
    assert len(house.fake.replies_to(message)) == 1
    await house.decide(draft, "settle", arrived=True)
    await house.delivery(draft, "sent")


async def test_an_hour_without_a_way_to_telegram_loses_nothing_and_asks_nobody(house):
    async with Gate(house.fake.port).standing() as gate:
        house.fake.port = gate.port
        await house.start()
        message = house.fake.post(house.harbor, house.robin, PRAISE)
        draft = await house.draft(message)
        await gate.close()
        await house.decide(draft, "approve")
        delayed = "SELECT count(*) FROM events WHERE name = 'reply_delayed'"
        for tries in range(1, MOST_FAILURES + 1):
            await house.until(lambda tries=tries: house.rows(delayed)[0][0] >= tries)
            assert "cannot be reached" in (await house.delivery(draft, "held"))["error"]
            house.clock.move(minutes=3)
        for _ in range(15):
            await house.until(lambda: any(one.until > house.clock.now() for one in house.app.outbox.resting()))
            house.clock.move(minutes=3)
        assert house.rows(delayed) == [(MOST_FAILURES,)], "while Telegram rests, no try is spent"
        await gate.open()
        await house.delivery(draft, "sent")
        assert len(house.fake.replies_to(message)) == 1


async def test_a_group_that_moves_while_a_reply_is_on_its_way(house):
    small = house.fake.group("Small Harbor")
    house.listen = f"{small['id']}"
    await house.start()
    hold = house.fake.fail_next("getUpdates", Fault(status=0, hold=True))
    message = house.fake.post(small, house.robin, PRAISE)
    draft = await house.draft(message)
    await hold.reached.wait()  # the notice comes later than the refusal
    big = house.fake.migrate(small, house.mara)
    await house.decide(draft, "approve")
    assert "became a supergroup" in (await house.delivery(draft, "failed"))["error"]
    hold.go.set()
    await house.judged(house.fake.post(big, house.kim, "hello, all of you"))
    assert [house.fake.by_bot(chat) for chat in (small, big)] == [[], []]


async def test_a_try_that_was_cut_off_is_uncertain(open_house):
    house = open_house
    hold = house.fake.fail_next(SEND, Fault(status=0, after=True, hold=True, chat=house.harbor))
    message, draft = await approved(house)
    await hold.reached.wait()
    await house.stop()
    hold.go.set()
    house.clock.move(minutes=2)
    await house.start()
    await house.delivery(draft, "uncertain")
    assert sent_into(house, house.harbor) == []  # the one that was cut off is not written down
    assert len(house.fake.replies_to(message)) <= 1


async def test_without_a_connection_nothing_is_lost(house):
    await house.start()
    message = house.fake.post(house.harbor, house.robin, PRAISE)
    draft = await house.draft(message)
    house.undo = 600
    await house.restart()
    await house.decide(draft, "approve")
    await house.stop()
    house.clock.move(minutes=20)
    await asyncio.gather(house.start())
    await house.delivery(draft, "sent")
    assert len(house.fake.replies_to(message)) == 1
