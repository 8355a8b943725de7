"""The machinery without a web server: real parts, a clock that tests move, and a platform that does what it is told."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import settings
from bot.adapters.web import views
from bot.adapters.web.api import answer
from bot.content import Content
from bot.desk import Desk
from bot.desk.rounds import Rounds
from bot.domain import Action, Cause, Command, Delivery, NotSent, Refused, SendResult, Sent, SourceGone, Uncertain
from bot.intake import Intake
from bot.outbox import Outbox
from bot.people.asks import Asks
from bot.people.fans import Fans
from bot.store import NewPost, Store, posts
from bot.store.ids import new_id
from responders.pipeline import Pipeline, build
from responders.types import Author, Post
from tests.databases import ON_SERVER, Database, Files, Pool, Server, server
from tests.fakes.reader import Says
from tests.fakes.reads import Torn
from tests.model import reader

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CONFIG = """\
community: {{name: Lantern Harbor}}
store: {store}
managers: {{mara: {{name: Mara Quint}}, tom: {{name: Tom}}}}
on_call: mara
replies: {{{replies}}}
"""
NO_CAPS = "per_fan: null, per_channel: null"
UNCLEAR, DARK = "the lamp went by the fog somehow", "the fog takes the rest of me tonight"
LOVELY = "the colours of the fog in the harbor are lovely"
PRAISES = (
    "the new map is gorgeous",
    "the colours on the map are gorgeous",
    LOVELY,
    "the fog in the last level is lovely",
    "the art is stunning",
    "love the harbor",
    "best game this year",
    "love it",
)
"""Posts that surely have a reply, whatever was said before."""
TORN = {
    UNCLEAR: Says(
        intents={"praise": 0.5, "complaint": 0.3, "question": 0.19},
        situations=(("praise_for_looks", "praise", 0.45), ("signed", "complaint", 0.25)),
    ),
    DARK: Says(intents={"crisis": 0.3, "praise": 0.7}, situations=(("praise_for_looks", "praise", 0.6),)),
}
"""How `torn_reader` reads them."""


def numbered(n: int) -> str:
    """Praise that differs from every other post and has a reply, in the shipped set too."""
    return f"the map q{n}q looks so beautiful, these colours"


class Clock:
    """A clock that the test moves. Each look is a little later, so no two moments are the same."""

    def __init__(self) -> None:
        self._moment = START

    def now(self) -> datetime:
        self._moment += timedelta(microseconds=1)
        return self._moment

    def move(self, **time: float) -> None:
        self._moment += timedelta(**time)


class Stage:
    """A chat platform in memory. `script` says what happens to the next sends; when it is empty, all goes well."""

    name = "stage"
    text_limit = 2000

    def __init__(self, name: str = name) -> None:
        self.name = name
        self.script: deque[str] = deque()
        self.shown: dict[str, tuple[str, str, str]] = {}
        """Message id -> (channel, what it answers, its text)."""
        self.sent: list[Delivery] = []
        """Everything that reached the platform, in order."""
        self.gone: dict[str, Cause] = {}
        """External id of a post -> what happened to it, known to the platform alone."""
        self.crashed = False
        """Set when the program was killed in the middle of a send."""
        self.can_tell = True
        self.nonces: dict[str, str] = {}
        """Nonce -> message id: what arrived."""
        self.meanwhile: Callable[[Delivery], Awaitable[None]] | None = None
        """What happens elsewhere while a delivery is in flight."""
        self.away = False
        """True: there is no connection."""
        self.silent = False
        """True: it answers nothing, and nothing arrives."""
        self.no_answer = False
        """True: it does not say what arrived."""
        self.slow: dict[str, asyncio.Event] = {}
        """Channel -> what its sends wait for once they have arrived."""
        self.begun: list[str] = []
        """The channels of all sends that began, in order."""

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def source_gone(self, delivery: Delivery) -> SourceGone | None:
        cause = self.gone.get(delivery.target.reply_to)
        return SourceGone(cause=cause) if cause else None

    async def deliver(self, delivery: Delivery) -> SendResult:
        await asyncio.sleep(0)
        self.begun.append(delivery.target.channel)
        if self.away or self.silent:
            reason = "not connected" if self.away else "no answer"
            return NotSent(reason=reason, retry_after=0, unanswered=self.silent)
        what = self.script.popleft() if self.script else "sent"
        message = self._take(delivery) if what in {"sent", "unsure arrived", "broke arrived", "cut off arrived"} else ""
        if self.meanwhile:
            await self.meanwhile(delivery)
        if delivery.target.channel in self.slow:
            await self.slow[delivery.target.channel].wait()
        if what.startswith("broke"):
            raise ConnectionResetError
        if what.startswith("cut off"):
            self.crashed = True
            raise asyncio.CancelledError
        if what.startswith("unsure"):
            return Uncertain(reason="no answer in time")
        said: dict[str, SendResult] = {
            "lost for now": Uncertain(reason="no answer in time", retry_after=1),
            "later": NotSent(reason="too many at once", retry_after=5),
            "refused": NotSent(reason="not allowed here"),
        }
        return said.get(what, Sent(external_id=message))

    async def look_up(self, delivery: Delivery) -> SendResult:
        if self.away:
            return Uncertain(reason="not connected", retry_after=0, asked=False)
        if self.no_answer:
            return Uncertain(reason="no answer in time", retry_after=1)
        if not self.can_tell:
            return Uncertain(reason="nobody can tell")
        message = self.nonces.get(delivery.nonce)
        return Sent(external_id=message) if message else NotSent(reason="it is not there")

    def _take(self, delivery: Delivery) -> str:
        self.sent.append(delivery)
        target = delivery.target
        message = delivery.external_id or f"m{len(self.sent)}"
        self.nonces[delivery.nonce] = message
        if delivery.kind == "remove":
            self.shown.pop(message, None)
        else:
            self.shown[message] = (target.channel, target.reply_to, delivery.text or "")
        return message


class House:
    """One community's machinery on one database, which can be closed and opened again."""

    def __init__(self, folder: Path, database: Database, pipeline: Pipeline, replies: str = NO_CAPS) -> None:
        path = folder / "config.yaml"
        path.write_text(CONFIG.format(replies=replies, store=database.url), encoding="utf-8")
        self.database = database
        self.settings = settings.load(path, {})
        self.clock = Clock()
        self.stage = Stage()
        self.pipeline = pipeline
        self._numbers = itertools.count(1)
        self._judging: asyncio.Task[None] | None = None
        self.store: Store
        self.fans: Fans
        self.asks: Asks
        self.desk: Desk
        self.intake: Intake
        self.outbox: Outbox
        self.rounds: Rounds

    async def open(self) -> None:
        self.store = await self.opened()
        self.fans = Fans(self.store, self.settings, self.clock)
        self.asks = Asks(self.store, self.settings, self.clock, lambda: self.pipeline.library)
        self.desk = Desk(self.store, self.settings, self.clock, lambda: self.pipeline, lambda _: Stage.text_limit)
        self.intake = Intake(self.store, self.settings, self.clock, self.desk, lambda: self.pipeline)
        self.outbox = Outbox(self.store, self.settings, self.clock, {Stage.name: self.stage}, lambda: self.pipeline)
        self.rounds = Rounds(self.store, self.settings, self.clock, lambda: self.pipeline)
        self._judging = asyncio.create_task(self.intake.run())

    async def opened(self) -> Store:
        return await Store.open(self.settings.store)

    async def close(self) -> None:
        if self._judging:
            self._judging.cancel()
            await asyncio.gather(self._judging, return_exceptions=True)
            await self.intake.close()
            await self.store.close()
        self._judging = None

    async def restart(self) -> None:
        await self.close()
        self.stage.crashed = False
        await self.open()

    async def quiet(self) -> None:
        """Until every post is judged."""
        async with asyncio.timeout(60):
            while await self.store.read(posts.count_unjudged):
                await asyncio.sleep(0.001)
            await self.intake.idle()

    def _post(self, text: str, fan: str, channel: str, **more: Any) -> Post:
        author = Author(id=fan, name=more.pop("name", "Robin"), is_staff=more.pop("staff", False))
        external_id = more.pop("external_id", None) or f"p{next(self._numbers)}"
        rest = {"platform": Stage.name, "at": self.clock.now(), **more}
        return Post(channel=channel, external_id=external_id, author=author, text=text, **rest)

    async def receive(self, text: str, fan: str = "robin", channel: str = "harbor", **more: Any) -> str:
        """Post without waiting for what becomes of it; our id of the post."""
        key = more.pop("key", None)
        return (await self.intake.receive(self._post(text, fan, channel, **more), key=key)).post_id

    async def store_only(self, text: str) -> str:
        """Store a post as if the program stopped before it was judged."""
        new = NewPost(id=new_id(), post=self._post(text, "robin", "harbor"), received_at=self.clock.now())
        return (await self.store.add_post(new)).post_id

    async def post(self, text: str, fan: str = "robin", channel: str = "harbor", **more: Any) -> str:
        """Post, and wait until it is judged; our id of the post."""
        post_id = await self.receive(text, fan, channel, **more)
        await self.quiet()
        return post_id

    async def asked(self, post_id: str) -> dict[str, Any] | None:
        """The card that a manager asks for, as the API shows it."""
        found = await self.intake.card_for(post_id)
        return found and views.card(found)

    async def draft_of(self, post_id: str) -> dict[str, Any]:
        page = await self.store.post_page(post_id)
        assert page
        assert page.draft, page.post
        return await self.again({"draft_id": page.draft.id})

    async def draft(self, text: str, **more: Any) -> dict[str, Any]:
        return await self.draft_of(await self.post(text, **more))

    async def again(self, card: dict[str, Any]) -> dict[str, Any]:
        """The card as it is now, as the API shows it."""
        found = await self.desk.draft(card["draft_id"])
        assert found
        return views.card(found)

    async def press(self, card: dict[str, Any], action: str, by: str = "mara", **more: Any) -> dict[str, Any]:
        """A manager presses on the card as it was shown."""
        key = more.pop("key", None)
        if key is None:
            return views.decided(await self.desk.decide(self._command(card, action, by, **more)))
        body: dict[str, Any] = (await self.keyed(card, action, by, key=key, **more))["body"]
        if "error" in body:
            raise Refused(body["error"], body["message"])
        return body

    async def keyed(self, card: dict[str, Any], action: str, by: str = "mara", *, key: str, **more: Any) -> Any:
        """The same with an Idempotency-Key: what the API answers."""
        return await self.desk.decide_once(self._command(card, action, by, **more), key, answer)

    def _command(self, card: dict[str, Any], action: str, by: str, **more: Any) -> Command:
        revision = more.pop("revision", card["revision"])
        return Command(draft_id=card["draft_id"], revision=revision, by=by, action=Action(action), **more)

    async def refused(self, card: dict[str, Any], action: str, **more: Any) -> Refused:
        with pytest.raises(Refused) as caught:
            await self.press(card, action, **more)
        return caught.value

    async def send(self) -> None:
        """Let the undo window pass and the outbox work. A send that is cut off means a crash and a restart."""
        self.clock.move(seconds=self.settings.replies.undo_seconds)
        await self.outbox.once()
        if self.stage.crashed:
            await self.restart()

    async def reply(self, post_id: str) -> Delivery | None:
        page = await self.store.post_page(post_id)
        return page.reply if page else None

    async def sent(self, text: str = "the new map is gorgeous", **more: Any) -> dict[str, Any]:
        """A draft that was approved and sent."""
        card = await self.draft(text, **more)
        await self.press(card, "approve")
        await self.send()
        return await self.again(card)

    async def events(self, *names: str) -> list[Any]:
        found = await self.store.events(after=0, limit=100_000)
        return [e for e in found if not names or e.name in names]


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """A real pipeline over a small set of templates of its own."""
    folder = tmp_path_factory.mktemp("operators") / "templates"
    for name, text in TEMPLATES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    library = Content(folder).load().library
    return build(library, reads=reader().model(None)[0])


@pytest.fixture(scope="session")
def torn_reader(pipeline: Pipeline) -> Torn:
    """A reader that is unsure of `UNCLEAR`, and hears in `DARK` that somebody may not be well."""
    return Torn(reader().model(None)[0], TORN)


@pytest.fixture(scope="session")
def torn(pipeline: Pipeline, torn_reader: Torn) -> Pipeline:
    """The same pipeline with that reader."""
    return build(pipeline.library, reads=torn_reader)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Makes migrated SQLite files."""
    return Files(tmp_path_factory.mktemp("database"))


@pytest.fixture(scope="session")
def databases(files: Files, testrun_uid: str) -> Iterator[Files | Server]:
    """Makes migrated databases, of the kind that these tests run on."""
    if not ON_SERVER:
        yield files
        return
    with server(testrun_uid) as found, contextlib.closing(Pool(found)) as pool:
        yield pool


@pytest.fixture(scope="session")
def empty_database(files: Files) -> Path:
    """A migrated file to copy. Copying is faster than migrating."""
    return files.first


@pytest.fixture
def database(databases: Files | Server, tmp_path: Path) -> Iterator[Database]:
    """An empty, migrated database."""
    made = databases.new(tmp_path / "var")
    yield made
    made.close()


@pytest.fixture
def build_house(
    tmp_path_factory: pytest.TempPathFactory, pipeline: Pipeline, databases: Files | Server
) -> Iterator[Callable[..., House]]:
    """Builds a closed house in a folder of its own."""
    made: list[Database] = []

    def build(replies: str = NO_CAPS) -> House:
        folder = tmp_path_factory.mktemp("house")
        made.append(databases.new(folder / "var"))
        return House(folder, made[-1], pipeline, replies)

    yield build
    for one in made:
        one.close()


@pytest.fixture
def file_house(tmp_path_factory: pytest.TempPathFactory, pipeline: Pipeline, files: Files) -> Callable[[], Any]:
    """Opens a house on a SQLite file, whatever the other tests run on."""

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[House]:
        folder = tmp_path_factory.mktemp("house")
        house = House(folder, files.new(folder / "var"), pipeline)
        await house.open()
        try:
            yield house
        finally:
            await house.close()
            house.database.close()

    return opened


@pytest.fixture
def open_house(build_house: Callable[..., House]) -> Callable[..., Any]:
    """Opens a house: `async with open_house("undo_seconds: 0") as house`."""

    @contextlib.asynccontextmanager
    async def opened(replies: str = "") -> AsyncIterator[House]:
        house = build_house(", ".join(filter(None, (replies, NO_CAPS if "per_" not in replies else ""))))
        await house.open()
        try:
            yield house
        finally:
            await house.close()

    return opened


@pytest.fixture
async def house(open_house: Callable[..., Any]) -> AsyncIterator[House]:
    """An open house with ten seconds to undo and no caps."""
    async with open_house() as opened:
        yield opened


def _intent(meaning: str, action: str, priority: int, examples: str) -> str:
    return f"meaning: {meaning}\naction: {action}\npriority: {priority}\nexamples:\n  en: [{examples}]\n"


_OPENERS = """\
Which part of it stays with you most?
Where were you when it clicked?
What would you show a friend first?
How far in are you?
When did you first notice that?
Whose idea was it to look there?
Good to hear it from you.
Lovely words, all of them.
Your eye for it is good.
So good to read this.
More of your words are welcome here.
People here will agree with you.
Nobody has put it like that before.
Every word of this counts.
Words like these travel far.
Tell the others about it too.
""".splitlines()


def _variants(texts: Iterable[str]) -> str:
    return "".join(f"## variant: v{n}\n{text}\n" for n, text in enumerate(texts))


TEMPLATES = {
    "intents/praise.yaml": _intent(
        "Somebody likes something.",
        "draft",
        10,
        "the fog in the last level is lovely, this soundtrack is so good, the new map is gorgeous, love the harbor, "
        "best game this year, what a beautiful lighthouse, the art is stunning, love it",
    ),
    "intents/question.yaml": _intent(
        "Somebody wants to know something.",
        "draft",
        30,
        "how do I save, where is the key, how many players can join, is there a demo, when does the server restart, "
        "how do I turn off the music, what does the red lamp do, can I play offline",
    ),
    "intents/complaint.yaml": _intent(
        "Something is broken.",
        "draft",
        50,
        "the game crashes when I open the inventory, it crashes on start, the sound is broken since the update, "
        "my save is gone, the map does not load, it freezes all the time, nothing works, the menu is broken",
    ),
    "intents/offtopic.yaml": _intent(
        "Nothing that concerns us.",
        "silent",
        0,
        "fog again on the way to work, what is for dinner, bring the blue shirt, did anyone watch the match, "
        "my train is so late, "
        "it rains again here, who has a charger, the bus was full",
    ),
    "en/praise/praise_for_looks.md": f"---\nanswers_to: [{', '.join(PRAISES)}]\n---\n" + _variants(_OPENERS),
    "en/question/tip.md": """\
---
answers_to: [how do I save, how do I save please, how do I save here]
source: the desk
slots:
  tip: {from: ask_approver, ask: "What helps here?", required: true}
  more: {from: ask_approver, ask: "Anything else?"}
examples:
  - {given: {post: "how do I save"}, expect: {max_words: 20}}
---
## variant: good
Good one. {{ tip }}{% if more %} {{ more }}{% endif %}
## variant: fair
Fair to ask. {{ tip }}
""",
    "en/complaint/signed.md": """\
---
answers_to: [it crashes on start, the game crashes when I open the inventory, the app crashes, the menu is broken,
  the sound is broken since the update]
slots:
  who: {from: approver.first_name}
examples:
  - {given: {post: "it crashes on start"}, expect: {max_words: 20}}
---
## variant: sorry
Sorry about that. What did you do right before it? {{ who }}
## variant: rough
That is a pity. Which system are you on? {{ who }}
""",
}

ASKS = "is there a way to keep the game?"
"""May ask for `tip`, which has a blank: a ready reply of a hand-off."""
UNSURE = "how do I save the game?"
"""Asks for one of two answers of `NEAREST`; it is unclear for which."""


def _answer(ask: str, text: str) -> str:
    examples = f'examples:\n  - {{given: {{post: "{ask}"}}, expect: {{max_words: 20}}}}\n'
    return f"---\nanswers_to: [{ask}]\nsource: the desk\nslots: {{}}\n{examples}---\n## variant: a\n{text}\n"


ANSWER = {"en/question/controller.md": _answer("does it work with a controller", "It does, all of it.")}
NEAREST = {
    **TEMPLATES,
    "intents/question.yaml": TEMPLATES["intents/question.yaml"].replace("how do I save,", f"how do I save, {UNSURE},"),
    "en/question/lamp.md": _answer("how do I save at the lamp", "Touch the red lamp."),
    "en/question/cloud.md": _answer("how do I save to the cloud", "The cloud keeps it."),
}
"""The same operators' files with two more FAQ answers, which have no blank as `tip` has."""
UNWRITTEN = {
    **NEAREST,
    "en/question/asks_how_to.md": "---\nanswers_to: [how do I ring the bell]\n---\n",
    "en/question/asks_where_to_find.md": "---\nanswers_to: [where is it]\n---\n## variant: a\nHave a look around.\n",
}
"""The same, with a situation that a person answers, and a reply to something that is a little like it."""
