"""The sample community: its folder, the real parts in one process, and a clock that moves through the month."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path

from bot import settings
from bot.adapters.web.models import AuthorIn, PostIn
from bot.adapters.web.platform import NAME, WebPlatform
from bot.console.evening import picture
from bot.content import Content
from bot.desk import Desk
from bot.desk.rounds import Rounds
from bot.insights.digests import Digests
from bot.insights.heard_page import HeardPage
from bot.insights.topics import Topics
from bot.insights.watch import Watch
from bot.intake import Intake
from bot.outbox import Outbox
from bot.people.asks import Asks
from bot.people.board import Board
from bot.people.fans import Fans
from bot.people.stage_page import StagePages
from bot.reader import Reader
from bot.store import Store, posts
from tests.demo.script import DAYS, Says

ROOT = Path(__file__).parents[2]
ENDS = 21
"""The hour of the community's last day at which the month is over."""
LONG = timedelta(days=DAYS - 1, hours=ENDS)
CONFIG = """\
# The sample community after a month. `make demo-month` writes this folder anew.
community: {{name: Lantern Harbor, locales: [en, de, es, fr, pt], timezone: {zone}}}
managers: {{mara: {{name: Mara}}, tom: {{name: Tom}}}}
on_call: mara
teams:
  design: {{title: Design, file: digests/design.md}}
  tech: {{title: Programming, file: digests/tech.md}}
pages: {{folder: pages, address: https://lantern-harbor.example/fans}}
"""

FACTS = """\
add_on: the Winter Watch
"""
"""What the operators of the sample community know besides."""


class Clock:
    """A clock that only moves when it is told to. Each look is a little later, so that no two moments are the same."""

    def __init__(self, start: datetime) -> None:
        self._moment = start

    def now(self) -> datetime:
        self._moment += timedelta(microseconds=1)
        return self._moment

    def move_to(self, moment: datetime) -> None:
        self._moment = max(moment, self._moment)


def zone(now: datetime) -> str:
    """The time zone in which it is the hour at which the month is over."""
    ahead = ENDS - now.hour  # of UTC; the names of these zones count the other way
    ahead -= 24 if ahead > 14 else 0
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def build(folder: Path, now: datetime) -> None:
    """Write the files of the sample community."""
    shutil.copytree(ROOT / "templates", folder / "templates")
    with (folder / "templates/facts.yaml").open("a", encoding="utf-8") as facts:
        facts.write(FACTS)
    (folder / "config.yaml").write_text(CONFIG.format(zone=zone(now)), encoding="utf-8")


class Town:
    """One community's parts, wired as in `bot.app`. Nothing runs by itself but the intake: the month says when."""

    def __init__(self, folder: Path, now: datetime, reader: Callable[[], Reader]) -> None:
        """`now`: when the month is over, a full hour in UTC."""
        self.settings = settings.load(folder / "config.yaml", {})
        self.start = now - LONG
        self.clock = Clock(self.start)
        self.content = Content(self.settings.templates, reader=reader, var=self.settings.var)
        self.ids: dict[str, str] = {}
        """Name of a post in the script -> our id."""
        self._external: dict[str, str] = {}
        self.written: dict[str, Says] = {}
        """Our id of a post -> its step."""

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Town]:
        """Open the store, and judge what comes in."""
        self.content.load()
        self.store = await Store.open(self.settings.store)
        shared = (self.store, self.settings, self.clock)
        self.desk = Desk(*shared, lambda: self.content.pipeline, lambda _: WebPlatform.text_limit)
        self.intake = Intake(*shared, self.desk, lambda: self.content.pipeline)
        self.asks = Asks(*shared, lambda: self.content.pipeline.library)
        self.board = Board(*shared, lambda: self.content.pipeline.library)
        self.fans = Fans(*shared)
        platforms = {NAME: WebPlatform()}
        self.outbox = Outbox(*shared, platforms, lambda: self.content.pipeline)
        self.rounds = Rounds(*shared, lambda: self.content.pipeline)
        self.watch = Watch(*shared)
        self.topics = Topics(*shared, self.content.vectors)
        self.stage_pages = StagePages(*shared, lambda *_: None)
        self.digests = Digests(*shared, platforms, lambda *_: None)
        self.heard_page = HeardPage(self.store, self.settings)
        judging = asyncio.create_task(self.intake.run())
        try:
            yield self
        finally:
            judging.cancel()
            await asyncio.gather(judging, return_exceptions=True)
            await self.intake.close()
            await self.store.close()

    async def read(self) -> None:
        """Until every post is judged."""
        while await self.store.read(posts.count_unjudged):
            await asyncio.sleep(0.001)
            await self.intake.idle()
        await self.intake.idle()

    async def post(self, step: Says) -> None:
        """Somebody writes, and it is read."""
        name = f"p{len(self.written) + 1}"
        body = PostIn(
            id=name,
            channel=step.channel,
            author=AuthorIn(id=fan_id(step.fan), name=step.fan, is_staff=step.staff),
            text=step.text,
            reply_to=self._external[step.answers] if step.answers else None,
            attachments=[picture(step.picture)] if step.picture else [],
        )
        received = await self.intake.receive(body.post(NAME, self.clock.now()))
        self.written[received.post_id] = step
        if step.id:
            self.ids[step.id], self._external[step.id] = received.post_id, name
        await self.read()

    async def pass_time(self) -> None:
        """What the program does every now and then."""
        await self.rounds.once()
        await self.read()
        await self.outbox.once()
        await self.watch.once()

    async def think(self) -> None:
        """What it does after a while."""
        await self.topics.once()
        await self.stage_pages.once()
        await self.digests.once()
        await self.heard_page.once()


def fan_id(name: str) -> str:
    """The id of an invented fan."""
    return f"sample-{name.casefold().replace(' ', '-')}"
