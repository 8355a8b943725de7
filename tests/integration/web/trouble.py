"""A database that fails, and all addresses that must still answer."""

import re
from pathlib import Path

from bot.adapters.web import api
from bot.console.app import PAGES_OF_MANAGERS
from tests.integration.program import database

ADDRESSES = sorted(
    (method, re.sub(r"\{[^}]*\}", "x", route.path))
    for router in (api.router, *PAGES_OF_MANAGERS)
    for route in router.routes
    for method in route.methods
)
"""(method, path) of each page and each route of the API."""


def take_tables_away(folder: Path) -> None:
    """Take the tables away, so that every query fails."""
    with database(folder) as found:
        names = [row[0] for row in found.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            if not name.startswith(("sqlite_", "alembic")):
                found.execute(f"ALTER TABLE {name} RENAME TO gone_{name}")
