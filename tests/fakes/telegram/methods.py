"""The calls of the Bot API, carried out on the world."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.telegram import rules
from tests.fakes.telegram.rules import bad
from tests.fakes.telegram.state import GENERAL, Room, World, member_as_shown

Json = dict[str, Any]
LARGEST_FILE = 20 * 1024 * 1024
"""Bytes that a bot can fetch."""
TOO_OLD = 48 * 3600
"""Seconds after which a bot can no longer delete a message."""


@dataclass(eq=False)
class Press:
    """Somebody pressed a button; what they were told."""

    id: str
    deadline: float
    """On the loop's clock."""
    text: str | None = None
    alert: bool = False
    failed: bool = False
    """Nobody answered in time."""
    answered: asyncio.Event = field(default_factory=asyncio.Event)


class Methods:
    """Every call but getUpdates, which waits. Raises Refusal for what Telegram would refuse."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.presses: dict[str, Press] = {}
        self.commands: dict[str, list[Json]] = {}
        """The scope's type -> the commands that its people are offered."""
        self.handlers: dict[str, Callable[[Json], Any]] = {
            "getMe": self._me,
            "getWebhookInfo": self._webhook,
            "deleteWebhook": self._delete_webhook,
            "getChat": self._chat,
            "getChatMember": self._member,
            "getFile": self._file,
            "setMyCommands": self._set_commands,
            "sendChatAction": self._act,
            "sendMessage": self._send,
            "sendDocument": self._send_document,
            "editMessageText": self._edit_text,
            "editMessageReplyMarkup": self._edit_markup,
            "deleteMessage": self._delete,
            "answerCallbackQuery": self._answer,
        }

    def _me(self, _: Json) -> Json:
        all_messages = {"can_read_all_group_messages": not self.world.privacy}
        return {**self.world.bot, "can_join_groups": True, **all_messages, "supports_inline_queries": False}

    def _webhook(self, _: Json) -> Json:
        updates = self.world.updates
        waiting = {"has_custom_certificate": False, "pending_update_count": len(updates.waiting)}
        return {"url": updates.webhook, **waiting}

    def _delete_webhook(self, asked: Json) -> bool:
        self.world.updates.webhook = ""
        if asked.get("drop_pending_updates"):
            self.world.updates.waiting.clear()
        return True

    def _chat(self, asked: Json) -> Json:
        room = self.world.known(asked["chat_id"])
        gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
        full = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": dict.fromkeys(gifts, False)}
        if room.linked:
            full["linked_chat_id"] = room.linked.chat["id"]
        if room.migrated_to:
            raise bad("group chat was upgraded to a supergroup chat", migrate_to_chat_id=room.migrated_to)
        if room.member["status"] in ("left", "kicked"):
            raise rules.forbidden(f"bot is not a member of the {room.chat['type']} chat")
        return {**room.chat, **full}

    def _member(self, asked: Json) -> Json:
        room = self.world.known(asked["chat_id"])
        if asked["user_id"] == self.world.bot["id"]:
            return member_as_shown(room.member)
        user = self.world.users.get(asked["user_id"])
        if user is None:
            raise bad("PARTICIPANT_ID_INVALID")
        there = any(message.get("from") == user for message in room.messages.values())
        return {"user": user, "status": "member" if there else "left"}

    def _file(self, asked: Json) -> Json:
        if asked["file_id"] not in self.world.files:
            raise bad("wrong file_id or the file is temporarily unavailable")
        size = len(self.world.files[asked["file_id"]])
        if size > LARGEST_FILE:
            raise bad("file is too big")
        path = f"photos/file_{len(self.world.paths)}.jpg"
        self.world.paths[path] = asked["file_id"]
        plain = {"file_id": asked["file_id"], "file_unique_id": f"u{asked['file_id']}", "file_size": size}
        return {**plain, "file_path": path}

    def _set_commands(self, asked: Json) -> bool:
        self.commands[asked.get("scope", {}).get("type", "default")] = asked["commands"]
        return True

    def _act(self, asked: Json) -> bool:
        return bool(self.world.open(asked["chat_id"]))

    def _send(self, asked: Json) -> Json:
        room = self.world.open(asked["chat_id"])
        where = self._where(room, asked)
        words = rules.outgoing(asked["text"], asked.get("entities"))
        markup = rules.keyboard(asked.get("reply_markup"))
        buttons_: Json = {"reply_markup": markup} if markup else {}
        message = self.world.add(room, self.world.bot, **words, **where, **buttons_)
        return self.world.shown(room, message)

    def _where(self, room: Room, asked: Json) -> Json:
        """The topic, what is replied to, and the quote of it."""
        topic = asked.get("message_thread_id")
        if topic is not None and (topic == GENERAL or "forum_topic_created" not in room.messages.get(topic, {})):
            raise bad("message thread not found")
        reply = asked.get("reply_parameters")
        if not reply:
            return {"topic": topic}
        answered = room.messages.get(reply["message_id"])
        if reply["message_id"] in room.lingering:
            return {"topic": topic, "reply_to": reply["message_id"]}
        if answered is None:
            if not reply.get("allow_sending_without_reply"):
                raise bad("message to be replied not found")
            return {"topic": topic}
        return {"topic": topic, "reply_to": reply["message_id"], **rules.quote(reply, answered)}

    def _send_document(self, asked: Json) -> Json:
        room = self.world.open(asked["chat_id"])
        name = f"document{self.world.new_id()}"
        self.world.files[name] = asked["document"].content
        document = {"file_id": name, "file_unique_id": f"u{name}", "file_name": asked["document"].name}
        caption: Json = {"caption": asked["caption"]} if asked.get("caption") else {}
        where = self._where(room, asked)
        return self.world.shown(room, self.world.add(room, self.world.bot, document=document, **caption, **where))

    def _own(self, asked: Json) -> tuple[Room, Json]:
        room = self.world.open(asked["chat_id"])
        message = room.messages.get(asked["message_id"])
        if message is None:
            raise bad("message to edit not found")
        if message.get("from", {}).get("id") != self.world.bot["id"]:
            raise bad("message can't be edited")
        return room, message

    def _edit_text(self, asked: Json) -> Json:
        room, message = self._own(asked)
        words = rules.outgoing(asked["text"], asked.get("entities"))
        return self._changed(room, message, {"entities": [], **words}, asked)

    def _edit_markup(self, asked: Json) -> Json:
        room, message = self._own(asked)
        return self._changed(room, message, {}, asked)

    def _changed(self, room: Room, message: Json, words: Json, asked: Json) -> Json:
        """An edit takes the keyboard away unless it carries one."""
        after = {key: value for key, value in {**message, **words}.items() if value}
        after.pop("reply_markup", None)
        if markup := rules.keyboard(asked.get("reply_markup")):
            after["reply_markup"] = markup
        compared = ("text", "entities", "reply_markup")
        if all(after.get(key) == message.get(key) for key in compared):
            raise bad(
                "message is not modified: specified new message content and reply markup are exactly the same as a "
                "current content and reply markup of the message"
            )
        message.clear()
        message |= {**after, "edit_date": int(time.time())}
        return self.world.shown(room, message)

    def _delete(self, asked: Json) -> bool:
        room = self.world.open(asked["chat_id"])
        message = room.messages.get(asked["message_id"])
        if message is None:
            raise bad("message to delete not found")
        own = message.get("from", {}).get("id") == self.world.bot["id"]
        if time.time() - message["date"] > TOO_OLD or not (own or room.member.get("can_delete_messages")):
            raise bad("message can't be deleted")
        del room.messages[message["message_id"]]
        return True

    def _answer(self, asked: Json) -> bool:
        press = self.presses.get(asked["callback_query_id"])
        late = press is None or press.answered.is_set() or asyncio.get_running_loop().time() > press.deadline
        if press is None or late:
            raise bad("query is too old and response timeout expired or query ID is invalid")
        press.text, press.alert = asked.get("text"), asked.get("show_alert", False)
        press.answered.set()
        return True


def buttons(message: Mapping[str, Any]) -> dict[str, str]:
    """What can be pressed on a message: data -> label."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", ())
    return {one["callback_data"]: one["text"] for row in rows for one in row if "callback_data" in one}
