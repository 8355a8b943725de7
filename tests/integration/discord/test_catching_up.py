"""Posts come first: what fails for one channel, or beside them, keeps nothing else from being read."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from bot.adapters.discord import commands, ingest
from tests.fakes.discord import Fault
from tests.integration.discord.harbor import PRAISE, Harbor, running

ARCHIVED = "GET /channels/{channel}/threads/archived/public"
HISTORY = "GET /channels/{channel}/messages"
MEMBER = "GET /guilds/{guild}/members/{user}"
COMMANDS = "PUT /applications/{application}/commands"


@pytest.fixture
async def harbor(tmp_path, empty_database, pipeline, monkeypatch) -> AsyncIterator[Harbor]:
    monkeypatch.setattr(ingest, "FIRST_PAUSE", 0.05)
    async with running(tmp_path, empty_database, pipeline, staff="{roles: [Team]}") as one:
        yield one


async def ready(harbor) -> bool:
    return harbor.platform.is_ready()


async def not_ready(harbor) -> bool:
    return not harbor.platform.is_ready()


@pytest.fixture
async def missed(harbor):
    """What was written while the program was stopped: in a channel, in a thread that fell asleep, in a forum."""
    await harbor.settled()
    await harbor.stop()
    in_channel = harbor.fake.post(harbor.general, harbor.robin, PRAISE)
    thread = harbor.fake.thread(harbor.general, "lighthouse", harbor.kim)
    in_thread = harbor.fake.post(thread, harbor.kim, "fog again on the way to work")
    harbor.fake.world.archive(thread)
    awake = harbor.fake.thread(harbor.general, "boats", harbor.kim)
    in_other = harbor.fake.post(awake, harbor.kim, "the boats are back")
    in_forum = harbor.fake.forum_post(harbor.help, harbor.robin, "The map", PRAISE)
    return {"channel": in_channel, "thread": in_thread, "other": in_other, "forum": in_forum}


@pytest.mark.parametrize(("status", "code"), [(404, 10003), (403, 50001), (503, 0), (None, 0)])
async def test_archived_threads_that_cannot_be_listed_are_asked_for_again_and_hold_up_nothing(
    harbor, missed, status, code
):
    fault = Fault(status, code=code, times=3, channel=harbor.general["id"])
    harbor.fake.fail_next(ARCHIVED, fault)
    with capture_logs() as logs:
        await harbor.start()
    for message in missed.values():
        await harbor.judged(message)
    assert harbor.restarts == []
    told = [entry for entry in logs if entry["event"].startswith("discord_history")]
    assert {entry["channel_id"] for entry in told} == {harbor.general["id"]}
    assert len([one for one in harbor.fake.requests(ARCHIVED) if one.path["channel"] == harbor.help["id"]]) == 1


@pytest.mark.parametrize("place", ["channel", "thread", "other", "forum"])
async def test_one_place_that_cannot_be_read_is_read_later(harbor, missed, place):
    """A place that was read is not read again for the sake of another one."""
    fault = harbor.fake.fail_next(HISTORY, Fault(503, times=2, hold=True, channel=missed[place]["channel_id"]))
    await harbor.start_anyway()
    await fault.reached.wait()
    fault.go.set()
    for message in missed.values():
        assert (await harbor.judged(message)).version == 1
    await harbor.until(harbor.caught_up)
    assert harbor.restarts == []
    received = [e for e in await harbor.store.events(after=0, limit=9999) if e.name == "post_received"]
    assert len(received) == 5


async def test_roles_that_cannot_be_asked_for_are_asked_for_again(harbor, missed):
    answer = harbor.fake.post(harbor.general, harbor.tom, "thank you!", reply_to=missed["channel"])
    harbor.fake.fail_next(MEMBER, Fault(503, times=2))
    await harbor.start()
    assert (await harbor.judged(answer)).post.author.is_staff
    assert harbor.restarts == []


async def test_a_thread_that_discord_does_not_show_yet_is_read_with_what_was_missed(harbor):
    thread = harbor.fake.thread(harbor.general, "lighthouse", harbor.kim)
    harbor.fake.post(thread, harbor.kim, "the lamp is lit")
    await harbor.settled()
    harbor.fake.world.archive(thread)
    harbor.fake.disconnect(resumable=False)  # a new session does not know of it
    await harbor.until(lambda: _identified(harbor, 2))
    await harbor.settled()
    harbor.fake.fail_next("GET /channels/{channel}", Fault(503))
    unseen = harbor.fake.post(thread, harbor.robin, PRAISE)
    await harbor.judged(unseen)
    assert harbor.restarts == []


async def _identified(harbor, times) -> bool:
    return harbor.fake.gateway.identified >= times


async def test_what_is_written_while_the_server_is_unavailable_is_read_afterwards(harbor):
    await harbor.until(lambda: ready(harbor))
    harbor.fake.world.outage(over=False)
    await harbor.until(lambda: not_ready(harbor))
    unseen = harbor.fake.post(harbor.general, harbor.robin, PRAISE)
    harbor.fake.world.outage(over=True)
    await harbor.judged(unseen)
    await harbor.until(lambda: ready(harbor))


async def test_a_bot_that_is_sent_away_and_asked_back_listens_again(harbor):
    before = harbor.fake.post(harbor.general, harbor.robin, PRAISE)
    await harbor.draft(before)
    harbor.fake.world.expel()
    await harbor.draft(before, "withdrawn")
    await harbor.until(lambda: not_ready(harbor))
    harbor.fake.world.invite()
    await harbor.until(lambda: ready(harbor))
    await harbor.judged(harbor.fake.post(harbor.general, harbor.robin, PRAISE))
    assert harbor.restarts == []


async def test_a_channel_that_is_deleted_takes_its_posts_along_and_no_other(harbor):
    message = harbor.fake.post(harbor.general, harbor.robin, PRAISE)
    await harbor.draft(message)
    with capture_logs() as logs:
        harbor.fake.world.remove_channel(harbor.general)
        await harbor.draft(message, "withdrawn")
        await harbor.until(lambda: not_ready(harbor))
    assert any("“general”" in entry.get("fault", "") for entry in logs)
    await harbor.judged(harbor.fake.forum_post(harbor.help, harbor.robin, "The map", PRAISE))
    assert harbor.restarts == []


async def test_a_channel_of_config_yaml_that_is_not_there_is_not_ready(tmp_path, empty_database, pipeline):
    async with running(tmp_path, empty_database, pipeline, listen="[general, help]") as harbor:
        await harbor.until(lambda: ready(harbor))
        await harbor.stop()
        assert not harbor.platform.is_ready()
        harbor.section["listen"] = "[general, help, lighthouse]"
        await harbor.start()
        await harbor.judged(harbor.fake.post(harbor.general, harbor.robin, PRAISE))
        assert not harbor.platform.is_ready()
        harbor.fake.channel("lighthouse")
        await harbor.until(lambda: ready(harbor))


async def test_commands_that_discord_does_not_take_hold_up_no_post(harbor):
    await harbor.stop()
    (harbor.folder / "var" / "greenroom.db").unlink()
    harbor.fake.world.commands.clear()
    fault = harbor.fake.fail_next(COMMANDS, Fault(500, hold=True))
    await harbor.start_anyway()
    await fault.reached.wait()
    await harbor.until(harbor.caught_up)
    await harbor.judged(harbor.fake.post(harbor.general, harbor.robin, PRAISE))
    assert harbor.platform.is_ready()
    fault.go.set()
    await harbor.until(lambda: _registered(harbor))


async def test_commands_are_told_again_until_discord_takes_them(harbor, monkeypatch):
    monkeypatch.setattr(commands, "FIRST_PAUSE", 0.01)
    await harbor.stop()
    (harbor.folder / "var" / "greenroom.db").unlink()
    harbor.fake.world.commands.clear()
    harbor.fake.fail_next(COMMANDS, Fault(403, code=50001, times=2))
    harbor.fake.fail_next(COMMANDS, Fault(429, retry_after=31.0))
    with capture_logs() as logs:
        await harbor.start()

        async def put_off():
            return [entry for entry in logs if entry["event"] == "discord_commands_not_known"][2:]

        (limited,) = await harbor.until(put_off)
    assert limited["again_in_seconds"] == 31
    assert harbor.restarts == []
    assert harbor.platform.is_ready()


async def _registered(harbor) -> bool:
    return {one["name"] for one in harbor.fake.world.commands.values()} >= commands.names(harbor.settings)


@pytest.mark.parametrize("first", [True, False], ids=["never heard before", "heard before"])
async def test_what_is_written_before_discord_tells_of_the_server_is_read_when_it_does(harbor, first):
    await harbor.settled()
    await harbor.stop()
    if first:
        with contextlib.closing(sqlite3.connect(harbor.folder / "var/greenroom.db")) as base, base:
            base.execute("DELETE FROM cursors WHERE platform = 'discord'")
    harbor.fake.gateway.tells_of_the_server = False
    with capture_logs() as logs:
        await harbor.start_anyway()
        while not any(entry["event"] == "discord_connected" for entry in logs):
            await asyncio.sleep(0.01)
    missed = harbor.fake.post(harbor.general, harbor.robin, PRAISE)
    harbor.fake.gateway.tells_of_the_server = True
    harbor.fake.disconnect(resumable=False)
    assert await harbor.judged(missed)


async def test_a_session_that_ends_before_it_is_ready_leaves_nothing_out(harbor):
    """The library says that it is ready a moment after it has connected, also if it is away again by then."""
    await harbor.settled()
    harbor.fake.disconnect(resumable=False)
    await harbor.until(lambda: _identified(harbor, 2))
    harbor.fake.gateway.greets.clear()
    with capture_logs() as logs:
        harbor.fake.disconnect(resumable=False)
        while not any(entry["event"] == "discord_connected" for entry in logs):
            await asyncio.sleep(0.01)
        await harbor.until(harbor.caught_up)
    missed = harbor.fake.post(harbor.general, harbor.robin, PRAISE)
    assert not harbor.platform._client.is_listening()
    harbor.fake.gateway.greets.set()
    assert await harbor.judged(missed)
