"""One Discord server in memory, as the API shows it. Changes are told to `emit`, which the gateway sets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
TEXT, DIRECT, PUBLIC_THREAD, FORUM = 0, 1, 11, 15
REPLY, COMMAND_REPLY = 19, 20
EPHEMERAL, VOICE_MESSAGE, COMPONENTS_V2 = 1 << 6, 1 << 13, 1 << 15
PERMISSIONS = {
    "ADMINISTRATOR": 1 << 3,
    "ADD_REACTIONS": 1 << 6,
    "VIEW_CHANNEL": 1 << 10,
    "SEND_MESSAGES": 1 << 11,
    "MANAGE_MESSAGES": 1 << 13,
    "EMBED_LINKS": 1 << 14,
    "ATTACH_FILES": 1 << 15,
    "READ_MESSAGE_HISTORY": 1 << 16,
    "USE_APPLICATION_COMMANDS": 1 << 31,
    "MANAGE_THREADS": 1 << 34,
    "SEND_MESSAGES_IN_THREADS": 1 << 38,
}
MEMBER_MAY = sum(PERMISSIONS.values()) & ~sum(
    PERMISSIONS[name] for name in ("ADMINISTRATOR", "MANAGE_MESSAGES", "MANAGE_THREADS")
)


class World:
    """The server with its channels, people and messages. Ids are strings, as in the API."""

    def __init__(self, name: str) -> None:
        self.emit: Callable[[str, Json], None] = lambda event, data: None
        self._told = self.emit
        self._last = 0
        self.bot = self._user("Greenroom", bot=True)
        self.application = self.new_id()
        self.message_content = True
        """Whether the application was granted the message-content intent."""
        self.owner = self._user("Owner")
        everyone = {"id": self.new_id(), "name": "@everyone", "permissions": str(MEMBER_MAY)}
        self.guild: Json = {"id": everyone["id"], "name": name, "owner_id": self.owner["id"]}
        self.roles: dict[str, Json] = {everyone["id"]: _role(everyone)}
        self.members: dict[str, Json] = {}
        self.channels: dict[str, Json] = {}
        self.messages: dict[str, dict[str, Json]] = {}
        self.pinged: dict[str, set[str]] = {}
        """Message id -> who got a notification: ids, or "everyone"."""
        self.commands: dict[str, Json] = {}
        for user in (self.bot, self.owner):
            self._join(user, [])

    def new_id(self, at: datetime | None = None) -> str:
        """A snowflake of this moment, later than any before unless `at` says otherwise."""
        wanted = int(((at or datetime.now(UTC)) - EPOCH) / timedelta(milliseconds=1)) << 22
        if at:
            taken = {int(message) for messages in self.messages.values() for message in messages}
            while wanted in taken:
                wanted += 1
            return str(wanted)
        self._last = max(self._last + 1, wanted)
        return str(self._last)

    def _user(self, name: str, *, bot: bool = False) -> Json:
        plain = {"username": name.lower().replace(" ", "_"), "global_name": name, "discriminator": "0", "avatar": None}
        return {"id": self.new_id(), **plain, "bot": bot, "public_flags": 0}

    def _join(self, user: Json, roles: Iterable[Json]) -> Json:
        member: Json = {"user": user, "roles": [role["id"] for role in roles], "nick": None, "avatar": None}
        member |= {"joined_at": EPOCH.isoformat(), "deaf": False, "mute": False, "flags": 0, "pending": False}
        self.members[user["id"]] = member
        return member

    def role(self, name: str, *permissions: str) -> Json:
        """A new role."""
        bits = str(sum(PERMISSIONS[one] for one in permissions))
        role = _role({"id": self.new_id(), "name": name, "permissions": bits, "position": len(self.roles)})
        self.roles[role["id"]] = role
        self.emit("GUILD_ROLE_CREATE", {"guild_id": self.guild["id"], "role": role})
        return role

    def member(self, name: str, *roles: Json, bot: bool = False) -> Json:
        """Somebody new."""
        return self._join(self._user(name, bot=bot), roles)

    def channel(self, name: str, kind: int = TEXT, **more: Any) -> Json:
        """A new channel."""
        channel = {"id": self.new_id(), "type": kind, "name": name, "guild_id": self.guild["id"], "flags": 0}
        channel |= {"position": len(self.channels), "parent_id": None, "topic": None, "nsfw": False}
        channel |= {"rate_limit_per_user": 0, "last_message_id": None, "permission_overwrites": [], **more}
        return self._open(channel, "CHANNEL_CREATE")

    def forum(self, name: str, *tags: str) -> Json:
        """A new forum with these tags."""
        offered = [{"id": self.new_id(), "name": tag, "moderated": False} for tag in tags]
        offered = [{**tag, "emoji_id": None, "emoji_name": None} for tag in offered]
        return self.channel(name, FORUM, available_tags=offered, default_reaction_emoji=None, default_sort_order=None)

    def thread(self, parent: Json, name: str, owner: Json, id_: str | None = None, tags: Iterable[str] = ()) -> Json:
        """A new public thread."""
        offered = {tag["name"]: tag["id"] for tag in parent.get("available_tags", ())}
        now = datetime.now(UTC).isoformat()
        metadata = {"archived": False, "auto_archive_duration": 1440, "archive_timestamp": now, "locked": False}
        thread = {"id": id_ or self.new_id(), "type": PUBLIC_THREAD, "name": name, "guild_id": self.guild["id"]}
        thread |= {"parent_id": parent["id"], "owner_id": owner["user"]["id"], "flags": 0, "rate_limit_per_user": 0}
        thread |= {"message_count": 0, "member_count": 1, "total_message_sent": 0, "last_message_id": None}
        thread |= {"thread_metadata": {**metadata, "create_timestamp": now}}
        thread |= {"applied_tags": [offered[tag] for tag in tags]}
        return self._open(thread, "THREAD_CREATE", newly_created=True)

    def direct(self, user_id: str) -> Json:
        """The direct channel with somebody, made on first use."""
        for channel in self.channels.values():
            if channel["type"] == DIRECT and channel["recipients"][0]["id"] == user_id:
                return channel
        recipients = [self.members[user_id]["user"]]
        channel = {"id": self.new_id(), "type": DIRECT, "recipients": recipients, "last_message_id": None, "flags": 0}
        return self._open(channel, "CHANNEL_CREATE")

    def _open(self, channel: Json, event: str, **more: Any) -> Json:
        self.channels[channel["id"]] = channel
        self.messages[channel["id"]] = {}
        if channel["type"] != DIRECT:
            self.emit(event, {**channel, **more})
        return channel

    def archive(self, thread: Json, *, locked: bool = False) -> None:
        """Close a thread."""
        thread["thread_metadata"] |= {"archived": True, "locked": locked}
        self.emit("THREAD_UPDATE", thread)

    def deny(self, channel: Json, *permissions: str) -> None:
        """Take permissions in a channel from the bot."""
        overwrite = {"id": self.bot["id"], "type": 1, "allow": "0"}
        overwrite["deny"] = str(sum(PERMISSIONS[name] for name in permissions))
        channel["permission_overwrites"] = [overwrite]
        self.emit("CHANNEL_UPDATE", channel)

    def outage(self, *, over: bool) -> None:
        """The server is unavailable for a while; what is written meanwhile is told to nobody."""
        if over:
            self.emit = self._told
            self.emit("GUILD_CREATE", self.guild_create())
        else:
            self.emit("GUILD_DELETE", {"id": self.guild["id"], "unavailable": True})
            self._told, self.emit = self.emit, lambda event, data: None

    def expel(self) -> None:
        """The bot is sent away from the server."""
        self.emit("GUILD_DELETE", {"id": self.guild["id"]})

    def invite(self) -> None:
        """And asked to come (back)."""
        told = self.guild_create()
        del told["unavailable"]
        self.emit("GUILD_CREATE", told)

    def remove_channel(self, channel: Json) -> None:
        """A channel is deleted with all that stands in it."""
        del self.channels[channel["id"]], self.messages[channel["id"]]
        self.emit("CHANNEL_DELETE", channel)

    def rename_role(self, role: Json, name: str) -> None:
        """A role has another name."""
        role["name"] = name
        self.emit("GUILD_ROLE_UPDATE", {"guild_id": self.guild["id"], "role": role})

    def rename_channel(self, channel: Json, name: str) -> None:
        """A channel has another name."""
        channel["name"] = name
        self.emit("CHANNEL_UPDATE", channel)

    def nickname(self, member: Json, name: str) -> None:
        """How somebody is called on this server."""
        member["nick"] = name

    def permissions(self, member: Json, channel: Json) -> int:
        """What somebody may do in a channel, as bits."""
        if channel["type"] == DIRECT:
            return MEMBER_MAY
        roles = [self.guild["id"], *member["roles"]]
        bits = 0
        for role in roles:
            bits |= int(self.roles[role]["permissions"])
        if member["user"]["id"] == self.guild["owner_id"] or bits & PERMISSIONS["ADMINISTRATOR"]:
            return sum(PERMISSIONS.values())
        if channel["type"] == PUBLIC_THREAD:
            channel = self.channels[channel["parent_id"]]
        for overwrite in channel["permission_overwrites"]:
            if overwrite["id"] in {*roles, member["user"]["id"]}:
                bits = bits & ~int(overwrite["deny"]) | int(overwrite["allow"])
        return bits

    def may(self, channel: Json, *names: str) -> bool:
        """May the bot do this here?"""
        bits = self.permissions(self.members[self.bot["id"]], channel)
        return all(bits & PERMISSIONS[name] for name in names)

    def add_message(
        self, channel: Json, author: Json, content: str, *, at: datetime | None = None, **more: Any
    ) -> Json:
        """A new message; `author` is a user. Whoever is mentioned is in `more["mentions"]`."""
        message_id = more.pop("id", None) or self.new_id(at)
        message = {"id": message_id, "channel_id": channel["id"], "author": author, "content": content, "type": 0}
        message |= {"timestamp": _time_of(message_id), "edited_timestamp": None, "tts": False, "pinned": False}
        message |= {"mention_everyone": False, "mentions": [], "mention_roles": [], "attachments": [], "embeds": []}
        message |= {"flags": 0, "components": [], **more}
        self.messages[channel["id"]][message_id] = message
        channel["last_message_id"] = message_id
        self.emit("MESSAGE_CREATE", self._event(message))
        message.pop("nonce", None)  # told once, and not with a message that is fetched
        return message

    def change_message(self, message: Json, **more: Any) -> Json:
        """An edit; or, where the content stays as it is, another look at the same words (a link's preview)."""
        edited = more.get("content", message["content"]) != message["content"] or "components" in more
        message |= more
        if edited:
            message["edited_timestamp"] = datetime.now(UTC).isoformat()
        self.emit("MESSAGE_UPDATE", self._event(message))
        return message

    def remove_message(self, channel_id: str, message_id: str) -> None:
        """Gone; nobody else keeps it."""
        del self.messages[channel_id][message_id]
        place = {"channel_id": channel_id, **self._guild_of(channel_id)}
        self.emit("MESSAGE_DELETE", {"id": message_id, **place})

    def remove_messages(self, channel_id: str, message_ids: list[str]) -> None:
        """Gone in one stroke, as after a ban."""
        for message_id in message_ids:
            del self.messages[channel_id][message_id]
        place = {"channel_id": channel_id, **self._guild_of(channel_id)}
        self.emit("MESSAGE_DELETE_BULK", {"ids": message_ids, **place})

    def shown(self, message: Json) -> Json:
        """A message as the API shows it: with what it answers."""
        reference = message.get("message_reference")
        if reference is None or message["type"] != REPLY:
            return deepcopy(message)
        answered = self.messages.get(reference["channel_id"], {}).get(reference["message_id"])
        return deepcopy({**message, "referenced_message": answered})

    def history(self, channel_id: str) -> list[Json]:
        """A channel's messages, the newest first."""
        return sorted(self.messages[channel_id].values(), key=lambda message: -int(message["id"]))

    def threads(self, *, archived: bool, parent: str | None = None) -> list[Json]:
        """Threads of the server or of one channel."""
        every = [one for one in self.channels.values() if one["type"] == PUBLIC_THREAD]
        return [
            one
            for one in every
            if one["thread_metadata"]["archived"] is archived and parent in (None, one["parent_id"])
        ]

    def guild_create(self) -> Json:
        """The server as a new session is told of it."""
        plain = [one for one in self.channels.values() if one["type"] not in (DIRECT, PUBLIC_THREAD)]
        empty = ("stickers", "features", "voice_states", "presences", "stage_instances", "guild_scheduled_events")
        return {
            **self.guild_payload(),
            "channels": deepcopy(plain),
            "threads": deepcopy(self.threads(archived=False)),
            "members": [deepcopy(self.members[self.bot["id"]])],
            "joined_at": EPOCH.isoformat(),
            "large": False,
            "unavailable": False,
            "member_count": len(self.members),
            **{name: [] for name in (*empty, "soundboard_sounds")},
        }

    def guild_payload(self) -> Json:
        """The server as GET shows it."""
        nothing = ("icon", "splash", "discovery_splash", "banner", "description", "vanity_url_code", "afk_channel_id")
        channels = ("rules_channel_id", "public_updates_channel_id", "safety_alerts_channel_id", "system_channel_id")
        levels = ("verification_level", "explicit_content_filter", "mfa_level", "premium_tier", "nsfw_level")
        return {
            **self.guild,
            **dict.fromkeys((*nothing, *channels, "application_id", "widget_channel_id")),
            **dict.fromkeys((*levels, "default_message_notifications", "system_channel_flags"), 0),
            "afk_timeout": 300,
            "preferred_locale": "en-US",
            "premium_subscription_count": 0,
            "premium_progress_bar_enabled": False,
            "roles": deepcopy(list(self.roles.values())),
            "emojis": [],
            "stickers": [],
            "features": [],
        }

    def notice(self, content: str, allowed: Json | None, replied_to: Json | None) -> dict[str, Any]:
        """Whom a message pings: the fields for it. Without `allowed` everybody named in it."""
        parse = set((allowed or {}).get("parse", ("users", "roles", "everyone") if allowed is None else ()))
        users, roles = (set(map(str, (allowed or {}).get(key, ()))) for key in ("users", "roles"))
        named = re.findall(r"<@!?(\d+)>", content)
        pinged = [user for user in dict.fromkeys(named) if "users" in parse or user in users]
        if replied_to and (allowed is None or allowed.get("replied_user", False)):
            pinged.append(replied_to["author"]["id"])
        mentioned = [self.members[user]["user"] for user in dict.fromkeys(pinged) if user in self.members]
        of_roles = [role for role in re.findall(r"<@&(\d+)>", content) if "roles" in parse or role in roles]
        everyone = bool(re.search(r"@(everyone|here)\b", content)) and "everyone" in parse
        return {"mentions": mentioned, "mention_roles": of_roles, "mention_everyone": everyone}

    def _event(self, message: Json) -> Json:
        member = self.members.get(message["author"]["id"])
        inside = {} if member is None else {"member": {key: member[key] for key in member if key != "user"}}
        guild = self._guild_of(message["channel_id"])
        shown = self.shown(message)
        if guild:  # an event names people as they are called on the server; a message that is fetched does not
            shown["mentions"] = [{**user, "member": self._partial(user)} for user in shown["mentions"]]
        return {**shown, **guild, **(inside if guild else {})}

    def _partial(self, user: Json) -> Json:
        member = self.members[user["id"]]
        return {key: member[key] for key in member if key != "user"}

    def _guild_of(self, channel_id: str) -> Json:
        return {} if self.channels[channel_id]["type"] == DIRECT else {"guild_id": self.guild["id"]}


def _role(role: Json) -> Json:
    plain = {"color": 0, "hoist": False, "position": 0, "managed": False, "mentionable": False, "flags": 0}
    colours = {"primary_color": 0, "secondary_color": None, "tertiary_color": None}
    return {**plain, "colors": colours, "icon": None, "unicode_emoji": None, **role}


def _time_of(snowflake: str) -> str:
    return (EPOCH + timedelta(milliseconds=int(snowflake) >> 22)).isoformat()
