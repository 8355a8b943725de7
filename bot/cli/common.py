"""Shared by several commands."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from bot import settings
from bot.errors import GreenroomError
from bot.settings import Settings

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The config.yaml to use; else GREENROOM_CONFIG, else ./config.yaml.",
        show_default=False,
    ),
]

Many = Annotated[
    Path | None,
    typer.Option(
        "--communities",
        metavar="DIR",
        help="Many communities: each folder in DIR with a config.yaml is one.",
        show_default=False,
    ),
]


def one_of(communities: Path, config: Path | None) -> Path:
    """The folder of `--communities`. Raises GreenroomError if there is a `--config` beside it."""
    if config is not None:
        raise GreenroomError("Use --config for one community, or --communities for many, not both.")
    return communities


def load_settings(config: Path | None) -> Settings:
    """The settings for a command. Raises FaultyFiles and GreenroomError."""
    path = config or settings.default_path(os.environ)
    above = Path("..", path.name)
    if config is None and not path.is_absolute() and not path.exists() and above.is_file():
        raise GreenroomError(
            f"There is no {path} here; it lies one folder up: write `cd ..` first, or --config {above}."
        )
    return settings.load(path, os.environ)


def write_file(path: Path, text: str | bytes, *, new: bool = False) -> None:
    """Write a whole file or nothing. `new`: only where there is none yet. Raises GreenroomError."""
    try:
        if new and path.exists():
            raise GreenroomError(f"{path} is there already; move it away first.")
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
            file.write(text.encode() if isinstance(text, str) else text)
        umask = os.umask(0)
        os.umask(umask)
        Path(file.name).chmod(0o666 & ~umask)  # a temporary file is for its owner only
        Path(file.name).replace(path)
    except OSError as error:
        raise GreenroomError(f"{path} cannot be written: {error.strerror}; name a place where you may write.") from None


@contextmanager
def busy(what: str) -> Iterator[None]:
    """Show a spinner on a terminal meanwhile."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # noqa: PLC0415 - it takes time to load, and a pipe needs none

    with Console(stderr=True).status(what):
        yield


def counted(count: int, noun: str) -> str:
    """A number with its noun: "no faults", "1 fault", "2,000 faults"."""
    return f"{f'{count:,}' if count else 'no'} {noun}{'' if count == 1 else 's'}"


def edited(text: str) -> str:
    """What a person makes of a text in their editor (VISUAL, EDITOR, else vi). Raises GreenroomError."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    if not sys.stdin.isatty():
        raise GreenroomError("There is no terminal for an editor here; write the words with --text.")
    with tempfile.TemporaryDirectory(prefix="greenroom-") as folder:
        path = Path(folder, "text.txt")
        path.write_text(f"{text}\n", encoding="utf-8")
        try:
            done = subprocess.run([*shlex.split(editor), str(path)], check=False)  # noqa: S603 - the operator's own
        except (OSError, ValueError) as error:
            raise GreenroomError(
                f"The editor {editor!r} cannot be started ({error}); set EDITOR, or use --text."
            ) from None
        if done.returncode:
            raise GreenroomError(f"The editor {editor!r} ended with status {done.returncode}; nothing was done.")
        return path.read_text(encoding="utf-8", errors="replace").strip()
