"""What calls.yaml says of a request: is it one of ours, and does it carry only what it may?"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.fakes.shapes import Field, Shape, Shapes, fields


@cache
def _document() -> Any:
    return yaml.safe_load(Path(__file__).with_name("calls.yaml").read_text(encoding="utf-8"))


class Calls:
    """The description, ready to be asked."""

    def __init__(self) -> None:
        document = _document()
        self._shapes = Shapes(document["shapes"])
        self.calls: dict[str, Mapping[str, Field]] = {name: fields(call) for name, call in document["calls"].items()}

    @property
    def shapes(self) -> dict[str, Shape]:
        """What the parameters are made of, by name."""
        return self._shapes.shapes

    def decode(self, call: str, form: Mapping[str, str]) -> dict[str, Any]:
        """A form's words as what they stand for: a form carries numbers, booleans and nested things as text."""
        described = self.calls.get(call, {})
        return {name: _decode(described.get(name), text) for name, text in form.items()}

    def problems(self, call: str, asked: Mapping[str, Any]) -> list[str]:
        """What is wrong with a request, one sentence each."""
        if call not in self.calls:
            return ["not described in calls.yaml"]
        return list(self._shapes.shape("", call, self.calls[call], asked))


def _decode(field: Field | None, text: str) -> Any:
    names = {type_.name for type_ in field.types} if field else {"text"}
    if "int" in names:
        return int(text) if re.fullmatch(r"-?\d{1,19}", text) else text
    if "text" in names:
        return text
    if names == {"bool"}:
        return {"true": True, "false": False}.get(text.lower(), text)
    try:
        return json.loads(text)
    except ValueError:
        return text
