"""`run`: everything that config.yaml switches on."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from bot import private
from bot.cli.common import Config, Many, load_settings, one_of

Only = Annotated[
    str | None,
    typer.Option(
        "--only",
        metavar="ROLES",
        help="Roles of this process: web, desk, outbox, probes or a platform; else all.",
        show_default=False,
    ),
]
Log = Annotated[Literal["words", "json"], typer.Option("--log", help="How the log on stderr is written.")]


def run(config: Config = None, only: Only = None, log: Log = "words", communities: Many = None) -> None:
    """Run everything that config.yaml switches on, until Ctrl-C.

    \b
    Example: greenroom run
    Example: greenroom run --log json
    Example: greenroom run --communities /srv/greenroom
    """
    from bot import tracing  # noqa: PLC0415 - `run --help` does not wait for it
    from bot.cli.logs import Form, ending, told  # noqa: PLC0415

    with told(Form(log), sys.stderr), ending(Form(log)), tracing.kept():
        if communities is None:
            _run(config, _roles(only), in_words=log == "words")
        else:
            _run_many(one_of(communities, config), _roles(only), in_words=log == "words")


def _roles(only: str | None) -> list[str]:
    return [role.strip() for role in only.split(",") if role.strip()] if only else []


def _run(config: Config, roles: list[str], *, in_words: bool) -> None:
    # The whole program, which `run --help` does not wait for.
    import structlog  # noqa: PLC0415

    from bot import app  # noqa: PLC0415
    from bot.adapters.web.doctor import checks  # noqa: PLC0415
    from bot.reader import load_reader  # noqa: PLC0415

    told = structlog.get_logger()
    settings = load_settings(config)
    os.umask(0o077)  # files hold fans' words and secrets
    private.tighten_all(settings.var)
    for check in checks(settings):
        if check.ok is False:
            told.warning("not_safe", what=check.result, fix=check.fix)
    if in_words and sys.stderr.isatty():
        typer.echo("Starting; this takes a few seconds.", err=True)
    built = app.build(settings, only=roles, reader=load_reader)
    if in_words:
        asyncio.run(built.run(announce=typer.echo, link=sys.stdout.isatty()))
    else:
        asyncio.run(built.run(announce=lambda words: told.info("running", what=words)))


def _run_many(folder: Path, roles: list[str], *, in_words: bool) -> None:
    import structlog  # noqa: PLC0415 - as above

    from bot.communities import Communities  # noqa: PLC0415
    from bot.reader import load_reader  # noqa: PLC0415

    told = structlog.get_logger()
    os.umask(0o077)  # as above
    if in_words and sys.stderr.isatty():
        typer.echo("Starting; this takes a few seconds.", err=True)

    async def serve() -> None:
        many = Communities(folder, environ=os.environ, reader=load_reader, only=roles)
        await many.run(announce=typer.echo if in_words else lambda words: told.info("running", what=words))

    asyncio.run(serve())
