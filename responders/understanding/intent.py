"""What a post is doing: a softmax head on what it means and how it is said, fitted from the operators' examples, and
their cue words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from rapidfuzz.fuzz import token_set_ratio
from rapidfuzz.utils import default_process

from responders.library.model import Intent, Library
from responders.ports import Encoder, Floats
from responders.types import Context, Post, Understanding
from responders.understanding.calibration import EASIER, Calibration
from responders.understanding.facts import among_fans
from responders.understanding.features import BESIDE_MEANING, SIZE, features_of
from responders.understanding.heads import Labels, SoftmaxHead, log_softmax
from responders.understanding.normalise import compile_phrases, encodable, reading

CUE_WEIGHT = 0.7
"""Of the cue prior against the head's log-probabilities (understanding.md section 3)."""
_CUE_SMOOTHING = 0.2
_NEAREST_WEIGHT = 4.0
"""Log-odds for an intent whose nearest example is the post itself, against one whose nearest has nothing of it."""
_FEWER = 0.9
"""Of the log-odds by which an intent has fewer examples than others, where its nearest is like the post."""
_FAR, _LIKE = 0.2, 0.6
"""Cosines between which it comes to count: of two posts that have nothing, and that have the matter, in common."""
_WORDS_WEIGHT = 0.4
"""Length of the n-grams' part of a row; the sentence vector's is 1."""
FOLDS = 4
"""Each quarter of the examples is read by a head that was fitted without it: near to one at a time, and quick."""
_TO_NOBODY = 1.2
"""Log-odds against helping when a post answers no fan and names nobody: help goes to somebody."""

_COMPARED = 8
"""Examples next to a post of which the nearest is named; `_READ` characters of a post are held against them."""
_SUREST = 0.9999
"""Only a manager's word counts 1."""
_READ = 400

Ranked = tuple[tuple[str, float], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldOut:
    """An example of `intent` as it is read, `read`, by a head that does not know it."""

    text: str
    intent: str
    read: str
    confidence: float
    nearest: str | None
    """The example of `read` that it is most like."""


class IntentAnalyzer:
    """Fills `intent`, `intents`, `nearest` and, where no gate has said how sure it is, `confidence`."""

    def __init__(self, library: Library, encoder: Encoder | None = None) -> None:
        """Fit the head to the library's examples; without an `encoder` to their n-grams alone."""
        self._features = features_of(library.word_lists, size=BESIDE_MEANING if encoder else SIZE)
        self._encoder = encoder
        self._texts, labels = _examples(library)
        rows = self._rows(self._texts, self._features.of_examples(self._texts))
        self._head = SoftmaxHead.fit(rows, labels, folds=FOLDS)
        self._intents = self._head.labels
        self._labels = np.array([self._intents.index(label) for label in labels], dtype=np.intp)
        self._examples = np.ascontiguousarray(self._meaning(rows))
        self._fewer = _fewer(self._labels, len(self._intents))
        self._cues = [compile_phrases(_cues(library.intents[name])) for name in self._intents]
        self._without_cues = [i for i, name in enumerate(self._intents) if not _cues(library.intents[name])]
        nearest = self._nearest_others().max(axis=1, initial=-1.0)
        calibration = Calibration.fit(self._head.held_out, self._labels, nearest)
        self._calibration = replace(calibration, easier=EASIER if encoder else 0.0)

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        """Read the post, or take a manager's word for it (`forced_intent`, with confidence 1)."""
        forced = context.forced_intent
        if not (self._intents or forced):
            return so_far
        row = self._rows([post.text], self._features.matrix([post.text]))[0]
        likeness = self._examples @ self._meaning(row)
        ranked, confidence = self._ranked(self._head.scores(row), likeness, self._prior(post.text, context))
        if forced:
            ranked = ((forced, 1.0), *((name, 0.0) for name, _ in ranked if name != forced))
            confidence = 1.0
        elif so_far.risk:
            confidence = so_far.confidence
        intent = ranked[0][0]
        nearest = self._nearest(post.text, likeness, intent)
        return replace(so_far, intent=intent, confidence=confidence, intents=ranked, nearest=nearest)

    def held_out(self) -> Iterator[HeldOut]:
        """Each example as it is read by those who do not know it; not those that stand alone for their intent."""
        others = self._nearest_others()
        for i, (text, label) in enumerate(zip(self._texts, self._labels, strict=True)):
            scores = self._head.held_out[i]
            if np.isfinite(scores[label]):
                ranked, confidence = self._ranked(scores, others[i], self._cue_prior(text))
                read = ranked[0][0]
                nearest = self._nearest(text, others[i], read)
                intent = self._intents[label]
                yield HeldOut(text=text, intent=intent, read=read, confidence=confidence, nearest=nearest)

    def _rows(self, texts: Sequence[str], words: Floats) -> Floats:
        """The sentence vector, where there is an encoder, and the n-grams (`words`) of each text, side by side."""
        if self._encoder is None:
            return words
        vectors = self._encoder.encode([encodable(text) for text in texts])
        return np.hstack([vectors.reshape(len(texts), -1), _WORDS_WEIGHT * words])

    def _meaning(self, rows: Floats) -> Floats:
        """The part of a row that tells how alike two texts are."""
        return rows[..., : -self._features.size] if self._encoder else rows

    def _nearest_others(self) -> Floats:
        """Cosines of the examples to each other, never of one to itself."""
        cosines: Floats = self._examples @ self._examples.T
        np.fill_diagonal(cosines, -1.0)
        return cosines

    def _ranked(self, scores: Floats, likeness: Floats, prior: Floats) -> tuple[Ranked, float]:
        """All intents with their probability, the surest first, and how far the first is to be believed."""
        shares = log_softmax(log_softmax(scores * self._calibration.sharpness) + prior + self._next_to(likeness))
        top = int(shares.argmax())
        confidence = self._calibration.confidence(float(shares[top]), float(likeness.max()), top)
        pairs = ((name, round(float(share), 4)) for name, share in zip(self._intents, np.exp(shares), strict=True))
        return tuple(sorted(pairs, key=lambda pair: (-pair[1], pair[0]))), min(round(confidence, 4), _SUREST)

    def _next_to(self, likeness: Floats) -> Floats:
        """What the nearest example of each intent speaks for, as log-odds."""
        nearest = np.full(len(self._intents), -1.0, dtype=np.float32)
        np.maximum.at(nearest, self._labels, likeness)
        like = np.clip((nearest - _FAR) / (_LIKE - _FAR), 0.0, 1.0)
        return np.asarray(_NEAREST_WEIGHT * nearest + _FEWER * like * self._fewer, dtype=np.float32)

    def _prior(self, text: str, context: Context) -> Floats:
        """What cue words and the messages around speak for, as log-odds for each intent."""
        prior = self._cue_prior(text)
        to_somebody = context.replies_to == "fan" or "@someone" in reading(text)
        shifts = {"helping": 0.0 if to_somebody else -_TO_NOBODY, "crosstalk": among_fans(context)}
        for name, shift in shifts.items():
            if name in self._intents:
                prior[self._intents.index(name)] += shift
        return prior

    def _cue_prior(self, text: str) -> Floats:
        read = reading(text)
        hits = np.array([len(set(cues.findall(read))) for cues in self._cues], dtype=np.float32)
        hits[self._without_cues] = hits.max()  # cues of others do not speak against an intent that has none
        prior: Floats = np.float32(CUE_WEIGHT) * np.log(hits + np.float32(_CUE_SMOOTHING))
        return prior

    def _nearest(self, text: str, likeness: Floats, intent: str) -> str | None:
        """The example of that intent most like the post, from the likeness of all; None when it has none.

        Of those next to it in meaning the one with most words in common: people see words.
        """
        own = np.flatnonzero(self._labels == self._intents.index(intent)) if intent in self._intents else np.array([])
        close = sorted(own, key=lambda i: -likeness[i])[:_COMPARED]
        words = default_process(text[:_READ])

        def alike(i: int) -> float:
            return float(likeness[i]) + float(token_set_ratio(words, default_process(self._texts[i]))) / 100

        return self._texts[max(close, key=alike)] if close else None


def _examples(library: Library) -> tuple[list[str], list[str]]:
    """Texts and the intents they are examples of."""
    pairs = [(text, i.name) for i in library.intents.values() for texts in i.examples.values() for text in texts]
    return [text for text, _ in pairs], [name for _, name in pairs]


def _fewer(labels: Labels, intents: int) -> Floats:
    """By how much each intent has fewer examples than the intent of a usual example, as log-odds; 0 if it has more.

    A post finds its like the sooner among many, and a head leans less on few.
    """
    counts = np.bincount(labels, minlength=intents)
    usual = float(counts @ counts) / max(1, len(labels))
    return np.log(np.maximum(1.0, usual / np.maximum(1, counts))).astype(np.float32)


def _cues(intent: Intent) -> tuple[str, ...]:
    return tuple(cue for cues in intent.cues.values() for cue in cues)
