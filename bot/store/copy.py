"""Moves a SQLite database to a server, and compares what arrived."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Table, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from bot.domain import Target, seal
from bot.errors import StoreError
from bot.store import tables
from bot.store.communities import named
from bot.store.engine import driver_url, file_of, in_words, open_engine, place, reading, writing
from bot.store.lock import lock_file
from bot.store.migrate import bring_up, version
from bot.store.postgres import refusal, unheld

ROWS = 500
"""Rows that are written at once."""


def copy(
    source: str,
    target: str,
    community: str = "",
    progress: Callable[[str, int], None] = lambda table, rows: None,
) -> dict[str, int]:
    """Copy a SQLite database that nothing uses into a community that is still empty in a database of a server. Returns
    the rows of each table.

    All of it arrives, or nothing. Raises StoreError, or Busy while a Greenroom runs on the source.
    """
    old, new, name = driver_url(source), driver_url(target), named(community)
    file = file_of(old)
    if file is None or file_of(new) is not None:
        raise StoreError(
            "This copies a SQLite file (`store:` in config.yaml) to an address postgresql://USER@HOST/NAME."
        )
    if not file.exists():
        raise StoreError(f"{file}: there is no database yet, so there is nothing to copy.")
    lock = lock_file(file)
    here, there = open_engine(old), open_engine(new)
    url = old
    try:
        _is_current(file)
        url = new
        bring_up(there)
        with reading(here) as reads, writing(there, name) as writes:
            refused = refusal(unheld(writes), name)
            if refused:
                raise StoreError(f"{place(new)}: {refused}")
            return _copy(reads, writes, f"{place(new)}, community “{name}”", progress)
    except DBAPIError as error:
        raise in_words(error, url) from error
    finally:
        here.dispose()
        there.dispose()
        lock.close()


_GO_ON = text("SELECT setval('events_seq_seq', greatest(:last, last_value)) FROM events_seq_seq")
"""New events get numbers after those of all communities."""


def _is_current(file: Path) -> None:
    engine = open_engine(driver_url(f"sqlite:///{file}"))
    try:
        current, head = version(engine)
    finally:
        engine.dispose()
    if current != head:
        raise StoreError(f"{file}: its schema is {current}, this Greenroom needs {head}; run: greenroom db upgrade")


def _copy(reads: Connection, writes: Connection, where: str, progress: Callable[[str, int], None]) -> dict[str, int]:
    writes.execute(text("SET LOCAL statement_timeout = 0"))
    full = [table.name for table in tables.metadata.sorted_tables if _count(writes, table)]
    if full:
        raise StoreError(f"{where}: it is not empty ({', '.join(full)}); copy into an empty one.")
    copied: dict[str, int] = {}
    for table in tables.metadata.sorted_tables:
        copied[table.name] = 0
        rows = reads.execution_options(yield_per=ROWS).execute(select(table)).mappings()
        for some in rows.partitions():
            writes.execute(insert(table), [dict(row) for row in some])
            copied[table.name] += len(some)
            progress(table.name, copied[table.name])
    newest = select(func.max(tables.events.c.seq))
    if last := writes.execute(newest).scalar():
        writes.execute(_GO_ON, {"last": last})
    _compare(reads, writes, copied, where)
    return copied


def _compare(reads: Connection, writes: Connection, copied: dict[str, int], where: str) -> None:
    """Raises StoreError, so that nothing of the copy stays, where rows are missing or a yes is not what it was."""
    for table in tables.metadata.sorted_tables:
        if not copied[table.name] == _count(reads, table) == _count(writes, table):
            raise StoreError(f"{where}: not all rows of {table.name} arrived; nothing was kept there, try again.")
    deliveries = tables.deliveries
    for row in writes.execute(select(deliveries).where(deliveries.c.text.is_not(None))):
        target = Target(platform=row.platform, channel=row.channel, reply_to=row.reply_to)
        yes = select(tables.decisions.c.seal).where(tables.decisions.c.id == row.decision_id)
        if not row.seal == seal(row.text, target) == writes.execute(yes).scalar():
            raise StoreError(f"{where}: the reply {row.id} is not what was approved; nothing was kept there.")


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()
