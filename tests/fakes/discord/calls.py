"""What calls.yaml says of a request: is it one of ours, and does it carry only what it may?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Type:
    """One alternative of a field. `name` is text, id, int, bool, null, =, list, map, or that of a shape."""

    name: str
    limit: int | None = None
    value: int | None = None
    of: tuple[Type, ...] = ()


class Field(NamedTuple):
    types: tuple[Type, ...]
    required: bool
    published: bool


class Call(NamedTuple):
    name: str
    parts: tuple[str, ...]
    query: Mapping[str, Field]
    body: tuple[Type, ...]


class Calls:
    """The description, ready to be asked."""

    def __init__(self) -> None:
        document = yaml.safe_load(Path(__file__).with_name("calls.yaml").read_text(encoding="utf-8"))
        self.shapes: dict[str, Mapping[str, Field] | tuple[Type, ...]] = {
            name: types(shape) if isinstance(shape, str) else _fields(shape)
            for name, shape in document["shapes"].items()
        }
        self.calls = tuple(
            Call(name, tuple(name.split(" ", 1)[1].split("/")), _fields(call.get("query", {})), types(call.get("body")))
            for name, call in document["calls"].items()
        )

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
        return [*found, *self._any("", call.body, body)]

    def _any(self, where: str, alternatives: tuple[Type, ...], value: Any) -> list[str]:
        tried = [self._one(where, type_, value) for type_ in alternatives]
        return min(tried, key=len) if all(tried) else []

    def _one(self, where: str, type_: Type, value: Any) -> list[str]:
        shape = self.shapes.get(type_.name)
        if isinstance(shape, tuple):
            return self._any(where, shape, value)
        if shape is not None:
            return list(self._shape(where, type_.name, shape, value))
        if type_.name == "list":
            return list(self._list(where, type_, value))
        if type_.name == "map":
            kept = value.items() if isinstance(value, dict) else [("", None)]
            return [line for key, item in kept for line in self._any(f"{where}.{key}", type_.of, item)]
        return [] if _is(type_, value) else [f"{where or 'the body'}: {str(value)[:60]!r} is not {_say(type_)}"]

    def _shape(self, where: str, name: str, fields: Mapping[str, Field], value: Any) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{where or 'the body'}: {str(value)[:60]!r} is not a {name}"
            return
        kind = fields.get("type")
        if kind and "type" in value and self._any("", kind.types, value["type"]):
            yield from (f"{where}: type {value['type']} is not a {name}",) * 100  # another shape is meant
            return
        for field, inner in value.items():
            if field not in fields:
                yield f"{where}.{field}: not described for a {name}"
            else:
                yield from self._any(f"{where}.{field}", fields[field].types, inner)
        for field in fields:
            if fields[field].required and field not in value:
                yield f"{where}.{field}: missing in a {name}"

    def _list(self, where: str, type_: Type, value: Any) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{where or 'the body'}: not a list"
            return
        if type_.limit is not None and len(value) > type_.limit:
            yield f"{where}: {len(value)} items, at most {type_.limit}"
        for number, item in enumerate(value):
            yield from self._any(f"{where}[{number}]", type_.of, item)


def types(text: str | None) -> tuple[Type, ...]:
    """`text 80 | null` and the like as alternatives."""
    return tuple(_type(part.strip()) for part in re.split(r"\|(?![^\[{]*[\]}])", text)) if text else ()


def _type(text: str) -> Type:
    if found := re.fullmatch(r"\[(.+)\](?: (\d+))?", text):
        return Type("list", limit=int(found[2]) if found[2] else None, of=types(found[1]))
    if found := re.fullmatch(r"\{(.+)\}", text):
        return Type("map", of=types(found[1]))
    if text.startswith("="):
        return Type("=", value=int(text[1:]))
    name, _, limit = text.partition(" ")
    return Type(name, limit=int(limit) if limit else None)


def _fields(described: Mapping[str, str]) -> dict[str, Field]:
    return {
        name.rstrip("!~"): Field(types(text), required="!" in name, published="~" not in name)
        for name, text in described.items()
    }


def _fits(parts: tuple[str, ...], given: list[str]) -> bool:
    return all(part == word or (part.startswith("{") and word != "") for part, word in zip(parts, given, strict=True))


def _is(type_: Type, value: Any) -> bool:
    match type_.name:
        case "text":
            return isinstance(value, str) and (type_.limit is None or len(value) <= type_.limit)
        case "id":  # the service takes numbers too
            return not isinstance(value, bool) and re.fullmatch(r"\d{1,20}", str(value)) is not None
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "bool":
            return isinstance(value, bool)
        case "null":
            return value is None
        case "=":
            return bool(value == type_.value)
    raise AssertionError(f"calls.yaml names a type that does not exist: {type_.name}")


def _say(type_: Type) -> str:
    if type_.name == "=":
        return str(type_.value)
    return type_.name if type_.limit is None else f"{type_.name} of at most {type_.limit}"
