"""`init`: a folder to start from."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from babel.localtime import LOCALTZ

import bot
from bot.content import read_library, read_texts
from bot.errors import GreenroomError
from bot.settings.values import parse_zone

_SAMPLE_NAME = "  name: Lantern Harbor\n"
_SAMPLE_ZONE = "  timezone: UTC "
_NAMELESS = "Our community"
_EXAMPLES = Path(bot.__file__).parent / "starter"
_STARTERS = {"facts.yaml": "facts.yaml", "en/question/example.md": "faq.md"}
"""What replaces the sample community's own files."""
_CAME = ".came_with_greenroom.json"
"""In templates/: path -> hash of what `init` wrote there."""


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
        _leave_out_the_sample(whole / "templates")
        _note(whole / "templates")
        config = (source / "config.yaml").read_text(encoding="utf-8")
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
    for template in read_library(folder, known=True).templates:
        if template.is_faq:
            (folder / template.path).unlink()
    for path, example in _STARTERS.items():
        shutil.copy(_EXAMPLES / example, folder / path)


def _note(folder: Path) -> None:
    """Note the hash of each file as it comes, so that a later Greenroom can tell which were changed."""
    came = {path: _hash(text) for path, text in read_texts(folder).items()}
    (folder / _CAME).write_text(json.dumps(came, indent=0, sort_keys=True) + "\n", encoding="utf-8")


def untouched(folder: Path, texts: Mapping[str, str]) -> frozenset[str]:
    """The paths of those texts that came with Greenroom and were not changed: with this version, or with the one whose
    `init` wrote the folder."""
    came = shipped()
    try:
        noted = json.loads((folder / _CAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # made by an older Greenroom, or changed by hand
        noted = {}
    noted = noted if isinstance(noted, dict) else {}
    return frozenset(p for p, text in texts.items() if text in came.get(p, ()) or noted.get(p) == _hash(text))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def shipped() -> dict[str, set[str]]:
    """The operators' files as they come, by path below templates/: as `init` writes them, and as the sample community
    has them. Any other text is the operator's own."""
    source = _source() / "templates"
    found = {path: {text} for path, text in read_texts(source).items()}
    for path, example in _STARTERS.items():
        found.setdefault(path, set()).add((_EXAMPLES / example).read_text(encoding="utf-8"))
    return found


def _source() -> Path:
    """The folder of the files to start from: in the installed package, or else at the top of the source tree."""
    return _EXAMPLES if (_EXAMPLES / "templates").is_dir() else _EXAMPLES.parents[1]
