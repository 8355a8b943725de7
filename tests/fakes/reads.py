"""What reads posts, for tests: another reader, which some words leave of several minds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from responders.ports import Floats
from responders.types import GATES
from responders.understanding.trained import Read, Reads

THRESHOLDS = {"sure": 0.7, "three": 0.8, "silent": 0.5, "crisis_maybe": 0.2, **dict.fromkeys(GATES, 0.5)}


class Torn:
    """Reads texts that have certain words with the chances it was given, all others as `reads` does."""

    thresholds: Mapping[str, float] = THRESHOLDS

    def __init__(self, reads: Reads, torn: Mapping[str, Mapping[str, float]]) -> None:
        """`torn`: words -> intent -> chance."""
        self._reads = reads
        self._torn = torn
        self.intents = reads.intents
        self.situations = reads.situations
        self.background = reads.background

    def read(self, text: str) -> Read:
        """One text."""
        read = self._reads.read(text)
        chances = next((found for words, found in self._torn.items() if words in text), None)
        if chances is None:
            return read
        return replace(read, intents=np.array([chances.get(name, 0.0) for name in self.intents], np.float32))

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Of texts, one row each."""
        return self._reads.vectors(texts)
