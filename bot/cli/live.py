"""The pipeline for a command, with the operators' files and the reader. Loading it takes seconds."""

from __future__ import annotations

from pathlib import Path

import typer

from bot.cli.common import busy
from bot.content import Content
from bot.reader import load_reader
from bot.settings import Settings
from responders.pipeline import Pipeline


def load_pipeline(settings: Settings) -> Pipeline:
    """The pipeline as `run` has it. Says on stderr if there is no model. Raises FaultyFiles."""
    return read_live(settings.templates, settings.var)


def read_live(templates: Path, var: Path | None) -> Pipeline:
    """`load_pipeline` for any folder of templates; `var`: the folder for the vectors of examples."""
    content = Content(templates, reader=load_reader, var=var)
    with busy("Reading the templates and their examples"):
        pipeline = content.load()
    if content.no_reader:
        typer.echo(content.no_reader, err=True)
    return pipeline
