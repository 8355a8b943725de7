"""What the live page says in numbers: counts by hour and day, time to a yes, ages. Pure: rows in, figures out."""

from __future__ import annotations

import statistics
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Literal

from bot.domain import DraftState, Purpose
from bot.store.figures import Arrived, SentReplies, Settled, WaitingBand, WaitingKind
from responders.said import said
from responders.types import ReasonCode

HOURS, DAYS = 24, 7
FEW = 5
"""With fewer than that nothing is said of the slow ones, and the number stands beside the median."""
MOST_MOODS = 8
"""Channels whose mood is drawn; the quieter ones are summed up."""
MOST_CHANNELS = 30
"""Rows of the table of channels; the quieter ones are summed up in one row."""
AGES = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(days=1))
AGE_WORDS = ("under 15 min", "15 min to 1 h", "1 to 4 h", "4 to 24 h", "over a day")
Span = Literal["today", "week"]

REASONS: Mapping[str, str] = {
    ReasonCode.INTENT: "nothing that wants an answer",
    ReasonCode.LOW_CONFIDENCE: "it was not clear what was meant",
    ReasonCode.GATE: "hard words, or nothing to answer",
    ReasonCode.NOT_ADDRESSED: "not meant for us",
    ReasonCode.ANSWERED: "somebody answered already",
    ReasonCode.FOLLOW_UP: "the talk was over",
    ReasonCode.CAP: "enough replies for now",
    ReasonCode.OPTED_OUT: "the fan wants no replies",
    ReasonCode.BY_HAND: "a person decided so",
    ReasonCode.NO_TEMPLATE: "no template fits",
    ReasonCode.NO_FRESH_WORDING: "every wording was used lately",
    ReasonCode.NO_ANSWER: "we have no answer to it",
    ReasonCode.NOT_TEXT: "no text to read",
    ReasonCode.STAFF_OR_BOT: "written by the team or a bot",
    ReasonCode.TOO_OLD: "too old when it came in",
}
"""Why a post was left alone, as a person would say it."""


class Count(StrEnum):
    """What is counted."""

    CAME_IN = "came_in"
    DRAFTED = "drafted"
    CHOICE = "choice"
    PERSON = "person"
    LEFT_ALONE = "left_alone"
    UNREAD = "unread"
    DELETED = "deleted"
    SENT = "sent"
    YES = "yes"
    EDITED = "edited"
    SKIPPED = "skipped"


_OUTCOMES = {"draft": Count.DRAFTED, "handoff": Count.PERSON, "silent": Count.LEFT_ALONE}


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """When the hours of the last day and the days of the last week began, by the community's clock; oldest first."""

    hours: tuple[datetime, ...]
    days: tuple[datetime, ...]

    @property
    def cuts(self) -> tuple[datetime, ...]:
        """All of these moments, each once: between two lies a slot of time that is in one hour and in one day."""
        return tuple(sorted({*self.hours, *self.days}))

    @property
    def today(self) -> datetime:
        """When today began."""
        return self.days[-1]


def calendar(now: datetime, zone: tzinfo) -> Calendar:
    """The last 24 hours and 7 days that have begun. A day may have 23 or 25 hours."""
    local = now.astimezone(zone)
    hour = now - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return Calendar(
        hours=tuple(hour - timedelta(hours=back) for back in reversed(range(HOURS))),
        days=tuple(_midnight(local, back, zone, now.tzinfo) for back in reversed(range(DAYS))),
    )


def _midnight(local: datetime, days_back: int, zone: tzinfo, given: tzinfo | None) -> datetime:
    day = local.date() - timedelta(days=days_back)
    return datetime.combine(day, time.min, zone).astimezone(given)


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """How long something took. `median` is None when it never happened, `slow` when that was rare."""

    number: int
    median: timedelta | None
    slow: timedelta | None
    """Nine of ten took at most that long."""

    @property
    def few(self) -> bool:
        """Whether there are too few to say much."""
        return 0 < self.number < FEW


def timing(took: Iterable[timedelta]) -> Timing:
    """The median, and the least that nine of ten did not exceed."""
    ordered = sorted(took)
    number = len(ordered)
    return Timing(
        number=number,
        median=timedelta(seconds=statistics.median(t.total_seconds() for t in ordered)) if ordered else None,
        slow=ordered[-(-9 * number // 10) - 1] if number >= FEW else None,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A line of a table: a channel, a platform or a person."""

    name: str
    counts: Counter[Count]
    yes: Timing


@dataclass(frozen=True, kw_only=True, slots=True)
class MoodHour:
    """What came into a channel within an hour, and how much of it was praise and complaints."""

    posts: int
    praise: int
    complaints: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Mood:
    """A channel, or the quieter ones together, over the hours of the last day."""

    name: str
    hours: tuple[MoodHour, ...]
    total: MoodHour


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """What waits now."""

    number: int
    urgent: int
    snoozed: int
    oldest: datetime | None
    ages: tuple[tuple[str, int], ...]
    """Each age in words, with how many."""
    kinds: tuple[tuple[str, int, datetime], ...]
    """What they are, in words, with how many and since when the first one waits; the most frequent first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """All numbers of the page. The tables and reasons are of `span`."""

    span: Span
    today: Counter[Count]
    hours: tuple[Counter[Count], ...]
    days: tuple[Counter[Count], ...]
    yes_today: Timing
    yes_week: Timing
    reasons: tuple[tuple[str, int], ...]
    """Why posts were left alone, in words, the most frequent first."""
    channels: tuple[Row, ...]
    platforms: tuple[Row, ...]
    people: tuple[Row, ...]
    quieter: int
    """How many channels the last row of `channels` sums up; 0 when each has its own."""
    moods: tuple[Mood, ...]
    """Of the channels that had posts within the last day."""


def figures(
    when: Calendar,
    span: Span,
    arrived: Sequence[Arrived],
    sent: Sequence[SentReplies],
    settled: Sequence[Settled],
    *,
    channel_name: Callable[[str, str], str],
    name_of: Callable[[str], str],
) -> Figures:
    """Put the rows of the store together. `channel_name` takes a platform and a channel, `name_of` a manager's key."""
    sums = _Sums(when, when.today if span == "today" else when.days[0], channel_name)
    for post in arrived:
        sums.arrive(post)
    for reply in sent:
        sums.add(when.cuts[reply.slot], reply.platform, reply.channel, reply.number, Count.SENT)
    for one in settled:
        sums.settle(one, name_of(one.by))
    yes = [one for one in settled if one.state is DraftState.APPROVED]
    channels, quieter = _loudest(sums.channels)
    return Figures(
        span=span,
        today=sums.days[-1],
        hours=sums.hours,
        days=sums.days,
        yes_today=timing(_took(one) for one in yes if one.decided_at >= when.today),
        yes_week=timing(_took(one) for one in yes),
        reasons=tuple(sorted(sums.reasons.items(), key=lambda reason: (-reason[1], reason[0]))),
        channels=channels,
        platforms=sums.platforms.rows(),
        people=sums.people.rows(),
        quieter=quieter,
        moods=_moods(sums.moods, len(when.hours)),
    )


class _Sums:
    """Counts each row in its hour and its day, and in the tables if it is not from before `since`."""

    def __init__(self, when: Calendar, since: datetime, channel_name: Callable[[str, str], str]) -> None:
        self.hours: tuple[Counter[Count], ...] = tuple(Counter() for _ in when.hours)
        self.days: tuple[Counter[Count], ...] = tuple(Counter() for _ in when.days)
        self.channels, self.platforms, self.people = _Table(), _Table(), _Table()
        self.reasons: Counter[str] = Counter()
        self.moods: defaultdict[str, Counter[tuple[int, str | None]]] = defaultdict(Counter)
        """Channel -> how many posts of each hour and mood."""
        self._when = when
        self._cuts = when.cuts
        self._since = since
        self._channel_name = channel_name

    def add(self, moment: datetime, platform: str, channel: str, number: int, *counts: Count) -> None:
        places = []
        for started, of in ((self._when.hours, self.hours), (self._when.days, self.days)):
            if moment >= started[0]:
                places.append(of[bisect_right(started, moment) - 1])
        if moment >= self._since:
            name = self._channel_name(platform, channel)
            places += [self.platforms.counts[platform], self.channels.counts[name]]
        for place in places:
            for count in counts:
                place[count] += number

    def arrive(self, post: Arrived) -> None:
        outcome, moment = _outcome(post), self._cuts[post.slot]
        self.add(moment, post.platform, post.channel, post.number, Count.CAME_IN, outcome)
        if moment >= self._when.hours[0]:
            hour = bisect_right(self._when.hours, moment) - 1
            self.moods[self._channel_name(post.platform, post.channel)][hour, post.mood] += post.number
        if moment >= self._since and outcome is Count.LEFT_ALONE:
            self.reasons[REASONS.get(post.reason_code or "", "another reason")] += post.number

    def settle(self, one: Settled, name: str) -> None:
        what = _what(one)
        self.add(one.decided_at, one.platform, one.channel, 1, *what)
        if one.decided_at < self._since:
            return
        self.people.counts[name].update(what)
        if Count.YES in what:
            channel = self._channel_name(one.platform, one.channel)
            for took in (self.channels.took[channel], self.platforms.took[one.platform], self.people.took[name]):
                took.append(_took(one))


def _what(one: Settled) -> tuple[Count, ...]:
    if one.state is not DraftState.APPROVED:
        return (Count.SKIPPED,)
    return (Count.YES, Count.EDITED) if one.edited else (Count.YES,)


class _Table:
    def __init__(self) -> None:
        self.counts: defaultdict[str, Counter[Count]] = defaultdict(Counter)
        self.took: defaultdict[str, list[timedelta]] = defaultdict(list)

    def rows(self) -> tuple[Row, ...]:
        """By the alphabet: this is no ranking."""
        names = sorted({*self.counts, *self.took}, key=lambda name: (name.casefold(), name))
        return tuple(Row(name=name, counts=self.counts[name], yes=timing(self.took[name])) for name in names)


def _loudest(channels: _Table) -> tuple[tuple[Row, ...], int]:
    """The channels with the most posts, and the others as one row at the end; how many these are."""
    rows = channels.rows()
    if len(rows) <= MOST_CHANNELS:
        return rows, 0
    loud = {row.name for row in sorted(rows, key=lambda row: -row.counts[Count.CAME_IN])[: MOST_CHANNELS - 1]}
    quiet = [row for row in rows if row.name not in loud]
    counts: Counter[Count] = Counter()
    for row in quiet:
        counts += row.counts
    took = [t for row in quiet for t in channels.took[row.name]]
    others = Row(name=f"{len(quiet)} quieter channels", counts=counts, yes=timing(took))
    return (*(row for row in rows if row.name in loud), others), len(quiet)


def _moods(counts: Mapping[str, Counter[tuple[int, str | None]]], hours: int) -> tuple[Mood, ...]:
    """The channels with the most posts by the alphabet, and the others as one at the end."""
    loudest = sorted(counts, key=lambda name: (-counts[name].total(), name))
    own = loudest if len(loudest) <= MOST_MOODS else loudest[: MOST_MOODS - 1]
    others: Counter[tuple[int, str | None]] = Counter()
    for name in loudest[len(own) :]:
        others += counts[name]
    rest = [_mood(f"{len(loudest) - len(own)} quieter channels", others, hours)] if others else []
    return (*(_mood(name, counts[name], hours) for name in sorted(own, key=str.casefold)), *rest)


def _mood(name: str, counts: Mapping[tuple[int, str | None], int], hours: int) -> Mood:
    def of(chosen: Collection[int]) -> MoodHour:
        number: Counter[str | None] = Counter()
        for (hour, mood), count in counts.items():
            number[mood] += count if hour in chosen else 0
        return MoodHour(posts=number.total(), praise=number["praise"], complaints=number["complaint"])

    return Mood(name=name, hours=tuple(of([hour]) for hour in range(hours)), total=of(range(hours)))


def _outcome(post: Arrived) -> Count:
    if post.action is None:
        return Count.DELETED if post.deleted else Count.UNREAD
    return Count.CHOICE if post.choice else _OUTCOMES[post.action]


def _took(one: Settled) -> timedelta:
    return max(timedelta(), one.decided_at - one.waiting_since)


_PURPOSES: Mapping[Purpose, str] = {
    Purpose.ASK: "questions to fans",
    Purpose.CREDIT: "credits for helpers",
    Purpose.STAGE: "posts for the stage",
    Purpose.INTRODUCTION: "introductions",
    Purpose.TOLD_BACK: "what became of it",
}
"""Drafts that are no replies, in words."""


def waiting(bands: Sequence[WaitingBand], snoozed: int, kinds: Sequence[WaitingKind] = ()) -> Waiting:
    """What waits, with its ages and kinds in words."""
    by_kind: dict[str, tuple[int, datetime]] = {}
    for kind in kinds:
        name = _PURPOSES.get(kind.purpose) or (said(kind.intent) if kind.intent else "no reading")
        number, oldest = by_kind.get(name, (0, kind.oldest))
        by_kind[name] = (number + kind.number, min(oldest, kind.oldest))
    of = {band.band: band.number for band in bands}
    return Waiting(
        number=sum(of.values()),
        urgent=sum(band.urgent for band in bands),
        snoozed=snoozed,
        oldest=min((band.oldest for band in bands), default=None),
        ages=tuple((words, of.get(number, 0)) for number, words in enumerate(AGE_WORDS)),
        kinds=tuple(sorted(((n, *of) for n, of in by_kind.items()), key=lambda kind: (-kind[1], kind[0]))),
    )


def length(took: timedelta) -> str:
    """How long, in at most two units: "0.4 s", "12 s", "3 min", "1 h 20 min", "2 days 3 h". Below zero it is "0 s"."""
    seconds = max(0.0, took.total_seconds())
    if seconds < 9.95:  # noqa: PLR2004 - what would be told as ten seconds
        tenths = round(seconds, 1)
        return f"{tenths:g} s"
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - a minute
        return f"{whole} s"
    minutes = round(seconds / 60)
    if minutes < 60:  # noqa: PLR2004 - an hour
        return f"{minutes} min"
    if minutes < 48 * 60:
        hours, rest = divmod(minutes, 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    days, rest = divmod(round(minutes / 60), 24)
    return f"{days} days {rest} h" if rest else f"{days} days"
