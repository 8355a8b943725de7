"""Tells of changes below folders. One watcher sees to all folders of a process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import structlog
from watchfiles import awatch

POLL: Final = 1.0
"""Seconds between two looks whether a folder has gone, come, or is another one now."""
_OVERLAP: Final = 2.0
"""Seconds for which the watch before goes on beside a new one, to tell what it has seen."""
_RETRY: Final = 30
"""Looks after which a watch that failed is tried again."""
_COLLECT: Final = 0.01
"""Seconds for each folder that is watched before the next ones are added: a watch is always made anew."""

log = structlog.get_logger(__name__)

_Identities = Mapping[Path, tuple[int, int] | None]


class Watcher:
    """Watches while somebody asks. A folder may vanish and come back."""

    def __init__(self) -> None:
        """Watches nothing yet."""
        self._changed: dict[Path, asyncio.Event] = {}
        self._others = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def on(self, folder: Path) -> Iterator[asyncio.Event]:
        """An event that is set once a folder is watched, and after each change below it. A folder has one asker."""
        changed = self._changed[folder] = asyncio.Event()
        self._others.set()
        self._task = self._task or asyncio.create_task(self._run())
        try:
            yield changed
        finally:
            del self._changed[folder]
            self._others.set()
            if not self._changed and self._task:
                self._task.cancel()
                self._task = None

    async def _run(self) -> None:
        known: _Identities = {}
        before: asyncio.Task[None] | None = None
        now: asyncio.Task[None] | None = None
        try:
            while True:
                self._others.clear()
                here = {folder: _identity(folder) for folder in self._changed}
                now = asyncio.create_task(self._follow([folder for folder, identity in here.items() if identity]))
                await asyncio.sleep(0)  # now it watches
                for folder, identity in here.items():
                    if folder not in known or known[folder] != identity:
                        self._tell(folder)
                if before:
                    await asyncio.sleep(_OVERLAP)
                    before.cancel()
                known, before = here, now
                await self._until_others(here, now)
        finally:
            for task in filter(None, (before, now)):
                task.cancel()

    async def _follow(self, folders: list[Path]) -> None:
        if not folders:
            await asyncio.Event().wait()
        try:
            async for changes in awatch(*folders):
                for folder in {above for _, path in changes for above in Path(path).parents}:
                    self._tell(folder)
        except (OSError, RuntimeError) as error:  # the system watches no more, or one has just gone
            log.warning("templates_not_watched", why=str(error), instead="they are read now and then")

    async def _until_others(self, here: _Identities, watch: asyncio.Task[None]) -> None:
        """Wait until there are other folders to watch. While the watch fails, tell of one folder after the other."""
        looks = 0
        while not self._others.is_set() and all(_identity(folder) == known for folder, known in here.items()):
            if watch.done():
                folders = list(here)
                self._tell(folders[looks % len(folders)])
                looks += 1
                if looks >= _RETRY:
                    return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._others.wait()
        await asyncio.sleep(_COLLECT * len(here))

    def _tell(self, folder: Path) -> None:
        if folder in self._changed:
            self._changed[folder].set()


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
