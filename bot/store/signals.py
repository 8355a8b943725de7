"""Signals: how loops are woken after commits."""

from __future__ import annotations

import asyncio
import contextlib


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
            self.set()

    def set(self) -> None:
        """End the wait."""
        self._set.set()

    def notify_elsewhere(self, names: frozenset[str] | None) -> None:
        """Called after a commit of another process; with None when it is not known what others committed."""
        if names is None or not self._names or (self._names | self._elsewhere) & names:
            self.set()

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is set or the time is up. True if it was set, also before the wait."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._set.wait()
        was_set = self._set.is_set()
        self._set.clear()
        return was_set
