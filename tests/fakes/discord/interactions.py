"""Presses, forms and commands: three seconds to answer, fifteen minutes to follow up, one answer each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.discord.state import EPHEMERAL, Json

COMMAND, COMPONENT, MODAL_SUBMIT = 2, 3, 5
SHOW, SHOW_LATER, CHANGE_LATER, CHANGE, MODAL = 4, 5, 6, 7, 9
TOKEN_LIFE = 15 * 60


@dataclass(eq=False)
class Interaction:
    """Something a person did, and what they saw of it."""

    id: str
    token: str
    kind: int
    data: Json
    channel: Json
    member: Json
    message: Json | None
    """The message with the component; None for commands."""
    deadline: float
    callback: Json | None = None
    """The first answer: {"type", "data"}."""
    failed: bool = False
    """Nobody answered in time: the person read "This interaction failed"."""
    shown: list[Json] = field(default_factory=list)
    """Messages that only this person sees."""
    original: Json | None = None
    """What "@original" stands for: the message shown or changed by the first answer."""
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    begun: float = field(default_factory=time.monotonic)

    @property
    def modal(self) -> Json:
        """The form that was opened."""
        assert self.callback, "nothing was answered"
        assert self.callback["type"] == MODAL, f"no form but {self.callback}"
        form: Json = self.callback["data"]
        return form

    @property
    def text(self) -> str:
        """All the words that this person alone was shown."""
        return "\n".join(text for message in self.shown for text in texts(message))

    @property
    def over(self) -> bool:
        """Its token is not good any more."""
        return time.monotonic() - self.begun > TOKEN_LIFE

    def late(self) -> bool:
        """It was not answered and cannot be any more."""
        return self.callback is None and time.monotonic() > self.deadline


def payload(one: Interaction, application: str, guild: str | None, permissions: tuple[int, int], message: Any) -> Json:
    """INTERACTION_CREATE; `permissions` are those of the person and of the bot, `message` as the API shows it."""
    told: Json = {"id": one.id, "application_id": application, "type": one.kind, "token": one.token, "version": 1}
    told |= {"data": one.data, "channel_id": one.channel["id"], "channel": {**one.channel}}
    told |= {"app_permissions": str(permissions[1]), "locale": "en-US", "entitlements": []}
    told |= {"attachment_size_limit": 10 << 20, "context": 0 if guild else 1}
    told |= {"authorizing_integration_owners": {"0": guild or one.member["user"]["id"]}}
    if guild:
        told |= {"guild_id": guild, "guild_locale": "en-US", "guild": {"id": guild, "locale": "en-US", "features": []}}
        told |= {"member": {**one.member, "permissions": str(permissions[0])}}
    else:
        told |= {"user": one.member["user"]}
    return told if message is None else {**told, "message": message}


def ephemeral(data: Mapping[str, Any]) -> bool:
    """Only the person who acted sees it."""
    return bool((data.get("flags") or 0) & EPHEMERAL)


def components(message: Mapping[str, Any]) -> Iterator[Json]:
    """Every component of a message or a form, outer ones first."""

    def inside(one: Json) -> Iterator[Json]:
        yield one
        for inner in (*one.get("components", ()), one.get("accessory"), one.get("component")):
            if inner:
                yield from inside(inner)

    for one in message.get("components") or ():
        yield from inside(one)


def texts(message: Mapping[str, Any]) -> list[str]:
    """The words of a message, wherever they stand."""
    blocks = [one["content"] for one in components(message) if one["type"] == 10]
    return [text for text in (message.get("content"), *blocks) if text]


def filled(form: Json, values: Mapping[str, str | list[str]]) -> list[Json]:
    """A form as it is submitted: what was typed, else what stood there. Raises KeyError for a field it has not."""
    left = dict(values)

    def submit(one: Json) -> Json:
        if "component" in one:
            return {"type": one["type"], "id": one["id"], "component": submit(one["component"])}
        if "components" in one:
            return {"type": one["type"], "id": one["id"], "components": [submit(inner) for inner in one["components"]]}
        if "custom_id" not in one:
            return {"type": one["type"], "id": one["id"]}
        whole = {"type": one["type"], "id": one["id"], "custom_id": one["custom_id"]}
        if "options" in one:
            chosen = [option["value"] for option in one["options"] if option.get("default")]
            return {**whole, "values": left.pop(one["custom_id"], chosen)}
        text = left.pop(one["custom_id"], one.get("value") or "")
        assert len(text) <= one.get("max_length", 4000), f"nobody can type {len(text)} characters there"
        assert text or not one.get("required", True), f"{one['custom_id']} must be filled in"
        return {**whole, "value": text}

    submitted = [submit(one) for one in form["components"]]
    if left:
        raise KeyError(f"the form has no field {', '.join(left)}")
    return submitted
