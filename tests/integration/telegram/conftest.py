"""Houses to test in; no request of theirs may be one that calls.yaml does not describe."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.telegram import FakeTelegram
from tests.integration import pauses

from .house import House, Killable


@contextlib.asynccontextmanager
async def opened(kind: type[House], folder: Path, database: Path) -> AsyncIterator[House]:
    """A house that is not started yet."""
    (folder / "var").mkdir()
    shutil.copy(database, folder / "var")
    async with FakeTelegram().running() as fake:
        house = kind(folder, fake)
        try:
            yield house
        finally:
            await house.stop()
        assert fake.problems == []


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses.shortened(monkeypatch)


@pytest.fixture
async def house(tmp_path: Path, empty_database: Path) -> AsyncIterator[House]:
    """Not started yet, so that a test can set it up."""
    async with opened(House, tmp_path, empty_database) as found:
        yield found


@pytest.fixture
async def open_house(house: House) -> House:
    """Running, and waiting for updates."""
    await house.start()
    return house


@pytest.fixture
async def killable(tmp_path: Path, empty_database: Path) -> AsyncIterator[House]:
    """A process of its own, not started yet."""
    async with opened(Killable, tmp_path, empty_database) as found:
        yield found


@pytest.fixture
async def running(killable: Killable) -> Killable:
    """A process of its own that waits for updates."""
    await killable.start()
    return killable
