"""The only place that wires parts together. `build(settings)` gives an `App`; an import alone does nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from types import TracebackType
from typing import Protocol, Self

import structlog

from bot.adapters.chat.parts import Parts
from bot.adapters.chat.port import adapters
from bot.adapters.replay import ReplayPlatform
from bot.adapters.web.auth import Keys, signin_link
from bot.adapters.web.deps import Deps
from bot.adapters.web.links import base_url, keys
from bot.adapters.web.platform import WebPlatform
from bot.assistant.doctor import untold
from bot.assistant.helper import Helper
from bot.assistant.port import assistants
from bot.clock import SteadyClock
from bot.console import WebServer, create_app
from bot.content import Built, Content
from bot.desk import Desk
from bot.desk.rounds import Rounds
from bot.errors import GreenroomError
from bot.events import Happened
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
from bot.ports import Clock, Linked, PlatformAdapter, Surface, Watched
from bot.reader import Reader
from bot.seat import Seat
from bot.settings import Settings
from bot.stopping import told_to_stop
from bot.store import Connection, Received, Store, assistant, events, sessions
from bot.watchdog import watchdog
from bot.watching import Watcher
from bot.worker import Turns
from responders.pipeline import Pipeline
from responders.types import Attachment, Post

log = structlog.get_logger()

FIRST_BACKOFF = 1.0
LONGEST_BACKOFF = 60.0
"""Seconds before a part that failed is started again."""


class Web(Protocol):
    """The web server, as a community has it. `port` is the real one after `start`."""

    @property
    def port(self) -> int:
        """Where it listens."""

    async def start(self) -> None:
        """Answer. Raises GreenroomError."""

    async def stop(self) -> None:
        """End streams, and answer no more."""


class Shared:
    """What a community has of its process. Here it is alone."""

    def __init__(self) -> None:
        """One for the process."""
        self.turns = Turns()
        """Of the threads that read posts."""
        self.starting = asyncio.Semaphore()
        """Held while the operators' files are read at the start, which is work for the processor."""
        self.built = Built()
        """The sets of operators' files that are in use."""
        self.watcher = Watcher()
        """Of the operators' files."""

    async def store(self, settings: Settings) -> Store:
        """The community's store. Raises StoreError, or Busy if another Greenroom has it."""
        return await Store.open(settings.store, settings.key)

    def web(self, settings: Settings, deps: Deps, *, pages: bool) -> Web:
        """The web server with the community's pages, or with the health checks alone; not started."""
        return WebServer(create_app(deps, pages=pages), settings.web.host, settings.web.port)


def build(
    settings: Settings,
    *,
    only: Collection[str] = (),
    clock: Clock | None = None,
    environ: Mapping[str, str] | None = None,
    reader: Callable[[], Reader] | None = None,
    shared: Shared | None = None,
) -> App:
    """An app of these settings, not yet started.

    `only` names the roles of this process (`web`, `desk`, `outbox`, `probes` and platforms); empty: all. `reader` loads
    the trained model; without it posts are read by words alone. `shared`: where the process serves other communities,
    too. Tests pass a clock.
    """
    shared = shared or Shared()
    content = Content(settings.templates, reader=reader, var=settings.var, built=shared.built, watcher=shared.watcher)
    environ = os.environ if environ is None else environ
    clock = clock or SteadyClock()
    return App(settings, content, clock, only=frozenset(only), environ=environ, shared=shared)


class App:
    """Everything that runs in one process. `async with app:` starts and stops it in order."""

    def __init__(
        self,
        settings: Settings,
        content: Content,
        clock: Clock,
        *,
        only: frozenset[str],
        environ: Mapping[str, str],
        shared: Shared,
    ) -> None:
        """Use `build`."""
        self._shared = shared
        self.settings = settings
        self.clock = clock
        self.content = content
        self.platforms: dict[str, PlatformAdapter] = {}
        self._only = only
        self._environ = environ
        self._stack = contextlib.AsyncExitStack()
        self._surfaces: dict[str, Surface] = {}
        self._seats: dict[str, Seat] = {}
        self._parts: tuple[str, ...] = ()
        self._down: dict[str, str] = {}
        self.store: Store
        self.desk: Desk
        self.intake: Intake
        self.outbox: Outbox
        self.rounds: Rounds
        self.watch: Watch
        self.stage_pages: StagePages
        self.topics: Topics
        self.board: Board
        self.digests: Digests
        self.heard_page: HeardPage
        self.helper: Helper | None = None
        """Asks the language model; None where there is none, and in a process without the desk."""
        self.keys: Keys
        self.deps: Deps
        self.web: Web

    async def __aenter__(self) -> Self:
        """Start templates, store, desk and web server, then the platforms. Raises GreenroomError."""
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop in reverse order. Work in progress is finished, or taken up after the next start."""
        await self._stack.aclose()

    async def _start(self) -> None:
        settings, clock = self.settings, self.clock
        async with self._shared.starting:
            await asyncio.to_thread(self.content.start)
        self.store = await self._shared.store(settings)
        self._stack.push_async_callback(self.store.close)
        self.desk = Desk(self.store, settings, clock, self._pipeline, self._text_limit)
        await self.desk.start()
        self.intake = Intake(self.store, settings, clock, self.desk, self._pipeline, turns=self._shared.turns)
        self._stack.push_async_callback(self.intake.close)
        self.asks = Asks(self.store, settings, clock, lambda: self._pipeline().library, self._message_link)
        self.fans = Fans(self.store, settings, clock)
        self.platforms |= {"web": WebPlatform()}
        if file := settings.replay_file:
            speed = settings.platforms.replay.speed
            self.platforms["replay"] = ReplayPlatform(file, speed, self._receive_in_time, clock)
        self._add_chats()
        self._check_roles()
        sent_to = {name: platform for name, platform in self.platforms.items() if self._sends(name)}
        self.outbox = Outbox(self.store, settings, clock, sent_to, self._pipeline, sends=self._has_seat)
        self.rounds = Rounds(self.store, settings, clock, self._pipeline, lambda: getattr(clock, "leapt", False))
        self.watch = Watch(self.store, settings, clock)
        self.topics = Topics(self.store, settings, clock, self.content.vectors)
        self.board = Board(self.store, settings, clock, lambda: self._pipeline().library)
        self.digests = Digests(self.store, settings, clock, sent_to, self._message_link)
        self.heard_page = HeardPage(self.store, settings)
        self.stage_pages = StagePages(self.store, settings, clock, self._message_link)
        await self._add_assistant()
        self.keys = keys(settings, self._environ)
        self.deps = self._deps()
        self.web = self._shared.web(settings, self.deps, pages=self._takes("web"))
        await self.store.write(lambda c: sessions.keep_only(c, settings.managers))
        if self._takes("web") or self._takes("probes"):
            await self.web.start()
            self._stack.push_async_callback(self.web.stop)
        self._run_parts()

    async def _receive_in_time(self, post: Post) -> Received:
        """A file can wait: its next post comes when those before it are judged, but for some."""
        await self.intake.room()
        return await self.intake.receive(post)

    def _add_chats(self) -> None:
        parts = Parts(
            settings=self.settings,
            store=self.store,
            desk=self.desk,
            intake=self.intake,
            fans=self.fans,
            asks=self.asks,
            clock=self.clock,
            signin_link=self._signin_link,
        )
        installed = adapters()
        for name in self.settings.switched_on:
            chat = installed[name].platform(parts)
            self.platforms[name], self._surfaces[name] = chat, chat.cards
            self._seats[name] = Seat(self.store, self.clock, name)

    async def _add_assistant(self) -> None:
        section, key = self.settings.assistant, self.settings.assistant_key
        if not self._takes("desk"):
            return
        in_use, now = {"model": section.model, "host": section.host} if section else None, self.clock.now()
        await self.store.write(lambda c: assistant.switch(c, in_use, now))
        if section is None:
            return
        model = assistants()[section.kind](section, key.get_secret_value() if key else None)
        self._stack.push_async_callback(model.aclose)
        self.helper = Helper(
            *(self.store, self.settings, self.clock, self._pipeline, model),
            section=section,
            text_limit=self._text_limit,
        )

    def _sends(self, platform: str) -> bool:
        """Only the process that is connected to a chat platform sends to it; the others need no connection."""
        return platform not in self.settings.switched_on or self._takes(platform)

    def _takes(self, role: str) -> bool:
        return not self._only or role in self._only

    def _check_roles(self) -> None:
        known = {"desk", "outbox", "probes", *self.platforms}
        unknown = sorted(self._only - known)
        if unknown:
            raise GreenroomError(f"--only: there is no role “{unknown[0]}” here; roles: {', '.join(sorted(known))}")

    def _run_parts(self) -> None:
        parts: dict[str, Callable[[], Awaitable[None]]] = {"templates": self._follow_templates}
        if self._takes("desk"):
            parts |= {"intake": self.intake.run, "rounds": self.rounds.run, "insights": self.watch.run}
            parts |= {"stage pages": self.stage_pages.run, "heard page": self.heard_page.run}
            parts["topics"] = self.topics.run
        if self.helper:
            parts["assistant"] = self.helper.run
        if self._takes("outbox"):
            parts |= {"outbox": self.outbox.run, "digests": self.digests.run}
        parts |= {name: self._seated(name, adapter) for name, adapter in self.platforms.items() if self._takes(name)}
        parts |= {f"{name} cards": surface.run for name, surface in self._surfaces.items() if self._takes(name)}
        self._parts = tuple(parts)
        tasks = {name: asyncio.create_task(self._supervise(name, part), name=name) for name, part in parts.items()}
        senders = {"outbox", "digests", *(name for name in tasks if name.endswith(" cards"))}

        async def stop() -> None:
            """Senders end first: they finish what they began, and need the platforms' connections for it."""
            log.info("stopping")
            for names in (senders & tasks.keys(), tasks.keys() - senders):
                ending = [tasks[name] for name in names]
                for task in ending:
                    task.cancel()
                await asyncio.gather(*ending, return_exceptions=True)

        self._stack.push_async_callback(stop)

    def _seated(self, name: str, adapter: PlatformAdapter) -> Callable[[], Awaitable[None]]:
        """A chat platform runs in one process at a time."""
        seat = self._seats.get(name)
        return partial(seat.hold, adapter.run) if seat else adapter.run

    def _has_seat(self, platform: str) -> bool:
        return platform not in self._seats or self._seats[platform].sends

    async def _follow_templates(self) -> None:
        await self.content.watch(self._tell_of_templates)

    async def _tell_of_templates(self) -> None:
        """Tell surfaces once that the files had faults at the start, and once that they are in order again."""
        self.rounds.look()
        name = Happened.TEMPLATES_MENDED if self.content.kept_at is None else Happened.TEMPLATES_KEPT_IN_USE
        now, faults = self.clock.now(), len(self.content.faults)

        def operation(connection: Connection) -> None:
            told = events.newest(connection, Happened.TEMPLATES_KEPT_IN_USE, Happened.TEMPLATES_MENDED)
            if (told.name if told else Happened.TEMPLATES_MENDED) is not name:
                events.append(connection, name, now, faults=faults)

        await self.store.write(operation)

    async def _supervise(self, name: str, part: Callable[[], Awaitable[None]]) -> None:
        """Keep one part running. If it fails, the others go on, and it is started again after a growing pause."""
        pause = FIRST_BACKOFF
        while True:
            started = self.clock.now()
            try:
                await part()
            except GreenroomError as error:
                self._down[name] = str(error)
                log.warning("part_stopped", part=name, why=str(error))
            except Exception as error:
                self._down[name] = type(error).__name__
                log.exception("part_failed", part=name)
            else:
                return
            if (task := asyncio.current_task()) and task.cancelling():
                return  # it failed while it was stopped
            if (self.clock.now() - started).total_seconds() > LONGEST_BACKOFF:
                pause = FIRST_BACKOFF
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_BACKOFF)
            self._down.pop(name, None)

    async def run(self, announce: Callable[[str], None], *, link: bool = False) -> None:
        """Run until SIGINT or SIGTERM. `announce` is told where the console is, and with `link` gets a sign-in link.

        A link lets in everybody who reads it, so it must not go into a log.
        """
        if why := untold(self.settings):
            raise GreenroomError(why)
        stop = told_to_stop()
        async with self:
            on_call = self.settings.on_call
            announce(f"Greenroom is running for {self.settings.community.name}. Ctrl-C stops it.")
            if self._takes("web") and link:
                announce(f"Sign in as {self.desk.name_of(on_call)} (works once, for ten minutes):")
                announce(f"  {signin_link(self.keys, self.base_url, on_call)}")
            elif self._takes("web"):
                announce(f"The console is at {self.base_url}; `greenroom link {on_call}` prints a link to sign in.")
            elif self._takes("probes"):
                announce(f"/healthz, /readyz and /metrics are at {self.base_url}.")
            async with watchdog():
                await stop.wait()

    @property
    def base_url(self) -> str:
        """The address of the console."""
        return base_url(self.settings, self.web.port)

    def _pipeline(self) -> Pipeline:
        return self.content.pipeline

    def _text_limit(self, platform: str) -> int:
        adapter = self.platforms.get(platform)
        return adapter.text_limit if adapter else WebPlatform.text_limit

    def _deps(self) -> Deps:
        return Deps(
            settings=self.settings,
            store=self.store,
            desk=self.desk,
            intake=self.intake,
            asks=self.asks,
            board=self.board,
            fans=self.fans,
            keys=self.keys,
            clock=self.clock,
            pipeline=self._pipeline,
            tried=self.content.tried,
            template_faults=lambda: self.content.faults,
            no_reader=lambda: self.content.no_reader,
            clock_in_doubt=lambda: self.rounds.in_doubt,
            intents=lambda: {n: i.meaning for n, i in sorted(self.content.pipeline.library.intents.items())},
            assistant_rests=lambda: self.helper.rests if self.helper else None,
            message_link=self._message_link,
            picture_address=self._picture_address,
            resting=self.outbox.resting,
            ready=lambda: {name: name not in self._down and self._answers(name) for name in self._parts},
        )

    def _signin_link(self, manager: str) -> str | None:
        url = self.settings.web.public_url
        return signin_link(self.keys, url, manager) if url else None

    def _message_link(self, platform: str, channel: str, message_id: str) -> str | None:
        adapter = self.platforms.get(platform)
        return adapter.message_link(channel, message_id) if isinstance(adapter, Linked) else None

    async def _picture_address(self, platform: str, picture: Attachment) -> str | None:
        adapter = self.platforms.get(platform)
        return await adapter.picture_address(picture) if isinstance(adapter, Linked) else None

    def _answers(self, name: str) -> bool:
        adapter = self.platforms.get(name)
        if name in self._seats and self._seats[name].waits:
            return True  # another process is connected, and this one is ready to take its place
        return adapter.is_ready() if isinstance(adapter, Watched) else True
