"""Whether more is said of something than usual at this hour. Pure: counts in, a verdict out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAYS = 28
"""Days whose same hour is compared."""
LEAST_DAYS = 7
"""With less history there is no alarm: what is usual is not known."""
LEAST = 5
"""Fewer in an hour are never an alarm."""
CALM = 2
"""As few as that are calm wherever nothing is usual."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Usual:
    """What the last weeks say of this hour of the day."""

    mean: float

    def begins(self, number: int) -> bool:
        """Whether so many in an hour are a surge: more than chance makes of the mean."""
        return number >= LEAST and number > self.mean + 3 * sqrt(self.mean)

    def ends(self, number: int) -> bool:
        """Whether a surge is over. It takes less than not to begin, so that an alarm does not come and go."""
        return number <= max(CALM, self.mean + sqrt(self.mean))


def last_hours(moments: Iterable[datetime], now: datetime, days: int) -> list[int]:
    """How many moments are in the hour before `now`, and in the same hour of each of `days` days before it."""
    counts = [0] * (days + 1)
    for moment in moments:
        back, into = divmod(now - moment, DAY)
        if 0 <= back <= days and into < HOUR:
            counts[back] += 1
    return counts


def history(now: datetime, since: datetime) -> int:
    """How many days can be compared when there are posts since a moment: 0 where that is too few."""
    days = min(DAYS, (now - since - HOUR) // DAY)
    return days if days >= LEAST_DAYS else 0


def usual(before: Sequence[int]) -> Usual:
    """What is usual, by the same hour of the days before."""
    return Usual(mean=sum(before) / len(before))
