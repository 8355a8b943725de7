"""SQLAlchemy's dialects, but equal to each other: what one engine has compiled serves all engines of this process.

Each community with a SQLite file has an engine of its own, which would else compile and keep some 300 statements.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

COMPILED: Final[Any] = LRUCache(1000)
"""Statements as text for the driver. Each is found by its dialect and itself."""


class _Alike:
    """Equal to each of its kind."""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))


class Sqlite(_Alike, SQLiteDialect_pysqlite):
    """For Python's own driver."""

    supports_statement_cache = True


class Postgresql(_Alike, PGDialect_psycopg):
    """For psycopg."""

    supports_statement_cache = True


registry.register("sqlite.alike", __name__, "Sqlite")
registry.register("postgresql.alike", __name__, "Postgresql")
