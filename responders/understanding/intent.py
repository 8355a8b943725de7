"""What a post is doing: a softmax head on hashed n-grams, fitted from the operators' examples, and their cue words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from responders.library.model import Intent, Library
from responders.types import Context, Post, Understanding
from responders.understanding.features import Features, Floats
from responders.understanding.normalise import compile_phrases, reading

CUE_WEIGHT = 0.7
"""Of the cue prior against the head's log-probabilities (understanding.md section 3)."""
_CUE_SMOOTHING = 0.2
_SHARPNESS = 1.6
"""The head is fitted softly, which keeps strange posts unsure; this brings clear ones back to what they are."""
_RIDGE = 1e-3
_STEPS = 150


class IntentHead:
    """Softmax regression with examples as its support: fitted in the dual, so that its cost follows their number."""

    def __init__(self, features: Features, examples: list[tuple[str, str]]) -> None:
        """Fit to (text, intent) pairs."""
        self.intents = tuple(sorted({intent for _, intent in examples}))
        self._texts = [text for text, _ in examples]
        self._labels = np.array([self.intents.index(intent) for _, intent in examples], dtype=np.intp)
        self._rows = np.stack([features.vector(text) for text in self._texts]) if examples else np.zeros((0, 0))
        self._weights = self._rows.T @ _fit(self._rows @ self._rows.T, self._labels, len(self.intents))

    def log_probabilities(self, vector: Floats) -> Floats:
        """One for each of `intents`."""
        return _log_softmax(vector @ self._weights)

    def nearest(self, vector: Floats, intent: str) -> str | None:
        """The example of that intent most like the text; None when it has none or nothing is shared."""
        if intent not in self.intents:
            return None
        alike = np.where(self._labels == self.intents.index(intent), self._rows @ vector, 0.0)
        best = int(np.argmax(alike))
        return self._texts[best] if alike[best] > 0 else None


def _fit(gram: Floats, labels: np.ndarray[Any, np.dtype[np.intp]], classes: int) -> Floats:
    """Dual weights (examples x intents) by accelerated gradient; each intent counts alike however many examples."""
    n = len(labels)
    if not n:
        return np.zeros((0, classes))
    counts = np.bincount(labels, minlength=classes)
    balance = (1.0 / (classes * counts[labels]))[:, None]
    target = np.eye(classes)[labels]
    step = 1.0 / (0.5 * float(balance.max()) * float(np.linalg.norm(gram, 2)) + _RIDGE)
    dual = ahead = np.zeros((n, classes))
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

    def __init__(self, library: Library) -> None:
        """Fit the head to the library's examples."""
        self._features = Features(library.word_lists)
        self._head = IntentHead(self._features, [pair for i in library.intents.values() for pair in _examples(i)])
        self._cues = [compile_phrases(_cues(library.intents[name])) for name in self._head.intents]

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        """Read the post, or take a manager's word for it (`forced_intent`, with confidence 1)."""
        if so_far.risk:
            return so_far
        vector = self._features.vector(post.text)
        ranked = self.rank(post.text, vector)
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
            nearest=self._head.nearest(vector, intent),
        )

    def rank(self, text: str, vector: Floats) -> tuple[tuple[str, float], ...]:
        """All intents with their probability, the surest first."""
        names = self._head.intents
        if not names:
            return ()
        read = reading(text)
        hits = np.array([len(set(cues.findall(read))) for cues in self._cues]) + _CUE_SMOOTHING
        prior = np.log(hits / hits.sum())
        scores = _SHARPNESS * self._head.log_probabilities(vector) + CUE_WEIGHT * prior
        shares = np.exp(_log_softmax(scores))
        return tuple(
            sorted(((n, round(float(s), 4)) for n, s in zip(names, shares, strict=True)), key=lambda r: (-r[1], r[0]))
        )


def _examples(intent: Intent) -> list[tuple[str, str]]:
    return [(text, intent.name) for texts in intent.examples.values() for text in texts]


def _cues(intent: Intent) -> tuple[str, ...]:
    return tuple(cue for cues in intent.cues.values() for cue in cues)
