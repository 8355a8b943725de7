"""The managers' room: the real machinery with cards in a Discord in memory, and people who press on them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import discord
import simcord

from bot import settings
from bot.adapters.chat.parts import Parts
from bot.adapters.discord.cards import Cards
from bot.adapters.discord.gateway import Client
from bot.adapters.discord.ingest import Ingest
from bot.adapters.web.auth import Keys, signin_link
from bot.people.asks import Asks
from bot.people.fans import Fans

CONFIG = """\
community: {{name: Lantern Harbor}}
managers: {{mara: {{name: Mara Quint}}, tom: {{name: Tom}}, ida: {{name: Ida}}}}
on_call: mara
privacy: {{policy: "Ask us anything."}}
platforms: {{discord: {{listen: [general], cards: mods-room, manager_roles: [Mods]}}}}
replies: {{per_fan: null, per_channel: null, {replies}}}
"""
PRAISE = "the new map is gorgeous"
QUESTION = "how do I save"


class Room:
    """One community. `house` is the machinery, `env` the Discord of simcord."""

    def __init__(self, house: Any, env: simcord.Env, guild: Any) -> None:
        self.house = house
        self.env = env
        self.guild = guild
        self.room = guild.channels["mods-room"]
        self.general = guild.channels["general"]
        self.cards: Cards
        self._running: asyncio.Task[None] | None = None

    def person(self, name: str, key: str | None = None, roles: tuple[str, ...] = ()) -> Any:
        member = self.guild.add_member(
            self.env.create_user(name.lower(), global_name=name), roles=[self.guild.roles[role] for role in roles]
        )
        if key:
            managers = self.house.settings.managers
            managers[key] = managers[key].model_copy(update={"discord": member.id})
        return member

    def open(self, cards: Cards) -> None:
        self.cards = cards
        self._running = asyncio.create_task(cards.run())

    async def close(self) -> None:
        if self._running:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running

    async def restart(self) -> None:
        """As after a crash: a fresh client, fresh cards, the same database."""
        await self.close()
        await self.house.restart()
        client, cards = dressed(self.house)
        await self.env.restart_bot(client)
        await cards.tell_commands(client)
        self.open(cards)

    async def moved(self, **time: float) -> None:
        """Later; the desk and the cards have seen it."""
        self.house.clock.move(**time)
        await self.house.rounds.once()
        await self.poke()

    async def poke(self) -> None:
        await self.until(lambda: self.cards._signal)
        self.cards._signal.notify(frozenset())  # type: ignore[union-attr] # it is there
        await asyncio.sleep(0.05)

    async def until(self, true: Callable[[], Any]) -> Any:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(60):
                while not (found := true()):
                    assert self._running is None or not self._running.done(), self._running
                    await asyncio.sleep(0.03)
                return found
        raise AssertionError(f"it did not happen\n{self.env.transcript()[-6000:]}")

    def messages(self) -> list[discord.Message]:
        return [m for m in self.room.history() if not m.flags.ephemeral]

    def card_of(self, card: dict[str, Any]) -> discord.Message | None:
        """The message that shows a draft now; a newer one takes an older one's place."""
        found = [m for m in self.messages() if any(card["draft_id"] in i for i in ids(m))]
        return found[-1] if found else None

    async def shown(self, card: dict[str, Any]) -> discord.Message:
        return await self.until(lambda: self.card_of(card))  # type: ignore[no-any-return]

    async def draft(self, text: str = PRAISE, **more: Any) -> dict[str, Any]:
        """A draft whose card is shown."""
        card: dict[str, Any] = await self.house.draft(text, **more)
        await self.shown(card)
        return card

    async def says(self, card: dict[str, Any], words: str) -> discord.Message:
        """Until the card says this."""
        return await self.until(  # type: ignore[no-any-return]
            lambda: (m := self.card_of(card)) and words in text_of(m) and m
        )

    async def press(self, who: Any, card: dict[str, Any], verb: str) -> Any:
        """Press a button of a card as it is shown now."""
        message = await self.shown(card)
        return await who.click(message, custom_id=next(i for i in ids(message) if i.endswith(f":{verb}")))

    async def state(self, card: dict[str, Any]) -> str:
        return str((await self.house.again(card))["state"])


def ids(message: Any) -> list[str]:
    """The custom ids of everything on a message that can be pressed."""
    return [found for found in (c.get("custom_id") for c in walk(message)) if found]


def verbs(message: Any) -> list[str]:
    """With the number of the alternative, where a button names one."""
    return [custom_id.split(":", 3)[-1] for custom_id in ids(message)]


def labels(message: Any) -> list[str]:
    return [c["label"] for c in walk(message) if c.get("label")]


def text_of(message: Any) -> str:
    return "\n".join([message.content, *(c["content"] for c in walk(message) if "content" in c)])


def walk(message: Any) -> list[dict[str, Any]]:
    raw = [c if isinstance(c, dict) else c.to_dict() for c in message.components]
    found: list[dict[str, Any]] = []
    while raw:
        one = raw.pop(0)
        found.append(one)
        raw = [*one.get("components", ()), *raw]
    return found


def link(found: settings.Settings, manager: str) -> str | None:
    """As the program makes it."""
    url = found.web.public_url
    return signin_link(Keys(found.var, {}), url, manager) if url else None


def dressed(house: Any) -> tuple[Client, Cards]:
    """A fresh client with cards that are still to run."""
    parts = Parts(
        settings=house.settings,
        store=house.store,
        desk=house.desk,
        intake=house.intake,
        fans=Fans(house.store, house.settings, house.clock),
        asks=Asks(house.store, house.settings, house.clock, lambda: house.pipeline.library),
        clock=house.clock,
        signin_link=lambda manager: link(house.settings, manager),
    )
    cards = Cards(parts)
    client = Client(house.settings, message_content=True, setup=cards.setup)
    client.ingest = Ingest(client, house.store, house.intake, house.clock)
    return client, cards


@contextlib.asynccontextmanager
async def opened(build_house: Callable[..., Any], replies: str = "undo_seconds: 10") -> AsyncIterator[Room]:
    """A room with its cards running."""
    house = build_house()
    path = house.settings.path
    path.write_text(CONFIG.format(replies=replies), encoding="utf-8")
    house.settings = settings.load(path, {})
    await house.open()
    client, cards = dressed(house)
    try:
        env = simcord.Env(client, settle_timeout=60)  # a slow machine only makes a failing test slower
        await env.start()
        guild = env.create_guild()
        for name in ("general", "mods-room"):
            guild.create_text_channel(name)
        guild.create_role("Mods", permissions=discord.Permissions(manage_messages=True))
        client.look_around()
        room = Room(house, env, guild)
        await cards.tell_commands(client)
        room.open(cards)
        try:
            yield room
            env.raise_errors()
        finally:
            await room.close()
            await env.shutdown()
    finally:
        await house.close()
