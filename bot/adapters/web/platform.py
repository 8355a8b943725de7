"""The platform that is our own database: a reply is delivered as soon as it is stored."""

from __future__ import annotations

import asyncio

from bot.domain import Delivery, NotSent, SendResult, Sent, SourceGone

NAME = "web"


class WebPlatform:
    """Posts come in through the API, replies are read from the store."""

    name = NAME
    text_limit = 4096

    async def run(self) -> None:
        """Wait: the web server hands posts to the intake itself."""
        await asyncio.Event().wait()

    async def source_gone(self, delivery: Delivery) -> SourceGone | None:
        """Never: the outbox has looked at the store, and there is nowhere else to look."""

    async def deliver(self, delivery: Delivery) -> SendResult:
        """Sent at once; a reply is known by its own id."""
        return Sent(external_id=delivery.reply_id)

    async def look_up(self, delivery: Delivery) -> SendResult:
        """After a crash: sending again does no harm, the row is the message."""
        return NotSent(reason="the process stopped before it was noted", retry_after=0)
