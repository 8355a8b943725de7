"""Public pages: files for a web server that is not ours, each written whole or not at all, and only if it changed."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

FILE, FOLDER = 0o644, 0o755
"""A web server reads them as somebody else."""


def publish(folder: Path, files: Mapping[str, str], ours: re.Pattern[str]) -> bool:
    """Make `folder` have these files, and none of our older ones: those whose whole names match `ours`. True if
    anything changed. Raises OSError."""
    if not folder.is_dir():
        folder.mkdir(parents=True)
        folder.chmod(FOLDER)
    changed = [_written(folder / name, text.encode()) for name, text in files.items()]
    gone = [path for path in folder.iterdir() if ours.fullmatch(path.name) and path.name not in files]
    for path in gone:
        path.unlink(missing_ok=True)
    return any(changed) or bool(gone)


def _written(path: Path, content: bytes) -> bool:
    try:
        if path.read_bytes() == content:
            return False
    except FileNotFoundError:
        pass
    new = path.with_name(f".{path.name}.new")  # always the same name: the next try overwrites what a crash left
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE), "wb") as file:
        os.fchmod(file.fileno(), FILE)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    return True
