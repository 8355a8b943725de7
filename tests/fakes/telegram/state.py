"""Telegram's side: people, chats and messages, and what of it one bot is told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.telegram.rules import bad, entities, forbidden, is_to_bot
from tests.fakes.telegram.updates import Updates

Json = dict[str, Any]
CHANNEL_FORWARDS, ANONYMOUS_ADMIN, AS_CHANNEL = 777000, 1087968824, 136817688
GENERAL = 1
_RIGHTS = (
    "can_be_edited",
    "is_anonymous",
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
)


@dataclass(eq=False)
class Room:
    """One chat with all that is in it."""

    chat: Json
    member: Json
    """The bot in it, as getChatMember shows it."""
    messages: dict[int, Json] = field(default_factory=dict)
    answers: dict[int, int] = field(default_factory=dict)
    """Message -> what it replies to."""
    lingering: set[int] = field(default_factory=set)
    """Deleted by their authors, and still taken as something to reply to."""
    last: int = 0
    linked: Room | None = None
    """A channel's discussion group, and a group's channel."""
    migrated_to: int | None = None

    @property
    def is_direct(self) -> bool:
        return bool(self.chat["type"] == "private")


class World:
    """Everything there is."""

    def __init__(self) -> None:
        self.updates = Updates()
        self.bot: Json = {"id": 700_000_001, "is_bot": True, "first_name": "Greenroom", "username": "greenroom_bot"}
        self.privacy = True
        """As BotFather has it: the bot sees of a group only what is meant for it."""
        self.users: dict[int, Json] = {self.bot["id"]: self.bot}
        self.rooms: dict[int, Room] = {}
        self.started: set[int] = set()
        self.blocked: set[int] = set()
        self.files: dict[str, bytes] = {}
        self.paths: dict[str, str] = {}
        """What getFile has given out -> the file."""
        self._ids = 0

    def new_id(self) -> int:
        self._ids += 1
        return self._ids

    def user(self, name: str, *, bot: bool = False, **more: Any) -> Json:
        first, _, last = name.partition(" ")
        user = {"id": 5_000_000_000 + self.new_id(), "is_bot": bot, "first_name": first, "language_code": "en", **more}
        self.users[user["id"]] = user | ({"last_name": last} if last else {})
        return self.users[user["id"]]

    def room(self, kind: str, title: str, **more: Any) -> Room:
        """A new group, supergroup or channel, with the bot in it."""
        number = self.new_id()
        own = -4_000_000 - number if kind == "group" else -1_002_000_000_000 - number
        member = {"user": self.bot, "status": "administrator" if kind == "channel" else "member"}
        room = Room({"id": own, "type": kind, "title": title, **more}, member)
        room.last = GENERAL if more.get("is_forum") else 0  # the first message opens the General topic
        self.rooms[own] = room
        return room

    def direct(self, user: Json) -> Room:
        """The private chat with somebody, made on first use."""
        if user["id"] not in self.rooms:
            chat = {"id": user["id"], "type": "private", "first_name": user["first_name"]}
            self.rooms[user["id"]] = Room(chat, {"user": self.bot, "status": "member"})
        return self.rooms[user["id"]]

    def open(self, chat_id: int) -> Room:
        """A chat that the bot may write to. Raises Refusal."""
        if chat_id in self.users and chat_id > 0:
            if chat_id in self.blocked:
                raise forbidden("bot was blocked by the user")
            if chat_id not in self.started:
                raise forbidden("bot can't initiate conversation with a user")
            return self.direct(self.users[chat_id])
        room = self.known(chat_id)
        if room.migrated_to:
            raise bad("group chat was upgraded to a supergroup chat", migrate_to_chat_id=room.migrated_to)
        if room.member["status"] in ("left", "kicked"):
            what = "bot was kicked from" if room.member["status"] == "kicked" else "bot is not a member of"
            raise forbidden(f"{what} the {room.chat['type']} chat")
        if room.member.get("can_send_messages") is False:
            raise bad("not enough rights to send text messages to the chat")
        return room

    def known(self, chat_id: int | str) -> Room:
        """A chat by its number or its @name. Raises Refusal for one that the bot knows nothing of."""
        if isinstance(chat_id, str):
            named = (room.chat["id"] for room in self.rooms.values() if f"@{room.chat.get('username')}" == chat_id)
            chat_id = next(named, 0)
        if chat_id not in self.rooms:
            raise bad("chat not found")
        return self.rooms[chat_id]

    def add(
        self, room: Room, sender: Json, *, reply_to: int | None = None, topic: int | None = None, **more: Any
    ) -> Json:
        """A new message; the bot is told of it where it sees it, and of its own never."""
        room.last += 1
        message: Json = {"message_id": room.last, "date": int(time.time()), "chat": room.chat, "from": sender, **more}
        if room.chat["type"] == "channel":
            message["sender_chat"] = message.pop("from") and room.chat
        if found := entities(message.get("text", "")):
            message.setdefault("entities", found)
        if found := entities(message.get("caption", "")):
            message.setdefault("caption_entities", found)
        room.messages[room.last] = message
        self._place(room, message, reply_to, topic)
        if room.is_direct:
            self.started.add(sender["id"])
        if sender["id"] != self.bot["id"]:
            self.tell(room, message, "channel_post" if room.chat["type"] == "channel" else "message")
        return message

    @staticmethod
    def _place(room: Room, message: Json, reply_to: int | None, topic: int | None) -> None:
        """Where in the chat: a topic, or the thread that its chain of replies is."""
        answered = room.messages.get(reply_to or 0)
        if answered and answered.get("is_topic_message"):
            topic = answered["message_thread_id"]
        if topic not in (None, GENERAL):
            message |= {"message_thread_id": topic, "is_topic_message": True}
            reply_to = reply_to or topic  # as if it replied to the message that opened the topic
        elif answered and room.chat["type"] == "supergroup":
            message["message_thread_id"] = answered.get("message_thread_id", answered["message_id"])
        if reply_to and reply_to != message["message_id"]:
            room.answers[message["message_id"]] = reply_to

    def shown(self, room: Room, message: Json) -> Json:
        """A message as the API shows it: with what it answers, and of that no further."""
        answered = room.messages.get(room.answers.get(message["message_id"], 0))
        return deepcopy({**message, **({"reply_to_message": answered} if answered else {})})

    def tell(self, room: Room, message: Json, kind: str) -> int | None:
        """Tell the bot of a message, if it sees it."""
        shown = self.shown(room, message)
        return self.updates.emit(kind, shown) if self._sees(room, shown) else None

    def _sees(self, room: Room, message: Json) -> bool:
        sender = message.get("from", {})
        if room.is_direct:
            return sender.get("id") not in self.blocked
        if room.member["status"] in ("left", "kicked"):
            return False
        if sender.get("is_bot") and sender["id"] not in (ANONYMOUS_ADMIN, AS_CHANNEL):
            return False
        everything = not self.privacy or room.member["status"] == "administrator"
        return everything or is_to_bot(message, self.bot["username"], self.bot["id"])

    def change(self, message: Json, at: int | None = None, **more: Any) -> None:
        """Somebody's edit, `at` a moment in seconds; without new words one that nobody can see."""
        room = self.rooms[message["chat"]["id"]]
        message |= {**more, "edit_date": at or int(time.time())}
        for key, marks in (("text", "entities"), ("caption", "caption_entities")):
            if key in more:
                message[marks] = entities(more[key])
            if not message.get(key, True):
                del message[key], message[marks]
        self.tell(room, message, "edited_channel_post" if room.chat["type"] == "channel" else "edited_message")

    def set_member(self, room: Room, status: str, by: Json, **more: Any) -> None:
        """What the bot is in a chat, from now on; it is told."""
        before, room.member = room.member, {"user": self.bot, "status": status, **more}
        if status == "administrator":
            room.member = {**dict.fromkeys(_RIGHTS, False), "can_manage_chat": True, **room.member}
        change = {"chat": room.chat, "from": by, "date": int(time.time())}
        shown = {"old_chat_member": member_as_shown(before), "new_chat_member": member_as_shown(room.member)}
        self.updates.emit("my_chat_member", deepcopy(change | shown))

    def migrate(self, room: Room, by: Json) -> Room:
        """A group becomes a supergroup with another id, where message ids start anew."""
        new = self.room("supergroup", room.chat["title"])
        new.member = room.member
        room.migrated_to = new.chat["id"]
        self.add(room, by, migrate_to_chat_id=new.chat["id"])
        self.add(new, by, migrate_from_chat_id=room.chat["id"])
        return new

    def by_bot(self, chat: Json) -> Iterator[Json]:
        """The bot's messages in a chat, the oldest first."""
        room = self.rooms.get(chat["id"])
        for message in room.messages.values() if room else ():
            if message.get("from", {}).get("id") == self.bot["id"]:
                yield message


def member_as_shown(member: Json) -> Json:
    """A member with the fields that every status demands."""
    if member["status"] == "kicked":
        return {"until_date": 0, **member}
    if member["status"] == "restricted":
        may = "send_messages send_audios send_documents send_photos send_videos send_video_notes send_voice_notes "
        may += "send_polls send_other_messages add_web_page_previews change_info invite_users pin_messages "
        may += "manage_topics edit_tag react_to_messages"
        plain = dict.fromkeys((f"can_{name}" for name in may.split()), False)
        return {"is_member": True, "until_date": 0, **plain, **member}
    if member["status"] == "administrator":
        return {**dict.fromkeys(_RIGHTS, False), "can_manage_chat": True, **member}
    return member
