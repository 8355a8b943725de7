"""The last good set of the operators' files, kept on disk. A start uses it if the files have faults."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot import private

FILE = "templates_kept.json"
_NEW = f".{FILE}.new"
"""Always the same name, so that the next try overwrites what a crash left behind."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A set of files. `texts`: path below templates/ -> text; `at`: when it was kept; `checks`: their version."""

    texts: Mapping[str, str]
    at: datetime
    checks: str


def keep(var: Path, texts: Mapping[str, str], checks: str) -> None:
    """Replace what is kept, all or nothing. Only the owner may read it. Raises OSError."""
    var.mkdir(mode=private.FOLDER, parents=True, exist_ok=True)
    written = json.dumps(
        {"at": datetime.now(UTC).isoformat(), "checks": checks, "texts": dict(texts)}, ensure_ascii=False
    )
    new = var / _NEW
    with _turn(var):
        opened = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, private.FILE)
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), private.FILE)  # a crash may have left it
            file.write(written)
            file.flush()
            os.fsync(file.fileno())
        new.replace(var / FILE)


@contextlib.contextmanager
def _turn(var: Path) -> Iterator[None]:
    """One at a time: processes on one database may share the folder."""
    folder = os.open(var, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def kept(var: Path) -> Kept | None:
    """What is kept; None if there is nothing, or it cannot be read."""
    try:
        found = json.loads((var / FILE).read_text(encoding="utf-8"))
        texts = {str(name): str(text) for name, text in found["texts"].items()}
        return Kept(texts=texts, at=datetime.fromisoformat(found["at"]), checks=str(found["checks"]))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
