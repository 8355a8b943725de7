"""From what a chat platform tells to the request that shows a card, and what a burst leaves behind."""

from __future__ import annotations

import asyncio
import itertools
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.figures import Figure, figure
from bench.scenes import ROOT, texts

from bot.domain import Action, Command
from tests.fakes import discord, telegram
from tests.integration.discord import conftest as on_discord
from tests.integration.telegram import house as on_telegram

SAMPLES, WARM = 200, 20
BURST, BURSTS = 500, 4
LATER = 61
"""Seconds that pass between two samples, so that no limit of a minute is met."""
PATIENCE = 60
"""Seconds after which a card that does not come is given up."""
WORK = "SELECT (SELECT count(*) FROM posts WHERE action IS NOT NULL), (SELECT count(*) FROM inbox)"
"""What is judged, and what still waits to become a post."""


@dataclass(frozen=True, kw_only=True)
class Chat:
    """One platform, as its fake and the houses of its tests have it."""

    name: str
    told: str
    """What the platform calls that which tells of a post."""
    running: Callable[[Any], AbstractAsyncContextManager[Any]]
    """A kind of house, started, in a folder of its own."""
    house: Any
    killable: Any
    author: Callable[[Any], Any]
    channel: Callable[[Any], Any]

    async def measure(self) -> list[Figure]:
        """Latency of single posts in this process; bursts at a process of its own."""
        return [*await self._latency(), *await self._bursts()]

    async def _latency(self) -> list[Figure]:
        async with self.running(self.house) as house:
            waits = [await self._sample(house, n) for n in range(WARM + SAMPLES)][WARM:]
        cuts = statistics.quantiles(waits, n=100)
        return [
            figure(f"{self.name}: {self.told} to card request, p50", "ms", [cuts[49]]),
            figure(f"{self.name}: {self.told} to card request, p99", "ms", [cuts[98]]),
        ]

    async def _sample(self, house: Any, number: int) -> float:
        """Milliseconds; the card is decided again before the next one comes."""
        seen, words = house.fake.http.seen, f"thank you so much for the fog in the harbor q{number}q"
        begun, before = time.monotonic(), len(seen)
        house.fake.post(self.channel(house), self.author(house), words)
        shown = await _until(lambda: next((one for one in seen[before:] if words in str(one)), None))
        draft_id = re.findall(r"\b[0-9a-f]{16}\b", str(shown))[0]
        before = len(seen)
        await house.app.desk.decide(
            Command(draft_id=draft_id, revision=1, by="mara", action=Action.REJECT, reason="other")
        )
        await _until(lambda: len(seen) > before)
        if hasattr(house, "clock"):
            house.clock.move(seconds=LATER)
        return float(shown.at - begun) * 1e3

    async def _bursts(self) -> list[Figure]:
        some, number = itertools.cycle(texts()), itertools.count(1)
        took, resident = [], []
        async with self.running(self.killable) as house:
            for burst in range(1, BURSTS + 1):
                begun = time.monotonic()
                for _ in range(BURST):
                    words = f"{next(some)} q{next(number)}q"
                    house.fake.post(self.channel(house), self.author(house), words)
                while house.rows(WORK) != [(burst * BURST, 0)]:
                    await asyncio.sleep(0.05)
                took.append(time.monotonic() - begun)
                resident.append(_resident(house.program.process.pid))
        grown = [after - before for before, after in itertools.pairwise(resident)]
        return [
            figure(f"{self.name}: {BURST} posts at once: judged after", "s", took),
            figure(f"{self.name}: memory after {BURST} posts", "MiB", resident[:1]),
            figure(f"{self.name}: memory that {BURST} more take", "MiB", grown),
        ]


def _resident(process_id: int) -> float:
    status = Path(f"/proc/{process_id}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


async def _until(happened: Callable[[], Any]) -> Any:
    """What comes of it. Raises TimeoutError, as where a post is read so that no card is made for it."""
    async with asyncio.timeout(PATIENCE):
        while not (found := happened()):
            await asyncio.sleep(0.0005)
        return found


@asynccontextmanager
async def _house(kind: Any, fake: Any) -> AsyncIterator[Any]:
    with tempfile.TemporaryDirectory() as folder:
        async with fake.running():
            house = kind(Path(folder), fake)
            shutil.rmtree(house.folder / "templates")
            shutil.copytree(ROOT / "templates", house.folder / "templates")
            try:
                await house.start()
                if hasattr(house, "listening"):
                    await house.listening()
                yield house
            finally:
                await house.stop()


TELEGRAM = Chat(
    name="telegram",
    told="update",
    running=lambda kind: _house(kind, telegram.FakeTelegram()),
    house=on_telegram.House,
    killable=on_telegram.Killable,
    author=lambda house: house.robin,
    channel=lambda house: house.harbor,
)
DISCORD = Chat(
    name="discord",
    told="gateway event",
    running=lambda kind: _house(kind, discord.FakeDiscord()),
    house=on_discord.House,
    killable=on_discord.Killable,
    author=lambda house: house.robin,
    channel=lambda house: house.general,
)
