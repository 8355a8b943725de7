"""The one audit trail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, select

from bot.events import Event, Happened
from bot.store.tables import events

_INSERT = insert(events)
HAPPENED = "happened"
"""Key of `Connection.info` under which a transaction gathers the names of its events, for the signals."""


def append(
    connection: Connection,
    name: Happened,
    at: datetime,
    *,
    by: str | None = None,
    post_id: str | None = None,
    draft_id: str | None = None,
    delivery_id: str | None = None,
    **data: object,
) -> None:
    """Write one fact. `data` must be free of a fan's words."""
    row = {"at": at, "name": name, "by": by, "post_id": post_id, "draft_id": draft_id, "delivery_id": delivery_id}
    append_many(connection, name, [{**row, "data": data or None}])


def append_many(connection: Connection, name: Happened, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write facts of one name; rows as the table has them."""
    connection.execute(_INSERT, rows)
    connection.info.setdefault(HAPPENED, set()).add(name)


def after(connection: Connection, seq: int, limit: int) -> list[Event]:
    """The facts behind `seq`, oldest first."""
    rows = connection.execute(select(events).where(events.c.seq > seq).order_by(events.c.seq).limit(limit))
    return [_event(row._mapping) for row in rows]


def named(connection: Connection, name: Happened, since: datetime) -> list[Event]:
    """The facts of one name from a moment on, oldest first."""
    chosen = select(events).where(events.c.name == name, events.c.at >= since).order_by(events.c.seq)
    return [_event(row._mapping) for row in connection.execute(chosen)]


def newest(connection: Connection, *names: Happened) -> Event | None:
    """The newest fact of one of these names, or None."""
    chosen = select(events).where(events.c.name.in_(names)).order_by(events.c.seq.desc()).limit(1)
    row = connection.execute(chosen).first()
    return _event(row._mapping) if row else None


def count(connection: Connection, name: Happened) -> int:
    """How often something happened, as far as the trail goes back."""
    return connection.execute(select(func.count()).select_from(events).where(events.c.name == name)).scalar_one()


def last(connection: Connection) -> int:
    """The newest number; 0 when nothing happened yet."""
    return connection.execute(select(func.max(events.c.seq))).scalar() or 0


def drop_before(connection: Connection, moment: datetime) -> int:
    """Delete facts older than `moment`; returns how many."""
    named = events.c.name.in_(list(Happened))  # by name and time, as the index has it
    return connection.execute(delete(events).where(named, events.c.at < moment)).rowcount


def _event(row: RowMapping) -> Event:
    return Event(
        seq=row["seq"],
        at=row["at"],
        name=Happened(row["name"]),
        by=row["by"],
        post_id=row["post_id"],
        draft_id=row["draft_id"],
        delivery_id=row["delivery_id"],
        data=row["data"] or {},
    )
