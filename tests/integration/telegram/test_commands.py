"""What fans and managers type on Telegram: who is answered, where, and who reads it."""

from __future__ import annotations

import json
import re
from itertools import product
from typing import Any
from urllib.parse import unquote

import pytest
from structlog.testing import capture_logs

from bot.adapters.chat import asks
from bot.adapters.telegram.commands import IN_PRIVATE, MANAGERS, NOT_ALONE, NOT_SEEN, NOTHING, WHICH
from bot.people.fans import ASK_TO_FORGET, COMMANDS, FORGET, FORGOTTEN, NOT_REPORTED, REPORTED, STOPPED
from tests.fakes.telegram import SEND, Fault

from .house import PRAISE, House

Json = dict[str, Any]
IDLE = "fog again on the way to work"
"""A post that is left alone."""


async def answer(house: House, message: Json) -> Json:
    """What the bot replied to a message."""
    return (await house.until(lambda: house.fake.replies_to(message)))[-1]  # type: ignore[no-any-return]


async def documents(house: House, chat: Json) -> list[Json]:
    return await house.until(lambda: [m for m in house.fake.by_bot(chat) if "document" in m])  # type: ignore[no-any-return]


def link_of(message: Json) -> str:
    return str(message["reply_markup"]["inline_keyboard"][0][0]["url"])


async def quiet(house: House) -> list[Json]:
    """What the bot has said in the group, once all that was written there is handled."""
    await house.judged(house.fake.post(house.harbor, house.tom, "my train is so late"))
    return house.fake.by_bot(house.harbor)


async def test_every_command_is_answered_in_the_private_chat(open_house):
    house = open_house
    for command in (*COMMANDS, "start", "help"):
        fan = house.fake.user(f"Fan of {command}")
        await answer(house, house.fake.start(fan))
        house.clock.move(seconds=6)
        said = await answer(house, house.fake.post(house.fake.direct(fan), fan, f"/{command}"))
        assert said["text"], command
        if command in ("start", "help"):
            assert all(f"/{name}" in said["text"] for name in COMMANDS)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("/who", "software that belongs to the team of Lantern Harbor"),
        ("/privacy@Greenroom_Bot", "We keep what you write for seven days."),
        ("/WHO", "software"),
        ("/stop", STOPPED),
        ("/report it was rude", REPORTED),
    ],
)
async def test_what_is_no_secret_is_answered_below_the_command(open_house, command, words):
    house = open_house
    asked = house.fake.post(house.harbor, house.robin, command)
    said = await answer(house, asked)
    assert words in said["text"]
    assert said in house.fake.replies_to(asked)
    assert house.posted(asked) is None, "a command is no post"
    request = house.fake.requests(SEND)[-1].asked
    assert request["disable_notification"] or command.startswith("/report")


@pytest.mark.parametrize("command", ["mydata", "forget"])
async def test_what_is_for_one_fan_is_not_said_in_a_group(open_house, command):
    house = open_house
    house.fake.start(house.robin)
    await house.judged(house.fake.post(house.harbor, house.robin, PRAISE))
    asked = house.fake.post(house.harbor, house.robin, f"/{command}")
    said = await answer(house, asked)
    assert said["text"] == IN_PRIVATE
    assert link_of(said) == f"https://t.me/{house.fake.world.bot['username']}?start={command}"
    started = house.fake.start(house.robin, command)
    if command == "mydata":
        stored = json.loads(
            house.fake.world.files[(await documents(house, house.fake.direct(house.robin)))[0]["document"]["file_id"]]
        )
        assert PRAISE in json.dumps(stored)
    else:
        question = await answer(house, started)
        await house.fake.press(question, asks.data(asks.ME, FORGET), house.robin)
        await house.until(
            lambda: any(m.get("text") == FORGOTTEN for m in house.fake.by_bot(house.fake.direct(house.robin)))
        )
        assert house.rows("SELECT text FROM posts WHERE author_id = ?", str(house.robin["id"])) in (
            [],
            [("",)],
            [(None,)],
        )


async def test_a_link_alone_erases_nothing(open_house):
    house = open_house
    post = house.fake.post(house.harbor, house.robin, PRAISE)
    await house.judged(post)
    started = house.fake.start(house.robin, "forget")
    assert (await answer(house, started))["text"] == ASK_TO_FORGET.text
    kept = await house.stored(post)
    assert kept is not None
    assert kept.post.text == PRAISE


async def test_who_says_stop_is_left_alone(open_house):
    house = open_house
    post, card = await house.ask()
    draft = await house.draft(post)
    house.fake.post(house.harbor, house.robin, "/stop")
    await house.draft(post, "withdrawn")
    await house.says(card, "The fan wants no replies")
    later = await house.judged(house.fake.post(house.harbor, house.robin, "the fog in the last level is lovely"))
    assert (later.action, later.reason_code) == ("silent", "opted_out")
    assert draft["draft_id"]


OTHERS = ["/who@other_bot", "/stop@other_bot", "/mydata@other_bot please", "who", "/roll 20", "//who", "hi /stop"]


async def test_what_is_not_for_us_is_not_answered(open_house):
    house = open_house
    for command in OTHERS:
        house.fake.post(house.harbor, house.fake.user(f"Fan of {command}"), command)
    assert await quiet(house) == []
    assert house.rows("SELECT count(*) FROM fans WHERE opted_out_at IS NOT NULL") == [(0,)]


SENTENCES = [
    "/stop changing the controls, they were great",
    "/help my save is gone",
    "/forget it, the old map was better",
    "/privacy is dead in this game",
    "/start crashes on my phone",
    "/who made the music?",
    "/draft beer is back in the tavern",
    "/queue for ranked takes an hour",
    "/mydata is gone after the update",
    "/Stop! changing the controls",
    "/help@other_bot my save is gone",
    "/stop@other_bot changing the controls",
    "/something@greenroom_bot my save is gone",
    "the /stop sign is upside down",
]


async def test_words_that_only_begin_like_a_command_are_a_post(open_house):
    house = open_house
    for words, photo in product(SENTENCES, (False, True)):
        fan = house.fake.user(f"Fan {words[:9]}")
        post = house.fake.post(house.harbor, fan, words, photo=photo)
        assert (await house.judged(post)).post.text == words
    assert await quiet(house) == []
    assert house.rows("SELECT count(*) FROM fans WHERE opted_out_at IS NOT NULL") == [(0,)]
    assert house.rows("SELECT count(*) FROM inbox") == [(0,)]


STOPS = ["/stop", "/stop!", "/STOP 🙏", "/stop@greenroom_bot", "/stop@Greenroom_Bot now"]


async def test_a_command_that_stands_alone_or_names_us_counts_under_a_picture_too(open_house):
    house = open_house
    for words, photo in product(STOPS, (False, True)):
        asked = house.fake.post(house.harbor, house.fake.user(f"Fan {words[:9]}"), words, photo=photo)
        assert (await answer(house, asked))["text"] == STOPPED, words
        assert house.posted(asked) is None, words


async def test_somebody_elses_command_that_is_forwarded_does_nothing(open_house):
    house = open_house
    original = house.fake.post(house.room, house.kim, "/stop")
    found = await house.judged(house.fake.post(house.harbor, house.robin, "/stop", forward=original))
    assert (found.post.text, found.reason_code) == ("", "not_text")
    assert await quiet(house) == []


async def test_posts_that_begin_like_commands_keep_their_order(open_house):
    house = open_house
    texts = [f"/stop number {n}, please" if n % 2 else f"number {n}" for n in range(20)]
    sent = [house.fake.post(house.harbor, house.robin, text) for text in texts]
    await house.judged(sent[-1])
    order = [text for (text,) in house.rows("SELECT text FROM posts ORDER BY received_at, rowid")]
    assert order == texts


async def test_in_the_private_chat_nothing_is_done_by_mistake_and_nothing_is_passed_over(open_house):
    house = open_house
    house.fake.start(house.robin)
    asked = house.fake.post(house.fake.direct(house.robin), house.robin, "/stop changing the controls")
    assert (await answer(house, asked))["text"] == NOT_ALONE
    assert house.rows("SELECT count(*) FROM fans WHERE opted_out_at IS NOT NULL") == [(0,)]


@pytest.mark.parametrize("private", [True, False])
async def test_who_said_stop_comes_back_with_start(open_house, private):
    house = open_house
    place = house.fake.direct(house.robin) if private else house.harbor
    await answer(house, house.fake.start(house.robin))  # two chats: else it may be handled after the clock was moved
    await answer(house, house.fake.post(house.harbor, house.robin, "/stop"))
    house.clock.move(seconds=6)
    asked = house.fake.post(place, house.robin, "/start")
    said = (await answer(house, asked))["text"]
    assert "answered" in said
    assert house.rows("SELECT count(*) FROM fans WHERE opted_out_at IS NOT NULL") == [(0,)]
    later = await house.judged(house.fake.post(house.harbor, house.robin, PRAISE))
    assert later.reason_code != "opted_out"


async def test_start_says_nothing_in_a_group_to_who_wants_replies(open_house):
    house = open_house
    house.fake.post(house.harbor, house.robin, "/start")
    assert await quiet(house) == []


async def test_a_link_for_one_thing_does_not_bring_replies_back(open_house):
    house = open_house
    await answer(house, house.fake.start(house.robin))  # in another chat: else it may come after the clock was moved
    await answer(house, house.fake.post(house.harbor, house.robin, "/stop"))
    house.clock.move(seconds=6)
    house.fake.start(house.robin, "mydata")
    await documents(house, house.fake.direct(house.robin))
    await answer(house, house.fake.start(house.robin, "forget"))
    assert house.rows("SELECT count(*) FROM fans WHERE opted_out_at IS NOT NULL") == [(1,)]


async def test_whoever_hides_behind_a_name_is_not_taken_for_somebody(open_house):
    house = open_house
    house.fake.post(house.harbor, house.harbor, "/forget")
    house.fake.post(house.harbor, house.harbor, "/mydata")
    asked = house.fake.post(house.harbor, house.harbor, "/who")
    assert "software" in (await answer(house, asked))["text"]
    assert len(await quiet(house)) == 1


async def test_nobody_floods_a_group_with_our_answers(open_house):
    house = open_house
    for _ in range(20):
        house.fake.post(house.harbor, house.robin, "/who")
    house.fake.post(house.harbor, house.kim, "/who")
    assert len(await quiet(house)) == 2
    house.clock.move(seconds=6)
    await answer(house, house.fake.post(house.harbor, house.robin, "/who"))


async def test_an_answer_that_has_to_wait_holds_up_no_post(open_house):
    house = open_house
    slow = house.fake.fail_next(SEND, Fault(status=0, hold=True, chat=house.harbor))
    asked = house.fake.post(house.harbor, house.kim, "/who")
    await slow.reached.wait()
    await house.judged(house.fake.post(house.harbor, house.robin, IDLE))
    assert house.fake.replies_to(asked) == []
    slow.go.set()
    await answer(house, asked)


async def test_a_report_reaches_the_managers_without_power(open_house):
    house = open_house
    asked = house.fake.post(house.harbor, house.robin, "/report it was rude, @mara\nsee /queue")
    assert (await answer(house, asked))["text"] == REPORTED
    told = next(m for m in house.fake.by_bot(house.room) if "Report for Mara Quint from Robin" in m["text"])
    assert "it was rude" in told["text"]
    assert "in Lantern Harbor" in told["text"]
    assert not [e for e in told.get("entities", ()) if e["type"] in ("mention", "bot_command", "text_mention")]


async def test_a_report_that_nobody_sees_is_not_called_received(open_house):
    house = open_house
    house.fake.fail_next(
        SEND, Fault(403, description="Forbidden: bot was kicked from the supergroup chat", chat=house.room)
    )
    asked = house.fake.post(house.harbor, house.robin, "/report it was rude")
    assert (await answer(house, asked))["text"] == NOT_REPORTED


async def test_a_fan_who_has_blocked_us_breaks_nothing(open_house):
    house = open_house
    house.fake.start(house.robin)
    await house.until(lambda: house.fake.by_bot(house.fake.direct(house.robin)))
    house.fake.fail_next(SEND, Fault(403, description="Forbidden: bot was blocked by the user"))
    with capture_logs() as logs:
        house.fake.post(house.fake.direct(house.robin), house.robin, "/who")
        await house.until(lambda: any(line["event"] == "telegram_command_not_answered" for line in logs))
    assert (await answer(house, house.fake.post(house.harbor, house.kim, "/who")))["text"]


async def test_the_queue_is_listed_for_managers_alone(open_house):
    house = open_house
    empty = house.fake.post(house.room, house.mara, "/queue")
    assert (await answer(house, empty))["text"] == "Nothing is waiting."
    _, card = await house.ask()
    house.clock.move(seconds=6)
    listed = await answer(house, house.fake.post(house.room, house.mara, "/queue"))
    assert "1 waiting" in listed["text"]
    assert "Robin: praise" in listed["text"]
    assert f"/{card['message_id']}" in next(e["url"] for e in listed["entities"] if e["type"] == "text_link")
    house.fake.start(house.kim)
    with capture_logs() as logs:
        refused = await answer(house, house.fake.post(house.fake.direct(house.kim), house.kim, "/queue"))
    assert "Only the managers" in refused["text"]
    assert str(house.kim["id"]) in refused["text"]
    line = next(one for one in logs if one["event"] == "telegram_manager_not_listed")
    assert f"telegram: {house.kim['id']}" in line["config_line"]


async def test_nothing_about_the_queue_is_said_where_fans_read(open_house):
    house = open_house
    house.fake.start(house.mara)
    await house.until(lambda: house.fake.by_bot(house.fake.direct(house.mara)))
    house.fake.post(house.harbor, house.kim, "/queue")
    house.fake.post(house.harbor, house.tom, "/queue")
    house.fake.post(house.harbor, house.mara, "/queue")
    await house.until(lambda: house.fake.by_bot(house.fake.direct(house.mara))[-1]["text"] == "Nothing is waiting.")
    assert await quiet(house) == []


PUBLIC = ('"127.0.0.1:0"', '"127.0.0.1:0", public_url: "https://desk.example.org"')


async def test_a_link_to_the_console_comes_in_the_private_chat_only(house):
    house.config = house.config.replace(*PUBLIC)
    await house.start()
    await answer(house, house.fake.start(house.mara))  # in another chat: else it may come after the clock was moved
    for place in (house.harbor, house.room):  # others would read it there
        said = await answer(house, house.fake.post(place, house.mara, "/console"))
        assert said["text"] == IN_PRIVATE
        assert link_of(said).endswith("?start=console")
        house.clock.move(seconds=6)
    with capture_logs() as logs:
        said = await answer(house, house.fake.start(house.mara, "console"))
    assert said["chat"]["id"] == house.mara["id"]
    link = re.search(r"\nhttps://desk\.example\.org/signin\?token=(\S+)$", said["text"])
    assert house.app.keys.read_link(unquote(link[1])).manager == "mara"
    assert house.fake.requests(SEND)[-1].asked["link_preview_options"] == {"is_disabled": True}
    assert link[1] not in repr(logs)
    house.clock.move(seconds=6)
    again = await answer(house, house.fake.post(house.fake.direct(house.mara), house.mara, "/console"))
    assert again["text"] != said["text"], "each link works once"


async def test_nobody_else_gets_a_link_to_the_console(house):
    house.config = house.config.replace(*PUBLIC)
    await house.start()
    house.fake.start(house.kim)
    house.fake.post(house.harbor, house.kim, "/console")
    said = await answer(house, house.fake.start(house.kim, "console"))
    assert "Only the managers" in said["text"]
    assert await quiet(house) == []
    assert "signin?token" not in repr([request.asked for request in house.fake.requests(SEND)])


async def test_without_an_address_the_operator_is_named(open_house):
    house = open_house
    house.fake.start(house.mara)
    said = await answer(house, house.fake.post(house.fake.direct(house.mara), house.mara, "/console"))
    assert "the operator must set web.public_url" in said["text"]


async def test_a_sentence_about_the_console_is_a_post(open_house):
    house = open_house
    post = house.fake.post(house.harbor, house.robin, "/console does not open on my machine")
    assert await house.judged(post)


async def test_a_card_for_a_post_that_was_left_alone(open_house):
    house = open_house
    post = house.fake.post(house.harbor, house.robin, IDLE)
    assert (await house.judged(post)).action == "silent"
    link = f"https://t.me/c/{str(house.harbor['id'])[4:]}/{post['message_id']}"
    said = await answer(house, house.fake.post(house.room, house.mara, f"/draft {link}"))
    assert "card" in said["text"]
    await house.card(IDLE)
    assert await quiet(house) == []


async def test_the_link_of_a_comment_leads_to_the_channels_group(open_house):
    house = open_house
    channel = house.fake.channel("Harbor News", house.harbor, username="harbor_news")
    forward = house.fake.channel_post(channel, "The winter map is out.")
    post = house.fake.reply(forward, house.robin, IDLE)
    await house.judged(post)
    link = f"https://t.me/harbor_news/1?comment={post['message_id']}"
    said = await answer(house, house.fake.post(house.room, house.mara, f"/draft {link}"))
    assert "card" in said["text"]
    await house.card(IDLE)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", WHICH),
        ("the one about the map", WHICH),
        ("https://t.me/c/1/2", NOT_SEEN),
        ("https://t.me/nobody_has_this/3", NOTHING),
        ("https://t.me/c/1/2/3?single", NOT_SEEN),
    ],
)
async def test_a_link_that_leads_nowhere_is_answered(open_house, words, says):
    house = open_house
    asked = house.fake.post(house.room, house.mara, f"/draft {words}".rstrip())
    assert (await answer(house, asked))["text"] == says


async def test_pointing_at_a_post_where_it_stands_says_nothing_there(open_house):
    house = open_house
    house.fake.admin(house.harbor, house.mara, can_delete_messages=True)
    post = house.fake.post(house.harbor, house.robin, IDLE)
    await house.judged(post)
    house.fake.reply(post, house.kim, "/draft")
    pointed = house.fake.reply(post, house.mara, "/draft")
    await house.card(IDLE)
    await house.until(lambda: pointed not in house.fake.messages(house.harbor))
    assert await quiet(house) == []
    assert len(house.cards()) == 1


async def test_a_post_that_privacy_mode_hid_is_seen_when_a_manager_points_at_it(house):
    house.fake.privacy(on=True)
    await house.start()
    post = house.fake.post(house.harbor, house.robin, PRAISE)
    house.fake.reply(post, house.mara, "/draft")
    await house.card(PRAISE)
    assert house.fake.by_bot(house.harbor) == []


async def test_telegram_is_told_of_commands_once(open_house):
    house = open_house
    told = house.fake.methods.commands
    assert [one["command"] for one in told["default"]] == list(COMMANDS)
    assert [one["command"] for one in told["chat"]] == list(MANAGERS)
    await house.restart()
    assert len(house.fake.requests("setMyCommands")) == 2
