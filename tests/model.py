"""What is dear to build, built once in a process of tests: the trained model, and the shipped set read with it."""

from functools import cache
from pathlib import Path

from bot.content import Content
from bot.reader import Reader, TextEncoder, load_reader
from responders.pipeline import Pipeline

TEMPLATES = Path(__file__).parents[1] / "templates"


@cache
def reader() -> Reader:
    """As `bot.reader.load_reader` gives it; what it made of a text is remembered."""
    real = load_reader()
    return Reader(TextEncoder(cache(real.encoder.encode_once)), real.heads, real.version)


@cache
def shipped() -> Pipeline:
    """The shipped templates as they run: with the model and the detector of languages."""
    return Content(TEMPLATES, reader=reader).load()
