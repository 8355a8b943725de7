"""The store: async outside, synchronous SQLAlchemy Core inside."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from bot.domain import Delivery, Draft, StoredPost
from bot.errors import StoreError
from bot.events import Event, Happened
from bot.store import deliveries, drafts, events, fans, inbox, leases, posts, requests
from bot.store.communities import named
from bot.store.engine import checkpoint, driver_url, file_of, in_words, open_engine, place, reading, rewrite, writing
from bot.store.lock import lock_file
from bot.store.migrate import bring_up, patiently
from bot.store.postgres import Presence, Wire, refusal, unheld
from bot.store.signals import Signal
from bot.store.writer import CLOSED, Writer

R = TypeVar("R")
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


class Database:
    """One writer thread and a few reader threads, and a store for each community. Open and close it on the same event
    loop.

    A SQLite file is ours alone and holds one community. A PostgreSQL database may hold many, and may have other
    processes: what they commit sets signals, too.
    """

    def __init__(self, engine: Engine, lock: IO[str] | None) -> None:
        """Use `Database.open`."""
        self.engine = engine
        self.readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self.presence: Presence | None = None
        self._sees: frozenset[str] | None = None
        self._lock = lock
        self._stores: dict[str, Store] = {}
        self._tasks: list[asyncio.Task[None]] = []
        if lock:
            self.writer = Writer(engine, self._notify)
        else:
            wire = Wire(engine, self._notify_elsewhere)
            self.writer = Writer(engine, self._notify, wire.tell)
            self.presence = Presence(engine.url, self._let_go, lambda: self._notify_elsewhere(None, None))
            self._tasks = [asyncio.create_task(part) for part in (wire.listen(), self.presence.run())]

    @classmethod
    async def open(cls, url: str) -> Database:
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
        database = cls(engine, lock)
        if database.presence:
            try:
                async with asyncio.timeout(JOIN_SECONDS):
                    await database.presence.joined.wait()
                database._sees = await asyncio.to_thread(patiently, engine, lambda: _sees(engine))
            except StoreError:
                await database.close()
                raise
            except TimeoutError:
                await database.close()
                why = database.presence.why or f"it has not answered for {JOIN_SECONDS:.0f} seconds"
                raise StoreError(f"{place(parsed)}: the server gives no further connection ({why})") from None
        return database

    def store(self, community: str = "") -> Store:
        """The store of a community, until it is closed. Raises StoreError if it is open already, or cannot be.

        Empty: the community of a database whose communities nobody named.
        """
        name, here = named(community), place(self.engine.url)
        if name in self._stores:
            raise StoreError(f"{here}: the community “{name}” is already served by this program")
        if self._stores and not self.presence:
            raise StoreError(f"{here}: a file holds one community; give “{name}” one of its own")
        if refused := refusal(self._sees, name):
            raise StoreError(f"{here}: {refused}")
        if self._sees is not None:
            self._sees |= {name}
        self._stores[name] = Store(self, name)
        if self.presence:
            self.presence.look_at(name)
        return self._stores[name]

    async def leave(self, community: str) -> None:
        """Take a community out. What it wrote is committed; what this process held of it is let go."""
        self._stores.pop(community, None)
        if self.presence:
            self.presence.look_away(community)
        with contextlib.suppress(StoreError):  # else others let go of it when we are gone
            if self.presence:
                await self.writer.run(_let_go(self.presence.number), community)
            else:
                await self.writer.run(_let_go_all, community)

    async def close(self) -> None:
        """Commit what is queued, then close everything. New reads and writes are refused at once."""
        stores = list(self._stores.values())
        for store in stores:
            store.refuse()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.presence:
            await asyncio.gather(*(self.leave(store.community) for store in stores))
        await self.writer.close()
        self.readers.shutdown()
        self.engine.dispose()
        if self._lock:
            self._lock.close()

    def _notify(self, committed: Mapping[str, frozenset[str]]) -> None:
        for community, names in committed.items():
            if store := self._stores.get(community):
                store.notify(names)

    def _notify_elsewhere(self, community: str | None, names: frozenset[str] | None) -> None:
        """None for the community or the names: some may have been missed."""
        for store in list(self._stores.values()):
            if community is None or store.community == community:
                store.notify_elsewhere(names)

    async def _let_go(self, gone: int) -> None:
        await asyncio.gather(*(self.writer.run(_let_go(gone), community) for community in list(self._stores)))
        self._notify_elsewhere(None, None)  # what it held is free, and its last wake-ups may never have been sent


class Store:
    """What a database holds of one community. No other's is seen or changed."""

    def __init__(self, database: Database, community: str) -> None:
        """Use `Database.store`, or `Store.open` for a database that serves nothing else."""
        self.database = database
        self.community = community
        self._alone = False
        self._closed = False
        self._signals: list[Signal] = []
        self._claims: set[str] = set()
        self.sweep: Callable[[float], float] = lambda seconds: seconds
        """How many seconds pass until a look that nothing has asked for: more than the usual ones where a process
        serves many communities."""

    @classmethod
    async def open(cls, url: str, community: str = "") -> Store:
        """Open a database for one community. Raises StoreError, or Busy if another Greenroom has it."""
        database = await Database.open(url)
        try:
            store = database.store(community)
        except StoreError:
            await database.close()
            raise
        store._alone = True
        return store

    async def close(self) -> None:
        """Commit what is queued, then close it. New reads and writes are refused at once."""
        self.refuse()
        if self._alone:
            await self.database.close()
        else:
            await self.database.leave(self.community)
            await asyncio.gather(*(self.release(name) for name in list(self._claims)))

    def refuse(self) -> None:
        """Refuse new reads and writes from now on."""
        self._closed = True

    @property
    def session(self) -> int | None:
        """The number by which this process is known to the others; None where there are none."""
        return self.database.presence.number if self.database.presence else None

    async def claim(self, name: str) -> bool:
        """Claim something for this process until `release`, or until it is gone. False if another process has it."""
        if self.database.presence is None:
            return True
        claimed = await self.database.presence.claim(self._of_ours(name))
        if claimed:
            self._claims.add(name)
        return claimed

    async def release(self, name: str) -> None:
        """End a claim."""
        self._claims.discard(name)
        if self.database.presence:
            await self.database.presence.release(self._of_ours(name))

    def _of_ours(self, name: str) -> str:
        return f"{self.community} {name}"

    async def lost(self) -> None:
        """Wait until this process must stop what others may take over, because the database does not see it any
        more."""
        if self.database.presence is None:
            await asyncio.Event().wait()
        else:
            await self.database.presence.lost()

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run a function of a connection on a reader thread, in one read transaction."""
        if self._closed:
            raise StoreError(CLOSED)
        return await asyncio.get_running_loop().run_in_executor(self.database.readers, self.read_here, query)

    def read_here(self, query: Callable[[Connection], T]) -> T:
        """`read` on the caller's own thread, for work that is not on the event loop."""
        engine = self.database.engine
        try:
            with reading(engine, self.community) as connection:
                try:
                    return query(connection)
                finally:
                    if self._closed:  # its pool was emptied meanwhile, and takes nothing back
                        connection.invalidate()
        except DBAPIError as error:
            raise in_words(error, engine.url) from error

    async def write(self, operation: Callable[[Connection], T]) -> T:
        """Run a function of a connection in a transaction. Returns once it is durable.

        It may run twice, and shares its commit with others (see `Writer`). So it refuses by a return value, not by
        raising.
        """
        if self._closed:
            raise StoreError(CLOSED)
        return await self.database.writer.run(operation, self.community)

    async def write_many(self, operation: Callable[[Connection, Sequence[R]], Sequence[T]], row: R) -> T:
        """Like `write`, for an operation that is cheaper for many rows: it is given those of all who wait with it."""
        if self._closed:
            raise StoreError(CLOSED)
        return await self.database.writer.add(operation, row, self.community)

    async def checkpoint(self) -> bool:
        """Empty the database's log, so that nothing erased stays in it. False if it must be tried again."""
        return await asyncio.to_thread(checkpoint, self.database.engine)

    async def rewrite(self) -> None:
        """Rewrite the database's file without what was erased. Raises StoreError."""
        await asyncio.to_thread(rewrite, self.database.engine)

    async def add_post(self, new: posts.NewPost) -> posts.Received:
        """Store a post once. Returns once it is durable."""
        return await self.write_many(posts.add_many, new)

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

    def notify(self, names: frozenset[str]) -> None:
        """Called by the database after a commit."""
        for signal in self._signals:
            signal.notify(names)

    def notify_elsewhere(self, names: frozenset[str] | None) -> None:
        """Called by the database after a commit of another process; with None when some may have been missed."""
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


def _sees(engine: Engine) -> frozenset[str] | None:
    with reading(engine) as connection:
        return unheld(connection)


def _let_go_all(connection: Connection) -> None:
    leases.drop_all(connection)
    deliveries.cut_off_all(connection)


def _drop_claims(engine: Engine) -> None:
    try:
        with writing(engine) as connection:
            _let_go_all(connection)
    except DBAPIError as error:
        raise in_words(error, engine.url) from error
