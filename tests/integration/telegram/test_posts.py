"""Posts on Telegram: what becomes of everything that can happen in a group."""

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.adapters.telegram import updates as updates_module
from bot.store import inspect
from tests.fakes.telegram import Fault

from .house import PRAISE


async def stored_all(house, message):
    """The post of a message sent now: whatever came before it is handled, or at work."""
    last = house.fake.post(message["chat"], house.kim, "fog again on the way to work")
    return await house.judged(last)


async def nothing_kept(house):
    """Until every update is handled."""
    await house.until(lambda: house.rows("SELECT count(*) FROM inbox") == [(0,)])


async def test_a_post_comes_in_with_its_author_and_place(open_house):
    house = open_house
    post = (await house.judged(house.fake.post(house.harbor, house.robin, PRAISE))).post
    assert (post.platform, post.channel, post.text) == ("telegram", str(house.harbor["id"]), PRAISE)
    assert (post.author.id, post.author.name, post.author.is_staff) == (str(house.robin["id"]), "Robin", False)
    assert (post.place.name, post.place.parent, post.place.topic, post.reply_to) == ("Lantern Harbor", None, "", None)
    await nothing_kept(house)


async def test_our_name_is_noticed_wherever_it_stands(open_house):
    house, me = open_house, open_house.fake.world.bot
    said = house.fake.post(house.harbor, house.robin, f"🦋 @{me['username'].upper()} hello")
    linked = house.fake.post(
        house.harbor,
        house.robin,
        "dear bot",
        entities=[{"type": "text_mention", "offset": 5, "length": 3, "user": me}],
    )
    other = house.fake.post(house.harbor, house.robin, "@somebody_else hello")
    assert [(await house.judged(one)).post.mentions_us for one in (said, linked, other)] == [True, True, False]


async def test_each_topic_is_a_channel_with_its_title(open_house):
    house = open_house
    moths = house.fake.topic(house.forum, "Paper moths", house.robin)
    inside = house.fake.post(house.forum, house.robin, PRAISE, topic=moths)
    answer = house.fake.reply(inside, house.kim, "how did you fold that")
    general = house.fake.post(house.forum, house.robin, "hello all of you")
    first, second, third = [(await house.judged(one)).post for one in (inside, answer, general)]
    forum = str(house.forum["id"])
    assert (first.channel, first.place.parent, first.place.topic) == (f"{forum}/{moths}", forum, "Paper moths")
    assert (first.reply_to, second.reply_to) == (None, str(inside["message_id"]))
    assert (second.channel, second.place.topic) == (first.channel, "Paper moths")
    assert (third.channel, third.place.parent, third.place.topic) == (forum, None, "")


async def test_a_comment_under_a_channels_post_has_that_post_as_its_context(open_house):
    house = open_house
    channel = house.fake.channel("Harbor News", house.harbor)
    forward = house.fake.channel_post(channel, "The winter map is out.")
    comment = house.fake.reply(forward, house.robin, PRAISE)
    around, found = await house.judged(forward), await house.judged(comment)
    assert (around.post.author.is_staff, around.action, around.post.text) == (True, "silent", "The winter map is out.")
    assert (found.post.reply_to, found.thread) == (str(forward["message_id"]), around.id)
    assert found.post.author.name == "Robin"


async def test_a_channels_post_that_privacy_mode_hid_comes_with_its_comment(house):
    house.fake.privacy(on=True)
    channel = house.fake.channel("Harbor News", house.harbor)
    await house.start()
    forward = house.fake.channel_post(channel, "The winter map is out.")
    assert house.posted(forward) is None
    comment = house.fake.reply(forward, house.robin, f"@{house.fake.world.bot['username']} {PRAISE}")
    around, found = await house.judged(forward), await house.judged(comment)
    assert (around.post.author.is_staff, around.action, around.post.text) == (True, "silent", "The winter map is out.")
    assert (found.post.reply_to, found.thread) == (str(forward["message_id"]), around.id)


FILE = {"file_id": "f", "file_unique_id": "u"}
STICKER = {"type": "regular", "width": 1, "height": 1, "is_animated": False, "is_video": False}
NO_VOTES = {"options": [], "total_voter_count": 0, "allows_multiple_answers": False, "allows_revoting": False}
POLL = {"id": "1", "type": "regular", "is_closed": False, "is_anonymous": True, "members_only": False, **NO_VOTES}


@pytest.mark.parametrize(
    ("more", "kind", "title"),
    [
        ({"photo": True}, "image", None),
        ({"sticker": {**FILE, **STICKER, "emoji": "👋"}}, "image", "sticker 👋"),
        ({"voice": {**FILE, "duration": 3}}, "audio", None),
        ({"document": {**FILE, "file_name": "log.txt"}}, "file", "log.txt"),
        ({"poll": {**POLL, "question": "Which map?"}}, "file", "poll: Which map?"),
    ],
)
async def test_without_words_there_is_nothing_to_read(open_house, more, kind, title):
    house = open_house
    found = await house.judged(house.fake.post(house.harbor, house.robin, **more))
    assert [(a.kind, a.title) for a in found.post.attachments] == [(kind, title)]
    assert (found.post.text, found.action, found.reason_code) == ("", "silent", "not_text")


async def test_a_forward_is_not_the_words_of_who_forwards(open_house):
    house = open_house
    original = house.fake.post(house.room, house.kim, PRAISE)
    found = await house.judged(house.fake.post(house.harbor, house.robin, PRAISE, forward=original))
    assert (found.post.text, found.reason_code) == ("", "not_text")
    assert [a.title for a in found.post.attachments] == ["a forwarded message"]


async def test_a_caption_is_the_text_and_a_hidden_link_is_kept(open_house):
    house = open_house
    photo = house.fake.post(house.harbor, house.robin, PRAISE, photo=True)
    link = {"type": "text_link", "offset": 0, "length": 4, "url": "https://example.org/moth"}
    linked = house.fake.post(house.harbor, house.robin, "here is my moth", entities=[link])
    assert (await house.judged(photo)).post.text == PRAISE
    attached = (await house.judged(linked)).post.attachments
    assert [(a.kind, a.url) for a in attached] == [("link", "https://example.org/moth")]


async def test_bots_notices_and_other_chats_are_passed_over(open_house):
    house = open_house
    helper = house.fake.user("Helper", bot=True)
    others = [
        house.fake.post(house.harbor, house.kim, PRAISE, via=helper),
        house.fake.service(house.harbor, house.kim, new_chat_members=[house.kim]),
        house.fake.post(house.room, house.robin, PRAISE),
        house.fake.post(house.fake.direct(house.robin), house.robin, PRAISE),
    ]
    await stored_all(house, others[0])
    await nothing_kept(house)
    assert [house.posted(one) for one in others] == [None] * 4


async def test_what_a_fan_quotes_stands_on_the_card_and_goes_with_the_fans_words(open_house):
    house = open_house
    said = house.fake.post(house.harbor, house.mara, "The fog is new, the map is twice as large, the boat is blue.")
    post = house.fake.post(house.harbor, house.robin, PRAISE, reply_to=said, quote="the map is twice as large")
    await house.draft(post)
    assert (await house.judged(post)).post.quote == "the map is twice as large"
    assert "Robin quotes: the map is twice as large" in (await house.card(PRAISE))["text"]
    assert (await house.app.store.export("telegram", str(house.robin["id"])))["posts"][0]["quote"]
    await house.app.desk.forget("telegram", str(house.robin["id"]))
    assert house.rows("SELECT quote FROM posts WHERE quote IS NOT NULL") == []


async def test_staff_are_managers_those_listed_and_who_writes_for_a_chat(house):
    ida = house.fake.user("Ida")
    house.config += f"    staff: {{{{users: [{ida['id']}]}}}}\n"
    channel = house.fake.channel("Harbor News", house.harbor)
    elsewhere = house.fake.channel("Somebody else", house.fake.supergroup("Elsewhere"))
    await house.start()
    senders = [house.mara, ida, house.harbor, channel, elsewhere, house.robin]
    sent = [house.fake.post(house.harbor, who, "we are on it") for who in senders]
    found = [(await house.judged(one)).post.author for one in sent]
    assert [author.is_staff for author in found] == [True, True, True, True, False, False]
    assert found[2].id == str(house.harbor["id"])


async def test_what_a_teammate_answered_needs_no_answer_any_more(open_house):
    house = open_house
    post = house.fake.post(house.harbor, house.robin, PRAISE)
    await house.draft(post)
    house.fake.reply(post, house.harbor, "Thank you! The whole team is happy.")  # an administrator without a name
    await house.draft(post, "withdrawn")


async def test_an_edit_brings_the_new_words_and_one_that_nobody_sees_nothing(open_house):
    house = open_house
    post = house.fake.post(house.harbor, house.robin, PRAISE)
    first = await house.draft(post)
    house.fake.edit(post)
    await stored_all(house, post)
    assert (await house.draft(post))["draft_id"] == first["draft_id"]
    house.fake.edit(post, f"{PRAISE} and so calm")
    found = await house.judged(post, f"{PRAISE} and so calm")
    assert found.version == 2
    await house.draft(post)
    assert (await house.again(first))["state"] == "superseded"


@pytest.mark.parametrize(("first", "second", "stands"), [(20, 10, 0), (10, 20, 1), (10, 10, 1)])
async def test_the_newest_of_several_edits_stands_whenever_it_is_told(open_house, first, second, stands):
    house = open_house
    post = house.fake.post(house.harbor, house.robin, PRAISE)
    await house.judged(post)
    words = [f"{PRAISE} and so calm", f"{PRAISE} and so odd"]
    for text, later in zip(words, (first, second), strict=True):
        house.fake.edit(post, text, at=post["date"] + later)
    await stored_all(house, post)
    assert (await house.judged(post)).post.text == words[stands]


async def test_an_edit_that_was_told_before_a_manager_pointed_at_the_post_is_no_news(house):
    await house.launch()
    held = house.fake.fail_next("getUpdates", Fault(status=0, hold=True))
    await held.reached.wait()
    post = house.fake.post(house.harbor, house.robin, "fog again on teh way to work")
    house.fake.edit(post, "fog again on the way to work", at=post["date"] + 20)
    house.fake.reply(post, house.mara, "/draft")
    house.fake.edit(post, "fog again on my way to work", at=post["date"] + 10)
    held.go.set()
    await stored_all(house, post)
    await house.judged(post, "fog again on the way to work")


async def test_kinds_of_update_that_nobody_asked_for_are_counted_and_else_ignored(open_house):
    house = open_house
    for kind in ("message_reaction", "edited_channel_post", "poll_answer", "something_new"):
        house.fake.world.updates.push({kind: {"chat": house.harbor, "message_id": 1, "odd": None}})
    with capture_logs() as told:
        await house.judged(house.fake.post(house.harbor, house.robin, PRAISE))
        await nothing_kept(house)
    assert (await house.app.store.numbers())["updates"] == {"pending": 0, "set_aside": 0, "ignored": 4}
    assert [line for line in told if line["log_level"] in ("warning", "error")] == []


async def test_who_calls_us_by_an_edit_is_heard(house):
    house.fake.privacy(on=True)
    await house.start()
    unseen = house.fake.post(house.harbor, house.robin, PRAISE)
    named = f"@{house.fake.world.bot['username']} {PRAISE}"
    house.fake.edit(unseen, named)
    assert (await house.judged(unseen)).post.text == named


async def test_privacy_mode_is_explained_and_lets_through_what_is_meant_for_us(house):
    house.fake.privacy(on=True)
    with capture_logs() as told:
        await house.start()
    (explained,) = (line["what"] for line in told if line["event"] == "telegram_privacy_mode")
    assert "/setprivacy" in explained
    unseen = house.fake.post(house.harbor, house.robin, PRAISE)
    seen = house.fake.post(house.harbor, house.robin, f"@{house.fake.world.bot['username']} {PRAISE}")
    await house.judged(seen)
    assert house.posted(unseen) is None


async def test_a_chat_that_is_not_listed_is_told_once_with_the_line_to_paste(open_house):
    house = open_house
    other = house.fake.supergroup("Off topic")
    with capture_logs() as told:
        for _ in range(3):
            house.fake.post(other, house.robin, f"@{house.fake.world.bot['username']} hello")
        house.fake.member(other, house.mara, "member")
        await stored_all(house, {"chat": house.harbor})
        await nothing_kept(house)
    (line,) = (line for line in told if line["event"] == "telegram_chat_not_listed")
    assert (line["chat"], line["chat_id"]) == ("Off topic", other["id"])
    assert f"listen: [{other['id']}]" in line["config_line"]


async def test_a_public_group_by_its_name_with_its_own_language(house):
    house.fake.supergroup("Deutsch", username="harbor_deutsch")
    deutsch = next(room.chat for room in house.fake.world.rooms.values() if room.chat.get("username"))
    house.listen = "{channel: '@harbor_deutsch', locale: de}, '@nobody_here'"
    with capture_logs() as told:
        await house.start()
    assert any("@nobody_here" in line.get("fault", "") for line in told)
    assert (await house.judged(house.fake.post(deutsch, house.robin, PRAISE))).post.place.locale == "de"


async def test_where_we_are_sent_away_nothing_is_kept_waiting(open_house):
    house = open_house
    post = house.fake.post(house.harbor, house.robin, PRAISE)
    await house.draft(post)
    house.fake.member(house.harbor, house.mara, "kicked")
    await house.draft(post, "withdrawn")
    assert (await house.stored(post)).deleted


async def test_an_update_that_cannot_be_read_holds_up_no_other(house):
    await house.launch()
    before = [house.fake.post(house.harbor, house.robin, f"{PRAISE} {n}") for n in range(5)]
    poison = house.fake.poison()
    after = [house.fake.post(house.harbor, house.kim, f"{PRAISE} {n}") for n in range(5)]
    for one in (*before, *after):
        await house.judged(one)
    rows = await house.until(lambda: house.rows("SELECT update_id, set_aside FROM inbox"))
    ((number, why),) = rows
    assert (number, "KeyError" in why or "TypeError" in why) == (str(poison), True)
    assert (await house.app.store.numbers())["updates"] == {"pending": 0, "set_aside": 1, "ignored": 0}
    assert house.rows("SELECT count(*) FROM events WHERE name = 'update_set_aside'") == [(1,)]
    await house.moved(days=8)
    await house.until(lambda: house.rows("SELECT count(*) FROM inbox") == [(0,)])


async def test_what_was_received_and_not_handled_is_handled_after_a_restart(house, monkeypatch):
    reached = asyncio.Event()

    async def stuck(self, ids, *updates):
        reached.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as broken:
        broken.setattr(updates_module.Updates, "_done", stuck)
        await house.start()
        post = house.fake.post(house.harbor, house.robin, PRAISE)
        await asyncio.wait_for(reached.wait(), 40)
        await house.until(lambda: house.fake.world.updates.polls > 1)  # Telegram was told that it arrived
        await house.stop()
    assert house.posted(post) is None
    await house.start()
    await house.judged(post)
    await nothing_kept(house)


async def test_a_group_that_becomes_a_supergroup_goes_on_under_its_new_id(house):
    small = house.fake.group("Small Harbor")
    house.listen = f"{small['id']}"
    await house.start()
    answered = house.fake.post(small, house.robin, PRAISE)
    draft = await house.draft(answered)
    await house.decide(draft, "approve")
    await house.delivery(draft, "sent")
    waiting = house.fake.post(small, house.kim, "the art is stunning")
    card = await house.draft(waiting)
    with capture_logs() as told:
        big = house.fake.migrate(small, house.mara)
        fresh = house.fake.post(big, house.robin, PRAISE)
        found = await house.judged(fresh)
    assert found.post.channel == str(big["id"])
    assert any(str(big["id"]) in line.get("fix", "") for line in told)
    old = house.rows("SELECT external_id FROM posts WHERE channel = ? ORDER BY at", str(big["id"]))
    assert (f"{small['id']}/{answered['message_id']}",) in old
    await house.decide(card, "approve")
    failed = await house.delivery(card, "failed")
    assert "became a supergroup" in failed["error"]
    assert house.fake.by_bot(big) == []
    await house.restart()  # config.yaml still has the old id
    await house.judged(house.fake.post(big, house.kim, "hello, all of you"))


async def test_a_group_moves_while_telegram_answers_nothing_about_chats(house):
    small = house.fake.group("Small Harbor")
    house.listen = f"{small['id']}"
    await house.start()
    for _ in range(2):  # each of the two chats has its notice
        house.fake.fail_next("getChat", Fault(status=502))
    big = house.fake.migrate(small, house.mara)
    found = await house.judged(house.fake.post(big, house.robin, PRAISE))
    assert found.post.channel == str(big["id"])


@pytest.mark.parametrize("status", [500, 502, None])
async def test_a_question_for_updates_that_fails_is_asked_again(open_house, status):
    house = open_house
    house.fake.fail_next("getUpdates", Fault(status=status))
    await house.judged(house.fake.post(house.harbor, house.robin, PRAISE))


async def test_ready_only_while_telegram_answers(open_house):
    house = open_house
    ready = house.app._deps().ready
    await house.until(lambda: ready()["telegram"])
    hold = house.fake.fail_next("getUpdates", Fault(status=0, hold=True))
    house.fake.post(house.harbor, house.robin, PRAISE)  # ends the question that is open
    await hold.reached.wait()
    house.clock.move(minutes=5)
    assert not ready()["telegram"]
    house.fake.post(house.harbor, house.robin, PRAISE)
    hold.go.set()
    await house.until(lambda: ready()["telegram"])


async def test_a_second_poller_is_told_in_words(open_house):
    house = open_house
    with capture_logs() as told:
        other = asyncio.create_task(_poll_as_somebody_else(house))
        line = await house.until(lambda: next((one for one in told if one["event"] == "part_stopped"), None))
        other.cancel()
        await asyncio.gather(other, return_exceptions=True)
    assert "Another program asks Telegram" in line["why"]
    await house.judged(house.fake.post(house.harbor, house.robin, PRAISE))


async def test_a_webhook_of_another_program_is_taken_away(open_house):
    house = open_house
    said = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook first"
    house.fake.fail_next("getUpdates", Fault(status=409, description=said))
    house.fake.post(house.harbor, house.robin, PRAISE)  # ends the question that is open
    with capture_logs() as told:
        await house.until(lambda: house.fake.requests("deleteWebhook"))
        await house.judged(house.fake.post(house.harbor, house.kim, PRAISE))
    assert "telegram_webhook_removed" in [line["event"] for line in told]


async def _poll_as_somebody_else(house):
    import httpx  # noqa: PLC0415 - the one place where a test speaks with the fake itself

    async with httpx.AsyncClient(timeout=60) as client:
        while True:
            url = f"{house.fake.api_base}/bot{house.token}/getUpdates"
            await client.post(url, data={"timeout": "1", "allowed_updates": "[]"}, timeout=10)


@pytest.mark.parametrize("token", ["700000001:wrong-token-of-the-tests", "wrong-token"])
async def test_a_token_that_is_not_taken_is_not_tried_again_and_stands_in_no_log(house, token, capfd):
    house.token = token
    with capture_logs() as told:
        await house.launch()
        lines = await house.until(lambda: [one for one in told if one["event"] == "part_stopped"])
    assert "@BotFather" in lines[0]["why"]
    assert "wrong-token" not in str(told)
    assert not house.app._deps().ready()["telegram"]
    await house.stop()
    said = capfd.readouterr()
    assert "wrong-token" not in said.out + said.err


async def test_the_doctor_tells_what_was_set_aside(house):
    await house.start()
    house.fake.poison()
    await house.until(lambda: house.rows("SELECT 1 FROM inbox WHERE set_aside IS NOT NULL"))
    found = [check for check in inspect(house.app.settings.store) if check.ok is None]
    assert ["1 update could not be handled" in check.result for check in found] == [True]
