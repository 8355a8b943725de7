"""File permissions: what Greenroom writes holds fans' words and secrets, so only its owner may read it."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

FILE, FOLDER = 0o600, 0o700


def opener(path: str, flags: int) -> int:
    """For `open`: a new file is for its owner only."""
    return os.open(path, flags, FILE)


def tighten(path: Path) -> None:
    """Let only its owner read a file or folder. One that is missing, or not ours to change, is left alone."""
    with contextlib.suppress(OSError):
        found = path.lstat().st_mode
        if stat.S_ISDIR(found):
            path.chmod(FOLDER)
        elif stat.S_ISREG(found):
            path.chmod(FILE)


def tighten_all(folder: Path) -> None:
    """`tighten` a folder and everything in it. Links are not followed."""
    tighten(folder)
    for here, folders, files in os.walk(folder):
        for name in (*folders, *files):
            tighten(Path(here, name))
