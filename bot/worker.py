"""Work on threads that nobody waits for: a thread cannot be ended, so one that hangs is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

LONGEST = 60.0
"""Seconds that one job may take."""
MOST = 4
"""Threads at once: the one that works, and those that hang."""


class TookTooLong(Exception):
    """The job took too long. Its thread goes on, and its result is dropped."""


class Worker:
    """Runs one job after the other, each on a daemon thread of its own; the process ends without waiting for it.

    While `MOST` threads hang, the next job waits until one of them ends.
    """

    def __init__(self, name: str) -> None:
        """`name`: the name of the threads."""
        self._name = name
        self._turn = asyncio.Lock()
        self._room = asyncio.Semaphore(MOST)

    async def run(self, job: Callable[[], T]) -> T:
        """The result of the job. Raises what it raises, and TookTooLong."""
        async with self._turn:
            await self._room.acquire()
            done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
            thread = threading.Thread(target=self._work, args=(job, done), name=self._name, daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the system has no more threads
                self._room.release()
                raise
            await asyncio.wait({done}, timeout=LONGEST)
            if not done.done():
                done.cancel()
                raise TookTooLong
            return done.result()

    def _work(self, job: Callable[[], T], done: asyncio.Future[T]) -> None:
        result: Any = None
        problem: Exception | None = None
        try:
            result = job()
        except Exception as error:
            problem = error
        except BaseException as error:  # a plug-in that ends its thread must not end the program
            problem = RuntimeError(f"{type(error).__name__} on thread {self._name}")
        with contextlib.suppress(RuntimeError):  # the loop has ended
            done.get_loop().call_soon_threadsafe(self._ended, done, result, problem)

    def _ended(self, done: asyncio.Future[T], result: T, problem: Exception | None) -> None:
        self._room.release()
        if done.done():
            return
        if problem is None:
            done.set_result(result)
        else:
            done.set_exception(problem)
