"""YAML with its line numbers. An `Entry` is one place in a file; its methods read it as what it should be.

Nothing here raises for what an operator wrote. A fault is noted and reading goes on with an empty value, so that all
faults of a file are told at once. Scalars stay the words that were written (`no` is a word, not false); each field
says what it wants.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml

from responders.library.faults import Fault
from responders.library.unreadable import explain
from responders.library.unseen import garbled, plain_lines, unseen
from responders.library.vocabulary import did_you_mean

MAX_CHARS = 200_000
MAX_DEPTH = 12
_NAMED = 3
"""How many further lines a fault names."""
NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_NUMBER = re.compile(r"[+-]?\d{1,19}")
"""As long as the ids of platforms."""
_CONSTANTS = {"true": True, "false": False, "null": None, "~": None, "": None}
_RUN_TOGETHER = re.compile(r"([a-z_]{1,40}+)(?:\s*+[:=]\s*+|\s++)(\S.*)")
_DECIMAL = re.compile(r"[+-]?\d{1,15}\.\d{1,15}")


def clean(file: str, text: str, faults: list[Fault]) -> str | None:
    """The text with plain line ends and without a byte order mark; None, with a fault, when it is not text."""
    if len(text) > MAX_CHARS:
        faults.append(
            Fault(file=file, line=1, message=f"the file has over {MAX_CHARS:,} characters; split it", code="L01")
        )
        return None
    text = plain_lines(text.removeprefix("\ufeff"))
    if found := NOT_TEXT.search(text):
        line = text.count("\n", 0, found.start()) + 1
        message = "this is not plain text; save the file as UTF-8 text"
        faults.append(Fault(file=file, line=line, message=message, code="L01"))
        return None
    return text


def cleared(path: str, text: str, faults: list[Fault]) -> str:
    """The text with plain line ends, without a byte order mark and without invisible characters. Invisible
    characters and garbled letters are faults. A file that is no text is returned as it is."""
    text = plain_lines(text.removeprefix("\ufeff"))
    if NOT_TEXT.search(text):
        return text
    signs = list(unseen(text))
    if signs:
        what = f"{signs[0][1]} stands {_behind(text, signs[0][0])}; delete it, and type what is around it again"
        faults.append(_on_lines(path, text, [at for at, _ in signs], what))
        gone = {at for at, _ in signs}
        text = "".join(c for at, c in enumerate(text) if at not in gone)
    if broken := list(garbled(text)):
        what = f"{broken[0][1]!r} is a letter that was garbled on the way; type it again, and save the file as UTF-8"
        faults.append(_on_lines(path, text, [at for at, _ in broken], what))
    return text


def _behind(text: str, at: int) -> str:
    before = text[max(0, at - 20) : at].rpartition("\n")[2].strip()
    return f"behind {before!r}" if before else "at the beginning of the line"


def _on_lines(path: str, text: str, places: list[int], what: str) -> Fault:
    lines = list(dict.fromkeys(text.count("\n", 0, at) + 1 for at in places))
    more = ", ".join(map(str, lines[1 : _NAMED + 1])) + (" and more" if len(lines) > _NAMED + 1 else "")
    message = f"{what} (also on line {more})" if more else what
    return Fault(file=path, line=lines[0], message=message, code="L29")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One node of a YAML file, with what it needs to note a fault."""

    node: yaml.Node
    file: str
    offset: int
    faults: list[Fault] = field(repr=False)

    @property
    def line(self) -> int:
        """The line of the file, from 1."""
        return int(self.node.start_mark.line) + 1 + self.offset

    def fault(self, message: str, code: str = "L01", follows: str = "") -> None:
        """Note a fault here. L01: the file cannot be read as what it should be."""
        self.faults.append(Fault(file=self.file, line=self.line, message=message, code=code, follows=follows))

    @property
    def is_mapping(self) -> bool:
        """True for `key: value` pairs."""
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        """True for a list, even of one entry."""
        return isinstance(self.node, yaml.SequenceNode)

    @property
    def is_folded(self) -> bool:
        """True for words without quotes on several lines. YAML makes one line of them."""
        node = self.node
        return isinstance(node, yaml.ScalarNode) and not node.style and node.end_mark.line > node.start_mark.line

    def _child(self, node: yaml.Node) -> Entry:
        return Entry(node=node, file=self.file, offset=self.offset, faults=self.faults)

    def mapping(self, known: Collection[str] | None = None) -> dict[str, Entry]:
        """Key -> entry. A duplicate key is a fault. So is a key that is not `known`, and it is left out."""
        if not isinstance(self.node, yaml.MappingNode):
            if self.node.value != "":
                self.fault(
                    _unpaired(self.node, known or ()) or f'"key: value" pairs belong here, not {_shown(self.node)}'
                )
            return {}
        entries: dict[str, Entry] = {}
        for key, written, value in self.pairs():
            if known is None or key in known:
                entries[key] = value
            elif value.node.value == "" and (problem := _unpaired(written.node, known)):
                written.fault(problem)
            else:
                hint = did_you_mean(key, known)
                written.fault(f"the key {key!r} is not known here{hint}; known are: {', '.join(known)}")
        return entries

    def pairs(self) -> Iterator[tuple[str, Entry, Entry]]:
        """Each key, its place, and its value; nothing where no pairs are. A duplicate key is a fault."""
        lines: dict[str, int] = {}
        for key_node, value_node in self.node.value if self.is_mapping else ():
            written = self._child(key_node)
            key = written.text()
            if key in lines:
                written.fault(f"the key {key} stands here twice, first on line {lines[key]}; keep one")
            else:
                lines[key] = written.line
                yield key, written, self._child(value_node)

    def sequence(self) -> list[Entry]:
        """The entries of a list. A single value counts as a list of one."""
        if self.is_list:
            return [self._child(node) for node in self.node.value]
        return [] if self.node.value == "" else [self]

    def text(self) -> str:
        """The words as they were written."""
        if isinstance(self.node, yaml.ScalarNode):
            words = str(self.node.value)
            if self.node.style == '"' and (sign := next(unseen(words), None)):  # "\u200b"; a typed one never gets here
                self.fault(f"{sign[1]} hides behind a \\ here; write the words without it", "L29")
            return words
        self.fault(
            f"words belong here, not {_shown(self.node)}; words that hold {{ }} [ ] or : need quotes around them"
        )
        return ""

    def texts(self) -> tuple[str, ...]:
        """The words of a list. An empty entry is a fault."""
        words = []
        for entry in self.sequence():
            faults_before = len(self.faults)
            text = entry.text().strip()
            if text:
                words.append(text)
            elif len(self.faults) == faults_before:
                entry.fault("there is an empty entry in the list; remove it or put words there")
        return tuple(words)

    def flag(self) -> bool:
        """True or false."""
        word = self.text()
        if word.lower() not in {"true", "false"}:
            self.fault(f"write true or false here, not {word!r}")
        return word.lower() == "true"

    def number(self) -> int:
        """A whole number, 0 or more."""
        word = self.text()
        if not (_NUMBER.fullmatch(word) and int(word) >= 0):
            self.fault(f"write a whole number here, not {word!r}")
            return 0
        return int(word)

    def day(self) -> date | None:
        """A day as YYYY-MM-DD; None, with a fault, for anything else."""
        word = self.text()
        try:
            return date.fromisoformat(word)
        except ValueError:
            self.fault(f"write a day as YYYY-MM-DD here, not {word!r}")
            return None

    def plain(self) -> Any:
        """Lists, dicts and words. Without quotes, numbers, true, false and null are values, and nothing at all is
        None. For data whose shape is not ours."""
        if self.is_mapping:
            return {key: entry.plain() for key, entry in self.mapping().items()}
        if self.is_list:
            return [entry.plain() for entry in self.sequence()]
        word = self.text()
        if isinstance(self.node, yaml.ScalarNode) and not self.node.style:  # unquoted
            if word in _CONSTANTS:
                return _CONSTANTS[word]
            if _NUMBER.fullmatch(word):
                return int(word)
            if _DECIMAL.fullmatch(word):
                return float(word)
        return word


def read_yaml(file: str, text: str, faults: list[Fault], offset: int = 0) -> Entry | None:
    """The top of a YAML text; None if it says nothing, and None with a fault if it cannot be read.

    `offset`: how many lines of the file stand before `text`. Aliases are refused, because they can make a small file
    huge, and so are tags, because they would be lost.
    """

    lines = text.rstrip("\n").split("\n")

    def note(line: int, message: str) -> None:
        line = max(0, min(line, len(lines) - 1))
        if "\t" in lines[line][: len(lines[line]) - len(lines[line].lstrip())]:
            message = "there is a tab; indent with spaces"
        faults.append(Fault(file=file, line=line + 1 + offset, message=message, code="L01"))

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # the same in C, where the package has it
    depth = 0
    try:
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) or getattr(event, "tag", None):
                note(
                    event.start_mark.line if event.start_mark else 0,
                    "&, * and ! mean something else in YAML; put the words in quotes",
                )
                return None
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                note(event.start_mark.line if event.start_mark else 0, "this is nested too deeply; make it flatter")
                return None
        node = yaml.compose(text, Loader=loader)
    except yaml.YAMLError as error:
        note(*explain(error, lines))
        return None
    return None if node is None else Entry(node=node, file=file, offset=offset, faults=faults)


def _unpaired(node: yaml.Node, known: Collection[str]) -> str | None:
    """What is wrong where a key and its value stand without a colon: {mood angry}."""
    found = _RUN_TOGETHER.fullmatch(node.value) if isinstance(node, yaml.ScalarNode) else None
    if found is None or found[1] not in known:
        return None
    return f"a colon and a space are missing: write {{{found[1]}: {found[2]}}}"


def _shown(node: yaml.Node) -> str:
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    if isinstance(node, yaml.MappingNode):
        return '"key: value" pairs'
    return repr(str(node.value)[:40])
