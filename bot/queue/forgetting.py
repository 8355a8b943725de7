"""Forgetting a fan, however much they wrote: in small groups, between which others' writes go, and to the end."""

from __future__ import annotations

from datetime import datetime

from bot.domain import LIVE, Cause, DraftState
from bot.queue import moves
from bot.store import Connection, Store, drafts, fans
from responders.types import ReasonCode


async def forget(store: Store, platform: str, fan_id: str, at: datetime) -> None:
    """Erase everything about a fan; what waits for them is withdrawn. Returns once it is gone from the disk."""
    await store.write(lambda c: fans.begin_forgetting(c, platform, fan_id, at))
    await _go_on(store, platform, fan_id, at)


async def finish(store: Store, at: datetime) -> None:
    """Go on with what a crash cut off."""
    for platform, fan_id in await store.read(fans.being_forgotten):
        await _go_on(store, platform, fan_id, at)


async def _go_on(store: Store, platform: str, fan_id: str, at: datetime) -> None:
    while await store.write(lambda c: _forget_some(c, platform, fan_id, at)):
        pass
    await store.checkpoint()


def _forget_some(connection: Connection, platform: str, fan_id: str, at: datetime) -> bool:
    """Forget a fan's posts, a group at a time; what waits for them is withdrawn first. False when nothing is left."""
    ids = fans.some_posts(connection, platform, fan_id)
    if not ids:
        fans.end_forgetting(connection, platform, fan_id, at)
        return False
    for draft in drafts.of_posts(connection, ids, (*LIVE, DraftState.APPROVED)):
        moves.end(connection, draft, Cause.FORGOTTEN, at)
    fans.drop_echoes(connection, ids)
    fans.drop_words(connection, ids, ReasonCode.OPTED_OUT, "The fan asked to be forgotten.", anonymous=True)
    return True
