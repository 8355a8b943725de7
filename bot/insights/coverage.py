"""How many of the posts that deserved an answer got one, by week and by reading. Pure: rows in, figures out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from bot.store.answers import Covered, Outcome
from responders.said import said

FEW = 10
"""Of fewer than that no percentage is told: it would say more than is known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """Some posts, and what became of them."""

    answered: int = 0
    nothing: int = 0
    """No answer, though it is time."""
    skipped: int = 0
    """A person decided that they get none. They do not count as deserving."""
    open: int = 0
    """No answer yet, and still in time. They do not count yet."""

    @property
    def deserving(self) -> int:
        """How many should have an answer by now."""
        return self.answered + self.nothing

    @property
    def percent(self) -> int | None:
        """How many of a hundred have one, rounded down; None of fewer than `FEW`."""
        return 100 * self.answered // self.deserving if self.deserving >= FEW else None

    @property
    def words(self) -> str:
        """ "43/50 (86%)", "3/4", or a dash where nobody deserved an answer."""
        if not self.deserving:
            return "-"
        of = f"{self.answered}/{self.deserving}"
        return of if self.percent is None else f"{of} ({self.percent}%)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """The weeks, oldest first: each begins on a Monday, and the last one is not over."""

    weeks: tuple[date, ...]
    total: tuple[Share, ...]
    """Of each week."""
    readings: tuple[tuple[str | None, tuple[Share, ...]], ...]
    """Each reading with its weeks, the most frequent first."""


def named(intent: str | None) -> str:
    """A reading in words."""
    return said(intent) if intent else "no reading"


def mondays(now: datetime, zone: tzinfo, weeks: int) -> tuple[datetime, ...]:
    """When the last weeks began by the clock of a time zone, oldest first. The last one is not over."""
    local = now.astimezone(zone)
    monday = local.date() - timedelta(days=local.weekday())
    return tuple(
        datetime.combine(monday - timedelta(weeks=back), time.min, zone).astimezone(now.tzinfo)
        for back in reversed(range(weeks))
    )


def cuts(begun: Sequence[datetime], overdue: datetime) -> tuple[datetime, ...]:
    """Where to cut time for `coverage`: at each week, and where posts are still in time."""
    return tuple(sorted({*begun, max(overdue, begun[0])}))


def coverage(rows: Iterable[Covered], begun: Sequence[datetime], overdue: datetime, zone: tzinfo) -> Coverage:
    """Sum up. `begun`: when each week began; `overdue`: what was written since then is still in time."""
    moments = cuts(begun, overdue)
    counts: dict[str | None, list[Counter[str]]] = {}
    total: list[Counter[str]] = [Counter() for _ in begun]
    for row in rows:
        at = moments[row.slot]
        week = sum(start <= at for start in begun) - 1
        kind = "open" if row.outcome is Outcome.NOTHING and at >= overdue else str(row.outcome)
        weeks = counts.setdefault(row.intent, [Counter() for _ in begun])
        for counter in (weeks[week], total[week]):
            counter[kind] += row.number
    ordered = sorted(counts.items(), key=lambda pair: (-sum(week.total() for week in pair[1]), pair[0] or ""))
    return Coverage(
        weeks=tuple(start.astimezone(zone).date() for start in begun),
        total=tuple(Share(**week) for week in total),
        readings=tuple((name, tuple(Share(**week) for week in weeks)) for name, weeks in ordered),
    )
