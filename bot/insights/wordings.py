"""What works: what became of each wording, how much goes out as it is, and what managers corrected. Pure: rows in,
figures out. It counts wordings and readings, never fans or managers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo

from bot.insights.misread import Misread, misread
from bot.store.assistant import End
from bot.store.wordings import Cards, Counted, Fate
from responders.library.model import Library
from responders.types import ASSISTANT

FEW = 5
"""Of fewer than that no share is told: it would say more than is known."""
Key = tuple[str, str]
"""Template and name of a wording."""
ENDS: Mapping[str, str] = {
    End.ANSWERED: "on the card",
    End.BLOCKED: "stopped by a check",
    End.NOTHING: "it had nothing to say",
    End.NONSENSE: "its answer made no sense",
    End.VOID: "the card had moved on",
    End.LATE: "too late",
    End.DOWN: "it did not answer",
    End.BUSY: "it asked us to wait",
    End.REFUSED: "it refused",
    End.OVER_BUDGET: "not asked: the day's questions were used up",
    End.LEFT_OUT: "not asked: no post for it",
}
"""What became of a question to the language model, in words."""


def share(part: int, of: int) -> int | None:
    """How many of a hundred, rounded down; None of fewer than `FEW`."""
    return 100 * part // of if of >= FEW else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """Replies that began as a wording and were sent."""

    as_it_is: int = 0
    edited: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.as_it_is + self.edited

    @property
    def percent(self) -> int | None:
        """How many of a hundred went out without an edit; None where too few were sent to tell."""
        return share(self.as_it_is, self.total)

    @property
    def words(self) -> str:
        """ "43 of 50 (86%)", "3 of 4, too few to tell", or a dash where nothing was sent."""
        if not self.total:
            return "-"
        of = f"{self.as_it_is:,} of {self.total:,}"
        return f"{of}, too few to tell" if self.percent is None else f"{of} ({self.percent}%)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Became:
    """What became of one wording. `proposed + picked = replaced + sent + skipped + open + ended`."""

    template: str
    variant: str
    known: bool
    """True while it stands in the files."""
    proposed: int = 0
    """Cards on which the program put it."""
    picked: int = 0
    """Cards on which a person put it: in place of another wording, or as one of several."""
    replaced: int = 0
    """Cards on which a person put another wording in its place."""
    instead: Mapping[Key, int] = field(default_factory=dict)
    """Which ones those were, the most frequent first."""
    as_it_is: int = 0
    edited: int = 0
    changed: float | None = None
    """The share of its words that managers changed when they edited it, 0 to 1 on average; None if nobody knows."""
    measured: int = 0
    """Edits of which it is known how much was changed."""
    skipped: int = 0
    why: Mapping[str, int] = field(default_factory=dict)
    """Why its cards were skipped, the most frequent reason first. Other reasons than the offered ones count as ""."""
    open: int = 0
    """Cards that wait."""
    ended: int = 0
    """Cards on whose words nobody decided."""

    @property
    def by_model(self) -> bool:
        """Whether a language model wrote it. It stands in no file then."""
        return self.template == ASSISTANT

    @property
    def used(self) -> int:
        """Cards on which it lay at some time."""
        return self.proposed + self.picked

    @property
    def sent(self) -> Sent:
        """Replies that were sent of it."""
        return Sent(as_it_is=self.as_it_is, edited=self.edited)

    @property
    def mostly_edited(self) -> bool:
        """True if it was edited in at least half of the replies that were sent of it."""
        return self.edited > 0 and self.edited >= self.as_it_is

    @property
    def changed_words(self) -> str:
        """How much managers changed: "30% of the words"; empty where too few edits tell."""
        return f"{100 * self.changed:.0f}% of the words" if self.changed is not None and self.measured >= FEW else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Corrected:
    """How often posts were read so, and what managers corrected that to."""

    reading: str
    cards: int
    to: tuple[Misread, ...]
    """The most frequent first."""

    @property
    def times(self) -> int:
        """How often it was corrected."""
        return sum(one.times for one in self.to)


@dataclass(frozen=True, kw_only=True, slots=True)
class WhatWorks:
    """The figures of the last weeks, oldest week first. The last week is not over."""

    weeks: tuple[date, ...]
    sent: tuple[Sent, ...]
    """Of each week, by the day on which the card was made."""
    wordings: tuple[Became, ...]
    """Those that lay on a card, the most used first."""
    unused: tuple[Key, ...]
    """Those in the files that lay on none."""
    corrected: tuple[Corrected, ...]
    """The readings that managers corrected, the most often corrected first."""

    @property
    def total(self) -> Sent:
        """Of all weeks together."""
        as_it_is, edited = (sum(getattr(week, name) for week in self.sent) for name in ("as_it_is", "edited"))
        return Sent(as_it_is=as_it_is, edited=edited)


def became(cards: Iterable[Cards], known: Iterable[Key]) -> list[Became]:
    """What became of each wording that lay on a card, the most used first. `known`: the wordings in the files."""
    there = set(known)
    counts: defaultdict[Key, Counter[str]] = defaultdict(Counter)
    instead: defaultdict[Key, Counter[Key]] = defaultdict(Counter)
    why: defaultdict[Key, Counter[str]] = defaultdict(Counter)
    changed: Counter[Key] = Counter()
    measured: Counter[Key] = Counter()
    for row in cards:
        if row.first:
            counts[row.first]["proposed"] += row.number
        if row.first != row.last:
            counts[row.last]["picked"] += row.number
        if row.first and row.first != row.last:
            counts[row.first]["replaced"] += row.number
            instead[row.first][row.last] += row.number
        counts[row.last][row.fate] += row.number
        if row.fate is Fate.SKIPPED:
            why[row.last][row.skip_reason or ""] += row.number
        measured[row.last] += row.measured
        changed[row.last] += row.changed  # type: ignore[assignment]  # a Counter adds up floats just as well
    found = [
        Became(
            template=key[0],
            variant=key[1],
            known=key in there,
            instead=dict(instead[key].most_common()),
            changed=changed[key] / measured[key] if measured[key] else None,
            measured=measured[key],
            why=dict(why[key].most_common()),
            **counts[key],
        )
        for key in counts
    ]
    return sorted(found, key=lambda one: (-one.used, one.template, one.variant))


def what_works(counted: Counted, library: Library, begun: Sequence[datetime], zone: tzinfo) -> WhatWorks:
    """Sum up. `begun`: when each week began; the cards are cut there."""
    known = [(template.key, variant.name) for template in library.templates for variant in template.variants]
    found = became(counted.cards, known)
    weeks = [Counter[str]() for _ in begun]
    for row in counted.cards:
        if row.fate in (Fate.AS_IT_IS, Fate.EDITED):
            weeks[row.slot][row.fate] += row.number
    used = {(one.template, one.variant) for one in found}
    return WhatWorks(
        weeks=tuple(start.astimezone(zone).date() for start in begun),
        sent=tuple(Sent(**week) for week in weeks),
        wordings=tuple(found),
        unused=tuple(key for key in known if key not in used),
        corrected=_corrected(counted.readings, misread(counted.relabelled)),
    )


def _corrected(readings: Mapping[str, int], misread: Iterable[Misread]) -> tuple[Corrected, ...]:
    of_reading: defaultdict[str, list[Misread]] = defaultdict(list)
    for one in misread:
        of_reading[one.read_as].append(one)
    found = (Corrected(reading=name, cards=readings.get(name, 0), to=tuple(to)) for name, to in of_reading.items())
    return tuple(sorted(found, key=lambda one: (-one.times, one.reading)))
