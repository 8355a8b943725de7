"""`make specs SPECS=FOLDER`: do our short descriptions of the platforms' calls agree with the published data?

The data is not part of the project; FOLDER holds it: discord-openapi-*.json, Discord's OpenAPI description, and
telegram-bot-api-*.json, the Bot API as `{"methods": {NAME: {"fields": [...]}}, "types": {NAME: {"fields": [...]}}}`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.fakes.discord.calls import Call
from tests.fakes.discord.calls import Calls as DiscordCalls
from tests.fakes.shapes import Field, Type
from tests.fakes.telegram.calls import Calls as TelegramCalls

Schema = dict[str, Any]
NAMES = {
    "text": "string",
    "id": "string",
    "int": "integer",
    "bool": "boolean",
    "null": "null",
    "list": "array",
    "map": "object",
}
LIMITS = {"text": "maxLength", "list": "maxItems"}


class OpenApi:
    """Compares a description with an OpenAPI document. It must allow what we describe, and we must demand what it
    demands."""

    def __init__(self, calls: DiscordCalls, document: Schema) -> None:
        self.calls = calls
        self.document = document
        self.paths = {re.sub(r"\{.*?\}", "{}", path): operations for path, operations in document["paths"].items()}

    def problems(self) -> Iterator[str]:
        for call in self.calls.calls:
            for line in self._call(call):
                yield f"{call.name}: {line}"

    def _call(self, call: Call) -> Iterator[str]:
        method, path = call.name.split(" ", 1)
        operation = self.paths.get(re.sub(r"\{.*?\}", "{}", path), {}).get(method.lower())
        if operation is None:
            yield "there is no such call"
            return
        queries = {one["name"] for one in operation.get("parameters", []) if one.get("in") == "query"}
        yield from (f"?{name} is not known" for name in call.query if name not in queries)
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if bool(call.body) != bool(content):
            yield "it carries no body there" if call.body else "it carries a body there"
        elif content:
            yield from self._any("the body", call.body, content["schema"])

    def _any(self, where: str, types: tuple[Type, ...], schema: Schema) -> Iterator[str]:
        alternatives = self._flat(schema)
        for type_ in types:
            shape = self.calls.shapes.get(type_.name)
            if isinstance(shape, tuple):
                yield from self._any(where, shape, schema)
                continue
            tried = [list(self._one(where, type_, shape, one)) for one in alternatives]
            if all(tried):
                yield from min(tried, key=len)

    def _one(self, where: str, type_: Type, shape: Mapping[str, Field] | None, schema: Schema) -> Iterator[str]:
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if shape is not None:
            yield from self._shape(f"{where} ({type_.name})", shape, schema)
        elif type_.name == "=":
            if type_.value not in _constants(schema):
                yield f"{where}: {type_.value} is not one of {_constants(schema)}"
        elif NAMES[type_.name] not in kinds:
            yield f"{where}: not {type_.name} there but {kinds}"
        elif type_.limit and type_.limit > schema.get(LIMITS[type_.name], type_.limit):
            yield f"{where}: up to {type_.limit}, there {schema[LIMITS[type_.name]]}"
        elif type_.name == "list" and type_.limit != 0:
            yield from self._any(f"{where}[]", type_.of, schema["items"])
        elif type_.name == "map":
            yield from self._any(f"{where}{{}}", type_.of, schema["additionalProperties"])

    def _shape(self, where: str, fields: Mapping[str, Field], schema: Schema) -> Iterator[str]:
        known = schema.get("properties", {})
        for name, field in fields.items():
            if name in known:
                yield from self._any(f"{where}.{name}", field.types, known[name])
            elif field.published:
                yield f"{where}.{name}: not known"
        for name in schema.get("required", []):
            if name not in fields or not fields[name].required:
                yield f"{where}.{name}: must be there"

    def _flat(self, schema: Schema) -> list[Schema]:
        """Every alternative, references followed."""
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        inner = [one for key in ("anyOf", "oneOf") for one in schema.get(key, [])]
        if not inner or all("const" in one for one in inner):
            return [schema]
        return [flat for one in inner for flat in self._flat(one)]


def _constants(schema: Schema) -> list[Any]:
    return schema.get("enum") or [one["const"] for one in schema.get("oneOf", []) if "const" in one]


class BotApi:
    """Compares a description with the Bot API as data. It must allow what we describe, and we must demand what it
    demands."""

    KINDS: Mapping[str, str] = {
        "text": "String",
        "bytes": "String",
        "int": "Integer",
        "bool": "Boolean",
        "file": "InputFile",
    }

    def __init__(self, calls: TelegramCalls, document: Schema) -> None:
        self.calls = calls
        self.document = document

    def problems(self) -> Iterator[str]:
        for name, described in self.calls.calls.items():
            method = self.document["methods"].get(name)
            lines = ["there is no such call"] if method is None else self._fields("", described, method)
            for line in lines:
                yield f"{name}: {line}"

    def _fields(self, where: str, described: Mapping[str, Field], published: Schema) -> Iterator[str]:
        known = {field["name"]: field for field in published.get("fields", ())}
        for name, field in described.items():
            if name not in known:
                yield f"{where}.{name}: not known"
                continue
            for type_ in field.types:
                yield from self._any(f"{where}.{name}", type_, known[name]["types"])
                yield from _over(f"{where}.{name}", type_, known[name]["description"])
        for name, field in known.items():
            if field["required"] and not (name in described and described[name].required):
                yield f"{where}.{name}: must be there"

    def _any(self, where: str, type_: Type, kinds: list[str]) -> Iterator[str]:
        shape = self.calls.shapes.get(type_.name)
        if isinstance(shape, tuple):
            for one in shape:
                yield from self._any(where, one, kinds)
            return
        tried = [list(self._one(where, type_, shape, kind)) for kind in self._flat(kinds)]
        if all(tried):
            yield from min(tried, key=len)

    def _one(self, where: str, type_: Type, shape: Mapping[str, Field] | None, kind: str) -> Iterator[str]:
        if shape is not None:
            if kind in self.document["types"]:
                yield from self._fields(f"{where} ({type_.name})", shape, self.document["types"][kind])
            else:
                yield f"{where}: not {type_.name} there but {kind}"
        elif type_.name == "list":
            inner = kind.removeprefix("Array of ")
            if inner == kind:
                yield f"{where}: not a list there but {kind}"
            else:
                for one in type_.of:
                    yield from self._any(f"{where}[]", one, [inner])
        elif self.KINDS.get(type_.name, "String" if isinstance(type_.value, str) else "Integer") != kind:
            yield f"{where}: not {type_.name} there but {kind}"

    def _flat(self, kinds: list[str]) -> Iterator[str]:
        """Every alternative, unions followed."""
        for kind in kinds:
            inner = self.document["types"].get(kind, {}).get("subtypes")
            yield from self._flat(inner) if inner else [kind]


def _over(where: str, type_: Type, description: str) -> Iterator[str]:
    """The data gives limits only in words: `1-64 bytes`, `At most 100 commands`."""
    found = re.search(r"\d+-(\d+) (?:characters|bytes)|[Aa]t most (\d+) ", description)
    most = int(found[1] or found[2]) if found else None
    if type_.limit and most and type_.limit > most:
        yield f"{where}: up to {type_.limit}, there {most}"


def main(folder: Path) -> None:
    """Print what does not agree, and end with status 1 if anything does not."""
    discord = OpenApi(DiscordCalls(), _newest(folder, "discord-openapi-*.json"))
    telegram = BotApi(TelegramCalls(), _newest(folder, "telegram-bot-api-*.json"))
    found = [*discord.problems(), *telegram.problems()]
    sys.stdout.write("".join(f"{line}\n" for line in found) or "The calls are as the published data says.\n")
    sys.exit(1 if found else 0)


def _newest(folder: Path, name: str) -> Schema:
    files = sorted(folder.glob(name))
    if not files:
        sys.exit(f"{folder}: there is no {name}; name the folder with SPECS=FOLDER")
    found: Schema = json.loads(files[-1].read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
