"""A Telegram of our own over real HTTP, on loopback, for one bot.

Tests say what people do and what goes wrong, and look at what can be seen. Chats, people and messages are as the Bot
API has them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from typing import Any

from aiohttp import web

from tests.fakes.telegram.http import Fault, Http, Seen
from tests.fakes.telegram.methods import Methods, Press, buttons
from tests.fakes.telegram.rules import units
from tests.fakes.telegram.state import ANONYMOUS_ADMIN, AS_CHANNEL, CHANNEL_FORWARDS, Json, World

TOKEN = "700000001:token-of-the-tests"  # noqa: S105 - it opens nothing
SEND, EDIT, DELETE, ANSWER = "sendMessage", "editMessageText", "deleteMessage", "answerCallbackQuery"
POLL = "getUpdates"
_SERVICE = {CHANNEL_FORWARDS: "Telegram", ANONYMOUS_ADMIN: "Group", AS_CHANNEL: "Channel"}
PHOTO_SIDES = (90, 320, 800, 1280, 2560)
"""Pixels of the longer side of each size of a photo."""
_PIXEL = b"\xff\xd8\xff\xd9"


class FakeTelegram:
    """`async with fake.running():` then `fake.api_base` is its address."""

    def __init__(self) -> None:
        self.world = World()
        self.methods = Methods(self.world)
        self.http = Http(self.methods, TOKEN)
        self.answer_within = 10.0
        """Seconds in which a press must be answered."""
        self.port = 0

    @contextlib.asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[FakeTelegram]:
        """Serve on loopback until the block ends."""
        app = web.Application(client_max_size=1 << 20)
        app.router.add_route("*", "/bot{token}/{call}", self.http.serve)
        app.router.add_get("/file/bot{token}/{path:.+}", self.http.serve_file)
        # A poll whose poller is gone is over, as on the real one.
        runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        self.port = runner.addresses[0][1]
        try:
            yield self
        finally:
            for _, fault in self.http.faults:
                fault.go.set()
            await runner.cleanup()

    @property
    def api_base(self) -> str:
        """For `platforms.telegram.api_base`."""
        return f"http://127.0.0.1:{self.port}"

    # Places and people.

    def user(self, name: str, *, bot: bool = False, **more: Any) -> Json:
        """Somebody new."""
        return self.world.user(name, bot=bot, **more)

    def group(self, title: str) -> Json:
        """A new small group."""
        return self.world.room("group", title).chat

    def supergroup(self, title: str, *, username: str | None = None) -> Json:
        """A new supergroup; with a username it is public."""
        return self.world.room("supergroup", title, **({"username": username} if username else {})).chat

    def forum(self, title: str) -> Json:
        """A new supergroup with topics."""
        return self.world.room("supergroup", title, is_forum=True).chat

    def topic(self, forum: Json, name: str, by: Json) -> int:
        """A new topic in a forum: its number."""
        room = self.world.rooms[forum["id"]]
        created = {"name": name, "icon_color": 7322096}
        return int(self.world.add(room, by, topic=room.last + 1, forum_topic_created=created)["message_id"])

    def channel(self, title: str, discussion: Json, *, username: str | None = None) -> Json:
        """A new channel, whose posts are forwarded to its discussion group."""
        room = self.world.room("channel", title, **({"username": username} if username else {}))
        room.linked = self.world.rooms[discussion["id"]]
        room.linked.linked = room
        return room.chat

    def privacy(self, on: bool) -> None:
        """Switch the bot's privacy mode, as with BotFather."""
        self.world.privacy = on

    def admin(self, chat: Json, by: Json, **rights: bool) -> None:
        """Somebody makes the bot an administrator."""
        self.world.set_member(self.world.rooms[chat["id"]], "administrator", by, **rights)

    def member(self, chat: Json, by: Json, status: str = "member", **rights: bool) -> None:
        """Somebody adds the bot, or makes it something else: member, restricted, left, kicked."""
        self.world.set_member(self.world.rooms[chat["id"]], status, by, **rights)

    def block(self, user: Json) -> None:
        """Somebody blocks the bot."""
        self.world.blocked.add(user["id"])
        self.world.set_member(self.world.direct(user), "kicked", user)

    def start(self, user: Json, payload: str = "") -> Json:
        """Somebody presses Start in the private chat."""
        return self.post(self.direct(user), user, f"/start {payload}".rstrip())

    def direct(self, user: Json) -> Json:
        """The private chat with somebody."""
        return self.world.direct(user).chat

    def migrate(self, group: Json, by: Json) -> Json:
        """A group becomes a supergroup: the new chat."""
        return self.world.migrate(self.world.rooms[group["id"]], by).chat

    # What people do.

    def post(
        self,
        chat: Json,
        author: Json,
        text: str = "",
        *,
        reply_to: Json | None = None,
        topic: int | None = None,
        quote: str | None = None,
        forward: Json | None = None,
        photo: bool = False,
        album: str | None = None,
        via: Json | None = None,
        **more: Any,
    ) -> Json:
        """Somebody writes. An author that is a chat writes in its name; `more` are fields as the API has them."""
        room = self.world.rooms[chat["id"]]
        if "type" in author:
            more["sender_chat"] = author
            author = self._service(ANONYMOUS_ADMIN if author["id"] == chat["id"] else AS_CHANNEL)
        if photo or album:
            more |= {"photo": self._photo(), **({"caption": text} if text else {})}
        elif text:
            more["text"] = text
        if album:
            more["media_group_id"] = album
        if via:
            more["via_bot"] = via
        if forward:
            more["forward_origin"] = {"type": "user", "sender_user": forward["from"], "date": forward["date"]}
        if quote and reply_to:
            position = units(reply_to["text"][: reply_to["text"].index(quote)])
            more["quote"] = {"text": quote, "position": position, "is_manual": True}
        answered = reply_to["message_id"] if reply_to else None
        return self.world.add(room, author, reply_to=answered, topic=topic, **more)

    def reply(self, message: Json, author: Json, text: str, **more: Any) -> Json:
        """Somebody replies to a message."""
        return self.post(message["chat"], author, text, reply_to=message, **more)

    def album(self, chat: Json, author: Json, captions: Iterable[str], **more: Any) -> list[Json]:
        """Somebody sends several photos in one go; the captions may be empty."""
        group = f"album{self.world.new_id()}"
        return [self.post(chat, author, caption, album=group, **more) for caption in captions]

    def channel_post(self, channel: Json, text: str) -> Json:
        """A post in a channel; what is returned is its automatic forward in the discussion group."""
        room = self.world.rooms[channel["id"]]
        post = self.world.add(room, self._service(AS_CHANNEL), text=text)
        assert room.linked
        origin = {"type": "channel", "chat": channel, "message_id": post["message_id"], "date": post["date"]}
        telegram = self._service(CHANNEL_FORWARDS)
        forward: Json = {"sender_chat": channel, "is_automatic_forward": True, "forward_origin": origin}
        return self.world.add(room.linked, telegram, text=text, **forward)

    def service(self, chat: Json, author: Json, **fields: Any) -> Json:
        """A service message, such as `new_chat_members=[...]`."""
        return self.world.add(self.world.rooms[chat["id"]], author, **fields)

    def edit(self, message: Json, text: str | None = None, *, at: int | None = None) -> None:
        """The author changes the words, `at` a moment in seconds; without new ones nobody can see the edit."""
        key = "caption" if "photo" in message else "text"
        self.world.change(message, at, **({} if text is None else {key: text}))

    def delete(self, message: Json, *, lingering: bool = False) -> None:
        """A message goes; bots are never told. Lingering: a reply to it is still taken, as the real one may do."""
        room = self.world.rooms[message["chat"]["id"]]
        del room.messages[message["message_id"]]
        if lingering:
            room.lingering.add(message["message_id"])

    async def press(self, message: Json, data: str, user: Json, *, inaccessible: bool = False) -> Press:
        """Somebody presses a button; returns when it is answered, or failed. Old messages are inaccessible."""
        room, loop = self.world.rooms[message["chat"]["id"]], asyncio.get_running_loop()
        press = Press(f"{self.world.new_id()}", loop.time() + self.answer_within)
        self.methods.presses[press.id] = press
        plain = {"chat": room.chat, "message_id": message["message_id"], "date": 0}
        shown = plain if inaccessible else self.world.shown(room, message)
        query = {"id": press.id, "from": user, "message": shown, "chat_instance": str(room.chat["id"]), "data": data}
        self.world.updates.emit("callback_query", query)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.answer_within):
                await press.answered.wait()
        press.failed = not press.answered.is_set()
        return press

    def poison(self) -> int:
        """An update that no client library can read: the number of it."""
        return self.world.updates.push({"callback_query": {"id": "1", "data": "x"}})

    # What goes wrong.

    def webhook(self, url: str) -> None:
        """Another program has this bot's updates sent to it."""
        self.world.updates.webhook = url

    def fail_next(self, call: str, fault: Fault | None = None) -> Fault:
        """The next call of this kind ends as `fault` says; a 500 without effect when none is given."""
        fault = fault or Fault()
        self.http.faults.append((call, fault))
        return fault

    def expire_paths(self) -> None:
        """The paths of files that were given out are over, as after an hour."""
        self.world.paths = dict.fromkeys(self.world.paths, "")

    def lose(self, message: Json) -> None:
        """The file of a photo is gone."""
        for size in message["photo"]:
            self.world.files.pop(size["file_id"], None)

    # What can be seen.

    @property
    def problems(self) -> list[str]:
        """Requests that calls.yaml does not describe."""
        return self.http.problems

    def requests(self, call: str) -> list[Seen]:
        """Every request of a kind; polls are not kept."""
        return [one for one in self.http.seen if one.call == call]

    def messages(self, chat: Json) -> list[Json]:
        """A chat's messages, the oldest first."""
        return list(self.world.rooms[chat["id"]].messages.values())

    def by_bot(self, chat: Json) -> list[Json]:
        """The bot's messages in a chat, the oldest first."""
        return list(self.world.by_bot(chat))

    def cards(self, chat: Json) -> list[Json]:
        """The bot's messages in a chat that can be pressed on."""
        return [message for message in self.by_bot(chat) if buttons(message)]

    def file(self, message: Json) -> bytes:
        """What is in the file of a message."""
        return self.world.files[message["document"]["file_id"]]

    def replies_to(self, message: Json) -> list[Json]:
        """The bot's replies to a message."""
        answers = self.world.rooms[message["chat"]["id"]].answers
        return [one for one in self.by_bot(message["chat"]) if answers.get(one["message_id"]) == message["message_id"]]

    def _service(self, number: int) -> Json:
        return {"id": number, "is_bot": number != CHANNEL_FORWARDS, "first_name": _SERVICE[number]}

    def _photo(self) -> list[Json]:
        """In several sizes, each a file of its own."""
        name = f"photo{self.world.new_id()}"
        return [self._size(f"{name}-{side}", side) for side in PHOTO_SIDES]

    def _size(self, name: str, side: int) -> Json:
        found = self.world.files[name] = _PIXEL + name.encode()
        plain = {"file_id": name, "file_unique_id": f"u{name}", "file_size": len(found)}
        return {**plain, "width": side, "height": side * 3 // 4}
