"""What several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from bot import settings
from bot.content import Content
from bot.reader import load_reader
from bot.settings import Settings
from responders.pipeline import Pipeline

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", help="The config.yaml to use; else GREENROOM_CONFIG, else ./config.yaml.", show_default=False
    ),
]


def load_settings(config: Path | None) -> Settings:
    """The settings that a command works with. Raises FaultyFiles."""
    return settings.load(config or settings.default_path(os.environ), os.environ)


def load_pipeline(settings: Settings) -> Pipeline:
    """The pipeline as `run` has it; says on stderr when there is no model to read with. Raises FaultyFiles."""
    content = Content(settings.templates, reader=load_reader, var=settings.var)
    pipeline = content.load()
    if content.no_reader:
        typer.echo(content.no_reader, err=True)
    return pipeline
