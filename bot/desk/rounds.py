"""What the desk does as time passes: wake, expire and update drafts, remind, call for help, drop old data."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import partial

import structlog

from bot.domain import Cause, Draft
from bot.events import Happened
from bot.ports import Clock
from bot.queue import consents, facts, forgetting, moves, retention
from bot.settings import Keep, Settings
from bot.store import Connection, Store, drafts, events, fans, inbox, people, requests
from bot.store.signals import Signal
from responders.pipeline import Pipeline
from responders.types import ReasonCode

EVERY = 1.0
"""Seconds between two rounds. Where a process serves many communities and nothing happens in this one, the next round
comes when something is due."""
TIDY, TIDY_QUIET = timedelta(minutes=1), timedelta(minutes=15)
"""How often old data is dropped; the second where a process serves many communities and nothing happens in this one."""
CRISIS_EVERY = timedelta(minutes=10)
CRISIS = "crisis"
KEEP_REQUESTS = timedelta(hours=24)
LEAP = timedelta(days=1)
"""A clock that jumps ahead by more than this while the program runs is not trusted until a person confirms it."""
LONG_STOP = timedelta(days=30)
"""Nor is a clock this far ahead of the last run: it may have jumped, or the program stood still for so long."""

log = structlog.get_logger()


class Rounds:
    """Looks through the queue once a second, or when something is due. Each step may be repeated or interrupted."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Clock,
        pipeline: Callable[[], Pipeline],
        leapt: Callable[[], bool] = lambda: False,
    ) -> None:
        """Does nothing before `run` or `once`. `pipeline` gives the one in use; `leapt` says whether the clock jumped
        ahead while the program ran."""
        self._store = store
        self._settings = settings
        self._clock = clock
        self._pipeline = pipeline
        self._leapt = leapt
        self._signal: Signal | None = None
        self._told_to_look = False
        self._tidied: datetime | None = None
        self._happened = True
        """Whether anything may have happened since; where it is not known, yes."""
        self.in_doubt: str | None = None
        """Why nothing is dropped, in a sentence; None while the clock is trusted."""

    async def run(self) -> None:
        """Until cancelled."""
        with self._store.signal() as signal:
            self._signal = signal
            while True:
                due = await self.once()
                await asyncio.sleep(EVERY)
                rest = min(self._store.sweep(EVERY) - EVERY, (due - self._clock.now()).total_seconds())
                if rest > 0:
                    self._happened |= await signal.wait(rest) and not self._told_to_look
                    self._told_to_look = False

    def look(self) -> None:
        """Look soon: the operators' files have changed, which no event tells."""
        if self._signal:
            self._told_to_look = True
            self._signal.notify(frozenset())

    async def once(self) -> datetime:
        """One round. Returns when the next one has something to do, if nothing happens before."""
        now = self._clock.now()
        due = await self._store.read(lambda c: self._next_due(c, now))
        if due <= now:
            await self._store.write(lambda c: self._walk(c, now))
        if self._tidied is None or now >= self._tidied + (TIDY if self._happened else TIDY_QUIET):
            if await self._believes(now):
                await self._tidy(now)
            self._tidied = now
            self._happened = self._store.sweep(EVERY) <= EVERY
        return due

    def _next_due(self, connection: Connection, now: datetime) -> datetime:
        """No later than tomorrow, when facts may have run out."""
        local = self._settings.community.local(now)
        tomorrow = datetime.combine(local.date() + timedelta(days=1), time(), local.tzinfo).astimezone(UTC)
        if not drafts.any_to_look_after(connection):
            return tomorrow
        if self._outdated(connection, now):
            return now
        urgent = drafts.urgent(connection)
        since = [draft.waiting_since for draft in urgent if draft.reminded_at is None and CRISIS not in draft.risk]
        since += drafts.unreminded_since(connection)
        after = self._settings.replies.remind_after
        reminders = [] if after is None else [moment + after for moment in since]
        calls = [at for draft in urgent if (at := _call_at(draft))]
        return min([tomorrow, *drafts.turning_points(connection), *reminders, *calls])

    def _walk(self, connection: Connection, now: datetime) -> None:
        for draft in drafts.wake_due(connection, now):
            moves.save(connection, draft, moves.wake(draft, now))
            events.append(connection, Happened.DRAFT_WOKEN, now, post_id=draft.post_id, draft_id=draft.id)
        for draft in drafts.expiry_due(connection, now):
            moves.end(connection, draft, Cause.TOO_OLD, now)
        for draft, names in self._outdated(connection, now):
            facts.follow(connection, draft, names, now)
        batch = self._unreminded(connection, now)
        for draft in batch:
            moves.save(connection, draft, replace(draft, reminded_at=now))
        if batch:
            events.append(connection, Happened.QUEUE_REMINDED, now, waiting=len(batch))
        for draft in self._crises(connection, now):
            moves.save(connection, draft, replace(draft, reminded_at=now))
            events.append(
                connection,
                Happened.CRISIS_CALLED,
                now,
                post_id=draft.post_id,
                draft_id=draft.id,
                on_call=self._settings.on_call,
            )

    def _outdated(self, connection: Connection, now: datetime) -> list[tuple[Draft, tuple[str, ...]]]:
        return facts.due(connection, self._pipeline().library.facts, self._settings.community.local(now).date())

    def _unreminded(self, connection: Connection, now: datetime) -> list[Draft]:
        after = self._settings.replies.remind_after
        if after is None:
            return []
        return [draft for draft in drafts.waiting_since(connection, now - after) if CRISIS not in draft.risk]

    def _crises(self, connection: Connection, now: datetime) -> list[Draft]:
        """Crisis hand-offs that nobody has opened. The manager on call is called at once, then every ten minutes."""
        return [draft for draft in drafts.urgent(connection) if (at := _call_at(draft)) and at <= now]

    async def _believes(self, now: datetime) -> bool:
        """Whether to trust the clock: a wrong one would drop words that are still needed."""
        tidied = await self._store.read(retention.tidied)
        ahead = now - tidied if tidied else timedelta()
        may_have_jumped = self.in_doubt or self._leapt() or (self._tidied is None and ahead > LONG_STOP)
        if not may_have_jumped or ahead <= LEAP or retention.confirmed(self._settings.var, now):
            self.in_doubt = None
            return True
        if self.in_doubt is None:
            self.in_doubt = retention.in_words(tidied or now, now)
            log.warning("clock_in_doubt", why=self.in_doubt)
            await self._store.write(lambda c: retention.stop(c, self.in_doubt or "", now))
        return False

    async def _tidy(self, now: datetime) -> None:
        """Drop words and rows that are no longer needed, in small groups, from the disk too."""
        keep = self._settings.keep
        undone = now - timedelta(seconds=self._settings.replies.undo_seconds)
        await forgetting.finish(self._store, now)
        if await self._store.read(lambda c: consents.due(c, now)):
            await self._store.write(lambda c: consents.tidy(c, now))
        while due := await self._store.read(lambda c: retention.words_due(c, now - keep.post_text, undone)):
            await self._store.write(partial(_drop, post_ids=due, now=now))
        while await self._store.write(lambda c: fans.drop_rows(c, now - keep.rows)):
            pass
        await self._store.write(lambda c: _drop_old(c, keep, now))
        await self._store.write(lambda c: retention.done(c, now))
        if await self._store.read(lambda c: retention.rewrite_due(c, now)):
            await self._store.rewrite()
            await self._store.write(lambda c: retention.rewritten(c, now))
        await self._store.checkpoint()


def _call_at(draft: Draft) -> datetime | None:
    """When the manager on call is called for an urgent draft that waits; None while there is no reason to."""
    if CRISIS not in draft.risk or draft.opened_by is not None:
        return None
    return draft.reminded_at + CRISIS_EVERY if draft.reminded_at else draft.waiting_since


def _drop(connection: Connection, post_ids: list[str], now: datetime) -> None:
    fans.drop_words(connection, post_ids, ReasonCode.TOO_OLD, "Its text is no longer kept.")
    events.append(connection, Happened.TEXTS_DROPPED, now, posts=len(post_ids))


def _drop_old(connection: Connection, keep: Keep, now: datetime) -> None:
    events.drop_before(connection, now - keep.events)
    requests.drop_before(connection, now - KEEP_REQUESTS)
    inbox.drop_before(connection, now - keep.post_text)
    fans.drop_tombstones(connection, now - keep.rows)
    people.drop_links(connection, now)
