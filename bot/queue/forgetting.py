"""Forgets a fan, however much they wrote: in small groups, so that others can write in between."""

from __future__ import annotations

from datetime import datetime

from bot.domain import Cause
from bot.queue import moves, retention
from bot.store import Connection, Store, drafts, fans
from responders.types import ReasonCode


async def forget(store: Store, platform: str, fan_id: str, at: datetime) -> None:
    """Erase everything about a fan and withdraw their drafts. Returns once all is gone from the disk."""
    await store.write(lambda c: fans.begin_forgetting(c, platform, fan_id, at))
    await _go_on(store, platform, fan_id, at)


async def finish(store: Store, at: datetime) -> None:
    """Go on after a crash."""
    for platform, fan_id in await store.read(fans.being_forgotten):
        await _go_on(store, platform, fan_id, at)


async def _go_on(store: Store, platform: str, fan_id: str, at: datetime) -> None:
    while await store.write(lambda c: _forget_some(c, platform, fan_id, at)):
        pass
    await store.checkpoint()


def _forget_some(connection: Connection, platform: str, fan_id: str, at: datetime) -> bool:
    """Forget a group of a fan's posts, and withdraw their drafts. False if nothing is left."""
    ids = fans.some_posts(connection, platform, fan_id)
    if not ids:
        fans.end_forgetting(connection, platform, fan_id, at)
        retention.forgotten(connection, at)
        return False
    for draft in drafts.of_posts(connection, ids, drafts.IN_USE):
        moves.end(connection, draft, Cause.FORGOTTEN, at)
    fans.drop_echoes(connection, ids)
    fans.drop_words(connection, ids, ReasonCode.OPTED_OUT, "The fan asked to be forgotten.", anonymous=True)
    return True
