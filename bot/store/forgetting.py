"""Forgetting a fan, however much they wrote: in small groups, between which others' writes go, and to the end."""

from __future__ import annotations

from datetime import datetime

from bot.store import changes, fans
from bot.store.store import Store


async def forget(store: Store, platform: str, fan_id: str, at: datetime) -> None:
    """Erase everything about a fan; what waits for them is withdrawn. Returns once it is gone from the disk."""
    await store.write(lambda c: fans.begin_forgetting(c, platform, fan_id, at))
    await _go_on(store, platform, fan_id, at)


async def finish(store: Store, at: datetime) -> None:
    """Go on with what a crash cut off."""
    for platform, fan_id in await store.read(fans.being_forgotten):
        await _go_on(store, platform, fan_id, at)


async def _go_on(store: Store, platform: str, fan_id: str, at: datetime) -> None:
    while await store.write(lambda c: changes.forget_some(c, platform, fan_id, at)):
        pass
    await store.checkpoint()
