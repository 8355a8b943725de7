"""Platforms that are installed beside the program, as anybody's would be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.contract.chat.stages import Stage, opened
from tests.integration import pauses

PIGEON = "pigeon = tests.contract.chat.pigeon:PigeonAdapter"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses.shortened(monkeypatch)
    monkeypatch.setattr("bot.adapters.discord.send.RETRY_DELAY", 0.1)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Install a package that does nothing but name an entry point."""

    def installed(entry: str = PIGEON) -> None:
        about = tmp_path / "installed" / "other-1.0.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n", encoding="utf-8")
        (about / "entry_points.txt").write_text(f"[greenroom.adapters]\n{entry}\n", encoding="utf-8")
        monkeypatch.syspath_prepend(str(about.parent))

    return installed


@pytest.fixture(params=["discord", "telegram", "pigeon"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path, install: Callable[[], None]) -> AsyncIterator[Stage]:
    """Not started."""
    install()
    folder = tmp_path / "home"
    folder.mkdir()
    async with opened(request.param, folder) as found:
        yield found


@pytest.fixture
async def open_stage(stage: Stage) -> Stage:
    await stage.start()
    return stage
