"""Sending through a connection that comes and goes."""

from __future__ import annotations

import asyncio
import contextlib
from typing import ClassVar

from bot.domain import Delivery, NotSent, SendResult, SourceGone, Uncertain
from bot.ports import Sender

RETRY_DELAY = 10.0
"""Seconds until the next try of what may be tried again."""
MOMENT = 5.0
"""Seconds in which a connection is made, if it can be made at all."""


class ConnectedPlatform:
    """The sending half of a platform adapter. While there is no connection, nothing is sent and all is tried again."""

    title: ClassVar[str]
    """Its name, as people write it."""

    def __init__(self) -> None:
        """Not connected yet."""
        self._refused: str | None = None
        """Why no connection is tried any more."""
        self._sender: Sender | None = None
        self._up = asyncio.Event()

    async def source_gone(self, delivery: Delivery) -> SourceGone | NotSent | None:
        """See `bot.ports.Sender`."""
        sender = await self._open()
        return await sender.source_gone(delivery) if sender else NotSent(reason=self._away(), retry_after=0)

    async def deliver(self, delivery: Delivery) -> SendResult:
        """See `bot.ports.Sender`."""
        sender = await self._open()
        return await sender.deliver(delivery) if sender else NotSent(reason=self._away(), retry_after=0)

    async def look_up(self, delivery: Delivery) -> SendResult:
        """See `bot.ports.Sender`."""
        sender = await self._open()
        return await sender.look_up(delivery) if sender else Uncertain(reason=self._away(), retry_after=0, asked=False)

    def _connected(self, sender: Sender) -> None:
        self._sender = sender
        self._up.set()

    def _disconnected(self) -> None:
        self._sender = None
        self._up.clear()

    async def _open(self) -> Sender | None:
        """What sends. After a start the outbox is the first to be ready: a connection in the making is waited for."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0 if self._refused else MOMENT):
                await self._up.wait()
        return self._sender

    def _away(self) -> str:
        return f"The bot is not connected to {self.title} right now."
