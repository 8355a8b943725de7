"""Keeps the teams' files: what fans say, with their words, written anew whenever some of them go."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from bot import private
from bot.insights.digest_text import LinkOf, file_of
from bot.ports import Clock
from bot.settings import Settings
from bot.store import Store, cursors

FILES = "digest file"
"""`platform` of the notes among the cursors on which files were written: TEAM: -> path."""


class TeamFiles:
    """One for each community."""

    def __init__(self, store: Store, settings: Settings, clock: Clock, link_of: LinkOf) -> None:
        """Writes nothing before `write`."""
        self._store = store
        self._settings = settings
        self._clock = clock
        self._link_of = link_of

    async def write(self) -> Mapping[str, str]:
        """Bring the files in line with what is stored, and delete those that config.yaml names no more.

        Returns for each team that has one why it could not be written, or nothing. Raises what the store raises.
        """
        files = {key: self._settings.root / team.file for key, team in self._settings.teams.items() if team.file}
        written = await self._store.read(partial(cursors.load, platform=FILES))
        known = {name.removesuffix(":"): path for name, path in written.items()}
        for key, path in known.items():
            if str(files.get(key)) != path:
                with suppress(OSError):
                    await asyncio.to_thread(Path(path).unlink, missing_ok=True)
                await self._store.write(partial(cursors.forget, platform=FILES, prefix=f"{key}:"))
        now = self._clock.now()
        became = {}
        for key, file in files.items():
            if known.get(key) != str(file):  # noted before it is written, so that it is deleted some day
                await self._store.write(partial(cursors.save, platform=FILES, positions={f"{key}:": str(file)}, at=now))
            text = await self._store.read(
                partial(file_of, key=key, settings=self._settings, link_of=self._link_of, now=now)
            )
            try:
                await asyncio.to_thread(_write, file, text)
            except OSError as error:
                became[key] = f"{file} cannot be written ({error.strerror})."
            else:
                became[key] = ""
        return became


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all, and only if it changed. It keeps its mode; a new one is for its owner only.
    Raises OSError."""
    content, mode = text.encode(), private.FILE
    if path.exists():
        if path.read_bytes() == content:
            return
        mode = path.stat().st_mode & 0o777
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, private.FILE), "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
