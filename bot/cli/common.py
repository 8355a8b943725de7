"""Shared by several commands."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot import settings
from bot.errors import GreenroomError
from bot.settings import Settings

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", help="The config.yaml to use; else GREENROOM_CONFIG, else ./config.yaml.", show_default=False
    ),
]


def load_settings(config: Path | None) -> Settings:
    """The settings for a command. Raises FaultyFiles and GreenroomError."""
    path = config or settings.default_path(os.environ)
    above = Path("..", path.name)
    if config is None and not path.is_absolute() and not path.exists() and above.is_file():
        raise GreenroomError(
            f"There is no {path} here; it lies one folder up: write `cd ..` first, or --config {above}."
        )
    return settings.load(path, os.environ)


def write_file(path: Path, text: str, *, new: bool = False) -> None:
    """Write a whole file or nothing. `new`: only where there is none yet. Raises GreenroomError."""
    try:
        if new and path.exists():
            raise GreenroomError(f"{path} is there already; move it away first.")
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}-", delete=False
        ) as file:
            file.write(text)
        Path(file.name).replace(path)
    except OSError as error:
        raise GreenroomError(f"{path} cannot be written: {error.strerror}; name a place where you may write.") from None


@contextmanager
def busy(what: str) -> Iterator[None]:
    """Show a spinner on a terminal meanwhile."""
    if not sys.stderr.isatty():
        yield
        return
    with Console(stderr=True).status(what):
        yield


def counted(count: int, noun: str) -> str:
    """A number with its noun: "no faults", "1 fault", "2,000 faults"."""
    return f"{f'{count:,}' if count else 'no'} {noun}{'' if count == 1 else 's'}"
