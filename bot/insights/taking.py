"""Takes a patch into the operator's file, or drops it. The files are tried before anything is written."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from rapidfuzz.fuzz import ratio

from bot import private
from bot.content import read_texts, source
from bot.domain import clean
from bot.errors import FaultyFiles, NotDone
from bot.insights.patches import Files, Patch, Patched, patched
from bot.insights.wordings import became
from bot.settings import Settings
from bot.store import Connection, wordings
from responders.library.document import Section, cut
from responders.library.faults import Fault
from responders.library.lint import lint
from responders.library.model import Library
from responders.library.unseen import plain_lines
from responders.pipeline import Pipeline
from responders.selection.choose import ALIKE

SETTLED: Final = "patches_settled"
"""In var/: the marks of texts that were taken or dropped, one on a line. It has no words."""
_MARK = re.compile(r"[0-9a-f]{64}")
_BOM = "\ufeff"

Try = Callable[[Mapping[str, str]], Pipeline]
"""The pipeline that some texts would make, with their examples run. Raises FaultyFiles."""


def settled(var: Path) -> frozenset[str]:
    """The marks of all texts that were taken or dropped."""
    try:
        return frozenset(_MARK.findall((var / SETTLED).read_text(encoding="ascii", errors="replace")))
    except OSError:
        return frozenset()


def settle(var: Path, marks: Collection[str]) -> None:
    """Note that a patch is not to be offered again. A program that runs meanwhile may note others. Raises NotDone."""
    try:
        var.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
        file = os.open(var / SETTLED, os.O_WRONLY | os.O_CREAT | os.O_APPEND, private.FILE)
        try:
            os.write(file, "".join(f"{one}\n" for one in sorted(marks)).encode())
        finally:
            os.close(file)
    except OSError as error:
        raise NotDone(f"{var / SETTLED} cannot be written: {error.strerror}; let Greenroom write there.") from None


def waiting(connection: Connection, library: Library, settings: Settings, since: datetime) -> list[Patched]:
    """What could be patched, by the cards made since a moment."""
    names = [manager.name for manager in settings.managers.values()]
    known = [(template.key, variant.name) for template in library.templates for variant in template.variants]
    found = became(wordings.cards(connection, [since]), known)
    files = Files(library, names, _shipped_wordings)
    return patched(found, wordings.edits(connection, since), library, settled(settings.var), files)


@lru_cache(maxsize=16)
def _shipped_wordings(locale: str) -> tuple[str, ...]:
    """Those that come with Greenroom. They know the plain words of a language, which few files of one's own do not."""
    texts = (path.read_text("utf-8") for path in source().joinpath("templates", locale).glob("*/*.md"))
    documents = filter(None, (cut("", text, []) for text in texts))
    return tuple(section.source for document in documents for section in document.sections)


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A file with a new wording in it."""

    text: str
    variant: str
    """The name of the new wording."""
    line: int
    """Where it stands."""
    in_place: bool
    """True if it took the place of the old one: both say nearly the same, or nobody sends the old one as it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """A wording that was written into a file."""

    path: str
    placed: Placed
    warnings: tuple[Fault, ...]
    """What could be better in it."""


def take(patch: Patch, settings: Settings, built: Try, text: str | None = None) -> Taken:
    """Write a patch into the operator's file, with another `text` if there is one. The files are read as `run` reads
    them before, with their examples. Raises NotDone: nothing was written."""
    folder, path = settings.templates, f"{patch.template}.md"
    wording = clean(patch.new if text is None else text).strip()
    try:
        texts = read_texts(folder)
        if path not in texts:
            raise NotDone(f"{folder.name}/{path} is not there any more.")
        placed = place(texts[path], patch.variant, wording, instead=patch.unsent)
        tried = built({**texts, path: placed.text})
    except FaultyFiles as error:
        raise NotDone(_refusal(error.faults, folder.name, path)) from None
    template = tried.library.by_key.get(patch.template)
    new = next((one for one in template.variants if one.name == placed.variant), None) if template else None
    if new is None or new.source.strip() != plain_lines(wording):
        raise NotDone("A line of it would mean something else in the file; begin no line with ## or with when:.")
    warnings = _warnings(tried, patch.template, settings)
    _write(folder / path, texts[path], placed.text)
    settle(settings.var, patch.covers)
    lines = range(placed.line, new.source_line + new.source.count("\n") + 1)
    own = tuple(replace(one, file=f"{folder.name}/{one.file}") for one in warnings if one.line in lines)
    return Taken(path=f"{folder.name}/{path}", placed=placed, warnings=own)


def place(text: str, variant: str, wording: str, *, instead: bool = False) -> Placed:
    """A file's text with a new wording right above the one named `variant`, for the same posts; with `instead`, or if
    both say nearly the same, in its place. All else stays as it is. Raises NotDone."""
    lines = plain_lines(text.removeprefix(_BOM)).split("\n")
    document = cut("", "\n".join(lines), [])
    sections = document.sections if document else ()
    number = next((n for n, section in enumerate(sections) if section.name == variant), None)
    if number is None:
        raise NotDone(f"The wording {variant} is not in the file any more.")
    old = sections[number]
    following = sections[number + 1].line - 1 if number + 1 < len(sections) else len(lines)
    while following > old.source_line and not lines[following - 1].strip():
        following -= 1  # the empty lines behind it stay
    in_place = instead or ratio(old.source.casefold(), wording.casefold()) > ALIKE
    name = _next_name(variant, sections)
    conditions = lines[old.line : old.source_line - 1]
    new = [f"## variant: {name}", *conditions, *plain_lines(wording).split("\n")]
    start = old.line - 1
    lines[start : following if in_place else start] = new
    made = "\n".join(lines)
    ending = "\r\n" if "\r\n" in text else "\n"
    return Placed(
        text=(_BOM if text.startswith(_BOM) else "") + made.replace("\n", ending),
        variant=name,
        line=old.line,
        in_place=in_place,
    )


def _next_name(variant: str, sections: Sequence[Section]) -> str:
    taken = {section.name for section in sections}
    stem = re.sub(r"-\d+$", "", variant)[:50]
    number = 2
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def _refusal(faults: Sequence[Fault], folder: str, path: str) -> str:
    own = [fault for fault in faults if fault.file == f"{folder}/{path}"]
    others = [fault for fault in faults if fault not in own]
    if others:
        return f"The files have faults already; mend this one first: {others[0]}"
    return " ".join(f"{fault.code} {fault.message}.".strip() for fault in own)


def _warnings(pipeline: Pipeline, key: str, settings: Settings) -> tuple[Fault, ...]:
    """What could be better in one file."""
    library = pipeline.library
    alone = replace(library, templates=(library.by_key[key],), notices=())
    locales = {settings.community.locale, *settings.community.locales}
    found = lint(alone, datetime.now(UTC).date(), locales, pipeline.understand)
    return tuple(fault for fault in found if fault.file == library.by_key[key].path)


def _write(path: Path, before: str, text: str) -> None:
    """Replace a file that still says what it said `before`, all or nothing. Raises NotDone."""
    path = path.resolve()
    try:
        if path.read_bytes().decode("utf-8", "replace") != before:
            raise NotDone(f"{path.name} was changed meanwhile; look at it, then try again.")
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
            file.write(text.encode())
        shutil.copymode(path, file.name)
        Path(file.name).replace(path)
    except OSError as error:
        raise NotDone(f"{path} cannot be written: {error.strerror}; let Greenroom write there.") from None
