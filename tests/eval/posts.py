"""The development posts: what people of unlike communities write, and what each should be read as.

Those of `UNSEEN` are of other communities and for measuring only: nothing may be tuned on them, no example, cue or
threshold be chosen by what they show. Whoever has done that has used them up, and new ones must be written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.cli.understand import Line

HERE = Path(__file__).parent
UNSEEN = HERE / "unseen"
GATES = frozenset({"crisis", "legal", "minor", "toxic", "spam"})
SILENT = frozenset({"offtopic", "crosstalk"})


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A post and its label: an intent, a gate, or a feeling."""

    label: str
    language: str
    text: str
    community: str = ""
    to_fan: bool = False

    def line(self, number: int) -> Line:
        """As `greenroom understand` takes it."""
        return Line(id=number, text=self.text, reply_to_other=self.to_fan)


def posts(folder: Path = HERE) -> list[Labelled]:
    """All posts with an intent or a gate, file by file."""
    return [post for path in sorted((folder / "posts").glob("*.yaml")) for post in _file(path)]


def _file(path: Path) -> Iterator[Labelled]:
    content = _yaml(path)
    language = content.pop("language")
    for key, texts in content.items():
        label, *notes = key.split(" ")
        for text in texts.splitlines():
            yield Labelled(
                label=label, language=language, text=text, community=path.stem, to_fan=notes == ["to", "fan"]
            )


def feelings(folder: Path = HERE) -> list[Labelled]:
    """Posts labelled by how they feel."""
    return [
        Labelled(label=feeling, language=language, text=text)
        for language, texts in _yaml(folder / "sentiment.yaml").items()
        for feeling, block in texts.items()
        for text in block.splitlines()
    ]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An FAQ entry: the question it is written for, its answer, and the question in fans' words."""

    id: str
    ask: str
    answer: str
    fans: tuple[str, ...]


def entries(file: str) -> list[Entry]:
    """An invented FAQ."""
    blocks = {name: block.splitlines() for name, block in _yaml(HERE / f"{file}.yaml").items()}
    return [Entry(id=name, ask=ask, answer=answer, fans=tuple(fans)) for name, (ask, answer, *fans) in blocks.items()]


@dataclass(frozen=True, kw_only=True)
class NewIntent:
    """An intent that an operator adds, and posts that should be read as it."""

    name: str
    meaning: str
    examples: tuple[str, ...]
    posts: tuple[str, ...]


def new_intents() -> list[NewIntent]:
    """The intents that are not shipped."""
    return [
        NewIntent(
            name=name,
            meaning=said["meaning"],
            examples=tuple(said["examples"].splitlines()),
            posts=tuple(said["posts"].splitlines()),
        )
        for name, said in _yaml(HERE / "new_intents.yaml").items()
    ]


@dataclass(frozen=True, kw_only=True)
class Named:
    """A post and the words in it that name what it is about; none where nothing does."""

    text: str
    details: tuple[str, ...]


def named(folder: Path = HERE) -> list[Named]:
    """The posts with details."""
    path = folder / "details.yaml"
    return [Named(text=case["post"], details=tuple(case["details"])) for case in _yaml(path)] if path.exists() else []


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
