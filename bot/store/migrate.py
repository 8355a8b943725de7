"""Bringing a database to the shape this version knows."""

from __future__ import annotations

import os
from pathlib import Path

import sqlalchemy
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from bot import private
from bot.errors import StoreError
from bot.ports import Check
from bot.store import cursors, inbox
from bot.store.engine import checkpoint, driver_url, file_of, in_words, open_engine, rewrite

_MIGRATIONS = Path(__file__).parent / "migrations"


def _versions() -> list[str]:
    """All that this code knows, oldest first: the names of the files begin with them."""
    return sorted(file.name.split("_")[0] for file in _MIGRATIONS.glob("versions/[0-9]*.py"))


def _migrate(engine: Engine) -> None:
    # Imported when there is something to migrate: a tenth of the time a start takes, and 12 MiB.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def version(engine: Engine) -> tuple[str | None, str]:
    """The database's schema version (None: empty) and the newest one this code knows."""
    head = _versions()[-1]
    with engine.connect().execution_options(reading=True) as connection:
        if not sqlalchemy.inspect(connection).has_table("alembic_version"):
            return None, head
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar(), head


def bring_up(engine: Engine) -> None:
    """Run the missing migrations. Raises StoreError when the database is newer than this code, or cannot be used."""
    try:
        current, head = version(engine)
        if current == head:
            return
        if current is not None and current not in _versions():
            where = file_of(engine.url) or engine.url.render_as_string(hide_password=True)
            raise StoreError(
                f"{where}: this database was written by a newer Greenroom (schema {current}, this one knows {head}); "
                "update Greenroom, or restore the backup from before the update"
            )
        if current is not None and current < "0006":  # until then, what was erased was left in the file
            rewrite(engine)
        _migrate(engine)
        checkpoint(engine)
    except DBAPIError as error:
        raise in_words(error, engine.url) from error


def upgrade(url: str) -> str:
    """Migrate the database at `url` (made if it is not there) and return its schema version. Raises StoreError."""
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
    """Make the database's folder and file where they are not there, and keep others from reading what lies beside it.
    Raises StoreError when that is not allowed.

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


def integrity(url: str) -> str | None:
    """None when the database is sound or not there yet, else what is wrong in one sentence."""
    parsed = driver_url(url)
    file = file_of(parsed)
    if file and not file.exists():
        return None
    engine = open_engine(parsed)
    try:
        current, head = version(engine)
        if current not in (None, head):
            return f"its schema is {current}, this Greenroom knows {head}; run: greenroom db upgrade"
        if file:
            with engine.connect().execution_options(reading=True) as connection:
                said = connection.execute(text("PRAGMA quick_check")).scalar()
            if said != "ok":
                return f"{file}: this file is damaged ({said}); restore a backup"
    except DBAPIError as error:
        return str(in_words(error, parsed))
    finally:
        engine.dispose()
    return None


def inspect(url: str) -> list[Check]:
    """The database's part of `greenroom doctor`."""
    wrong = integrity(url)
    if wrong:
        return [Check(name="database", ok=False, result=wrong, fix="see above; a copy of the file is the best backup")]
    return [Check(name="database", ok=True, result="it is sound, or will be made at the first start"), *_notes(url)]


def _notes(url: str) -> list[Check]:
    """What a platform told us and we could not read: nobody has answered for it. Whether the clock is in doubt."""
    parsed = driver_url(url)
    file = file_of(parsed)
    if file and not file.exists():
        return []
    engine = open_engine(parsed)
    try:
        with engine.connect().execution_options(reading=True) as connection:
            made = version(engine)[0] is not None
            found = inbox.dead_letters(connection) if made else []
            doubt = cursors.load(connection, cursors.RETENTION).get(cursors.STOPPED) if made else None
    finally:
        engine.dispose()
    noted = [Check(name="clock", ok=None, result=doubt)] if doubt else []
    if not found:
        return noted
    newest = found[0]
    result = f"{len(found)} updates could not be handled and are set aside; the newest on {newest.platform} at "
    result += f"{newest.received_at:%Y-%m-%d %H:%M} UTC: {newest.why}"
    fix = "look in the chat whether somebody waits; tell the makers of Greenroom this line"
    return [*noted, Check(name="database", ok=None, result=result, fix=fix)]
