"""Whether a post is glad or cross. This only shades the wording; risk and intent decide."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from responders.types import Context, Mood, Post, Sentiment, Understanding
from responders.understanding.normalise import compile_phrases, reading

_WORDS_BEFORE = re.compile(r"(?<!\w)(?:\w+[^\w.,;!?]+){0,3}$")
_REACH = 40
_OPPOSITE = {"positive": "negative", "negative": "positive"}
_MOODS: Mapping[Mood, Sentiment | None] = {
    "light": None,
    "glad": "positive",
    "proud": "positive",
    "hurt": "negative",
    "angry": "negative",
    "worried": "negative",
    "plain": "neutral",
}
_OPEN = frozenset({"light", "plain"})
"""Moods that do not tell whether something was liked. Here words decide whether it is mixed."""
_GRAVE = frozenset({"complaint", "churn", "crisis", "toxic"})
_LIGHT: Sentiment = "positive"
"""For a joke that is no complaint."""


class SentimentAnalyzer:
    """Fills `sentiment`: from the mood where it was read, else from words that judge."""

    def __init__(self, lists: Mapping[str, Sequence[str]], *, by_mood: bool = False) -> None:
        """Take sentiment.yaml, as the library read it. `by_mood`: the mood was read before."""
        self._poles = {pole: compile_phrases(lists[pole]) for pole in _OPPOSITE}
        self._not = compile_phrases(lists["not"])
        self._by_mood = by_mood

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        """Add the sentiment. Praise and blame together are mixed."""
        poles = self.poles(reading(post.text))
        read = self._by_words(poles)
        if self._by_mood and not (read == "mixed" and so_far.mood in _OPEN):
            read = _MOODS[so_far.mood] or ("negative" if so_far.intent in _GRAVE else _LIGHT)
        return replace(so_far, sentiment=read)

    @staticmethod
    def _by_words(poles: Sequence[str]) -> Sentiment:
        """Both kinds of words are mixed, none is neutral."""
        sentiment: Sentiment = "neutral"
        if poles == ["positive"]:
            sentiment = "positive"
        elif poles == ["negative"]:
            sentiment = "negative"
        elif poles:
            sentiment = "mixed"
        return sentiment

    def poles(self, read: str) -> list[str]:
        """The kinds of judging words in a text. A `not` word right before one turns it round."""
        found = set()
        for pole, pattern in self._poles.items():
            for match in pattern.finditer(read):
                before = _WORDS_BEFORE.search(read[max(0, match.start() - _REACH) : match.start()])
                turned = before is not None and self._not.search(before.group())
                found.add(_OPPOSITE[pole] if turned else pole)
        return sorted(found)


class Mockery:
    """Tells praise and thanks that are meant from those that are not."""

    def __init__(self, word_lists: Mapping[str, Mapping[str, Any]]) -> None:
        """Take the shipped lists `sentiment` and `classes`."""
        lists = word_lists["sentiment"]
        self._mocking, self._wrong = compile_phrases(lists["mocking"]), compile_phrases(lists["wrong"])
        self._solved = compile_phrases(word_lists["classes"]["solved"])

    def likely(self, text: str) -> bool:
        """True when words take the praise back, or when it is for something that went wrong and nothing says that it
        was mended."""
        read = reading(text)
        return bool(self._mocking.search(read) or (self._wrong.search(read) and not self._solved.search(read)))
