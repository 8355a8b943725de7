"""The seat of a bot: of all processes on one database one is connected to a chat platform, and the others wait."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog

from bot.errors import StoreError
from bot.ports import Clock
from bot.stopping import first_of
from bot.store import Store, leases

log = structlog.get_logger()

LOOK = 1.0
"""Seconds between two looks whether the seat is free."""
CHECK = 10.0
"""Seconds between two looks whether it is still ours."""
_ALWAYS = datetime(9999, 1, 1, tzinfo=UTC)
"""The seat ends with its process, at no moment of a clock."""


class Seat:
    """A platform takes a bot's events and presses once only if one process is connected as that bot.

    The seat is a lease of this process's session. A process that dies loses it when it counts as gone
    (`postgres.GONE_AFTER`); one that lives and lost the database stands up before that (`postgres.LOST_AFTER`).
    """

    def __init__(self, store: Store, clock: Clock, platform: str) -> None:
        """`platform` is its name. A SQLite file is ours alone, and so is the seat."""
        self._store = store
        self._clock = clock
        self._name = f"seat {platform}"
        self._holder = f"process {os.getpid()} on {socket.gethostname()}, session {store.session}"
        self.waits = False
        """Whether another process has the seat."""
        self.sends = store.session is None
        """Whether this process sends to the platform: from when it first has the seat until another process has it."""

    async def hold(self, work: Callable[[], Awaitable[None]]) -> None:
        """Wait for the seat, then do the work. When the database did not see this process for a while the work is
        broken off, because another process may take the seat, and it waits again. Raises what the work raises."""
        if self._store.session is None:
            await work()
            return
        while True:
            await self._sit_down()
            try:
                await first_of(work(), self._until_lost())
            except _Lost:
                self.waits = True
                log.warning("seat_lost", seat=self._name, why="The database did not see this process for a while.")
            else:
                return
            finally:
                with contextlib.suppress(StoreError):  # then it ends with our session
                    await self._store.write(lambda c: leases.let_go(c, self._name, self._holder))
            await asyncio.sleep(LOOK)

    async def _sit_down(self) -> None:
        while other := await self._take():
            if self.sends or not self.waits:
                log.info("waits_for_seat", seat=self._name, taken_by=other)
            self.waits, self.sends = True, False
            await asyncio.sleep(LOOK)
        self.waits, self.sends = False, True

    async def _take(self) -> str | None:
        """None when it is ours now, else who has it. Only a free one is written to: writes take turns."""
        now, session = self._clock.now(), self._store.session
        has_it = await self._store.read(lambda c: leases.held_by(c, self._name, now))
        if has_it:
            return None if has_it == self._holder else has_it
        return await self._store.write(
            lambda c: leases.take(c, self._name, self._holder, now, _ALWAYS, session=session)
        )

    async def _until_lost(self) -> None:
        lost = asyncio.ensure_future(self._store.lost())
        try:
            while not lost.done():
                await asyncio.wait({lost}, timeout=CHECK)
                if lost.done() or await self._take():
                    break
        finally:
            lost.cancel()
            await asyncio.gather(lost, return_exceptions=True)
        raise _Lost


class _Lost(Exception):
    """Another process may take the seat."""
