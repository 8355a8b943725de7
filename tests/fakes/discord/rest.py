"""The calls themselves, by the names that calls.yaml gives them."""

from __future__ import annotations

import time

from tests.fakes.discord.callbacks import Asked, Callbacks, Handler
from tests.fakes.discord.gateway import Gateway, veiled
from tests.fakes.discord.interactions import texts
from tests.fakes.discord.rules import Refusal, check, numbered, unknown
from tests.fakes.discord.state import COMPONENTS_V2, DIRECT, FORUM, PUBLIC_THREAD, REPLY, Json, World

NONCE_LIFE = 180.0
"""Seconds in which a nonce is known. The service says "the past few minutes"."""


class Rest:
    """Answers calls on the world. Handlers return what goes out as JSON, None for 204."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self.world = world
        self.gateway = gateway
        self.nonces: dict[str, tuple[float, str, str]] = {}
        """Nonce -> when, channel id, message id."""
        self.callbacks = Callbacks(self)
        message = "/channels/{channel}/messages/{message}"
        self.handlers: dict[str, Handler] = {
            "GET /gateway": lambda _: {"url": gateway.url},
            "GET /gateway/bot": self._gateway_bot,
            "GET /users/@me": lambda _: {**world.bot, "verified": True, "mfa_enabled": True, "flags": 0},
            "GET /users/{user}": lambda asked: self._member(asked)["user"],
            "POST /users/@me/channels": lambda asked: world.direct(str(asked.body["recipient_id"])),
            "GET /oauth2/applications/@me": self._application,
            "GET /applications/@me": self._application,
            "GET /users/@me/guilds": lambda _: [{**world.guild, "icon": None, "owner": False, "features": []}],
            "GET /guilds/{guild}": self._guild,
            "GET /guilds/{guild}/channels": self._channels,
            "GET /guilds/{guild}/roles": lambda _: list(world.roles.values()),
            "GET /guilds/{guild}/members/{user}": self._member,
            "GET /guilds/{guild}/threads/active": lambda _: _list_of(world.threads(archived=False)),
            "GET /channels/{channel}": self._channel,
            "GET /channels/{channel}/threads/archived/public": self._archived,
            "GET /channels/{channel}/messages": self._history,
            f"GET {message}": lambda asked: self._seen(self._message(asked)),
            "POST /channels/{channel}/messages": self._send,
            f"PATCH {message}": self._edit,
            f"DELETE {message}": self._delete,
            "POST /channels/{channel}/typing": lambda asked: self._channel(asked) and None,
            **self.callbacks.handlers,
            "GET /applications/{application}/commands": lambda _: list(world.commands.values()),
            "PUT /applications/{application}/commands": self._commands,
            "GET /applications/{application}/guilds/{guild}/commands": lambda _: list(world.commands.values()),
            "PUT /applications/{application}/guilds/{guild}/commands": self._commands,
        }

    def _gateway_bot(self, _: Asked) -> Json:
        limit = {"total": 1000, "remaining": 999, "reset_after": 3600000, "max_concurrency": 1}
        return {"url": self.gateway.url, "shards": 1, "session_start_limit": limit}

    def _application(self, _: Asked) -> Json:
        world = self.world
        plain = {"id": world.application, "name": "Greenroom", "icon": None, "description": "", "owner": world.owner}
        keys = {"bot_public": False, "bot_require_code_grant": False, "verify_key": "0" * 64, "team": None}
        return {**plain, **keys, "flags": (1 << 18) if world.message_content else 0, "bot": world.bot}

    def _guild(self, asked: Asked) -> Json:
        if asked.path["guild"] != self.world.guild["id"]:
            raise unknown("Guild", 10004)
        return self.world.guild_payload()

    def _channels(self, _: Asked) -> list[Json]:
        return [one for one in self.world.channels.values() if one["type"] not in (DIRECT, PUBLIC_THREAD)]

    def _member(self, asked: Asked) -> Json:
        if asked.path["user"] not in self.world.members:
            raise unknown("Member", 10007)
        return self.world.members[asked.path["user"]]

    def _channel(self, asked: Asked, *needs: str) -> Json:
        channel = self.world.channels.get(asked.path["channel"])
        if channel is None:
            raise unknown("Channel", 10003)
        if not self.world.may(channel, "VIEW_CHANNEL"):
            raise Refusal(403, 50001, "Missing Access")
        if not self.world.may(channel, *needs):
            raise Refusal(403, 50013, "Missing Permissions")
        return channel

    def _archived(self, asked: Asked) -> Json:
        found = self.world.threads(archived=True, parent=self._channel(asked)["id"])
        return {**_list_of(found), "has_more": False}

    def _history(self, asked: Asked) -> list[Json]:
        channel = self._channel(asked)
        limit = int(asked.query.get("limit", "50"))
        if not 1 <= limit <= 100:
            raise Refusal(400, 50035, "Invalid Form Body", limit="NUMBER_TYPE_MAX")
        if not self.world.may(channel, "READ_MESSAGE_HISTORY"):
            return []
        found = self.world.history(channel["id"])
        if "before" in asked.query:
            found = [one for one in found if int(one["id"]) < int(asked.query["before"])]
        if "after" in asked.query:
            found = [one for one in found if int(one["id"]) > int(asked.query["after"])][-limit:]
        return [self._seen(one) for one in found[:limit]]

    def _message(self, asked: Asked) -> Json:
        channel = self._channel(asked)
        message = self.world.messages[channel["id"]].get(asked.path["message"])
        if message is None:
            raise unknown("Message", 10008)
        return message

    def _seen(self, message: Json) -> Json:
        shown = self.world.shown(message)
        direct = self.world.channels[message["channel_id"]]["type"] == DIRECT
        return shown if self.world.message_content or direct else veiled(shown, self.world.bot["id"])

    def _send(self, asked: Asked) -> Json:
        channel, body = self._channel(asked), asked.body
        nonce = body.get("nonce") if body.get("enforce_nonce") else None
        if nonce and (earlier := self._repeated(nonce)):
            return earlier
        self._may_write(channel)
        reference = self._reference(channel, body.get("message_reference"))
        message = self.create(channel, body, reference)
        if nonce:
            self.nonces[nonce] = (time.monotonic(), channel["id"], message["id"])
        return {**self.world.shown(message), "nonce": body.get("nonce")}

    def _repeated(self, nonce: str) -> Json | None:
        at, channel, message = self.nonces.get(nonce, (0.0, "", ""))
        if not message or time.monotonic() - at > NONCE_LIFE:
            return None
        found = self.world.messages[channel].get(message)
        if found is None:
            raise unknown("Message", 10008)
        return {**self.world.shown(found), "nonce": nonce}

    def _may_write(self, channel: Json) -> None:
        if channel["type"] == FORUM:
            raise Refusal(400, 50008, "Cannot send messages in a non-text channel")
        thread = channel["type"] == PUBLIC_THREAD
        if not self.world.may(channel, "SEND_MESSAGES_IN_THREADS" if thread else "SEND_MESSAGES"):
            raise Refusal(403, 50013, "Missing Permissions")
        if thread and channel["thread_metadata"]["locked"]:
            raise Refusal(400, 160005, "Thread is locked")
        if thread and channel["thread_metadata"]["archived"]:
            raise Refusal(400, 50083, "Thread is archived")

    def _reference(self, channel: Json, reference: Json | None) -> Json | None:
        if reference is None:
            return None
        if not self.world.may(channel, "READ_MESSAGE_HISTORY"):
            raise Refusal(403, 160002, "Cannot reply without permission to read message history")
        found = self.world.messages[channel["id"]].get(str(reference["message_id"]))
        if found is None and reference.get("fail_if_not_exists", True):
            raise Refusal(400, 50035, "Invalid Form Body", message_reference="REPLIES_UNKNOWN_MESSAGE")
        return found

    def create(self, channel: Json, body: Json, answered: Json | None = None, kind: int = 0) -> Json:
        """A message of the bot."""
        check(body)
        words = "\n".join(texts(body))
        notice = self.world.notice(words, body.get("allowed_mentions"), answered)
        more: Json = {"components": numbered(body.get("components") or []), "flags": body.get("flags") or 0, **notice}
        if body.get("nonce"):
            more["nonce"] = body["nonce"]
        if answered:
            place = {"channel_id": channel["id"], "message_id": answered["id"], "guild_id": self.world.guild["id"]}
            more |= {"type": REPLY, "message_reference": {"type": 0, **place}}
        elif kind:
            more["type"] = kind
        message = self.world.add_message(channel, self.world.bot, body.get("content") or "", **more)
        pinged = {user["id"] for user in notice["mentions"]} | set(notice["mention_roles"])
        self.world.pinged[message["id"]] = pinged | ({"everyone"} if notice["mention_everyone"] else set())
        return message

    def _edit(self, asked: Asked) -> Json:
        message = self._message(asked)
        if message["author"]["id"] != self.world.bot["id"]:
            raise Refusal(403, 50005, "Cannot edit a message authored by another user")
        channel = self.world.channels[message["channel_id"]]
        if channel["type"] == PUBLIC_THREAD and channel["thread_metadata"]["archived"]:
            raise Refusal(400, 50083, "Thread is archived")
        return self.change(message, asked.body)

    def change(self, message: Json, body: Json) -> Json:
        """An edit by the bot."""
        new: Json = {key: body[key] for key in ("content", "components") if key in body}
        new |= {"flags": message["flags"] | (body.get("flags") or 0) & COMPONENTS_V2}
        check({**message, **new})
        if "components" in new:
            new["components"] = numbered(new["components"] or [])
        if "content" in new:
            new["content"] = new["content"] or ""
        return self.world.shown(self.world.change_message(message, **new))

    def _delete(self, asked: Asked) -> None:
        message = self._message(asked)
        channel = self.world.channels[message["channel_id"]]
        own = message["author"]["id"] == self.world.bot["id"]
        if not own and not self.world.may(channel, "MANAGE_MESSAGES"):
            raise Refusal(403, 50013, "Missing Permissions")
        self.world.remove_message(channel["id"], message["id"])

    def _commands(self, asked: Asked) -> list[Json]:
        known = {(one["type"], one["name"]): one["id"] for one in self.world.commands.values()}
        self.world.commands = {}
        for given in asked.body:
            place = (given.get("type", 1), given["name"])
            command = {"id": known.get(place) or self.world.new_id(), "application_id": self.world.application}
            command |= {"version": self.world.new_id(), "description": "", "default_member_permissions": None}
            command |= {"nsfw": False, "dm_permission": True, "contexts": None, "options": [], **given}
            command["type"] = place[0]
            self.world.commands[command["id"]] = command
        return list(self.world.commands.values())


def _list_of(threads: list[Json]) -> Json:
    return {"threads": threads, "members": []}
