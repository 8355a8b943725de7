"""`link`: lets a manager in."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from bot.adapters.web.links import link_for
from bot.cli.common import Config, load_settings


def link(
    name: Annotated[str, typer.Argument(metavar="KEY", help="The manager's key in config.yaml.")], config: Config = None
) -> None:
    """Print a sign-in link for a manager; it lives ten minutes and works once.

    \b
    Example: greenroom link manager
    """
    typer.echo(link_for(load_settings(config), name, os.environ))
