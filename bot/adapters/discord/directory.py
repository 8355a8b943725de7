"""The channels and roles that config.yaml names, found by name or id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import discord

from bot.adapters.discord.section import Discord
from bot.settings import Listen, Settings

TEXTUAL = (discord.TextChannel, discord.VoiceChannel, discord.StageChannel, discord.ForumChannel)
"""Channels with messages or threads."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Directory:
    """What the names and ids of config.yaml mean on the bot's servers. `faults` are sentences for a person."""

    listened: Mapping[int, Listen] = field(default_factory=dict)
    complete: bool = False
    """Whether every channel under `listen` was found."""
    cards: int | None = None
    stage: int | None = None
    managers: frozenset[int] = frozenset()
    manager_roles: frozenset[int] = frozenset()
    staff_roles: frozenset[int] = frozenset()
    faults: tuple[str, ...] = ()

    def listen_of(self, channel: object) -> Listen | None:
        """The entry of `listen` for a channel; a thread has that of its channel."""
        own = self.listened.get(getattr(channel, "id", 0))
        return own or self.listened.get(getattr(channel, "parent_id", None) or 0)

    def is_staff(self, author: discord.abc.User) -> bool:
        """Managers, holders of a manager role and holders of a staff role."""
        return author.id in self.managers or bool(_roles_of(author) & (self.manager_roles | self.staff_roles))

    def is_manager_by_role(self, author: discord.abc.User) -> bool:
        """Whether a role makes this person a manager. Nobody has roles after leaving, or in a private chat."""
        return bool(_roles_of(author) & self.manager_roles)

    @property
    def asks_for_roles(self) -> bool:
        """Whether config.yaml names a role."""
        return bool(self.manager_roles or self.staff_roles)


def _roles_of(author: discord.abc.User) -> frozenset[int]:
    return frozenset(role.id for role in getattr(author, "roles", ()))


def look_up(settings: Settings, guilds: Iterable[discord.Guild]) -> Directory:
    """Find everything that config.yaml names.

    A name counts only where it is the only one: another server that the bot was added to may have a channel of the
    same name. Roles count only on servers that have one of our channels.
    """
    guilds, faults = tuple(guilds), list[str]()
    section = settings.chat(Discord)
    listened: dict[int, Listen] = {}
    homes: set[int] = set()
    for listen in section.listen:
        channel = _one(listen.channel, chain.from_iterable(_channels(g) for g in guilds), "listen", faults)
        if channel:
            listened[channel.id] = listen
            homes.add(channel.guild.id)
    complete = not faults
    cards = None
    if section.cards is not None:
        everywhere = chain.from_iterable((*_channels(g), *g.threads) for g in guilds)
        cards = _one(section.cards, everywhere, "cards", faults)
        homes |= {cards.guild.id} if cards else set()
    stage = find(section.stage, guilds, faults) if section.stage else None
    if stage and cards and stage.id == cards.id:
        faults.append(f"`cards` and `stage` name the same channel ({cards.name}); fans must see the stage")
        stage = None
    if cards and cards.id in listened:
        faults.append(f"`cards` and `listen` name the same channel ({cards.name}); managers need one of their own")

    def roles(references: Iterable[str], key: str) -> frozenset[int]:
        own = [role for guild in guilds if guild.id in homes for role in guild.roles if not role.is_default()]
        return frozenset(role.id for ref in references if (role := _one(ref, own, key, faults, what="role")))

    return Directory(
        listened=listened,
        complete=complete,
        cards=cards.id if cards else None,
        stage=stage.id if stage else None,
        managers=frozenset(int(own) for m in settings.managers.values() if (own := m.account(Discord.name))),
        manager_roles=roles(section.manager_roles, "manager_roles"),
        staff_roles=roles(section.staff.roles, "staff.roles"),
        faults=tuple(faults),
    )


def find(reference: str, guilds: Iterable[discord.Guild], faults: list[str]) -> Any:
    """The channel or thread that `stage` names; None, with a fault, when none or several match, or it is a forum."""
    found = _one(reference, chain.from_iterable((*_channels(g), *g.threads) for g in guilds), "stage", faults)
    if isinstance(found, discord.ForumChannel):
        faults.append(f"`stage`: {found.name} is a forum; name a text channel, or a thread")
        return None
    return found


def _channels(guild: discord.Guild) -> Iterator[Any]:
    return (channel for channel in guild.channels if isinstance(channel, TEXTUAL))


def _one(reference: str, candidates: Iterable[Any], key: str, faults: list[str], *, what: str = "channel") -> Any:
    """The one channel or role that is meant; None, with a fault, when none or several match."""
    found = [c for c in candidates if _means(reference)(c)]
    if len(found) == 1:
        return found[0]
    if not found:
        faults.append(f"`{key}`: there is no {what} “{reference}” that the bot can see; check its name, or give its id")
    else:
        ids = ", ".join(f"{c.id} on {c.guild.name}" for c in found)
        faults.append(f"`{key}`: more than one {what} is called “{reference}”; write its id: {ids}")
    return None


def _means(reference: str) -> Callable[[Any], bool]:
    if reference.isdecimal() and len(reference) > 14:  # noqa: PLR2004 - ids have 15 digits and more, names rarely are one
        return lambda thing: bool(thing.id == int(reference))
    name = reference.removeprefix("#").removeprefix("@").casefold()
    return lambda thing: bool(thing.name.casefold() == name)
