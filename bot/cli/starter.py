"""`init`: a folder to start from."""

from __future__ import annotations

import json
import shlex
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from babel.localtime import LOCALTZ

from bot.cli.common import busy
from bot.content import STARTER, read_texts, source
from bot.errors import GreenroomError
from bot.own_files import CAME, STARTERS, hash_of
from bot.settings.values import parse_zone

_SAMPLE_NAME = "  name: Lantern Harbor\n"
_SAMPLE_ZONE = "  timezone: UTC "
_NAMELESS = "Our community"


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    community: Annotated[str | None, typer.Option(metavar="NAME", help="Your community's name.")] = None,
) -> None:
    """Write a starter config.yaml and templates/ into a folder.

    \b
    Example: greenroom init my-community --community "My Community"
    """
    if community is not None and not (community.strip() and len(community) <= 80 and community.isprintable()):  # noqa: PLR2004 - as in config.yaml
        raise GreenroomError("The community's name must be one line of 1 to 80 characters.")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise GreenroomError(f"{folder} is not empty; name a new folder, or empty this one first.")
        with busy("Writing the templates"):
            _write(folder.absolute(), community)
    except OSError as error:
        raise GreenroomError(
            f"{folder} cannot be written: {error.strerror}; name a folder where you may write."
        ) from None
    typer.echo(f"Wrote {folder}. Start it with: greenroom run --config {shlex.quote(str(folder / 'config.yaml'))}")


def _write(folder: Path, community: str | None) -> None:
    """All or nothing: the files are written beside the folder and moved when they are whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
        whole = Path(beside, "whole")
        came = source()
        shutil.copytree(came / "templates", whole / "templates", ignore=shutil.ignore_patterns(".*"))
        _leave_out_the_sample(whole / "templates")
        _note(whole / "templates")
        config = (came / "config.yaml").read_text(encoding="utf-8")
        name = json.dumps((community or _NAMELESS).strip(), ensure_ascii=False)
        config = config.replace(_SAMPLE_NAME, f"  name: {name}\n").replace(_SAMPLE_ZONE, f"  timezone: {_zone()} ")
        (whole / "config.yaml").write_text(config, encoding="utf-8")
        if folder.exists():  # it may be the current folder: fill it, do not replace it
            for part in ("templates", "config.yaml"):
                (whole / part).rename(folder / part)
        else:
            whole.rename(folder)


def _zone() -> str:
    """The machine's time zone by its IANA name; UTC if it has none that Greenroom knows."""
    try:
        return parse_zone(getattr(LOCALTZ, "key", "UTC")).key
    except ValueError:
        return "UTC"


def _leave_out_the_sample(folder: Path) -> None:
    """Replace the sample community's facts and answers by one example each."""
    for path, text in read_texts(folder).items():
        if "\nsource: " in text.partition("\n---\n")[0]:  # the answer to one question
            (folder / path).unlink()
    for path, example in STARTERS.items():
        shutil.copy(STARTER / example, folder / path)


def _note(folder: Path) -> None:
    """Note the hash of each file as it comes, so that a later Greenroom can tell which were changed."""
    came = {path: hash_of(text) for path, text in read_texts(folder).items()}
    (folder / CAME).write_text(json.dumps(came, indent=0, sort_keys=True) + "\n", encoding="utf-8")
