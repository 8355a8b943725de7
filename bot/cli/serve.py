"""`run` and `link`."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import Annotated

import structlog
import typer

from bot import app
from bot.cli.common import Config, load_settings
from bot.reader import load_reader

Only = Annotated[
    str | None,
    typer.Option(
        "--only", help="Roles of this process, as in web,desk,outbox or a platform; else all.", show_default=False
    ),
]


def run(config: Config = None, only: Only = None) -> None:
    """Run everything that config.yaml switches on, until Ctrl-C."""
    settings = load_settings(config)
    _log_to_stderr()
    roles = [role.strip() for role in only.split(",") if role.strip()] if only else []
    built = app.build(settings, only=roles, reader=load_reader)
    asyncio.run(built.run(announce=typer.echo))


def link(name: Annotated[str, typer.Argument(help="The manager's key in config.yaml.")], config: Config = None) -> None:
    """Print a sign-in link for a manager; it lives ten minutes and works once."""
    typer.echo(app.signin_link(load_settings(config), name, os.environ))


def _log_to_stderr() -> None:
    """One line an event. Libraries speak from warnings up: at INFO httpx logs addresses, Telegram's with the token."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    colors = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(colors=colors),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
