"""`templates export` and `import`: answers and wordings as CSV, for a spreadsheet or from another tool."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import rows
from bot.cli.common import Config, busy, counted, load_settings, write_file
from bot.cli.foreign import adopted
from bot.cli.rows import Made
from bot.content import Content, read_library, read_texts
from bot.errors import FaultyFiles, GreenroomError
from bot.reader import load_reader
from responders.library.faults import Fault
from responders.library.vocabulary import LOCALE

_LISTED = 20
"""Rows that were left out and are named one by one."""

Sheet = Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file.", show_default=False)]


def export(
    file: Sheet,
    answers: Annotated[bool, typer.Option("--answers", help="Answers to questions alone.")] = False,
    wordings: Annotated[bool, typer.Option("--wordings", help="Replies to everything else alone.")] = False,
    config: Config = None,
) -> None:
    """Write the answers and wordings to a new CSV file, one wording a row.

    A cell that a spreadsheet could take for a formula begins with a ', which `import` takes away again.

    \b
    Example: greenroom templates export ours.csv
    """
    if answers and wordings:
        raise GreenroomError("--answers and --wordings leave out each other; write one, or none for both.")
    folder = load_settings(config).templates
    with busy("Reading the templates"):
        texts, library = read_texts(folder), read_library(folder, known=True)
    kinds = {True} if answers else {False} if wordings else {True, False}
    chosen = [template for template in library.templates if template.is_faq in kinds]
    found = [row for template in chosen for row in rows.rows_of(template.path, texts[template.path])]
    if not file.parent.is_dir():
        raise GreenroomError(f"{file.parent}: there is no such folder; make it first, or name another.")
    write_file(file, rows.written(found), new=True)
    typer.echo(f"Wrote {counted(len(found), 'row')} of {counted(len(chosen), 'file')} to {file}.")


def import_(
    file: Sheet,
    into: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Another folder of templates than that of config.yaml.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(metavar="LANGUAGE", help="Of texts from Zammad or Chatwoot; else that of config.yaml.")
    ] = None,
    intent: Annotated[str, typer.Option(metavar="NAME", help="Of texts from Zammad or Chatwoot.")] = "question",
    config: Config = None,
) -> None:
    """Make template files of a CSV file: our own, Zammad's text modules, or Chatwoot's canned responses.

    A file that is there already stays as it is. Everything is checked first as `run` does it. If anything is wrong,
    each fault is told with its line of the CSV file, nothing is written, and the status is 1. A text whose title is too
    short to stand for a post is written beside the templates, until you write the posts that it answers.

    \b
    Example: greenroom templates import text_modules.csv
    Example: greenroom templates import wordings.csv --into new
    """
    settings = load_settings(config)
    folder = into or settings.templates
    language = language or settings.community.locale
    if not LOCALE.fullmatch(language):
        raise GreenroomError(f"--language {language!r} is no language; write two letters, such as en.")
    faults: list[Fault] = []
    made, left_out = _read(file, language, intent, faults)
    files, unfinished = [one for one in made if not one.unfinished], [one for one in made if one.unfinished]
    with busy("Checking the files with what is there"):
        texts = read_texts(folder)
        new = [one for one in files if one.path not in texts]
        if new:
            faults += _tried(folder, None if into else settings.var, texts, new, file.name)
    if faults:
        typer.echo("\n".join([f"Nothing is written. Faults ({len(faults)}):", *map(str, faults)]))
        raise typer.Exit(1)
    for one in new:
        write_file(folder / one.path, one.text, new=True)
    beside = folder.with_name(f"{folder.name}-unfinished")
    waits = [one for one in unfinished if one.path not in texts and not (beside / one.path).exists()]
    for one in waits:
        write_file(beside / one.path, one.text, new=True)
    typer.echo("\n".join([*_told(folder, texts, files, left_out), *_unfinished(folder, beside, waits)]))


def _unfinished(folder: Path, beside: Path, waits: Collection[Made]) -> Iterator[str]:
    if waits:
        yield f"Unfinished: {counted(len(waits), 'file')} in {beside}, which nothing reads."
        yield "Their titles are too short to stand for posts. Write posts as fans write them under answers_to,"
        yield f"then move the files to {folder}."


def _read(file: Path, language: str, intent: str, faults: list[Fault]) -> tuple[list[Made], list[tuple[int, str]]]:
    """The template files that a CSV file makes, and the lines that are left out with the reasons."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise GreenroomError(f"{file} cannot be read: {error.strerror}; name a CSV file.") from None
    kind, found = rows.read(file.name, data, faults)
    if not kind:
        raise FaultyFiles(faults)
    left_out: list[tuple[int, str]] = []
    if kind != "ours":
        found, left_out = adopted(file.name, kind, found, faults, language=language, intent=intent)
    return rows.made(file.name, found, faults), left_out


def _tried(
    folder: Path, var: Path | None, texts: Mapping[str, str], new: Collection[Made], csv_name: str
) -> list[Fault]:
    """What would be wrong with the set if these files were in it. In them the faults name the line of the CSV file."""
    by_name = {f"{folder.name}/{one.path}": one for one in new}
    content = Content(folder, reader=load_reader, var=var)
    try:
        content.tried({**texts, **{one.path: one.text for one in new}})
    except FaultyFiles as error:
        return [_placed(fault, by_name.get(fault.file), csv_name) for fault in error.faults]
    return []


def _placed(fault: Fault, one: Made | None, csv_name: str) -> Fault:
    if one is None:
        return fault
    message = f"{one.path}: {fault.message}"
    return Fault(file=csv_name, line=one.csv_line(fault.line), message=message, code=fault.code)


def _told(
    folder: Path, texts: Mapping[str, str], files: Collection[Made], left_out: Collection[tuple[int, str]]
) -> Iterator[str]:
    """What was written, and what was left out and why."""
    new = [one for one in files if one.path not in texts]
    wordings = sum(len(one.begins) for one in new)
    yield (
        f"Wrote {counted(len(new), 'file')} with {counted(wordings, 'wording')} to {folder}."
        if new
        else "Nothing is new."
    )
    there = [one for one in files if one.path in texts]
    same = [one for one in there if rows.rows_of(one.path, one.text) == rows.rows_of(one.path, texts[one.path])]
    if same:
        yield f"As they are already: {counted(len(same), 'file')}."
    other = [
        (one.rows[0].line, f"{folder / one.path} is there already, with other words; change it by hand")
        for one in there
        if one not in same
    ]
    out = sorted([*left_out, *other])
    if out:
        yield f"Left out ({len(out)}):"
        yield from (f"  line {line}: {why}" for line, why in out[:_LISTED])
        yield from ([f"  and {len(out) - _LISTED} more"] if len(out) > _LISTED else [])
    if new:
        yield "`greenroom templates check` says what could be better."
