"""Work on threads that nobody has to wait for: a thread cannot be ended, so one that hangs is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

T = TypeVar("T")

LONGEST = 60.0
"""Seconds that one job may take."""
LONG = 1.0
"""Seconds after which a thread does not keep other workers waiting any more."""
MOST = 4
"""Threads at once: the one that works, and those that were left behind and have not ended."""
AT_ONCE = 8
"""The most jobs that one thread does. They are answered together: what their callers write shares a commit, and the
threads of the program take turns less often."""


class TookTooLong(Exception):
    """The job has not ended in time; its thread goes on, and what it gives is dropped."""


class _Job(Generic[T]):
    """A function, and where what it gives goes."""

    def __init__(self, name: str, work: Callable[[], T]) -> None:
        self._name = name
        self._work = work
        self._context = contextvars.copy_context()  # log lines name the community
        self._answer: Callable[[], None] = lambda: None
        self.done: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def run(self) -> None:
        """On the thread. Whatever it raises is its caller's. A job that nobody waits for any more is left out."""
        if self.done.cancelled():
            return
        try:
            result = self._context.run(self._work)
        except Exception as error:
            self._fail(error)
        except BaseException as error:  # a plug-in that wants to end the thread must not end the program
            self._fail(RuntimeError(f"{type(error).__name__} on thread {self._name}"))
        else:
            self._answer = lambda: self.done.set_result(result)

    def _fail(self, problem: Exception) -> None:
        self._answer = lambda: self.done.set_exception(problem)

    def answer(self) -> None:
        """On the event loop. Does nothing while there is no answer, or nobody waits for it any more."""
        if not self.done.done():
            self._answer()


class _Turn:
    """Some jobs that one thread does, one after the other."""

    def __init__(self, jobs: Iterable[_Job[Any]]) -> None:
        self.jobs = tuple(jobs)
        self._left = deque(self.jobs)
        self._lock = threading.Lock()
        self._begun = time.monotonic()

    def run(self) -> None:
        """On the thread."""
        while (job := self._next()) is not None:
            job.run()

    def _next(self) -> _Job[Any] | None:
        with self._lock:
            self._begun = time.monotonic()
            return self._left.popleft() if self._left else None

    def seconds(self) -> float:
        """How long the job that runs now has run."""
        return time.monotonic() - self._begun

    def give_back(self) -> list[_Job[Any]]:
        """The jobs that were not begun; the thread leaves them alone from now on."""
        with self._lock:
            left = list(self._left)
            self._left.clear()
        return left


class Turns:
    """Whose thread runs next, where several workers share the processor: they go in turns, so that one with many jobs
    does not delay another's.

    A turn that takes longer than `LONG` keeps its own worker waiting, not the others.
    """

    def __init__(self, at_once: int = 1) -> None:
        """`at_once`: threads at the same time, without those that take long."""
        self._free = at_once
        self._asking: deque[Callable[[], bool]] = deque()

    def ask(self, begin: Callable[[], bool]) -> None:
        """Call `begin` when it is this caller's turn. It says whether a thread runs now; `leave` ends the turn."""
        self._asking.append(begin)
        self._next()

    def leave(self) -> None:
        """A turn is over, or takes long."""
        self._free += 1
        self._next()

    def _next(self) -> None:
        while self._free and self._asking:
            self._free -= 1
            if not self._asking.popleft()():
                self._free += 1


class Worker:
    """Runs jobs one after the other on daemon threads, which the end of the process does not await.

    While `MOST` threads hang, no job is begun, and none waits for that: each raises TookTooLong.
    """

    def __init__(self, name: str, turns: Turns | None = None) -> None:
        """`name`: that of the threads. `turns`: shared with other workers."""
        self._name = name
        self._turns = turns or Turns()
        self._asks = False
        """True from asking for a turn until it comes."""
        self._in_turn = False
        """True while others wait for this worker."""
        self._waiting: deque[_Job[Any]] = deque()
        self._turn: _Turn | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._threads = 0

    async def run(self, work: Callable[[], T]) -> T:
        """What the job gives. Raises what it raises, and TookTooLong."""
        if self.stuck:
            raise TookTooLong
        job = _Job(self._name, work)
        self._waiting.append(job)
        self._begin()
        return await job.done

    @property
    def stuck(self) -> bool:
        """Whether as many threads hang as there may be."""
        return self._threads >= MOST and self._turn is None

    def _begin(self) -> None:
        """Ask for a turn if something waits, unless a thread works already."""
        if not self._asks and self._turn is None and self._waiting and self._threads < MOST:
            self._asks = True
            self._turns.ask(self._take_turn)

    def _take_turn(self) -> bool:
        """Give what waits to a thread. False if there is none."""
        self._asks = False
        while self._waiting:
            turn = _Turn(self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting))))
            loop = asyncio.get_running_loop()
            thread = threading.Thread(target=self._work, args=(turn, loop), name=self._name, daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the system has no more threads
                for job in turn.jobs:
                    if not job.done.done():
                        job.done.set_exception(error)
                continue
            self._turn, self._in_turn = turn, True
            self._threads += 1
            self._timer = loop.call_later(LONG, self._watch, turn)
            return True
        return False

    def _work(self, turn: _Turn, loop: asyncio.AbstractEventLoop) -> None:
        turn.run()
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(self._thread_ended, turn)

    def _thread_ended(self, turn: _Turn) -> None:
        self._threads -= 1
        if turn is self._turn:
            self._end(turn)
        self._begin()

    def _watch(self, turn: _Turn) -> None:
        """Let others go on. Leave the thread behind if its job takes too long."""
        self._let_others()
        if (left := LONGEST - turn.seconds()) > 0:
            self._timer = asyncio.get_running_loop().call_later(left, self._watch, turn)
            return
        not_begun = turn.give_back()
        self._waiting.extendleft(reversed(not_begun))
        self._end(turn)
        given_up = [job for job in turn.jobs if job not in not_begun]
        if self.stuck:
            given_up += self._waiting
            self._waiting.clear()
        for job in given_up:
            if not job.done.done():
                job.done.set_exception(TookTooLong())
        self._begin()

    def _end(self, turn: _Turn) -> None:
        if self._timer:
            self._timer.cancel()
        self._turn = None
        for job in turn.jobs:
            job.answer()
        self._let_others()

    def _let_others(self) -> None:
        if self._in_turn:
            self._in_turn = False
            self._turns.leave()
