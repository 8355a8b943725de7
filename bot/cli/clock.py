"""`clock`: a person says that the time is right."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from bot.cli.common import Config, load_settings
from bot.errors import GreenroomError
from bot.queue import retention


def clock(config: Config = None) -> None:
    """Confirm that this machine's clock is right, if Greenroom doubts it and drops no old words.

    \b
    Example: greenroom clock
    """
    settings = load_settings(config)
    now = datetime.now(UTC)
    try:
        retention.confirm(settings.var, now)
    except OSError as error:
        raise GreenroomError(
            f"{settings.var}: the confirmation cannot be written here ({error.strerror}); check the permissions"
        ) from error
    typer.echo(f"It is {now:%Y-%m-%d %H:%M} UTC. Within a minute old words are dropped by that time.")
