"""Whether a post is glad or cross, by words that judge. It only shades the wording; risk and intent decide."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from responders.types import Context, Post, Sentiment, Understanding
from responders.understanding.normalise import compile_phrases, reading

_WORDS_BEFORE = re.compile(r"(?:\w+[^\w.,;!?]+){0,3}$")
_REACH = 40
_OPPOSITE = {"positive": "negative", "negative": "positive"}


class SentimentAnalyzer:
    """Fills `sentiment`."""

    def __init__(self, lists: Mapping[str, Sequence[str]]) -> None:
        """Take sentiment.yaml as the library read it."""
        self._poles = {pole: compile_phrases(lists[pole]) for pole in _OPPOSITE}
        self._not = compile_phrases(lists["not"])

    def analyze(self, post: Post, context: Context, so_far: Understanding) -> Understanding:
        """Add the sentiment of the words; both kinds make it mixed, none neutral."""
        poles = self.poles(reading(post.text))
        sentiment: Sentiment = "neutral"
        if poles == ["positive"]:
            sentiment = "positive"
        elif poles == ["negative"]:
            sentiment = "negative"
        elif poles:
            sentiment = "mixed"
        return replace(so_far, sentiment=sentiment)

    def poles(self, read: str) -> list[str]:
        """Which kinds of judging words a read text has; one right after a `not` word counts for the other."""
        found = set()
        for pole, pattern in self._poles.items():
            for match in pattern.finditer(read):
                before = _WORDS_BEFORE.search(read[max(0, match.start() - _REACH) : match.start()])
                turned = before is not None and self._not.search(before.group())
                found.add(_OPPOSITE[pole] if turned else pole)
        return sorted(found)
