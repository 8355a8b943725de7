"""What comes out of an export: its messages, and a report of what was left out."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from responders.library.faults import Fault
from responders.types import Post

LONGEST_TEXT = 8000
"""Characters of a post, as the API takes it."""
MOST_FAULTS = 20
"""Faulty lines that a report names. The others are only counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exported:
    """One message of an export. Its post is as the platform's adapter would have made it.

    An export does not say who is staff, or which account is ours. A deleted account has no name.
    """

    post: Post
    edited_at: datetime | None = None
    """When its words were last changed; they are the newest ones."""
    mentions: tuple[str, ...] = ()
    """Ids of the accounts that it mentions, or their @names where the export has no id."""


class Note(StrEnum):
    """What a report counts, as a sentence that a number follows."""

    SERVICE = "Notices of the platform, such as joins and pins, are left out"
    REPEATED = "Messages that were already read are left out"
    EMPTY = "Messages without words or attachments are left out"
    UNSUPPORTED = "Messages that the exporter could not export are left out"
    NO_GROUP = "Messages of private chats and of channels without a conversation are left out"
    VIA_BOT = "Messages that an inline bot wrote for a person are left out"
    TOO_LONG = "Messages longer than 8,000 characters are left out"
    UNREADABLE = "Messages without a usable id, author, channel or time are left out"
    FAULTY_LINE = "Lines that are no posts are left out"
    ALBUM = "Messages are joined to the first one of their album"
    NO_ZONE = "Times without a time zone are taken as UTC"


class LeftOut(Exception):
    """A message is not for us."""

    def __init__(self, note: Note) -> None:
        """`note` says why."""
        self.note = note
        super().__init__(note)


@dataclass(slots=True)
class Report:
    """What was read and what was left out, in numbers, and what is wrong with the files. It grows during reading."""

    messages: int = 0
    notes: Counter[Note] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    """With their place. Everything before a fault is read."""

    def sentences(self) -> list[str]:
        """For a person."""
        counted = [f"{note}: {self.notes[note]:,}." for note in Note if self.notes[note]]
        return [f"Messages that were read: {self.messages:,}.", *counted, *map(str, self.faults)]


class Numbers:
    """A dict of whole numbers of 64 bits that takes 24 to 48 bytes an entry, by the hashes of its keys; half of that
    while every number is 0.

    Two of a million keys are taken for one with a chance of 1 : 37 million.
    """

    def __init__(self) -> None:
        """Empty."""
        self._count = 0
        self._hashes = _zeros(1024)
        self._numbers: array[int] | None = None
        """None while every number is 0."""

    def get(self, key: Hashable) -> int | None:
        """The number of a key; None when it has none."""
        slot = self._slot(hash(key) or 1)
        if not self._hashes[slot]:
            return None
        return self._numbers[slot] if self._numbers else 0

    def put(self, key: Hashable, number: int) -> None:
        """Give a key its number."""
        own = hash(key) or 1
        slot = self._slot(own)
        self._count += not self._hashes[slot]
        self._hashes[slot] = own
        if number and not self._numbers:
            self._numbers = _zeros(len(self._hashes))
        if self._numbers:
            self._numbers[slot] = number
        if 3 * self._count > 2 * len(self._hashes):
            self._grow()

    def _slot(self, own: int) -> int:
        """Where a hash stands, or would."""
        hashes = self._hashes
        last = len(hashes) - 1
        slot = own & last
        while hashes[slot] not in (0, own):
            slot = (slot + 1) & last
        return slot

    def _grow(self) -> None:
        hashes, numbers = self._hashes, self._numbers
        self._hashes = _zeros(2 * len(hashes))
        self._numbers = _zeros(2 * len(hashes)) if numbers else None
        for place, own in enumerate(hashes):
            if own:
                slot = self._slot(own)
                self._hashes[slot] = own
                if numbers and self._numbers:
                    self._numbers[slot] = numbers[place]


def _zeros(size: int) -> array[int]:
    return array("q", bytes(8 * size))


class Findings:
    """The report, and what is remembered from one message and file to the next."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self.report = Report()
        self.read = Numbers()
        """(chat, id) of a message -> the message that a reply to it replies to: itself, or the first of its album."""
        self.topics = Numbers()
        """(chat, id) of a message in a topic of Telegram -> the topic."""
        self.titles: dict[tuple[str, int], str] = {}
        """(chat, topic) -> its title."""

    def note(self, note: Note) -> None:
        """Count."""
        self.report.notes[note] += 1

    def check(self, post: Post, own: Hashable) -> None:
        """Raises LeftOut for a message that nobody can read, or that was read before under its chat and `own`."""
        if len(post.text) > LONGEST_TEXT:
            raise LeftOut(Note.TOO_LONG)
        if not post.text and not post.attachments:
            raise LeftOut(Note.EMPTY)
        if self.read.get(own) is not None:
            raise LeftOut(Note.REPEATED)

    def fault(self, fault: Fault) -> None:
        """Tell a fault of a file."""
        self.report.faults.append(fault)

    def faulty_line(self, fault: Fault) -> None:
        """Count a line that is left out, and tell its fault unless there are too many to read."""
        self.note(Note.FAULTY_LINE)
        if self.report.notes[Note.FAULTY_LINE] <= MOST_FAULTS:
            self.fault(fault)
