"""Template files as rows of a spreadsheet, and back. Pure.

One row is one wording. Rows with the same language, intent and name are one file; what belongs to the whole file stands
in the first of them.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from responders.library.document import Section, cut
from responders.library.entries import Entry, clean, read_yaml
from responders.library.faults import Fault
from responders.library.unseen import plain_lines
from responders.library.vocabulary import ID, LOCALE

COLUMNS = ("language", "intent", "name", "variant", "text", "answers_to", "source", "conditions", "more")
"""`answers_to` has a post a line, `conditions` the lines below a wording's heading, `more` the rest of the front
matter."""
_NEEDED = {
    "ours": {"language", "intent", "name", "text"},
    "chatwoot": {"short_code", "content"},
    "zammad": {"name", "content"},
}
"""Whose file it is -> the columns by which it is known."""
MOST_BYTES = 16 << 20
TO_WRITE = """\
answers_to:
  # Write at least five posts here, as fans write them, each on a line with a dash."""
"""Stands in a file for the posts that it answers, where nobody wrote any yet."""
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
"""What a spreadsheet may run instead of showing it, and what only looks as if we had guarded it."""
_SEPARATOR = re.compile(r'"?sep=([,;\t|])"?\r?\n', re.IGNORECASE)
"""The first line, in which Excel names what stands between cells."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A row of a file: the line on which it begins, and its cells by column, without those that are not ours."""

    line: int
    cells: Mapping[str, str]


@dataclass(kw_only=True, slots=True)
class Made:
    """A template file that rows make."""

    path: str
    text: str = ""
    rows: list[Row] = field(default_factory=list)
    begins: list[tuple[int, int]] = field(default_factory=list)
    """Line of `text` -> line of the CSV file, where a part begins, in order."""

    @property
    def unfinished(self) -> bool:
        """True if somebody must write the posts that it answers before it can be used."""
        return TO_WRITE in self.text

    def csv_line(self, line: int | None) -> int:
        """The line of the CSV file from which a line of `text` came."""
        found = self.rows[0].line
        for begins, came in self.begins:
            if line is not None and line >= begins:
                found = came
        return found


def rows_of(path: str, text: str) -> list[dict[str, str]]:
    """The rows of a template file that has no faults; none for another one."""
    faults: list[Fault] = []
    cleaned = clean(path, text, faults)
    document = cut(path, cleaned, faults) if cleaned is not None else None
    if document is None or faults:
        return []
    language, intent, name = path.removesuffix(".md").split("/")
    front = _parts(document.front) or {"more": document.front}
    rows = [
        {"variant": one.name, "text": one.source, "conditions": _tidy(one.conditions)} for one in document.sections
    ] or [{"text": ""}]
    rows[0] |= front
    return [{"language": language, "intent": intent, "name": name, **row} for row in rows]


def _parts(front: str) -> dict[str, str] | None:
    """The front matter in columns; None where it is written so that it cannot be taken apart line by line."""
    faults: list[Fault] = []
    top = read_yaml("", front, faults)
    lines = front.split("\n")
    keys = [(key, written.line - 1, value) for key, written, value in top.pairs()] if top else []
    starts = [line for _, line, _ in keys]
    if faults or len(set(starts)) < len(starts) or not all(lines[line].startswith(f"{key}:") for key, line, _ in keys):
        return None
    found, more = dict[str, str](), lines[: starts[0]] if starts else lines
    for (key, start, value), end in zip(keys, [*starts, len(lines)][1:], strict=True):
        words, piece = _words(key, value), lines[start:end]
        if words is None:
            more += piece
        else:
            found["answers_to" if key == "asks" else key] = words
            more += _comments_below(piece)
    return {**found, "more": _tidy("\n".join(more))}


def _comments_below(piece: Sequence[str]) -> Sequence[str]:
    """The comments at the end of a piece, which are about what follows."""
    end = len(piece)
    while end and (not piece[end - 1].strip() or piece[end - 1].startswith("#")):
        end -= 1
    return piece[end:]


def _words(key: str, value: Entry) -> str | None:
    """What goes into a column of its own; None for everything else."""
    if key in ("answers_to", "asks"):
        posts = value.texts()
        return "\n".join(posts) if posts and not any("\n" in post for post in posts) else None
    if key == "source":
        words = value.text().strip()
        return words if words and "\n" not in words else None
    return None


def _tidy(lines: str) -> str:
    """Without empty lines at either end."""
    return lines.strip("\n").rstrip()


def written(rows: Iterable[Mapping[str, str]]) -> bytes:
    """A CSV file that every spreadsheet opens: UTF-8 with a byte order mark, every cell in quotes."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, restval="", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({column: _guarded(cell) for column, cell in row.items()} for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def read(file: str, data: bytes, faults: list[Fault]) -> tuple[str, list[Row]]:
    """Whose file it is (`ours`, `zammad`, `chatwoot`), and its rows. `file`: its name, for faults.

    It may be in UTF-8, UTF-16 with a byte order mark, or what Windows writes in Western Europe; between cells may stand
    a comma, a semicolon or a tab.
    """
    if len(data) > MOST_BYTES:
        faults.append(Fault(file=file, line=None, message=f"it is larger than {MOST_BYTES >> 20} MiB; split it"))
        return "", []
    text = _decoded(data)
    named = _SEPARATOR.match(text)
    text, before = (text[named.end() :], 1) if named else (text, 0)
    if "\x00" in text:
        faults.append(Fault(file=file, line=1, message="this is no text; save it as CSV in UTF-8"))
        return "", []
    head = next(iter(text.splitlines()), "")
    for separator in (named[1],) if named else sorted(",;\t", key=head.count, reverse=True):
        header = [name.strip().lower() for name in next(csv.reader([head], delimiter=separator), [])]
        kind = next((kind for kind, needed in _NEEDED.items() if needed <= set(header)), None)
        if kind:
            return kind, list(_rows(file, text, separator, faults, kind=kind, before=before))
    message = (
        f"the first line does not name the columns; needed are {', '.join(COLUMNS[:5])}, or those of Zammad's text "
        "modules (name, content) or of Chatwoot's canned responses (short_code, content)"
    )
    faults.append(Fault(file=file, line=1, message=message))
    return "", []


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _rows(file: str, text: str, separator: str, faults: list[Fault], *, kind: str, before: int) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 0

    def fault(message: str) -> None:
        faults.append(Fault(file=file, line=line + before, message=message))

    try:
        header = [name.strip().lower() for name in next(reader)]
        while True:
            line = reader.line_num + 1
            cells = next(reader, None)
            if cells is None:
                return
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(header) and any(cells[len(header) :]):
                fault(f"there are {len(cells)} cells under {len(header)} columns; put what has a separator into quotes")
                continue
            plain = (plain_lines(cell) for cell in cells)
            if kind == "ours":
                plain = (_unguarded(cell) for cell in plain)
            yield Row(line=line + before, cells=dict(zip(header, plain, strict=False)))
    except csv.Error as error:
        fault(f"this row cannot be read ({error}); a quote in a cell is written twice")


def made(file: str, rows: Iterable[Row], faults: list[Fault]) -> list[Made]:
    """The template files that rows of our own kind make. What cannot be one is a fault, and is left out."""
    files: dict[str, Made] = {}
    for row in rows:
        cells = {name: cell.strip() for name, cell in row.cells.items()}
        if problem := _misnamed(cells):
            faults.append(Fault(file=file, line=row.line, message=problem))
            continue
        path = f"{cells['language']}/{cells['intent']}/{cells['name']}.md"
        files.setdefault(path, Made(path=path)).rows.append(row)
    sound = []
    for one in files.values():
        before = len(faults)
        _write(file, one, faults)
        if len(faults) == before:
            sound.append(one)
    return sound


def _misnamed(cells: Mapping[str, str]) -> str | None:
    """What is wrong with the names of a row: they become a path."""
    for column, allowed, such in (
        ("language", LOCALE, "two letters, such as en"),
        ("intent", ID, "the name of an intent, such as question"),
        ("name", ID, "small letters, digits, - and _, such as opening-hours"),
    ):
        if not allowed.fullmatch(cells.get(column, "")):
            return f"{column} is {cells.get(column, '')[:60]!r}; write {such}"
    return None


def _write(file: str, one: Made, faults: list[Fault]) -> None:
    """The text of a file, and whether it says what the cells say."""
    front = {column: _only(file, one.rows, column, faults) for column in ("answers_to", "source", "more")}
    posts = [post.strip() for post in front["answers_to"].split("\n") if post.strip()]
    lines = ["---"]
    if posts:
        lines += ["answers_to:", *(f"  - {json.dumps(post, ensure_ascii=False)}" for post in posts)]
    if front["source"].strip():
        lines.append(f"source: {json.dumps(front['source'].strip(), ensure_ascii=False)}")
    lines += [*filter(None, (_tidy(front["more"]),)), "---"]
    meant: list[tuple[Row, Section]] = []
    for row in one.rows:
        text, name = _tidy(row.cells.get("text", "")), row.cells.get("variant", "").strip()
        if not text and not name:
            continue
        name = name or ("plain" if not meant else f"plain-{len(meant) + 1}")
        conditions = _tidy(row.cells.get("conditions", ""))
        one.begins.append((len("\n".join(lines).split("\n")) + 1, row.line))
        lines += [f"## variant: {name}", *filter(None, (conditions,)), text]
        meant.append((row, Section(name=name, line=0, conditions=conditions, source=text, source_line=0)))
    one.text = "\n".join(lines) + "\n"
    _compare(file, one, meant, faults)


def _only(file: str, rows: Sequence[Row], column: str, faults: list[Fault]) -> str:
    """What the rows of a file say in a column that is the whole file's."""
    told = {cell.strip(): row for row in reversed(rows) if (cell := row.cells.get(column, "")).strip()}
    if len(told) > 1:
        row = next(iter(told.values()))
        message = f"{column} is another one than in the first row of this file; write it once"
        faults.append(Fault(file=file, line=row.line, message=message))
    return next(reversed(told), "")


def _compare(file: str, one: Made, meant: Sequence[tuple[Row, Section]], faults: list[Fault]) -> None:
    """Cells may hold lines that mean something else in a template file: a heading, a condition, the end of the front
    matter."""
    document = cut(one.path, one.text, [])
    found = [(s.name, _tidy(s.conditions), s.source) for s in document.sections] if document else []
    for number, (row, section) in enumerate(meant):
        same = (section.name, section.conditions, section.source)
        if number >= len(found) or found[number] != same:
            message = (
                "these words would be read as something else in a template; begin no line with ##, when:, unless: or "
                "asks_for:, and write these into conditions"
            )
            faults.append(Fault(file=file, line=row.line, message=message))
            return
    if len(found) > len(meant):
        faults.append(Fault(file=file, line=one.rows[0].line, message="more: has a line --- or ##; take it out"))
