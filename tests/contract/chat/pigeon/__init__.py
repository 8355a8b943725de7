"""Pigeon as a chat platform of Greenroom, by its port alone: what a platform of one's own takes."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar

from bot.adapters.chat import asks
from bot.adapters.chat.board import Board, Gone
from bot.adapters.chat.calls import Call
from bot.adapters.chat.commands import Asked
from bot.adapters.chat.connected import ConnectedPlatform
from bot.adapters.chat.layout import Budget, Digest, Layout
from bot.adapters.chat.loop import CardLoop
from bot.adapters.chat.parts import Parts
from bot.adapters.chat.port import ChatAdapter, ChatPlatform
from bot.adapters.chat.verbs import ASKS, Pressed, choices, manager
from bot.consent import Button
from bot.desk.view import CardView
from bot.domain import Cause, Delivery, NotSent, SendResult, Sent, SourceGone, Uncertain, clean
from bot.errors import GreenroomError
from bot.people.fans import Answer
from bot.ports import Check
from bot.settings import ChatSection, Settings
from bot.store import cursors, posts
from responders.types import Author, Post

NAME = "pigeon"
WORDS = frozenset({"edit", "fill", "correct"})  # buttons that are pressed with words
LOST = (OSError, TimeoutError)


class Pigeon(ChatSection):
    """`platforms.pigeon`; `api_base` says where it is."""

    name: ClassVar = NAME
    title: ClassVar = "Pigeon"
    token: ClassVar = "PIGEON_TOKEN"  # noqa: S105 - its name
    account: ClassVar = str


class PigeonAdapter(ChatAdapter):
    """Found by the entry point."""

    section: ClassVar = Pigeon

    def platform(self, parts: Parts) -> ChatPlatform:
        return PigeonPlatform(parts)

    def checks(self, settings: Settings) -> list[Check]:
        return [Check(name=NAME, ok=bool(settings.token(Pigeon)), result="the token is in the environment, or is not")]

    async def check_online(self, settings: Settings) -> list[Check]:
        (await Connection.open(settings)).close()
        return [Check(name=NAME, ok=True, result="it answers")]


class Connection:
    """Requests and their answers; events go to a queue, where None is the end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.events: asyncio.Queue[Any] = asyncio.Queue()
        self._writer = writer
        self._ids = itertools.count()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._task = asyncio.create_task(self._read(reader))

    @classmethod
    async def open(cls, settings: Settings) -> Connection:
        host, port = str(settings.chat(Pigeon).api_base).removeprefix("http://").split(":")
        return cls(*await asyncio.open_connection(host, int(port)))

    async def ask(self, call: str, **more: Any) -> Any:
        """The answer. Raises one of LOST."""
        if self._task.done():
            raise ConnectionError("the connection is closed")
        id_ = next(self._ids)
        self._asked[id_] = asyncio.get_running_loop().create_future()
        self._writer.write(json.dumps({"id": id_, "call": call, **more}).encode() + b"\n")
        return await asyncio.wait_for(self._asked[id_], 10)

    def close(self) -> None:
        self._task.cancel()
        self._writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                found = json.loads(line)
                if "answer" in found:
                    self._asked.pop(found["answer"]).set_result(found["result"])
                else:
                    self.events.put_nowait(found)
        finally:
            for waiting in self._asked.values():
                waiting.set_exception(ConnectionError("the connection was lost"))
            self.events.put_nowait(None)


Rendered = tuple[str, list[str]]
"""Text, and buttons: the label of each, and behind it what it means."""


class PigeonBoard(Board[Rendered]):
    name = NAME
    budget = Budget(size=len, reply_size=len, total=4000, reply=2000, post=1000, post_lines=20, row=4)
    trouble = LOST
    connection: Connection | None = None

    @property
    def ready(self) -> bool:
        return self.connection is not None

    def render(self, layout: Layout) -> Rendered:
        over, draft = layout.outcome, layout.card.draft
        lines = [f"{over.head}{over.tail}{over.until or ''}"] if over else []
        if not over:
            lines = [
                *filter(None, (layout.about, layout.hold)),
                *(f"{alarm.line} {alarm.part}" for alarm in layout.alarms),
            ]
            lines += layout.before
            lines += [f"{layout.author}: {layout.quote}", *layout.attachments, *layout.notes]
            lines += [f"{reply.heading} {reply.text}" for reply in layout.replies]
        which = f"{draft.id}:{draft.revision}"
        buttons = [f"{one.label}|{one.verb}:{which}:{one.choice}" for row in layout.rows for one in row]
        return "\n".join(lines), buttons

    def render_digest(self, digest: Digest) -> Rendered:
        return f"{digest.heading} since {digest.oldest}", []

    def fingerprint(self, rendered: Rendered) -> str:
        return hashlib.sha256(repr(rendered).encode()).hexdigest()

    async def send_card(self, card: CardView, rendered: Rendered, *, instead_of: str, silent: bool) -> str:
        return await self.send_digest(rendered, silent=silent)

    async def send_digest(self, rendered: Rendered, *, silent: bool) -> str:
        channel, (text, buttons) = self._parts.settings.chat(Pigeon).cards, rendered
        return str(await self.ask("say", channel=channel, text=text, buttons=buttons))

    async def send_call(self, call: Call, *, silent: bool) -> None:
        who = f"{self._parts.desk.name_of(call.who)}: " if call.who else ""
        await self.send_digest((who + call.text, []), silent=silent)

    async def edit(self, message_id: str, rendered: Rendered) -> None:
        if not await self.ask("change", message=message_id, text=rendered[0], buttons=rendered[1]):
            raise Gone

    async def delete(self, message_id: str) -> None:
        await self.ask("take away", message=message_id)

    async def ask(self, call: str, **more: Any) -> Any:
        if self.connection is None:
            raise ConnectionError("there is no connection")
        return await self.connection.ask(call, **more)


class PigeonReplies:
    """A `bot.ports.Sender` by one connection."""

    def __init__(self, connection: Connection, parts: Parts) -> None:
        self._connection = connection
        self._parts = parts

    async def source_gone(self, delivery: Delivery) -> SourceGone | NotSent | None:
        known = await self._parts.store.read(lambda c: posts.get(c, delivery.post_id))
        if known and known.post.platform != NAME:  # on stage, from elsewhere
            return None
        try:
            found = await self._connection.ask("look", message=known and known.post.external_id)
        except LOST as error:
            return NotSent(reason=f"Pigeon gave no answer: {error}", retry_after=1, unanswered=True)
        if not found or not known:
            return SourceGone(cause=Cause.POST_DELETED)
        return None if clean(found["text"]) == known.post.text else SourceGone(cause=Cause.POST_EDITED)

    async def deliver(self, delivery: Delivery) -> SendResult:
        own, text = delivery.external_id or "", delivery.text
        buttons = for_fans(delivery.ask_id or "", delivery.buttons)
        try:
            if delivery.kind == "send":
                target = delivery.target
                more = {"channel": target.channel, "to": target.reply_to or None, "nonce": delivery.nonce}
                more |= {"buttons": buttons} if buttons else {}
                return Sent(external_id=str(await self._connection.ask("say", text=text, **more)))
            call = "change" if delivery.kind == "correct" else "take away"
            await self._connection.ask(call, message=own, text=text, buttons=buttons)
        except LOST as error:
            return Uncertain(reason=f"Pigeon gave no answer: {error}", retry_after=0, unanswered=True)
        return Sent(external_id=own)

    async def look_up(self, delivery: Delivery) -> SendResult:
        try:
            own = await self._connection.ask("find", wanted=delivery.nonce) if delivery.kind == "send" else None
        except LOST as error:
            return Uncertain(reason=f"Pigeon gave no answer: {error}", retry_after=1, asked=False, unanswered=True)
        # To change a message, or to take it away, a second time does no harm.
        return Sent(external_id=own) if own else NotSent(reason="It did not arrive.", retry_after=0)


def for_fans(about: str, buttons: Iterable[Button]) -> list[str]:
    return [f"{one.label}|{asks.data(about, one.value)}" for one in buttons]


class PigeonPlatform(ConnectedPlatform):
    name = NAME
    section = Pigeon
    text_limit = 1000

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._board = PigeonBoard(parts)
        self.cards = CardLoop(parts, self._board)
        self._asked = Asked(parts, self._board)

    def is_ready(self) -> bool:
        return self._board.connection is not None

    async def run(self) -> None:
        """Until the connection ends. Raises GreenroomError then."""
        parts, token = self._parts, self._token()
        try:
            self._board.connection = connection = await Connection.open(parts.settings)
            self._connected(PigeonReplies(connection, parts))
            try:
                after = int((await parts.store.read(lambda c: cursors.load(c, NAME))).get("log", 0))
                for missed in await connection.ask("listen", token=token, after=after):
                    await self._take(missed)
                async with asyncio.TaskGroup() as tasks:
                    while event := await connection.events.get():
                        if event["event"] in ("press", "command"):
                            tasks.create_task(self._answer(event))
                        else:
                            await self._take(event)
            finally:
                self._board.connection = None
                self._disconnected()
                connection.close()
        except LOST as error:
            raise GreenroomError(f"Pigeon cannot be reached ({error}); it is tried again.") from error
        raise GreenroomError("The connection to Pigeon ended; it is opened again.")

    async def _take(self, event: dict[str, Any]) -> None:
        """Store what was written, changed or taken away, then how far we are."""
        channel, own, by, intake = event["channel"], event["id"], event["by"], self._parts.intake
        settings, now = self._parts.settings, self._parts.clock.now()
        if by == "bot" or channel not in {one.channel for one in settings.chat(Pigeon).listen}:
            pass
        elif event["event"] == "post":
            author = Author(id=by, name=by.title(), is_staff=settings.manager_of(NAME, by) is not None)
            said = {"platform": NAME, "channel": channel, "external_id": own, "text": event["text"]}
            await intake.receive(Post(author=author, at=now, **said))
        elif event["event"] == "edit":
            await intake.edited(NAME, channel, own, event["text"], at=now)
        else:
            await intake.deleted(NAME, channel, own)
        reached = {"log": str(event["number"])}
        await self._parts.store.write(partial(cursors.save, platform=NAME, positions=reached, at=now))

    async def _answer(self, event: dict[str, Any]) -> None:
        """Somebody pressed or typed; they are told something in every case."""

        async def tell(text: str) -> None:
            with suppress(*LOST):
                await self._board.ask("tell", act=event["id"], text=text)

        by_fan = asks.read(event.get("button", "").rpartition("|")[2])
        if by_fan:
            await self._board.answered(self._by_fan(event, by_fan, tell), tell, stumbled=asks.STUMBLED)
        else:
            work = self._press(event, tell) if event["event"] == "press" else self._command(event, tell)
            await self._board.answered(work, tell)

    async def _by_fan(self, event: dict[str, Any], pressed: asks.FanPressed, tell: Any) -> None:
        if pressed.about == asks.ME:
            await self._tell_fan(event, await self._parts.fans.press(NAME, event["by"], pressed.value))
            return
        done = await self._parts.asks.press(NAME, event["by"], pressed.about, pressed.value)
        if done.buttons is not None:
            await self._board.ask("lay", message=event["message"], buttons=for_fans(pressed.about, done.buttons))
        await tell(done.text)

    async def _tell_fan(self, event: dict[str, Any], answer: Answer) -> None:
        text, buttons = "\n".join(filter(None, (answer.text, answer.file))), for_fans(asks.ME, answer.buttons)
        await self._board.ask("tell", act=event["id"], text=text, buttons=buttons)

    async def _press(self, event: dict[str, Any], tell: Any) -> None:
        settings, words = self._parts.settings, event["words"]
        by = manager(settings, NAME, event["by"], event["by"], event["by"])
        verb, draft_id, revision, choice = event["button"].rpartition("|")[2].split(":")
        pressed = Pressed(verb=verb, draft_id=draft_id, revision=int(revision), choice=choice)
        card = await self._parts.desk.draft(draft_id)
        menu = choices(verb, card, settings.managers, self._parts.desk.intents()) if card else {}
        picked = {label: value for value, label in menu.items()}.get(words)
        if verb in ASKS:
            await self._board.ask_author(pressed, by, tell)
        elif verb in WORDS and not words:
            await tell("Press it with your words.")
        elif menu and picked is None:
            await tell(f"Press it with one of: {', '.join(menu.values())}.")
        else:
            slot = next((slot.name for slot in card.draft.missing), "") if card else ""
            fields = {"text": words, "choice": picked or pressed.choice, f"slot:{slot}": words}
            await self._board.decide(pressed.command(by, fields), tell)

    async def _command(self, event: dict[str, Any], tell: Any) -> None:
        said, _, words = event["words"].removeprefix("/").partition(" ")
        name = said.casefold()
        if name in self._parts.fans.commands:
            answer = await self._asked.fan(name, event["by"], words, lambda said, to: f"Report for {to}: {said}")
            await self._tell_fan(event, answer)
        elif name == "hold":
            by = manager(self._parts.settings, NAME, event["by"], event["by"], event["by"])
            await tell(await self._asked.hold(by, words))
