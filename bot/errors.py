"""Errors for people: one sentence that says what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from responders.library.faults import Fault


class GreenroomError(Exception):
    """Something a person can put right. Its text is shown as it is; commands exit with status 2."""


class FaultyFiles(GreenroomError):
    """Files an operator wrote have faults. All of them are told at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Keep the faults; the text is one line for each."""
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in faults))


class StoreError(GreenroomError):
    """The database cannot be opened, read or written."""


class Busy(GreenroomError):
    """Another Greenroom holds what this one needs (the database file, a port)."""
