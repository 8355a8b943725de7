"""Raw updates of a platform that sends each only once. They are kept until they are handled, or become dead letters."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, func, or_, select, update

from bot.events import Happened
from bot.store import cursors, events
from bot.store.posts import insert_ignore
from bot.store.tables import inbox

LONGEST_WHY = 300
"""Characters of an error that are kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """An update that could not be handled."""

    platform: str
    update_id: str
    received_at: datetime
    why: str


def keep(
    connection: Connection,
    platform: str,
    updates: Mapping[str, str],
    *,
    place: str,
    next_: str,
    at: datetime,
    ignored: int = 0,
) -> None:
    """Store updates (id -> JSON), and with them `next_`, the first id to ask for next.

    `place` is the channel of the cursor; `ignored` counts updates of other kinds, which are not stored.
    """
    for _ in range(ignored):
        events.append(connection, Happened.UPDATE_IGNORED, at, platform=platform)
    if updates:
        rows = [{"platform": platform, "update_id": i, "raw": raw, "received_at": at} for i, raw in updates.items()]
        connection.execute(insert_ignore(connection, inbox), rows)
    cursors.save(connection, platform, {place: next_}, at)


def pending(connection: Connection, platform: str) -> list[tuple[str, str]]:
    """(id, JSON) of the updates that are still to be handled, in the order of arrival."""
    order = (inbox.c.received_at, func.length(inbox.c.update_id), inbox.c.update_id)
    query = select(inbox.c.update_id, inbox.c.raw).where(inbox.c.platform == platform, inbox.c.set_aside.is_(None))
    return [(row.update_id, row.raw) for row in connection.execute(query.order_by(*order))]


def done(connection: Connection, platform: str, update_ids: Collection[str]) -> None:
    """Delete updates that are handled."""
    connection.execute(delete(inbox).where(inbox.c.platform == platform, inbox.c.update_id.in_(update_ids)))


def dead_letter(connection: Connection, platform: str, update_ids: Collection[str], why: str, at: datetime) -> None:
    """Set aside updates that could not be handled: a person may look at them; they are not tried again."""
    here = and_(inbox.c.platform == platform, inbox.c.update_id.in_(update_ids))
    connection.execute(update(inbox).where(here).values(set_aside=why[:LONGEST_WHY]))
    for update_id in update_ids:
        events.append(connection, Happened.UPDATE_SET_ASIDE, at, platform=platform, update_id=update_id)


def dead_letters(connection: Connection) -> list[DeadLetter]:
    """The updates that could not be handled, newest first."""
    query = select(inbox).where(inbox.c.set_aside.is_not(None)).order_by(inbox.c.received_at.desc())
    return [
        DeadLetter(platform=row.platform, update_id=row.update_id, received_at=row.received_at, why=row.set_aside)
        for row in connection.execute(query)
    ]


def count(connection: Connection) -> dict[str, int]:
    """How many updates wait to be handled, how many are dead letters, and how many were ignored."""
    query = select(func.count(), func.count(inbox.c.set_aside)).select_from(inbox)
    total, dead = connection.execute(query).one()
    ignored = events.count(connection, Happened.UPDATE_IGNORED)
    return {"pending": total - dead, "set_aside": dead, "ignored": ignored}


def forget(connection: Connection, platform: str, fan_id: str) -> None:
    """Delete dead letters that name a fan. The inbox's `platform` begins with the fan's."""
    connection.execute(delete(inbox).where(_naming(platform, fan_id)))


def of_fan(connection: Connection, platform: str, fan_id: str) -> list[RowMapping]:
    """The dead letters that a fan sent, as rows. Those of others that name the fan are not shown."""
    rows = connection.execute(select(inbox).where(_naming(platform, fan_id))).mappings()
    return [row for row in rows if fan_id in _senders(row["raw"])]


def _naming(platform: str, fan_id: str) -> ColumnElement[bool]:
    here = or_(inbox.c.platform == platform, inbox.c.platform.startswith(f"{platform}:", autoescape=True))
    named = or_(*(inbox.c.raw.contains(f'"id":{fan_id}{end}', autoescape=True) for end in ",}"))
    return and_(here, inbox.c.set_aside.is_not(None), named)


def _senders(raw: str) -> set[str]:
    """Who sent an update: `from` in its message, press or change."""
    told = json.loads(raw)
    parts = told.values() if isinstance(told, dict) else ()
    senders = (part.get("from") for part in parts if isinstance(part, dict))
    return {str(sender.get("id")) for sender in senders if isinstance(sender, dict)}


def drop_before(connection: Connection, moment: datetime) -> None:
    """Delete dead letters from before `moment`: they may hold a fan's words."""
    connection.execute(delete(inbox).where(inbox.c.set_aside.is_not(None), inbox.c.received_at < moment))
