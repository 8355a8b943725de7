"""What a post is doing: a softmax head on hashed n-grams, fitted from the operators' examples, and their cue words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from rapidfuzz.fuzz import token_set_ratio
from rapidfuzz.utils import default_process

from responders.library.model import Intent, Library
from responders.ports import Floats
from responders.types import Context, Post, Understanding
from responders.understanding.features import Features
from responders.understanding.normalise import compile_phrases, reading

CUE_WEIGHT = 0.7
"""Of the cue prior against the head's log-probabilities (understanding.md section 3)."""
_CUE_SMOOTHING = 0.2
_SHARPNESS = 1.8
"""The head is fitted softly, which keeps strange posts unsure; this brings clear ones back to what they are."""
_FAMILIAR = 0.4
"""Cosine to the nearest example below which a text is strange, and the head is believed the less."""
_TO_NOBODY = 1.2
"""Log-odds against helping when a post answers no fan and names nobody: help goes to somebody."""
_COMPARED = 400
"""Characters of a post that are held against the examples to name the nearest."""
_RIDGE = 7e-4
_STEPS = 100


class IntentHead:
    """Softmax regression with examples as its support: fitted in the dual, so that its cost follows their number."""

    def __init__(self, features: Features, examples: list[tuple[str, str]]) -> None:
        """Fit to (text, intent) pairs."""
        self.intents = tuple(sorted({intent for _, intent in examples}))
        self._texts = [text for text, _ in examples]
        self._processed = [default_process(text) for text in self._texts]
        self._labels = np.array([self.intents.index(intent) for _, intent in examples], dtype=np.intp)
        rows = (
            np.stack([features.vector(text) for text in self._texts])
            if examples
            else np.zeros((0, 0), dtype=np.float32)
        )
        self._columns = np.ascontiguousarray(rows.T)  # a post has few features: theirs lie together
        self._weights = self._columns @ _fit(rows @ rows.T, self._labels, len(self.intents))

    def log_probabilities(self, vector: Floats) -> Floats:
        """One for each of `intents`."""
        found = vector.nonzero()[0]
        return _log_softmax(vector[found] @ self._weights[found])

    def likeness(self, vector: Floats) -> Floats:
        """Cosine of each example to the text."""
        found = vector.nonzero()[0]
        return vector[found] @ self._columns[found]

    def nearest(self, text: str, vector: Floats, intent: str) -> str | None:
        """The example of that intent most like the text, in kind and in words; None when it has none."""
        likeness = self.likeness(vector)
        own = [i for i, label in enumerate(self._labels) if self.intents[label] == intent]
        words = default_process(text[:_COMPARED])
        best = max(own, key=lambda i: likeness[i] + token_set_ratio(words, self._processed[i]) / 100, default=None)
        return None if best is None else self._texts[best]


def _fit(gram: Floats, labels: np.ndarray[Any, np.dtype[np.intp]], classes: int) -> Floats:
    """Dual weights (examples x intents) by accelerated gradient; each intent counts alike however many examples."""
    n = len(labels)
    if not n:
        return np.zeros((0, classes), dtype=np.float32)
    counts = np.bincount(labels, minlength=classes)
    balance = (1.0 / (classes * counts[labels]))[:, None].astype(np.float32)
    target = np.eye(classes, dtype=np.float32)[labels]
    # The Frobenius norm bounds the largest eigenvalue, which would cost more than the fit itself.
    step = 1.0 / (0.5 * float(balance.max()) * float(np.linalg.norm(gram)) + _RIDGE)
    dual = ahead = np.zeros((n, classes), dtype=np.float32)
    for i in range(_STEPS):
        error = np.exp(_log_softmax(gram @ ahead)) - target
        last, dual = dual, ahead - step * (balance * error + _RIDGE * ahead)
        ahead = dual + (i / (i + 3)) * (dual - last)
    return dual


def _log_softmax(scores: Floats) -> Floats:
    shifted = scores - scores.max(axis=-1, keepdims=True, initial=-np.inf)
    result: Floats = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


class IntentAnalyzer:
    """Fills `intent`, `confidence`, `intents` and `nearest`; leaves a post at a gate unread."""

    def __init__(self, library: Library, features: Features | None = None) -> None:
        """Fit the head to the library's examples. `features`: where they have been made before."""
        self._features = features or Features(library.word_lists)
        self._head = IntentHead(self._features, [pair for i in library.intents.values() for pair in _examples(i)])
        self._cues = [compile_phrases(_cues(library.intents[name])) for name in self._head.intents]

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        """Read the post, or take a manager's word for it (`forced_intent`, with confidence 1)."""
        if so_far.risk:
            return so_far
        vector = self._features.vector(post.text)
        ranked = self.rank(post.text, vector, to_fan=context.replies_to == "fan")
        forced = context.forced_intent
        if forced:
            ranked = ((forced, 1.0), *((name, 0.0) for name, _ in ranked if name != forced))
        if not ranked:
            return so_far
        intent, confidence = ranked[0]
        return replace(
            so_far,
            intent=intent,
            confidence=confidence,
            intents=ranked,
            nearest=self._head.nearest(post.text, vector, intent),
        )

    def rank(self, text: str, vector: Floats, *, to_fan: bool = False) -> tuple[tuple[str, float], ...]:
        """All intents with their probability, the surest first. `to_fan`: the post natively replies to another fan."""
        names = self._head.intents
        if not names:
            return ()
        read = reading(text)
        hits = np.array([len(set(cues.findall(read))) for cues in self._cues]) + _CUE_SMOOTHING
        prior = np.log(hits / hits.sum())
        familiar = min(1.0, float(self._head.likeness(vector).max()) / _FAMILIAR)
        scores = _SHARPNESS * familiar * self._head.log_probabilities(vector) + CUE_WEIGHT * prior
        if "helping" in names and not to_fan and "@someone" not in read:
            scores[names.index("helping")] -= _TO_NOBODY
        shares = np.exp(_log_softmax(scores))
        return tuple(
            sorted(((n, round(float(s), 4)) for n, s in zip(names, shares, strict=True)), key=lambda r: (-r[1], r[0]))
        )


def _examples(intent: Intent) -> list[tuple[str, str]]:
    return [(text, intent.name) for texts in intent.examples.values() for text in texts]


def _cues(intent: Intent) -> tuple[str, ...]:
    return tuple(cue for cues in intent.cues.values() for cue in cues)
