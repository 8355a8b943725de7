"""Telegram's queue of updates for one bot: a true long poll, which only an offset empties."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from tests.fakes.telegram.rules import Refusal

Json = dict[str, Any]
NOT_BY_DEFAULT = {"chat_member", "message_reaction", "message_reaction_count"}


class Updates:
    """What happened and was not confirmed yet."""

    def __init__(self) -> None:
        self.waiting: list[Json] = []
        self.allowed: frozenset[str] | None = None
        """As last asked for; None: everything that comes unasked."""
        self.webhook = ""
        """Where another program has the updates sent to, which ends all polling."""
        self.polls = 0
        """How many polls began."""
        self.confirmed = 0
        """Every update with a smaller id was confirmed."""
        self._next = 870_000_001
        self._rung = asyncio.Event()
        self._polling: asyncio.Event | None = None

    def emit(self, kind: str, what: Any) -> int | None:
        """Something happened; the number of its update, None for a kind that the bot does not want."""
        unwanted = kind in NOT_BY_DEFAULT if self.allowed is None else kind not in self.allowed
        return None if unwanted else self.push({kind: what})

    def push(self, update: Json) -> int:
        """An update as it is, whatever it is."""
        number, self._next = self._next, self._next + 1
        self.waiting.append({"update_id": number, **update})
        self._rung.set()
        return number

    @property
    def is_polled(self) -> bool:
        """Is somebody waiting right now?"""
        return self._polling is not None

    async def poll(self, asked: Json) -> list[Json]:
        """getUpdates. Raises Refusal for the poller that another one drives away, and while there is a webhook."""
        if self.webhook:
            raise Refusal(409, "Conflict: can't use getUpdates method while webhook is active")
        if "allowed_updates" in asked:
            self.allowed = frozenset(asked["allowed_updates"]) or None
        self._confirm(asked.get("offset", 0))
        self.polls += 1
        if self._polling:
            self._polling.set()
        self._polling = driven_away = asyncio.Event()
        try:
            await self._wait(asked.get("timeout", 0), driven_away)
        finally:
            if self._polling is driven_away:
                self._polling = None
        return self.waiting[: max(1, min(asked.get("limit", 100), 100))]

    async def _wait(self, seconds: float, driven_away: asyncio.Event) -> None:
        deadline = asyncio.get_running_loop().time() + seconds
        while not self.waiting:
            self._rung.clear()
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0 or not await _either((self._rung, driven_away), left):
                return
            if driven_away.is_set():
                break
        if driven_away.is_set():
            raise Refusal(
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
            )

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            offset = next((one["update_id"] for one in self.waiting[offset:]), 0)
        self.waiting = [one for one in self.waiting if one["update_id"] >= offset]
        self.confirmed = max(self.confirmed, offset)


async def _either(events: Iterable[asyncio.Event], seconds: float) -> bool:
    """Until one of them is set; False when none was in time."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        done, _ = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return bool(done)
