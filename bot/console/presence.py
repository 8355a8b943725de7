"""Who is looking at a card, and who is writing on it: kept in memory for as long as their pages say so."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

FORGET_AFTER = 45.0
"""Seconds without a word of a page; pages speak every 20."""

Doing = Literal["looking", "writing"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Here:
    """A manager on a card, by their key."""

    manager: str
    doing: Doing


@dataclass(frozen=True, kw_only=True, slots=True)
class _Page:
    manager: str
    draft_id: str | None
    doing: Doing
    until: float


class Presence:
    """What the pages of this server said last, one of each session."""

    def __init__(self, *, forget_after: float = FORGET_AFTER, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds that do not run back."""
        self._forget_after = forget_after
        self._clock = clock
        self._pages: dict[str, _Page] = {}
        self._watchers: set[asyncio.Event] = set()

    def say(self, session: str, manager: str, draft_id: str | None, doing: Doing) -> None:
        """A page of this session shows a card, or none."""
        self._drop_silent()
        until = self._clock() + self._forget_after
        self._pages[session] = _Page(manager=manager, draft_id=draft_id, doing=doing, until=until)
        for watcher in self._watchers:
            watcher.set()

    def leave(self, session: str) -> None:
        """The session has ended."""
        if self._pages.pop(session, None):
            for watcher in self._watchers:
                watcher.set()

    def on_cards(self, *, but: str = "") -> dict[str, list[Here]]:
        """Who is on which card, by the draft's id, without the manager `but`. Each manager once, writing if they write
        on any page."""
        self._drop_silent()
        found: dict[str, dict[str, Doing]] = {}
        for page in self._pages.values():
            if page.draft_id is not None and page.manager != but:
                card = found.setdefault(page.draft_id, {})
                card[page.manager] = "writing" if "writing" in (page.doing, card.get(page.manager)) else "looking"
        return {
            draft_id: [Here(manager=name, doing=doing) for name, doing in sorted(card.items())]
            for draft_id, card in sorted(found.items())
        }

    def here(self) -> frozenset[str]:
        """The managers who have a page open."""
        self._drop_silent()
        return frozenset(page.manager for page in self._pages.values())

    @contextlib.contextmanager
    def watch(self) -> Iterator[asyncio.Event]:
        """Set whenever somebody says something. Who falls silent sets nothing: look again after a while."""
        watcher = asyncio.Event()
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.remove(watcher)

    def _drop_silent(self) -> None:
        now = self._clock()
        self._pages = {session: page for session, page in self._pages.items() if page.until > now}
