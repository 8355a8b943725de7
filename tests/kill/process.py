"""The program as a process of its own that can be killed at any moment. All of it is the product's but the reader of
posts, which knows a few sentences: so a start takes half a second, and what is killed is the rest.

The processes are forked from one that has read the templates once (`warm`, in `multiprocessing`'s fork server), for the
same reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from bot import seat, settings
from bot.adapters.telegram import pace
from bot.app import build
from bot.cli import logs
from bot.reader import Reader
from bot.store import postgres
from responders.ports import Floats
from tests.fakes.reader import FakeReads, Says
from tests.integration import made
from tests.integration.conftest import TEMPLATES
from tests.integration.made import MADE
from tests.kill.syncs import PowerCut, watch

PRAISE, CRASH, SAVE, FOG = (
    "the new map is gorgeous",
    "it crashes on start",
    "how do I save",
    "fog again on the way to work",
)
DANGER = "I want to kill myself"
_MADE = Says(intents={"ugc_shared": 0.97}, situations=(("shows_handmade", "ugc_shared", 0.9),))
_READ: Mapping[str, str | Says] = {
    "kill myself": Says(intents={"crisis": 0.95}),
    PRAISE: Says(intents={"praise": 0.97}, situations=(("praise_for_looks", "praise", 0.9),)),
    CRASH: Says(intents={"complaint": 0.97}, situations=(("signed", "complaint", 0.9),)),
    SAVE.lower(): Says(intents={"question": 0.97}),
    MADE: _MADE,
    "fog again": Says(intents={"offtopic": 0.97}),
}
START = 180.0
"""Seconds for a start, on a machine with much else to do."""
_FORK = multiprocessing.get_context("forkserver")
_FORK.set_forkserver_preload(["tests.kill.warm"])


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What the process does at syncs of the database."""

    kill_at: int = 0
    """The process dies at this sync, counted from 1; 0: at none."""
    after: bool = False
    """It dies when the sync is done, not before."""
    power: bool = False
    """Keep what was synced, for `PowerCut.cut`."""
    unsynced: bool = False
    """Treat nothing as synced, for the tests of `power`."""
    times: bool = False
    """When each sync ended is written into `syncs`, a line each, in nanoseconds of the monotonic clock."""


@dataclass(eq=False)
class Program:
    """One life of the program in a folder."""

    folder: Path
    watch: Watch = field(default_factory=Watch)
    only: Sequence[str] = ()
    """Its roles; empty: all."""
    in_haste: bool = True
    """It counts as gone sooner than in the product, so that no life is spent waiting for the one before."""
    process: BaseProcess | None = None
    address: str = ""

    async def start(self, environ: Mapping[str, str]) -> None:
        """Until it serves; raises Died when it did not live that long."""
        if self.watch.power:  # before it lives, however soon it dies
            PowerCut(_database(self.folder)).begin()
        here, there = multiprocessing.Pipe(duplex=False)
        told = (replace(self, process=None), there, dict(environ))
        self.process = _FORK.Process(target=_run, args=told, daemon=True)
        self.process.start()
        there.close()
        try:
            async with asyncio.timeout(START):
                while not here.poll():
                    await asyncio.sleep(0.01)
            self.address = here.recv()
        except EOFError:
            raise Died from None
        finally:
            here.close()

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.is_alive()

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    def signal(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal now; does nothing when it is dead already."""
        if self.process and self.process.pid and self.alive:
            with contextlib.suppress(ProcessLookupError):  # it ended by itself in this moment
                os.kill(self.process.pid, number)

    async def ended(self, seconds: float = 60) -> int | None:
        """Wait until it is over; returns its exit status, negative for a signal."""
        assert self.process
        async with asyncio.timeout(seconds):
            while self.process.is_alive():
                await asyncio.sleep(0.005)
        return self.process.exitcode

    def power_cut(self) -> None:
        """Once it is dead: take away what was not synced."""
        if self.watch.power:
            PowerCut(_database(self.folder)).cut()


class Died(Exception):
    """It was killed before it served."""


class Known(Reader):
    """A reader of the sentences above."""

    def __init__(self) -> None:
        self.reads = FakeReads(_READ)
        self.encoder: Any = self

    def model(self, var: Path | None) -> tuple[Any, Any]:
        return self.reads, self

    def encode(self, texts: list[str]) -> Floats:
        return self.reads.vectors(texts)

    def encode_once(self, text: str) -> Floats:
        return self.encode([text])[0]

    def close(self) -> None:
        """Nothing is kept."""


def write_templates(folder: Path) -> None:
    """The operators' files of the community."""
    for name, text in {**TEMPLATES, **made.FILES}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def _database(folder: Path) -> Path:
    return folder / "var/greenroom.db"


def _run(wanted: Program, pipe: Connection, environ: dict[str, str]) -> None:
    folder = wanted.folder
    os.chdir(folder)
    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _watch(folder, wanted.watch)
    if wanted.in_haste:
        postgres.GONE_AFTER, postgres.LOST_AFTER, postgres.LOOK, seat.LOOK = 6.0, 4.0, 0.1, 0.1
    pace.CHAT = pace.GROUP = (1000, 1.0)  # else most of a run would be waiting for Telegram's twenty messages a minute
    built = build(settings.load(folder / "config.yaml", environ), only=wanted.only, environ=environ, reader=Known)
    with logs.told(logs.Form.WORDS, sys.stderr):  # structlog's own takes seconds for a traceback
        asyncio.run(built.run(announce=_once(lambda: pipe.send(built.base_url))))


def _once(tell: Callable[[], None]) -> Callable[[str], None]:
    told: list[str] = []

    def announce(words: str) -> None:
        if not told:
            tell()
        told.append(words)

    return announce


def _watch(folder: Path, wanted: Watch) -> None:
    if wanted == Watch():
        return
    power, counted = PowerCut(_database(folder)), 0
    times = os.open(folder / "syncs", os.O_WRONLY | os.O_CREAT | os.O_APPEND) if wanted.times else None

    def before(_file: Path) -> None:
        nonlocal counted
        counted += 1
        if counted == wanted.kill_at and not wanted.after:
            os.kill(os.getpid(), signal.SIGKILL)

    def after(file: Path) -> None:
        if wanted.power and not wanted.unsynced:
            power.synced(file)
        if times is not None:
            os.write(times, b"%d\n" % time.monotonic_ns())
        if counted == wanted.kill_at and wanted.after:
            os.kill(os.getpid(), signal.SIGKILL)

    watch(before, after)
