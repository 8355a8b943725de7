"""What is wrong in an operator's file, in words for operators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One fault in a file. `line` counts from 1; None means the file as a whole."""

    file: str
    line: int | None
    message: str
    code: str = ""
    """The linter's code, to search for; empty outside templates/."""
    warning: bool = False
    """True for what could be better but does not keep the set from going live."""
    follows: str = ""
    """The file that may be the cause. If that file cannot be read, only its fault is told."""

    def __str__(self) -> str:
        """`file:line: code message`, as editors know it."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.code} {self.message}" if self.code else f"{place}: {self.message}"


class LibraryFaults(Exception):
    """The operators' files do not fit together. Holds all faults, first those of files that others depend on."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Sort and keep the faults."""
        self.faults = tuple(sorted(faults, key=lambda fault: (fault.file.endswith(".md"), *place(fault))))
        super().__init__("\n".join(str(fault) for fault in self.faults))


def place(fault: Fault) -> tuple[str, int]:
    """Sorts faults by file and line."""
    return fault.file, fault.line or 0
