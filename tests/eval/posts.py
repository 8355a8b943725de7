"""The posts to measure with: whole communities that nothing was fitted to, and questions to single parts.

The posts of the corpus also give chances and thresholds (`training`), nothing more. Those of `UNSEEN` are for
measuring only: never choose an example, a cue or a threshold by what they show. Whoever did has used them up, and new
ones must be written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from training import corpus
from training.corpus import Labelled

HERE = Path(__file__).parent
UNSEEN = HERE / "unseen"
GATES = frozenset({"crisis", "legal", "minor", "toxic", "spam"})
SILENT = frozenset({"offtopic", "crosstalk"})
LOOKALIKES = frozenset({"a horror game set in a drowned village", "a chess club"})
"""Communities whose harmless posts talk of drowning, killing and giving up."""
_TO_A_FAN = {"kind": "reply", "who": "fan", "text": ""}


def held_out() -> list[Labelled]:
    """The posts of the corpus that no weight was fitted to."""
    return corpus.split(corpus.load())[1]


def labelled(label: str, text: str, language: str = "en", *, community: str = "", to_fan: bool = False) -> Labelled:
    """A post with nothing but a label: an intent, a gate, a feeling, or the answer that it asks for."""
    return Labelled(
        text=text,
        intent=label,
        second=None,
        situation=None,
        mood=None,
        tells=None,
        community=community,
        register="",
        language=language,
        context=_TO_A_FAN if to_fan else None,
    )


def posts(folder: Path = HERE) -> list[Labelled]:
    """The older posts, file by file."""
    return [post for path in sorted((folder / "posts").glob("*.yaml")) for post in _file(path)]


def _file(path: Path) -> Iterator[Labelled]:
    content = _yaml(path)
    language = content.pop("language")
    for key, texts in content.items():
        label, *notes = key.split(" ")
        for text in texts.splitlines():
            yield labelled(label, text, language, community=path.stem, to_fan=notes == ["to", "fan"])


def feelings(folder: Path = HERE) -> list[Labelled]:
    """Posts labelled by how they feel."""
    return [
        labelled(feeling, text, language)
        for language, texts in _yaml(folder / "sentiment.yaml").items()
        for feeling, block in texts.items()
        for text in block.splitlines()
    ]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An FAQ entry: its question, its answer, and the question in fans' words."""

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
    """A post and the words that name what it is about; none where nothing does."""

    text: str
    details: tuple[str, ...]


def named(folder: Path = HERE) -> list[Named]:
    """The posts with details."""
    return [Named(text=case["post"], details=tuple(case["details"])) for case in _yaml(folder / "details.yaml")]


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
