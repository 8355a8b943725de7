"""The writer: one thread that commits the writes of many callers in groups, and answers each after the commit."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from bot.errors import StoreError
from bot.hops import COMMIT_SECONDS
from bot.store import events
from bot.store.engine import enter, in_words, passes, writes

T = TypeVar("T")
GROUP = 256
"""Most operations in one commit. More would only make the first caller wait."""
CLOSED = "The database is closed, because the program is stopping; this was not stored."
PATIENCE = 60.0
"""Seconds for which writes wait for another program that holds the database, or for its server. Then they fail."""
PAUSE = 0.2
"""Seconds between two tries."""
FRESH = 1.0
"""Seconds for which a connection is used again without a look whether it is still there."""


@dataclass(slots=True)
class _Request(Generic[T]):
    """A function of a connection, and the future for its result.

    Requests with the same `many` become one call with all their rows (executemany).
    """

    community: str
    run: Callable[[Connection], T] | None
    many: Callable[[Connection, Sequence[Any]], Sequence[T]] | None
    row: Any
    future: asyncio.Future[T]


_Result = tuple[_Request[Any], Any, BaseException | None]
_Committed = Mapping[str, frozenset[str]]
"""The names of the events that were committed, by community."""


class _Line:
    """Requests that wait. A group takes one of each community in turn, so that nobody waits behind another's many."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[_Request[Any]]] = {}
        """In the order of their turns."""
        self._changed = threading.Condition()
        self._closed = False

    def put(self, request: _Request[Any]) -> None:
        with self._changed:
            self._waiting.setdefault(request.community, deque()).append(request)
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()

    def take(self) -> list[_Request[Any]]:
        """Wait for requests, and take a group. It is empty once the line is closed and nothing waits."""
        group: list[_Request[Any]] = []
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            while self._waiting and len(group) < GROUP:
                community = next(iter(self._waiting))
                line = self._waiting.pop(community)
                group.append(line.popleft())
                if line:
                    self._waiting[community] = line
        return group


class Writer:
    """Runs a queue of operations on one thread. An operation may run twice, so it must depend on the database alone.

    If a group fails, it is rolled back and run one by one, so that a bad operation fails alone. If another program
    holds the database, or its server is away, the group is tried again as it is.
    """

    def __init__(
        self,
        engine: Engine,
        on_commit: Callable[[_Committed], None],
        tell: Callable[[_Committed], None] = lambda _: None,
    ) -> None:
        """`on_commit` is called on the event loop after each commit, with the names of its events by community; `tell`
        on the writer's thread, for other processes."""
        self._tell = tell
        self._engine = engine
        self._on_commit = on_commit
        self._line = _Line()
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._away_since: float | None = None
        self._connection: Connection | None = None
        self._used_at = 0.0
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
        self._thread.start()

    async def run(self, operation: Callable[[Connection], T], community: str) -> T:
        """Run an operation of a community in a transaction. Returns once it is durable. Raises what the operation
        raised."""
        result: T = await self._put(operation, None, None, community)
        return result

    async def add(self, many: Callable[[Connection, Sequence[Any]], Sequence[T]], row: Any, community: str) -> T:
        """Like `run`, for inserts that are cheaper many at a time."""
        result: T = await self._put(None, many, row, community)
        return result

    async def close(self) -> None:
        """Commit what is queued and end the thread."""
        self._closed = True
        self._line.close()
        await asyncio.to_thread(self._thread.join)

    def _put(self, run: Any, many: Any, row: Any, community: str) -> asyncio.Future[Any]:
        if self._closed:
            raise StoreError(CLOSED)
        future: asyncio.Future[Any] = self._loop.create_future()
        self._line.put(_Request(community, run, many, row, future))
        return future

    def _work(self) -> None:
        while group := self._line.take():
            results, committed = self._commit(group)
            self._finish(results, committed)
            if committed:
                self._tell(committed)
        self._let_go()

    def _connected(self) -> Connection:
        """The connection of this thread. After a pause it is taken anew from the pool, which looks whether it lives."""
        lost = self._connection is not None and self._connection.invalidated
        if lost or time.monotonic() - self._used_at > FRESH:
            self._let_go()
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _commit(self, group: list[_Request[Any]]) -> tuple[list[_Result], _Committed]:
        while True:
            try:
                began = time.perf_counter()
                done = self._transaction(group)
            except BaseException as error:  # of any kind: without this thread every later write would hang
                self._let_go()
                away = passes(error)
                if away and self._may_wait():
                    time.sleep(PAUSE)
                    continue
                if away or len(group) == 1:
                    told = self._told(error)
                    return [(request, None, told) for request in group], {}
                break
            COMMIT_SECONDS.observe(time.perf_counter() - began)
            self._used_at = time.monotonic()
            self._away_since = None
            return done
        results: list[_Result] = []
        committed: dict[str, frozenset[str]] = {}
        for request in group:
            result, of_one = self._commit([request])
            results += result
            for community, names in of_one.items():
                committed[community] = committed.get(community, frozenset()) | names
        return results, committed

    def _may_wait(self) -> bool:
        """Whether to try again while the database is held or away. All writes share one `PATIENCE`."""
        now = time.monotonic()
        self._away_since = self._away_since or now
        return not self._closed and now - self._away_since < PATIENCE

    def _told(self, error: BaseException) -> Exception:
        if isinstance(error, DBAPIError):
            return in_words(error, self._engine.url)
        if isinstance(error, Exception) and not isinstance(error, StopIteration):  # no future takes that one
            return error
        return StoreError(f"The write was broken off: {error!r}")

    def _transaction(self, group: list[_Request[Any]]) -> tuple[list[_Result], _Committed]:
        results: list[_Result] = []
        committed: dict[str, frozenset[str]] = {}
        by_community: dict[str, list[_Request[Any]]] = {}
        for request in group:
            by_community.setdefault(request.community, []).append(request)
        first = group[0].community
        connection = self._connected()
        with writes(connection, first):
            connection.info[events.APPENDED] = []
            for community, requests in by_community.items():
                if community != first:
                    enter(connection, community)
                if names := _run(connection, requests, results):
                    committed[community] = frozenset(names)
        return results, committed

    def _finish(self, results: list[_Result], committed: _Committed) -> None:
        try:
            self._loop.call_soon_threadsafe(self._answer, results, committed)
        except RuntimeError:
            return  # the loop has ended: nobody waits, and what was committed stays

    def _answer(self, results: list[_Result], committed: _Committed) -> None:
        for request, value, error in results:
            if request.future.done():
                continue
            if error is None:
                request.future.set_result(value)
            else:
                request.future.set_exception(error)
        if committed:
            self._on_commit(committed)


def _run(connection: Connection, requests: list[_Request[Any]], results: list[_Result]) -> set[str]:
    """Run what a community wants. Returns the names of its events."""
    names: set[str] = set()
    batches: dict[Any, list[_Request[Any]]] = {}
    for request in requests:
        if request.many is not None:
            batches.setdefault(request.many, []).append(request)
    for many, of_many in batches.items():
        values = many(connection, [request.row for request in of_many])
        names |= events.write(connection)
        results += [(request, value, None) for request, value in zip(of_many, values, strict=True)]
    for request in requests:
        if request.run is not None:
            results.append((request, request.run(connection), None))
            names |= events.write(connection)
    return names
