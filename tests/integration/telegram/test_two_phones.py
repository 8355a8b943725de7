"""One queue on two platforms: a post of one is decided on the other, and two managers press at once."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.fakes import discord
from tests.fakes.discord import FakeDiscord
from tests.fakes.telegram import FakeTelegram
from tests.integration.conftest import PRAISES
from tests.integration.discord.conftest import said, sender
from tests.integration.discord.conftest import verbs as pressable

from .house import CONFIG, PRAISE, House, Json, data_of

LATER = 61
"""Seconds after which a chat takes as many messages as before."""


class Both(House):
    """The same community and the same managers on Discord, too."""

    def __init__(self, folder: Path, fake: FakeTelegram, other: FakeDiscord) -> None:
        super().__init__(folder, fake)
        self.other = other
        self.general, self.mods = other.channel("general"), other.channel("mods-room")
        self.on_discord = {name: other.member(name) for name in ("Mara", "Tom", "Robin")}
        ids = {name.lower(): member["user"]["id"] for name, member in self.on_discord.items()}
        self.config = CONFIG
        for name in ("mara", "tom"):
            self.config = self.config.replace(f"telegram: {{{name}}}", f"telegram: {{{name}}}, discord: {ids[name]}")
        addresses = f"api_base: {other.api_base}, gateway_url: {other.gateway_url}"
        self.config += f"  discord: {{{{listen: [general], cards: mods-room, {addresses}}}}}\n"

    @property
    def environ(self) -> dict[str, str]:
        return {**super().environ, "DISCORD_TOKEN": discord.TOKEN}

    async def start(self) -> None:
        await super().start()
        await self.until(lambda: self.rows("SELECT 1 FROM cursors WHERE channel = ?", self.general["id"]))

    async def discord_card(self, words: str) -> Json:
        """The card on Discord that has these words and waits."""
        return await self.until(  # type: ignore[no-any-return]
            lambda: next((c for c in self.other.by_bot(self.mods) if words in said(c) and "edit" in pressable(c)), None)
        )

    async def both(self, words: str) -> tuple[Json, Json]:
        """The two copies of a card."""
        return await self.card(words), await self.discord_card(words)

    async def show(self, cards: tuple[Json, Json], *words: str) -> None:
        """Until both copies say all of this, and nothing of the draft can be pressed any more."""
        on_telegram, on_discord = cards
        await self.until(
            lambda: (
                all(word in on_telegram["text"] and word in said(on_discord) for word in words)
                and not data_of(on_telegram, "edit")
                and "edit" not in pressable(on_discord)
            )
        )


@pytest.fixture
async def both(tmp_path: Path, empty_database: Path) -> AsyncIterator[Both]:
    """Running and listening on both."""
    (tmp_path / "var").mkdir()
    shutil.copy(empty_database, tmp_path / "var")
    kept = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    async with FakeTelegram().running() as fake, FakeDiscord().running() as other:
        house = Both(tmp_path, fake, other)
        try:
            await house.start()
            yield house
        finally:
            await house.stop()
            Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = kept
        assert fake.problems == other.problems == []


async def test_a_telegram_post_is_decided_on_discord(both: Both) -> None:
    post = both.fake.post(both.harbor, both.robin, PRAISE)
    cards = await both.both(PRAISE)
    await both.other.press(cards[1], sender(cards[1]), both.on_discord["Tom"])
    await both.settled(post)
    assert len(both.fake.replies_to(post)) == 1
    await both.show(cards, "Sent", "Tom")


async def test_a_discord_post_is_decided_on_telegram(both: Both) -> None:
    post = both.other.post(both.general, both.on_discord["Robin"], PRAISE)
    cards = await both.both(PRAISE)
    await both.approve(cards[0], both.mara)
    await both.until(lambda: both.other.replies_to(post))
    await both.show(cards, "Sent", "Mara")
    assert len(both.other.replies_to(post)) == 1


async def test_every_copy_shows_the_same_at_each_step(both: Both) -> None:
    post = both.fake.post(both.harbor, both.robin, PRAISE)
    on_telegram, on_discord = await both.both(PRAISE)
    before = on_telegram["text"]
    await both.press(on_telegram, "reword")
    await both.until(lambda: on_telegram["text"] != before)
    draft = await both.draft(post)
    await both.until(lambda: draft["text"] in on_telegram["text"] and draft["text"] in said(on_discord))
    await both.other.press(on_discord, pressable(on_discord)["edit"], both.on_discord["Tom"])
    await both.until(lambda: "Tom Weiss is writing" in on_telegram["text"])


async def test_two_managers_press_at_once_on_two_platforms(both: Both) -> None:
    chance = random.Random()  # noqa: S311 - either may be first
    for words in PRAISES:
        post = both.fake.post(both.harbor, both.robin, words)
        cards = await both.both(words)
        presses: list[Any] = [
            both.fake.press(cards[0], data_of(cards[0], "send") or "", both.mara),
            both.other.press(cards[1], sender(cards[1]), both.on_discord["Tom"]),
        ]
        if chance.random() < 0.5:
            presses.reverse()
        first, second = await asyncio.gather(*presses)
        await both.settled(post)
        assert len(both.fake.replies_to(post)) == 1
        page = await both.draft(post, "approved")
        winner = "Mara" if page["decided_by"] == "mara" else "Tom"
        told = [one.text or "" for one in (first, second) if hasattr(one, "alert")]
        told += [said(message) for one in (first, second) if hasattr(one, "shown") for message in one.shown]
        assert [winner in line for line in told if line] == [True], "the loser is told who was first"
        await both.show(cards, "Sent", winner)
        both.clock.move(seconds=LATER)


async def test_words_of_ones_own_while_somebody_else_approves(both: Both) -> None:
    chance = random.Random()  # noqa: S311 - as above
    for n, words in enumerate(PRAISES):
        post = both.fake.post(both.harbor, both.robin, words)
        on_telegram, on_discord = await both.both(words)
        offered = (await both.draft(post))["text"]
        own = f"Which corner of number {n} do you look at first?"
        both.fake.reply(on_telegram, both.mara, own)
        await asyncio.sleep(chance.uniform(0, 0.03))
        await both.other.press(on_discord, sender(on_discord), both.on_discord["Tom"])
        found = await both.until(lambda post=post: decided_or_proposed(both, post))  # type: ignore[misc]
        if found == "approved":
            await both.settled(post)
            assert [reply["text"] for reply in both.fake.replies_to(post)] == [offered], "the yes was for these words"
        else:
            await both.says(on_telegram, own)
            assert both.fake.replies_to(post) == [], "nobody said yes to the new words"
        both.clock.move(seconds=LATER)


async def decided_or_proposed(both: Both, post: Json) -> str | None:
    """How it ended, once it has: approved, or with other words on the card."""
    row = both.posted(post)
    states = both.rows("SELECT state, revision FROM drafts WHERE post_id = ?", row[0])
    if states == [("approved", 1)]:
        return "approved"
    return "proposed" if states == [("waiting", 2)] else None
