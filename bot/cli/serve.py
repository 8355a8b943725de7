"""`run`, `link` and `clock`."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from datetime import UTC, datetime
from typing import Annotated

import structlog
import typer

from bot import app, private
from bot.adapters import web
from bot.cli.common import Config, load_settings
from bot.errors import GreenroomError
from bot.queue import retention
from bot.reader import load_reader

Only = Annotated[
    str | None,
    typer.Option(
        "--only", help="Roles of this process: web, desk, outbox or a platform; else all.", show_default=False
    ),
]


def run(config: Config = None, only: Only = None) -> None:
    """Run everything that config.yaml switches on, until Ctrl-C."""
    settings = load_settings(config)
    os.umask(0o077)  # files hold fans' words and secrets
    private.tighten_all(settings.var)
    _log_to_stderr()
    for check in web.checks(settings):
        if check.ok is False:
            structlog.get_logger().warning("not_safe", what=check.result, fix=check.fix)
    if sys.stderr.isatty():
        typer.echo("Starting; this takes a few seconds.", err=True)
    roles = [role.strip() for role in only.split(",") if role.strip()] if only else []
    built = app.build(settings, only=roles, reader=load_reader)
    asyncio.run(built.run(announce=typer.echo, link=sys.stdout.isatty()))


def link(name: Annotated[str, typer.Argument(help="The manager's key in config.yaml.")], config: Config = None) -> None:
    """Print a sign-in link for a manager; it lives ten minutes and works once."""
    typer.echo(app.signin_link(load_settings(config), name, os.environ))


def clock(config: Config = None) -> None:
    """Confirm that this machine's clock is right, if Greenroom doubts it and drops no old words."""
    settings = load_settings(config)
    now = datetime.now(UTC)
    try:
        retention.confirm(settings.var, now)
    except OSError as error:
        raise GreenroomError(
            f"{settings.var}: the confirmation cannot be written here ({error.strerror}); check the permissions"
        ) from error
    typer.echo(f"It is {now:%Y-%m-%d %H:%M} UTC. Within a minute old words are dropped by that time.")


def _log_to_stderr() -> None:
    """One line an event. Of libraries only warnings: at INFO httpx logs addresses, and Telegram's hold the token."""
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
