"""`db`: the database."""

from __future__ import annotations

import typer

from bot.cli.common import Config, busy, load_settings
from bot.store import migrate

commands = typer.Typer(help="The database.", no_args_is_help=True, rich_markup_mode=None, add_completion=False)


@commands.callback()
def _group() -> None:
    """The database."""


@commands.command()
def upgrade(config: Config = None) -> None:
    """Migrate the database to this version. For SQLite `run` does it, too.

    \b
    Example: greenroom db upgrade
    """
    settings = load_settings(config)
    with busy("Migrating the database"):
        version = migrate.upgrade(settings.store)
    typer.echo(f"The database is at version {version}.")
