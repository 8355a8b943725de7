"""The real program around a Telegram of our own: a community, its managers' room, and people in both."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bot import settings
from bot.adapters.web import views
from bot.app import App
from bot.domain import Action, Command, StoredPost
from bot.events import Happened
from bot.outbox.outbox import LONGEST_WAIT
from bot.store import deliveries, posts
from tests.apps import build
from tests.fakes.telegram import TOKEN, FakeTelegram, Press, buttons
from tests.integration.clock import Clock
from tests.integration.conftest import TEMPLATES
from tests.integration.program import Program, database
from tests.model import reader

ROOT = Path(__file__).parents[3]
Json = dict[str, Any]
PRAISE, QUESTION = "the new map is gorgeous", "how do I save"
CONFIG = """\
community: {{name: Lantern Harbor}}
web: {{bind: "127.0.0.1:0"}}
managers:
  mara: {{name: Mara Quint, telegram: {mara}}}
  tom: {{name: Tom Weiss, telegram: {tom}}}
on_call: mara
privacy: {{policy: "We keep what you write for seven days."}}
replies: {{undo_seconds: {undo}, per_fan: null, per_channel: null}}
platforms:
  telegram:
    listen: [{listen}]
    cards: {cards}
    api_base: {api_base}
"""


class House:
    """One process, which may be stopped and started again. It sees every message of `harbor` and `forum`."""

    token = TOKEN

    def __init__(self, folder: Path, fake: FakeTelegram) -> None:
        self.folder = folder
        self.fake = fake
        fake.privacy(on=False)
        self.mara, self.tom = fake.user("Mara"), fake.user("Tom")
        self.robin, self.kim = fake.user("Robin"), fake.user("Kim")
        self.harbor, self.forum = fake.supergroup("Lantern Harbor"), fake.forum("Harbor Works")
        self.room = fake.supergroup("Mods' room")
        self.undo = 0.0
        """Seconds between the yes and the sending."""
        self.listen = f"{self.harbor['id']}, {self.forum['id']}"
        self.cards_in = f"{self.room['id']}"
        """`platforms.telegram.cards` as config.yaml has it."""
        self.config = CONFIG
        """Lines that a test appends belong to `platforms`."""
        self.clock = Clock()
        self.app: App
        self.stack = contextlib.AsyncExitStack()
        self.operators_write(TEMPLATES)

    def operators_write(self, texts: Mapping[str, str]) -> None:
        """Put files into templates/."""
        for name, text in texts.items():
            path = self.folder / "templates" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    # The process.

    async def start(self) -> None:
        """Until the bot asks for updates."""
        before = self.fake.world.updates.polls
        await self.launch()
        await self.until(lambda: self.fake.world.updates.polls > before)

    async def launch(self) -> None:
        """Until it runs, connected or not."""
        found = settings.load(self.configured(), self.environ)
        self.app = await self.stack.enter_async_context(build(found, clock=self.clock, environ={}, reader=reader))
        self.clock.moved = lambda: self.app.store.notify(frozenset({Happened.REPLY_HELD}))

    async def stop(self) -> None:
        """In order."""
        await self.stack.aclose()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    @property
    def environ(self) -> dict[str, str]:
        """Its secrets."""
        return {"TELEGRAM_TOKEN": self.token}

    def configured(self) -> Path:
        """config.yaml as it is to be now."""
        path = self.folder / "config.yaml"
        path.write_text(self.config.format(**self.words()), encoding="utf-8")
        return path

    def words(self) -> dict[str, Any]:
        """What config.yaml names."""
        people = {"mara": self.mara["id"], "tom": self.tom["id"]}
        where = {"listen": self.listen, "cards": self.cards_in, "api_base": self.fake.api_base}
        return {**people, **where, "undo": self.undo}

    @property
    def log(self) -> str:
        """What the bot has told the operator."""
        return ""

    # What is stored.

    def rows(self, query: str, *values: Any) -> list[Any]:
        with database(self.folder) as found:
            return list(found.execute(query, values).fetchall())

    async def until(self, happened: Callable[[], Any], seconds: float = 60) -> Any:
        """What `happened` gives (or what awaiting that gives) as soon as it gives something."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    found = happened()
                    if inspect.isawaitable(found):
                        found = await found
                    if found:
                        return found
                    await asyncio.sleep(0.03)
        shown = [(one["message_id"], one.get("text"), buttons(one)) for one in self.fake.by_bot(self.room)]
        raise AssertionError(f"it did not happen\n{shown}\n{self.fake.problems}\n{self.log[-4000:]}")

    def posted(self, post: Json) -> Any:
        """What is stored about a post: (id, action, deleted), None when it is not there yet."""
        found = self.rows(
            "SELECT id, action, deleted FROM posts WHERE channel LIKE ? AND external_id = ?",
            f"{post['chat']['id']}%",
            str(post["message_id"]),
        )
        return found[0] if found else None

    def judged_posts(self) -> int:
        """How many posts have an outcome."""
        ((count,),) = self.rows("SELECT count(*) FROM posts WHERE action IS NOT NULL")
        return int(count)

    async def settled(self, post: Json, state: str = "sent") -> None:
        """Until the newest delivery for a post is in this state."""
        query = "SELECT state FROM deliveries WHERE post_id = ? ORDER BY created_at DESC LIMIT 1"
        await self.until(lambda: (row := self.posted(post)) and self.rows(query, row[0]) == [(state,)], seconds=60)

    # What is stored, as the product has it; only in the tests' own process.

    async def stored(self, message: Json) -> StoredPost | None:
        """What the store has of a message."""
        row = self.posted(message)
        return await self.app.store.read(lambda c: posts.get(c, row[0])) if row else None

    async def judged(self, message: Json, text: str | None = None) -> StoredPost:
        """The post of a message once it is judged; with a text, once it has these words."""

        async def found() -> StoredPost | None:
            post = await self.stored(message)
            return post if post and post.action and (text is None or post.post.text == text) else None

        return await self.until(found)  # type: ignore[no-any-return]

    async def draft(self, message: Json, state: str = "waiting") -> Json:
        """The newest draft for a message, once it is in this state."""

        async def found() -> Json | None:
            post = await self.stored(message)
            page = await self.app.store.post_page(post.id) if post else None
            draft = page.draft if page else None
            return await self.again({"draft_id": draft.id}) if draft and draft.state == state else None

        return await self.until(found)  # type: ignore[no-any-return]

    async def decide(self, draft: Json, action: str, by: str = "mara", **more: Any) -> Json:
        """Somebody decides elsewhere, on the console."""
        command = Command(draft_id=draft["draft_id"], revision=draft["revision"], by=by, action=Action(action), **more)
        return views.decided(await self.app.desk.decide(command))

    async def again(self, draft: Json) -> Json:
        """The draft as it is now, as the API shows it."""
        found = await self.app.desk.draft(draft["draft_id"])
        assert found
        return views.card(found)

    async def delivery(self, draft: Json, state: str) -> Json:
        """The newest delivery of a draft, once it is in this state; time runs fast meanwhile."""

        async def found() -> Json | None:
            newest: Json | None = next(iter((await self.again(draft))["deliveries"]), None)
            if newest and newest["state"] == state:
                return newest
            held = newest and newest["state"] == "held"
            now = self.clock.now()
            ask = functools.partial(deliveries.next_due, now=now, platform="telegram", longest=LONGEST_WAIT)
            due = await self.app.store.read(ask) if held else None
            self.clock.move(seconds=max(3.0, (due - self.clock.now()).total_seconds() if due else 0.0))
            return None

        return await self.until(found)  # type: ignore[no-any-return]

    async def moved(self, **time: float) -> None:
        """Later; the desk has seen it."""
        self.clock.move(**time)
        await self.app.rounds.once()

    # What people see and do.

    async def ask(
        self, words: str = PRAISE, *, chat: Json | None = None, by: Json | None = None, **more: Any
    ) -> tuple[Json, Json]:
        """A fan writes; the post and its card."""
        post = self.fake.post(chat or self.harbor, by or self.robin, words, **more)
        return post, await self.card(words)

    def cards(self, chat: Json | None = None) -> list[Json]:
        """Every message with buttons in the managers' room, or in another chat."""
        return self.fake.cards(chat or self.room)

    async def card(self, words: str, chat: Json | None = None) -> Json:
        """The newest card that has these words."""
        return await self.until(  # type: ignore[no-any-return]
            lambda: next((one for one in reversed(self.cards(chat)) if words in one["text"]), None)
        )

    async def says(self, card: Json, words: str) -> Json:
        """Until a card has these words."""
        return await self.until(lambda: words in card["text"] and card)  # type: ignore[no-any-return]

    async def press(self, card: Json, verb: str, by: Json | None = None) -> Press:
        """Press the button of this verb, once the card has it; what the presser was told."""
        data = await self.until(lambda: data_of(card, verb))
        return await self.fake.press(card, data, by or self.mara)

    async def approve(self, card: Json, by: Json | None = None) -> Press:
        """Press what sends the draft as it is."""
        return await self.press(card, "send", by)


class Killable(House):
    """`python -m bot run` in a process of its own."""

    def __init__(self, folder: Path, fake: FakeTelegram) -> None:
        super().__init__(folder, fake)
        self.program = Program(folder)
        self.base = ""
        """The address of its console."""

    async def launch(self) -> None:
        self.base = await self.program.start(self.configured(), **self.environ)

    async def stop(self) -> None:
        await self.program.end()

    async def kill(self) -> None:
        """As if the power were cut."""
        await self.program.end()

    async def card(self, words: str, chat: Json | None = None) -> Json:
        """Until the process has stored that it shows this card, too: one that dies before that shows another one."""
        card = await super().card(words, chat)
        known = f"{card['chat']['id']}/{card['message_id']}"
        await self.until(lambda: self.rows("SELECT 1 FROM cards WHERE message_id = ?", known))
        return card

    async def until(self, happened: Callable[[], Any], seconds: float = 60) -> Any:
        return await super().until(happened, seconds)

    @property
    def log(self) -> str:
        return self.program.log


def verbs(card: Json) -> dict[str, str]:
    """What can be pressed on a card: verb -> data."""
    return {data.partition(":")[0]: data for data in buttons(card)}


def data_of(card: Json, verb: str) -> str | None:
    """The data of the button with this verb; of a menu's item with `verb:...:choice`, the choice is named too."""
    name, _, choice = verb.partition("=")
    for data in buttons(card):
        parts = data.split(":")
        if parts[0] == name and (not choice or parts[-1] == choice):
            return data
    return None
