"""A circuit breaker: what does not answer is left alone for a while that grows, and then tried once."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from bot.ports import Clock

log = structlog.get_logger()


class Circuit:
    """Closed: it is used. Open: it rests. Half open: its rest is over, and one try shows whether it is well again."""

    def __init__(self, name: str, clock: Clock, *, most: int, first: timedelta, longest: timedelta) -> None:
        """`most` failures in a row open it. It rests for `first`, and twice as long after each try that fails, up to
        `longest`. `name` is for the log."""
        self._name = name
        self._clock = clock
        self._most = most
        self._first, self._longest = first, longest
        self._failures = 0
        self._rest = first
        self.until: datetime | None = None
        """The end of its rest, which may be past; None while it is closed."""
        self.why = ""
        """The last failure, in a sentence; empty while all is well."""

    @property
    def resting(self) -> bool:
        """True while it is open: nothing is tried."""
        return self.until is not None and self._clock.now() < self.until

    @property
    def trying(self) -> bool:
        """True while one try at a time is allowed: half open, or soon."""
        return self.until is not None

    def room(self, most: int, under_way: int) -> int:
        """How many more tries may begin, where `most` may be under way at once."""
        if self.resting:
            return 0
        return max(0, (1 if self.trying else most) - under_way)

    def well(self) -> None:
        """It answered: close it."""
        if self.trying:
            log.info("circuit_closed", circuit=self._name)
        self._failures, self._rest, self.until, self.why = 0, self._first, None, ""

    def failed(self, why: str, *, at_once: bool = False) -> None:
        """It did not answer. `at_once`: it asks to be left alone, so this one failure opens it.

        What was under way when it opened says nothing new.
        """
        if self.resting:
            return
        self._failures += 1
        self.why = why
        if self._failures >= self._most or self.trying or at_once:
            self.until = self._clock.now() + self._rest
            self._rest = min(2 * self._rest, self._longest)
            log.warning("circuit_open", circuit=self._name, why=why, until=self.until.isoformat(timespec="seconds"))
