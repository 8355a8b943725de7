"""What several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from bot import settings
from bot.content import Content
from bot.encoder import load_encoder, load_faq_encoder
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
    """The pipeline as `run` has it once the encoder is there; says on stderr when there is none. Raises FaultyFiles."""
    content = Content(settings.templates, encoder=load_encoder, faq_encoder=load_faq_encoder, var=settings.var)
    pipeline = content.load_best()
    if content.no_encoder:
        typer.echo(content.no_encoder, err=True)
    return pipeline
