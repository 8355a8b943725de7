"""Leases: only one process may hold each, and it must renew it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, or_, select, update

from bot.store.posts import insert_ignore
from bot.store.tables import leases


def take(
    connection: Connection, name: str, holder: str, now: datetime, until: datetime, *, session: int | None = None
) -> str | None:
    """Take or renew a lease until `until`. None if it is ours now, else who holds it.

    With a `session` it also ends when that process is gone.
    """
    values = {"holder": holder, "until": until, "session": session}
    connection.execute(insert_ignore(connection, leases), {"name": name, **values})
    free = or_(leases.c.holder == holder, leases.c.until <= now)
    mine = update(leases).where(leases.c.name == name, free).values(values)
    if connection.execute(mine).rowcount:
        return None
    return connection.execute(select(leases.c.holder).where(leases.c.name == name)).scalar_one_or_none()


def held_by(connection: Connection, name: str, now: datetime) -> str | None:
    """Who holds a lease; None when it is free."""
    held = select(leases.c.holder).where(leases.c.name == name, leases.c.until > now)
    return connection.execute(held).scalar_one_or_none()


def let_go(connection: Connection, name: str, holder: str) -> None:
    """Give a lease back, if it is ours."""
    connection.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))


def drop(connection: Connection, session: int) -> None:
    """End the leases of a process that is gone."""
    connection.execute(delete(leases).where(leases.c.session == session))


def drop_all(connection: Connection) -> None:
    """End all leases. Only for a database that is ours alone: its holders are gone."""
    connection.execute(delete(leases))
