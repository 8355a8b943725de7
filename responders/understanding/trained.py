"""What the trained model reads in a text: one linear head for each thing, on the numbers that the encoder gives.

Encoder and heads were fitted together on invented posts (docs/model-card.md). The chances were measured on communities
that were not in the fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, get_args

import numpy as np

from responders.ports import Encoder, Floats
from responders.types import Mood, Tell
from responders.understanding.heads import log_softmax

MOODS: tuple[Mood, ...] = get_args(Mood)
TELLS: tuple[Tell, ...] = get_args(Tell)
_SHARE = 0.5
"""How much of an intent's chance comes from its own head. The rest is the sum over its situations."""
_TINY = 1e-9


@dataclass(frozen=True, kw_only=True)
class Read:
    """What was read in one text."""

    intents: Floats
    """Chances, in the order of `Reads.intents`."""
    vector: Floats
    """The text's vector, of length 1. Texts that do the same have vectors nearby."""
    situations: Sequence[tuple[str, str, float]] = ()
    """(situation, its intent, chance), the likeliest first; empty where only words are read."""
    mood: Mood = "plain"
    tells: Mapping[str, float] | None = None

    def told(self, least: float) -> frozenset[str]:
        """What the post tells with at least that chance."""
        return frozenset(name for name, chance in (self.tells or {}).items() if chance >= least)


class Reads(Protocol):
    """Reads texts in the form that `encodable` gives."""

    intents: tuple[str, ...]
    situations: Mapping[str, str]
    """Situation -> its intent, for those it can tell."""
    thresholds: Mapping[str, float]
    """Name -> the chance from which something is believed (docs/model-card.md)."""
    background: Floats
    """Vectors of posts that it was fitted to. Operators' own intents are told apart from these."""

    def read(self, text: str) -> Read:
        """One text."""
        ...

    def vectors(self, texts: Sequence[str]) -> Floats:
        """One row of length 1 for each text."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Heads:
    """Names and weights of the heads. `weights`: head -> (numbers, scores). `biases`: head -> (scores,)."""

    situations: Mapping[str, str]
    """Situation -> its intent, both in the order of the scores."""
    weights: Mapping[str, Floats]
    biases: Mapping[str, Floats]
    sharpness: Mapping[str, float]
    """Head -> the factor that turns its scores into chances. `chance`: the same for the two heads of the intent
    together."""
    thresholds: Mapping[str, float]
    background: Floats

    @property
    def intents(self) -> tuple[str, ...]:
        """In the order of the scores."""
        return tuple(dict.fromkeys(self.situations.values()))


class Model:
    """An encoder and the heads that were fitted with it."""

    def __init__(self, encoder: Encoder, heads: Heads) -> None:
        """`encoder`: the one that the heads were fitted with, or one that caches it."""
        self._encoder = encoder
        self._heads = heads
        self.intents = heads.intents
        self.situations = heads.situations
        self.thresholds = heads.thresholds
        self.background = heads.background
        place = {name: i for i, name in enumerate(self.intents)}
        self._of = np.zeros((len(heads.situations), len(place)), dtype=np.float32)
        self._of[np.arange(len(self._of)), [place[intent] for intent in heads.situations.values()]] = 1.0

    def read(self, text: str) -> Read:
        """One text. Reading it again costs almost nothing."""
        row = self._encoder.encode([text])[0]
        situations = np.exp(self._logs("situation", row))
        intents = _SHARE * np.exp(self._logs("intent", row)) + (1 - _SHARE) * situations @ self._of
        sharpened = np.exp(log_softmax(self._heads.sharpness["chance"] * np.log(intents + _TINY)))
        tells = np.exp(-np.logaddexp(0, -self._heads.sharpness["tells"] * self._linear("tells", row)))
        named = zip(self._heads.situations.items(), map(float, situations), strict=True)
        return Read(
            intents=np.asarray(sharpened, np.float32),
            vector=unit(row),
            situations=sorted(((n, of, chance) for (n, of), chance in named), key=lambda s: -s[2]),
            mood=MOODS[int(self._linear("mood", row).argmax())],
            tells=dict(zip(TELLS, map(float, tells), strict=True)),
        )

    def vectors(self, texts: Sequence[str]) -> Floats:
        """One row of length 1 for each text."""
        return unit(self._encoder.encode(texts))

    def meanings(self, texts: Sequence[str]) -> Floats:
        """What texts are about, whatever they do with it, as rows of length 1. For questions and their answers."""
        return unit(self._linear("meaning", self._encoder.encode(texts)))

    def _logs(self, head: str, row: Floats) -> Floats:
        return log_softmax(self._heads.sharpness[head] * self._linear(head, row))

    def _linear(self, head: str, rows: Floats) -> Floats:
        found: Floats = rows @ self._heads.weights[head] + self._heads.biases[head]
        return found


class ByWords:
    """Reads by words and letters alone, where there is no model."""

    def __init__(
        self,
        rows: Callable[[Sequence[str]], Floats],
        intents: tuple[str, ...],
        weights: Floats,
        bias: Floats,
        thresholds: Mapping[str, float],
    ) -> None:
        """`rows`: a row of numbers for each text; `weights` (numbers, intents) and `bias` turn it into scores."""
        self._rows = rows
        self._weights, self._bias = weights, bias
        self.intents = intents
        self.situations: Mapping[str, str] = {}
        self.thresholds = thresholds
        self.background = np.zeros((0, len(weights)), dtype=np.float32)

    def read(self, text: str) -> Read:
        """One text. What was said before it is not read."""
        row = self._rows([text.partition("\n")[0]])[0]
        return Read(intents=np.exp(log_softmax(row @ self._weights + self._bias)), vector=row)

    def vectors(self, texts: Sequence[str]) -> Floats:
        """One row for each text."""
        return self._rows(texts)


def unit(rows: Floats) -> Floats:
    """The rows at length 1; zeros stay zeros."""
    norm = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.where(norm == 0, 1, norm), dtype=np.float32)
