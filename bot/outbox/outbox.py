"""Sends approved replies. Only a text whose seal matches a yes is sent, and no outcome is ever guessed."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import FIRST_COMPLETED, FIRST_EXCEPTION
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.circuit import Circuit
from bot.domain import BY_FAN, Cause, Delivery, DeliveryState, NotSent, SendResult, Sent, SourceGone, Uncertain, seal
from bot.errors import StoreError
from bot.events import Happened
from bot.hops import Hop, hop
from bot.ports import Clock, PlatformAdapter, Probed
from bot.queue import consents, facts, hold, moves, voids
from bot.settings import Settings
from bot.stopping import GRACE, finished
from bot.store import Connection, Store, deliveries, drafts, holds
from bot.store import consents as asked
from responders.pipeline import Pipeline

log = structlog.get_logger()

IN_FLIGHT = 8
"""Most deliveries of one platform in flight at a time: a slow one holds up no other."""
LEASE = timedelta(seconds=60)
"""If the outcome of a delivery is not noted by then, a crash cut it off, and it is looked up."""
LIMIT = 57.0
"""Seconds for one try, which ends before its lease."""
POLL = 1.0
"""Seconds between two looks without a signal, and between two tries to store a receipt."""
GIVE_UP_AFTER = 5
"""After so many look-ups without an answer a person decides."""
LONGEST_PAUSE = 60.0
"""Most seconds between two tries to send."""
LONGEST_WAIT = timedelta(minutes=15)
"""The longest wait that a platform may ask for. Only the undo window may be longer."""
MOST_FAILURES = 5
"""After so many tries in a row without an answer a platform rests."""
FIRST_REST, LONGEST_REST = timedelta(seconds=10), timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Resting:
    """A platform that does not answer and is left alone until a moment, which may just be over."""

    platform: str
    why: str
    until: datetime
    waiting: int
    """Deliveries that are due and wait for it."""


@dataclass(kw_only=True, slots=True)
class _Flight:
    """What was claimed for a platform, by the ids of the deliveries."""

    sending: dict[str, asyncio.Task[tuple[Delivery, SendResult] | None]] = field(default_factory=dict)
    """Until what the platform answered is about to be noted."""
    noting: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    more: bool = False
    """Whether the last claim took all that there was room for, so that more are probably due."""
    look_at: datetime | None = None
    """When to look again if the last turn claimed none; None: when a signal comes."""
    changed: Callable[[], None] = lambda: None
    """Called when there may be room again."""

    @property
    def tasks(self) -> list[asyncio.Task[Any]]:
        """All that has not ended, and what has landed."""
        return [*self.sending.values(), *self.noting.values()]

    @property
    def busy(self) -> tuple[str, ...]:
        """Those that must not be claimed again."""
        return (*self.sending, *self.noting)

    @property
    def under_way(self) -> int:
        """How many take up room. Those that have landed do not: they are noted with the next claim, or before it."""
        return sum(not task.done() for task in self.sending.values()) + len(self.noting)

    def noted(self, task: asyncio.Task[None]) -> None:
        """Make room for another."""
        del self.noting[task.get_name()]
        _failed(task)
        self.changed()


class Outbox:
    """Claims deliveries that are due and hands them to their platforms. Platforms do not wait for each other."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Clock,
        platforms: Mapping[str, PlatformAdapter],
        pipeline: Callable[[], Pipeline],
        *,
        sends: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """`platforms` by name; a delivery for any other waits. `pipeline` gives the one in use. `sends`: whether this
        process sends to a platform now, and not another one in its place."""
        self._store = store
        self._settings = settings
        self._clock = clock
        self._platforms = platforms
        self._pipeline = pipeline
        self._sends = sends
        self._longest = max(LONGEST_WAIT, timedelta(seconds=settings.replies.undo_seconds))
        self._circuits = {
            name: Circuit(name, clock, most=MOST_FAILURES, first=FIRST_REST, longest=LONGEST_REST) for name in platforms
        }
        self._waiting: dict[str, int] = {}
        """Platform that does not answer -> its deliveries that are due."""

    def resting(self) -> list[Resting]:
        """The platforms that do not answer and are left alone for now. Knows only what this process sends to."""
        return [
            Resting(platform=name, why=circuit.why, until=circuit.until, waiting=self._waiting.get(name, 0))
            for name, circuit in self._circuits.items()
            if circuit.until and (circuit.resting or self._waiting.get(name))
        ]

    async def run(self) -> None:
        """Send until cancelled; deliveries in flight are then finished and noted. Raises what the store raises."""
        lanes = [asyncio.create_task(self._lane(platform)) for platform in self._platforms]
        try:
            ended, _ = await asyncio.wait(lanes, return_when=FIRST_EXCEPTION)
            for lane in ended:
                lane.result()
        finally:  # once only: a second cancel would cut off what is being finished
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)

    async def _lane(self, platform: str) -> None:
        with self._store.signal(Happened.REPLY_HELD, Happened.REPLY_RETRIED) as signal:
            flight = _Flight(changed=signal.set)
            try:
                while True:
                    room = self._room(platform, flight)
                    claimed = await finished(self._turn(platform, flight))
                    flight.more = 0 < room <= claimed
                    if not self._room(platform, flight):
                        await signal.wait(POLL)
                    elif not claimed:
                        await signal.wait(self._pause(flight))
            finally:
                await self._finish(flight)

    def _room(self, platform: str, flight: _Flight) -> int:
        return self._circuits[platform].room(IN_FLIGHT, flight.under_way)

    def _pause(self, flight: _Flight) -> float:
        longest = self._store.sweep(POLL)
        if flight.look_at is None:
            return longest
        return min(longest, max(0.01, (flight.look_at - self._clock.now()).total_seconds()))

    async def once(self) -> int:
        """Send everything that is due now. Returns how many deliveries were handled."""
        ended = await asyncio.gather(*(self._empty(platform) for platform in self._platforms), return_exceptions=True)
        for error in ended:
            if isinstance(error, BaseException):
                raise error
        return sum(count for count in ended if isinstance(count, int))

    async def _empty(self, platform: str) -> int:
        flight, handled = _Flight(), 0
        try:
            while True:
                under_way = flight.tasks  # what these make due may be noted just after the turn has looked
                started = await finished(self._turn(platform, flight))
                handled += started
                if not (started or under_way):
                    break
                # One that cannot be noted must not cut off the others while they are being sent.
                ended = await asyncio.gather(*flight.tasks, return_exceptions=True)
                for error in ended:
                    if isinstance(error, Exception):
                        raise error
        finally:
            await self._finish(flight)
        return handled

    async def _turn(self, platform: str, flight: _Flight) -> int:
        """Begin to note what has landed, claim as many due deliveries as there is room for, and start them. Returns how
        many. Where more are known to wait, notes and claim share a commit: both are asked for at once."""
        now, room = self._clock.now(), self._room(platform, flight)
        busy = flight.busy
        self._land(flight)
        if not self._sends(platform):
            flight.look_at = now + timedelta(seconds=POLL)
            return 0
        if self._circuits[platform].trying:
            waiting = await self._store.read(lambda c: deliveries.count_due(c, now, platform, self._longest))
            self._waiting[platform] = waiting
        if not room:
            flight.look_at = now
            return 0
        due = now if flight.more else await self._store.read(lambda c: self._next_due(c, now, platform))
        flight.look_at = due
        if due is None or due > now:
            return 0
        if await self._still_silent(platform):
            return 0
        claiming = self._store.write(lambda c: self._claim(c, now, platform, room, busy))
        claimed = await asyncio.create_task(claiming)  # a task, so that it comes right behind the notes
        for delivery, cut_off in claimed:
            task = asyncio.create_task(self._handle(delivery, cut_off), name=delivery.id)
            flight.sending[delivery.id] = task
            task.add_done_callback(lambda _: self._landed(flight))
        return len(claimed)

    def _next_due(self, connection: Connection, now: datetime, platform: str) -> datetime | None:
        return deliveries.next_due(connection, now, platform, self._longest)

    def _landed(self, flight: _Flight) -> None:
        """A platform has answered. Where more deliveries wait, this is noted with the next claim."""
        if flight.more:
            flight.changed()
        else:
            self._land(flight)

    def _land(self, flight: _Flight) -> None:
        """Begin to note what the platform has answered."""
        for delivery_id, task in [*flight.sending.items()]:
            if task.done():
                del flight.sending[delivery_id]
                tried = None if _failed(task) else task.result()
                if tried:
                    noting = asyncio.create_task(self._keep(*tried), name=delivery_id)
                    flight.noting[delivery_id] = noting
                    noting.add_done_callback(flight.noted)

    async def _finish(self, flight: _Flight) -> None:
        """Let deliveries in flight end, and note them. What takes too long is cut off, as in a crash."""
        flight.more = False
        self._land(flight)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                while flight.tasks:
                    await asyncio.wait(flight.tasks)
        left = flight.tasks
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _still_silent(self, platform: str) -> bool:
        """After a rest a platform is asked something harmless first, if it has that: no reply is risked."""
        circuit, adapter = self._circuits[platform], self._platforms[platform]
        why = await adapter.probe() if circuit.trying and isinstance(adapter, Probed) else None
        if why:
            circuit.failed(why)
        return bool(why)

    def _claim(
        self, connection: Connection, now: datetime, platform: str, room: int, busy: Collection[str]
    ) -> list[tuple[Delivery, bool]]:
        claimed = deliveries.lease(
            connection,
            now,
            platform,
            limit=room,
            until=now + LEASE,
            longest=self._longest,
            busy=busy,
            session=self._store.session,
        )
        ready, on_hold = [], bool(claimed) and holds.current(connection) is not None
        for delivery, cut_off in claimed:
            if cut_off or self._may_go(connection, delivery, now, on_hold=on_hold):
                ready.append((_with_buttons(connection, delivery), cut_off))
                moves.append_event(connection, Happened.REPLY_SENDING, delivery, now, attempt=delivery.attempts)
        return ready

    def _may_go(self, connection: Connection, delivery: Delivery, now: datetime, *, on_hold: bool) -> bool:
        """The last check: text, target and manager are those of a yes, and the post is as it was."""
        gone = voids.since(connection, delivery, now) if delivery.kind == "send" else None
        if gone:
            voids.withdraw(connection, delivery, gone, now)
            return False
        if delivery.kind != "remove" and on_hold:
            hold.take_back(connection, delivery, now)
            return False
        if delivery.kind == "send" and self._outdated(connection, delivery, now):
            return False
        fault = self._unsealed(connection, delivery)
        if fault:
            log.error("reply_refused", delivery_id=delivery.id, why=fault)
            deliveries.move(connection, delivery, DeliveryState.FAILED, error=fault, lease_until=None)
            moves.append_event(connection, Happened.REPLY_FAILED, delivery, now, why="seal")
            return False
        return True

    def _outdated(self, connection: Connection, delivery: Delivery, now: datetime) -> bool:
        """True if a fact in it has changed; then the yes is taken back."""
        draft = drafts.get(connection, delivery.draft_id)
        today = self._settings.community.local(now).date()
        names = facts.outdated(draft, self._pipeline().library.facts, today) if draft else ()
        if draft and names:
            moves.recall_delivery(connection, delivery, now, Cause.FACT_CHANGED)
            facts.renew(connection, draft, names, now)
        return bool(names)

    def _unsealed(self, connection: Connection, delivery: Delivery) -> str | None:
        """Why this is not what was approved; None if it is."""
        decision = drafts.decision(connection, delivery.decision_id)
        sealed = seal(delivery.text or "", delivery.target)
        if decision is None or decision.seal != sealed or delivery.seal != sealed:
            return "The text or its target is not what was approved; nothing was sent."
        taken_back = decision.by == BY_FAN and delivery.kind == "remove"
        if decision.by != delivery.approved_by or not (taken_back or self._settings.may_decide(decision.by)):
            return f"{decision.by} is not a manager any more; nothing was sent."
        return None

    async def _handle(self, delivery: Delivery, cut_off: bool) -> tuple[Delivery, SendResult] | None:
        """Send it, or look it up. Returns what the platform answered; None where another process may take over."""
        platform = self._platforms[delivery.target.platform]
        try:
            async with asyncio.timeout(LIMIT):
                sending = asyncio.create_task(self._send(platform, delivery, cut_off))
                result = await self._unless_lost(sending)
        except TimeoutError:
            why = f"{platform.name} gave no answer within {LIMIT:.0f} seconds; look whether it arrived."
            result = Uncertain(reason=why, unanswered=True)
        except Exception:  # the adapter promised not to raise: nobody knows whether it was sent
            log.exception("send_failed", delivery_id=delivery.id, platform=platform.name)
            result = Uncertain(reason="Something went wrong in Greenroom while sending; look whether it arrived.")
        if result is None:
            return None
        self._answered(platform.name, result)
        return delivery, result

    def _answered(self, platform: str, result: SendResult) -> None:
        """Whether the platform answers. A refusal says nothing: many are known without asking it."""
        circuit = self._circuits[platform]
        if isinstance(result, Sent):
            circuit.well()
        elif isinstance(result, NotSent | Uncertain) and result.unanswered:
            circuit.failed(result.reason)

    async def _unless_lost(self, sending: asyncio.Task[SendResult]) -> SendResult | None:
        """What the platform answers; None when another process may take over: then the try is broken off, as in a
        crash."""
        lost = asyncio.create_task(self._store.lost())
        try:
            await asyncio.wait((sending, lost), return_when=FIRST_COMPLETED)
            return sending.result() if sending.done() else None
        finally:
            for task in (sending, lost):
                task.cancel()
            await asyncio.gather(sending, lost, return_exceptions=True)

    async def _keep(self, delivery: Delivery, result: SendResult) -> None:
        """Store what the platform answered. Only this task knows it, so it tries until it succeeds."""
        told = False
        while True:
            now = self._clock.now()
            try:
                await self._store.write_many(self._note_all, (delivery, result, now))
            except StoreError as error:
                if not told:
                    log.warning("receipt_not_kept", delivery_id=delivery.id, why=str(error))
                told = True
                await asyncio.sleep(POLL)
            else:
                return

    async def _send(self, platform: PlatformAdapter, delivery: Delivery, cut_off: bool) -> SendResult:
        if cut_off:
            found = await platform.look_up(delivery)
            if isinstance(found, NotSent):
                return NotSent(reason=found.reason, retry_after=found.retry_after or 0, full=True)
            return found
        with hop(Hop.SEND, post_id=delivery.post_id, draft_id=delivery.draft_id, delivery_id=delivery.id):
            gone = await platform.source_gone(delivery) if delivery.kind == "send" else None
            return gone or await platform.deliver(delivery)

    def _note_all(self, connection: Connection, tries: Collection[_Try]) -> list[None]:
        """Store the outcomes of tries, but for those that another process has noted already."""
        known = deliveries.some(connection, [delivery.id for delivery, _, _ in tries])
        current = [(known.get(delivery.id), delivery, result, now) for delivery, result, now in tries]
        ours = [(now_is, result, now) for now_is, was, result, now in current if now_is and _same_claim(now_is, was)]
        arrived = [(one, now, result.external_id) for one, result, now in ours if isinstance(result, Sent)]
        deliveries.sent(connection, arrived)
        for delivery, now, _ in arrived:
            moves.change_reply(connection, delivery)
            consents.arrived(connection, delivery, now)
            done = {"send": Happened.REPLY_SENT, "correct": Happened.REPLY_CORRECTED}
            moves.append_event(connection, done.get(delivery.kind, Happened.REPLY_REMOVED), delivery, now)
        for delivery, result, now in ours:
            if not isinstance(result, Sent):
                self._note(connection, delivery, result, now)
        return [None] * len(tries)

    def _note(
        self, connection: Connection, current: Delivery, result: NotSent | Uncertain | SourceGone, now: datetime
    ) -> None:
        gone = voids.since(connection, current, now) if current.kind == "send" else None
        if isinstance(result, NotSent) and gone:
            result = SourceGone(cause=gone)
        waited = self._waited(connection, current, now)
        late = waited >= self._settings.replies.expire_after
        match result:
            case NotSent(reason=reason, retry_after=float() | int() as asked, full=full) if not late:
                wait = min(LONGEST_WAIT, timedelta(seconds=asked)) if full else _pause_of(asked, waited)
                again = {"due_at": now + wait, "error": reason, "lease_until": None, "attempts": 0}
                deliveries.move(connection, current, DeliveryState.HELD, **again)
                moves.append_event(connection, Happened.REPLY_DELAYED, current, now, seconds=wait.total_seconds())
            case NotSent(reason=reason, retry_after=asked):
                error = reason if asked is None else f"{reason} It was tried for as long as a draft may wait."
                deliveries.move(connection, current, DeliveryState.FAILED, error=error, lease_until=None)
                moves.append_event(connection, Happened.REPLY_FAILED, current, now)
            case Uncertain(reason=reason, retry_after=float() | int(), asked=False) if not late:
                again_at, looks = now + _pause_of(0, waited), current.attempts - 1
                deliveries.ask_later(connection, current, again_at, reason, looks)
            case Uncertain(reason=reason, retry_after=float() | int() as asked) if current.attempts < GIVE_UP_AFTER:
                again_at = now + min(LONGEST_WAIT, timedelta(seconds=asked))
                deliveries.ask_later(connection, current, again_at, reason, current.attempts)
            case Uncertain(reason=reason):
                deliveries.move(connection, current, DeliveryState.UNCERTAIN, error=reason, lease_until=None)
                moves.append_event(connection, Happened.REPLY_UNCERTAIN, current, now)
            case SourceGone(cause=cause):
                voids.withdraw(connection, current, cause, now)

    def _waited(self, connection: Connection, delivery: Delivery, now: datetime) -> timedelta:
        """How long ago the yes was."""
        decision = drafts.decision(connection, delivery.decision_id)
        return now - (decision.at if decision else delivery.created_at)


_Try = tuple[Delivery, SendResult, datetime]
"""A delivery as it was claimed, what its platform answered, and when."""


def _with_buttons(connection: Connection, delivery: Delivery) -> Delivery:
    """A question to a fan, or its new words, with what they can press under it."""
    consent = asked.asked_by_draft(connection, delivery.draft_id) if delivery.kind != "remove" else None
    if consent is None:
        return delivery
    return replace(delivery, ask_id=consent.id, buttons=consents.shown(connection, consent))


def _same_claim(current: Delivery, delivery: Delivery) -> bool:
    same = (current.attempts, current.lease_until) == (delivery.attempts, delivery.lease_until)
    return same and current.state is DeliveryState.SENDING


def _pause_of(asked: float, waited: timedelta) -> timedelta:
    """The pause before the next try: a quarter of the time that it has waited already."""
    return timedelta(seconds=min(LONGEST_PAUSE, max(1.0, asked, waited.total_seconds() / 4)))


def _failed(task: asyncio.Task[Any]) -> bool:
    """Whether it broke off. Its delivery is claimed again when its lease is over."""
    if task.cancelled():
        return True
    if error := task.exception():
        log.error("delivery_failed", delivery_id=task.get_name(), exc_info=error)
    return error is not None
