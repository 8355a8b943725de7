"""The crisis hold: while it lasts, nothing is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from bot.events import Happened
from bot.store import events
from bot.store.ids import new_id
from bot.store.tables import holds


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """Who holds everything back, since when and why."""

    id: str
    by: str
    at: datetime
    reason: str


def current(connection: Connection) -> Hold | None:
    """The hold that lasts now, or None."""
    row = connection.execute(select(holds).where(holds.c.lifted_at.is_(None)).limit(1)).first()
    return Hold(id=row.id, by=row.by, at=row.at, reason=row.reason) if row else None


def begin(connection: Connection, by: str, reason: str, at: datetime) -> bool:
    """Begin a hold. False if one lasts already."""
    if current(connection):
        return False
    connection.execute(insert(holds), {"id": new_id(), "by": by, "at": at, "reason": reason})
    events.append(connection, Happened.HOLD_BEGAN, at, by=by, reason=reason)
    return True


def lift(connection: Connection, by: str, at: datetime) -> bool:
    """End the hold. False if there is none."""
    lasting = update(holds).where(holds.c.lifted_at.is_(None)).values(lifted_by=by, lifted_at=at)
    if not connection.execute(lasting).rowcount:
        return False
    events.append(connection, Happened.HOLD_LIFTED, at, by=by)
    return True
