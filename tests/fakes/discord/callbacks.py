"""Answers to presses, forms and commands, and what follows them by their token."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.fakes.discord import interactions as acts
from tests.fakes.discord.interactions import Interaction
from tests.fakes.discord.rules import Refusal, check, numbered, unknown
from tests.fakes.discord.state import COMMAND_REPLY, Json

if TYPE_CHECKING:
    from tests.fakes.discord.rest import Rest


class Asked(NamedTuple):
    """A request that was let through: the words of its path, its query and its body."""

    path: dict[str, str]
    query: dict[str, str]
    body: Any


Handler = Callable[[Asked], Any]


class Callbacks:
    """The calls that carry an interaction's token."""

    def __init__(self, rest: Rest) -> None:
        self.rest = rest
        self.world = rest.world
        self.interactions: dict[str, Interaction] = {}
        """By token."""
        original = "/webhooks/{application}/{token}/messages/@original"
        self.handlers: dict[str, Handler] = {
            "POST /interactions/{interaction}/{token}/callback": self._callback,
            "POST /webhooks/{application}/{token}": self._follow_up,
            f"GET {original}": lambda asked: self._original(asked)[1],
            f"PATCH {original}": self._change_original,
            f"DELETE {original}": self._delete_original,
        }

    def _interaction(self, token: str) -> Interaction:
        found = self.interactions.get(token)
        if found is None or found.over or found.failed:
            raise unknown("Webhook", 10015)
        return found

    def _callback(self, asked: Asked) -> Json | None:
        found = self.interactions.get(asked.path["token"])
        if found is None or found.id != asked.path["interaction"] or found.failed or found.late():
            raise unknown("interaction", 10062)
        if found.callback is not None:
            raise Refusal(400, 40060, "Interaction has already been acknowledged.")
        kind, data = asked.body["type"], asked.body.get("data") or {}
        message: Json | None = None
        if kind == acts.SHOW:
            message = found.original = self._show(found, data)
        elif kind in (acts.CHANGE, acts.CHANGE_LATER):
            if found.message is None:
                raise Refusal(400, 50035, "Invalid Form Body", type="BASE_TYPE_CHOICES")
            found.original = found.message
            message = self._change(found, found.message, data) if kind == acts.CHANGE else None
        elif kind == acts.MODAL:
            if found.kind == acts.MODAL_SUBMIT:
                raise Refusal(400, 50035, "Invalid Form Body", type="BASE_TYPE_CHOICES")
            numbered(data["components"])
        found.callback = asked.body
        found.answered.set()
        if asked.query.get("with_response") not in ("true", "True", "1"):
            return None
        told: Json = {"id": found.id, "type": found.kind, "response_message_loading": kind == acts.SHOW_LATER}
        told |= {"response_message_ephemeral": acts.ephemeral(data)}
        told |= {} if message is None else {"response_message_id": message["id"]}
        resource = {"type": kind, **({} if message is None else {"message": message})}
        return {"interaction": told, "resource": resource}

    def _show(self, found: Interaction, data: Json) -> Json:
        if not acts.ephemeral(data):
            return self.world.shown(self.rest.create(found.channel, data, kind=COMMAND_REPLY))
        check(data)
        message = {"id": self.world.new_id(), "channel_id": found.channel["id"], "author": self.world.bot, "type": 20}
        message |= {"timestamp": "2026-01-01T00:00:00+00:00", "edited_timestamp": None, "content": "", "embeds": []}
        message |= {"attachments": [], "mentions": [], "mention_roles": [], **data}
        message |= {"components": numbered(data.get("components") or [])}
        found.shown.append(message)
        return message

    def _follow_up(self, asked: Asked) -> Json:
        found = self._interaction(asked.path["token"])
        if found.callback is None:
            raise unknown("Webhook", 10015)
        message = self._show(found, asked.body)
        if found.callback["type"] == acts.SHOW_LATER and found.original is None:
            found.original = message
        return message

    def _original(self, asked: Asked) -> tuple[Interaction, Json]:
        found = self._interaction(asked.path["token"])
        if found.original is None:
            raise unknown("Message", 10008)
        return found, found.original

    def _change_original(self, asked: Asked) -> Json:
        found = self._interaction(asked.path["token"])
        assert found.callback, "edited before it was answered"
        if found.original is None:
            hidden = (found.callback.get("data") or {}).get("flags") or 0
            found.original = self._show(found, {**asked.body, "flags": (asked.body.get("flags") or 0) | hidden})
            return found.original
        return self._change(found, found.original, asked.body)

    def _change(self, found: Interaction, message: Json, body: Json) -> Json:
        if message["id"] in self.world.messages[found.channel["id"]]:
            return self.rest.change(self.world.messages[found.channel["id"]][message["id"]], body)
        message |= {key: body[key] for key in ("content", "components") if key in body}
        check(message)
        numbered(message["components"] or [])
        return message

    def _delete_original(self, asked: Asked) -> None:
        found, original = self._original(asked)
        if original in found.shown:
            found.shown.remove(original)
        else:
            self.world.remove_message(found.channel["id"], original["id"])
        found.original = None
