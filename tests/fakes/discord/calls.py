"""What calls.yaml says of a request: is it one of ours, and does it carry only what it may?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.fakes.shapes import Field, Shape, Shapes, Type, fields, types


class Call(NamedTuple):
    name: str
    parts: tuple[str, ...]
    query: Mapping[str, Field]
    body: tuple[Type, ...]


@cache
def _document() -> Any:
    return yaml.safe_load(Path(__file__).with_name("calls.yaml").read_text(encoding="utf-8"))


class Calls:
    """The description, ready to be asked."""

    def __init__(self) -> None:
        document = _document()
        self._shapes = Shapes(document["shapes"])
        self.calls = tuple(
            Call(name, tuple(name.split(" ", 1)[1].split("/")), fields(call.get("query", {})), types(call.get("body")))
            for name, call in document["calls"].items()
        )

    @property
    def shapes(self) -> dict[str, Shape]:
        """What the bodies are made of, by name."""
        return self._shapes.shapes

    def find(self, method: str, path: str) -> tuple[Call, dict[str, str]] | None:
        """The call and what its path names; fixed words win over names."""
        given = path.split("/")
        fitting = [
            (call, {part[1:-1]: word for part, word in zip(call.parts, given, strict=True) if part.startswith("{")})
            for call in self.calls
            if call.name.startswith(f"{method} ") and len(call.parts) == len(given) and _fits(call.parts, given)
        ]
        return min(fitting, key=lambda found: len(found[1]), default=None)

    def problems(self, call: Call, query: Mapping[str, str], body: Any) -> list[str]:
        """What is wrong with a request, one sentence each."""
        found = [f"?{name} is not described" for name in query if name not in call.query]
        if not call.body:
            return [*found, *(["it carries a body, which is not described"] if body is not None else [])]
        if body is None:
            return [*found, "it carries no body"]
        return [*found, *self._shapes.any("", call.body, body)]


def _fits(parts: tuple[str, ...], given: list[str]) -> bool:
    return all(part == word or (part.startswith("{") and word != "") for part, word in zip(parts, given, strict=True))
