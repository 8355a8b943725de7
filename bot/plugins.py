"""Entry points of installed packages: chat platforms, assistants, responders and checks, ours and others'."""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points


def plugins(group: str) -> tuple[EntryPoint, ...]:
    """The entry points of a group, sorted by name; none is loaded yet."""
    return tuple(sorted(_found(tuple(sys.path)).select(group=group), key=lambda point: point.name))


@lru_cache(maxsize=1)
def _found(_path: tuple[str, ...]) -> EntryPoints:
    """Remembered for a path, since all installed packages are looked through: 60 ms."""
    return entry_points()
