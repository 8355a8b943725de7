"""`init`: a folder to start from."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

import bot
from bot.errors import GreenroomError

_SAMPLE_NAME = "  name: Lantern Harbor\n"


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    community: Annotated[str | None, typer.Option(help="Your community's name.")] = None,
) -> None:
    """Write a starter config.yaml and templates/ into a folder."""
    if community is not None and not (community.strip() and len(community) <= 80 and community.isprintable()):  # noqa: PLR2004 - as in config.yaml
        raise GreenroomError("The community's name must be one line of 1 to 80 characters.")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise GreenroomError(f"{folder} is not empty; name a new folder, or empty this one first.")
        _write(folder.absolute(), community)
    except OSError as error:
        raise GreenroomError(
            f"{folder} cannot be written: {error.strerror}; name a folder where you may write."
        ) from None
    typer.echo(f"Wrote {folder}. Start it with: greenroom run --config {folder / 'config.yaml'}")


def _write(folder: Path, community: str | None) -> None:
    """All or nothing: the files are written beside the folder and moved when they are whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
        whole = Path(beside, "whole")
        source = _source()
        shutil.copytree(source / "templates", whole / "templates", ignore=shutil.ignore_patterns(".*"))
        config = (source / "config.yaml").read_text(encoding="utf-8")
        if community is not None:
            config = config.replace(_SAMPLE_NAME, f"  name: {json.dumps(community.strip(), ensure_ascii=False)}\n")
        (whole / "config.yaml").write_text(config, encoding="utf-8")
        if folder.exists():  # it may be where the person stands: fill it, do not replace it
            for part in ("templates", "config.yaml"):
                (whole / part).rename(folder / part)
        else:
            whole.rename(folder)


def _source() -> Path:
    """The starter files: inside the package when installed, at the top of the source tree otherwise."""
    package = Path(bot.__file__).parent
    return package / "starter" if (package / "starter").is_dir() else package.parent
