"""Which of the operators' files are their own, and what could be better in them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bot.consent import Kind
from bot.content import STARTER, read_texts, source
from bot.errors import StoreError
from bot.settings import Settings
from responders.library.faults import Fault
from responders.library.found import astray, lacks_fact
from responders.library.lint import lint
from responders.library.model import Template
from responders.pipeline import Pipeline

STARTERS: Final = {"facts.yaml": "facts.yaml", "en/question/example.md": "faq.md"}
"""What replaces the sample community's own files."""
CAME: Final = ".came_with_greenroom.json"
"""In templates/: path -> hash of what `init` wrote there."""


@dataclass(frozen=True, kw_only=True)
class Files:
    """All files, and which are the operator's own: those that differ from what came with Greenroom."""

    name: str
    texts: Mapping[str, str]
    came: Mapping[str, set[str]]
    """What came with Greenroom, by path."""
    own: frozenset[str]
    only: str | None
    everything: bool

    def shown(self, faults: Iterable[Fault]) -> list[Fault]:
        """The faults to show, in the operator's own files first, with the name of the folder before each path."""
        told = (fault for fault in faults if self._told(fault.file) or (fault.follows and self._told(fault.follows)))
        ordered = sorted(told, key=lambda fault: not self.is_own(fault.file))
        return [replace(fault, file=f"{self.name}/{fault.file}") for fault in ordered]

    def looks_at(self, template: Template) -> bool:
        """True if the posts of the template are tried."""
        return self._told(template.path)

    def is_own(self, path: str) -> bool:
        """True for an own file, and for a folder that holds one or does not exist yet."""
        if path in self.texts:
            return path in self.own
        inside = {file for file in self.texts if file.startswith(f"{path}/")}
        return not inside or bool(inside & self.own)

    def _told(self, path: str) -> bool:
        if self.only:
            return f"/{self.only}/" in f"/{path}/" or path == f"intents/{self.only}.yaml"
        return self.everything or self.is_own(path)


def files_of(folder: Path, texts: Mapping[str, str], *, only: str | None = None, everything: bool = False) -> Files:
    """The files of a folder. `only`: those of one intent are told of; `everything`: all, else the operator's own."""
    came = shipped()
    own = frozenset(texts) - _untouched(folder, texts, came)
    return Files(name=folder.name, texts=texts, came=came, own=own, only=only, everything=everything)


def could_be_better(pipeline: Pipeline, settings: Settings | None) -> tuple[Fault, ...]:
    """The warnings of the linter in all files. Without settings, no language and no channel is asked for."""
    today = datetime.now(UTC).date()
    if settings is None:
        return lint(pipeline.library, today, (), pipeline.understand)
    community = settings.community
    locales = {community.locale, *community.locales}
    credits = _passed_on(settings) if any(t.credit for t in pipeline.library.templates) else None
    return lint(pipeline.library, today, locales, pipeline.understand, channels(settings), credits=credits)


def _passed_on(settings: Settings) -> frozenset[str] | None:
    """The ids of fans' yeses to passing on their answers; None if the database does not tell."""
    from bot.store import consents  # noqa: PLC0415 - only for whoever has such answers
    from bot.store.look import look  # noqa: PLC0415

    now = datetime.now(UTC)
    try:
        given = look(settings.store, lambda connection: consents.given(connection, Kind.ANSWER), settings.key)
    except StoreError:
        return None
    return frozenset(consent.id for consent in given if consent.counts(now))


def own_warnings(pipeline: Pipeline, settings: Settings) -> list[Fault]:
    """What could be better in the files that the operator wrote. Raises FaultyFiles."""
    files = files_of(settings.templates, read_texts(settings.templates))
    return files.shown(could_be_better(pipeline, settings))


def tried(pipeline: Pipeline, files: Files, now: datetime) -> list[Template]:
    """The templates whose posts should find their reply: those that are told of, and lack no fact."""
    library = pipeline.library
    return [t for t in library.templates if files.looks_at(t) and not lacks_fact(library, t, now)]


def lost_posts(pipeline: Pipeline, files: Files, templates: Sequence[Template], now: datetime) -> list[Fault]:
    """The posts under `answers_to` of these templates that do not find their reply."""
    return files.shown(astray(pipeline.library, pipeline.run, templates, files.texts, now))


def channels(settings: Settings) -> frozenset[str] | None:
    """The names of the channels that are read, as templates write them. None if not all are known: some are listed by
    number, and without a list any channel may be read."""
    chats = [section for section in settings.platforms.chats.values() if section.listen]
    names = {item.channel for section in chats for item in section.listen}
    by_name = all(section.listens_by_name for section in chats)
    unknown = not by_name or not names or any(name.isdigit() for name in names)
    return None if unknown else frozenset(name.removeprefix("#").casefold() for name in names)


def _untouched(folder: Path, texts: Mapping[str, str], came: Mapping[str, set[str]]) -> frozenset[str]:
    """The paths of those texts that came with Greenroom and were not changed: with this version, or with the one whose
    `init` wrote the folder."""
    try:
        noted = json.loads((folder / CAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # made by an older Greenroom, or changed by hand
        noted = {}
    noted = noted if isinstance(noted, dict) else {}
    return frozenset(p for p, text in texts.items() if text in came.get(p, ()) or noted.get(p) == hash_of(text))


def hash_of(text: str) -> str:
    """SHA-256 (hex), by which a file is known again."""
    return hashlib.sha256(text.encode()).hexdigest()


def shipped() -> dict[str, set[str]]:
    """The operators' files as they come, by path below templates/: as `init` writes them, and as the sample community
    has them. Any other text is the operator's own."""
    found = {path: {text} for path, text in read_texts(source() / "templates").items()}
    for path, example in STARTERS.items():
        found.setdefault(path, set()).add((STARTER / example).read_text(encoding="utf-8"))
    return found
