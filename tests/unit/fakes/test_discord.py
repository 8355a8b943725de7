"""The fake Discord does to discord.py's own client what the service would do."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from discord import ui

from tests.fakes.discord import DELETE, SEND, TOKEN, FakeDiscord, Fault, components


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord().running() as running:
        yield running
    assert running.problems == []


class Bot(discord.Client):
    """Notes what it is told."""

    def __init__(self, intents: discord.Intents) -> None:
        super().__init__(
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=0.05,
            max_messages=None,
        )
        self.told: deque[tuple[str, Any]] = deque()
        self.running: asyncio.Task[None]
        self.act: Callable[[discord.Interaction], Awaitable[None]] | None = None

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        if not event.startswith("socket"):
            self.told.append((event, args[0] if args else None))
        super().dispatch(event, *args, **kwargs)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        if self.act:
            await self.act(interaction)

    async def next(self, event: str) -> Any:
        """What the next event of this name brings."""
        async with asyncio.timeout(10):
            while True:
                while self.told:
                    name, what = self.told.popleft()
                    if name == event:
                        return what
                await asyncio.sleep(0.005)


def intents() -> discord.Intents:
    wanted = discord.Intents.none()
    wanted.guilds = wanted.guild_messages = wanted.message_content = wanted.dm_messages = True
    return wanted


@contextlib.asynccontextmanager
async def connected(fake: FakeDiscord, token: str = TOKEN) -> AsyncIterator[Bot]:
    old = discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    discord.http.Route.BASE = fake.api_base
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(fake.gateway_url)
    bot = Bot(intents())
    bot.running = running = asyncio.create_task(bot.start(token))
    try:
        ready = asyncio.create_task(bot.next("ready"))
        await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            ready.cancel()
            await running
        yield bot
    finally:
        await bot.close()
        await asyncio.gather(running, return_exceptions=True)
        discord.http.Route.BASE, discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = old


def place(bot: Bot, channel: dict[str, Any]) -> Any:
    found = bot.get_channel(int(channel["id"]))
    assert found
    return found


async def test_history_is_read_in_pages(fake: FakeDiscord) -> None:
    general, robin = fake.channel("general"), fake.member("Robin")
    posts = [fake.post(general, robin, f"post {n}") for n in range(230)]
    async with connected(fake) as bot:
        after = discord.Object(int(posts[9]["id"]))
        found = [one.content async for one in place(bot, general).history(after=after, limit=None, oldest_first=True)]
    assert found == [f"post {n}" for n in range(10, 230)]


async def test_what_is_not_text(fake: FakeDiscord) -> None:
    general, robin = fake.channel("general"), fake.member("Robin")
    async with connected(fake) as bot:
        first = fake.post(general, robin, "look", files=["moth.png"])
        assert (await bot.next("message")).attachments[0].content_type == "image/png"
        fake.post(general, robin, stickers=["Wave"])
        assert (await bot.next("message")).stickers[0].name == "Wave"
        fake.post(general, robin, voice=True)
        voice = await bot.next("message")
        assert voice.flags.voice
        assert voice.attachments[0].is_voice_message()
        fake.post(general, robin, poll="Fog or rain?")
        assert (await bot.next("message")).poll.question == "Fog or rain?"
        fake.post(general, robin, forward=first)
        forward = await bot.next("message")
        assert (forward.content, forward.message_snapshots[0].content) == ("", "look")
        fake.post(general, robin, "through a bridge", webhook="7")
        assert (await bot.next("message")).webhook_id == 7


async def test_threads_and_forums(fake: FakeDiscord) -> None:
    general, robin = fake.channel("general"), fake.member("Robin")
    builds = fake.forum("builds", "help", "show")
    async with connected(fake) as bot:
        start = fake.post(general, robin, "my lighthouse")
        thread = fake.thread(general, "lighthouse", robin, on=start)
        fake.post(thread, robin, "more of it")
        await bot.next("message")
        inside = await bot.next("message")
        assert (inside.channel.name, inside.channel.parent.name) == ("lighthouse", "general")
        topic = fake.forum_post(builds, robin, "A moth", "made of paper", tags=["show"])
        begun = await bot.next("message")
        assert (begun.channel.id, begun.id) == (int(topic["id"]),) * 2
        assert [tag.name for tag in begun.channel.applied_tags] == ["show"]
        assert len(await bot.guilds[0].active_threads()) == 2
        fake.world.archive(thread)
        await bot.next("raw_thread_update")
        with pytest.raises(discord.HTTPException) as refused:
            await inside.reply("lovely")
        assert refused.value.code == 50083
        fake.world.archive(thread, locked=True)
        with pytest.raises(discord.HTTPException) as refused:
            await inside.reply("lovely")
        assert refused.value.code == 160005


async def test_a_wrong_token_is_refused(fake: FakeDiscord) -> None:
    with pytest.raises(discord.LoginFailure):
        async with connected(fake, token="another"):  # noqa: S106 - it opens nothing
            pass


async def test_an_intent_that_was_not_granted_is_refused(fake: FakeDiscord) -> None:
    fake.world.message_content = False
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with connected(fake):
            pass


async def test_a_short_break_is_resumed_and_nothing_is_missed(fake: FakeDiscord) -> None:
    general, robin = fake.channel("general"), fake.member("Robin")
    async with connected(fake) as bot:
        for cut in (fake.disconnect, fake.gateway.reconnect, lambda: fake.gateway.invalidate(resumable=True)):
            cut()
            await asyncio.sleep(0)
            for n in range(3):
                fake.post(general, robin, f"post {n}")
            assert [(await bot.next("message")).content for n in range(3)] == ["post 0", "post 1", "post 2"]
        assert (fake.gateway.identified, fake.gateway.resumed) == (1, 3)


@pytest.mark.parametrize("how", ["disconnect", "invalidate"])
async def test_a_long_break_begins_anew_and_what_was_missed_is_in_the_history(fake: FakeDiscord, how: str) -> None:
    general, robin = fake.channel("general"), fake.member("Robin")
    async with connected(fake) as bot:
        bot.told.clear()
        fake.disconnect(resumable=False) if how == "disconnect" else fake.gateway.invalidate(resumable=False)
        fake.post(general, robin, "missed")
        await bot.next("ready")
        fake.post(general, robin, "seen")
        assert (await bot.next("message")).content == "seen"
        assert [one.content async for one in place(bot, general).history()] == ["seen", "missed"]
        assert fake.gateway.identified == 2


async def test_unanswered_heartbeats_end_the_connection() -> None:
    async with FakeDiscord(heartbeat=0.2).running() as fake, connected(fake) as bot:
        fake.gateway.deaf = True
        bot.ws._max_heartbeat_timeout = bot.ws._keep_alive.heartbeat_timeout = 0.3
        await bot.next("disconnect")
        fake.gateway.deaf = False
        await bot.next("resumed")


async def test_one_malformed_event_ends_the_client(fake: FakeDiscord) -> None:
    general = fake.channel("general")
    async with connected(fake) as bot:
        fake.gateway.malformed("MESSAGE_CREATE", {"id": "1", "channel_id": general["id"]})
        with pytest.raises(KeyError):
            await asyncio.wait_for(bot.running, 10)


FAULTS = [
    ("500 without effect", Fault(500), 1),
    ("500 after the write", Fault(500, after=True), 1),
    ("502 twice after the write", Fault(502, after=True, times=2), 1),
    ("429", Fault(429, retry_after=0.05), 1),
]


@pytest.mark.parametrize(("name", "fault", "expected"), FAULTS, ids=[row[0] for row in FAULTS])
async def test_a_send_is_repeated_with_its_nonce_and_arrives_once(
    fake: FakeDiscord, monkeypatch: pytest.MonkeyPatch, name: str, fault: Fault, expected: int
) -> None:
    general = fake.channel("general")
    async with connected(fake) as bot:
        sleep = asyncio.sleep
        monkeypatch.setattr(discord.http.asyncio, "sleep", lambda seconds: sleep(min(seconds, 0.01)))
        fake.fail_next(SEND, fault)
        await place(bot, general).send("once", nonce="n7")
        assert len(fake.by_bot(general)) == expected
        assert {one.body["nonce"] for one in fake.requests(SEND)} == {"n7"}


@pytest.mark.parametrize("after", [False, True])
async def test_a_cut_connection_leaves_the_outcome_open(fake: FakeDiscord, after: bool) -> None:
    general = fake.channel("general")
    async with connected(fake) as bot:
        fake.fail_next(SEND, Fault(None, after=after))
        with pytest.raises((aiohttp.ClientError, OSError)):
            await place(bot, general).send("once", nonce="n8")
        assert len(fake.by_bot(general)) == after
        await place(bot, general).send("once", nonce="n8")
        assert len(fake.by_bot(general)) == 1
        fake.forget_nonces()
        await place(bot, general).send("once", nonce="n8")
        assert len(fake.by_bot(general)) == 2


REFUSALS: list[tuple[str, int, Callable[[FakeDiscord, Any, Any], Any]]] = [
    ("no right to write", 50013, lambda fake, channel, post: fake.world.deny(channel, "SEND_MESSAGES")),
    ("no right to see", 50001, lambda fake, channel, post: fake.world.deny(channel, "VIEW_CHANNEL")),
    ("no right to the history", 160002, lambda fake, channel, post: fake.world.deny(channel, "READ_MESSAGE_HISTORY")),
    ("the post is gone", 50035, lambda fake, channel, post: fake.delete(post)),
    ("another error", 40058, lambda fake, channel, post: fake.fail_next(SEND, Fault(403, code=40058))),
]


@pytest.mark.parametrize(("name", "code", "spoil"), REFUSALS, ids=[row[0] for row in REFUSALS])
async def test_a_send_is_refused(fake: FakeDiscord, name: str, code: int, spoil: Callable[..., Any]) -> None:
    general, robin = fake.channel("general"), fake.member("Robin")
    async with connected(fake) as bot:
        post = fake.post(general, robin, "the fog is lovely")
        seen = await bot.next("message")
        spoil(fake, general, post)
        with pytest.raises(discord.HTTPException) as refused:
            await seen.reply("Which part?")
        assert refused.value.code == code
        assert fake.by_bot(general) == []


async def test_a_nonce_of_a_deleted_message_is_not_found(fake: FakeDiscord) -> None:
    general = fake.channel("general")
    async with connected(fake) as bot:
        sent = await place(bot, general).send("once", nonce="n9")
        await sent.delete()
        with pytest.raises(discord.NotFound):
            await place(bot, general).send("once", nonce="n9")
    assert len(fake.requests(DELETE)) == 1


async def test_a_held_call_waits_for_the_test(fake: FakeDiscord) -> None:
    general, other = fake.channel("general"), fake.channel("other")
    async with connected(fake) as bot:
        fault = fake.fail_next(SEND, Fault(None, after=True, hold=True, channel=general["id"]))
        await place(bot, other).send("not held")
        sending = asyncio.create_task(place(bot, general).send("held"))
        await fault.reached.wait()
        assert (sending.done(), len(fake.by_bot(general))) == (False, 1)
        fault.go.set()
        with pytest.raises((aiohttp.ClientError, OSError)):
            await sending


async def test_the_client_keeps_to_the_pace(fake: FakeDiscord) -> None:
    general = fake.channel("general")
    fake.http.rate = 5
    async with connected(fake) as bot:
        await asyncio.gather(*(place(bot, general).send(f"{n}") for n in range(8)))
    assert len(fake.by_bot(general)) == 8


async def test_names_ping_only_whom_they_may(fake: FakeDiscord) -> None:
    general, robin, mods = fake.channel("general"), fake.member("Robin"), fake.role("Mods")
    words = f"<@{robin['user']['id']}> <@&{mods['id']}> @everyone"
    async with connected(fake) as bot:
        await place(bot, general).send(words)
        await place(bot, general).send(words, allowed_mentions=discord.AllowedMentions.all())
        allowed = discord.AllowedMentions(everyone=False, roles=False, users=[discord.Object(int(robin["user"]["id"]))])
        await place(bot, general).send(words, allowed_mentions=allowed)
    assert [fake.pings(one) for one in fake.by_bot(general)] == [
        set(),
        {robin["user"]["id"], mods["id"], "everyone"},
        {robin["user"]["id"]},
    ]


async def test_without_the_intent_words_are_hidden_but_from_whom_is_spoken_to(fake: FakeDiscord) -> None:
    fake.world.message_content = False
    general, robin = fake.channel("general"), fake.member("Robin")
    old = intents
    try:
        globals()["intents"] = lambda: discord.Intents(guilds=True, guild_messages=True)
        async with connected(fake) as bot:
            fake.post(general, robin, "the fog is lovely")
            assert (await bot.next("message")).content == ""
            fake.post(general, robin, f"<@{fake.world.bot['id']}> hello")
            assert "hello" in (await bot.next("message")).content
            assert [one.content != "" async for one in place(bot, general).history()] == [True, False]
    finally:
        globals()["intents"] = old


class Layout(ui.LayoutView):
    """A card with a button and a select."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        send = ui.Button[Any](label="Send", custom_id="card:1:send")
        skip = ui.Select[Any](custom_id="card:1:skip", options=[discord.SelectOption(label="Off topic", value="topic")])
        self.add_item(ui.Container(ui.TextDisplay("A card"), ui.ActionRow(send), ui.ActionRow(skip)))


class Form(ui.Modal):
    """A form with one field."""

    def __init__(self) -> None:
        super().__init__(title="Edit", custom_id="edit:1")
        text = ui.TextInput[Any](custom_id="text", default="as drafted", max_length=2000)
        self.add_item(ui.Label(text="Reply", component=text))


async def test_presses_forms_and_choices(fake: FakeDiscord) -> None:
    room, mara = fake.channel("mods-room"), fake.member("Mara", fake.role("Mods"))
    async with connected(fake) as bot:
        await place(bot, room).send(view=Layout())
        card = fake.by_bot(room)[0]
        assert [one["type"] for one in components(card)] == [17, 10, 1, 2, 1, 3]
        seen: list[Any] = []

        async def act(interaction: discord.Interaction) -> None:
            seen.append(interaction)
            if interaction.type is discord.InteractionType.modal_submit:
                await interaction.response.send_message("noted", ephemeral=True)
            elif interaction.data["custom_id"].endswith("send"):
                await interaction.response.send_modal(Form())
            else:
                await interaction.response.defer()
                await interaction.edit_original_response(view=Layout())
                await interaction.followup.send("skipped", ephemeral=True)

        bot.act = act
        pressed = await fake.press(card, "card:1:send", mara)
        assert pressed.modal["components"][0]["component"]["value"] == "as drafted"
        submitted = await fake.submit(pressed, mara, {"text": "in my words"})
        assert (submitted.text, seen[1].user.display_name) == ("noted", "Mara")
        assert [role.name for role in seen[1].user.roles] == ["@everyone", "Mods"]
        kept = await fake.submit(pressed, mara, {})
        assert kept.data["components"][0]["component"]["value"] == "as drafted"
        with pytest.raises(AssertionError, match="nobody can type"):
            await fake.submit(pressed, mara, {"text": "x" * 2001})
        with pytest.raises(KeyError):
            await fake.submit(pressed, mara, {"reply": "x"})
        chosen = await fake.press(card, "card:1:skip", mara, values=["topic"])
        assert seen[-1].data["values"] == ["topic"]
        async with asyncio.timeout(5):
            while chosen.text != "skipped":
                await asyncio.sleep(0.01)
        assert card["edited_timestamp"]


async def test_an_interaction_is_answered_once_and_in_time(fake: FakeDiscord) -> None:
    room, mara = fake.channel("mods-room"), fake.member("Mara")
    late = asyncio.Event()
    codes: list[int] = []

    async def twice(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("first", ephemeral=True)
        interaction.response._response_type = None
        with pytest.raises(discord.HTTPException) as refused:
            await interaction.response.send_message("second")
        codes.append(refused.value.code)
        late.set()

    async def too_late(interaction: discord.Interaction) -> None:
        await asyncio.sleep(0.3)
        with pytest.raises(discord.NotFound) as refused:
            await interaction.response.send_message("late")
        codes.append(refused.value.code)
        late.set()

    async with connected(fake) as bot:
        await place(bot, room).send(view=Layout())
        card = fake.by_bot(room)[0]
        bot.act = twice
        assert (await fake.press(card, "card:1:send", mara)).text == "first"
        await asyncio.wait_for(late.wait(), 10)
        late.clear()
        bot.act, fake.answer_within = too_late, 0.1
        assert (await fake.press(card, "card:1:send", mara)).failed
        await asyncio.wait_for(late.wait(), 10)
    assert codes == [40060, 10062]


UNDESCRIBED = [
    ("an undescribed call", lambda bot, channel: channel.webhooks(), "GET /channels/.*not described"),
    ("an undescribed field", lambda bot, channel: channel.send("hi", embed=discord.Embed(title="x")), "embeds"),
]


@pytest.mark.parametrize(("name", "ask", "problem"), UNDESCRIBED, ids=[row[0] for row in UNDESCRIBED])
async def test_what_is_not_described_is_noted(name: str, ask: Callable[[Bot, Any], Any], problem: str) -> None:
    async with FakeDiscord().running() as fake:
        general = fake.channel("general")
        async with connected(fake) as bot:
            with pytest.raises(discord.HTTPException):
                await ask(bot, place(bot, general))
        assert len(fake.problems) == 1
        assert re.search(problem, fake.problems[0])


def _row(*items: Any) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.ActionRow(*items))
    return view


def _long() -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.TextDisplay("x" * 2001)).add_item(ui.TextDisplay("x" * 2000))
    return view


BAD_LOOKS = [
    ("the same id twice", lambda: _row(*(ui.Button[Any](label="a", custom_id="same") for _ in range(2)))),
    ("a button without a label", lambda: _row(ui.Button[Any](custom_id="one"))),
    ("too much text", _long),
]


@pytest.mark.parametrize(("name", "view"), BAD_LOOKS, ids=[row[0] for row in BAD_LOOKS])
async def test_bad_looks_are_refused(fake: FakeDiscord, name: str, view: Callable[[], ui.LayoutView]) -> None:
    general = fake.channel("general")
    async with connected(fake) as bot:
        with pytest.raises(discord.HTTPException) as refused:
            await place(bot, general).send(view=view())
        assert refused.value.code == 50035
    assert fake.by_bot(general) == []


async def test_an_empty_message_is_refused(fake: FakeDiscord) -> None:
    general = fake.channel("general")
    async with connected(fake) as bot:
        with pytest.raises(discord.HTTPException) as refused:
            await place(bot, general).send("")
        assert refused.value.code == 50006
