"""A Discord of our own over real HTTP and WebSocket, on loopback, for one bot and one server.

Tests say what people do and what goes wrong, and look at what can be seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from tests.fakes.discord import interactions as acts
from tests.fakes.discord.gateway import Gateway
from tests.fakes.discord.http import API, Fault, Http, Seen
from tests.fakes.discord.interactions import Interaction
from tests.fakes.discord.rest import Rest
from tests.fakes.discord.state import REPLY, VOICE_MESSAGE, Json, World

TOKEN = "a.token.of-the-tests"  # noqa: S105 - it opens nothing
SEND = "POST /channels/{channel}/messages"
EDIT = "PATCH /channels/{channel}/messages/{message}"
DELETE = "DELETE /channels/{channel}/messages/{message}"
CALLBACK = "POST /interactions/{interaction}/{token}/callback"


class FakeDiscord:
    """`async with fake.running():` then `fake.api_base` and `fake.gateway_url` are its addresses."""

    def __init__(self, *, heartbeat: float = 41.25) -> None:
        """`heartbeat` is the seconds between two heartbeats of the client."""
        self.world = World("Lantern Harbor")
        self.gateway = Gateway(self.world, TOKEN, heartbeat)
        self.rest = Rest(self.world, self.gateway)
        self.http = Http(self.rest, TOKEN)
        self.answer_within = 3.0
        """Seconds in which an interaction must be answered."""
        self.port = 0

    @contextlib.asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[FakeDiscord]:
        """Serve on loopback until the block ends."""
        app = web.Application(client_max_size=1 << 20)
        app.router.add_get("/", self.gateway.serve)
        app.router.add_route("*", API + "/{path:.*}", self.http.serve)
        runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        self.port = runner.addresses[0][1]
        self.gateway.url = self.gateway_url
        try:
            yield self
        finally:
            for _, fault in self.http.faults:
                fault.go.set()
            await self.gateway.stop()
            await runner.cleanup()

    @property
    def api_base(self) -> str:
        """For `platforms.discord.api_base`."""
        return f"http://127.0.0.1:{self.port}{API}"

    @property
    def gateway_url(self) -> str:
        """For `platforms.discord.gateway_url`."""
        return f"ws://127.0.0.1:{self.port}/"

    # What people do.

    def role(self, name: str, *permissions: str) -> Json:
        """A new role."""
        return self.world.role(name, *permissions)

    def member(self, name: str, *roles: Json, bot: bool = False) -> Json:
        """Somebody new; their id is `["user"]["id"]`."""
        return self.world.member(name, *roles, bot=bot)

    def channel(self, name: str) -> Json:
        """A new text channel."""
        return self.world.channel(name)

    def forum(self, name: str, *tags: str) -> Json:
        """A new forum."""
        return self.world.forum(name, *tags)

    def thread(self, parent: Json, name: str, owner: Json, *, on: Json | None = None) -> Json:
        """A new thread, on a message if given."""
        return self.world.thread(parent, name, owner, on["id"] if on else None)

    def forum_post(self, forum: Json, author: Json, title: str, text: str, tags: Iterable[str] = ()) -> Json:
        """A new post in a forum: the first message of a thread of the same id."""
        thread = self.world.thread(forum, title, author, tags=tags)
        return self.post(thread, author, text, id=thread["id"])

    def post(
        self,
        channel: Json,
        author: Json,
        text: str = "",
        *,
        reply_to: Json | None = None,
        forward: Json | None = None,
        at: datetime | None = None,
        stickers: Iterable[str] = (),
        files: Iterable[str] = (),
        voice: bool = False,
        poll: str | None = None,
        webhook: str | None = None,
        **more: Any,
    ) -> Json:
        """Somebody writes. `at` lies in the past for what is found later; `more` are fields as the API has them."""
        place = {"guild_id": self.world.guild["id"], "channel_id": channel["id"]}
        if reply_to:
            reference = {**place, "message_id": reply_to["id"], "type": 0}
            more |= {"type": REPLY, "message_reference": reference}
        if forward:
            original = {**place, "channel_id": forward["channel_id"], "message_id": forward["id"], "type": 1}
            kept = ("type", "content", "embeds", "attachments", "timestamp", "edited_timestamp", "flags", "components")
            snapshot = {key: forward[key] for key in (*kept, "mentions", "mention_roles")}
            more |= {"message_reference": original, "message_snapshots": [{"message": snapshot}]}
        if stickers:
            more["sticker_items"] = [{"id": self.world.new_id(), "name": name, "format_type": 1} for name in stickers]
        if voice:
            more["flags"] = VOICE_MESSAGE
        if files or voice:
            more["attachments"] = [self._file(name) for name in (files or ["voice-message.ogg"])]
        if poll:
            more["poll"] = _poll(poll)
        if webhook:
            more["webhook_id"] = webhook
        notice = self.world.notice(text, None, reply_to)
        return self.world.add_message(channel, author["user"], text, at=at, **(notice | more))

    def _file(self, name: str) -> Json:
        kind = {"png": "image/png", "ogg": "audio/ogg", "mp4": "video/mp4"}.get(name.rsplit(".", 1)[-1], "text/plain")
        url = f"http://127.0.0.1:{self.port}/attachments/{name}"
        plain = {"id": self.world.new_id(), "filename": name, "size": 1000, "url": url, "proxy_url": url}
        return {**plain, "content_type": kind, **({"duration_secs": 2.0, "waveform": "AA=="} if "ogg" in name else {})}

    def edit(self, message: Json, text: str) -> None:
        """The author changes the words."""
        self.world.change_message(message, content=text, **self.world.notice(text, None, None))

    def unfurl(self, message: Json) -> None:
        """The service adds a link's preview: an edit event without an edit."""
        self.world.change_message(message, embeds=[{"type": "link", "title": "A page"}])

    def delete(self, *messages: Json) -> None:
        """The messages go; several of one channel in one stroke."""
        if len(messages) == 1:
            self.world.remove_message(messages[0]["channel_id"], messages[0]["id"])
        else:
            self.world.remove_messages(messages[0]["channel_id"], [message["id"] for message in messages])

    async def press(self, message: Json, custom_id: str, member: Json, *, values: Iterable[str] = ()) -> Interaction:
        """Somebody presses a button or chooses in a select; returns when it is answered, or failed."""
        shown = self.world.messages[message["channel_id"]].get(message["id"], message)  # or one for them alone
        part = next((one for one in acts.components(shown) if one.get("custom_id") == custom_id), {"type": 2})
        data = {"component_type": part["type"], "custom_id": custom_id, "id": part.get("id", 1)}
        data |= {"values": list(values)} if part["type"] != 2 else {}
        return await self._act(acts.COMPONENT, self.world.channels[message["channel_id"]], member, data, shown)

    async def submit(self, opened: Interaction, member: Json, values: Mapping[str, Any]) -> Interaction:
        """Somebody sends a form that a press opened; a field that is not named keeps what stood in it."""
        form = opened.modal
        data = {"custom_id": form["custom_id"], "components": acts.filled(form, values)}
        return await self._act(acts.MODAL_SUBMIT, opened.channel, member, data, opened.message)

    async def command(
        self, name: str, channel: Json, member: Json, *, on: Json | None = None, **options: str
    ) -> Interaction:
        """Somebody types a command, or uses one `on` a message. Raises StopIteration for one not registered."""
        found = next(one for one in self.world.commands.values() if one["name"] == name)
        data: Json = {"id": found["id"], "name": name, "type": found["type"]}
        if on:
            shown = self.world.shown(on)
            data |= {"target_id": on["id"], "resolved": {"messages": {on["id"]: shown}}}
        elif options:
            data["options"] = [{"type": 3, "name": key, "value": value} for key, value in options.items()]
        return await self._act(acts.COMMAND, channel, member, data, None)

    async def _act(self, kind: int, channel: Json, member: Json, data: Json, message: Json | None) -> Interaction:
        world, deadline = self.world, time.monotonic() + self.answer_within
        one = Interaction(world.new_id(), f"token-{world.new_id()}", kind, data, channel, member, message, deadline)
        self.rest.callbacks.interactions[one.token] = one
        may = (world.permissions(member, channel), world.permissions(world.members[world.bot["id"]], channel))
        guild = channel.get("guild_id")
        self.gateway.emit(
            "INTERACTION_CREATE",
            acts.payload(one, world.application, guild, may, message and world.shown(message)),
        )
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.answer_within):
                await one.answered.wait()
        one.failed = one.callback is None
        return one

    # What goes wrong.

    def fail_next(self, call: str, fault: Fault | None = None) -> Fault:
        """The next call of this kind ends as `fault` says; a 500 without effect when none is given."""
        fault = fault or Fault()
        self.http.faults.append((call, fault))
        return fault

    def disconnect(self, *, resumable: bool = True) -> None:
        """The gateway's connection breaks."""
        self.gateway.disconnect(resumable=resumable)

    def forget_nonces(self) -> None:
        """Minutes have passed."""
        self.rest.nonces.clear()

    # What can be seen.

    @property
    def problems(self) -> list[str]:
        """Requests of the bot that calls.yaml does not describe. A test ends with none."""
        return self.http.problems

    def messages(self, channel: Json) -> list[Json]:
        """A channel from its beginning."""
        return self.world.history(channel["id"])[::-1]

    def by_bot(self, channel: Json) -> list[Json]:
        """What the bot has written there."""
        return [one for one in self.messages(channel) if one["author"]["id"] == self.world.bot["id"]]

    def replies_to(self, post: Json) -> list[Json]:
        """What the bot has answered to a post."""
        mine = self.by_bot(self.world.channels[post["channel_id"]])
        return [one for one in mine if one.get("message_reference", {}).get("message_id") == post["id"]]

    def pings(self, message: Json) -> set[str]:
        """Whom a message of the bot has notified."""
        return self.world.pinged.get(message["id"], set())

    def requests(self, call: str) -> list[Seen]:
        """The bot's calls of one kind."""
        return [one for one in self.http.seen if one.call == call]


def _poll(question: str) -> Json:
    answers = [{"answer_id": n, "poll_media": {"text": text}} for n, text in enumerate(("Yes", "No"), start=1)]
    expiry = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    whole = {"question": {"text": question}, "answers": answers, "expiry": expiry, "allow_multiselect": False}
    return {**whole, "layout_type": 1}
