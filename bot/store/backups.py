"""Writes a backup of the SQLite database, and puts one in its place."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bot import private
from bot.errors import StoreError
from bot.store import events
from bot.store.engine import checkpoint, driver_url, file_of, in_words, open_engine, writing
from bot.store.lock import lock_file
from bot.store.migrate import bring_up, version

_LOGS = ("-wal", "-shm", "-journal")
"""The ends of the names of SQLite's other files. Beside a file that they do not belong to, they damage it."""


def backup(url: str, target: Path) -> int:
    """Write a copy of a SQLite database to a new file, also while a Greenroom uses it. Returns its size in bytes.

    Raises StoreError. https://www.sqlite.org/backup.html
    """
    file = file_of(driver_url(url))
    if file is None:
        raise StoreError("This backs up a SQLite file; for PostgreSQL use the server's own tool, pg_dump.")
    if not file.exists():
        raise StoreError(f"{file}: there is no database yet, so there is nothing to back up.")
    if target.exists():
        raise StoreError(f"{target} is there already; name a new file.")
    try:
        said = _copied(file, "mode=ro", target)
        if said == "ok":
            return target.stat().st_size
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror}; name a place where you may write.") from error
    except sqlite3.Error as error:
        said = str(error)
    target.unlink(missing_ok=True)
    raise StoreError(f"{file}: this file is damaged ({said}); restore an older backup")


def restore(url: str, backup: Path, settle: Callable[[Connection], object]) -> Path | None:
    """Put a copy of a backup in the place of the database. Returns where the old database is now, or None if there was
    none.

    The copy is checked, migrated and changed by `settle` before it takes that place, all at once. Raises StoreError,
    or Busy while a Greenroom runs; then the database is as it was.
    """
    file = file_of(driver_url(url))
    if file is None:
        raise StoreError("This restores a SQLite file; for PostgreSQL use the server's own tool, pg_restore.")
    if not backup.is_file():
        raise StoreError(f"{backup}: there is no such file; name a backup that `greenroom db backup` wrote.")
    had = file.exists()
    if had and backup.samefile(file):
        raise StoreError(f"{backup} is the database itself; name a backup.")
    old = file.with_name(f"{file.name}.before-restore")
    if had and old.exists():
        raise StoreError(f"{old} is there already, from an earlier restore; move it away or erase it first.")
    lock = lock_file(file)
    made = file.with_name(f"{file.name}.restoring")
    try:
        _remove(made)
        _copy(backup, made)
        _prepare(made, backup, settle)
        if had:
            _keep(file, old)
        for end in _LOGS:
            Path(f"{file}{end}").unlink(missing_ok=True)
        made.replace(file)
        _sync(file.parent)
    except OSError as error:
        raise StoreError(f"{file}: the backup cannot be put there: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            _remove(made)
            if not had and file.stat().st_size == 0:  # the lock made it
                file.unlink()
        lock.close()
    return old if had else None


def _copy(backup: Path, made: Path) -> None:
    """Copy a database with what its log still holds, and check the copy."""
    # Without a log nothing has to be written beside the backup, which may lie where nobody may write.
    mode = "mode=ro" if Path(f"{backup}-wal").exists() else "immutable=1"
    try:
        said = _copied(backup, mode, made)
    except sqlite3.Error as error:
        raise StoreError(f"{backup}: it is damaged or no database ({error}); take another backup") from error
    if said != "ok":
        raise StoreError(f"{backup}: it is damaged ({said}); take another backup")


def _copied(file: Path, mode: str, made: Path) -> str:
    """Copy a database to a new file of its owner's alone, and check the copy. Returns "ok", or what is wrong with it.
    Raises OSError and sqlite3.Error."""
    os.close(private.opener(str(made), os.O_RDWR | os.O_CREAT | os.O_EXCL))
    with (
        closing(sqlite3.connect(f"file:{quote(str(file.absolute()))}?{mode}", uri=True)) as source,
        closing(sqlite3.connect(made)) as copied,
    ):
        source.backup(copied)
        return str(copied.execute("PRAGMA quick_check").fetchone()[0])


def _prepare(made: Path, backup: Path, settle: Callable[[Connection], object]) -> None:
    url = driver_url(f"sqlite:///{made}")
    engine = open_engine(url)
    try:
        if version(engine)[0] is None:
            raise StoreError(
                f"{backup}: it is no database of Greenroom; name a backup that `greenroom db backup` wrote."
            )
        bring_up(engine)
        with writing(engine) as connection:
            connection.info[events.APPENDED] = []
            settle(connection)
            events.write(connection)
        checkpoint(engine)
    except DBAPIError as error:
        raise in_words(error, url) from error
    finally:
        engine.dispose()
    with made.open("rb+") as written:
        os.fsync(written.fileno())


def _keep(file: Path, old: Path) -> None:
    """Give the old database a second name. Its log is moved into it first, or goes with it if the file is damaged."""
    with contextlib.suppress(sqlite3.Error), closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.link(file, old)
    with contextlib.suppress(FileNotFoundError):
        Path(f"{file}-wal").rename(f"{old}-wal")
    private.tighten(old)


def _remove(made: Path) -> None:
    for end in ("", *_LOGS):
        Path(f"{made}{end}").unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """A new name lasts only once its folder is written."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
