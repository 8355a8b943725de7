"""What takes long to build, built once in a process: the trained model, and the shipped set read with it."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.content import Content
from bot.reader import Reader, TextEncoder, load_reader
from responders.pipeline import Pipeline
from tests.processes import VECTORS, begin_as_before

TEMPLATES = Path(__file__).parents[1] / "templates"


@cache
def reader() -> Reader:
    """The reader that `bot.reader.load_reader` gives; it remembers what it read."""
    real = load_reader()
    return Reader(TextEncoder(cache(real.encoder.encode_once)), real.heads, real.version)


def loaded(folder: Path) -> Pipeline:
    """Templates with the model and the language detector, as they run. The vectors of shipped examples are not computed
    again; every wording is checked again, since a check may have changed."""
    with TemporaryDirectory() as var:
        begin_as_before(Path(var), [VECTORS])
        return Content(folder, reader=reader, var=Path(var)).load()


@cache
def shipped() -> Pipeline:
    """The shipped templates."""
    return loaded(TEMPLATES)
