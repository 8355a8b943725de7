"""Readers of exported chats: DiscordChatExporter's JSON, Telegram Desktop's JSON, and posts as JSON lines.

A file is read piece by piece, so that its size does not matter. What grows with it are 12 to 48 bytes for each message
(to know repeats) and the titles of topics.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.errors import FaultyFiles
from bot.exports import discord, lines, telegram
from bot.exports.findings import Exported, Findings, Note, Report
from bot.exports.kind import BOM, HEAD, Kind, kind_of
from responders.library.faults import Fault

__all__ = ["Export", "Exported", "Note", "Report", "read"]

_READERS = {Kind.DISCORD: discord.read, Kind.TELEGRAM: telegram.read, Kind.LINES: lines.read}


class Export:
    """The messages of one or more files. Each iteration reads the files anew."""

    def __init__(self, files: Sequence[tuple[Path, Kind]]) -> None:
        """The kinds are known; nothing is read yet."""
        self._files = tuple(files)
        self.report = Report()
        """What the newest iteration read and left out, so far."""

    def __iter__(self) -> Iterator[Exported]:
        """The messages in the order of the files. A fault in a file ends that file, and stands in `report`."""
        found = Findings()
        self.report = found.report
        for path, kind in self._files:
            try:
                with path.open("rb") as file:
                    if file.peek(len(BOM)).startswith(BOM):
                        file.seek(len(BOM))
                    for message in _READERS[kind](file, path.name, found):
                        found.report.messages += 1
                        yield message
            except OSError as error:
                found.fault(Fault(file=path.name, line=None, message=_unreadable(error)))


def read(*paths: Path) -> Export:
    """Find out what kind of export each file is. Parts of one chat may be given together: repeats are read once.

    Raises FaultyFiles, which names each file that cannot be read or is no export.
    """
    kinds = [_look(path) for path in paths]
    faults = [kind for kind in kinds if isinstance(kind, Fault)]
    if faults:
        raise FaultyFiles(faults)
    return Export([(path, kind) for path, kind in zip(paths, kinds, strict=True) if isinstance(kind, Kind)])


def _look(path: Path) -> Kind | Fault:
    try:
        if path.is_dir():
            return Fault(file=str(path), line=None, message="this is a folder; name the files in it")
        with path.open("rb") as file:
            kind = kind_of(file.read(HEAD))
    except (OSError, ValueError) as error:
        return Fault(file=str(path), line=None, message=_unreadable(error))
    return kind if isinstance(kind, Kind) else Fault(file=str(path), line=None, message=kind)


def _unreadable(error: OSError | ValueError) -> str:
    return f"the file cannot be read: {getattr(error, 'strerror', None) or error}"
