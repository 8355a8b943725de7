"""What kind of export a file is, by how it begins."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from bot.exports.document import ENDS, STARTS, parsing, sent

HEAD = 1 << 16
"""Bytes that are looked at."""
BOM = b"\xef\xbb\xbf"

_CHATS = frozenset(
    (
        *("saved_messages", "replies", "verification_codes", "personal_chat", "bot_chat", "private_group"),
        *("private_supergroup", "public_supergroup", "private_channel", "public_channel"),
    )
)
_ACCOUNT = frozenset({"personal_information", "chats", "left_chats"})


class Kind(StrEnum):
    """The exports that there is a reader for."""

    DISCORD = "DiscordChatExporter"
    TELEGRAM = "Telegram Desktop"
    LINES = "JSON lines"


def kind_of(head: bytes) -> Kind | str:
    """The kind of a file that begins so, or one sentence that says why it has none."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "this is text in UTF-16; save it as UTF-8"
    head = head.removeprefix(BOM)
    if not head.strip():
        return "there is nothing in this file"
    if head.lstrip().startswith(b"<"):
        return "this is a web page; export the chat again as JSON"
    return _known(head) or (
        "this is no export that Greenroom can read; it reads JSON of DiscordChatExporter, JSON of Telegram Desktop, "
        "and one post a line as `POST /api/posts` takes it"
    )


def _known(head: bytes) -> Kind | None:
    found = dict(_members(head))
    if dict in (found.get("guild"), found.get("channel")):
        return Kind.DISCORD
    if isinstance(found.get("channel"), str) or any(map(_is_post, head.splitlines())):
        return Kind.LINES
    if found.get("type") in _CHATS or _ACCOUNT & set(found) or ("id" in found and found.get("messages") is list):
        return Kind.TELEGRAM
    return None


def _members(head: bytes) -> Iterator[tuple[str, Any]]:
    """What stands directly in the outermost objects: values, and for objects and arrays their type."""
    with parsing() as (parser, events):
        sent(parser, head)  # what stands before a fault tells
    depth, key = 0, ""
    for event, value in events:
        if event == "map_key":
            key = value if depth == 1 else key
        elif event in ENDS:
            depth -= 1
        else:
            if depth == 1:
                yield key, {"start_map": dict, "start_array": list}.get(event, value)
            depth += event in STARTS


def _is_post(line: bytes) -> bool:
    """True for a post as a line of JSON: the first line may be a bad one."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and isinstance(value.get("channel"), str)
