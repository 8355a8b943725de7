"""What is wrong with a text that is not YAML, for somebody who does not know YAML."""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD = re.compile(r"[A-Za-z_]\w*")
_VALUE = re.compile(r"(?:- {1,9})?(?:[\w ]{1,60}: {1,9})?([\"'\[{*&!%@`|>]).*")
"""A line whose words begin with a sign that means something in YAML."""
_SEVERAL = re.compile(r"(?:- +)?(?:[\w ]{1,60}: +)?\"[^\"]*+\"(?: {0,9}, {0,9}\"[^\"]*+\"){1,99}")
_OPENED = re.compile(r"[\[{]")
_CLOSED = {"[": "]", "{": "}"}
_TWO_COLONS = re.compile(r"(when|unless|limits): +(\w+): +(\S+)")


def explain(error: Exception, lines: Sequence[str]) -> tuple[int, str]:
    """The line at fault, from 0, and what to do there. `error`: what the parser raised."""
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "")
    mark = getattr(error, "problem_mark", None)
    begins = getattr(error, "context_mark", None) or mark
    at = max(0, min(mark.line if mark else begins.line if begins else 0, len(lines) - 1))
    since = min(begins.line, at) if begins else at
    if "mapping values are not allowed" in problem:
        return _colon(at, lines)
    if "could not find expected ':'" in problem:
        line = lines[since].strip()[:40]
        return since, f"{line!r} has neither a colon behind it nor a - before it; add what is missing"
    if "end of stream" in problem and "quoted" in str(getattr(error, "context", "")):
        return since, f"a quotation mark opens here and is not closed; {_in_quotes(lines[since].strip())}"
    if "escape" in problem or "hexdec" in problem:  # as libyaml spells it
        return at, "a \\ in double quotes stands for something else; write the words without it, or in single quotes"
    if re.search(r"',' or '[\]}]'", problem):
        return since, _open(lines[since])
    return at, _one_line(problem, at, lines)


def _open(line: str) -> str:
    sign = max(_OPENED.findall(line) or "[", key=line.rfind)
    return f"{sign} opens here and is not closed; close it with {_CLOSED[sign]}, and put words with , or : in quotes"


def _one_line(problem: str, at: int, lines: Sequence[str]) -> str:
    """What is wrong with the line where the parser stopped."""
    line = lines[at].strip()
    if "entries are not allowed" in problem:
        return "the first - of a list stands on a line of its own, below the word with the colon"
    if _SEVERAL.fullmatch(line):
        return "several values stand in brackets: [first, second]"
    if extra := next((sign for opening, sign in _CLOSED.items() if line.count(sign) > line.count(opening)), None):
        return f"there is one {extra} too many; take it out"
    if _VALUE.fullmatch(line):
        return _in_quotes(line)
    if line.startswith("-") or "document start" in problem or (at and _indent(lines[at]) != _indent(lines[at - 1])):
        return "this line begins at another place than those before it; put it right below them"
    return "this cannot be read; check quotes, brackets and indentation here and on the line above"


def _colon(at: int, lines: Sequence[str]) -> tuple[int, str]:
    """A colon too many on this line, or one missing above."""
    above = next((n for n in range(at - 1, -1, -1) if not lines[n].strip().startswith(("-", "#"))), None)
    if above is not None and _WORD.fullmatch(word := lines[above].strip()):
        return above, f"a colon is missing: write {word}:"
    if pair := _TWO_COLONS.fullmatch(lines[at].strip()):
        return at, f"braces are missing: write {pair[1]}: {{{pair[2]}: {pair[3].strip('{}')}}}"
    if at and _indent(lines[at]) > _indent(lines[at - 1]) and lines[at].count(": ") == 1:
        return at, "this line stands deeper than the one above; put it right below"
    return at, "a second colon stands on this line; put words that contain a colon in quotes, or check the indentation"


def _in_quotes(line: str) -> str:
    what = "the whole post" if line.startswith("-") else "all the words"
    sign = found[1] if (found := _VALUE.fullmatch(line)) else ""
    inside = " (with single ones inside)" if sign == '"' else ""
    return f"put {what} in double quotes{inside}{f', because it begins with {sign}' if sign else ''}"


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
