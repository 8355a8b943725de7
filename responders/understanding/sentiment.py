"""Whether a post is glad or cross. It only shades the wording; risk and intent decide."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from responders.ports import Encoder, Floats, Polarity
from responders.types import Context, Post, Sentiment, Understanding
from responders.understanding.heads import SoftmaxHead
from responders.understanding.normalise import compile_phrases, encodable, reading

_WORDS_BEFORE = re.compile(r"(?:\w+[^\w.,;!?]+){0,3}$")
_REACH = 40
_JUDGED = 0.5
"""Weight of VADER's four numbers beside the sentence vector, whose length is 1."""
_RIDGE = 1e-4
_TORN = 0.25
_OPPOSITE = {"positive": "negative", "negative": "positive"}

Examples = Mapping[str, Mapping[str, Sequence[str]]]


class SentimentHead:
    """Reads what a post feels from its meaning and, in English, from the words that judge."""

    def __init__(self, examples: Examples, encoder: Encoder, polarity: Polarity | None = None) -> None:
        """Fit to sentiment_examples.yaml: sentiment -> language -> texts."""
        self._encoder = encoder
        self._polarity = polarity
        told = [(text, locale, name) for name, by in examples.items() for locale, texts in by.items() for text in texts]
        encoder.encode([encodable(text) for text, _, _ in told])  # all in one call; each row finds its own then
        rows = np.stack([self._row(text, locale) for text, locale, _ in told])
        self._head = SoftmaxHead.fit(rows, [name for _, _, name in told], ridge=_RIDGE)

    def shares(self, text: str, language: str) -> dict[str, float]:
        """Positive, neutral and negative -> probability."""
        shares = np.exp(self._head.log_probabilities(self._row(text, language)))
        return dict(zip(self._head.labels, map(float, shares), strict=True))

    def _row(self, text: str, language: str) -> Floats:
        encoded = encodable(text)
        judged = self._polarity.polarity(encoded) if self._polarity and language == "en" else (0.0,) * 4
        return np.concatenate([self._encoder.encode([encoded])[0], np.float32(_JUDGED) * np.array(judged, np.float32)])


class SentimentAnalyzer:
    """Fills `sentiment`: by the head where there is one, else by words that judge."""

    def __init__(self, lists: Mapping[str, Sequence[str]], head: SentimentHead | None = None) -> None:
        """Take sentiment.yaml as the library read it."""
        self._poles = {pole: compile_phrases(lists[pole]) for pole in _OPPOSITE}
        self._not = compile_phrases(lists["not"])
        self._head = head

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        """Add the sentiment; praise and blame in one make it mixed."""
        poles = self.poles(reading(post.text))
        read = self._by_words(poles) if self._head is None else self._by_meaning(self._head, post.text, so_far, poles)
        return replace(so_far, sentiment=read)

    @staticmethod
    def _by_meaning(head: SentimentHead, text: str, so_far: Understanding, poles: Sequence[str]) -> Sentiment:
        shares = head.shares(text, so_far.language)
        if len(poles) > 1 and abs(shares["positive"] - shares["negative"]) < _TORN:
            return "mixed"
        names: tuple[Sentiment, ...] = ("neutral", "positive", "negative")
        return max(names, key=lambda name: shares[name])

    @staticmethod
    def _by_words(poles: Sequence[str]) -> Sentiment:
        """Both kinds make it mixed, none neutral."""
        sentiment: Sentiment = "neutral"
        if poles == ["positive"]:
            sentiment = "positive"
        elif poles == ["negative"]:
            sentiment = "negative"
        elif poles:
            sentiment = "mixed"
        return sentiment

    def poles(self, read: str) -> list[str]:
        """Which kinds of judging words a read text has; one right after a `not` word counts for the other."""
        found = set()
        for pole, pattern in self._poles.items():
            for match in pattern.finditer(read):
                before = _WORDS_BEFORE.search(read[max(0, match.start() - _REACH) : match.start()])
                turned = before is not None and self._not.search(before.group())
                found.add(_OPPOSITE[pole] if turned else pole)
        return sorted(found)


class Mockery:
    """Tells praise and thanks that are not meant from those that are."""

    def __init__(self, word_lists: Mapping[str, Mapping[str, Any]]) -> None:
        """Take the shipped lists `sentiment` and `classes`."""
        lists = word_lists["sentiment"]
        self._mocking, self._wrong = compile_phrases(lists["mocking"]), compile_phrases(lists["wrong"])
        self._solved = compile_phrases(word_lists["classes"]["solved"])

    def likely(self, text: str) -> bool:
        """True when words take the praise back, or it is for what went wrong and nothing says that it was mended."""
        read = reading(text)
        return bool(self._mocking.search(read) or (self._wrong.search(read) and not self._solved.search(read)))
