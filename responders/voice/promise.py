"""No promise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from responders.types import CheckResult, Context, Post, Wording
from responders.voice.words import WordList, fault, ours, passed

_CLOCK = re.compile(r"\b(?:\d{1,2}(?::\d\d)? ?(?:am|pm|uhr)|\d{1,2}:\d\d|20[2-9]\d)\b", re.IGNORECASE)
"""Hours and years: times that a word list cannot hold."""
_SENTENCE = re.compile(r"(?<=[.!?\n])\s+")


class NoPromise:
    """Blocks promises, above all with a time: a template's author cannot know what will be done."""

    id = "no-promise"

    def __init__(self, lists: Mapping[str, Any]) -> None:
        """Take promise.yaml."""
        self._future = WordList(lists["future"])
        self._time = WordList(lists["time"])
        self._vague = WordList(lists["vague"])

    def check(self, wording: Wording, post: Post, context: Context) -> CheckResult:
        """Block a promise."""
        text = ours(wording, post)
        for sentence in _SENTENCE.split(text) if self._future.find(text) else ():
            clock = _CLOCK.search(sentence)
            time = self._time.find(sentence) or (clock and clock.group())
            if time and self._future.find(sentence):
                return fault(self.id, f"Promises a time (“{time}”).")
        if found := self._vague.find(text):
            return fault(self.id, f"Sounds like a promise (“{found}”).")
        return passed(self.id)
