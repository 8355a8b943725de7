"""What the shipped model reads in a text: one linear head for each thing, on the numbers that its encoder gives.

The encoder and the heads were fitted together on invented posts (docs/model-card.md). Chances are those measured on
communities that the fitting never saw.
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
"""Of an intent's chance that its own head decides; the rest is the sum over its situations."""
_TINY = 1e-9


@dataclass(frozen=True, kw_only=True)
class Read:
    """What was read in one text."""

    intents: Floats
    """Chances, in the order of `Reads.intents`."""
    vector: Floats
    """The text's numbers, length 1: near to those of texts that do the same."""
    situations: Sequence[tuple[str, str, float]] = ()
    """(situation, its intent, chance), the likeliest first; nothing where only words are read."""
    mood: Mood = "plain"
    tells: Mapping[str, float] | None = None

    def told(self, least: float) -> frozenset[str]:
        """What the post tells with at least that chance."""
        return frozenset(name for name, chance in (self.tells or {}).items() if chance >= least)


class Reads(Protocol):
    """Reads texts as `encodable` gives them."""

    intents: tuple[str, ...]
    situations: Mapping[str, str]
    """Situation -> its intent, of those it can tell."""
    thresholds: Mapping[str, float]
    """Chances from which something is believed, by name (docs/model-card.md)."""
    background: Floats
    """Rows of length 1 of posts that it was fitted to: what an operator's own intent is told apart from."""

    def read(self, text: str) -> Read:
        """One text."""
        ...

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Of texts, one row of length 1 each."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Heads:
    """Names and weights of the heads. `weights`: head -> (numbers, scores), `biases`: head -> (scores,)."""

    situations: Mapping[str, str]
    """Situation -> its intent, both in the order of the scores."""
    weights: Mapping[str, Floats]
    biases: Mapping[str, Floats]
    sharpness: Mapping[str, float]
    """Head -> factor on its scores that makes chances of them; `chance`: the same for the two that tell the intent."""
    thresholds: Mapping[str, float]
    background: Floats

    @property
    def intents(self) -> tuple[str, ...]:
        """In the order of the scores."""
        return tuple(dict.fromkeys(self.situations.values()))


class Model:
    """An encoder and the heads that were fitted with it."""

    def __init__(self, encoder: Encoder, heads: Heads) -> None:
        """`encoder`: the one that the heads were fitted with, or one that remembers what it gave."""
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
        """One text. The same again costs almost nothing."""
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
        """Of texts, one row of length 1 each."""
        return unit(self._encoder.encode(texts))

    def meanings(self, texts: Sequence[str]) -> Floats:
        """What texts are about, whatever they do with it, as rows of length 1: for questions and their answers."""
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
        """`rows`: a row of numbers for each text, of which `weights` (numbers, intents) and `bias` make scores."""
        self._rows = rows
        self._weights, self._bias = weights, bias
        self.intents = intents
        self.situations: Mapping[str, str] = {}
        self.thresholds = thresholds
        self.background = np.zeros((0, len(weights)), dtype=np.float32)

    def read(self, text: str) -> Read:
        """One text; of what was said before it, words tell nothing."""
        row = self._rows([text.partition("\n")[0]])[0]
        return Read(intents=np.exp(log_softmax(row @ self._weights + self._bias)), vector=row)

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Of texts, one row each."""
        return self._rows(texts)


def unit(rows: Floats) -> Floats:
    """The rows at length 1; zeros stay zeros."""
    norm = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.where(norm == 0, 1, norm), dtype=np.float32)
