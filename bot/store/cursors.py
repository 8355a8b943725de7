"""How far each channel has been read: everything up to there is stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from bot.store.posts import insert_ignore
from bot.store.tables import cursors


def load(connection: Connection, platform: str) -> dict[str, str]:
    """Channel -> the position up to which it is stored."""
    rows = connection.execute(select(cursors.c.channel, cursors.c.position).where(cursors.c.platform == platform))
    return {row.channel: row.position for row in rows}


def save(connection: Connection, platform: str, positions: Mapping[str, str], at: datetime) -> None:
    """Note new positions."""
    for channel, position in positions.items():
        key = {"platform": platform, "channel": channel}
        connection.execute(insert_ignore(connection, cursors), {**key, "position": position, "at": at})
        here = (cursors.c.platform == platform, cursors.c.channel == channel)
        connection.execute(cursors.update().where(*here).values(position=position, at=at))
