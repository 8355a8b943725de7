"""Communities in a database. One on a server may hold many, a SQLite file holds one."""

from __future__ import annotations

import re

from bot.errors import StoreError

SOLE = "default"
"""The community of a database whose communities nobody named."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def checked(name: str) -> str:
    """The name of a community. Raises StoreError for one that cannot be used."""
    if not _NAME.fullmatch(name):
        raise StoreError(
            f"“{name}” cannot name a community; use up to 63 lower case letters, digits and hyphens, and begin with a "
            "letter or a digit"
        )
    return name
