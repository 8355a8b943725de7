"""The real process on one side, Discord's protocols on the other; tests are the people in between."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot import settings
from bot.app import App
from tests.apps import build
from tests.fakes.discord import TOKEN, FakeDiscord, Interaction, components, texts
from tests.integration import pauses
from tests.integration.conftest import TEMPLATES, numbered
from tests.integration.program import Program, database
from tests.model import reader

ROOT = Path(__file__).parents[3]
Json = dict[str, Any]
CONFIG = """\
community: {{name: Lantern Harbor}}
web: {{bind: "127.0.0.1:0"}}
managers:
  mara: {{name: Mara Quint, discord: {mara}}}
  tom: {{name: Tom Weiss, discord: {tom}}}
on_call: mara
platforms:
  discord:
    listen: [general, builds]
    cards: mods-room
    api_base: {api_base}
    gateway_url: {gateway_url}
privacy: {{policy: "We keep what you write for seven days."}}
replies: {{undo_seconds: {undo}, per_fan: null, per_channel: null}}
"""


class House:
    """A Discord server with fans and managers, and a bot on it, in this process: a few moments to start."""

    undo = 0.0
    token = TOKEN
    config = CONFIG

    def __init__(self, folder: Path, fake: FakeDiscord) -> None:
        self.folder = folder
        self.fake = fake
        self.general, self.room = fake.channel("general"), fake.channel("mods-room")
        self.builds = fake.forum("builds", "help", "show")
        self.mara, self.tom = fake.member("Mara"), fake.member("Tom")
        self.robin = fake.member("Robin")
        self.app: App
        self.stack = contextlib.AsyncExitStack()
        self.operators_write(TEMPLATES)

    def operators_write(self, texts: Mapping[str, str]) -> None:
        """Put files into templates/."""
        for name, text in texts.items():
            path = self.folder / "templates" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    async def start(self) -> None:
        """Until the bot is connected; what it missed may still be on its way."""
        before = self.fake.gateway.identified
        await self.launch()
        await self.until(lambda: self.fake.gateway.identified > before)

    async def launch(self) -> None:
        """Until it runs, connected or not."""
        found = settings.load(self.configured(), {"DISCORD_TOKEN": self.token})
        self.app = await self.stack.enter_async_context(build(found, environ={}, reader=reader))

    async def stop(self) -> None:
        """In order."""
        await self.stack.aclose()

    def configured(self) -> Path:
        """config.yaml as it is to be now."""
        path = self.folder / "config.yaml"
        ids = {"mara": self.mara["user"]["id"], "tom": self.tom["user"]["id"]}
        where = {"api_base": self.fake.api_base, "gateway_url": self.fake.gateway_url}
        path.write_text(self.config.format(**ids, **where, undo=self.undo), encoding="utf-8")
        return path

    @property
    def log(self) -> str:
        """What the bot has told the operator."""
        return ""

    def rows(self, query: str, *values: Any) -> list[Any]:
        with database(self.folder) as found:
            return list(found.execute(query, values).fetchall())

    async def until(self, happened: Callable[[], Any], seconds: float = 60) -> Any:
        """What `happened` gives as soon as it gives something."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not (found := happened()):
                    await asyncio.sleep(0.03)
                return found
        raise AssertionError(f"it did not happen\n{self.log[-4000:]}")

    async def listening(self) -> None:
        """Until the bot has read the channels for the first time: what is older is not its business."""
        both = self.general["id"], self.builds["id"]
        query = "SELECT count(*) FROM cursors WHERE channel IN (?, ?)"
        await self.until(lambda: self.rows(query, *both) == [(2,)])

    def posted(self, post: Json) -> Any:
        """What is stored about a post: (id, action, deleted), None when it is not there yet."""
        found = self.rows("SELECT id, action, deleted FROM posts WHERE external_id = ?", post["id"])
        return found[0] if found else None

    async def card(self, words: str) -> Json:
        """The card that quotes these words."""
        return await self.until(lambda: next((one for one in self.cards() if words in quoted(one)), None))

    def cards(self) -> list[Json]:
        """Every card that waits."""
        return [one for one in self.fake.by_bot(self.room) if "edit" in verbs(one)]

    async def ask(self, words: str, *, channel: Json | None = None, by: Json | None = None) -> tuple[Json, Json]:
        """A fan asks the bot something; its card."""
        who = f"<@{self.fake.world.bot['id']}>"
        post = self.fake.post(channel or self.general, by or self.robin, f"{who} {words}")
        return post, await self.card(words)

    async def approve(self, card: Json, by: Json | None = None) -> Any:
        """Press what sends the draft as it is."""
        return await self.fake.press(card, sender(card), by or self.mara)

    async def settled(self, post: Json, state: str = "sent") -> None:
        """Until the newest delivery for a post is in this state."""
        query = (
            "SELECT d.state FROM deliveries d JOIN posts p ON p.id = d.post_id WHERE p.external_id = ? "
            "ORDER BY d.created_at DESC LIMIT 1"
        )
        await self.until(lambda: self.rows(query, post["id"]) == [(state,)])

    def fifty(self) -> list[Json]:
        """Posts in a channel, a thread and a forum."""
        fake, bot = self.fake, f"<@{self.fake.world.bot['id']}>"
        thread = fake.thread(self.general, "lighthouse", self.robin)
        fans = [fake.member(f"Fan {n}") for n in range(50)]
        posts = [fake.post(self.general, fans[n], f"{bot} {numbered(n)}") for n in range(30)]
        posts += [fake.post(thread, fans[n], f"the lamp q{n}q is broken again") for n in range(30, 45)]
        builds = ((f"Build {n}", f"a moth q{n}q of paper", fans[n]) for n in range(45, 50))
        return posts + [fake.forum_post(self.builds, fan, title, text, ["show"]) for title, text, fan in builds]

    async def answers_for(self, posts: list[Json]) -> None:
        """Until all of these posts are judged; each is there once, and has one card at most."""
        await self.until(lambda: all((row := self.posted(post)) and row[1] for post in posts))
        stored = self.rows("SELECT external_id, count(*) FROM posts GROUP BY external_id")
        assert sorted(stored) == sorted((post["id"], 1) for post in posts)
        drafts = self.rows("SELECT count(*) FROM drafts WHERE state = 'waiting' GROUP BY post_id")
        assert set(drafts) == {(1,)}
        await self.until(self.cards)
        shown = [quoted(card) for card in self.cards()]
        assert len(shown) == len(set(shown)), "no card twice"

    async def write(self, opened: Interaction, text: str, by: Json | None = None) -> None:
        """Put these words into the form's first field and send it."""
        field = opened.modal["components"][0]["component"]["custom_id"]
        decided = "SELECT count(*) FROM decisions"
        before = self.rows(decided)
        await self.fake.submit(opened, by or self.mara, {field: text})
        await self.until(lambda: self.rows(decided) != before)


class Killable(House):
    """`python -m bot run` in a process of its own."""

    def __init__(self, folder: Path, fake: FakeDiscord) -> None:
        super().__init__(folder, fake)
        self.program = Program(folder)

    async def launch(self) -> None:
        await self.program.start(self.configured(), DISCORD_TOKEN=self.token)

    async def stop(self) -> None:
        await self.program.end()

    async def kill(self) -> None:
        """As if the power were cut."""
        await self.program.end()

    @property
    def log(self) -> str:
        return self.program.log


def said(message: Json) -> str:
    """All words of a card."""
    return "\n".join(texts(message))


def quoted(card: Json) -> str:
    """The post as a card shows it."""
    return next(line for line in said(card).splitlines() if line.startswith("> "))


def verbs(message: Json) -> dict[str, str]:
    """What can be pressed on a card: verb, with the number of the alternative where it names one -> custom id."""
    ids = [one["custom_id"] for one in components(message) if "custom_id" in one]
    return {custom_id.split(":", 3)[-1]: custom_id for custom_id in ids}


def sender(card: Json) -> str:
    """The custom id of the button that sends."""
    return verbs(card)["send"]


@contextlib.asynccontextmanager
async def opened(kind: type[House], folder: Path) -> AsyncIterator[House]:
    kept = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    async with FakeDiscord().running() as fake:
        house = kind(folder, fake)
        try:
            yield house
        finally:
            await house.stop()
            Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = kept
        assert fake.problems == []


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses.shortened(monkeypatch)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(House, tmp_path) as found:
        yield found


@pytest.fixture
async def open_house(house: House) -> House:
    """Running and listening."""
    await house.start()
    await house.listening()
    return house


@pytest.fixture
async def killable(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(Killable, tmp_path) as found:
        yield found


@pytest.fixture
async def running(killable: Killable) -> Killable:
    """Running and listening."""
    await killable.start()
    await killable.listening()
    return killable
