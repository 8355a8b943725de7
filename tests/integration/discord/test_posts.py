"""Posts on Discord: what becomes of everything that can happen in a channel."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from bot.errors import StoreError
from tests.integration.discord.harbor import PRAISE, Harbor, running


@pytest.fixture
async def harbor(tmp_path, empty_database, pipeline) -> AsyncIterator[Harbor]:
    async with running(tmp_path, empty_database, pipeline, staff="{roles: [Team]}") as one:
        yield one


async def test_a_post_comes_in_with_its_author_and_place(harbor):
    post = (await harbor.judged(harbor.fake.post(harbor.general, harbor.robin, PRAISE))).post
    assert (post.platform, post.text, post.author.name) == ("discord", PRAISE, "Robin")
    assert (post.author.id, post.author.is_staff) == (harbor.robin["user"]["id"], False)
    assert (post.place.name, post.place.locale, post.reply_to) == ("general", None, None)


async def test_mentions_are_names_and_ours_is_noticed(harbor):
    us, kim = harbor.fake.world.bot["id"], harbor.kim["user"]["id"]
    post = (await harbor.judged(harbor.fake.post(harbor.general, harbor.robin, f"<@{us}> ask <@{kim}> <#1>"))).post
    assert post.mentions_us
    assert "@Kim" in post.text
    assert f"<@{us}>" not in post.text


@pytest.mark.parametrize(
    ("sent", "kind", "title"),
    [
        ({"files": ["moth.png"]}, "image", "moth.png"),
        ({"files": ["run.mp4"]}, "video", "run.mp4"),
        ({"files": ["log.txt"]}, "file", "log.txt"),
        ({"voice": True}, "audio", "voice-message.ogg"),
        ({"stickers": ["Wave"]}, "image", "Wave"),
        ({"poll": "Which map?"}, "file", "poll: Which map?"),
    ],
)
async def test_without_words_there_is_nothing_to_read(harbor, sent, kind, title):
    found = await harbor.judged(harbor.fake.post(harbor.general, harbor.robin, **sent))
    assert [(a.kind, a.title) for a in found.post.attachments] == [(kind, title)]
    assert found.post.text == ""
    assert (found.action, found.reason_code) == ("silent", "not_text")


async def test_a_forward_is_not_the_words_of_who_forwards(harbor):
    original = harbor.fake.post(harbor.other, harbor.kim, PRAISE)
    found = await harbor.judged(harbor.fake.post(harbor.general, harbor.robin, forward=original))
    assert (found.post.text, found.post.reply_to) == ("", None)
    assert [a.title for a in found.post.attachments] == ["a forwarded message"]
    assert found.reason_code == "not_text"


async def test_bots_webhooks_notices_and_other_channels_are_passed_over(harbor):
    helper = harbor.fake.member("Helper", bot=True)
    others = [
        harbor.fake.post(harbor.general, helper, PRAISE),
        harbor.fake.post(harbor.general, harbor.kim, PRAISE, webhook="170000000000000001"),
        harbor.fake.post(harbor.general, harbor.kim, "", type=7),
        harbor.fake.post(harbor.other, harbor.robin, PRAISE),
    ]
    await harbor.settled()
    assert [await harbor.stored(one) for one in others] == [None] * 4


async def test_a_listed_proxy_speaks_for_each_of_its_people(tmp_path, empty_database, pipeline):
    section = {"proxy_webhooks": "[170000000000000001]"}
    async with running(tmp_path, empty_database, pipeline, **section) as harbor:
        hook = "170000000000000001"
        one = await harbor.judged(harbor.fake.post(harbor.general, harbor.kim, PRAISE, webhook=hook))
        other = await harbor.judged(harbor.fake.post(harbor.general, harbor.robin, PRAISE, webhook=hook))
        assert one.post.author.id != other.post.author.id
        assert not one.post.author.is_staff


async def test_an_edit_is_judged_anew_and_a_preview_is_not_an_edit(harbor):
    message = harbor.fake.post(harbor.general, harbor.robin, PRAISE)
    card = await harbor.draft(message)
    harbor.fake.unfurl(message)
    await harbor.settled()
    assert (await harbor.stored(message)).version == 1
    harbor.fake.edit(message, "how do I save the game?")
    found = await harbor.judged(message, "how do I save the game?")
    assert found.version == 2
    assert (await harbor.again(card))["state"] == "superseded"


async def test_what_is_deleted_is_withdrawn_one_by_one_or_in_one_stroke(harbor):
    three = [harbor.fake.post(harbor.general, harbor.robin, f"{PRAISE} {n}") for n in range(3)]
    for message in three:
        await harbor.draft(message)
    harbor.fake.delete(three[0])
    harbor.fake.delete(*three[1:])
    for message in three:
        await harbor.draft(message, "withdrawn")


async def test_edited_and_deleted_right_after_it_came(harbor):
    quick = harbor.fake.post(harbor.general, harbor.robin, PRAISE)
    harbor.fake.edit(quick, "love the harbor")
    gone = harbor.fake.post(harbor.general, harbor.robin, PRAISE)
    harbor.fake.delete(gone)
    assert (await harbor.judged(quick, "love the harbor")).post.text == "love the harbor"

    async def buried():
        post = await harbor.stored(gone)
        return post and post.deleted

    await harbor.until(buried)


@pytest.mark.parametrize("who", ["tom", "mara"], ids=["by role", "by id"])
async def test_a_teammates_answer_withdraws_the_draft(harbor, who):
    message = harbor.fake.post(harbor.general, harbor.robin, PRAISE)
    await harbor.draft(message)
    answer = harbor.fake.post(harbor.general, getattr(harbor, who), "thank you!", reply_to=message)
    assert (await harbor.judged(answer)).post.author.is_staff
    assert (await harbor.draft(message, "withdrawn"))["cause"] == "answered"


async def test_a_forum_post_has_its_title_its_tags_and_its_channels_manner(tmp_path, empty_database, pipeline):
    listen = "[general, {channel: help, locale: de, register: warm}]"
    async with running(tmp_path, empty_database, pipeline, listen=listen) as harbor:
        message = harbor.fake.forum_post(harbor.help, harbor.robin, "Crash at start", PRAISE, ["bug"])
        post = (await harbor.judged(message)).post
    assert post.text == f"Crash at start\n{PRAISE}"
    place = post.place
    assert (place.name, place.topic, place.locale, place.register) == ("help", "Crash at start [bug]", "de", "warm")


async def test_a_teammate_in_a_forum_thread_answers_its_first_post(harbor):
    first = harbor.fake.forum_post(harbor.help, harbor.robin, "Save", "the new map is gorgeous")
    await harbor.draft(first)
    harbor.fake.post(harbor.fake.world.channels[first["channel_id"]], harbor.tom, "on the left")
    assert (await harbor.draft(first, "withdrawn"))["cause"] == "answered"


async def test_a_teammate_in_a_thread_answers_the_post_it_began_with(harbor):
    first = harbor.fake.post(harbor.general, harbor.robin, PRAISE)
    await harbor.draft(first)
    thread = harbor.fake.thread(harbor.general, "about the map", harbor.kim, on=first)
    harbor.fake.post(thread, harbor.tom, "thank you!")
    assert (await harbor.draft(first, "withdrawn"))["cause"] == "answered"


async def test_fifty_posts_missed_are_read_once_each(harbor):
    first = harbor.fake.post(harbor.general, harbor.robin, PRAISE)
    await harbor.judged(first)
    await harbor.stop()
    missed = [harbor.fake.post(harbor.general, harbor.kim, f"see you at {n}") for n in range(48)]
    missed.append(harbor.fake.forum_post(harbor.help, harbor.kim, "New", "fog again on the way to work"))
    thread = harbor.fake.thread(harbor.general, "aside", harbor.kim, on=first)
    missed.append(harbor.fake.post(thread, harbor.tom, "thank you!"))
    await harbor.start()
    for message in missed:
        assert (await harbor.judged(message)).version == 1
    assert (await harbor.stored(missed[-1])).post.author.is_staff, "roles do not come with what is read later"
    await harbor.draft(first, "withdrawn")
    received = [e for e in await harbor.store.events(after=0, limit=9999) if e.name == "post_received"]
    assert len(received) == 51


async def test_what_was_said_before_the_first_start_or_long_ago_is_left_alone(tmp_path, empty_database, pipeline):
    async with running(tmp_path, empty_database, pipeline) as harbor:
        await harbor.settled()
        await harbor.stop()
        old = harbor.fake.post(harbor.general, harbor.robin, PRAISE, at=datetime.now(UTC) - timedelta(hours=30))
        await harbor.start()
        await harbor.settled()
        assert [await harbor.stored(one) for one in (old, harbor.before_us)] == [None, None]


@pytest.mark.parametrize("resumable", [True, False])
async def test_posts_around_a_broken_connection(harbor, resumable):
    before = harbor.fake.post(harbor.general, harbor.robin, "see you at five")
    harbor.fake.disconnect(resumable=resumable)
    after = harbor.fake.post(harbor.general, harbor.robin, "fog again on the way to work")
    await harbor.judged(before)
    await harbor.judged(after)
    assert harbor.restarts == []


async def test_a_renamed_forum_post_is_an_edit_of_its_first_words(harbor):
    message = harbor.fake.forum_post(harbor.help, harbor.robin, "Map", PRAISE)
    await harbor.judged(message)
    thread = harbor.fake.world.channels[message["channel_id"]]
    thread["name"] = "Map, solved"
    harbor.fake.world.emit("THREAD_UPDATE", thread)
    assert (await harbor.judged(message, f"Map, solved\n{PRAISE}")).version == 2


async def test_a_deleted_thread_takes_its_posts_along(harbor):
    message = harbor.fake.forum_post(harbor.help, harbor.robin, "Map", PRAISE)
    await harbor.draft(message)
    thread = harbor.fake.world.channels[message["channel_id"]]
    kept = ("id", "guild_id", "parent_id", "type")
    harbor.fake.world.emit("THREAD_DELETE", {key: thread[key] for key in kept})
    assert (await harbor.draft(message, "withdrawn"))["cause"] == "post_deleted"


async def test_a_bot_that_is_sent_away_keeps_no_words(harbor):
    message = harbor.fake.post(harbor.general, harbor.robin, PRAISE)
    await harbor.draft(message)
    harbor.fake.world.emit("GUILD_DELETE", {"id": harbor.fake.world.guild["id"]})
    await harbor.draft(message, "withdrawn")
    assert (await harbor.stored(message)).post.text == ""


async def test_without_the_intent_it_reads_mentions_and_sees_who_answers(tmp_path, empty_database, pipeline):
    async with running(tmp_path, empty_database, pipeline, staff="{roles: [Team]}") as harbor:
        await harbor.disconnect()
        harbor.fake.world.message_content = False
        harbor.connect()
        await harbor.until(harbor.caught_up)
        us = harbor.fake.world.bot["id"]
        asked = harbor.fake.post(harbor.general, harbor.robin, f"<@{us}> {PRAISE}")
        await harbor.draft(asked)
        unseen = harbor.fake.post(harbor.general, harbor.robin, PRAISE)
        harbor.fake.post(harbor.general, harbor.tom, "thank you!", reply_to=asked)
        assert (await harbor.draft(asked, "withdrawn"))["cause"] == "answered"
        assert await harbor.stored(unseen) is None


async def test_a_mention_where_nobody_listens_is_told_once_with_the_line_to_paste(harbor):
    us = harbor.fake.world.bot["id"]
    with capture_logs() as logs:
        for _ in range(2):
            harbor.fake.post(harbor.other, harbor.robin, f"<@{us}> hello?")
        await harbor.settled()
    (told,) = (entry for entry in logs if entry["event"] == "discord_channel_not_listed")
    assert told["channel"] == "off-topic"
    assert f"listen: [{harbor.other['id']}]" in told["config_line"]


async def test_what_could_not_be_stored_is_read_again_on_a_fresh_connection(harbor):
    receive, failures = harbor.intake.receive, [StoreError("the disk is full")]

    async def full(post, **more):
        if failures:
            raise failures.pop()
        return await receive(post, **more)

    harbor.intake.receive = full
    lost = harbor.fake.post(harbor.general, harbor.robin, PRAISE)
    await harbor.judged(lost)
    assert [type(error) for error in harbor.restarts] == [StoreError]


async def test_a_message_that_the_library_cannot_read_stops_the_back_fill_and_nothing_else(harbor):
    await harbor.settled()
    await harbor.stop()
    harbor.fake.post(harbor.general, harbor.robin, PRAISE, sticker_items=[{"name": "no id"}])
    with capture_logs() as logs:
        await harbor.start_anyway()

        async def cut_off():
            return any(entry["event"] == "discord_backfill_cut_off" for entry in logs)

        await harbor.until(cut_off)
    await harbor.judged(harbor.fake.post(harbor.general, harbor.robin, "fog again on the way to work"))
    assert harbor.restarts == []


@pytest.mark.parametrize(
    "text",
    [
        "/stop changing the controls, they were great",
        "/help my save is gone",
        "!stop",
        "!report you",
        "/forget",
        "?help",
    ],
)
async def test_what_looks_like_a_command_is_a_post(harbor, text):
    """Commands come as interactions here, never as messages."""
    await harbor.judged(harbor.fake.post(harbor.general, harbor.robin, text))
    await harbor.draft(harbor.fake.post(harbor.general, harbor.robin, PRAISE))


async def test_a_preview_after_an_edit_is_no_second_edit_whatever_name_a_mention_has(harbor):
    message = harbor.fake.post(harbor.general, harbor.robin, "see you")
    kim = harbor.kim["user"]["id"]
    harbor.fake.edit(message, f"see you <@{kim}>")
    assert (await harbor.judged(message, "see you @Kim")).version == 2
    harbor.fake.world.nickname(harbor.kim, "Lighthouse keeper")
    harbor.fake.unfurl(message)
    harbor.fake.world.change_message(message, pinned=True)
    await harbor.settled()
    found = await harbor.stored(message)
    assert (found.version, found.post.text) == (2, "see you @Kim")


async def test_of_two_edits_the_newer_one_stays_whatever_comes_first(harbor):
    message = harbor.fake.post(harbor.general, harbor.robin, "one")
    harbor.fake.edit(message, "two")
    await harbor.judged(message, "two")
    older = dict(message)
    harbor.fake.edit(message, "three")
    await harbor.judged(message, "three")
    harbor.fake.world.emit("MESSAGE_UPDATE", harbor.fake.world._event(older))
    await harbor.settled()
    assert (await harbor.stored(message)).post.text == "three"


async def test_a_post_that_was_edited_before_we_read_it_has_its_time(harbor):
    await harbor.settled()
    await harbor.stop()
    message = harbor.fake.post(harbor.general, harbor.robin, "one")
    harbor.fake.edit(message, "two")
    await harbor.start()
    found = await harbor.judged(message, "two")
    assert (found.version, found.edited_at) == (1, datetime.fromisoformat(message["edited_timestamp"]))
