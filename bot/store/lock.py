"""The lock by which a SQLite file is ours alone."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from bot.errors import Busy, StoreError
from bot.private import opener
from bot.store.migrate import make_private


def lock_file(file: Path) -> IO[str]:
    """Lock the database file for this process. Raises Busy if another has it, StoreError if it cannot be written."""
    make_private(file)
    try:
        lock = open(f"{file}.lock", "a+", encoding="ascii", opener=opener)  # noqa: SIM115 - held until the store is closed
    except OSError as error:
        raise StoreError(
            f"{file}: the database cannot be written here ({error.strerror}); check the folder's permissions"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise Busy(
            f"{file}: another Greenroom (process {holder}) uses this database; stop it first, or give this one another "
            "store: in its config.yaml"
        ) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock
