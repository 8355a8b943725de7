"""How the tables of a server keep communities apart, for migrations."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

_OURS = "current_setting('greenroom.community')"


def on_server() -> bool:
    """False on SQLite, where a file holds one community."""
    return op.get_bind().dialect.name == "postgresql"


def column() -> sa.Column[str]:
    """The first column of each key and index. What is inserted belongs to the community of its transaction."""
    return sa.Column("community", sa.Text(), server_default=sa.text(_OURS), nullable=False)


def hold(table: str) -> None:
    """Let no statement see or change rows of another community than that of its transaction; without one, no row."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY community ON {table} USING (community = nullif({_OURS}, ''))")


def force(connection: sa.Connection, *, on: bool) -> None:
    """Hold the owner of the tables to that, too. A migration changes the rows of all communities, so it is off
    meanwhile."""
    if connection.dialect.name == "postgresql":
        for table in tables(connection):
            connection.execute(sa.text(f"ALTER TABLE {table} {'' if on else 'NO '}FORCE ROW LEVEL SECURITY"))


def tables(connection: sa.Connection) -> list[str]:
    """The tables that have rows of communities."""
    return sorted(name for name in sa.inspect(connection).get_table_names() if name != "alembic_version")


def rows(query: str, **values: Any) -> list[tuple[Any, ...]]:
    """What a query finds."""
    return [tuple(row) for row in op.get_bind().execute(sa.text(query), values)]
