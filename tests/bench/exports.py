"""Reading exported chats: how long it takes, and how much memory.

`make bench` measures files of a gigabyte; `PYTHONPATH=tests .venv/bin/python -m bench.exports 100` those of 100 MB.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.figures import Figure, figure, table

from bot.exports import read

MEGABYTES = 1000
MOST_MEMORY = 150
"""MiB of the whole process at most, for a gigabyte too."""
TEXT = "the fog in the last level is lovely when will the patch for save files come out and who do I ask "


async def measure(megabytes: int = MEGABYTES) -> list[Figure]:
    """One process for each file, so that its peak is its own."""
    figures: list[Figure] = []
    for name, write in (("Discord", _discord), ("Telegram", _telegram), ("JSON lines", _lines)):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "export.json"
            with path.open("w", encoding="utf-8") as file:
                for piece in write():
                    file.write(piece)
                    if file.tell() >= megabytes * 1_000_000:
                        break
                file.write("" if name == "JSON lines" else "]}")
            command = (sys.executable, "-m", "bench.exports", "read", str(path))
            told = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
        found = json.loads(told.stdout)
        what = f"exports: {megabytes:,} MB of {name}, {found['messages']:,} messages"
        figures += [
            figure(f"{what}: to read them", "s", [found["seconds"]]),
            figure(f"{what}: peak memory", "MiB", [found["peak"]], at_most=MOST_MEMORY),
        ]
    return figures


def _read(path: Path) -> dict[str, Any]:
    export, begun = read(path), time.perf_counter()
    messages = sum(1 for _ in export)
    seconds = time.perf_counter() - begun
    assert not export.report.faults, export.report.sentences()
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    peak = int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
    return {"messages": messages, "seconds": seconds, "peak": peak}


def _discord() -> Iterator[str]:
    channel = {"id": "2000", "type": "GuildTextChat", "categoryId": "9", "category": "Town", "name": "general"}
    yield json.dumps({"guild": {"id": "1", "name": "Harbor"}, "channel": channel})[:-1] + ', "messages": ['
    people = [
        {
            "id": str(10**17 + number),
            "name": f"fan{number}",
            "discriminator": "0000",
            "nickname": f"Fan {number}",
            "color": None,
            "isBot": False,
            "roles": [{"id": "7", "name": "Member", "color": "#112233", "position": 1}],
            "avatarUrl": f"https://example.invalid/avatars/{number}.png?size=512",
        }
        for number in range(50)
    ]
    thumb = {"emoji": {"id": "", "name": "thumb", "code": "thumbsup", "isAnimated": False, "imageUrl": ""}, "count": 1}

    def message(chance: random.Random, text: str) -> dict[str, Any]:
        return {
            "id": "@@",
            "type": "Default",
            "timestamp": "2026-03-01T12:00:00.1234567+02:00",
            "timestampEdited": None,
            "callEndedTimestamp": None,
            "isPinned": False,
            "content": text,
            "author": chance.choice(people),
            "attachments": [],
            "embeds": [],
            "stickers": [],
            "reactions": [{**thumb, "users": people[:1]}] if chance.random() < 0.1 else [],
            "mentions": [chance.choice(people)] if chance.random() < 0.1 else [],
            "inlineEmojis": [],
        }

    yield from _messages(message, 10**18, indent=2)


def _telegram() -> Iterator[str]:
    yield '{"name": "Harbor", "type": "public_supergroup", "id": 77, "messages": ['

    def message(chance: random.Random, text: str) -> dict[str, Any]:
        number = chance.randrange(50)
        return {
            "id": "@@",
            "type": "message",
            "date": "2026-03-01T12:00:00",
            "date_unixtime": "1772359200",
            "from": f"Fan {number}",
            "from_id": f"user{500 + number}",
            "text": [text, {"type": "bold", "text": "really"}] if chance.random() < 0.1 else text,
            "text_entities": [{"type": "plain", "text": text}],
        }

    yield from _messages(message, 1, indent=1)


def _lines() -> Iterator[str]:
    def message(chance: random.Random, text: str) -> dict[str, Any]:
        number = chance.randrange(50)
        author = {"id": f"fan{number}", "name": f"Fan {number}"}
        return {"id": "@@", "channel": "general", "author": author, "text": text, "at": "2026-03-01T12:00:00Z"}

    for piece in _messages(message, 10**18, indent=None):
        yield f"{piece.removeprefix(',')}\n"


def _messages(message: Callable[[random.Random, str], dict[str, Any]], first: int, indent: int | None) -> Iterator[str]:
    """A thousand messages over and over, each time with new ids."""
    chance = random.Random(1)  # noqa: S311 - the same texts each time
    texts = ((2 * TEXT)[chance.randrange(50) :][: chance.randint(5, 150)] for _ in range(1000))
    whole = [json.dumps(message(chance, text), indent=indent) for text in texts]
    quoted = '"@@"' if first == 1 else "@@"
    for number in itertools.count():
        yield ("," if number else "") + whole[number % 1000].replace(quoted, str(first + number), 1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["read"]:
        sys.stdout.write(json.dumps(_read(Path(sys.argv[2]))))
    else:
        sys.stdout.write(table(asyncio.run(measure(int(sys.argv[1]) if sys.argv[1:] else MEGABYTES))) + "\n")
