"""A YAML file as plain data, with the line of each key. Stricter than YAML: no key twice, no aliases."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.errors import FaultyFiles
from responders.library.faults import Fault

Loc = tuple[str | int, ...]
_MOST = 1024 * 1024


@dataclass(kw_only=True)
class YamlFile:
    """What the file says. `lines` gives the line (from 1) of each key and list item."""

    name: str
    data: Any = None
    lines: dict[Loc, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def line(self, loc: Loc) -> int | None:
        """The line of that place, or of the nearest place around it that is in the file."""
        return next((self.lines[loc[:n]] for n in range(len(loc), 0, -1) if loc[:n] in self.lines), None)


def read(path: Path) -> YamlFile:
    """Read one file. What breaks YAML itself raises FaultyFiles; keys given twice are left in `.faults`."""
    text = _text(path)
    file = YamlFile(name=str(path))
    try:
        if alias := next((e for e in yaml.parse(text, yaml.SafeLoader) if isinstance(e, yaml.AliasEvent)), None):
            line = alias.start_mark.line + 1 if alias.start_mark else None
            raise _broken(path, line, f"`*{alias.anchor}` is an alias, which is not taken here; write the value out")
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        file.data = None if node is None else _build(node, (), file, loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "something is wrong"
        raise _broken(path, mark.line + 1 if mark else None, f"this is not valid YAML: {problem}") from None
    except (yaml.YAMLError, RecursionError):
        raise _broken(path, None, "this is not valid YAML; check its characters, brackets and indentation") from None
    return file


def _text(path: Path) -> str:
    if path.is_dir():
        raise _broken(path, None, "this is a folder; name the config.yaml inside it")
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MOST + 1)
    except FileNotFoundError:
        raise _broken(path, None, "there is no such file; `greenroom init DIR` writes one to start from") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not a valid one"
        raise _broken(path, None, f"this file cannot be read: {reason}") from None
    if len(raw) > _MOST:
        raise _broken(path, None, "this file is larger than 1 MiB; it cannot be a config.yaml")
    try:
        text = raw.decode("utf-8-sig")  # some editors begin each file with a byte-order mark
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _broken(path, line, "this is not UTF-8 text; save the file as UTF-8") from None
    return text


def _build(node: yaml.Node, loc: Loc, file: YamlFile, loader: yaml.SafeLoader) -> Any:
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else "?"
            if key in result:
                first = file.lines[(*loc, key)]
                file.faults.append(
                    Fault(file=file.name, line=line, message=f"`{key}` is already given in line {first}; keep one")
                )
                continue
            file.lines[(*loc, key)] = line
            result[key] = _build(value_node, (*loc, key), file, loader)
        return result
    if isinstance(node, yaml.SequenceNode):
        items = []
        for number, item in enumerate(node.value):
            file.lines[(*loc, number)] = item.start_mark.line + 1
            items.append(_build(item, (*loc, number), file, loader))
        return items
    try:
        return loader.construct_object(node)
    except (ValueError, OverflowError):  # a date or a number that cannot be, such as 2026-99-99: text, then
        return node.value


def _broken(path: Path, line: int | None, message: str) -> FaultyFiles:
    return FaultyFiles([Fault(file=str(path), line=line, message=message)])
