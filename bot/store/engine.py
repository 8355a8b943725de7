"""Opening the database: one place for the driver, the pragmas and what can go wrong."""

from __future__ import annotations

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

    SQLite: WAL, synchronous=FULL (with group commit it costs nothing), foreign keys, and BEGIN IMMEDIATE unless the
    connection asked for a reader's BEGIN by the execution option `reading`.
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
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def in_words(error: DBAPIError, url: URL) -> StoreError:
    """A database error as one sentence with what to do."""
    where = file_of(url) or url.render_as_string(hide_password=True)
    cause = str(error.orig)
    if "not a database" in cause or "malformed" in cause:
        return StoreError(
            f"{where}: this file is damaged or is not a database; move it away (a new one is made) or restore a backup"
        )
    if "readonly" in cause or "read-only" in cause or "unable to open" in cause:
        return StoreError(f"{where}: the database cannot be written; check the folder's permissions and free space")
    if "full" in cause:
        return StoreError(f"{where}: the disk is full; make room, nothing that was acknowledged is lost")
    if "locked" in cause:
        return StoreError(f"{where}: another program holds the database; stop it and try again")
    return StoreError(f"{where}: the database says: {cause}")
