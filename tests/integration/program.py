"""The real program in a process of its own, for tests that stop or kill it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.processes import begin_as_before, keep_what_began

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def database(folder: Path) -> Iterator[sqlite3.Connection]:
    """The database of a program that runs or ran in this folder. Changes are kept."""
    with contextlib.closing(sqlite3.connect(folder / "var/greenroom.db", timeout=20)) as found, found:
        yield found


class Program:
    """`python -m bot run` in a folder of its own, with the templates there, or with the shipped ones."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: asyncio.subprocess.Process | None = None

    async def start(self, config: Path, *options: str, **environ: str) -> str:
        """Start it and wait until it runs; returns its address. `options` of the command."""
        shipped = not (self.folder / "templates").exists()
        if shipped:
            shutil.copytree(ROOT / "templates", self.folder / "templates")
            begin_as_before(self.folder / "var")
        with (self.folder / "log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", "run", "--config", str(config), *options),
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self.process.stdout
        async with asyncio.timeout(150):  # a slow machine with others at work
            while line := (await self.process.stdout.readline()).decode():
                if found := re.search(r"http://[\d.]+:\d+", line):
                    if shipped:
                        keep_what_began(self.folder / "var")
                    return found[0]
        raise AssertionError(self.log)

    async def end(self, number: signal.Signals = signal.SIGKILL) -> int | None:
        """End it; without a signal as if the power were cut. Returns its exit status; None when it never ran."""
        if self.process is None:
            return None
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(150):  # a slow machine with others at work
            await self.process.communicate()
        return self.process.returncode

    @property
    def log(self) -> str:
        """Its log."""
        return (self.folder / "log").read_text(encoding="utf-8")
