"""Approved replies on their way out. Nothing goes whose seal does not match a yes; no outcome is ever guessed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from bot.domain import (
    Cause,
    Delivery,
    DeliveryState,
    NotSent,
    SendResult,
    Sent,
    SourceGone,
    Uncertain,
    seal,
)
from bot.events import Happened
from bot.ports import Clock, PlatformAdapter
from bot.settings import Settings
from bot.store import Connection, Store, changes, deliveries, drafts, facts, moves
from responders.pipeline import Pipeline

log = structlog.get_logger()

BATCH = 20
"""Deliveries claimed in one statement."""
LEASE = timedelta(seconds=60)
"""A delivery whose outcome is not noted by then was cut off by a crash, and is looked up."""
POLL = 1.0
"""Seconds between two looks when no bell rings."""
GIVE_UP_AFTER = 5
"""Tries after which a person decides."""


class Outbox:
    """Claims what is due and hands it to the platforms."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Clock,
        platforms: Mapping[str, PlatformAdapter],
        pipeline: Callable[[], Pipeline],
    ) -> None:
        """`platforms` by name; a delivery for one that is not there waits. `pipeline` gives the current good one."""
        self._store = store
        self._settings = settings
        self._clock = clock
        self._platforms = platforms
        self._pipeline = pipeline

    async def run(self) -> None:
        """Until cancelled."""
        with self._store.bell(Happened.REPLY_HELD, Happened.REPLY_RETRIED) as bell:
            while True:
                await self.once()
                await bell.wait(await self._pause())

    async def _pause(self) -> float:
        due = await self._store.read(lambda c: deliveries.next_due(c, tuple(self._platforms)))
        if due is None:
            return POLL
        return min(POLL, max(0.01, (due - self._clock.now()).total_seconds()))

    async def once(self) -> int:
        """Send everything that is due now; returns how many deliveries were handled."""
        handled = 0
        while claimed := await self._claim():
            handled += len(claimed)
            # Each on its own: one that cannot be noted must not cut off the others in the middle of their sending.
            ended = await asyncio.gather(*(self._handle(*one) for one in claimed), return_exceptions=True)
            for error in filter(None, ended):
                raise error
        return handled

    async def _claim(self) -> list[tuple[Delivery, bool]]:
        now = self._clock.now()
        here = tuple(self._platforms)
        if not await self._store.read(lambda c: deliveries.any_due(c, now, here)):
            return []
        return await self._store.write(lambda c: self._lease(c, now, here))

    def _lease(self, connection: Connection, now: datetime, here: tuple[str, ...]) -> list[tuple[Delivery, bool]]:
        ready = []
        for delivery, cut_off in deliveries.lease(connection, now, here, BATCH, LEASE):
            if cut_off or self._may_go(connection, delivery, now):
                ready.append((delivery, cut_off))
                moves.tell(connection, Happened.REPLY_SENDING, delivery, now, attempt=delivery.attempts)
        return ready

    def _may_go(self, connection: Connection, delivery: Delivery, now: datetime) -> bool:
        """The last look: is this the text, the place and the person of a yes, and is the post as it was?"""
        gone = changes.since(connection, delivery, now) if delivery.kind == "send" else None
        if gone:
            changes.withdraw(connection, delivery, gone, now)
            return False
        if delivery.kind == "send" and self._outdated(connection, delivery, now):
            return False
        fault = self._unsealed(connection, delivery)
        if fault:
            log.error("reply_refused", delivery_id=delivery.id, why=fault)
            deliveries.move(connection, delivery, DeliveryState.FAILED, error=fault, lease_until=None)
            moves.tell(connection, Happened.REPLY_FAILED, delivery, now, why="seal")
            return False
        return True

    def _outdated(self, connection: Connection, delivery: Delivery, now: datetime) -> bool:
        """True when a fact that it says has changed: the yes is taken back then."""
        draft = drafts.get(connection, delivery.draft_id)
        names = facts.outdated(draft, self._pipeline().library.facts, now.date()) if draft else ()
        if draft and names:
            moves.recall_delivery(connection, delivery, now, Cause.FACT_CHANGED)
            facts.renew(connection, draft, names, now)
        return bool(names)

    def _unsealed(self, connection: Connection, delivery: Delivery) -> str | None:
        """Why this is not what was approved; None when it is."""
        decision = drafts.decision(connection, delivery.decision_id)
        sealed = seal(delivery.text or "", delivery.target)
        if decision is None or decision.seal != sealed or delivery.seal != sealed:
            return "The text or its target is not what was approved; nothing was sent."
        if decision.by != delivery.approved_by or not self._settings.may_decide(decision.by):
            return f"{decision.by} is not a manager any more; nothing was sent."
        return None

    async def _handle(self, delivery: Delivery, cut_off: bool) -> None:
        platform = self._platforms[delivery.target.platform]
        try:
            async with asyncio.timeout(LEASE.total_seconds()):
                result = await self._send(platform, delivery, cut_off)
        except Exception:  # an adapter broke its promise not to raise: whether it was sent, nobody knows
            log.exception("send_broke", delivery_id=delivery.id, platform=platform.name)
            result = Uncertain(reason="The program stumbled while sending; look whether it arrived.")
        now = self._clock.now()
        await self._store.write(lambda c: self._note(c, delivery, result, now))

    async def _send(self, platform: PlatformAdapter, delivery: Delivery, cut_off: bool) -> SendResult:
        if cut_off:
            found = await platform.look_up(delivery)
            if isinstance(found, NotSent):
                return NotSent(reason=found.reason, retry_after=found.retry_after or 0)
            return found
        gone = await platform.source_gone(delivery) if delivery.kind == "send" else None
        return gone or await platform.deliver(delivery)

    def _note(self, connection: Connection, delivery: Delivery, result: SendResult, now: datetime) -> None:
        """Write what became of a send. Does nothing when another process has already done so."""
        current = deliveries.get(connection, delivery.id)
        if current is None or current.state is not DeliveryState.SENDING or current.attempts != delivery.attempts:
            return
        gone = changes.since(connection, current, now) if current.kind == "send" else None
        if isinstance(result, NotSent) and gone:
            result = SourceGone(cause=gone)
        match result:
            case Sent(external_id=external_id):
                moves.arrived(connection, current, now, external_id)
                done = {"send": Happened.REPLY_SENT, "correct": Happened.REPLY_CORRECTED}
                moves.tell(connection, done.get(current.kind, Happened.REPLY_REMOVED), current, now)
            case NotSent(reason=reason, retry_after=float() | int() as wait, full=full) if (
                full or current.attempts < GIVE_UP_AFTER
            ):
                due, tries = now + timedelta(seconds=wait), current.attempts - full
                again = {"due_at": due, "error": reason, "lease_until": None, "attempts": tries}
                deliveries.move(connection, current, DeliveryState.HELD, **again)
                moves.tell(connection, Happened.REPLY_DELAYED, current, now, seconds=wait)
            case NotSent(reason=reason):
                deliveries.move(connection, current, DeliveryState.FAILED, error=reason, lease_until=None)
                moves.tell(connection, Happened.REPLY_FAILED, current, now)
            case Uncertain(reason=reason, retry_after=float() | int() as wait) if current.attempts < GIVE_UP_AFTER:
                deliveries.ask_later(connection, current, now + timedelta(seconds=wait), reason)
            case Uncertain(reason=reason):
                deliveries.move(connection, current, DeliveryState.UNCERTAIN, error=reason, lease_until=None)
                moves.tell(connection, Happened.REPLY_UNCERTAIN, current, now)
            case SourceGone(cause=cause):
                changes.withdraw(connection, current, cause, now)
