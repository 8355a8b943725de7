"""The store: async outside, synchronous SQLAlchemy Core inside."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from bot.domain import Delivery, Draft, StoredPost
from bot.errors import Busy, StoreError
from bot.events import Event, Happened
from bot.private import opener
from bot.store import deliveries, drafts, events, fans, inbox, leases, posts, requests
from bot.store.engine import checkpoint, driver_url, file_of, in_words, open_engine, place, reading, rewrite, writing
from bot.store.migrate import bring_up, make_private
from bot.store.postgres import Presence, Wire
from bot.store.writer import CLOSED, Writer

T = TypeVar("T")
READERS = 4
JOIN_SECONDS = 15.0
"""How long a process waits to be seen by the others on its database's server."""
SWEEP = 15.0
"""Seconds between two looks of a follower that no signal woke: a wake-up of another process can be lost."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PostPage:
    """A post with its newest draft and its newest reply."""

    post: StoredPost
    draft: Draft | None
    reply: Delivery | None


class Signal:
    """Set after each commit that wrote one of its events. It has one waiter."""

    def __init__(self, names: frozenset[str], elsewhere: frozenset[str] = frozenset()) -> None:
        """`names` of its events; an empty set means all. `elsewhere`: more, of other processes only."""
        self._names = names
        self._elsewhere = elsewhere
        self._set = asyncio.Event()

    def notify(self, names: frozenset[str]) -> None:
        """Called by the store after a commit."""
        if not self._names or self._names & names:
            self._set.set()

    def notify_elsewhere(self, names: frozenset[str] | None) -> None:
        """Called after a commit of another process; with None when it is not known what others committed."""
        if names is None or not self._names or (self._names | self._elsewhere) & names:
            self._set.set()

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is set or the time is up. True if it was set, also before the wait."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._set.wait()
        was_set = self._set.is_set()
        self._set.clear()
        return was_set


class Store:
    """One database, one writer thread, a few reader threads. Open and close it on the same event loop.

    A SQLite file is ours alone. A PostgreSQL database may have other processes: what they commit sets signals, too.
    """

    def __init__(self, engine: Engine, lock: IO[str] | None) -> None:
        """Use `Store.open`."""
        self._engine = engine
        self._lock = lock
        self._signals: list[Signal] = []
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._closed = False
        self._presence: Presence | None = None
        self._tasks: list[asyncio.Task[None]] = []
        if lock:
            self._writer = Writer(engine, self._notify)
        else:
            wire = Wire(engine, self._notify_elsewhere)
            self._writer = Writer(engine, self._notify, wire.tell)
            self._presence = Presence(
                engine.url, lambda gone: self.write(_let_go(gone)), lambda: self._notify_elsewhere(None)
            )
            self._tasks = [asyncio.create_task(part) for part in (wire.listen(), self._presence.run())]

    @classmethod
    async def open(cls, url: str) -> Store:
        """Open the database; make or migrate it as needed. Raises StoreError, or Busy if another Greenroom has it."""
        parsed = driver_url(url)
        file = file_of(parsed)
        lock = await asyncio.to_thread(lock_file, file) if file else None
        engine = open_engine(parsed)
        try:
            await asyncio.to_thread(bring_up, engine)
            if lock:  # the file is ours alone: other holders of leases are gone
                await asyncio.to_thread(_drop_claims, engine)
        except BaseException:
            engine.dispose()
            if lock:
                lock.close()
            raise
        store = cls(engine, lock)
        if store._presence:
            try:
                async with asyncio.timeout(JOIN_SECONDS):
                    await store._presence.joined.wait()
            except TimeoutError:
                await store.close()
                raise StoreError(
                    f"{place(parsed)}: the server gives no third connection; raise max_connections"
                ) from None
        return store

    async def close(self) -> None:
        """Commit what is queued, then close everything. New reads and writes are refused at once."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._presence:
            with contextlib.suppress(StoreError):  # else others let go of it when we are gone
                await self.write(_let_go(self._presence.number))
        await self._writer.close()
        self._readers.shutdown()
        self._engine.dispose()
        if self._lock:
            self._lock.close()

    @property
    def session(self) -> int | None:
        """The number by which this process is known to the others; None where there are none."""
        return self._presence.number if self._presence else None

    async def claim(self, name: str) -> bool:
        """Claim something for this process until `release`, or until it is gone. False if another process has it."""
        return self._presence is None or await self._presence.claim(name)

    async def release(self, name: str) -> None:
        """End a claim."""
        if self._presence:
            await self._presence.release(name)

    async def lost(self) -> None:
        """Wait until this process must stop what others may take over, because the database does not see it any
        more."""
        if self._presence is None:
            await asyncio.Event().wait()
        else:
            await self._presence.lost()

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run a function of a connection on a reader thread, in one read transaction."""
        if self._closed:
            raise StoreError(CLOSED)
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_here, query)

    def read_here(self, query: Callable[[Connection], T]) -> T:
        """`read` on the caller's own thread, for work that is not on the event loop."""
        try:
            with reading(self._engine) as connection:
                try:
                    return query(connection)
                finally:
                    if self._closed:  # its pool was emptied meanwhile, and takes nothing back
                        connection.invalidate()
        except DBAPIError as error:
            raise in_words(error, self._engine.url) from error

    async def write(self, operation: Callable[[Connection], T]) -> T:
        """Run a function of a connection in a transaction. Returns once it is durable.

        It may run twice, and shares its commit with others (see `Writer`). So it refuses by a return value, not by
        raising.
        """
        return await self._writer.run(operation)

    async def checkpoint(self) -> bool:
        """Empty the database's log, so that nothing erased stays in it. False if it must be tried again."""
        return await asyncio.to_thread(checkpoint, self._engine)

    async def rewrite(self) -> None:
        """Rewrite the database's file without what was erased. Raises StoreError."""
        await asyncio.to_thread(rewrite, self._engine)

    async def add_post(self, new: posts.NewPost) -> posts.Received:
        """Store a post once. Returns once it is durable."""
        return await self._writer.add(posts.add_many, new)

    @contextlib.contextmanager
    def signal(self, *names: Happened, elsewhere: Sequence[Happened] = ()) -> Iterator[Signal]:
        """A signal for commits with one of these events; without names, with any event. `elsewhere`: more events, but
        only of other processes."""
        signal = Signal(frozenset(names), frozenset(elsewhere))
        self._signals.append(signal)
        try:
            yield signal
        finally:
            self._signals.remove(signal)

    def _notify(self, names: frozenset[str]) -> None:
        for signal in self._signals:
            signal.notify(names)

    def _notify_elsewhere(self, names: frozenset[str] | None) -> None:
        for signal in self._signals:
            signal.notify_elsewhere(names)

    async def events(self, *, after: int, limit: int = 500) -> list[Event]:
        """The events after number `after`, oldest first."""
        return await self.read(lambda c: events.after(c, after, limit))

    async def events_named(self, name: Happened, *, since: datetime) -> list[Event]:
        """The events of one name from a moment on, oldest first."""
        return await self.read(lambda c: events.named(c, name, since))

    async def last_event(self) -> int:
        """The number of the newest event; 0 if there is none."""
        return await self.read(events.last)

    async def follow(self, after: int) -> AsyncIterator[Event]:
        """The events after number `after`, and all later ones, without end."""
        with self.signal() as signal:
            while True:
                found = await self.events(after=after)
                for event in found:
                    after = event.seq
                    yield event
                if not found:
                    await signal.wait(SWEEP)

    async def post_page(self, post_id: str) -> PostPage | None:
        """A post with its draft and reply, or None."""

        def query(connection: Connection) -> PostPage | None:
            post = posts.get(connection, post_id)
            if not post:
                return None
            return PostPage(
                post=post, draft=drafts.latest(connection, post_id), reply=deliveries.reply_of(connection, post_id)
            )

        return await self.read(query)

    async def replies(
        self, *, channel: str | None = None, state: str | None = None, limit: int = 50, after: str | None = None
    ) -> tuple[list[Delivery], str | None]:
        """A page of replies in a state (`sent` by default), oldest first, and the cursor of the next page.

        Raises ValueError on a bad cursor.
        """
        state = state or "sent"

        def query(connection: Connection) -> list[Delivery]:
            if after is not None and deliveries.get(connection, after) is None:
                raise ValueError("after: this cursor is not one of ours; leave it out to begin at the start")
            return deliveries.page(connection, channel=channel, state=state, limit=limit + 1, after=after)

        return cut(await self.read(query), limit)

    async def export(self, platform: str, fan_id: str) -> dict[str, Any]:
        """Everything stored about a fan, JSON-ready."""
        return await self.read(lambda c: fans.export(c, platform, fan_id))

    async def numbers(self) -> dict[str, dict[str, int]]:
        """How many drafts, deliveries and raw updates are in each state, and how many posts wait to be judged."""
        return await self.read(
            lambda c: {
                "drafts": drafts.counts(c),
                "deliveries": deliveries.counts(c),
                "posts": {"unjudged": posts.count_unjudged(c)},
                "updates": inbox.count(c),
            }
        )

    async def first_use(self, key: str, at: datetime) -> bool:
        """True if this key is new, for links that work once."""
        return await self.write(lambda c: requests.first_use(c, key, at))


def cut(found: Sequence[Any], limit: int) -> tuple[list[Any], str | None]:
    """A page of at most `limit`, and the cursor of the next one. `found` needs one more than `limit` to have a next."""
    page = list(found[:limit])
    return page, page[-1].id if len(found) > limit else None


def _let_go(session: int) -> Callable[[Connection], None]:
    def operation(connection: Connection) -> None:
        leases.drop(connection, session)
        deliveries.cut_off(connection, session)

    return operation


def _drop_claims(engine: Engine) -> None:
    try:
        with writing(engine) as connection:
            leases.drop_all(connection)
            deliveries.cut_off_all(connection)
    except DBAPIError as error:
        raise in_words(error, engine.url) from error


def lock_file(file: Path) -> IO[str]:
    """Lock the database file for this process. Raises Busy if another has it, StoreError if it cannot be written."""
    make_private(file)
    try:
        lock = open(f"{file}.lock", "a+", encoding="ascii", opener=opener)  # noqa: SIM115 - held until the store is closed
    except OSError as error:
        raise StoreError(
            f"{file}: the database cannot be written here ({error.strerror}); check the folder's permissions"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise Busy(
            f"{file}: another Greenroom (process {holder}) uses this database; stop it first, or give this one another "
            "store: in its config.yaml"
        ) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock
