"""A no to the language model that outlives a /forget: a keyed hash of the account, and nothing else of its fan.

The key lies in the same database, so that no copy of it forgets a wish. Each community has one of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, select

from bot.store import cursors
from bot.store.tables import cursors as notes

_MARKS, _KEY = "no to the model", "key"
"""`platform` of the notes among the cursors, and the `channel` of the one that holds the key."""


def keep(connection: Connection, platform: str, fan_id: str, at: datetime) -> None:
    """Mark an account."""
    if _mark(connection, platform, fan_id) is None:
        cursors.save(connection, _MARKS, {_KEY: secrets.token_hex(32)}, at)
    mark = _mark(connection, platform, fan_id)
    assert mark is not None  # noqa: S101 - the key is there
    cursors.save(connection, _MARKS, {mark: ""}, at)


def since(connection: Connection, platform: str, fan_id: str) -> datetime | None:
    """When an account was marked; None if it is not."""
    mark = _mark(connection, platform, fan_id)
    return connection.execute(select(notes.c.at).where(*_note(mark))).scalar() if mark else None


def drop(connection: Connection, platform: str, fan_id: str) -> bool:
    """Take a mark away. False if there is none."""
    mark = _mark(connection, platform, fan_id)
    return bool(mark and connection.execute(delete(notes).where(*_note(mark))).rowcount)


def _mark(connection: Connection, platform: str, fan_id: str) -> str | None:
    """None while nobody is marked."""
    key = connection.execute(select(notes.c.position).where(*_note(_KEY))).scalar()
    account = f"{platform}\x00{fan_id}".encode()
    return hmac.new(bytes.fromhex(key), account, hashlib.sha256).hexdigest() if key else None


def _note(channel: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return notes.c.platform == _MARKS, notes.c.channel == channel
