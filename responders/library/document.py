"""A template file, cut into its front matter and its variants. This module knows lines, not meanings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from responders.library.faults import Fault
from responders.library.slips import CONDITIONS, below, slip

_FENCE = re.compile(r"---\s*")
_HEADING = re.compile(r"##\s*variant\s*:\s*(.*?)\s*", re.IGNORECASE)
_CONDITION = re.compile(rf"(?:{'|'.join(CONDITIONS)})\s*:.*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One `## variant:` of the body.

    `conditions` are its `when:`, `unless:` and `asks_for:`; `source` is the wording. `line` is the line of the
    heading, `source_line` the first line of the wording.
    """

    name: str
    line: int
    conditions: str
    source: str
    source_line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A template file in parts. `front` starts on line 2 of the file."""

    front: str
    sections: tuple[Section, ...]


def cut(file: str, text: str, faults: list[Fault]) -> Document | None:
    """Cut a cleaned text; None, with a fault, when it has no front matter."""
    lines = text.split("\n")
    if not _FENCE.fullmatch(lines[0]):
        message = "the front matter is missing; begin the file with a line ---"
        faults.append(Fault(file=file, line=1, message=message, code="L01"))
        return None
    end = next((n for n, line in enumerate(lines[1:], start=1) if _FENCE.fullmatch(line)), None)
    if end is None:
        message = "the front matter has no end; close it with a second line ---"
        faults.append(Fault(file=file, line=1, message=message, code="L01"))
        return None
    return Document(front="\n".join(lines[1:end]), sections=sections(file, lines, end + 1, faults))


def sections(file: str, lines: list[str], start: int, faults: list[Fault]) -> tuple[Section, ...]:
    """The variants from line index `start` on."""
    headings = [n for n in range(start, len(lines)) if lines[n].startswith("##")]
    for n in range(start, headings[0] if headings else len(lines)):
        if lines[n].strip():
            message = f"{lines[n].strip()[:40]!r} stands before any variant; put a line ## variant: NAME above it"
            faults.append(Fault(file=file, line=n + 1, message=message, code="L01"))
            break
    found = []
    for n, following in pairwise([*headings, len(lines)]):
        heading = _HEADING.fullmatch(lines[n])
        if heading is None:
            message = f"{lines[n][:40]!r} is not a heading that is known here; write ## variant: NAME"
            faults.append(Fault(file=file, line=n + 1, message=message, code="L01"))
            continue
        found.append(_section(file, heading[1], n, lines[n + 1 : following], faults))
    return tuple(found)


def _section(file: str, name: str, index: int, lines: list[str], faults: list[Fault]) -> Section:
    """One variant. A line that is nearly a condition is a fault, and is left out."""
    body = 0
    kept = [*lines]
    for k, line in enumerate(line.strip() for line in lines):
        above = body == k
        if above and (not line or _CONDITION.fullmatch(line)):
            body += 1
        elif problem := slip(line) if above else below(line):
            body += above
            kept[k] = ""
            faults.append(Fault(file=file, line=index + 2 + k, message=f"variant {name}: {problem}", code="L01"))
    return Section(
        name=name,
        line=index + 1,
        conditions="\n".join(kept[:body]),
        source="\n".join(kept[body:]).rstrip(),
        source_line=index + 2 + body,
    )
