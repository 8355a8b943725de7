"""The time of a process: the machine's, but steady. People and time services set a machine's clock back and forth."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

CATCH_UP = 0.9
"""Speed of our time while the machine's clock is behind it. Waits stay nearly as long as they should."""
LEAP = timedelta(days=1)
"""A longer jump is no correction: the clock was wrong before, or it is wrong now."""


def _elapsed() -> float:
    """Seconds since the machine started. Time in suspend counts where the system can tell."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)  # Linux alone has it
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


def _wall() -> datetime:
    return datetime.now(UTC)


class SteadyClock:
    """The machine's time in UTC, but it never runs back: what is due in ten seconds is due in about ten seconds.

    If the machine's clock is set back by up to a day, our time runs slower until the two meet. If it is set back
    further, it was wrong before, and our time follows at once. It also follows when the clock is set forward.
    """

    def __init__(self, wall: Callable[[], datetime] = _wall, elapsed: Callable[[], float] = _elapsed) -> None:
        """`wall` gives the machine's time; `elapsed` gives seconds that nobody can set."""
        self._wall, self._elapsed = wall, elapsed
        self._lock = threading.Lock()
        self._told, self._at = wall(), elapsed()
        self._leapt = False

    def now(self) -> datetime:
        """The time: aware, in UTC. Thread-safe."""
        with self._lock:
            wall, at = self._wall(), self._elapsed()
            passed = timedelta(seconds=at - self._at)
            if wall - self._told - passed > LEAP:
                self._leapt = True
            slow = self._told + passed * CATCH_UP
            if wall < slow <= wall + LEAP:
                wall = slow
            self._told, self._at = wall, at
            return wall

    @property
    def leapt(self) -> bool:
        """True once the machine's clock was set forward by more than a day. A person should say which time is right."""
        return self._leapt
