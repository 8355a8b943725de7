"""Errors for people: one sentence that says what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from responders.library.faults import Fault


class GreenroomError(Exception):
    """A fault that a person can mend. Its text is shown as it is; commands exit with `status`."""

    status = 2
    """What a command was given cannot be used."""


class NotDone(GreenroomError):
    """A command was right, and was refused or could not be carried out now."""

    status = 1


class FaultyFiles(GreenroomError):
    """An operator's files have faults. It names all of them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """The text has one line for each fault."""
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in faults))


class StoreError(GreenroomError):
    """The database cannot be opened, read or written."""


class Busy(GreenroomError):
    """Another Greenroom holds what this one needs (the database file, a port)."""
