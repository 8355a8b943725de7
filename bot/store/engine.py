"""Opening the database: one place for the driver, the pragmas and what can go wrong."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from bot.errors import StoreError

BUSY_SECONDS = 5


def driver_url(url: str) -> URL:
    """The operator's URL with our choice of driver. Raises StoreError for one that we cannot use."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(
            f"store: “{url}” is not a database address; write sqlite:///var/greenroom.db or postgresql://host/name"
        ) from error
    drivers = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
    if parsed.drivername not in drivers:
        raise StoreError(f"store: “{parsed.drivername}” is not supported; use sqlite:/// or postgresql://")
    return parsed.set(drivername=drivers[parsed.drivername])


def file_of(url: URL) -> Path | None:
    """The SQLite file, or None on a server."""
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def open_engine(url: URL) -> Engine:
    """An engine whose transactions are what they say they are, and whose errors do not repeat what fans wrote.

    SQLite: WAL, synchronous=FULL (with group commit it costs nothing), foreign keys, secure_delete (what is erased is
    written over), and BEGIN IMMEDIATE unless the connection asked for a reader's BEGIN by the execution option
    `reading`.
    """
    if url.get_backend_name() != "sqlite":
        try:
            return create_engine(url, hide_parameters=True)
        except ModuleNotFoundError as error:
            raise StoreError(
                "store: PostgreSQL needs its driver; install it with: pip install 'greenroom[postgres]'"
            ) from error
    engine = create_engine(
        url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN would come too late and be of the wrong kind
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def checkpoint(engine: Engine) -> bool:
    """Bring what is in SQLite's write-ahead log into the file and empty the log, in which erased words would stay.

    False when a reader was in the way: try again later. True on a server, which has none. Raises StoreError.
    """
    if file_of(engine.url) is None:
        return True
    return not _outside(engine, "PRAGMA wal_checkpoint(TRUNCATE)")[0]


def rewrite(engine: Engine) -> None:
    """Write the SQLite file anew, without anything that was erased. Raises StoreError."""
    if file_of(engine.url) is not None:
        _outside(engine, "VACUUM")


def _outside(engine: Engine, statement: str) -> Any:
    """Run a statement that must not be in a transaction; its first row. Raises StoreError."""
    connection = engine.raw_connection()
    try:
        return connection.driver_connection.execute(statement).fetchone()  # type: ignore[union-attr]
    except sqlite3.Error as error:
        raise _in_words(error, engine.url) from error
    finally:
        connection.close()


def is_locked(error: BaseException) -> bool:
    """True when nothing is wrong but that another program holds the database."""
    code = getattr(error.orig, "sqlite_errorcode", 0) if isinstance(error, DBAPIError) else 0
    return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def in_words(error: DBAPIError, url: URL) -> StoreError:
    """A database error as one sentence with what to do."""
    return _in_words(error.orig, url)


_SQLITE = {
    ("SQLITE_NOTADB", "SQLITE_CORRUPT"): (
        "this file is damaged or is not a database; move it away (a new one is made) or restore a backup"
    ),
    ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM"): (
        "the database cannot be written; check the folder's permissions and free space"
    ),
    ("SQLITE_FULL",): "the disk is full; make room, nothing that was acknowledged is lost",
    ("SQLITE_IOERR",): (
        "the disk refuses to be read or written; look whether it is full, over a limit or broken, nothing that was "
        "acknowledged is lost"
    ),
    ("SQLITE_BUSY", "SQLITE_LOCKED"): "another program holds the database; stop it and try again",
}
"""Beginnings of SQLite's names for errors, and what they mean for a person."""


def _in_words(cause: BaseException | None, url: URL) -> StoreError:
    where = file_of(url) or url.render_as_string(hide_password=True)
    name = getattr(cause, "sqlite_errorname", "")
    said = next((words for names, words in _SQLITE.items() if name.startswith(names)), None)
    return StoreError(f"{where}: {said or f'the database says: {cause}'}")
