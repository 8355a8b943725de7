"""The fake Telegram behaves as the real one does, seen through the client library's own Bot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Bot, ForceReply, InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity, ReplyParameters
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter

from tests.fakes.telegram import ANSWER, EDIT, SEND, TOKEN, FakeTelegram, Fault, buttons
from tests.fakes.telegram.updates import Updates

Json = dict[str, Any]


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram().running() as running:
        yield running
    assert running.problems == []


def client(fake: FakeTelegram, token: str = TOKEN) -> Bot:
    return Bot(token, base_url=f"{fake.api_base}/bot", base_file_url=f"{fake.api_base}/file/bot")


@pytest.fixture
async def bot(fake: FakeTelegram) -> AsyncIterator[Bot]:
    async with client(fake) as running:
        yield running


@pytest.fixture
def robin(fake: FakeTelegram) -> Json:
    return fake.user("Robin")


@pytest.fixture
def harbor(fake: FakeTelegram) -> Json:
    """A supergroup of which the bot sees everything."""
    fake.privacy(on=False)
    return fake.supergroup("Harbor")


def keyboard(*data: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton("Press", callback_data=one)] for one in data])


async def test_polls_wait_and_only_an_offset_empties_them(
    fake: FakeTelegram, bot: Bot, robin: Json, harbor: Json
) -> None:
    polling = asyncio.create_task(bot.get_updates(timeout=20))
    while not fake.world.updates.is_polled:
        await asyncio.sleep(0.001)
    fake.post(harbor, robin, "one")
    (first,) = await polling
    fake.post(harbor, robin, "two")
    again = await bot.get_updates()
    assert [one.message.text for one in again if one.message] == ["one", "two"]
    assert [one.message.text for one in await bot.get_updates(limit=1) if one.message] == ["one"]
    rest = await bot.get_updates(offset=first.update_id + 1)
    assert [one.message.text for one in rest if one.message] == ["two"]
    assert await bot.get_updates(offset=rest[-1].update_id + 1) == ()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("emit"), st.integers(1, 5), st.just(0)),
        st.tuples(st.just("poll"), st.integers(0, 5), st.integers(1, 4)),
        st.tuples(st.just("newest"), st.integers(1, 3), st.integers(1, 4)),
    )
)


@given(steps=STEPS)
def test_nothing_is_forgotten_before_it_is_confirmed(steps: list[tuple[str, int, int]]) -> None:
    """Polls that confirm some of what is there, in any order with what happens."""

    async def play() -> None:
        updates, waiting = Updates(), list[int]()
        for step, number, limit in steps:
            if step == "emit":
                waiting += [updates.push({"message": {}}) for _ in range(number)]
                continue
            if step == "newest":  # a negative offset keeps that many from the end
                offset, waiting = -number, waiting[-number:]
            else:
                offset = waiting[number] if number < len(waiting) else 0
                waiting = [one for one in waiting if one >= offset]
            found = await updates.poll({"offset": offset, "limit": limit})
            assert [one["update_id"] for one in found] == waiting[:limit]

    asyncio.run(play())


async def test_a_second_poller_drives_the_first_away(fake: FakeTelegram, bot: Bot, robin: Json, harbor: Json) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=20))
    while not fake.world.updates.is_polled:
        await asyncio.sleep(0.001)
    async with client(fake) as other:
        second = asyncio.create_task(other.get_updates(timeout=20))
        with pytest.raises(Conflict):
            await first
        fake.post(harbor, robin, "one")
        assert len(await second) == 1


async def test_a_webhook_ends_polling(fake: FakeTelegram, bot: Bot, robin: Json, harbor: Json) -> None:
    fake.webhook("https://bot.example/hook")
    fake.post(harbor, robin, "one")
    with pytest.raises(Conflict, match="webhook"):
        await bot.get_updates()
    assert (await bot.get_webhook_info()).pending_update_count == 1
    await bot.delete_webhook()
    assert not (await bot.get_webhook_info()).url
    assert len(await bot.get_updates()) == 1


async def test_a_poller_that_is_gone_is_no_poller(fake: FakeTelegram, bot: Bot) -> None:
    async with httpx.AsyncClient() as http:
        with pytest.raises(httpx.ReadTimeout):
            await http.get(f"{fake.api_base}/bot{TOKEN}/getUpdates?timeout=20", timeout=0.05)
    async with asyncio.timeout(10):
        while fake.world.updates.is_polled:
            await asyncio.sleep(0.001)
    assert await bot.get_updates() == ()


async def test_only_the_kinds_that_are_wanted(fake: FakeTelegram, bot: Bot, robin: Json, harbor: Json) -> None:
    await bot.get_updates(allowed_updates=["edited_message"])
    post = fake.post(harbor, robin, "one")
    fake.edit(post, "two")
    fake.edit(post)
    fake.delete(post)
    seen = await bot.get_updates()
    assert [one.edited_message and one.edited_message.text for one in seen] == ["two", "two"]


async def test_a_wrong_token(fake: FakeTelegram) -> None:
    stranger = client(fake, "700000001:another")
    with pytest.raises(InvalidToken):
        await stranger.initialize()
    await stranger.shutdown()


UNDESCRIBED: list[tuple[str, Json, str]] = [
    ("sendPoll", {}, "not described"),
    ("sendMessage", {"chat_id": 1, "text": "a", "parse_mode": "MarkdownV2"}, "parse_mode: not described"),
    ("sendMessage", {"chat_id": 1}, "text: missing"),
    ("sendMessage", {"chat_id": "x", "text": "a"}, "'x' is not int"),
    ("sendMessage", {"chat_id": 1, "text": "a", "reply_parameters": '{"message_id": "x"}'}, "'x' is not int"),
    ("sendMessage", {"chat_id": 1, "text": "a", "reply_parameters": "{"}, "'{' is not a Reply"),
    (
        "editMessageReplyMarkup",
        {
            "chat_id": 1,
            "message_id": 1,
            "reply_markup": '{"inline_keyboard": [[{"text": "a", "callback_data": "%s"}]]}' % ("é" * 33),
        },
        "bytes of at most 64",
    ),
]


@pytest.mark.parametrize(("call", "form", "problem"), UNDESCRIBED)
async def test_what_is_not_described_is_a_problem(call: str, form: Json, problem: str) -> None:
    async with FakeTelegram().running() as fake, httpx.AsyncClient() as http:
        answer = await http.post(f"{fake.api_base}/bot{TOKEN}/{call}", data=form)
        assert answer.status_code == 400
        assert len(fake.problems) == 1
        assert problem in fake.problems[0]


PRIVACY = [
    ("hello", False),
    ("hello @greenroom_bot", True),
    ("/who", True),
    ("/who@greenroom_bot", True),
    ("/who@another_bot", False),
    ("and/or", False),
]


@pytest.mark.parametrize(("text", "seen"), PRIVACY)
async def test_privacy_mode(fake: FakeTelegram, bot: Bot, robin: Json, text: str, seen: bool) -> None:
    group = fake.supergroup("Harbor")
    fake.post(group, robin, text)
    assert bool(await bot.get_updates()) is seen
    assert not (await bot.get_me()).can_read_all_group_messages


async def test_privacy_mode_lets_replies_to_the_bot_and_service_messages_through(
    fake: FakeTelegram, bot: Bot, robin: Json
) -> None:
    group = fake.supergroup("Harbor")
    sent = await bot.send_message(group["id"], "Hello")
    fake.reply(fake.messages(group)[0], robin, "yes")
    fake.service(group, robin, new_chat_members=[fake.user("Kim")])
    fake.post(group, robin, photo=True)
    first, second = await bot.get_updates()
    assert first.message
    assert first.message.reply_to_message == sent
    assert second.message
    assert second.message.new_chat_members


async def test_an_admin_sees_everything(fake: FakeTelegram, bot: Bot, robin: Json) -> None:
    group = fake.supergroup("Harbor")
    fake.admin(group, robin, can_delete_messages=True)
    fake.post(group, robin, "hello")
    change, message = await bot.get_updates()
    assert change.my_chat_member
    assert change.my_chat_member.new_chat_member.status == "administrator"
    assert message.message
    member = await bot.get_chat_member(group["id"], bot.id)
    assert member.can_delete_messages  # type: ignore[attr-defined] # of an administrator


async def test_other_bots_are_not_seen(fake: FakeTelegram, bot: Bot, harbor: Json) -> None:
    fake.post(harbor, fake.user("Another", bot=True), "hello")
    assert await bot.get_updates() == ()


async def test_every_kind_of_message_is_readable(fake: FakeTelegram, bot: Bot, robin: Json, harbor: Json) -> None:
    news = fake.channel("News", harbor)
    forward = fake.channel_post(news, "A new level is out")
    comment = fake.reply(forward, robin, "at last")
    fake.post(harbor, harbor, "from nobody in particular")
    fake.post(harbor, news, "from the channel")
    fake.album(harbor, robin, ["two of them", ""])
    fake.post(harbor, robin, "look", forward=comment, via=fake.user("Gif", bot=True))
    fake.post(harbor, robin, "this", reply_to=forward, quote="new level")
    fake.service(harbor, robin, pinned_message={**comment})
    messages = [one.effective_message for one in await bot.get_updates()]
    posted, forwarded, commented, anonymous, channel, photo, other, forwarded_on, quoting, _ = filter(None, messages)
    assert posted.chat.type == "channel"
    assert forwarded.is_automatic_forward
    assert forwarded.from_user
    assert forwarded.from_user.id == 777000
    assert commented.message_thread_id == forwarded.message_id
    assert not commented.is_topic_message
    assert commented.reply_to_message == forwarded
    assert anonymous.sender_chat == anonymous.chat
    assert channel.sender_chat == posted.chat
    assert (photo.media_group_id, photo.caption) == (other.media_group_id, "two of them")
    assert other.caption is None
    assert forwarded_on.forward_origin
    assert forwarded_on.via_bot
    assert quoting.quote
    assert quoting.quote.position == 2


async def test_a_photo_can_be_fetched(fake: FakeTelegram, bot: Bot, robin: Json, harbor: Json) -> None:
    post = fake.post(harbor, robin, photo=True)
    found = [await (await bot.get_file(size["file_id"])).download_as_bytearray() for size in post["photo"]]
    assert all(one.startswith(b"\xff\xd8\xff") for one in found)
    assert len({bytes(one) for one in found}) == len(found) == 5
    file = await bot.get_file(post["photo"][0]["file_id"])
    fake.expire_paths()
    with pytest.raises(InvalidToken):  # the library reads every 404 so
        await file.download_as_bytearray()
    assert await (await bot.get_file(file.file_id)).download_as_bytearray() == found[0]
    fake.world.files[file.file_id] = bytes(20 * 1024 * 1024 + 1)
    with pytest.raises(BadRequest, match="File is too big"):
        await bot.get_file(file.file_id)
    fake.lose(post)
    with pytest.raises(BadRequest, match="rong file_id"):
        await bot.get_file(file.file_id)


async def test_a_file_and_a_chat_by_name(fake: FakeTelegram, bot: Bot, robin: Json) -> None:
    public = fake.supergroup("Harbor", username="lantern_harbor")
    assert (await bot.get_chat("@lantern_harbor")).id == public["id"]
    with pytest.raises(BadRequest, match="hat not found"):
        await bot.get_chat("@another")
    sent = await bot.send_document(public["id"], b"{}", filename="data.json", caption="Yours")
    assert sent.document
    assert (sent.document.file_name, sent.caption, fake.file(fake.messages(public)[0])) == ("data.json", "Yours", b"{}")


async def test_topics(fake: FakeTelegram, bot: Bot, robin: Json) -> None:
    fake.privacy(on=False)
    forum = fake.forum("Harbor")
    topic = fake.topic(forum, "Builds", robin)
    inside, general = fake.post(forum, robin, "a moth", topic=topic), fake.post(forum, robin, "hello")
    seen = [one.message for one in await bot.get_updates() if one.message and one.message.text]
    assert [(one.message_thread_id, one.is_topic_message) for one in seen] == [(topic, True), (None, None)]
    assert seen[0].reply_to_message
    assert seen[0].reply_to_message.forum_topic_created
    answer = await bot.send_message(
        forum["id"], "Lovely", reply_parameters=ReplyParameters(message_id=inside["message_id"])
    )
    assert (answer.message_thread_id, answer.is_topic_message) == (topic, True)
    assert fake.replies_to(inside)[0]["text"] == "Lovely"
    assert (await bot.send_message(forum["id"], "New", message_thread_id=topic)).message_thread_id == topic
    for wrong in (1, general["message_id"], 999):
        with pytest.raises(BadRequest, match="thread not found"):
            await bot.send_message(forum["id"], "Lovely", message_thread_id=wrong)


async def test_private_chats_are_opened_by_people(fake: FakeTelegram, bot: Bot, robin: Json) -> None:
    with pytest.raises(Forbidden, match="initiate"):
        await bot.send_message(robin["id"], "Hello")
    fake.start(robin, "mydata")
    (update,) = await bot.get_updates()
    assert update.message
    assert update.message.text == "/start mydata"
    await bot.send_message(robin["id"], "Hello")
    fake.block(robin)
    with pytest.raises(Forbidden, match="blocked"):
        await bot.send_message(robin["id"], "Hello")


SENDING: list[tuple[str, Callable[[Bot, int, int], Awaitable[Any]], str]] = [
    ("empty", lambda bot, chat, _: bot.send_message(chat, " \n "), "text is empty"),
    ("4,097 units in 2,049 characters", lambda bot, chat, _: bot.send_message(chat, "🌊" * 2049), "too long"),
    (
        "a reply to nothing",
        lambda bot, chat, _: bot.send_message(chat, "a", reply_parameters=ReplyParameters(999)),
        "be replied not found",
    ),
    (
        "a quote that is not there",
        lambda bot, chat, post: bot.send_message(chat, "a", reply_parameters=ReplyParameters(post, quote="b")),
        "(?i)QUOTE_TEXT_INVALID",
    ),
    (
        "an entity beyond the text",
        lambda bot, chat, _: bot.send_message(chat, "a", entities=[MessageEntity("bold", 0, 2)]),
        "out of the text",
    ),
    ("somebody else's message", lambda bot, chat, post: bot.edit_message_text("a", chat, post), "can't be edited"),
    ("a message that is not there", lambda bot, chat, _: bot.edit_message_text("a", chat, 999), "not found"),
    ("nothing to delete", lambda bot, chat, _: bot.delete_message(chat, 999), "to delete not found"),
    ("somebody else's to delete", lambda bot, chat, post: bot.delete_message(chat, post), "can't be deleted"),
    ("an unknown chat", lambda bot, _, __: bot.send_message(-1, "a"), "hat not found"),
    (
        "a button that does two things",
        lambda bot, chat, _: bot.send_message(
            chat,
            "a",
            reply_markup=InlineKeyboardMarkup(
                [[InlineKeyboardButton("a", callback_data="a", url="https://a.example")]]
            ),
        ),
        "exactly one thing",
    ),
]


@pytest.mark.parametrize(("name", "call", "refusal"), SENDING, ids=[row[0] for row in SENDING])
async def test_what_is_refused(
    fake: FakeTelegram,
    bot: Bot,
    robin: Json,
    harbor: Json,
    name: str,
    call: Callable[[Bot, int, int], Awaitable[Any]],
    refusal: str,
) -> None:
    post = fake.post(harbor, robin, "hello")
    with pytest.raises(BadRequest, match=refusal):
        await call(bot, harbor["id"], post["message_id"])
    assert fake.by_bot(harbor) == []


async def test_replies_and_quotes(fake: FakeTelegram, bot: Bot, robin: Json, harbor: Json) -> None:
    post, gone = fake.post(harbor, robin, "🌊 the fog is lovely"), fake.post(harbor, robin, "hello")
    fake.delete(gone, lingering=True)
    quoting = ReplyParameters(post["message_id"], quote="the fog", quote_position=3)
    sent = await bot.send_message(harbor["id"], " Which fog? ", reply_parameters=quoting)
    assert sent.text == "Which fog?"
    assert sent.quote
    assert sent.quote.text == "the fog"
    assert await bot.send_message(harbor["id"], "a", reply_parameters=ReplyParameters(gone["message_id"]))
    anyway = ReplyParameters(999, allow_sending_without_reply=True)
    assert (await bot.send_message(harbor["id"], "a", reply_parameters=anyway)).reply_to_message is None


async def test_an_edit_takes_the_keyboard_away(fake: FakeTelegram, bot: Bot, harbor: Json) -> None:
    sent = await bot.send_message(harbor["id"], "One", reply_markup=keyboard("a", "b"))
    (card,) = fake.cards(harbor)
    assert buttons(card) == {"a": "Press", "b": "Press"}
    with pytest.raises(BadRequest, match="not modified"):
        await sent.edit_text("One", reply_markup=keyboard("a", "b"))
    await sent.edit_text("One", reply_markup=keyboard("b"))
    assert list(buttons(card)) == ["b"]
    await sent.edit_text("Two")
    assert (card["text"], fake.cards(harbor)) == ("Two", [])
    with pytest.raises(BadRequest, match="not modified"):
        await sent.edit_reply_markup(None)
    await sent.edit_reply_markup(keyboard("c"))
    assert list(buttons(card)) == ["c"]
    card["date"] -= 49 * 3600
    with pytest.raises(BadRequest, match="can't be deleted"):
        await sent.delete()


async def test_presses_are_answered_once_and_in_time(fake: FakeTelegram, bot: Bot, robin: Json, harbor: Json) -> None:
    await bot.send_message(harbor["id"], "One", reply_markup=keyboard("a"))
    (card,) = fake.cards(harbor)
    pressing = asyncio.create_task(fake.press(card, "a", robin))
    (update,) = await bot.get_updates(timeout=20)
    query = update.callback_query
    assert query
    assert (query.data, query.from_user.id) == ("a", robin["id"])
    await query.answer("Sent", show_alert=True)
    press = await pressing
    assert (press.text, press.alert, press.failed) == ("Sent", True, False)
    with pytest.raises(BadRequest, match="too old"):
        await query.answer()
    fake.answer_within = 0.01
    late = await fake.press(card, "a", robin, inaccessible=True)
    assert late.failed
    update = (await bot.get_updates(offset=update.update_id + 1))[0]
    assert update.callback_query
    assert update.callback_query.message
    assert not update.callback_query.message.is_accessible
    with pytest.raises(BadRequest, match="too old"):
        await update.callback_query.answer()


async def test_a_group_becomes_a_supergroup(fake: FakeTelegram, bot: Bot, robin: Json) -> None:
    group = fake.group("Harbor")
    new = fake.migrate(group, robin)
    told = [one.message for one in await bot.get_updates() if one.message]
    assert [one.migrate_to_chat_id for one in told] == [new["id"], None]
    assert [one.migrate_from_chat_id for one in told] == [None, group["id"]]
    with pytest.raises(ChatMigrated) as caught:
        await bot.send_message(group["id"], "Hello")
    assert caught.value.new_chat_id == new["id"]
    await bot.send_message(new["id"], "Hello")


async def test_thrown_out_and_muted(fake: FakeTelegram, bot: Bot, robin: Json, harbor: Json) -> None:
    fake.member(harbor, robin, "restricted", can_send_messages=False)
    with pytest.raises(BadRequest, match="ot enough rights"):
        await bot.send_message(harbor["id"], "Hello")
    fake.member(harbor, robin, "kicked")
    fake.post(harbor, robin, "hello")
    with pytest.raises(Forbidden, match="kicked"):
        await bot.send_message(harbor["id"], "Hello")
    assert all(one.my_chat_member for one in await bot.get_updates())
    assert (await bot.get_chat_member(harbor["id"], bot.id)).status == "kicked"


FAULTS: list[tuple[str, Fault, type[Exception], int]] = [
    ("refused before the write", Fault(500), NetworkError, 0),
    ("refused after the write", Fault(500, after=True), NetworkError, 1),
    ("cut before the write", Fault(None), NetworkError, 0),
    ("cut after the write", Fault(None, after=True), NetworkError, 1),
    ("too many", Fault(429, retry_after=3), RetryAfter, 0),
]


@pytest.mark.filterwarnings("ignore:.*attribute `retry_after`")  # of PTB, about its next major version
@pytest.mark.parametrize(("name", "fault", "error", "written"), FAULTS, ids=[row[0] for row in FAULTS])
async def test_faults(
    fake: FakeTelegram, bot: Bot, harbor: Json, name: str, fault: Fault, error: type[Exception], written: int
) -> None:
    elsewhere = fake.supergroup("Elsewhere")
    fault.chat = harbor
    fake.fail_next(SEND, fault)
    assert await bot.send_message(elsewhere["id"], "Hello")
    with pytest.raises(error):
        await bot.send_message(harbor["id"], "Hello")
    assert len(fake.by_bot(harbor)) == written
    assert await bot.send_message(harbor["id"], "Hello")


async def test_a_slow_answer(fake: FakeTelegram, bot: Bot, harbor: Json) -> None:
    fault = fake.fail_next(SEND, Fault(0, hold=True))
    sending = asyncio.create_task(bot.send_message(harbor["id"], "Hello"))
    await fault.reached.wait()
    assert fake.by_bot(harbor) == []
    fault.go.set()
    await sending
    assert [one.status for one in fake.requests(SEND)] == [200]
    assert fake.requests(EDIT) == fake.requests(ANSWER) == []


async def test_poison(fake: FakeTelegram, bot: Bot, robin: Json, harbor: Json) -> None:
    fake.post(harbor, robin, "one")
    number = fake.poison()
    fake.post(harbor, robin, "two")
    for _ in range(2):
        with pytest.raises(TypeError):
            await bot.get_updates()
    async with httpx.AsyncClient() as http:
        raw = (await http.get(f"{fake.api_base}/bot{TOKEN}/getUpdates", params={"offset": number})).json()
    assert [one["update_id"] for one in raw["result"]] == [number, number + 1]


async def test_asking_back(fake: FakeTelegram, bot: Bot, harbor: Json) -> None:
    await bot.send_message(harbor["id"], "What helps?", reply_markup=ForceReply(input_field_placeholder="Your words"))
    assert fake.cards(harbor) == []
    await bot.set_my_commands([("who", "Who is behind this")])
    assert fake.methods.commands["default"][0]["command"] == "who"
    chat = await bot.get_chat(harbor["id"])
    assert chat.title == "Harbor"
