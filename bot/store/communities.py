"""Communities in a database. One on a server may hold many, each with a name; a SQLite file holds one."""

from __future__ import annotations

import re

from bot.errors import StoreError

SOLE = "default"
"""How the community is called whose database holds no other, so that nobody named it."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def named(name: str) -> str:
    """The name by which a community is known to its database. Empty: nobody named it. Raises StoreError for a name that
    cannot be used."""
    if name and not _NAME.fullmatch(name):
        raise StoreError(
            f"“{name}” cannot name a community; use up to 63 small letters, digits and hyphens, and no hyphen first"
        )
    return name or SOLE
