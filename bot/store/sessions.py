"""Sessions of the console. A row is kept until the session ends; it has a hash of the id."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from bot.store.tables import sessions


def begin(connection: Connection, sid: str, manager: str, now: datetime, *, drop_before: datetime) -> None:
    """Store a new session, and drop those from before `drop_before`: their cookies have expired."""
    connection.execute(delete(sessions).where(sessions.c.at < drop_before))
    connection.execute(insert(sessions), {"sid_hash": _hash(sid), "manager": manager, "at": now})


def stands(connection: Connection, sid: str, manager: str) -> bool:
    """True until the session has ended."""
    found = select(sessions.c.sid_hash).where(sessions.c.sid_hash == _hash(sid), sessions.c.manager == manager)
    return connection.execute(found).first() is not None


def end(connection: Connection, sid: str) -> None:
    """End one session."""
    connection.execute(delete(sessions).where(sessions.c.sid_hash == _hash(sid)))


def end_all(connection: Connection, manager: str) -> None:
    """End every session of a manager."""
    connection.execute(delete(sessions).where(sessions.c.manager == manager))


def keep_only(connection: Connection, managers: Collection[str]) -> None:
    """End the sessions of everybody else. Who was taken out of config.yaml must not come back with an old cookie when
    their key is used again."""
    connection.execute(delete(sessions).where(sessions.c.manager.not_in(managers)))


def _hash(sid: str) -> str:
    return hashlib.sha256(sid.encode()).hexdigest()
