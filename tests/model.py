"""The trained model, loaded once in a process of tests; what it made of a text is remembered."""

from functools import cache

from bot.reader import Reader, TextEncoder, load_reader


@cache
def reader() -> Reader:
    """As `bot.reader.load_reader` gives it."""
    real = load_reader()
    return Reader(TextEncoder(cache(real.encoder.encode_once)), real.heads, real.version)
