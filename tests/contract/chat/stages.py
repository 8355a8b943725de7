"""A chat platform as the people on it see it: the same few acts on each, so that one suite can ask the same of all."""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot import settings
from bot.app import App
from tests.apps import build
from tests.contract.chat.pigeon.server import TOKEN, Pigeon
from tests.fakes import discord, telegram
from tests.integration import made
from tests.integration.conftest import TEMPLATES
from tests.integration.discord.conftest import House as DiscordHouse
from tests.integration.discord.conftest import said
from tests.integration.program import database
from tests.integration.telegram.house import House as TelegramHouse
from tests.model import reader

Message = Any
"""As the platform's fake has it."""


@dataclass(frozen=True)
class Card:
    """A message of ours among the managers, as it is now."""

    id: str
    text: str
    buttons: Mapping[str, Any]
    """Label -> what the platform's fake presses."""
    message: Message


class Told(Protocol):
    """What somebody alone was told, as soon as it is."""

    @property
    def text(self) -> str | None: ...


class Stage(ABC):
    """Robin and Kim write posts, Mara and Tom are managers. Not started yet."""

    tells_of_deletes = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def configure(self, block: str) -> None:
        """Another block of config.yaml, before the start."""

    @abstractmethod
    async def start(self, undo: float = 0.0) -> None:
        """Until posts are heard. `undo`: seconds between a yes and the sending."""

    @abstractmethod
    async def stop(self) -> None: ...

    @abstractmethod
    def post(self, text: str, by: str = "robin") -> Message: ...

    @abstractmethod
    def edit(self, post: Message, text: str) -> None: ...

    @abstractmethod
    def delete(self, post: Message) -> None: ...

    @abstractmethod
    def replies(self, post: Message) -> list[str]:
        """Our replies that stand in the channel below a post."""

    @abstractmethod
    def questions(self, post: Message) -> list[Card]:
        """Our messages below a post, with what can be pressed there."""

    @abstractmethod
    def showcase(self) -> list[str]:
        """What stands in the channel of the stage. None of it answers a message."""

    @abstractmethod
    def cards(self) -> list[Card]:
        """Our messages where the managers are, the oldest first."""

    @abstractmethod
    async def press(self, card: Card, label: str, by: str = "mara", pick: str = "") -> Told:
        """Press a button, and then what is picked behind it."""

    @abstractmethod
    async def write(self, card: Card, words: str, by: str = "mara") -> Told:
        """Own words for a card, and the yes to them."""

    @abstractmethod
    async def command(self, name: str, by: str = "robin", words: str = "") -> Told: ...

    @abstractmethod
    async def answer(self, name: str, by: str = "robin") -> Card:
        """What a command gives its author alone, with its buttons."""

    @property
    @abstractmethod
    def app(self) -> App: ...

    @abstractmethod
    def disconnect(self) -> None:
        """The connection breaks; the platform can be reached again at once."""

    @abstractmethod
    def lose(self, *, arrived: bool) -> None:
        """The connection breaks while our next reply is on its way."""

    def rows(self, query: str) -> list[Any]:
        with database(self.folder) as found:
            return list(found.execute(query).fetchall())

    async def until(self, happened: Callable[[], Any]) -> Any:
        """What `happened` gives, as soon as it gives something."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(60):
                while not (found := happened()):
                    await asyncio.sleep(0.02)
                return found
        deliveries = self.rows("SELECT * FROM deliveries")
        raise AssertionError(f"it did not happen\n{self.cards()}\n{deliveries}")

    async def card(self, words: str) -> Card:
        """The newest one that has these words and waits."""
        return await self.until(  # type: ignore[no-any-return]
            lambda: next((c for c in reversed(self.cards()) if words in c.text and "Snooze" in c.buttons), None)
        )

    def now(self, card: Card) -> Card:
        """The same message as it is now."""
        return next(one for one in self.cards() if one.id == card.id)

    async def says(self, card: Card, *words: str) -> Card:
        """Until it has one of these."""
        return await self.until(  # type: ignore[no-any-return]
            lambda: (now := self.now(card)) and any(word in now.text for word in words) and now
        )

    async def told(self, what: Told, words: str = "") -> str:
        """What somebody was told, once it has these words."""
        return await self.until(lambda: what.text and words in what.text and what.text)  # type: ignore[no-any-return]


class OnDiscord(Stage):
    def __init__(self, folder: Path, fake: discord.FakeDiscord) -> None:
        super().__init__(folder)
        self.fake = fake
        self.house = DiscordHouse(folder, fake)
        self.house.config = self.house.config.replace("    cards:", "    stage: showcase\n    cards:")
        self.house.operators_write(made.FILES)
        self.stage = fake.channel("showcase")
        self.people = {name: getattr(self.house, name) for name in ("mara", "tom", "robin")}
        self.people["kim"] = fake.member("Kim")

    def configure(self, block: str) -> None:
        self.house.config = f"{_literal(block)}{self.house.config}"

    async def start(self, undo: float = 0.0) -> None:
        self.house.undo = undo
        await self.house.start()
        await self.house.listening()
        await self.until(lambda: self.fake.world.commands)

    async def stop(self) -> None:
        await self.house.stop()

    def post(self, text: str, by: str = "robin") -> Message:
        return self.fake.post(self.house.general, self.people[by], text)

    def edit(self, post: Message, text: str) -> None:
        self.fake.edit(post, text)

    def delete(self, post: Message) -> None:
        self.fake.delete(post)

    def replies(self, post: Message) -> list[str]:
        return [one["content"] for one in self.fake.replies_to(post)]

    def questions(self, post: Message) -> list[Card]:
        found = self.fake.replies_to(post)
        return [Card(one["id"], one["content"], _labels(discord.components(one)), one) for one in found]

    def showcase(self) -> list[str]:
        found = self.fake.by_bot(self.stage)
        assert not any("message_reference" in one or self.fake.pings(one) for one in found)
        return [one["content"] for one in found]

    @property
    def app(self) -> App:
        return self.house.app

    def cards(self) -> list[Card]:
        return [
            Card(one["id"], said(one), _labels(discord.components(one)), one)
            for one in self.fake.by_bot(self.house.room)
        ]

    async def press(self, card: Card, label: str, by: str = "mara", pick: str = "") -> Told:
        pressed = await self.fake.press(card.message, card.buttons[label], self.people[by])
        if not pick or not pressed.callback or "components" not in pressed.callback.get("data", {}):
            return pressed
        field = pressed.modal["components"][0]["component"]
        values = [o["value"] for o in field["options"] if o["label"] == pick] if "options" in field else pick
        return await self.fake.submit(pressed, self.people[by], {field["custom_id"]: values})

    async def write(self, card: Card, words: str, by: str = "mara") -> Told:
        return await self.press(card, "Edit", by, words)

    async def command(self, name: str, by: str = "robin", words: str = "") -> Told:
        options = {"reason" if name == "hold" else "words": words} if words else {}
        return await self.fake.command(name, self.house.general, self.people[by], **options)

    async def answer(self, name: str, by: str = "robin") -> Card:
        asked = await self.fake.command(name, self.house.general, self.people[by])
        message = await self.until(lambda: asked.shown and asked.shown[-1])
        return Card(message["id"], asked.text, _labels(discord.components(message)), message)

    def disconnect(self) -> None:
        self.fake.disconnect()

    def lose(self, *, arrived: bool) -> None:
        self.fake.fail_next(discord.SEND, discord.Fault(None, after=arrived))


def _labels(components: Any) -> dict[str, str]:
    return {one["label"]: one["custom_id"] for one in components if "custom_id" in one and "label" in one}


def _literal(block: str) -> str:
    """As `format` leaves it as it is."""
    return block.replace("{", "{{").replace("}", "}}")


class OnTelegram(Stage):
    tells_of_deletes = False

    def __init__(self, folder: Path, fake: telegram.FakeTelegram) -> None:
        super().__init__(folder)
        self.fake = fake
        self.house = TelegramHouse(folder, fake)
        self.stage = fake.supergroup("Showcase")
        self.house.config += f"    stage: {self.stage['id']}\n"
        self.house.operators_write(made.FILES)

    def configure(self, block: str) -> None:
        self.house.config = f"{_literal(block)}{self.house.config}"

    async def start(self, undo: float = 0.0) -> None:
        self.house.undo = undo
        await self.house.start()

    async def stop(self) -> None:
        await self.house.stop()

    def post(self, text: str, by: str = "robin") -> Message:
        return self.fake.post(self.house.harbor, getattr(self.house, by), text)

    def edit(self, post: Message, text: str) -> None:
        self.fake.edit(post, text)

    def delete(self, post: Message) -> None:
        self.fake.delete(post)

    def replies(self, post: Message) -> list[str]:
        return [one["text"] for one in self.fake.replies_to(post)]

    def questions(self, post: Message) -> list[Card]:
        return [_pressable(one) for one in self.fake.replies_to(post)]

    def showcase(self) -> list[str]:
        assert not self.fake.world.rooms[self.stage["id"]].answers
        return [one["text"] for one in self.fake.by_bot(self.stage)]

    @property
    def app(self) -> App:
        return self.house.app

    def cards(self) -> list[Card]:
        return [_pressable(one) for one in self.fake.by_bot(self.house.room)]

    async def press(self, card: Card, label: str, by: str = "mara", pick: str = "") -> Told:
        user = getattr(self.house, by)
        pressed = await self.fake.press(card.message, card.buttons[label], user)
        if not pick:
            return pressed
        menu = await self.until(lambda: (now := self.now(card)) and pick in now.buttons and now)
        return await self.fake.press(menu.message, menu.buttons[pick], user)

    async def write(self, card: Card, words: str, by: str = "mara") -> Told:
        before = {one.id for one in self.cards()}
        self.fake.reply(card.message, getattr(self.house, by), words)
        new = await self.until(lambda: next((one for one in self.cards() if one.id not in before), None))
        laid = self.now(card)
        return await self.press(laid, "Send", by) if words in laid.text else new

    async def command(self, name: str, by: str = "robin", words: str = "") -> Told:
        user = getattr(self.house, by)
        chat = self.fake.direct(user)
        before = len(self.fake.by_bot(chat))
        self.fake.post(chat, user, f"/{name} {words}".rstrip())
        answer = await self.until(lambda: self.fake.by_bot(chat)[before:])
        return _pressable(answer[0])

    async def answer(self, name: str, by: str = "robin") -> Card:
        told = await self.command(name, by)
        assert isinstance(told, Card)
        return told

    def disconnect(self) -> None:
        self.fake.fail_next(telegram.POLL, telegram.Fault(None))

    def lose(self, *, arrived: bool) -> None:
        self.fake.fail_next(telegram.SEND, telegram.Fault(None, after=arrived, chat=self.house.harbor))


def _pressable(message: Message) -> Card:
    buttons = {label: data for data, label in telegram.buttons(message).items()}
    return Card(str(message["message_id"]), message["text"], buttons, message)


CONFIG = """\
community: {{name: Lantern Harbor}}
web: {{bind: "127.0.0.1:0"}}
managers:
  mara: {{name: Mara Quint, pigeon: mara}}
  tom: {{name: Tom Weiss, pigeon: tom}}
on_call: mara
privacy: {{policy: Ask us.}}
replies: {{undo_seconds: {undo}, per_fan: null, per_channel: null}}
platforms:
  pigeon: {{listen: [square], cards: loft, stage: hall, api_base: "http://127.0.0.1:{port}"}}
"""


class OnPigeon(Stage):
    def __init__(self, folder: Path, fake: Pigeon) -> None:
        super().__init__(folder)
        self.fake = fake
        self._app: App
        self._stack = AsyncExitStack()
        self._block = ""
        for name, text in {**TEMPLATES, **made.FILES}.items():
            path = folder / "templates" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def configure(self, block: str) -> None:
        self._block = block

    async def start(self, undo: float = 0.0) -> None:
        path = self.folder / "config.yaml"
        path.write_text(f"{self._block}{CONFIG.format(undo=undo, port=self.fake.port)}", encoding="utf-8")
        found = settings.load(path, {"PIGEON_TOKEN": TOKEN})
        self.fake.listening.clear()
        self._app = await self._stack.enter_async_context(build(found, environ={}, reader=reader))
        await self.fake.listening.wait()

    async def stop(self) -> None:
        await self._stack.aclose()

    def post(self, text: str, by: str = "robin") -> Message:
        return self.fake.post("square", by, text)

    def edit(self, post: Message, text: str) -> None:
        self.fake.edit(post, text)

    def delete(self, post: Message) -> None:
        self.fake.delete(post)

    def replies(self, post: Message) -> list[str]:
        return [one["text"] for one in self._by_bot("square") if one["to"] == post["id"]]

    def questions(self, post: Message) -> list[Card]:
        return [_card(one) for one in self._by_bot("square") if one["to"] == post["id"]]

    def showcase(self) -> list[str]:
        assert not any(one["to"] for one in self._by_bot("hall"))
        return [one["text"] for one in self._by_bot("hall")]

    @property
    def app(self) -> App:
        return self._app

    def cards(self) -> list[Card]:
        return [_card(one) for one in self._by_bot("loft")]

    def _by_bot(self, channel: str) -> list[Message]:
        return [one for one in self.fake.messages.values() if (one["by"], one["channel"]) == ("bot", channel)]

    async def press(self, card: Card, label: str, by: str = "mara", pick: str = "") -> Told:
        return self.fake.act("press", by, message=card.id, button=card.buttons[label], words=pick)

    async def write(self, card: Card, words: str, by: str = "mara") -> Told:
        return await self.press(card, "Edit", by, words)

    async def command(self, name: str, by: str = "robin", words: str = "") -> Told:
        return self.fake.act("command", by, words=f"/{name} {words}".rstrip())

    async def answer(self, name: str, by: str = "robin") -> Card:
        act = await self.command(name, by)
        await self.told(act)
        return _card({"id": "", **vars(act)})

    def disconnect(self) -> None:
        self.fake.disconnect()

    def lose(self, *, arrived: bool) -> None:
        self.fake.lose = "after" if arrived else "before"


def _card(message: Message) -> Card:
    labels = {button.partition("|")[0]: button for button in message["buttons"] or ()}
    return Card(message["id"], message["text"], labels, message)


@asynccontextmanager
async def opened(name: str, folder: Path) -> AsyncIterator[Stage]:
    """A platform of its own, not started; no request to it may be one that it does not know."""
    hosts = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    stage: Stage
    async with AsyncExitStack() as stack:
        if name == "discord":
            fake = await stack.enter_async_context(discord.FakeDiscord().running())
            stage = OnDiscord(folder, fake)
        elif name == "telegram":
            fake = await stack.enter_async_context(telegram.FakeTelegram().running())
            stage = OnTelegram(folder, fake)
        else:
            fake = await stack.enter_async_context(Pigeon().running())
            stage = OnPigeon(folder, fake)
        try:
            yield stage
        finally:
            await stage.stop()
            Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = hosts
        assert fake.problems == []
