"""Communities in a database. One on a server may hold many, each with a name; a SQLite file holds one."""

from __future__ import annotations

from bot.errors import StoreError
from bot.validation import KEY_RULE, is_key

SOLE = "default"
"""How the community is called whose database holds no other, so that nobody named it."""


def named(key: str) -> str:
    """The name by which a community is known to its database. Empty: nobody gave it a key. Raises StoreError for what
    cannot be a key."""
    if key and not is_key(key):
        raise StoreError(f"“{key}” cannot name a community; {KEY_RULE}")
    return key or SOLE
