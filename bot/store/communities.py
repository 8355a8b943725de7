"""Communities in a database. One on a server may hold many, each with a name; a SQLite file holds one."""

from __future__ import annotations

import re

from bot.errors import StoreError

SOLE = "default"
"""How the community is called whose database holds no other, so that nobody named it."""
_KEY = re.compile(r"(?=.{1,32}\Z)[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
"""As in config.yaml, whose `key` it is."""


def named(key: str) -> str:
    """The name by which a community is known to its database. Empty: nobody gave it a key. Raises StoreError for what
    cannot be a key."""
    if key and not _KEY.match(key):
        raise StoreError(
            f"“{key}” cannot name a community; use up to 32 small letters and digits, with single hyphens between "
            "them, as in lamp-north"
        )
    return key or SOLE
