"""Sessions of the console. A row is kept until the session ends; it has a hash of the id."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from bot.store.tables import sessions


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredSession:
    """A sign-in that has not ended. `id` is the hash: it names the session, and opens nothing."""

    id: str
    manager: str
    at: datetime
    seen_at: datetime
    device: str
    """In words, such as "Firefox on Android"; empty for a session from before devices were stored."""


def begin(connection: Connection, sid: str, manager: str, device: str, now: datetime, *, drop_before: datetime) -> None:
    """Store a new session, and drop those from before `drop_before`: their cookies have expired."""
    connection.execute(delete(sessions).where(sessions.c.at < drop_before))
    values = {"sid_hash": id_of(sid), "manager": manager, "at": now, "seen_at": now, "device": device}
    connection.execute(insert(sessions), values)


def get(connection: Connection, sid: str, manager: str) -> StoredSession | None:
    """A session of this manager; None once it has ended."""
    found = select(sessions).where(sessions.c.sid_hash == id_of(sid), sessions.c.manager == manager)
    row = connection.execute(found).first()
    return _stored(row) if row else None


def standing(connection: Connection, since: datetime) -> list[StoredSession]:
    """All sessions that began after `since`, those that were seen last first."""
    found = connection.execute(select(sessions).where(sessions.c.at >= since))
    return sorted(map(_stored, found), key=lambda session: (session.seen_at, session.id), reverse=True)


def seen(connection: Connection, sid: str, now: datetime) -> None:
    """Somebody has just used this session."""
    connection.execute(update(sessions).where(sessions.c.sid_hash == id_of(sid)).values(seen_at=now))


def end(connection: Connection, session_id: str) -> StoredSession | None:
    """End one session. Returns it as it was; None if it had ended."""
    row = connection.execute(delete(sessions).where(sessions.c.sid_hash == session_id).returning(sessions)).first()
    return _stored(row) if row else None


def end_all(connection: Connection, manager: str) -> None:
    """End every session of a manager."""
    connection.execute(delete(sessions).where(sessions.c.manager == manager))


def keep_only(connection: Connection, managers: Collection[str]) -> None:
    """End the sessions of everybody else. Who was taken out of config.yaml must not come back with an old cookie when
    their key is used again."""
    connection.execute(delete(sessions).where(sessions.c.manager.not_in(managers)))


def id_of(sid: str) -> str:
    """The hash that names a session, of the secret id in its cookie."""
    return hashlib.sha256(sid.encode()).hexdigest()


def _stored(row: Any) -> StoredSession:
    return StoredSession(
        id=row.sid_hash, manager=row.manager, at=row.at, seen_at=row.seen_at or row.at, device=row.device or ""
    )
