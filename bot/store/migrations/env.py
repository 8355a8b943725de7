"""Alembic's entry point. `bot.store.migrate` passes the connection."""

from alembic import context

from bot.store.migrations import apart
from bot.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,  # the caller's transaction holds all of it
)
apart.force(connection, on=False)
context.run_migrations()
apart.force(connection, on=True)
