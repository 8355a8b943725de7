"""Forgets a fan, however much they wrote: in small groups, so that others can write in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.consent import State
from bot.domain import Cause
from bot.queue import consents, moves, retention
from bot.store import Connection, Store, drafts, fans, marks, people
from bot.store import consents as stored
from responders.types import ReasonCode


async def forget(store: Store, platform: str, fan_id: str, at: datetime) -> None:
    """Erase everything about a fan and withdraw their drafts. Returns once all is gone from the disk.

    Accounts that the fan linked are forgotten together.
    """
    for account in await store.write(lambda c: _begin(c, platform, fan_id, at)):
        await _go_on(store, *account, at)


def _begin(connection: Connection, platform: str, fan_id: str, at: datetime) -> list[tuple[str, str]]:
    """Take back every yes, erase what was remembered, and note whose posts are to be forgotten."""
    fan = fans.get(connection, platform, fan_id)
    accounts = people.forget(connection, fan.person_id) if fan.person_id else [(platform, fan_id)]
    for account in accounts:
        if fan.no_assistant:  # it counts on all of them, and they are linked no more
            marks.keep(connection, *account, at)
        for consent in stored.of_fan(connection, *account):
            if consent.state is State.YES:
                consents.save(connection, consent, replace(consent, state=State.WITHDRAWN, ended_at=at), at)
            fans.drop_words_of(connection, stored.drafts_needing(connection, consent.id))
        stored.forget(connection, *account)
        fans.begin_forgetting(connection, *account, at)
    return accounts


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
        stored.forget(connection, platform, fan_id)  # a manager may have asked meanwhile
        fans.end_forgetting(connection, platform, fan_id, at)
        retention.forgotten(connection, at)
        return False
    for draft in drafts.of_posts(connection, ids, drafts.IN_USE):
        moves.end(connection, draft, Cause.FORGOTTEN, at)
    fans.drop_echoes(connection, ids)
    fans.drop_words(connection, ids, ReasonCode.OPTED_OUT, "The fan asked to be forgotten.", anonymous=True)
    return True
