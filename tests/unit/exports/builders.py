"""Exports as the exporters write them, made here: no person ever wrote these."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bot.exports import Exported, Report, read

CHANNEL = {
    "id": "2000",
    "type": "GuildTextChat",
    "categoryId": "900",
    "category": "Town",
    "name": "general",
    "topic": None,
}
THREAD = {"id": "3000", "type": "GuildPublicThread", "categoryId": "2000", "category": "help", "name": "Saves are gone"}


def user(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": str(500 + number),
        "name": f"fan{number}",
        "discriminator": "0000",
        "nickname": f"Fan {number}",
        "color": None,
        "isBot": False,
        "roles": [{"id": "7", "name": "Member", "color": "#112233", "position": 1}],
        "avatarUrl": "https://example.invalid/a.png",
        **more,
    }


def said(number: int = 1, content: str = "", **more: Any) -> dict[str, Any]:
    """A message of Discord."""
    return {
        "id": str(10_000 + number),
        "type": "Default",
        "timestamp": f"2026-03-01T12:{number % 60:02}:00.1234567+02:00",
        "timestampEdited": None,
        "callEndedTimestamp": None,
        "isPinned": False,
        "content": content or f"words {number}",
        "author": user(number % 3),
        "attachments": [],
        "embeds": [],
        "stickers": [],
        "reactions": [],
        "mentions": [],
        "inlineEmojis": [],
        **more,
    }


def discord(*messages: Any, channel: Any = CHANNEL, **more: Any) -> dict[str, Any]:
    return {
        "guild": {"id": "1", "name": "Lantern Harbor", "iconUrl": "https://example.invalid/i.png"},
        "channel": channel,
        "dateRange": {"after": None, "before": None},
        "exportedAt": "2026-03-02T00:00:00+00:00",
        **more,
        "messages": list(messages),
        "messageCount": len(messages),
    }


def wrote(number: int = 1, text: Any = "", **more: Any) -> dict[str, Any]:
    """A message of Telegram."""
    seconds = 1_772_359_200 + 60 * number
    return {
        "id": number,
        "type": "message",
        "date": "2026-03-01T12:00:00",
        "date_unixtime": str(seconds),
        "from": f"Fan {number % 3}",
        "from_id": f"user{500 + number % 3}",
        "text": text or f"words {number}",
        "text_entities": [{"type": "plain", "text": text if isinstance(text, str) else ""}],
        **more,
    }


def notice(number: int, action: str, **more: Any) -> dict[str, Any]:
    """A service message of Telegram."""
    message = wrote(number, action=action, actor="Fan 1", actor_id="user501", **more)
    return {**message, "type": "service", "text": ""}


def telegram(*messages: Any, **more: Any) -> dict[str, Any]:
    """One chat."""
    return {"name": "Lantern Harbor", "type": "public_supergroup", "id": 77, **more, "messages": list(messages)}


def account(*chats: Any, left: tuple[Any, ...] = ()) -> dict[str, Any]:
    return {
        "about": "Here is the data you requested.",
        "personal_information": {"user_id": 5, "first_name": "Manager", "phone_number": "+0"},
        "contacts": {"about": "", "list": [{"first_name": "A", "last_name": "B"}]},
        "chats": {"about": "", "list": list(chats)},
        "left_chats": {"about": "", "list": list(left)},
    }


def line(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": f"p{number}",
        "channel": "general",
        "author": {"id": f"f{number % 3}", "name": f"Fan {number % 3}"},
        "text": f"words {number}",
        "at": f"2026-03-01T12:{number % 60:02}:00Z",
        **more,
    }


def as_bytes(*documents: Any, indent: int | None = None) -> bytes:
    return (
        b"\n".join(json.dumps(document, indent=indent, ensure_ascii=False).encode() for document in documents) + b"\n"
    )


def look(folder: Path, *contents: bytes) -> tuple[list[Exported], Report]:
    """What is read in files of these contents."""
    paths = [folder / f"{number}.json" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    export = read(*paths)
    return list(export), export.report
