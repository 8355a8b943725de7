"""The labelled posts: read, checked, and split by whole communities."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from responders.understanding.normalise import encodable

FOLDER = Path(__file__).parent / "corpus"
HELD_OUT = Path(__file__).parent / "held_out.txt"
SITUATIONS = Path(__file__).parent.parent / "responders/understanding/data/situations.yaml"
MOODS = ("light", "glad", "proud", "hurt", "angry", "worried", "plain")
TELLS = ("platform", "version", "number", "since_when", "what_came_before", "order", "picture", "name")
REGISTERS = ("chat", "review", "issue", "tweet", "comment", "forum", "room", "mail")
WHO = {"staff": "team", "fan": "fan"}


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A post and what a careful reader says of it. None: nobody said."""

    text: str
    intent: str
    second: str | None
    situation: str | None
    mood: str | None
    tells: frozenset[str] | None
    community: str
    register: str
    language: str
    context: dict[str, str] | None
    """`kind` (reply, after), `who` (staff, fan) and `text` of the message that the post answers or follows."""

    @property
    def read(self) -> str:
        """The text as the product gives it to the reader."""
        said = self.context
        if said is None or (said["kind"] == "after" and (said["who"] == "fan" or "?" not in said["text"])):
            return encodable(self.text)  # as in `responders.understanding.facts.before`
        return encodable(self.text, f"{WHO[said['who']]}: {said['text']}")


def situations() -> dict[str, dict[str, str]]:
    """Intent -> situation -> its meaning."""
    found: dict[str, dict[str, str]] = yaml.safe_load(SITUATIONS.read_text(encoding="utf-8"))
    return found


def load(folder: Path = FOLDER) -> list[Labelled]:
    """All posts, file by file."""
    return [_post(json.loads(line)) for path in sorted(folder.glob("*.jsonl")) for line in _lines(path)]


def split(posts: Sequence[Labelled]) -> tuple[list[Labelled], list[Labelled]]:
    """Those to train with, and those of the communities that are set apart."""
    apart = frozenset(HELD_OUT.read_text(encoding="utf-8").splitlines())
    return [p for p in posts if p.community not in apart], [p for p in posts if p.community in apart]


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        yield from file


def _post(row: dict[str, Any]) -> Labelled:
    tells = row.get("tells")
    return Labelled(
        text=row["text"],
        intent=row["intent"],
        second=row.get("second"),
        situation=row.get("situation"),
        mood=row.get("mood"),
        tells=None if tells is None else frozenset(tells),
        community=row["community"],
        register=row["register"],
        language=row["language"],
        context=row.get("context"),
    )
