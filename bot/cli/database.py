"""`db`: the database."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.common import Config, busy, load_settings
from bot.errors import GreenroomError
from bot.queue import hold
from bot.settings import Settings
from bot.store import Store, backups, migrate
from bot.store import copy as copies

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


@commands.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new file.", show_default=False)],
    config: Config = None,
) -> None:
    """Back up the SQLite database. It is written to a new file, also while Greenroom runs.

    \b
    Example: greenroom db backup before-the-update.db
    """
    settings = load_settings(config)
    with busy("Copying the database"):
        size = backups.backup(settings.store, file)
    typer.echo(
        f"{file} is a copy of the database ({size:,} bytes). It has fans' words: keep it as safe as the database."
    )


@commands.command("restore")
def restore_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.", show_default=False)], config: Config = None
) -> None:
    """Go back to a backup of the SQLite database. Stop Greenroom first. The old database is kept beside it, and
    everything is on hold until a manager lifts that.

    \b
    Example: greenroom db restore saved.db
    """
    settings = load_settings(config)
    with busy("Restoring the database"):
        old = backups.restore(settings.store, file, lambda c: hold.after_restore(c, datetime.now(UTC)))
    typer.echo(f"The database is now as it was in {file}.")
    if old:
        typer.echo(f"The old one is {old}. It has fans' words: erase it when all is well.")
    _tell_of_the_hold()


@commands.command()
def restored(config: Config = None) -> None:
    """Say that PostgreSQL's tools restored the database. Do so before Greenroom starts on it. Everything is on hold
    then, until a manager lifts that.

    \b
    Example: greenroom db restored
    """
    settings = load_settings(config)
    if not settings.store.startswith("postgresql:"):
        raise GreenroomError("This is for PostgreSQL; for a SQLite file `greenroom db restore FILE` does it all.")
    asyncio.run(_settle(settings))
    _tell_of_the_hold()


async def _settle(settings: Settings) -> None:
    store = await Store.open(settings.store, settings.key)
    try:
        await store.write(lambda c: hold.after_restore(c, datetime.now(UTC)))
    finally:
        await store.close()


def _tell_of_the_hold() -> None:
    typer.echo("Everything is on hold, because replies sent after the backup wait again.")
    typer.echo("Look before you send, then lift the hold, in the console or with `/hold lift`. Managers sign in again.")
    typer.echo("What fans erased or took back after the backup is there again.")


@commands.command()
def copy(
    target: Annotated[str, typer.Argument(metavar="POSTGRESQL", help="As in postgresql://USER@HOST/NAME.")],
    community: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="The community that it becomes there, where a database holds several. By default the `key` of "
            "config.yaml.",
            show_default=False,
        ),
    ] = None,
    config: Config = None,
) -> None:
    """Move from SQLite to PostgreSQL. Everything is copied into a database that holds nothing of this community yet,
    and compared; stop Greenroom first.

    \b
    Example: greenroom db copy postgresql://greenroom@localhost/greenroom
    """
    settings = load_settings(config)
    with busy("Copying the database"):
        rows = copies.copy(settings.store, target, settings.key if community is None else community)
    typer.echo(f"{sum(rows.values()):,} rows of {len(rows)} tables were copied and compared.")
    key = f" and `key: {community}` under `community:`" if community and community != settings.key else ""
    typer.echo(
        f"Now write `store: {target}`{key} into {settings.path.name}. The old file is as it was; erase it when all is "
        "well."
    )
