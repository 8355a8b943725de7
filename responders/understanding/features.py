"""A text as numbers: hashed words, letters and word classes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from typing import Any
from zlib import crc32

import numpy as np

from responders.ports import Floats
from responders.understanding.normalise import compile_phrases, has_emoji, reading
from responders.understanding.sentiment import SentimentAnalyzer

SIZE = 8192
"""Length of a vector."""
_WEIGHTS = {"word": 0.8, "letter": 0.5, "class": 1.1, "shape": 0.45}
_TOKEN = re.compile(r"\w+|[^\w\s.,]")
_LONG, _MIDDLE, _SHORT = 20, 8, 3
_LETTERS_OF = 400
"""Letter n-grams are taken from the start of a long post only: later ones add nothing and cost most."""


class Features:
    """Makes vectors. They are the same in every process: Python's own hash is not used."""

    def __init__(self, word_lists: Mapping[str, Mapping[str, Any]]) -> None:
        """Take the shipped lists `classes` and `sentiment`."""
        self._classes = {name: compile_phrases(phrases) for name, phrases in word_lists["classes"].items()}
        self._sentiment = SentimentAnalyzer(word_lists["sentiment"])

    def matrix(self, texts: Sequence[str]) -> Floats:
        """One vector for each text: shape (texts, `SIZE`)."""
        return np.stack([self.vector(text) for text in texts]) if texts else np.zeros((0, SIZE), dtype=np.float32)

    def vector(self, text: str) -> Floats:
        """The unit vector of a text; zeros when there is nothing in it."""
        read = reading(text)
        tokens = _TOKEN.findall(read)
        vector = _hashed("word", _words(tokens))
        vector += _hashed("letter", _letters(read[:_LETTERS_OF]))
        vector += _hashed("class", self._kinds(read))
        vector += _hashed("shape", _shape(read, tokens))
        norm = float(np.linalg.norm(vector))
        return vector / norm if norm else vector

    def _kinds(self, read: str) -> Iterator[str]:
        """The word classes of a text, alone and in pairs, and the class it opens with."""
        found = []
        for name, pattern in self._classes.items():
            if match := pattern.search(read):
                found.append(name)
                if match.start() == 0:
                    yield f"opens {name}"
        found += self._sentiment.poles(read)
        yield from found
        yield from (" ".join(pair) for pair in combinations(sorted(found), 2))


def _shape(read: str, tokens: list[str]) -> Iterator[str]:
    """How a text is built, whatever its topic."""
    words = set(tokens)
    if "?" in words:
        yield "asking"
    if words & {"i", "im", "ive", "my", "ich", "mein", "meine", "meinen", "we", "our"}:
        yield "self"
    if words & {"you", "u", "your", "du", "ihr", "dein", "euch"}:
        yield "you"
    if "@someone" in read:
        yield "named"
    if "weblink" in words:
        yield "link"
    if any(map(str.isdigit, words)):
        yield "number"
    if has_emoji(read):
        yield "emoji"
    n = len(tokens)
    yield "long" if n > _LONG else "middle" if n > _MIDDLE else "short" if n > _SHORT else "tiny"


def _words(tokens: list[str]) -> Iterator[str]:
    yield from tokens
    yield from map(" ".join, pairwise(tokens))
    if tokens:
        yield f"^{tokens[0]}"


def _letters(read: str) -> Iterator[str]:
    for word in read.split():
        padded = f" {word} "
        for n in (3, 4):
            for i in range(len(padded) - n + 1):
                yield padded[i : i + n]


def _hashed(block: str, tokens: Iterable[str]) -> Floats:
    """The tokens of one block, each counted once, as a vector of the block's weight."""
    start = crc32(f"{block}:".encode())
    codes = np.array([crc32(token.encode("utf-8", "replace"), start) for token in set(tokens)], dtype=np.uint32)
    signs = np.where(codes & 0x8000_0000, 1.0, -1.0)
    vector: Floats = np.bincount(codes % SIZE, weights=signs, minlength=SIZE).astype(np.float32)
    norm = float(np.linalg.norm(vector))
    return vector * (_WEIGHTS[block] / norm) if norm else vector
