"""Brings a database to the schema of this version."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import sqlalchemy
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from bot import private
from bot.errors import StoreError
from bot.ports import Check
from bot.store import cursors, inbox, postgres
from bot.store.communities import SOLE, named
from bot.store.engine import (
    checkpoint,
    driver_url,
    enter,
    file_of,
    in_words,
    open_engine,
    place,
    reading,
    rewrite,
    writing,
)

T = TypeVar("T")
_MIGRATIONS = Path(__file__).parent / "migrations"
_ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps the migration that runs in globals of the process, and two databases may be opened at once."""


def _versions() -> list[str]:
    """The schema versions that this code knows, oldest first. File names begin with them."""
    return sorted(file.name.split("_")[0] for file in _MIGRATIONS.glob("versions/[0-9]*.py"))


def _migrate(engine: Engine) -> None:
    # Imported only to migrate: it takes a tenth of a start's time, and 12 MiB.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    oldest = _oldest_code()
    with writing(engine) as connection:
        current = _current(connection)  # another process may have migrated it while we waited for our turn
        if current is not None and current < oldest and _others(connection):
            raise StoreError(
                f"{place(engine.url)}: other Greenrooms of an older version use this database, and could not go on "
                f"after the change to schema {_versions()[-1]}; stop them all, then start this one"
            )
        enter(connection, SOLE)  # to which belongs what nobody named
        config.attributes["connection"] = connection
        with _ONE_AT_A_TIME:
            command.upgrade(config, "head")
        if not _has_oldest_code(connection):
            connection.execute(text("ALTER TABLE alembic_version ADD COLUMN oldest_code VARCHAR(32)"))
        connection.execute(text("UPDATE alembic_version SET oldest_code = :oldest"), {"oldest": oldest})


def _oldest_code() -> str:
    """The oldest code that can live with our schema, by the newest schema that it knows. Kept beside the version.

    A migration that older code can live with says so by its `oldest_code`, see docs/engineer.md.
    """
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as above

    scripts = ScriptDirectory(str(_MIGRATIONS)).walk_revisions()
    return max(getattr(script.module, "oldest_code", script.revision) for script in scripts)


def _has_oldest_code(connection: Connection) -> bool:
    return any(one["name"] == "oldest_code" for one in sqlalchemy.inspect(connection).get_columns("alembic_version"))


def _others(connection: Connection) -> bool:
    """Whether other processes use the database. A SQLite file is ours alone."""
    return not file_of(connection.engine.url) and postgres.others(connection)


def _current(connection: Connection) -> str | None:
    if not sqlalchemy.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def version(engine: Engine) -> tuple[str | None, str]:
    """The database's schema version (None: empty) and the newest one that this code knows."""
    with reading(engine) as connection:
        return _current(connection), _versions()[-1]


def suits(engine: Engine) -> bool:
    """Whether this code can use the database as it is: its schema is ours, or a newer one that we can live with."""
    current, head = version(engine)
    if current is None or current in _versions():
        return current == head
    with reading(engine) as connection:
        if not _has_oldest_code(connection):
            return False
        oldest = connection.execute(text("SELECT oldest_code FROM alembic_version")).scalar()
    return oldest is not None and oldest <= head


def bring_up(engine: Engine) -> None:
    """Run the missing migrations, `patiently`. Raises StoreError if the database is too new for this code, or cannot be
    used, or if processes that could not live with them use it."""
    patiently(engine, lambda: _bring_up(engine))


def patiently(engine: Engine, work: Callable[[], T]) -> T:
    """Do what a start needs of the database. A server that is just starting, or recovers, is waited for, and so is
    another process that changes the schema. Raises StoreError."""
    given_up_at = time.monotonic() + postgres.PATIENCE
    while True:
        try:
            return work()
        except DBAPIError as error:
            waits = not file_of(engine.url) and (postgres.starts(error) or _is_locked(error))
            if not waits or time.monotonic() > given_up_at:
                raise in_words(error, engine.url) from error
        time.sleep(postgres.FIRST_PAUSE)


def _is_locked(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) == "55P03"  # lock_not_available


def _bring_up(engine: Engine) -> None:
    if suits(engine):
        return
    current, _ = version(engine)
    if current is not None and current not in _versions():
        raise StoreError(_newer(engine, current))
    if current is not None and current < "0006":  # until then erased words stayed in the file
        rewrite(engine)
    _migrate(engine)
    checkpoint(engine)


def _newer(engine: Engine, current: str) -> str:
    return (
        f"{place(engine.url)}: a newer Greenroom has written this database (schema {current}, this one knows "
        f"{_versions()[-1]}); update Greenroom, or restore the backup from before the update"
    )


def upgrade(url: str) -> str:
    """Make or migrate the database at `url`, and return its schema version. Raises StoreError."""
    parsed = driver_url(url)
    file = file_of(parsed)
    if file:
        make_private(file)
    engine = open_engine(parsed)
    try:
        bring_up(engine)
        return version(engine)[1]
    finally:
        engine.dispose()


def make_private(file: Path) -> None:
    """Make the database's folder and file if they are missing, and let only their owner read the files beside it.
    Raises StoreError if that is not allowed.

    SQLite gives its other files the permissions of the first.
    """
    try:
        file.parent.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{file.parent}: this folder cannot be made ({error.strerror}); check its permissions"
        ) from error
    try:
        os.close(private.opener(str(file), os.O_RDWR | os.O_CREAT))
    except OSError as error:
        raise StoreError(
            f"{file}: the database cannot be written here ({error.strerror}); check the folder's permissions"
        ) from error
    for ending in ("", "-wal", "-shm", ".lock"):
        private.tighten(Path(f"{file}{ending}"))


def inspect(url: str, community: str = "") -> list[Check]:
    """The database's part of `greenroom doctor`. Raises StoreError for a `store` that we cannot use."""
    parsed = driver_url(url)
    file = file_of(parsed)
    if file and not file.exists():
        return [Check(name="database", ok=True, result="the first start will make it")]
    engine = open_engine(parsed)
    try:
        return _inspect(engine, file, named(community))
    except DBAPIError as error:
        return [Check(name="database", ok=False, result=str(in_words(error, parsed)))]
    finally:
        engine.dispose()


def _inspect(engine: Engine, file: Path | None, community: str) -> list[Check]:
    current, head = version(engine)
    if current is None:
        return [Check(name="database", ok=True, result="it is empty; the first start will make its tables")]
    if current not in _versions() and not suits(engine):
        return [Check(name="database", ok=False, result=_newer(engine, current))]
    if not suits(engine):
        result = f"its schema is {current}, this Greenroom needs {head}"
        return [Check(name="database", ok=False, result=result, fix="make a backup, then run: greenroom db upgrade")]
    with reading(engine, community) as connection:
        refused = None if file else postgres.refusal(postgres.unheld(connection), community)
        if refused:
            return [Check(name="database", ok=False, result=refused)]
        said = connection.execute(text("PRAGMA quick_check")).scalar() if file else "ok"
        if said != "ok":
            result = f"{file}: this file is damaged ({said})"
            return [Check(name="database", ok=False, result=result, fix="restore a backup")]
        dead_letters = inbox.dead_letters(connection)
        doubt = cursors.load(connection, cursors.RETENTION).get(cursors.STOPPED)
    checks = [Check(name="database", ok=True, result="it is sound")]
    if doubt:
        checks.append(Check(name="clock", ok=None, result=doubt))
    if dead_letters:
        newest = dead_letters[0]
        result = (
            f"{len(dead_letters)} update{'s' if len(dead_letters) > 1 else ''} could not be handled; the newest is of "
            f"{newest.platform}, {newest.received_at:%Y-%m-%d %H:%M} UTC: {newest.why}"
        )
        fix = "look in the chat whether somebody waits for an answer, and send this line to the makers of Greenroom"
        checks.append(Check(name="database", ok=None, result=result, fix=fix))
    return checks
