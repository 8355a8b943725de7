"""The audit trail."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, exists, func, insert, select

from bot.events import Event, Happened
from bot.store.tables import drafts, events

_INSERT = insert(events)
APPENDED = "appended"
"""The key of `Connection.info` where an operation collects its events, until `write`."""


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
    """Append an event. `data` must hold no words of a fan. The writer stores it when the operation has run."""
    of = {"post_id": post_id, "draft_id": draft_id, "delivery_id": delivery_id}
    connection.info[APPENDED].append({"at": at, "name": name, "by": by, **of, "data": data or None})


def write(connection: Connection) -> set[str]:
    """Store what was appended, in one statement. Returns the names of the events."""
    rows = connection.info[APPENDED]
    connection.info[APPENDED] = []
    if rows:
        connection.execute(_INSERT, rows)
    return {row["name"] for row in rows}


def after(connection: Connection, seq: int, limit: int) -> list[Event]:
    """The events after `seq`, oldest first."""
    rows = connection.execute(select(events).where(events.c.seq > seq).order_by(events.c.seq).limit(limit))
    return [_event(row._mapping) for row in rows]


def named(connection: Connection, name: Happened, since: datetime) -> list[Event]:
    """The events of one name from a moment on, oldest first."""
    chosen = select(events).where(events.c.name == name, events.c.at >= since).order_by(events.c.seq)
    return [_event(row._mapping) for row in connection.execute(chosen)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """Which events. What is None leaves nothing out."""

    names: Collection[Happened] | None = None
    by: str | None = None
    """A manager's key; empty: what nobody of the team did."""
    since: datetime | None = None
    until: datetime | None = None
    draft_id: str | None = None


def chosen(connection: Connection, only: Filter, limit: int, before: int | None = None) -> list[Event]:
    """The events that pass a filter, newest first; with `before`, those with a smaller number."""
    query = select(events).order_by(events.c.seq.desc()).limit(limit)
    if only.since is not None:
        names = Happened if only.names is None else only.names  # so that the index on name and time is used
        query = query.where(events.c.at >= only.since, events.c.name.in_(list(names)))
    elif only.names is not None:
        # Not by that index: all events with these names would be sorted for one page.
        query = query.where((events.c.name + "").in_(list(only.names)))
    if only.until is not None:
        query = query.where(events.c.at < only.until)
    if only.by is not None:
        query = query.where(events.c.by == only.by if only.by else events.c.by.is_(None))
    if only.draft_id is not None:
        query = query.where(events.c.draft_id == only.draft_id)
        post_id = connection.execute(select(drafts.c.post_id).where(drafts.c.id == only.draft_id)).scalar()
        query = query.where(events.c.post_id == post_id) if post_id else query  # so that the index on posts is used
    if before is not None:
        query = query.where(events.c.seq < before)
    return [_event(row._mapping) for row in connection.execute(query)]


def newest(connection: Connection, *names: Happened) -> Event | None:
    """The newest event with one of these names, or None."""
    chosen = select(events).where(events.c.name.in_(names)).order_by(events.c.seq.desc()).limit(1)
    row = connection.execute(chosen).first()
    return _event(row._mapping) if row else None


def first(connection: Connection, name: Happened) -> datetime | None:
    """When something happened for the first time, as far as the trail goes back; None if never."""
    return connection.execute(select(func.min(events.c.at)).where(events.c.name == name)).scalar()


def count(connection: Connection, name: Happened) -> int:
    """The number of events with a name, as far as the trail goes back."""
    return connection.execute(select(func.count()).select_from(events).where(events.c.name == name)).scalar_one()


def was_done_by(connection: Connection, name: Happened, manager: str) -> bool:
    """True when a manager did this at least once, as far as the trail goes back."""
    done = exists().where(events.c.name == name, events.c.by == manager)
    return bool(connection.execute(select(done)).scalar())


def times_done_by(connection: Connection, names: Collection[Happened], manager: str, most: int) -> int:
    """How often a manager did one of these, as far as the trail goes back, counted up to `most`."""
    done = select(events.c.seq).where(events.c.name.in_(list(names)), events.c.by == manager).limit(most)
    return connection.execute(select(func.count()).select_from(done.subquery())).scalar_one()


def last(connection: Connection) -> int:
    """The newest number; 0 if there is no event."""
    return connection.execute(select(func.max(events.c.seq))).scalar() or 0


def drop_before(connection: Connection, moment: datetime) -> int:
    """Delete events from before `moment`, but for those that say what is on now. Returns how many."""
    lasting = (Happened.ASSISTANT_ON, Happened.ASSISTANT_OFF)
    named = events.c.name.in_([name for name in Happened if name not in lasting])  # so the index on both is used
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
