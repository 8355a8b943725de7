"""Looks once a minute at what posts say together, and tells of it by events: who waits too long, what surges."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.events import Event, Happened
from bot.insights import surge
from bot.insights.unanswered import by_kind, is_due
from bot.ports import Clock
from bot.settings import Settings
from bot.store import Connection, Store, answers, events

EVERY = 1.0
"""Seconds between two looks at the clock; more where a process serves many communities and nothing happens in this
one."""
LOOK = timedelta(minutes=1)
_COMPLAINTS = ""
"""Stands for a topic's id: complaints of any topic."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Change:
    """A surge that begins or ends."""

    name: Happened
    topic: str
    number: int
    mean: float


class Watch:
    """One for the process. Only counts are read, never words."""

    def __init__(self, store: Store, settings: Settings, clock: Clock) -> None:
        """Does nothing before `run` or `once`."""
        self._store = store
        self._settings = settings
        self._clock = clock
        self._looked: datetime | None = None
        self._listed: date | None = None
        """The last day on which it was looked who waits, by the community's clock."""

    async def run(self) -> None:
        """Until cancelled."""
        with self._store.signal() as signal:
            while True:
                await self.once()
                await asyncio.sleep(EVERY)
                if (rest := self._store.sweep(EVERY) - EVERY) > 0 and await signal.wait(rest):
                    await asyncio.sleep(LOOK.total_seconds())

    async def once(self) -> None:
        """Look, unless that was less than a minute ago."""
        now = self._clock.now()
        if self._looked is not None and now < self._looked + LOOK:
            return
        self._looked = now
        await self._list(now)
        changes = await self._store.read(lambda c: _changes(c, now))
        if changes:
            await self._store.write(lambda c: _tell(c, changes, now))

    async def _list(self, now: datetime) -> None:
        """Tell once a day who waits too long, in the morning of the community. Nobody waits: nothing is told."""
        today = self._settings.community.local(now)
        if self._listed == today.date() or not is_due(today, None):
            return
        before = now - self._settings.replies.answer_within
        posts = await self._store.read(lambda c: answers.unanswered(c, before) if self._is_due(c, today) else [])
        if posts:
            kinds = by_kind(posts)

            def operation(connection: Connection) -> None:
                if self._is_due(connection, today):
                    events.append(connection, Happened.UNANSWERED_LISTED, now, posts=len(posts), kinds=dict(kinds))

            await self._store.write(operation)
        self._listed = today.date()

    def _is_due(self, connection: Connection, today: datetime) -> bool:
        told = events.newest(connection, Happened.UNANSWERED_LISTED)
        return is_due(today, self._settings.community.local(told.at) if told else None)


def _changes(connection: Connection, now: datetime) -> list[_Change]:
    """The surges that begin or end now, of complaints and of each topic."""
    first = events.first(connection, Happened.POST_RECEIVED)
    days = surge.history(now, first) if first else 0
    if not days:
        return []
    since = now - days * surge.DAY - surge.HOUR
    moments: defaultdict[str, list[datetime]] = defaultdict(list)
    moments[_COMPLAINTS] = answers.complaints(connection, since)
    for topic, at in answers.topic_voices(connection, since):
        moments[topic].append(at)
    begun = lasting(connection, since)
    changes = []
    for topic in {*moments, *begun}:
        number, *before = surge.last_hours(moments[topic], now, days)
        usual = surge.usual(before)
        if topic in begun and usual.ends(number):
            changes.append(_Change(name=Happened.SURGE_ENDED, topic=topic, number=number, mean=usual.mean))
        elif topic not in begun and usual.begins(number):
            changes.append(_Change(name=Happened.SURGE_BEGAN, topic=topic, number=number, mean=usual.mean))
    return changes


def lasting(connection: Connection, since: datetime) -> dict[str, Event]:
    """What has begun since a moment and has not ended: the topic as of `topic_of`, and the event of its beginning."""
    told = [
        *events.named(connection, Happened.SURGE_BEGAN, since),
        *events.named(connection, Happened.SURGE_ENDED, since),
    ]
    newest: dict[str, Event] = {}
    for event in sorted(told, key=lambda event: event.seq):
        newest[topic_of(event)] = event
    return {topic: event for topic, event in newest.items() if event.name is Happened.SURGE_BEGAN}


def topic_of(event: Event) -> str:
    """The id of the topic that surges; empty for complaints of any topic."""
    return str(event.data.get("topic") or "")


def _tell(connection: Connection, changes: list[_Change], now: datetime) -> None:
    for change in changes:
        mean = round(change.mean, 1)
        events.append(connection, change.name, now, topic=change.topic or None, number=change.number, usual=mean)
