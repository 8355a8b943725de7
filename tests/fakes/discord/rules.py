"""What the service refuses although its published data does not say so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.fakes.discord.interactions import components, texts
from tests.fakes.discord.state import COMPONENTS_V2, Json

ROW, BUTTON, LINK = 1, 2, 5
MOST_COMPONENTS, LONGEST_LAYOUT = 40, 4000


class Refusal(Exception):
    """An error of the API: status, code, and where a field is wrong the code of that fault."""

    def __init__(self, status: int, code: int, message: str, **errors: str) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"message": message, "code": code}
        if errors:
            self.body["errors"] = {
                name: {"_errors": [{"code": fault, "message": fault.replace("_", " ").capitalize()}]}
                for name, fault in errors.items()
            }


def unknown(what: str, code: int) -> Refusal:
    """404: there is no such thing (any more)."""
    return Refusal(404, code, f"Unknown {what}")


def faults(message: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the looks of a message, as it would then be."""
    every = list(components(message))
    layout = bool((message.get("flags") or 0) & COMPONENTS_V2)
    ids = [one["custom_id"] for one in every if one.get("custom_id")]
    if len(ids) != len(set(ids)):
        yield "a custom_id is there twice"
    if layout and message.get("content"):
        yield "a layout cannot carry content"
    if not layout and any(one["type"] != ROW for one in message.get("components") or ()):
        yield "components of a layout without its flag"
    if layout and len(every) > MOST_COMPONENTS:
        yield f"{len(every)} components, at most {MOST_COMPONENTS}"
    if layout and (length := sum(map(len, texts(message)))) > LONGEST_LAYOUT:
        yield f"{length} characters in a layout, at most {LONGEST_LAYOUT}"
    for one in every:
        yield from _part(one)


def _part(one: Json) -> Iterator[str]:
    if one["type"] == ROW and len(one["components"]) > 1 and {inner["type"] for inner in one["components"]} != {BUTTON}:
        yield "a select shares its row"
    if one["type"] == BUTTON and ("url" in one) != (one["style"] == LINK):
        yield "a link button needs a url, and only a link button"
    if one["type"] == BUTTON and not one.get("label") and not one.get("emoji"):
        yield "a button without label"


def check(message: Mapping[str, Any]) -> None:
    """Raises Refusal for a message that the service would not take."""
    if not (message.get("content") or "").strip() and not message.get("components"):
        raise Refusal(400, 50006, "Cannot send an empty message")
    for fault in faults(message):
        raise Refusal(400, 50035, f"Invalid Form Body: {fault}", components="COMPONENT_LAYOUT_INVALID")


def numbered(parts: list[Json]) -> list[Json]:
    """Components with the ids that the service gives them."""
    whole = {"components": parts}
    for number, one in enumerate(components(whole), start=1):
        one.setdefault("id", number)
    return parts
