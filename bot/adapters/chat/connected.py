"""Sending through a connection that comes and goes."""

from __future__ import annotations

import asyncio
import contextlib
from typing import ClassVar

from bot.adapters.chat.doctor import no_token
from bot.adapters.chat.parts import Parts
from bot.domain import Delivery, NotSent, SendResult, SourceGone, Uncertain
from bot.errors import GreenroomError
from bot.ports import Sender
from bot.settings import ChatSection

RETRY_DELAY = 10.0
"""Seconds until the next try."""
NO_NUMBER = (
    "Nobody knows which message it is, because a manager said that it arrived; change it or delete it by hand in the "
    "channel."
)
"""For a change to a message whose receipt was lost."""
MOMENT = 5.0
"""Seconds that a sender waits for a connection."""


class ConnectedPlatform:
    """The sending half of a platform. Without a connection nothing is sent, and everything is tried again."""

    section: ClassVar[type[ChatSection]]
    """Its block of config.yaml."""

    def __init__(self, parts: Parts) -> None:
        """Not connected yet."""
        self._parts = parts
        self._refused: str | None = None
        """Why it does not try to connect any more."""
        self._sender: Sender | None = None
        self._up = asyncio.Event()

    async def source_gone(self, delivery: Delivery) -> SourceGone | NotSent | None:
        """See `bot.ports.Sender`."""
        sender = await self._open()
        return await sender.source_gone(delivery) if sender else self._not_sent()

    async def deliver(self, delivery: Delivery) -> SendResult:
        """See `bot.ports.Sender`."""
        sender = await self._open()
        return await sender.deliver(delivery) if sender else self._not_sent()

    async def look_up(self, delivery: Delivery) -> SendResult:
        """See `bot.ports.Sender`."""
        sender = await self._open()
        if sender:
            return await sender.look_up(delivery)
        return Uncertain(reason=self._away(), retry_after=0, asked=False, unanswered=True)

    def _token(self) -> str:
        """Its secret. Raises GreenroomError when there is none, and after the platform has refused it."""
        token = self._parts.settings.token(self.section)
        if token is None:
            raise self._refuse(no_token(self._parts.settings, self.section))
        if self._refused:
            raise GreenroomError(self._refused)
        return token

    def _refuse(self, why: str) -> GreenroomError:
        """Another try would not help: somebody has to do something first."""
        self._refused = why
        return GreenroomError(why)

    def _connected(self, sender: Sender) -> None:
        self._sender = sender
        self._up.set()

    def _disconnected(self) -> None:
        self._sender = None
        self._up.clear()

    async def _open(self) -> Sender | None:
        """What sends. After a start the outbox is ready first, so it waits a moment for the connection."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0 if self._refused else MOMENT):
                await self._up.wait()
        return self._sender

    def _not_sent(self) -> NotSent:
        return NotSent(reason=self._away(), retry_after=0, unanswered=True)

    def _away(self) -> str:
        return f"The bot is not connected to {self.section.title} right now."
