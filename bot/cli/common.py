"""What several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from bot import settings
from bot.settings import Settings

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", help="The config.yaml to use; else GREENROOM_CONFIG, else ./config.yaml.", show_default=False
    ),
]


def load_settings(config: Path | None) -> Settings:
    """The settings that a command works with. Raises FaultyFiles."""
    return settings.load(config or settings.default_path(os.environ), os.environ)
