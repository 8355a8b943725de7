"""What Telegram refuses, in its words, and how it reads a text. Lengths and offsets count UTF-16 units, as it does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
LONGEST = 4096
MARKUPS = {"callback_data", "url", "copy_text"}
STYLES = {"danger", "success", "primary"}
_PARTS = re.compile(
    r"(?P<bot_command>(?<![\w/])/[A-Za-z0-9_]{1,32}(?:@\w{3,32})?)|(?P<mention>(?<!\w)@\w{4,32})"
    r"|(?P<url>https?://\S+|(?<![\w@.-])(?:[\w-]+\.)+(?:com|net|org)\b\S*)|(?P<hashtag>(?<!\w)#\w+)"
)


class Refusal(Exception):
    """An error of the API: `{"ok": false, "error_code": ..., "description": ...}`."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.body: Json = {"ok": False, "error_code": code, "description": description}
        if parameters:
            self.body["parameters"] = parameters


def bad(description: str, **parameters: int) -> Refusal:
    """400."""
    return Refusal(400, f"Bad Request: {description}", **parameters)


def forbidden(description: str) -> Refusal:
    """403."""
    return Refusal(403, f"Forbidden: {description}")


def units(text: str) -> int:
    """The length of a text as Telegram counts."""
    return len(text.encode("utf-16-le")) // 2


def sliced(text: str, offset: int, length: int) -> str:
    """A part of a text, counted as Telegram counts."""
    return text.encode("utf-16-le")[offset * 2 : (offset + length) * 2].decode("utf-16-le", "replace")


def entities(text: str) -> list[Json]:
    """What Telegram finds in a plain text by itself: commands, mentions, links, hashtags."""
    return [
        {"type": found.lastgroup, "offset": units(text[: found.start()]), "length": units(found[0])}
        for found in _PARTS.finditer(text)
    ]


def outgoing(text: str, given: list[Json] | None) -> Json:
    """The words and entities of a message of the bot. Raises Refusal for what would not be taken."""
    kept = text.rstrip()
    start = units(kept) - units(kept.lstrip())
    kept = kept.lstrip()
    if not kept:
        raise bad("message text is empty")
    if units(kept) > LONGEST:
        raise bad("message is too long")
    for entity in given or ():
        inside = entity["offset"] >= 0 < entity["length"] <= units(text) - entity["offset"]
        if not inside:
            raise bad(f"entity of type {entity['type']} is out of the text")
    moved = [{**entity, "offset": max(0, entity["offset"] - start)} for entity in given or ()]
    every = sorted([*moved, *entities(kept)], key=lambda entity: (entity["offset"], -entity["length"]))
    return {"text": kept, **({"entities": every} if every else {})}


def keyboard(markup: Mapping[str, Any] | None) -> Json | None:
    """The inline keyboard of a message, None where it has none. Raises Refusal for one that would not be taken."""
    rows = (markup or {}).get("inline_keyboard")
    if not rows:
        return None
    for button in (button for row in rows for button in row):
        if len(MARKUPS & set(button)) != 1:
            raise bad("inline keyboard button must do exactly one thing")
        if not button["text"].strip():
            raise bad("inline keyboard button text must be non-empty")
        if button.get("style", "primary") not in STYLES:
            raise bad("inline keyboard button style is unknown")
    return {"inline_keyboard": rows}


def quote(reply: Mapping[str, Any], answered: Mapping[str, Any]) -> Json:
    """The quote of a reply as the message then has it. Raises Refusal where it is not in what is answered."""
    if not reply.get("quote"):
        return {}
    text = answered.get("text") or answered.get("caption") or ""
    words, position = reply["quote"], reply.get("quote_position", 0)
    if sliced(text, position, units(words)) != words:
        found = text.find(words)
        if found < 0:
            raise bad("QUOTE_TEXT_INVALID")
        position = units(text[:found])
    return {"quote": {"text": words, "position": position, "is_manual": True}}


def is_to_bot(message: Mapping[str, Any], username: str, bot_id: int) -> bool:
    """Does a bot with privacy mode on see this message of a group? Commands, mentions, replies to it, service."""
    text = message.get("text", message.get("caption"))
    if text is None:
        return not any(key in message for key in ("photo", "sticker", "voice", "video", "document", "poll"))
    if message.get("reply_to_message", {}).get("from", {}).get("id") == bot_id:
        return True
    found = message.get("entities") or message.get("caption_entities") or ()
    named = {sliced(text, one["offset"], one["length"]) for one in found}
    if any(word.startswith("/") and word.partition("@")[2] in ("", username) for word in named):
        return True
    return f"@{username}" in named or any(one.get("user", {}).get("id") == bot_id for one in found)
