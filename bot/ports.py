"""What the machinery asks of its parts that have more than one implementation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from bot.domain import Delivery, NotSent, SendResult, SourceGone


class Clock(Protocol):
    """The time, so that tests can move it."""

    def now(self) -> datetime:
        """Aware, in UTC."""
        ...


class Sender(Protocol):
    """Sends replies to one platform. SDK objects stop here."""

    async def source_gone(self, delivery: Delivery) -> SourceGone | NotSent | None:
        """Look once more at the post, on the platform, right before sending; None when all is as it was.

        NotSent when the platform cannot be asked now: without that look nothing is sent.
        """
        ...

    async def deliver(self, delivery: Delivery) -> SendResult:
        """Send, correct or remove as `delivery.kind` says. Must not raise for what the platform answers."""
        ...

    async def look_up(self, delivery: Delivery) -> SendResult:
        """After a crash in the middle of `deliver`: did it arrive? `Uncertain` where the platform cannot tell."""
        ...


class PlatformAdapter(Sender, Protocol):
    """Reads posts from one platform and sends replies to it. SDK objects stop here."""

    name: str
    """The `platform` of its posts."""
    text_limit: int
    """The longest reply the platform takes, in UTF-16 units: what most people would call characters."""

    async def run(self) -> None:
        """Hand posts, edits and deletions to the intake until cancelled. Restarted with backoff when it raises."""
        ...


@runtime_checkable
class Watched(Protocol):
    """A platform adapter that knows whether its platform still answers; another one counts as ready while it runs."""

    def is_ready(self) -> bool:
        """True while it does."""
        ...


class Surface(Protocol):
    """A place that shows managers their cards and takes their presses. A card is a view of one draft's row."""

    name: str

    async def run(self) -> None:
        """Bring every card in line with its draft, after a start and whenever an event rings, until cancelled."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One line of `greenroom doctor`. `ok` None is neither good nor bad: something to know. `fix` says what to do."""

    name: str
    ok: bool | None
    result: str
    fix: str = ""
