"""Opens the database: driver, pragmas, and errors in words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from bot.errors import StoreError
from bot.store import dialects, postgres
from bot.store.communities import SOLE

BUSY_SECONDS = 5


def driver_url(url: str) -> URL:
    """The operator's URL with our driver. Raises StoreError if we cannot use it."""
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


def place(url: URL) -> str:
    """The database as a person knows it: its file, or its address without the password."""
    return str(file_of(url) or url.set(drivername="postgresql").render_as_string(hide_password=True))


def open_engine(url: URL) -> Engine:
    """An engine with real transactions, whose errors do not repeat what fans wrote.

    SQLite: WAL, synchronous=FULL (one sync for a group of writes), foreign keys, secure_delete (overwrites what is
    erased), and BEGIN IMMEDIATE, or BEGIN for connections of `reading`.
    """
    if file_of(url) is None:
        return postgres.open_engine(url)
    engine = dialects.engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late and is of the wrong kind
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
        connection.create_function("lower", 1, _lower, deterministic=True)

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


@contextmanager
def reading(engine: Engine, community: str = SOLE) -> Iterator[Connection]:
    """A connection for questions that all see the same moment, and one community alone."""
    with engine.connect() as connection:
        if file_of(engine.url):
            yield connection.execution_options(reading=True)
        else:
            read = postgres.reading(connection)
            postgres.enter(read, community)
            yield read
            if not read.invalidated:
                read.commit()  # after a rollback the driver would forget the statements that it has prepared


@contextmanager
def writing(engine: Engine, community: str = SOLE) -> Iterator[Connection]:
    """`writes` on a connection of its own."""
    with engine.connect() as connection, writes(connection, community):
        yield connection


@contextmanager
def writes(connection: Connection, community: str) -> Iterator[None]:
    """A transaction in a community, which no other write overlaps. It is committed at the end.

    Raises what the database raises, but not where it committed before the connection was lost.
    """
    engine = connection.engine
    transaction = connection.begin()
    try:
        number = None if file_of(engine.url) else postgres.begin(connection, community)
        yield
    except BaseException:
        transaction.rollback()
        raise
    try:
        transaction.commit()
    except DBAPIError as error:
        if number is None or not error.connection_invalidated or not postgres.committed(engine, number):
            raise


def enter(connection: Connection, community: str) -> None:
    """From now on this transaction sees and changes that community alone. A file holds no other."""
    if connection.dialect.name == "postgresql":
        postgres.enter(connection, community)


def _lower(value: Any) -> Any:
    """SQLite's own `lower` knows the letters of English only."""
    return value.casefold() if isinstance(value, str) else value


def checkpoint(engine: Engine) -> bool:
    """Move SQLite's write-ahead log into the file and empty it: erased words would stay in it.

    False if a reader was in the way: try again later. True on a server, which has no such log. Raises StoreError.
    """
    if file_of(engine.url) is None:
        return True
    return not _outside(engine, "PRAGMA wal_checkpoint(TRUNCATE)")[0]


def rewrite(engine: Engine) -> None:
    """Rewrite the SQLite file without what was erased. Raises StoreError."""
    if file_of(engine.url) is not None:
        _outside(engine, "VACUUM")


def _outside(engine: Engine, statement: str) -> Any:
    """Run a statement outside a transaction. Returns its first row. Raises StoreError."""
    connection = engine.raw_connection()
    try:
        return connection.driver_connection.execute(statement).fetchone()  # type: ignore[union-attr]
    except sqlite3.Error as error:
        raise _in_words(error, engine.url) from error
    finally:
        connection.close()


def passes(error: BaseException) -> bool:
    """True if the only problem is that another program holds the database, or that its server is away."""
    if not isinstance(error, DBAPIError):
        return False
    if not isinstance(error.orig, sqlite3.Error):
        return postgres.passes(error)
    code = getattr(error.orig, "sqlite_errorcode", 0)
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
    ("SQLITE_FULL",): "the disk is full; make room (nothing that was acknowledged is lost)",
    ("SQLITE_IOERR",): (
        "the disk cannot be read or written; look whether it is full, over a limit or broken (nothing that was "
        "acknowledged is lost)"
    ),
    ("SQLITE_BUSY", "SQLITE_LOCKED"): "another program holds the database; stop it and try again",
}
"""Prefixes of SQLite's error names, and what they mean to a person."""


def _in_words(cause: BaseException | None, url: URL) -> StoreError:
    name = getattr(cause, "sqlite_errorname", "")
    said = next((words for names, words in _SQLITE.items() if name.startswith(names)), None)
    said = said or postgres.in_words(cause)
    return StoreError(f"{place(url)}: {said or f'the database says: {cause}'}")
