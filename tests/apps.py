"""Greenroom in the process of the tests, which make once what takes long to make."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from bot import app
from bot.content import Built
from bot.plugins import plugins
from bot.reader import Reader
from bot.settings import Settings
from bot.store import migrate
from bot.store.engine import driver_url, file_of
from responders.pipeline import Pipeline

LoadReader = Callable[[], Reader]
PLUGINS = ("greenroom.responders", "greenroom.checks")
IN_USE = 16
"""Sets of operators' files that are kept."""


def build(settings: Settings, *, reader: LoadReader | None = None, **more: Any) -> app.App:
    """`bot.app.build`, but a new SQLite file has its tables, and operators' files that another test had are not read
    again."""
    file = file_of(driver_url(settings.store))
    if file and not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_bytes(_tables())
    shared = app.Shared()
    shared.built = _built(reader, tuple(one for group in PLUGINS for one in plugins(group)))
    return app.build(settings, reader=reader, shared=shared, **more)


class _Kept(Built):
    """Keeps the last sets, as if a community used them."""

    def __init__(self) -> None:
        super().__init__()
        self._last: deque[Any] = deque(maxlen=IN_USE)

    def get(self, texts: Mapping[str, str], make: Callable[[Mapping[str, str]], Pipeline], *, reads: bool) -> Any:
        found = super().get(texts, make, reads=reads)
        self._last.append(found)
        return found


@lru_cache(maxsize=4)
def _built(reader: LoadReader | None, plugins: tuple[EntryPoint, ...]) -> Built:
    """What was made with one reader and these plug-ins; others read otherwise."""
    del reader, plugins
    return _Kept()


@cache
def _tables() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "greenroom.db"
        migrate.upgrade(f"sqlite:///{file}")
        return file.read_bytes()
