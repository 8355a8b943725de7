"""Many communities in one process: each folder has its config.yaml, its templates and its var.

Each is an `App` of its own. They share the web server, the trained model, the databases of a server, and the processor.
One that cannot start or fails does not stop the others, and is tried again.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from contextvars import Context
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import structlog
from structlog.contextvars import bind_contextvars

from bot import private
from bot.adapters.chat.port import adapters
from bot.adapters.web.auth import Keys, allowed_hosts
from bot.adapters.web.deps import Deps
from bot.adapters.web.doctor import checks
from bot.adapters.web.health import readiness
from bot.adapters.web.links import host_of, keys_of
from bot.app import App, Shared, Web, build
from bot.assistant.doctor import untold
from bot.clock import SteadyClock
from bot.console import WebServer, create_app
from bot.console.hosts import Hosts, Numbers, Place
from bot.errors import GreenroomError
from bot.ports import Clock
from bot.reader import NoReader, Reader
from bot.settings import Settings, load
from bot.settings import Web as Bind
from bot.settings.values import split_bind
from bot.stopping import told_to_stop
from bot.store import Database, Store
from bot.validation import KEY_RULE, is_key
from bot.watchdog import watchdog
from bot.worker import Turns

log = structlog.get_logger()

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
"""Seconds before a community that could not start is tried again. They double each time."""
STARTING = 2
"""Communities that read their files at the same time."""
LOOKS = 1
"""How often a second all communities together look, in each of their loops, for what nothing has told them of: a
wake-up that was lost, or what need not be in time. What is due by the clock is waited for."""
READING = max(1, min(4, (os.cpu_count() or 1) - 1))
"""Threads that read posts at the same time, of different communities."""
_ROLES: Final = ("web", "desk", "outbox", "probes", "replay")


def folders(folder: Path) -> dict[str, Path]:
    """The config.yaml of each community in a folder, by the community's key. Raises GreenroomError if there is none."""
    try:
        found = {path.parent.name: path for path in sorted(folder.glob("*/config.yaml"))}
    except OSError as error:
        raise GreenroomError(f"{folder} cannot be read: {error.strerror}.") from None
    if not found:
        raise GreenroomError(
            f"There is no community in {folder}: each needs a folder of its own there, with its config.yaml."
        )
    return found


def load_one(key: str, path: Path, environ: Mapping[str, str]) -> Settings:
    """The settings of one of several communities. Raises GreenroomError, also if its key is not the folder's name."""
    if not is_key(key):
        raise GreenroomError(f"The folder's name “{key}” cannot be the key of a community; {KEY_RULE}.")
    settings = load(path, environ)
    if settings.key != key:
        must = f"write `key: {key}` under `community:`"
        raise GreenroomError(f"{key}/{path.name} must say whose it is, as its folder does: {must}.")
    if why := untold(settings):
        raise GreenroomError(why)
    return settings


def common_bind(found: Iterable[Settings]) -> str:
    """Where the one web server listens: where most communities say."""
    binds = Counter(settings.web.bind for settings in found)
    return binds.most_common(1)[0][0] if binds else Bind().bind


def clash(settings: Settings, others: Mapping[str, Settings], bind: str) -> str | None:
    """Why a community cannot run beside others, in a sentence; None if it can."""
    port = split_bind(bind)[1]
    host = host_of(settings, port)
    if settings.web.bind != bind:
        return f"One process has one web server, which listens on {bind}: write `web.bind: {bind}` here too."
    if host in allowed_hosts(port, settings.web.host, None):
        return f"`web.public_url` must have a host name of its own: {host} is this machine's, for all communities."
    for key, other in others.items():
        if host_of(other, port) == host:
            return f"{host} is the address of {key} too; give each community its own `web.public_url`."
        same = {token.get_secret_value() for token in settings.tokens.values()}
        if same & {token.get_secret_value() for token in other.tokens.values()}:
            return f"{key} has the same bot token; give each community a bot of its own."
    return None


class _Shared(Shared):
    """What the communities share. A database of a server is opened once."""

    def __init__(self, place: Callable[[Settings, Deps, bool], Web]) -> None:
        super().__init__()
        self.turns = Turns(READING)
        self.starting = asyncio.Semaphore(STARTING)
        self.served = 0
        """Communities of the process."""
        self._place = place
        self._opening: dict[str, asyncio.Task[Database]] = {}

    async def store(self, settings: Settings) -> Store:
        """Of a database that others have open already, if it is on a server."""
        store = await self._opened(settings)
        store.sweep = lambda seconds: max(seconds, self.served / LOOKS)
        return store

    async def _opened(self, settings: Settings) -> Store:
        if not settings.store.startswith("postgresql:"):
            return await super().store(settings)
        opening = self._opening.get(settings.store)
        if opening is None:
            opening = self._opening[settings.store] = asyncio.create_task(
                Database.open(settings.store),
                context=Context(),  # its log lines are of no community
            )
        try:
            return (await asyncio.shield(opening)).store(settings.key)
        except BaseException:
            if opening.done() and (opening.cancelled() or opening.exception()):
                self._opening = {url: task for url, task in self._opening.items() if task is not opening}
            raise

    def web(self, settings: Settings, deps: Deps, *, pages: bool) -> Web:
        """The community's place on the one web server."""
        return self._place(settings, deps, pages)

    async def close(self) -> None:
        """Close the databases."""
        for opening in self._opening.values():
            opening.cancel()
            for database in await asyncio.gather(opening, return_exceptions=True):
                if isinstance(database, Database):
                    await database.close()


@dataclass(slots=True)
class _One:
    """A community, and how it is."""

    path: Path
    settings: Settings | None = None
    """As they were read last."""
    app: App | None = None
    """None while it does not run."""
    why: str | None = "It is starting."
    """Why it does not run; None while it does, and where it has no part in this process."""
    tried: bool = False
    """Whether it was started, or could not be."""


class Communities:
    """All communities of a folder. `async with communities:` starts and stops them."""

    def __init__(
        self,
        folder: Path,
        *,
        environ: Mapping[str, str],
        reader: Callable[[], Reader] | None = None,
        only: Collection[str] = (),
        clock: Clock | None = None,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        """Reads nothing yet. `only`, `reader` and `clock` are as in `bot.app.build`."""
        self.folder = folder.resolve()
        self._environ = environ
        self._reader = reader
        self._only = frozenset(only)
        self._clock = clock or SteadyClock()
        self._first_pause = first_pause
        self._all: dict[str, _One] = {}
        self._changed = asyncio.Event()
        self._shared = _Shared(self._place)
        self._stack = contextlib.AsyncExitStack()
        self._numbers = Numbers()
        self._hosts: Hosts
        self.web: WebServer
        self.keys: Keys
        self.bind: str

    async def __aenter__(self) -> Self:
        """Start the web server; the communities follow one by one. Raises GreenroomError."""
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop all. Work in progress is finished, or taken up after the next start."""
        await self._stack.aclose()

    async def _start(self) -> None:
        self._check_roles()
        self._all = {key: _One(path) for key, path in folders(self.folder).items()}
        self._shared.served = len(self._all)
        await asyncio.to_thread(self._read_all)
        self.bind = common_bind(one.settings for one in self._all.values() if one.settings)
        host, port = split_bind(self.bind)
        self.keys = keys_of(self.folder / "var", self._environ)
        self._hosts = Hosts(self, self.keys, host)
        self.web = WebServer(self._hosts, host, port)
        self._reader = await asyncio.to_thread(_loaded, self._reader)
        if self._takes("web") or self._takes("probes"):
            await self.web.start()
            self._stack.push_async_callback(self.web.stop)
        for key, one in self._all.items():
            self._show_away(key, one)
        self._stack.push_async_callback(self._shared.close)
        tasks = [asyncio.create_task(self._keep(key, one), name=key) for key, one in self._all.items()]

        async def stop() -> None:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self._stack.push_async_callback(stop)

    def _read_all(self) -> None:
        """A first look, to know where the web server listens. What is wrong is told when the community is started."""
        for key, one in self._all.items():
            with contextlib.suppress(GreenroomError):
                one.settings = load_one(key, one.path, self._environ)

    def _check_roles(self) -> None:
        known = {*_ROLES, *adapters()}
        if unknown := sorted(self._only - known):
            raise GreenroomError(f"--only: there is no role “{unknown[0]}”; roles: {', '.join(sorted(known))}")

    def _takes(self, role: str) -> bool:
        return not self._only or role in self._only

    async def _keep(self, key: str, one: _One) -> None:
        """Keep one community running. If it fails, it is started again after a growing pause."""
        bind_contextvars(community=key)
        pause = self._first_pause
        while True:
            try:
                await self._serve(key, one)
            except GreenroomError as error:
                one.why = str(error)
                log.warning("community_away", why=one.why, tried_again_in=pause)
            except Exception as error:
                one.why = f"{type(error).__name__}; the log says more."
                log.exception("community_failed", tried_again_in=pause)
            self._show_away(key, one)
            self._set_tried(one)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _serve(self, key: str, one: _One) -> None:
        """Run a community until it is cancelled. Raises GreenroomError if it cannot be started."""
        one.settings = None
        settings = await asyncio.to_thread(load_one, key, one.path, self._environ)
        others = {name: other.settings for name, other in self._all.items() if other.settings and name != key}
        if why := clash(settings, others, self.bind):
            raise GreenroomError(why)
        one.settings = settings
        private.tighten_all(settings.var)
        for check in checks(settings):
            if check.ok is False:
                log.warning("not_safe", what=check.result, fix=check.fix)
        if self._only and not self._roles(settings) - {"probes"}:
            one.why = None
            self._set_tried(one)
            await asyncio.Event().wait()
        app = build(
            settings,
            only=self._roles(settings),
            clock=self._clock,
            environ=self._environ,
            reader=self._reader,
            shared=self._shared,
        )
        async with app:
            one.app, one.why = app, None
            log.info("community_runs", at=app.base_url)
            self._set_tried(one)
            try:
                await asyncio.Event().wait()
            finally:
                one.app = None

    def _roles(self, settings: Settings) -> frozenset[str]:
        """Those of this process that the community has."""
        has = {"web", "desk", "outbox", "probes", *settings.switched_on, *(["replay"] if settings.replay_file else [])}
        return self._only & has

    def _set_tried(self, one: _One) -> None:
        one.tried = True
        self._changed.set()

    def _place(self, settings: Settings, deps: Deps, pages: bool) -> Web:
        app = create_app(deps, pages=pages)
        return Place(self._hosts, self.web, settings.key, host_of(settings, self.web.port), app)

    def _show_away(self, key: str, one: _One) -> None:
        if one.settings:
            self._hosts.show_away(key, host_of(one.settings, self.web.port))
        elif is_key(key):
            self._hosts.show_away(key, f"{key}.localhost:{self.web.port}")

    async def settled(self) -> None:
        """Wait until each community runs, or could not be started once."""
        while not all(one.tried for one in self._all.values()):
            self._changed.clear()
            await self._changed.wait()

    @property
    def running(self) -> Mapping[str, App]:
        """Those that run, by key."""
        return {key: one.app for key, one in self._all.items() if one.app}

    @property
    def away(self) -> Mapping[str, str]:
        """Those that do not run, each with a sentence that says why."""
        return {key: one.why for key, one in self._all.items() if one.why}

    @property
    def proxied(self) -> bool:
        """See `bot.console.hosts.Whole`."""
        return any(one.settings and one.settings.web.public_url for one in self._all.values())

    async def readiness(self) -> Mapping[str, Any]:
        """See `bot.console.hosts.Whole`. One community that cannot work does not make the others look so."""
        running = self.running
        told = await asyncio.gather(*(readiness(app.deps) for app in running.values()))
        found = dict(zip(running, told, strict=True))
        found |= {key: {"status": "not ready", "why": why} for key, why in self.away.items()}
        ready = [one["status"] == "ready" for one in found.values()]
        status = "ready" if all(ready) else "partly ready" if any(ready) else "not ready"
        return {"status": status, "communities": dict(sorted(found.items()))}

    async def metrics(self) -> bytes:
        """See `bot.console.hosts.Whole`."""
        told = {key: app.web.pages for key, app in self.running.items() if isinstance(app.web, Place)}
        return await self._numbers.text(told, self.away)

    async def run(self, announce: Callable[[str], None]) -> None:
        """Run until SIGINT or SIGTERM. `announce` is told where the consoles are."""
        stop = told_to_stop()
        async with self:
            announce(f"Greenroom is running for the communities in {self.folder}. Ctrl-C stops it.")
            telling = asyncio.create_task(self._tell(announce))
            async with watchdog():
                await stop.wait()
            telling.cancel()

    async def _tell(self, announce: Callable[[str], None]) -> None:
        await self.settled()
        if self._takes("web"):
            for key, app in self.running.items():
                announce(f"{key}: the console is at {app.base_url}")
            announce(f"`greenroom link NAME --config {self.folder}/KEY/config.yaml` prints a link to sign in.")
        elif self._takes("probes"):
            announce(f"/healthz, /readyz and /metrics are at http://{self.bind}.")
        for key, why in self.away.items():
            announce(f"{key} is not running: {why}")


def _loaded(load: Callable[[], Reader] | None) -> Callable[[], Reader] | None:
    """The trained model, loaded once: what a call gives, or raises."""
    if load is None:
        return None
    try:
        reader = load()
    except NoReader as error:
        return functools.partial(_raise, error)
    reader.others = {}
    return lambda: reader


def _raise(error: NoReader) -> Reader:
    raise error
