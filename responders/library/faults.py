"""What is wrong in an operator's file, in words that an operator understands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One thing wrong in a file. `line` counts from 1; None when the file as a whole is meant."""

    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        """`file:line: message`, as editors understand it."""
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


class LibraryFaults(Exception):
    """The operators' files do not hold together; all faults at once, in the order of file and line."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Sort and keep the faults."""
        self.faults = tuple(sorted(faults, key=lambda f: (f.file, f.line or 0)))
        super().__init__("\n".join(str(fault) for fault in self.faults))
