"""A reader for tests: it reads exactly what it was told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from zlib import crc32

import numpy as np
import yaml

from responders.ports import Floats
from responders.types import GATES, Mood
from responders.understanding.trained import Read, unit

INTENTS = (
    *("praise", "thanks", "question", "complaint", "wish", "ugc_shared", "milestone", "recommendation", "introduction"),
    *(
        "greeting",
        "farewell",
        "helping",
        "are_you_a_bot",
        "privacy_request",
        "churn",
        "offtopic",
        "crosstalk",
        "answer",
    ),
    *GATES,
)
_LIST = resources.files("responders") / "understanding/data/situations.yaml"
SITUATIONS = {name: of for of, names in yaml.safe_load(_LIST.read_text(encoding="utf-8")).items() for name in names}
FROM = {"sure": 0.7, "silent": 0.5, "three": 0.8, "crisis_maybe": 0.1, **dict.fromkeys(GATES, 0.3)}
_SIZE = 512
_UNLIKELY = 0.003
_ELSEWHERE = ("the van is in the yard", "who paints the fence", "two eggs and a spoon of salt", "it was a long winter")


@dataclass(frozen=True, kw_only=True)
class Says:
    """What is read in a text."""

    intents: Mapping[str, float]
    """Chances. The rest of 1 is spread evenly over the others; gates stay unlikely."""
    situations: Sequence[tuple[str, str, float]] = ()
    mood: Mood = "plain"
    tells: Mapping[str, float] = field(default_factory=dict)


class FakeReads:
    """A `Reads`. The first known part in a text tells what is read there; in any other text every intent but the
    gates is equally likely. Vectors count runs of letters."""

    def __init__(self, known: Mapping[str, str | Says], thresholds: Mapping[str, float] = FROM) -> None:
        """`known`: part of a text, in lower case -> the intent that is almost surely read there, or everything that
        is read."""
        self._known = {
            part: says if isinstance(says, Says) else Says(intents={says: 0.95}) for part, says in known.items()
        }
        self.intents = INTENTS
        told = {name: of for says in self._known.values() for name, of, _ in says.situations}
        self.situations = {**SITUATIONS, **told}
        self.thresholds = thresholds
        self.background = self.vectors(_ELSEWHERE)
        self.texts: list[str] = []
        """All that was read, in its order."""

    def read(self, text: str) -> Read:
        self.texts.append(text)
        says = next((says for part, says in self._known.items() if part in text.lower()), Says(intents={}))
        chances = dict.fromkeys(GATES, _UNLIKELY) | dict(says.intents)
        rest = [name for name in INTENTS if name not in chances]
        left = max(0.0, 1 - sum(chances.values())) / len(rest)
        return Read(
            intents=np.array([chances.get(name, left) for name in INTENTS], dtype=np.float32),
            vector=self.vectors([text])[0],
            situations=says.situations,
            mood=says.mood,
            tells=says.tells,
        )

    def vectors(self, texts: Sequence[str]) -> Floats:
        rows = np.zeros((len(texts), _SIZE), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            padded = f" {text} ".encode("utf-8", "replace")
            for at in range(len(padded) - 2):
                row[crc32(padded[at : at + 3]) % _SIZE] += 1
        return unit(rows)
