"""The real machinery with a Discord of our own behind it: posts come over the wire, replies go out over it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot import settings
from bot.adapters.chat.parts import Parts
from bot.adapters.discord.platform import DiscordPlatform
from bot.adapters.web import views
from bot.desk import Desk
from bot.domain import Action, Command, StoredPost
from bot.intake import Intake
from bot.outbox import Outbox
from bot.people.asks import Asks
from bot.people.fans import Fans
from bot.store import Store, posts
from responders.pipeline import Pipeline
from tests.fakes.discord import TOKEN, FakeDiscord
from tests.integration.clock import Clock

PRAISE = "the new map is gorgeous"
CONFIG = """\
community: {{name: Lantern Harbor}}
managers: {{mara: {{name: Mara Quint, discord: {mara}}}, tom: {{name: Tom}}}}
on_call: mara
privacy: {{policy: Ask us.}}
replies: {{undo_seconds: 0, per_fan: null, per_channel: null}}
platforms:
  discord:
    api_base: {api}
    gateway_url: {gateway}
    {section}
"""


class Harbor:
    """One process that listens to `general` and `help` (a forum) and may be stopped and started again."""

    def __init__(self, fake: FakeDiscord, folder: Path, pipeline: Pipeline, **section: str) -> None:
        self.fake = fake
        self.folder = folder
        self.pipeline = pipeline
        self.clock = Clock()
        self.section = {"listen": "[general, help]", **section}
        self.general = fake.channel("general")
        self.help = fake.forum("help", "bug", "idea")
        self.other = fake.channel("off-topic")
        self.team = fake.role("Team")
        self.robin, self.kim = fake.member("Robin"), fake.member("Kim")
        self.tom, self.mara = fake.member("Tom", self.team), fake.member("Mara")
        self.before_us = fake.post(self.general, self.robin, PRAISE)
        self._tasks: list[asyncio.Task[None]] = []
        self.restarts: list[BaseException] = []
        self.store: Store
        self.platform: DiscordPlatform

    async def start(self) -> None:
        await self.start_anyway()
        await self.until(self.caught_up)

    async def start_anyway(self) -> None:
        """Start without waiting for what was missed."""
        lines = "\n    ".join(f"{key}: {value}" for key, value in self.section.items())
        path = self.folder / "config.yaml"
        path.write_text(
            CONFIG.format(
                mara=self.mara["user"]["id"], api=self.fake.api_base, gateway=self.fake.gateway_url, section=lines
            ),
            encoding="utf-8",
        )
        self.settings = settings.load(path, {"DISCORD_TOKEN": TOKEN})
        self.store = await Store.open(self.settings.store)
        self.desk = Desk(self.store, self.settings, self.clock, lambda: self.pipeline, lambda _: 2000)
        self.intake = Intake(self.store, self.settings, self.clock, self.desk, lambda: self.pipeline)
        self.platform = DiscordPlatform(
            Parts(
                settings=self.settings,
                store=self.store,
                desk=self.desk,
                intake=self.intake,
                fans=Fans(self.store, self.settings, self.clock),
                asks=Asks(self.store, self.settings, self.clock, lambda: self.pipeline.library),
                clock=self.clock,
                signin_link=lambda _manager: None,
            )
        )
        self.outbox = Outbox(self.store, self.settings, self.clock, {"discord": self.platform}, lambda: self.pipeline)
        self._tasks = [asyncio.create_task(one) for one in (self.intake.run(), self.outbox.run())]
        self.connect()

    def connect(self) -> None:
        self._tasks.append(asyncio.create_task(self._connected()))

    async def disconnect(self) -> None:
        connected = self._tasks.pop()
        connected.cancel()
        await asyncio.gather(connected, return_exceptions=True)

    async def _connected(self) -> None:
        while True:
            try:
                await self.platform.run()
            except Exception as error:
                self.restarts.append(error)
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.intake.close()
        await self.store.close()

    async def caught_up(self) -> bool:
        """Connected, and everything that was missed is read."""
        client = self.platform._client
        progress = client and client.ingest and client.ingest._progress
        return bool(progress) and len(progress) == 2 and not any(one.gap for one in progress.values())

    async def until(self, true: Callable[[], Awaitable[Any]]) -> Any:
        async with asyncio.timeout(60):
            while not (found := await true()):
                await asyncio.sleep(0.01)
        return found

    async def stored(self, message: dict[str, Any]) -> StoredPost | None:
        """What the store has of a message."""
        channel, own = message["channel_id"], message["id"]
        return await self.store.read(lambda c: posts.by_external(c, "discord", channel, own))

    async def judged(self, message: dict[str, Any], text: str | None = None) -> StoredPost:
        """The post of a message once it is judged; with a text, once it has these words."""

        async def found() -> StoredPost | None:
            post = await self.stored(message)
            return post if post and post.action and (text is None or post.post.text == text) else None

        return await self.until(found)  # type: ignore[no-any-return]

    async def draft(self, message: dict[str, Any], state: str = "waiting") -> dict[str, Any]:
        """The newest draft for a message, once it is in this state."""

        async def found() -> dict[str, Any] | None:
            post = await self.stored(message)
            page = await self.store.post_page(post.id) if post else None
            draft = page.draft if page else None
            return await self.again({"draft_id": draft.id}) if draft and draft.state == state else None

        return await self.until(found)  # type: ignore[no-any-return]

    async def press(self, card: dict[str, Any], action: str, **more: Any) -> dict[str, Any]:
        command = Command(
            draft_id=card["draft_id"], revision=card["revision"], by="mara", action=Action(action), **more
        )
        return views.decided(await self.desk.decide(command))

    async def again(self, card: dict[str, Any]) -> dict[str, Any]:
        """The card as it is now, as the API shows it."""
        found = await self.desk.draft(card["draft_id"])
        assert found
        return views.card(found)

    async def delivery(self, card: dict[str, Any], state: str) -> dict[str, Any]:
        """The newest delivery of a draft, once it is in this state; time runs fast meanwhile."""

        async def found() -> dict[str, Any] | None:
            newest = next(iter((await self.again(card))["deliveries"]), None)
            if newest and newest["state"] == state:
                return newest
            self.clock.move(seconds=1)
            return None

        return await self.until(found)  # type: ignore[no-any-return]

    async def settled(self) -> None:
        """Until a message sent now is stored: what came before it is done, or at work."""
        await self.judged(self.fake.post(self.general, self.kim, "fog again on the way to work"))


@contextlib.asynccontextmanager
async def running(folder: Path, database: Path, pipeline: Pipeline, **section: str) -> AsyncIterator[Harbor]:
    """A harbor that listens."""
    (folder / "var").mkdir()
    shutil.copy(database, folder / "var")
    hosts = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    async with FakeDiscord().running() as fake:
        harbor = Harbor(fake, folder, pipeline, **section)
        try:
            await harbor.start()
            yield harbor
        finally:
            await harbor.stop()
            Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = hosts
        assert fake.problems == []
