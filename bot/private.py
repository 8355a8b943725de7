"""Files for their owner's eyes: what Greenroom writes holds fans' words and secrets."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

FILE, FOLDER = 0o600, 0o700


def opener(path: str, flags: int) -> int:
    """For `open`: a file that it makes is the owner's alone."""
    return os.open(path, flags, FILE)


def tighten(path: Path) -> None:
    """Take a file or folder away from everybody but its owner. What is not there, or not ours to change, stays."""
    with contextlib.suppress(OSError):
        found = path.lstat().st_mode
        if stat.S_ISDIR(found):
            path.chmod(FOLDER)
        elif stat.S_ISREG(found):
            path.chmod(FILE)


def tighten_all(folder: Path) -> None:
    """`tighten` a folder and all that is in it. Links are not followed."""
    tighten(folder)
    for here, folders, files in os.walk(folder):
        for name in (*folders, *files):
            tighten(Path(here, name))
