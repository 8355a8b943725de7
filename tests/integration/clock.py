"""A clock for tests around real programs and servers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """The machine's time, which a test can move on."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self.moved: Callable[[], None] = lambda: None
        """Called after each move, so that what waits for a moment looks at once."""

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def move(self, **time: float) -> None:
        self._ahead += timedelta(**time)
        self.moved()
