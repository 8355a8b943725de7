"""The safety gates, looked at before any intent: phrase lists, and a head for what is said without their words, on the
sentence vector or, where there is no encoder, on n-grams. A hit is never answered from a template."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from responders.ports import Encoder, Floats
from responders.types import Context, Post, Understanding
from responders.understanding.features import Features, features_of
from responders.understanding.heads import SoftmaxHead
from responders.understanding.normalise import ENCODED, compile_phrases, encodable, has_words, reading, unmasked

GATES = ("crisis", "legal", "minor", "toxic", "spam")
"""The most urgent first (design section 8)."""
ORDINARY = "ordinary"
"""The part of gate_examples.yaml that is no gate: several kinds of harmless talk."""
ALARMS = {"crisis": 0.03, "legal": 0.01, "minor": 0.01, "toxic": 0.03, "spam": 0.015}
"""Share of the ordinary examples, each read by a head that does not know it, that may fire. Half of them were made to
look like a crisis, an insult or an advert: of everyday talk about half as many fire."""
ALARMS_BY_WORDS = ALARMS | {"crisis": 0.06, "toxic": 0.04, "spam": 0.02}
"""Without an encoder: what cannot be told apart reaches a person rather than a template."""
UNEASY, UNEASY_BY_WORDS = 0.08, 0.15
"""Share of them that is like a crisis, too little to be one: no reply is drafted. Without an encoder a wide margin."""
_RIDGE = 3e-4
"""Softer than an intent's: what fires here must be like several examples, not like one."""
_FOLDS = 5
_CUE, _CUES = 1.1, 3
"""What a cue of spam adds to its log-odds, and how many count."""
_DOUBT = 0.8
"""Log-odds against a gate that fires by its head: near the threshold most of what fires is an alarm."""
_LISTED = 0.9
"""How sure a gate is at least that fires on a phrase."""
_PIECES = 6
"""Parts of a very long post that are read one by one for a crisis, which may be a sentence in the middle."""


def phrases_of(lists: Mapping[str, Any]) -> tuple[str, ...]:
    """The phrases of a list in all its languages: a fan may write in any of them, whatever the channel's is."""
    return tuple(phrase for phrases in lists.get("phrases", {}).values() for phrase in phrases)


class Gate:
    """One list: fires on a phrase that is left once the harmless uses are struck out."""

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take one section of gates.yaml."""
        self._phrases = compile_phrases(phrases_of(lists))
        self._unless = compile_phrases(lists.get("unless", ()))

    def fires(self, text: str) -> bool:
        """True when the text, as people wrote it, has one of the phrases. Neither stretched letters nor digits and
        signs in the place of letters hide one."""
        return any(map(self._fires, dict.fromkeys((reading(text), reading(text, stretched=1), unmasked(text)))))

    def _fires(self, read: str) -> bool:
        return bool(self._phrases.search(read)) and bool(self._phrases.search(self._unless.sub(" ; ", read)))


_Rows = Callable[[Sequence[str]], Floats]
"""Texts -> a row of numbers each."""


class GateHead:
    """How much a text is like the examples of each gate, whatever its words."""

    def __init__(
        self,
        examples: Mapping[str, Any],
        rows: _Rows,
        of_examples: _Rows,
        alarms: Mapping[str, float] = ALARMS,
        uneasy: float = UNEASY,
    ) -> None:
        """Fit to gate_examples.yaml: gate -> texts, and `ORDINARY` -> kind -> texts. `rows`, `of_examples`: the numbers
        of texts and of these; `alarms`, `uneasy`: the shares of ordinary ones that may fire, or make uneasy."""
        kinds = {gate: examples[gate] for gate in GATES} | {f"{ORDINARY} {k}": t for k, t in examples[ORDINARY].items()}
        pairs = [(text, kind) for kind, texts in kinds.items() for text in texts]
        labels = tuple(kind for _, kind in pairs)
        self._head = _fitted(of_examples([text for text, _ in pairs]).tobytes(), labels)
        self._rows = rows
        unknown = self._against_ordinary(self._head.held_out[[label not in GATES for label in labels]])
        self._from = np.array([np.quantile(unknown[:, i], 1 - alarms[gate]) for i, gate in enumerate(GATES)])
        crisis = unknown[:, GATES.index("crisis")] - self._from[GATES.index("crisis")]
        self.uneasy_from = float(np.quantile(crisis, 1 - uneasy))
        """Margin of a crisis from which no reply is drafted."""

    def margins(self, text: str) -> dict[str, float]:
        """Gate -> by how much the text passes what ordinary talk may have, as log-odds; fires above zero."""
        scores = self._head.scores(self._rows([text, *_pieces(text)]))
        margins = self._against_ordinary(scores) - self._from
        margins[0, GATES.index("crisis")] = margins[:, GATES.index("crisis")].max()
        return dict(zip(GATES, map(float, margins[0]), strict=True))

    def _against_ordinary(self, scores: Floats) -> Floats:
        labels = self._head.labels
        harmless = scores[:, [i for i, label in enumerate(labels) if label not in GATES]]
        odds: Floats = scores[:, [labels.index(g) for g in GATES]] - np.logaddexp.reduce(harmless, axis=1)[:, None]
        return odds


class SpamCues:
    """What spam has beside its words: where its links lead, money, calls to write elsewhere."""

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take the section `spam` of gates.yaml."""
        self._phrases = [compile_phrases([cue]) for cue in lists["cues"]]
        hosts = "|".join(map(re.escape, lists["hosts"]))
        self._hosts = re.compile(rf"(?<![\w.-])(?:{hosts})(?![\w.-]*\.[a-z])", re.IGNORECASE)

    def count(self, text: str) -> int:
        """How many kinds of cues the text has."""
        read = reading(text)
        return sum(bool(cue.search(read)) for cue in self._phrases) + bool(self._hosts.search(text))


class Gates:
    """Fills `risk` and `uneasy`, and `confidence` where a gate fires: how sure the first one is."""

    def __init__(
        self,
        lists: Mapping[str, Any],
        examples: Mapping[str, Any] | None = None,
        encoder: Encoder | None = None,
        words: Features | None = None,
    ) -> None:
        """Take gates.yaml and gate_examples.yaml as the library read them. Without examples the lists decide; without
        an `encoder` the head goes by `words`."""
        self._gates = {name: Gate(lists[name]) for name in GATES}
        self._cues = SpamCues(lists["spam"])
        self._aimed = compile_phrases(lists["toxic"]["aimed"])
        self._cue = _CUE if encoder else 0.0  # `words` have them
        self._head: GateHead | None = None
        if examples and encoder:
            meant = _meant_by(encoder)
            self._head = GateHead(examples, meant, meant)
        elif examples and words:
            self._head = GateHead(examples, words.matrix, words.of_examples, ALARMS_BY_WORDS, UNEASY_BY_WORDS)

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        """Add the names of all gates that fire, the most urgent first."""
        text = ". ".join((post.text, *(a.title for a in post.attachments if a.title)))
        margins = self.margins(post.text)
        sure = {n: _share(margins[n] - _DOUBT) for n in GATES if margins.get(n, 0.0) > 0}
        sure |= {n: max(_LISTED, sure.get(n, 0.0)) for n in GATES if self._gates[n].fires(text)}
        risk = tuple(n for n in GATES if n in sure)
        uneasy = self._head is not None and margins.get("crisis", -np.inf) > self._head.uneasy_from
        return replace(so_far, risk=risk, uneasy=uneasy, confidence=sure[risk[0]] if risk else so_far.confidence)

    def margins(self, text: str) -> dict[str, float]:
        """As the head's, with what the cues of spam add to a sentence vector; empty without a head or words."""
        if self._head is None or not has_words(text):
            return {}
        margins = self._head.margins(text)
        margins["spam"] += self._cue * min(_CUES, self._cues.count(text))
        return margins

    def aimed(self, post: Post, context: Context) -> bool:
        """True when hard words are meant for staff or for a member who is named or answered."""
        return context.addressed or context.replies_to != "nobody" or bool(self._aimed.search(reading(post.text)))


def _pieces(text: str) -> list[str]:
    """The parts of a text too long to be read whole."""
    if len(text) <= ENCODED:
        return []
    return [text[start : start + ENCODED] for start in range(0, _PIECES * ENCODED, ENCODED) if text[start:]]


def _share(odds: float) -> float:
    """Log-odds as a probability."""
    return round(float(1 / (1 + np.exp(-odds))), 4)


def gate_words(word_lists: Mapping[str, Mapping[str, Any]]) -> Features:
    """What the head goes by without an encoder: the n-grams and word classes of intents, and the gates' own."""
    gates = word_lists["gates"]
    cues = {f"cue {i}": [cue] for i, cue in enumerate(gates["spam"]["cues"])}
    classes = {**word_lists["classes"], **gates["signs"], **cues}
    return features_of({"classes": classes, "sentiment": word_lists["sentiment"]})


def _meant_by(encoder: Encoder) -> _Rows:
    return lambda texts: encoder.encode([encodable(text) for text in texts])


@lru_cache(maxsize=1)  # what is shipped stays the same, however often operators change examples of their own
def _fitted(rows: bytes, labels: tuple[str, ...]) -> SoftmaxHead:
    table = np.frombuffer(rows, dtype=np.float32).reshape(len(labels), -1)
    return SoftmaxHead.fit(table, labels, ridge=_RIDGE, folds=_FOLDS)
