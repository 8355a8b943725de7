"""config.yaml as plain data, with the line of each key."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.errors import FaultyFiles
from responders.library.entries import MAX_CHARS, Entry, clean, cleared, read_yaml
from responders.library.faults import Fault

Loc = tuple[str | int, ...]


@dataclass(kw_only=True)
class YamlFile:
    """The content of the file. `lines` gives the line (from 1) of each key and list item."""

    name: str
    data: Any = None
    lines: dict[Loc, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def line(self, loc: Loc) -> int | None:
        """The line of a place, or of the nearest place around it that is in the file."""
        return next((self.lines[loc[:n]] for n in range(len(loc), 0, -1) if loc[:n] in self.lines), None)


def read(path: Path) -> YamlFile:
    """Read one file. Keys given twice, and characters that nobody sees, go to `.faults`. Raises FaultyFiles for a file
    that cannot be read at all."""
    file, found = YamlFile(name=str(path)), list[Fault]()
    text = clean(file.name, cleared(file.name, _text(path), found), found)
    hidden = len(found)
    top = read_yaml(file.name, text, found) if text is not None else None
    unreadable = text is None or len(found) > hidden
    file.data = _data(top, (), file) if top else None
    file.faults = [replace(fault, code="") for fault in found]  # only the linter shows codes
    if unreadable:
        raise FaultyFiles(file.faults)
    return file


def _text(path: Path) -> str:
    if path.is_dir():
        raise _broken(path, None, "this is a folder; name the config.yaml inside it")
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_CHARS + 1)
    except FileNotFoundError:
        raise _broken(path, None, "there is no such file; `greenroom init DIR` writes one to start from") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not a valid one"
        raise _broken(path, None, f"this file cannot be read: {reason}") from None
    if len(raw) > MAX_CHARS:
        raise _broken(path, None, f"this file has over {MAX_CHARS:,} bytes; it cannot be a config.yaml")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _broken(path, line, "this is not UTF-8 text; save the file as UTF-8") from None


def _data(entry: Entry, loc: Loc, file: YamlFile) -> Any:
    if entry.is_mapping:
        data: dict[str, Any] = {}
        for key, written, value in entry.pairs():
            file.lines[(*loc, key)] = written.line
            data[key] = _data(value, (*loc, key), file)
        return data
    if entry.is_list:
        items = entry.sequence()
        file.lines |= {(*loc, number): item.line for number, item in enumerate(items)}
        return [_data(item, (*loc, number), file) for number, item in enumerate(items)]
    return entry.plain()


def _broken(path: Path, line: int | None, message: str) -> FaultyFiles:
    return FaultyFiles([Fault(file=str(path), line=line, message=message)])
