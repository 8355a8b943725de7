"""A JSON document, piece by piece: only what is wanted is ever held in memory."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO

import ijson  # type: ignore[import-untyped]  # it ships no types

from responders.library.faults import Fault

Path = tuple[str, ...]
"""The keys from the root to a value; `EACH` for the items of an array."""
EACH = "*"
OPENED = object()
"""Comes instead of a value when an object or array on the way to what is wanted begins."""

PIECE = 1 << 16
"""Bytes that are read at once."""
LONGEST = 64 << 20
"""Bytes of one message at most, with everything in it that nobody wants."""
MOST_PARTS, DEEPEST = 100_000, 100
"""Values in one message, and levels."""

_READ = "everything before it is read"

STARTS, ENDS = frozenset({"start_map", "start_array"}), frozenset({"end_map", "end_array"})
_FAULTS = (ijson.JSONError, ValueError, ArithmeticError)
"""What the parser raises; the last two for numbers."""


class _TooMuch(Exception):
    """A message is larger than messages are."""


def walk(
    file: BinaryIO, name: str, wanted: Mapping[Path, frozenset[str] | None], fault: Callable[[Fault], None]
) -> Iterator[tuple[Path, Any]]:
    """The values at the wanted paths, in the order of the file, from where it stands. Several documents may follow.

    `wanted` says which keys of an object are kept, None: all. Where the document is broken, too deep or too large, the
    walk ends, and `fault` is told the place.
    """
    start = offset = seen = file.tell()
    walker, begun = _Walker(wanted), 0
    with parsing() as (parser, events):
        while True:
            piece = file.read(PIECE)
            is_json = sent(parser, piece)
            try:
                yield from walker.take(events)
            except _TooMuch as error:
                fault(Fault(file=name, line=None, message=f"{error}, near byte {offset}; {_READ}"))
                return
            if not is_json:
                fault(_fault(file, name, start, offset))
                return
            if not piece:
                return
            if events and (walker.begun != begun or not walker.building):
                begun, seen = walker.begun, offset
            events.clear()
            offset += len(piece)
            if offset - seen > LONGEST:
                what = f"more than {LONGEST >> 20} MiB belong to one message, from about byte {seen}"
                fault(Fault(file=name, line=None, message=f"{what}; {_READ}"))
                return


@contextlib.contextmanager
def parsing() -> Iterator[tuple[Any, Any]]:
    """A parser of one or more documents, and the list that it puts its events into."""
    events = ijson.sendable_list()
    # With floats the parser itself refuses numbers beyond 64 bits, wherever they stand.
    parser = ijson.basic_parse_coro(events, multiple_values=True, use_float=True)
    try:
        yield parser, events
    finally:
        sent(parser, b"")


def sent(parser: Any, piece: bytes) -> bool:
    """Hand a piece to the parser, an empty one at the end; False when it is no JSON."""
    try:
        if piece:
            parser.send(piece)
        else:
            parser.close()
    except _FAULTS:
        return False
    return True


def _fault(file: BinaryIO, name: str, start: int, offset: int) -> Fault:
    """What is wrong after `offset`. The parser does not tell the byte, so the file is parsed again, without a reader.

    The words at this place are a fan's and stay untold.
    """
    file.seek(start)
    lines, position = 1, start
    with parsing() as (parser, events):
        while position < offset and (piece := file.read(min(PIECE, offset - position))):
            sent(parser, piece)
            events.clear()
            lines += piece.count(b"\n")
            position += len(piece)
        for number in file.read(PIECE):
            if not sent(parser, bytes((number,))):
                what = f"this is no JSON, from byte {position} on"
                break
            position += 1
            lines += number == ord("\n")
        else:
            what = f"the file breaks off at byte {position}"
    return Fault(file=name, line=lines, message=f"{what}; {_READ}")


class _Walker:
    """Follows the parser's events, and builds what is wanted."""

    def __init__(self, wanted: Mapping[Path, frozenset[str] | None]) -> None:
        """Before the first event."""
        self._wanted = wanted
        self._inner = {path[:length] for path in wanted for length in range(len(path))}
        self.begun = 0
        """Wanted objects and arrays so far."""
        self._open: list[tuple[Path, bool]] = []
        """The containers around; True for an object."""
        self._key = ""
        self._skipped = 0
        """Levels of something that nobody wants."""
        self._here: Path = ()
        """Where the value stands that is being built."""
        self._built: list[Any] = []
        """The value that is being built, and the containers in it that are open."""
        self._kept: frozenset[str] | None = None
        self._unwanted = False
        self._parts = 0

    @property
    def building(self) -> bool:
        """True inside a wanted value."""
        return bool(self._built)

    def take(self, events: Iterable[tuple[str, Any]]) -> Iterator[tuple[Path, Any]]:
        """Wanted values that are complete after these events."""
        for event, value in events:
            if self._skipped:
                if event in STARTS:
                    self._skipped += 1
                elif event in ENDS:
                    self._skipped -= 1
            elif not self._built:
                yield from self._step(event, value)
            elif event in ENDS:
                done = self._built.pop()
                if not self._built:
                    yield self._here, done
            else:
                self._build(event, value)

    def _step(self, event: str, value: Any) -> Iterator[tuple[Path, Any]]:
        """One event outside wanted values."""
        if event == "map_key":
            self._key = value
            return
        if event in ENDS:
            self._open.pop()
            return
        here: Path = ()
        if self._open:
            around, is_object = self._open[-1]
            here = (*around, self._key if is_object else EACH)
        if event not in STARTS:
            if here in self._wanted:
                yield here, value
        elif here in self._wanted:
            self._here, self._kept = here, self._wanted[here]
            self._built = [{} if event == "start_map" else []]
            self._unwanted, self._parts = False, 0
            self.begun += 1
        elif here in self._inner:
            self._open.append((here, event == "start_map"))
            yield here, OPENED
        else:
            self._skipped = 1

    def _build(self, event: str, value: Any) -> None:
        """One event inside a wanted value, except for the end of something."""
        built = self._built
        if event == "map_key":
            self._key = value
            self._unwanted = len(built) == 1 and self._kept is not None and value not in self._kept
            return
        starts = event in STARTS
        if self._unwanted:
            self._skipped = int(starts)
            return
        if starts:
            value = {} if event == "start_map" else []
        around = built[-1]
        if type(around) is dict:
            around[self._key] = value
        else:
            around.append(value)
        self._parts += 1
        if starts:
            built.append(value)
            if len(built) > DEEPEST:
                raise _TooMuch(f"a message is nested more than {DEEPEST} levels deep")
        if self._parts > MOST_PARTS:
            raise _TooMuch(f"a message has more than {MOST_PARTS:,} parts")
