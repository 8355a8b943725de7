"""The small language of calls.yaml: what a value may be, for all fakes.

A type is `text MAX`, `bytes MAX`, `id`, `int`, `number`, `bool`, `null`, `file`, `=VALUE`, `[TYPE] MAX`, `{TYPE}` (any
keys), the name of a shape, or several with `|`. A field `name!` must be there; `name~` is taken although published data
does not list it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Type:
    """One alternative of a field. `name` is the word before the limit, =, list, map, or that of a shape."""

    name: str
    limit: int | None = None
    value: int | str | None = None
    of: tuple[Type, ...] = ()


class Upload(NamedTuple):
    """A file in a form."""

    name: str
    content: bytes


class Field(NamedTuple):
    types: tuple[Type, ...]
    required: bool
    published: bool


Shape = Mapping[str, Field] | tuple[Type, ...]


class Shapes:
    """The shapes of one description, by name; a shape is fields, or another name for some types."""

    def __init__(self, described: Mapping[str, Any]) -> None:
        self.shapes: dict[str, Shape] = {
            name: types(shape) if isinstance(shape, str) else fields(shape) for name, shape in described.items()
        }

    def any(self, where: str, alternatives: tuple[Type, ...], value: Any) -> list[str]:
        """What is wrong with a value that may be any of these; one sentence each."""
        tried = [self._one(where, type_, value) for type_ in alternatives]
        return min(tried, key=len) if all(tried) else []

    def shape(self, where: str, name: str, described: Mapping[str, Field], value: Any) -> Iterator[str]:
        """What is wrong with a value that must be a shape of this name."""
        if not isinstance(value, dict):
            yield f"{where or 'the body'}: {str(value)[:60]!r} is not a {name}"
            return
        kind = described.get("type")
        if kind and "type" in value and self.any("", kind.types, value["type"]):
            yield from (f"{where}: type {value['type']} is not a {name}",) * 100  # another shape is meant
            return
        for field, inner in value.items():
            if field not in described:
                yield f"{where}.{field}: not described for a {name}"
            else:
                yield from self.any(f"{where}.{field}", described[field].types, inner)
        for field in described:
            if described[field].required and field not in value:
                yield f"{where}.{field}: missing in a {name}"

    def _one(self, where: str, type_: Type, value: Any) -> list[str]:
        shape = self.shapes.get(type_.name)
        if isinstance(shape, tuple):
            return self.any(where, shape, value)
        if shape is not None:
            return list(self.shape(where, type_.name, shape, value))
        if type_.name == "list":
            return list(self._list(where, type_, value))
        if type_.name == "map":
            return list(self._map(where, type_, value))
        return [] if _is(type_, value) else [f"{where or 'the body'}: {str(value)[:60]!r} is not {_say(type_)}"]

    def _map(self, where: str, type_: Type, value: Any) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{where or 'the body'}: not a map"
            return
        for key, item in value.items():
            yield from self.any(f"{where}.{key}", type_.of, item)

    def _list(self, where: str, type_: Type, value: Any) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{where or 'the body'}: not a list"
            return
        if type_.limit is not None and len(value) > type_.limit:
            yield f"{where}: {len(value)} items, at most {type_.limit}"
        for number, item in enumerate(value):
            yield from self.any(f"{where}[{number}]", type_.of, item)


def types(text: str | None) -> tuple[Type, ...]:
    """`text 80 | null` and the like as alternatives."""
    return tuple(_type(part.strip()) for part in re.split(r"\|(?![^\[{]*[\]}])", text)) if text else ()


def fields(described: Mapping[str, str]) -> dict[str, Field]:
    """Fields by name, as calls.yaml writes them."""
    return {
        name.rstrip("!~"): Field(types(text), required="!" in name, published="~" not in name)
        for name, text in described.items()
    }


def _type(text: str) -> Type:
    if found := re.fullmatch(r"\[(.+)\](?: (\d+))?", text):
        return Type("list", limit=int(found[2]) if found[2] else None, of=types(found[1]))
    if found := re.fullmatch(r"\{(.+)\}", text):
        return Type("map", of=types(found[1]))
    if text.startswith("="):
        return Type("=", value=int(text[1:]) if text[1:].isdigit() else text[1:])
    name, _, limit = text.partition(" ")
    return Type(name, limit=int(limit) if limit else None)


def _is(type_: Type, value: Any) -> bool:
    limit = type_.limit
    checks: dict[str, Callable[[], bool]] = {
        "text": lambda: isinstance(value, str) and (limit is None or len(value) <= limit),
        "bytes": lambda: isinstance(value, str) and 1 <= len(value.encode()) <= (limit or 1),
        # the service takes numbers too
        "id": lambda: not isinstance(value, bool) and re.fullmatch(r"\d{1,20}", str(value)) is not None,
        "int": lambda: isinstance(value, int) and not isinstance(value, bool),
        "number": lambda: isinstance(value, int | float) and not isinstance(value, bool),
        "bool": lambda: isinstance(value, bool),
        "null": lambda: value is None,
        "file": lambda: isinstance(value, Upload),
        "=": lambda: bool(value == type_.value),
    }
    if type_.name not in checks:
        raise AssertionError(f"calls.yaml names a type that does not exist: {type_.name}")
    return checks[type_.name]()


def _say(type_: Type) -> str:
    if type_.name == "=":
        return str(type_.value)
    return type_.name if type_.limit is None else f"{type_.name} of at most {type_.limit}"
