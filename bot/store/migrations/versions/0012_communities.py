"""Many communities in a database of a server. A SQLite file holds one, and stays as it is."""

from alembic import op

from bot.store.migrations import apart

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_CONSTRAINTS = (
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE contype IN ('p', 'u', 'f') AND conrelid = ANY(CAST(:tables AS regclass[])) ORDER BY contype = 'f'"
)
_INDEXES = (
    "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
    "WHERE indrelid = ANY(CAST(:tables AS regclass[])) AND NOT EXISTS "
    "(SELECT 1 FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))"
)
"""Those that belong to no constraint."""


def upgrade() -> None:
    """What is there already belongs to the community that nobody named. Keys and indexes keep their names."""
    if not apart.on_server():
        return
    tables = apart.tables(op.get_bind())
    constraints = apart.rows(_CONSTRAINTS, tables=tables)
    indexes = apart.rows(_INDEXES, tables=tables)
    for table, name, _definition in reversed(constraints):  # foreign keys first
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _ in indexes:
        op.execute(f"DROP INDEX {name}")
    for table in tables:
        op.add_column(table, apart.column())
        apart.hold(table)
    for table, name, definition in constraints:  # foreign keys last
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition.replace('(', '(community, ')}")
    for _, definition in indexes:
        op.execute(definition.replace("(", "(community, ", 1))
