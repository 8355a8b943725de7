"""The log as JSON, as the running program writes it, and what tests look for in it."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from typing import Any

from bot.cli.logs import Form, told

MARK = "zarquon"
"""In every word and name that a fan brings, and in what is shown of their files."""


class Log:
    """What was written so far."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Every line; each must be an object of its own, and must hold nothing of a fan."""
        text = self._stream.getvalue()
        assert MARK not in text.lower(), next(line for line in text.splitlines() if MARK in line.lower())
        lines = [json.loads(line) for line in text.splitlines()]
        for line in lines:
            assert {"time", "level", "event"} <= line.keys()
        return lines

    def has(self, event: str, **values: Any) -> bool:
        """Whether there is a line of this event with these values."""
        return any(line["event"] == event and values.items() <= line.items() for line in self.lines)


@contextlib.contextmanager
def json_log() -> Iterator[Log]:
    """Everything that is logged meanwhile; it is looked at once more at the end."""
    stream = io.StringIO()
    found = Log(stream)
    with told(Form.JSON, stream):
        yield found
    assert found.lines is not None
