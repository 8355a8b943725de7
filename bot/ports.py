"""Interfaces that have more than one implementation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from bot.domain import Delivery, NotSent, SendResult, SourceGone
from responders.types import Attachment


class Clock(Protocol):
    """The time, so that tests can move it."""

    def now(self) -> datetime:
        """Aware, in UTC."""
        ...


class Sender(Protocol):
    """Sends replies to one platform. SDK objects stop here."""

    async def source_gone(self, delivery: Delivery) -> SourceGone | NotSent | None:
        """Look at the post on the platform, right before sending. None if it is there and unchanged.

        NotSent if the platform cannot be asked now: without this look nothing is sent.
        """
        ...

    async def deliver(self, delivery: Delivery) -> SendResult:
        """Send, correct or remove, as `delivery.kind` says. Must not raise for an answer of the platform."""
        ...

    async def look_up(self, delivery: Delivery) -> SendResult:
        """Find out whether a delivery arrived after a crash in `deliver`. `Uncertain` if the platform cannot tell."""
        ...


class PlatformAdapter(Sender, Protocol):
    """Reads posts from one platform and sends replies to it. SDK objects stop here."""

    name: str
    """The `platform` of its posts."""
    text_limit: int
    """The longest reply the platform takes, in UTF-16 units: what most people would call characters."""

    async def run(self) -> None:
        """Hand posts, edits and deletions to the intake until cancelled. If it raises, it is restarted with backoff."""
        ...


@runtime_checkable
class Watched(Protocol):
    """A platform adapter that knows whether its platform answers. Any other counts as ready while it runs."""

    def is_ready(self) -> bool:
        """True while the platform answers."""
        ...


@runtime_checkable
class Probed(Protocol):
    """A platform adapter that can ask its platform something that changes nothing."""

    async def probe(self) -> str | None:
        """Why the platform does not answer now, in a sentence; None if it does."""
        ...


@runtime_checkable
class Linked(Protocol):
    """A platform adapter that knows where its messages and pictures can be opened."""

    async def picture_address(self, picture: Attachment) -> str | None:
        """Where a picture of a post can be read now; None where it cannot.

        For our server alone: the address may hold a secret, so it is never stored, logged or shown.
        """
        ...

    def message_link(self, channel: str, message_id: str) -> str | None:
        """An address that opens a message for those who may read it; None where there is none."""
        ...


class Surface(Protocol):
    """A place that shows managers their cards and takes their presses. A card is a view of one draft."""

    name: str

    async def run(self) -> None:
        """Keep every card in line with its draft, from the start and after each event, until cancelled."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One line of `greenroom doctor`. `ok` is None for a note that is neither good nor bad. `fix` says what to do."""

    name: str
    ok: bool | None
    result: str
    fix: str = ""
