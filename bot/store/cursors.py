"""How far each channel has been read. Everything up to its cursor is stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, select

from bot.store.posts import insert_ignore
from bot.store.tables import cursors

RETENTION, STOPPED = "retention", "stopped"
"""`platform` and `channel` for notes about retention: the second says why nothing is dropped."""


def load(connection: Connection, platform: str) -> dict[str, str]:
    """Channel -> the position up to which it is stored."""
    rows = connection.execute(select(cursors.c.channel, cursors.c.position).where(cursors.c.platform == platform))
    return {row.channel: row.position for row in rows}


def save(connection: Connection, platform: str, positions: Mapping[str, str], at: datetime) -> None:
    """Store new positions."""
    for channel, position in positions.items():
        key = {"platform": platform, "channel": channel}
        connection.execute(insert_ignore(connection, cursors), {**key, "position": position, "at": at})
        here = (cursors.c.platform == platform, cursors.c.channel == channel)
        connection.execute(cursors.update().where(*here).values(position=position, at=at))


def fresh(connection: Connection, platform: str, channel: str, since: datetime) -> int | None:
    """A position that was stored after `since`, as a number; None if there is none."""
    here = (cursors.c.platform == platform, cursors.c.channel == channel, cursors.c.at > since)
    found = connection.execute(select(cursors.c.position).where(*here)).scalar_one_or_none()
    return None if found is None else int(found)


def forget(connection: Connection, platform: str, prefix: str, before: datetime | None = None) -> None:
    """Drop the positions of channels with this prefix; with `before`, only those stored earlier."""
    query = delete(cursors).where(cursors.c.platform == platform, cursors.c.channel.startswith(prefix, autoescape=True))
    connection.execute(query if before is None else query.where(cursors.c.at < before))
