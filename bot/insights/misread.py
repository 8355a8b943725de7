"""Which readings managers corrected to which. Pure: events in, pairs out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.events import Event


@dataclass(frozen=True, kw_only=True, slots=True)
class Misread:
    """Posts that were taken for one intent and are really another. `like`: our examples they were held to be like."""

    read_as: str
    really: str
    times: int
    last: datetime
    like: tuple[tuple[str, int], ...]


def misread(relabelled: Iterable[Event]) -> list[Misread]:
    """The corrections by pair of intents, the most frequent first. A second thought about one's own is none."""
    pairs: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in relabelled:
        read_as, really = event.data.get("read_as"), event.data.get("intent")
        if read_as and really and read_as != really:
            pairs[str(read_as), str(really)].append(event)
    found = [
        Misread(
            read_as=read_as,
            really=really,
            times=len(events),
            last=max(event.at for event in events),
            like=tuple(Counter(str(e.data["like"]) for e in events if e.data.get("like")).most_common()),
        )
        for (read_as, really), events in pairs.items()
    ]
    return sorted(found, key=lambda one: (-one.times, one.read_as, one.really))
