"""The time of a process: the machine's, but steady. People and time services set clocks back and forth."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

CATCH_UP = 0.9
"""How fast time passes while the machine's clock is behind what was told: waits stay nearly as long as they should."""
LEAP = timedelta(days=1)
"""A jump longer than this is no small correction: the clock was wrong before, or is wrong now."""


def _elapsed() -> float:
    """Seconds that passed in this machine's life; a suspended machine's time counts where the system can tell."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)  # Linux alone has it
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


def _wall() -> datetime:
    return datetime.now(UTC)


class SteadyClock:
    """The machine's time in UTC, which does not run back: what is due in ten seconds is due in about ten seconds.

    Set back by up to a day, time passes more slowly until the machine's clock has caught up. Set back further, it was
    wrong before and is followed at once, as it is when it is set forward.
    """

    def __init__(self, wall: Callable[[], datetime] = _wall, elapsed: Callable[[], float] = _elapsed) -> None:
        """`wall` is the machine's time, `elapsed` counts seconds and cannot be set."""
        self._wall, self._elapsed = wall, elapsed
        self._lock = threading.Lock()
        self._told, self._at = wall(), elapsed()
        self._leapt = False

    def now(self) -> datetime:
        """Aware, in UTC. Any thread may ask."""
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
        """True once the machine's clock was set forward by more than a day: a person should say which time is right."""
        return self._leapt
