"""`run`: everything that config.yaml switches on."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import Annotated

import typer

from bot import private
from bot.cli import plain
from bot.cli.common import Config, load_settings

Only = Annotated[
    str | None,
    typer.Option(
        "--only", help="Roles of this process: web, desk, outbox or a platform; else all.", show_default=False
    ),
]


def run(config: Config = None, only: Only = None) -> None:
    """Run everything that config.yaml switches on, until Ctrl-C.

    \b
    Example: greenroom run
    """
    # The whole program, which `run --help` does not wait for.
    import structlog  # noqa: PLC0415

    from bot import app  # noqa: PLC0415
    from bot.adapters.web.doctor import checks  # noqa: PLC0415
    from bot.reader import load_reader  # noqa: PLC0415

    settings = load_settings(config)
    os.umask(0o077)  # files hold fans' words and secrets
    private.tighten_all(settings.var)
    _log_to_stderr()
    for check in checks(settings):
        if check.ok is False:
            structlog.get_logger().warning("not_safe", what=check.result, fix=check.fix)
    if sys.stderr.isatty():
        typer.echo("Starting; this takes a few seconds.", err=True)
    roles = [role.strip() for role in only.split(",") if role.strip()] if only else []
    built = app.build(settings, only=roles, reader=load_reader)
    asyncio.run(built.run(announce=typer.echo, link=sys.stdout.isatty()))


def _log_to_stderr() -> None:
    """One line an event. Of libraries only warnings: at INFO httpx logs addresses, and Telegram's hold the token."""
    import structlog  # noqa: PLC0415 - see `run`

    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    colors = sys.stderr.isatty() and not plain()
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
