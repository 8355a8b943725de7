"""The numbers of `/metrics`, for Prometheus: no id, no name and no words, and labels from closed sets.

What happened is counted from the audit trail at each scrape, so it is that of all processes on one database: scrape one
of them, or take the `max`. What this process does itself (`bot.hops`) is its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from bot import hops
from bot.adapters.web.deps import Deps
from bot.domain import Action
from bot.errors import StoreError
from bot.events import Happened
from bot.store import assistant, totals
from bot.store.holds import current
from bot.store.totals import Counted
from responders.types import Outcome, ReasonCode

PAGE = 500
"""Events that are counted in one read."""
PATIENCE = 3
"""Seconds within which the database must answer, and for which events are counted."""
OTHER: Final = "other"
"""A value that is in no closed set, as the platform of a package that is not installed any more."""

_SENDS = {
    Happened.REPLY_SENT: "sent",
    Happened.REPLY_CORRECTED: "corrected",
    Happened.REPLY_REMOVED: "removed",
    Happened.REPLY_DELAYED: "delayed",
    Happened.REPLY_FAILED: "failed",
    Happened.REPLY_UNCERTAIN: "uncertain",
    Happened.REPLY_RECALLED: "recalled",
}
_OUTCOMES, _REASONS, _ACTIONS = (frozenset(map(str, kind)) for kind in (Outcome, ReasonCode, Action))
_ON_REPLIES = {Happened.REPLY_SETTLED: Action.SETTLE, Happened.REPLY_RETRIED: Action.RETRY}
_SHORT = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_LONG = (1, 5, 15, 30, 60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 3 * 86400)


class Metrics:
    """The numbers of one community."""

    def __init__(self, deps: Deps, requests: CollectorRegistry) -> None:
        """Counting begins with the first scrape. `requests` has the web server's own numbers."""
        self._deps = deps
        self._requests = requests
        self._seen: int | None = None
        """The last event that is counted."""
        self._turn = asyncio.Lock()
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)
        self._happened = CollectorRegistry()
        self._judged = self._counter(
            "posts_judged", "Posts judged, by what becomes of them and why.", "action", "reason"
        )
        self._decisions = self._counter("decisions", "What managers did with cards and replies.", "action")
        self._sends = self._counter("sends", "What became of tries to send.", "platform", "outcome")
        self._replies = self._counter(
            "replies_sent", "Replies that arrived; edited: a manager wrote words of it.", "platform", "edited"
        )
        self._judged_after = self._histogram(
            "post_judged_seconds", "From when a post came, or was edited, until it was judged.", _SHORT
        )
        self._decided_after = self._histogram(
            "draft_decided_seconds", "From when a draft began to wait until a manager sent or skipped it.", _LONG
        )
        self._sent_after = self._histogram(
            "reply_sent_seconds", "From a manager's yes until the reply arrived; the time to undo is part of it.", _LONG
        )
        # From 0 on: Prometheus sees no increase where a series begins with 1.
        for action in Action:
            self._decisions.labels(action)
        for platform in ("web", *deps.settings.switched_on):
            for outcome in _SENDS.values():
                self._sends.labels(platform, outcome)
            for edited in ("yes", "no"):
                self._replies.labels(platform, edited)

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"greenroom_{name}", what, labels, registry=self._happened)

    def _histogram(self, name: str, what: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"greenroom_{name}", what, buckets=buckets, registry=self._happened)

    async def text(self, *, takes_writes: bool) -> bytes:
        """All numbers in Prometheus' text format, see `own`."""
        own = await self.own(takes_writes=takes_writes)
        return b"".join(generate_latest(registry) for registry in (self._process, hops.REGISTRY, *own))

    async def own(self, *, takes_writes: bool) -> tuple[CollectorRegistry, ...]:
        """Those of the community, without what is the process's. While the database cannot be read, those that need it
        are left out.

        `takes_writes`: whether the database takes writes now.
        """
        now = CollectorRegistry()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._of_database(now)
            with contextlib.suppress(TimeoutError):  # the next scrape goes on
                async with asyncio.timeout(PATIENCE):
                    await self._count()
        except (StoreError, TimeoutError):
            up = False
        else:
            up = takes_writes
        _gauge(now, "database_up", "1 while the database can be read and takes writes, else 0.", up)
        await self._of_process(now)
        return self._requests, self._happened, now

    async def _count(self) -> None:
        """Count what has happened since the last scrape. If it is broken off, the next one goes on."""
        store = self._deps.store
        async with self._turn:
            if self._seen is None:
                self._seen = await store.last_event()
            while True:
                seen = self._seen
                found = await store.read(lambda c: totals.since(c, seen, PAGE))  # noqa: B023 - awaited here
                for event in found:
                    self._add(event)
                    self._seen = event.seq
                if len(found) < PAGE:
                    return

    def _add(self, event: Counted) -> None:
        platform, data = _one_of(self._platforms(), event.platform), event.data
        if event.name is Happened.POST_JUDGED:
            self._judged.labels(_one_of(_OUTCOMES, data.get("action")), _one_of(_REASONS, data.get("reason"))).inc()
            self._see(self._judged_after, event)
        if (action := _decision(event)) is not None:
            self._decisions.labels(action).inc()
        if event.name in (Happened.DRAFT_APPROVED, Happened.DRAFT_REJECTED):
            self._see(self._decided_after, event)
        if event.name in _SENDS:
            self._sends.labels(platform, _SENDS[event.name]).inc()
        if event.name is Happened.REPLY_SENT:
            self._replies.labels(platform, "yes" if event.edited else "no").inc()
            self._see(self._sent_after, event)

    @staticmethod
    def _see(histogram: Histogram, event: Counted) -> None:
        if event.seconds is not None:
            histogram.observe(max(0.0, event.seconds))

    def _platforms(self) -> Collection[str]:
        return {"web", "replay", *self._deps.settings.platforms.chats}

    async def _of_database(self, registry: CollectorRegistry) -> None:
        deps = self._deps
        moment = deps.clock.now()
        waiting, hold = await deps.store.read(lambda c: (totals.queues(c), current(c)))
        depth = _gauge_of(registry, "queue_depth", "How much waits in each queue.", "queue")
        oldest = _gauge_of(
            registry,
            "queue_oldest_seconds",
            "How long the oldest in each queue has waited, since it came or since its yes; 0 when it is empty.",
            "queue",
        )
        for name, queue in waiting.items():
            depth(name, queue.depth)
            oldest(name, max(0.0, (moment - queue.since).total_seconds()) if queue.since else 0)
        _gauge(registry, "on_hold", "1 while a manager keeps everything back, else 0.", hold is not None)
        await self._of_assistant(registry, moment)

    async def _of_assistant(self, registry: CollectorRegistry, moment: datetime) -> None:
        """The language model's, where there is one."""
        section = self._deps.settings.assistant
        if section is None:
            return
        today = await self._deps.store.read(lambda c: assistant.used(c, assistant.midnight(moment)))
        ends = _gauge_of(registry, "assistant_today", "What became of today's questions, by UTC.", "outcome")
        for end in assistant.End:
            ends(end, today.ends.get(end, 0))
        left = max(0, section.per_day - today.asked)
        _gauge(registry, "assistant_left_today", "Questions that are left of today's.", left)
        rests = self._deps.assistant_rests() is not None
        _gauge(registry, "assistant_rests", "1 while it is left alone because it failed.", rests)

    async def _of_process(self, registry: CollectorRegistry) -> None:
        deps = self._deps
        ready = _gauge_of(registry, "ready", "1 while a part of this process can do its work, else 0.", "part")
        for part, state in deps.ready().items():
            ready(part, state is not False)
        rests = _gauge_of(
            registry, "circuit_open", "1 while a platform is left alone because it does not answer, else 0.", "platform"
        )
        resting = {one.platform for one in deps.resting()}
        for platform in sorted(self._platforms()):
            rests(platform, platform in resting)
        _gauge(
            registry,
            "template_faults",
            "How many faults keep the template files from being used; the last good ones are in use meanwhile.",
            len(deps.template_faults()),
        )
        missing = deps.no_reader() is not None
        _gauge(registry, "reader_missing", "1 while posts are read by words alone, less well, else 0.", missing)
        free = await asyncio.to_thread(_free, deps)
        _gauge(registry, "disk_free_bytes", "Room on the disk of the folder var/.", free)


def _free(deps: Deps) -> int:
    return shutil.disk_usage(deps.settings.var).free


def _decision(event: Counted) -> str | None:
    """The action of a manager that an event tells of; None for any other event."""
    if event.by is None:
        return None
    if event.name in _ON_REPLIES:
        return _ON_REPLIES[event.name]
    kind = event.data.get("kind")
    if event.name is Happened.REPLY_HELD and kind in ("correct", "remove"):
        return str(kind)
    action = event.data.get("action")
    return _one_of(_ACTIONS, action) if event.name.startswith("draft_") and action else None


def _one_of(known: Collection[str], value: object) -> str:
    return str(value) if value in known else OTHER


def _gauge(registry: CollectorRegistry, name: str, what: str, value: float) -> None:
    Gauge(f"greenroom_{name}", what, registry=registry).set(value)


def _gauge_of(registry: CollectorRegistry, name: str, what: str, label: str) -> Callable[[str, float], None]:
    gauge = Gauge(f"greenroom_{name}", what, [label], registry=registry)
    return lambda value, number: gauge.labels(value).set(number)
