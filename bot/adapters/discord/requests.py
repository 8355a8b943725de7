"""Requests to Discord: how many go at once, and whether one has left this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp
import discord.http

LONGEST_WAIT = 5.0
"""Seconds that a request waits for its limit. The caller sees to a longer wait."""


class Bucket(discord.http.Ratelimit):
    """One of Discord's limits: so many requests in a window of time.

    The library's own (2.7.1) refuses every request in a window longer than its longest wait, also while there is room,
    and forgets that there is none. Here a request goes while there is room; after that it raises discord.RateLimited.
    """

    def __init__(self, _longest: float | None) -> None:
        """The library calls it with its own longest wait."""
        super().__init__(LONGEST_WAIT)

    async def acquire(self) -> None:
        """Take one place, or raise discord.RateLimited when it would wait too long."""
        if self.remaining > 0 and not self.is_expired():
            self._last_request = self._loop.time()
            self.remaining -= 1
            self.outgoing += 1
        else:
            await super().acquire()

    async def _refresh(self) -> None:
        if self.expires is not None:
            self.reset_after = max(0.0, self.expires - self._loop.time())
        if self.reset_after <= LONGEST_WAIT:
            await super()._refresh()


@dataclass(slots=True)
class Flight:
    """The requests of one piece of work."""

    open: int = 0
    """Those that have left and were not refused: Discord may have done what they ask."""


_flight: ContextVar[Flight | None] = ContextVar("flight", default=None)


@contextmanager
def watched() -> Iterator[Flight]:
    """Count the requests inside the block."""
    flight = Flight()
    before = _flight.set(flight)
    try:
        yield flight
    finally:
        _flight.reset(before)


def trace() -> aiohttp.TraceConfig:
    """Lets `watched` count the requests of a client."""

    async def leaves(*_: Any) -> None:
        if flight := _flight.get():
            flight.open += 1

    async def answered(_session: Any, _context: Any, ended: aiohttp.TraceRequestEndParams) -> None:
        refused = HTTPStatus.BAD_REQUEST <= ended.response.status < HTTPStatus.INTERNAL_SERVER_ERROR
        if refused and (flight := _flight.get()):
            flight.open -= 1

    config = aiohttp.TraceConfig()
    config.on_request_headers_sent.append(leaves)
    config.on_request_end.append(answered)
    return config
