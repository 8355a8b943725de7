from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from bot.__main__ import main
from tests.model import reader

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def greenroom(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a command; returns its status, stdout and stderr.

    It reads posts by words alone, so that no test depends on the model (only `doctor` has it).
    """
    monkeypatch.setattr("bot.cli.live.load_reader", None)
    monkeypatch.setattr("bot.cli.doctor.load_reader", reader)
    for name in ("GREENROOM_CONFIG", "GREENROOM_WEB_TOKEN", "DISCORD_TOKEN", "TELEGRAM_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["greenroom", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    mask = os.umask(0o022)
    os.umask(mask)
    yield run
    os.umask(mask)  # `run` narrows it, for its own process
