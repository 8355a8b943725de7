"""The writer: one thread that commits the writes of many callers in groups, and answers each after the commit."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from bot.errors import StoreError
from bot.store import events
from bot.store.engine import in_words, passes, writing

T = TypeVar("T")
GROUP = 256
"""Most operations in one commit. More would only make the first caller wait."""
CLOSED = "The database is closed, because the program is stopping; this was not stored."
PATIENCE = 60.0
"""Seconds for which writes wait for another program that holds the database, or for its server. Then they fail."""
PAUSE = 0.2
"""Seconds between two tries."""


@dataclass(slots=True)
class _Request(Generic[T]):
    """A function of a connection, and the future for its result.

    Requests with the same `many` become one call with all their rows (executemany).
    """

    run: Callable[[Connection], T] | None
    many: Callable[[Connection, Sequence[Any]], Sequence[T]] | None
    row: Any
    future: asyncio.Future[T]


_Result = tuple[_Request[Any], Any, BaseException | None]


class Writer:
    """Runs a queue of operations on one thread. An operation may run twice, so it must depend on the database alone.

    If a group fails, it is rolled back and run one by one, so that a bad operation fails alone. If another program
    holds the database, or its server is away, the group is tried again as it is.
    """

    def __init__(
        self,
        engine: Engine,
        on_commit: Callable[[frozenset[str]], None],
        tell: Callable[[frozenset[str]], None] = lambda _: None,
    ) -> None:
        """`on_commit` is called on the event loop after each commit, with the names of its events; `tell` on the
        writer's thread, for other processes."""
        self._tell = tell
        self._engine = engine
        self._on_commit = on_commit
        self._queue: queue.SimpleQueue[_Request[Any] | None] = queue.SimpleQueue()
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._away_since: float | None = None
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
        self._thread.start()

    async def run(self, operation: Callable[[Connection], T]) -> T:
        """Run an operation in a transaction. Returns once it is durable. Raises what the operation raised."""
        result: T = await self._put(operation, None, None)
        return result

    async def add(self, many: Callable[[Connection, Sequence[Any]], Sequence[T]], row: Any) -> T:
        """Like `run`, for inserts that are cheaper many at a time."""
        result: T = await self._put(None, many, row)
        return result

    async def close(self) -> None:
        """Commit what is queued and end the thread."""
        self._closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _put(self, run: Any, many: Any, row: Any) -> asyncio.Future[Any]:
        if self._closed:
            raise StoreError(CLOSED)
        future: asyncio.Future[Any] = self._loop.create_future()
        self._queue.put(_Request(run, many, row, future))
        return future

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            group, last = self._drain(first)
            results, names = self._commit(group)
            self._finish(results, names)
            if names:
                self._tell(names)
            if last:
                return

    def _drain(self, first: _Request[Any]) -> tuple[list[_Request[Any]], bool]:
        group = [first]
        while len(group) < GROUP:
            try:
                request = self._queue.get_nowait()
            except queue.Empty:
                break
            if request is None:
                return group, True
            group.append(request)
        return group, False

    def _commit(self, group: list[_Request[Any]]) -> tuple[list[_Result], frozenset[str]]:
        while True:
            try:
                done = self._transaction(group)
            except BaseException as error:  # of any kind: without this thread every later write would hang
                away = passes(error)
                if away and self._may_wait():
                    time.sleep(PAUSE)
                    continue
                if away or len(group) == 1:
                    told = self._told(error)
                    return [(request, None, told) for request in group], frozenset()
                break
            self._away_since = None
            return done
        alone = [self._commit([request]) for request in group]
        return [result for results, _ in alone for result in results], frozenset().union(*(names for _, names in alone))

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

    def _transaction(self, group: list[_Request[Any]]) -> tuple[list[_Result], frozenset[str]]:
        results: list[_Result] = []
        names: set[str] = set()
        with writing(self._engine) as connection:
            connection.info[events.APPENDED] = []
            batches: dict[Any, list[_Request[Any]]] = {}
            for request in group:
                if request.many is not None:
                    batches.setdefault(request.many, []).append(request)
            for many, requests in batches.items():
                values = many(connection, [request.row for request in requests])
                names |= events.write(connection)
                results += [(request, value, None) for request, value in zip(requests, values, strict=True)]
            for request in group:
                if request.run is not None:
                    results.append((request, request.run(connection), None))
                    names |= events.write(connection)
        return results, frozenset(names)

    def _finish(self, results: list[_Result], names: frozenset[str]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._answer, results, names)
        except RuntimeError:
            return  # the loop has ended: nobody waits, and what was committed stays

    def _answer(self, results: list[_Result], names: frozenset[str]) -> None:
        for request, value, error in results:
            if request.future.done():
                continue
            if error is None:
                request.future.set_result(value)
            else:
                request.future.set_exception(error)
        if names:
            self._on_commit(names)
