"""The buttons of cards. Everything a press needs is in its custom id, so that cards live through restarts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol, Self, TypeAlias, cast

import discord

from bot.adapters.chat.verbs import Pressed

Interaction: TypeAlias = discord.Interaction[Any]
Button: TypeAlias = discord.ui.Button[Any]
Item: TypeAlias = discord.ui.DynamicItem[Button]
VERBS = (
    "send",
    "edit",
    "fill",
    "reword",
    "skip",
    "snooze",
    "handover",
    "relabel",
    "open",
    "undo",
    "correct",
    "remove",
    "retry",
    "arrived",
    "lost",
)
"""What can be pressed."""
NUMBERED = frozenset({"send", "reword"})
"""Verbs that may name one of the alternatives by its number."""
MORE = "queue:more"
"""Custom id of the digest's button."""


class Takes(Protocol):
    """What the client offers to buttons."""

    async def pressed(self, interaction: Interaction, pressed: Pressed) -> None:
        """Do what the button says. Answers in every case."""
        ...

    async def more(self, interaction: Interaction) -> None:
        """Show more of the queue."""
        ...


def presses_of(interaction: Interaction) -> Takes:
    """Who takes presses: the client carries it as `presses`."""
    return cast(Takes, interaction.client.presses)


def _pattern(verb: str) -> re.Pattern[str]:
    number = "(?::(?P<choice>[1-9]))?" if verb in NUMBERED else "(?P<choice>)"
    return re.compile(rf"card:(?P<draft>[0-9a-f]{{16}}):(?P<revision>[1-9][0-9]{{0,8}}):{verb}{number}\Z")


def _item(verb: str) -> type[Item]:
    class CardButton(discord.ui.DynamicItem[Button], template=_pattern(verb)):
        @classmethod
        async def from_custom_id(cls, _interaction: Interaction, item: Any, match: re.Match[str], /) -> Self:
            return cls(item)

        async def callback(self, interaction: Interaction) -> None:
            pressed = read(self.custom_id)
            if pressed:
                await presses_of(interaction).pressed(interaction, pressed)

    CardButton.__name__ = CardButton.__qualname__ = f"CardButton_{verb}"
    return CardButton


class MoreButton(discord.ui.DynamicItem[Button], template=re.compile(rf"{MORE}\Z")):
    """The digest's button."""

    @classmethod
    async def from_custom_id(cls, _interaction: Interaction, item: Any, match: re.Match[str], /) -> Self:
        """As the library asks: the item of a press, made anew."""
        return cls(item)

    async def callback(self, interaction: Interaction) -> None:
        """Hand the press on."""
        await presses_of(interaction).more(interaction)


BUTTONS: Mapping[str, type[Item]] = {verb: _item(verb) for verb in VERBS}
ITEMS: tuple[type[Item], ...] = (*BUTTONS.values(), MoreButton)
"""To be registered with each client: one pattern for each verb, and no two of them take the same id."""


def read(custom_id: str) -> Pressed | None:
    """What a custom id says; None for one that is not a card's."""
    for verb in VERBS:
        if found := _pattern(verb).fullmatch(custom_id):
            return Pressed(
                draft_id=found["draft"], revision=int(found["revision"]), verb=verb, choice=found["choice"] or ""
            )
    return None


def button(
    verb: str,
    label: str,
    draft_id: str,
    revision: int,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    *,
    choice: str = "",
) -> Item:
    """A button of a card. Labels of up to 34 characters fit a phone."""
    custom_id = f"card:{draft_id}:{revision}:{verb}{f':{choice}' if choice else ''}"
    return BUTTONS[verb](discord.ui.Button(label=label, style=style, custom_id=custom_id))


def more_button(count: int) -> Item:
    """The digest's button."""
    return MoreButton(discord.ui.Button(label=f"Show {count} more", custom_id=MORE))
