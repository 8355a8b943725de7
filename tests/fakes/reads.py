"""A reader for tests that is unsure of some words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from responders.ports import Floats
from responders.types import GATES
from responders.understanding.trained import Read, Reads
from tests.fakes.reader import Says

THRESHOLDS = {"sure": 0.7, "three": 0.8, "silent": 0.5, "crisis_maybe": 0.2, **dict.fromkeys(GATES, 0.5)}


class Torn:
    """Reads texts with certain words as told, all others as `reads` does."""

    thresholds: Mapping[str, float] = THRESHOLDS

    def __init__(self, reads: Reads, torn: Mapping[str, Says]) -> None:
        """`torn`: words -> the intents and situations that are read there, and no others."""
        self._reads = reads
        self._torn = torn
        self.intents = reads.intents
        told = {name: of for says in torn.values() for name, of, _ in says.situations}
        self.situations = {**reads.situations, **told}
        self.background = reads.background

    def read(self, text: str) -> Read:
        """One text."""
        read = self._reads.read(text)
        says = next((says for words, says in self._torn.items() if words in text), None)
        if says is None:
            return read
        chances = np.array([says.intents.get(name, 0.0) for name in self.intents], np.float32)
        return replace(read, intents=chances, situations=says.situations)

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Of texts, one row each."""
        return self._reads.vectors(texts)
