"""The sample evening as an export of Discord, and what a backtest says of it.

`python -m tests.evening` renews both in `tests/data/evening`. The readings in the report come from the trained model:
another model gives another report. Read the difference before you keep it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot import exports, settings
from bot.backtest import Options, judge, summarise
from bot.backtest.grouping import grouped
from bot.backtest.report import without_reply
from bot.backtest.words import lines
from bot.console.evening import SAMPLES, Deletes, Edits, Says, script
from tests.model import reader, shipped

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "tests/data/evening"
REPORT = FOLDER / "report.txt"
BEGINS = datetime(2026, 3, 6, 18, tzinfo=UTC)


def channels() -> dict[str, str]:
    """File name -> an export of that channel after the evening: edits are done, what was deleted is not there."""
    steps = script()
    said = [(number, step) for number, step in enumerate(steps) if isinstance(step, Says)]
    edits = {step.edits: (number, step.text) for number, step in enumerate(steps) if isinstance(step, Edits)}
    gone = {step.deletes for step in steps if isinstance(step, Deletes)}
    own = {step.id: (number, step.channel) for number, step in said if step.id}
    places = list(dict.fromkeys(step.channel for _, step in said))
    found = {}
    for place, name in enumerate(places, start=1):
        here = [(n, step) for n, step in said if step.channel == name and (step.id is None or step.id not in gone)]
        channel = {
            "id": str(2000 + place),
            "type": "GuildTextChat",
            "categoryId": "9",
            "category": "Lobby",
            "name": name,
        }
        whole = {
            "guild": {"id": "1", "name": "Lantern Harbor", "iconUrl": ""},
            "channel": {**channel, "topic": None},
            "dateRange": {"after": None, "before": None},
            "exportedAt": _at(len(steps)),
            "messages": [_message(number, step, edits, own, channel["id"]) for number, step in here],
            "messageCount": len(here),
        }
        found[f"{name}.json"] = json.dumps(whole, ensure_ascii=False, indent=1) + "\n"
    return found


def _at(number: int) -> str:
    return (BEGINS + timedelta(minutes=number)).isoformat()


def _message(
    number: int, step: Says, edits: dict[str, tuple[int, str]], own: dict[str, tuple[int, str]], channel: str
) -> dict[str, Any]:
    edited = edits.get(step.id or "")
    fans = list(dict.fromkeys(one.fan for one in script() if isinstance(one, Says)))
    message: dict[str, Any] = {
        "id": str(10_000 + number),
        "type": "Reply" if step.answers else "Default",
        "timestamp": _at(number),
        "timestampEdited": _at(edited[0]) if edited else None,
        "callEndedTimestamp": None,
        "isPinned": False,
        "content": edited[1] if edited else step.text,
        "author": {
            "id": str(500 + fans.index(step.fan)),
            "name": step.fan,
            "discriminator": "0000",
            "nickname": step.fan,
            "color": None,
            "isBot": False,
        },
        "attachments": list(_pictures(step)),
        "embeds": [],
        "stickers": [],
        "reactions": [],
        "mentions": [],
    }
    if step.answers:
        message["reference"] = {"messageId": str(10_000 + own[step.answers][0]), "channelId": channel, "guildId": "1"}
    return message


def _pictures(step: Says) -> Iterator[dict[str, Any]]:
    if step.picture:
        url = f"https://example.invalid/{step.picture}"
        yield {"id": "1", "url": url, "fileName": SAMPLES[step.picture], "fileSizeBytes": 1}


def report() -> str:
    """What `greenroom backtest` says of the export in `FOLDER`, with the shipped templates and the model."""
    export = exports.read(*sorted(FOLDER.glob("*.json")))
    items = list(judge(export, shipped(), settings.load(ROOT / "config.yaml", {}), Options()))
    groups = grouped(without_reply(items), reader().model(None)[0].vectors)
    return "\n".join((*lines(summarise(items, groups)), "", *export.report.sentences())) + "\n"


def main() -> None:
    """Write the export and the report."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in channels().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    REPORT.write_text(report(), encoding="utf-8")


if __name__ == "__main__":
    main()
