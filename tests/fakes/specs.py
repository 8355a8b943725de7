"""`make specs SPECS=FOLDER`: do our short descriptions of the platforms' calls agree with the published data?

The data is not part of the project; FOLDER holds it (discord-openapi-*.json: Discord's OpenAPI description).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.fakes.discord.calls import Call, Calls
from tests.fakes.shapes import Field, Type

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
    """Compares a description with an OpenAPI document. What we describe must be allowed there, and demanded by us."""

    def __init__(self, calls: Calls, document: Schema) -> None:
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


def main(folder: Path) -> None:
    """Print what does not agree, and end with status 1 if anything does not."""
    files = sorted(folder.glob("discord-openapi-*.json"))
    if not files:
        sys.exit(f"{folder}: there is no discord-openapi-*.json; name the folder with SPECS=FOLDER")
    found = list(OpenApi(Calls(), json.loads(files[-1].read_text(encoding="utf-8"))).problems())
    sys.stdout.write("".join(f"{line}\n" for line in found) or "The calls are as the published data says.\n")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
