"""What the running program tells of itself: words for a terminal, or JSON, one object a line, for programs.

A line of JSON has `time`, `level` and `event`, ids of ours, and never what a fan wrote or is called. So an exception is
told by its type and place, without its message, and a library's line ends where it begins to quote something.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import warnings
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from traceback import walk_tb
from typing import Any, TextIO

import structlog

from bot.cli import plain
from bot.errors import GreenroomError

log = structlog.get_logger()

_QUOTES = re.compile(r"[<({\[\"'“`:\n]")
"""Where a library's line begins to tell values."""
_MOST_CAUSES = 5
_NAMES = ("name", "chat", "channel", "config_line")
"""What helps on a terminal and names people or places. Their ids stand beside them."""


class Form(StrEnum):
    """How the log is written."""

    WORDS = "words"
    JSON = "json"


@contextmanager
def told(form: Form, stream: TextIO) -> Iterator[None]:
    """Write the log of everything inside to `stream`."""
    if form is Form.WORDS:
        _words(stream)
        yield
    else:
        _json(stream)
        with _hooks():
            yield


@contextmanager
def ending(form: Form) -> Iterator[None]:
    """As JSON, what ends the program is a line of the log, too. Raises SystemExit then."""
    if form is Form.WORDS:
        yield
        return
    try:
        yield
    except GreenroomError as error:
        log.error("stopped", why=str(error))  # noqa: TRY400 - its sentence says it all
        raise SystemExit(error.status) from None
    except Exception:
        log.critical("failed", exc_info=True)
        raise SystemExit(1) from None


def _words(stream: TextIO) -> None:
    """One line an event. Of libraries only warnings: at INFO httpx logs addresses, and Telegram's hold the token."""
    logging.basicConfig(stream=stream, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    _configure(
        stream,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.dev.ConsoleRenderer(colors=stream.isatty() and not plain()),
    )


def _json(stream: TextIO) -> None:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Line())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    _configure(
        stream,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _without_names,
        _without_messages,
        _RENDER,
    )


def _configure(stream: TextIO, *processors: Any) -> None:
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, *processors],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )


_RENDER = structlog.processors.JSONRenderer(default=lambda value: type(value).__name__)


def _without_names(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value for key, value in event.items() if key not in _NAMES}


def _without_messages(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else sys.exc_info()[1] if given else None
    return {**event, "exception": _exception(error)} if error else event


def _exception(error: BaseException) -> list[dict[str, Any]]:
    """The exception and what caused it: types, and the places that it passed."""
    found: list[dict[str, Any]] = []
    one: BaseException | None = error
    while one is not None and len(found) < _MOST_CAUSES:
        at = [_place(frame.f_code.co_filename, line) for frame, line in walk_tb(one.__traceback__)]
        found.append({"type": type(one).__name__, "at": at})
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return found


def _place(file: str, line: int) -> str:
    return f"{'/'.join(Path(file).parts[-3:])}:{line}"


class _Line(logging.Formatter):
    """A library's record as a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Of its message what stands before the first value."""
        line: dict[str, Any] = {
            "event": "library",
            "logger": record.name,
            "message": _QUOTES.split(str(record.msg), maxsplit=1)[0].strip(),
            "level": record.levelname.lower(),
            "time": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
        }
        if record.exc_info and record.exc_info[1]:
            line["exception"] = _exception(record.exc_info[1])
        return str(_RENDER(None, "", line))


@contextmanager
def _hooks() -> Iterator[None]:
    """Python's own ways to write to stderr become lines, too."""
    before = (threading.excepthook, sys.unraisablehook, warnings.showwarning)
    threading.excepthook = lambda given: log.error("thread_failed", exc_info=given.exc_value)
    sys.unraisablehook = lambda given: log.error("not_raised", exc_info=given.exc_value)
    warnings.showwarning = _warned
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook, warnings.showwarning = before


def _warned(  # noqa: PLR0917 - as Python calls it
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    log.warning("python_warning", category=category.__name__, at=_place(filename, lineno))
