"""SQLAlchemy's dialects, but equal to each other: what one engine has compiled serves all engines of this process.

Each community with a SQLite file has an engine of its own, which would else compile and keep some 300 statements.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Engine, create_engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import URL
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

    supports_statement_cache = True  # not inherited: SQLAlchemy asks each class


class Postgresql(_Alike, PGDialect_psycopg):
    """For psycopg."""

    supports_statement_cache = True  # as above


registry.register("sqlite.alike", __name__, "Sqlite")
registry.register("postgresql.alike", __name__, "Postgresql")


def engine(url: URL, **options: Any) -> Engine:
    """A new engine with what the others have compiled. Its errors do not repeat what fans wrote.

    `options` are those of `create_engine`. Raises ModuleNotFoundError without the driver.
    """
    alike = url.set(drivername=f"{url.get_backend_name()}+alike")
    return create_engine(alike, hide_parameters=True, execution_options={"compiled_cache": COMPILED}, **options)
