"""One look into the database of a Greenroom that may be running: nothing is written, and no lock is taken."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bot.errors import StoreError
from bot.store import postgres
from bot.store.communities import named
from bot.store.engine import driver_url, file_of, in_words, open_engine, place, reading
from bot.store.migrate import suits, version

T = TypeVar("T")


def exists(url: str) -> bool:
    """Whether there is a database. One on a server is taken to be there."""
    file = file_of(driver_url(url))
    return file is None or file.exists()


def look(url: str, query: Callable[[Connection], T], community: str = "") -> T:
    """What a query finds of a community. Raises StoreError, also without a database and for one of another version."""
    parsed = driver_url(url)
    file = file_of(parsed)
    if file and not file.exists():
        raise StoreError(f"{file}: there is no database yet; the first start makes it.")
    address = parsed
    if file:
        how = {"immutable": "1"} if _is_still(file) else {"mode": "ro"}
        address = parsed.set(database=f"file:{quote(str(file.absolute()))}", query={**how, "uri": "true"})
    engine = open_engine(address)
    try:
        current, needed = version(engine)
        if not suits(engine):
            said = f"its schema is {current}, this Greenroom needs {needed}; start Greenroom first."
            raise StoreError(f"{place(parsed)}: {said}")
        with reading(engine, named(community)) as connection:
            refused = None if file else postgres.refusal(postgres.unheld(connection), named(community))
            if refused:
                raise StoreError(f"{place(parsed)}: {refused}")
            return query(connection)
    except DBAPIError as error:
        raise in_words(error, parsed) from error
    finally:
        engine.dispose()


def _is_still(file: Path) -> bool:
    """True where nobody has the file open and we may not write beside it, as SQLite would, even to read."""
    may_write = os.access(file.parent, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
    return not may_write and not Path(f"{file}-wal").exists()
